use vectis_plugin_api::manifest::Manifest;
use vectis_plugin_api::subscriptions::{Start, covers};

const FULL: &str = r#"
schema = 1

[plugin]
name = "acme-notifier"
version = "1.0.0"
api = "^1.2"

[entry-points."vectis.observer"]
notify = "Notifier"

[entry-points."vectis.pricing"]
price = "Price"

[capabilities]
events = ["vectis.orders.*", "vectis.tax.exemption_granted.v1"]

[[subscriptions]]
name = "placed"
observer = "notify"
events = ["vectis.orders.order_placed.v1"]

[[subscriptions]]
name = "all"
observer = "notify"
events = ["vectis.orders.*", "vectis.tax.exemption_granted.v1"]
start = "beginning"
batch = 100
"#;

fn refusal(from: &str, to: &str) -> String {
    assert!(FULL.contains(from), "{from}");
    Manifest::parse(&FULL.replacen(from, to, 1)).unwrap_err().to_string()
}

#[test]
fn subscriptions_are_read() {
    let all = Manifest::parse(FULL).unwrap().subscriptions;

    assert_eq!((all[0].start, all[0].batch), (Start::Now, 10));
    assert_eq!((all[1].start, all[1].batch), (Start::Beginning, 100));
    assert_eq!(all[1].events[0], "vectis.orders.*");
}

#[test]
fn what_could_not_be_told_is_refused_with_its_place() {
    for (from, to, why) in [
        ("name = \"all\"", "name = \"placed\"", "[[subscriptions]] placed: the name is given twice"),
        ("name = \"all\"", "name = \"All\"", "[[subscriptions]] All: a name is lower-case letters"),
        ("observer = \"notify\"", "observer = \"price\"", "\"price\" is no entry point of vectis.observer"),
        ("batch = 100", "batch = 0", "batch is 0; write 1 to 100"),
        ("batch = 100", "batch = 101", "batch is 101; write 1 to 100"),
        ("start = \"beginning\"", "start = \"end\"", "unknown variant `end`"),
        ("events = [\"vectis.orders.order_placed.v1\"]", "events = []", "placed: events names 0 types"),
        (
            "events = [\"vectis.orders.order_placed.v1\"]",
            "events = [\"vectis.orders.order_placed.v1\", \"vectis.orders.order_placed.v1\"]",
            "is named twice",
        ),
        ("vectis.orders.order_placed.v1", "vectis.orders.order_placed", "names no events"),
        ("vectis.orders.order_placed.v1", "*", "names no events"),
        ("vectis.orders.order_placed.v1", "vectis.carts.*", "add it to events of [capabilities]"),
        (
            "events = [\"vectis.orders.*\", \"vectis.tax",
            "events = [\"vectis.*\", \"vectis.tax",
            "[capabilities] events: ",
        ),
    ] {
        let refused = refusal(from, to);
        assert!(refused.contains(why), "{to}: {refused}");
    }
}

#[test]
fn a_domain_covers_its_types_and_a_type_itself() {
    assert!(covers("vectis.orders.*", "vectis.orders.order_placed.v1"));
    assert!(covers("vectis.orders.*", "vectis.orders.*"));
    assert!(!covers("vectis.orders.*", "vectis.ordersx.order_placed.v1"));
    assert!(!covers("vectis.orders.order_placed.v1", "vectis.orders.order_placed.v10"));
    assert!(!covers("vectis.orders.order_placed.v1", "vectis.orders.*"));
}
