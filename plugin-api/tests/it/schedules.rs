use vectis_plugin_api::manifest::Manifest;
use vectis_plugin_api::schedules::MAX_SCHEDULES;

const FULL: &str = r#"
schema = 1

[plugin]
name = "acme-warranty"
version = "1.4.0"
api = "^1.2"

[entry-points."vectis.task"]
end-due = "EndDue"

[entry-points."vectis.fields"]
acme = "Acme"

[[schedules]]
name = "nightly"
task = "end-due"
cron = "0 3 * * *"
time-zone = "Europe/Berlin"
description = "Ends what has run out"

[[schedules]]
name = "hourly"
task = "end-due"
every = "1h"
"#;

fn refusal(from: &str, to: &str) -> String {
    assert!(FULL.contains(from), "{from}");
    Manifest::parse(&FULL.replacen(from, to, 1)).unwrap_err().to_string()
}

#[test]
fn schedules_are_read() {
    let schedules = Manifest::parse(FULL).unwrap().schedules;

    assert_eq!(schedules.len(), 2);
    assert_eq!((schedules[0].name.as_str(), schedules[0].task.as_str()), ("nightly", "end-due"));
    assert_eq!(schedules[0].time_zone.as_deref(), Some("Europe/Berlin"));
    assert_eq!((schedules[1].every.as_deref(), schedules[1].cron.as_ref()), (Some("1h"), None));
}

#[test]
fn a_schedule_that_cannot_run_is_refused_by_its_name() {
    for (from, to, why) in [
        (
            "task = \"end-due\"\ncron",
            "task = \"start\"\ncron",
            "[[schedules]] nightly: there is no task \"start\"",
        ),
        (
            "task = \"end-due\"\ncron",
            "task = \"acme\"\ncron",
            "[[schedules]] nightly: there is no task \"acme\"",
        ),
        ("name = \"hourly\"", "name = \"nightly\"", "[[schedules]] nightly: there are two of this name"),
        ("name = \"hourly\"", "name = \"Every hour\"", "[[schedules]] the name \"Every hour\" must be"),
        ("every = \"1h\"", "", "[[schedules]] hourly: it does not say when"),
        (
            "every = \"1h\"",
            "every = \"1h\"\ncron = \"0 3 * * *\"",
            "[[schedules]] hourly: it has every and cron",
        ),
        (
            "every = \"1h\"",
            "every = \"1h\"\ntime-zone = \"UTC\"",
            "[[schedules]] hourly: time-zone belongs to cron",
        ),
        ("Ends what has run out", "One\\ntwo", "[[schedules]] nightly: its description must be one line"),
        ("every = \"1h\"", "evry = \"1h\"", "line 25: unknown field `evry`"),
    ] {
        let message = refusal(from, to);
        assert!(message.starts_with(why), "{message}");
    }
}

#[test]
fn a_plugin_has_so_many_schedules_and_no_more() {
    let more: String = (0..MAX_SCHEDULES)
        .map(|number| format!("[[schedules]]\nname = \"s{number}\"\ntask = \"end-due\"\nevery = \"1h\"\n"))
        .collect();

    let message = Manifest::parse(&format!("{FULL}{more}")).unwrap_err().to_string();

    assert_eq!(
        message,
        format!("[[schedules]] has {} schedules, a plugin has at most 20", MAX_SCHEDULES + 2)
    );
}
