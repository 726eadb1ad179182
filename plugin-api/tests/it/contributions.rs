use vectis_plugin_api::manifest::Manifest;

const FULL: &str = r#"
schema = 1

[plugin]
name = "acme-warranty"
version = "1.4.0"
api = "^1.1"

[entry-points."vectis.fields"]
acme = "Acme"

[[navigation]]
key = "warranties"
label = "Warranties"
path = "/warranties"

[[commands]]
key = "register"
label = "Register"
path = "/warranties/new"
keywords = ["guarantee"]
permission = "warranty.register"

[screens.acme]
title = "Terms"
order = ["months"]
[screens.acme.widgets]
"/months" = "number"

[translations.de-AT]
"navigation.warranties" = "Garantien"
"/months" = "Monate"

[config.acme.properties.months]
type = "integer"
"#;

fn refusal(from: &str, to: &str) -> String {
    assert!(FULL.contains(from), "{from}");
    Manifest::parse(&FULL.replacen(from, to, 1)).unwrap_err().to_string()
}

#[test]
fn what_is_for_clients_is_read() {
    let manifest = Manifest::parse(FULL).unwrap();

    assert_eq!(manifest.navigation[0].path, "/warranties");
    assert_eq!(manifest.navigation[0].permission, None);
    assert_eq!(manifest.commands[0].permission.as_deref(), Some("warranty.register"));
    assert_eq!(manifest.screens["acme"].widgets["/months"], "number");
    assert_eq!(manifest.translations["de-AT"]["/months"], "Monate");
}

#[test]
fn what_clients_could_not_use_is_refused_with_its_place() {
    for (from, to, why) in [
        (
            "key = \"warranties\"",
            "key = \"War ranties\"",
            "[[navigation]] \"War ranties\": a key must be lower-case",
        ),
        (
            "label = \"Warranties\"",
            "label = \" \"",
            "[[navigation]] \"warranties\": the label must be 1 to 500 letters",
        ),
        (
            "path = \"/warranties\"",
            "path = \"//evil.example\"",
            "the path \"//evil.example\" must stay in the client",
        ),
        (
            "path = \"/warranties\"",
            "path = \"javascript:alert(1)\"",
            "must stay in the client, like /warranties",
        ),
        (
            "keywords = [\"guarantee\"]",
            "keywords = [\"\"]",
            "[[commands]] register: a keyword must be 1 to 500",
        ),
        (
            "[[commands]]\nkey = \"register\"",
            "[[navigation]]\nkey = \"warranties\"",
            "unknown field `keywords`",
        ),
        (
            "[screens.acme]\ntitle = \"Terms\"\norder = [\"months\"]\n[screens.acme.widgets]\n\"/months\" = \"number\"\n",
            "[screens.other]\ntitle = \"Terms\"\n",
            "[screens.other] shows a configuration, and there is no [config.other]",
        ),
        (
            "order = [\"months\"]",
            "order = [\"years\"]",
            "[screens.acme] order: the configuration has no setting \"years\"",
        ),
        (
            "= \"number\"",
            "= \"slider\"",
            "[screens.acme] widgets: there is no \"slider\"; there are text, textarea",
        ),
        (
            "[translations.de-AT]",
            "[translations.german]",
            "[translations.german] is no language: write de, or de-AT",
        ),
        (
            "\"navigation.warranties\" =",
            "\"navigation.orders\" =",
            "[translations.de-AT] \"navigation.orders\" translates nothing",
        ),
    ] {
        let refused = refusal(from, to);
        assert!(refused.contains(why), "{to}: {refused}");
    }
}
