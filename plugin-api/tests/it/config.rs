use vectis_plugin_api::pricing::{Ctx, Line, Priced, Pricing};
use vectis_plugin_api::schemars::{self, JsonSchema};
use vectis_plugin_api::serde::Deserialize;
use vectis_plugin_api::serde_json::{self, Value, json};
use vectis_plugin_api::{Error, ErrorCode, Host, Id, testing};

/// Rules.
#[derive(Deserialize, JsonSchema)]
#[serde(crate = "vectis_plugin_api::serde", deny_unknown_fields)]
struct Config {
    tiers: Vec<Tier>,
    /// Who is exempt.
    #[serde(default)]
    exempt: Vec<Id>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(crate = "vectis_plugin_api::serde", deny_unknown_fields)]
struct Tier {
    percent: u8,
}

struct Tiers;

impl Pricing for Tiers {
    type Config = Config;

    fn new(config: Config, _host: Host) -> Result<Self, Error> {
        if let Some(index) = config.exempt.iter().position(|id| id.is_nil()) {
            return Err(Error::config(&format!("/exempt/{index}"), "is nobody"));
        }
        match config.tiers.iter().position(|tier| tier.percent > 100) {
            Some(index) => Err(Error::config(&format!("/tiers/{index}/percent"), "must be 0 to 100")),
            None => Ok(Self),
        }
    }

    fn price(&self, _ctx: &Ctx<'_>, _lines: &[Line<'_>], _out: &mut [Priced]) -> Result<(), Error> {
        Ok(())
    }
}

/// The refusal of a configuration: its message and the pointer in its details.
fn refusal(config: impl std::fmt::Display) -> (String, String) {
    let error = testing::pricing::<Tiers>(config).err().unwrap();
    assert_eq!((error.code, error.retryable), (ErrorCode::CONFIG, false));
    let detail: Value = serde_json::from_str(&error.detail_json).unwrap();
    (error.message, detail["pointer"].as_str().unwrap().to_owned())
}

#[test]
fn a_value_of_the_wrong_type_is_named_by_its_pointer() {
    let (message, pointer) = refusal(json!({ "tiers": [{ "percent": 5 }, { "percent": "ten" }] }));

    assert_eq!(pointer, "/tiers/1/percent");
    assert_eq!(message, "/tiers/1/percent: invalid type: string \"ten\", expected u8");
}

#[test]
fn an_unknown_key_is_named_with_those_that_exist() {
    let (message, pointer) = refusal(json!({ "tiers": [{ "percentt": 5 }] }));

    assert_eq!(pointer, "/tiers/0/percentt");
    assert_eq!(message, "/tiers/0/percentt: unknown field `percentt`, expected `percent`");
}

#[test]
fn keys_with_slashes_are_escaped_in_the_pointer() {
    let (_, pointer) = refusal(json!({ "tiers": [], "a/b~c": 1 }));

    assert_eq!(pointer, "/a~1b~0c");
}

#[test]
fn a_missing_key_is_named() {
    let (message, pointer) = refusal(json!({}));

    assert_eq!(pointer, "");
    assert_eq!(message, "config: missing field `tiers`");
}

#[test]
fn an_id_that_is_none_is_explained() {
    let (message, pointer) = refusal(json!({ "tiers": [], "exempt": ["me"] }));

    assert_eq!(pointer, "/exempt/0");
    assert!(message.starts_with("/exempt/0: expected an id like "), "{message}");
}

#[test]
fn text_that_is_no_json_is_refused() {
    let (message, _) = refusal("{ tiers }");

    assert!(message.starts_with("config: not JSON: "), "{message}");
}

#[test]
fn the_plugin_may_refuse_what_types_cannot() {
    let (message, pointer) = refusal(json!({ "tiers": [{ "percent": 101 }] }));

    assert_eq!(
        (message.as_str(), pointer.as_str()),
        ("/tiers/0/percent: must be 0 to 100", "/tiers/0/percent")
    );
}

#[test]
fn ids_are_read_from_the_configuration() {
    let (_, pointer) = refusal(json!({ "tiers": [], "exempt": [Id([1; 16]), Id::NIL] }));

    assert_eq!(pointer, "/exempt/1");
}

/// Head of a manifest with a schema for `tiers` below it.
const MANIFEST: &str = r#"
schema = 1
[plugin]
name = "acme"
version = "1.0.0"
api = "^1.0"
[entry-points."vectis.pricing"]
tiers = "Tiers"
"#;

#[test]
fn a_manifest_without_the_schema_is_told_the_section_to_paste() {
    let outcome = std::panic::catch_unwind(|| testing::assert_config_schema::<Config>(MANIFEST, "tiers"));
    let message = outcome.unwrap_err().downcast::<String>().unwrap();
    let (_, section) = message.split_once("\n\n").unwrap();

    testing::assert_config_schema::<Config>(&format!("{MANIFEST}\n{section}"), "tiers");
}
