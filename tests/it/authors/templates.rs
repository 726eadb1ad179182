//! Every template is a plugin: it builds, its tests pass, a host takes it, and it keeps every promise.

use std::process::Command;

use super::{new_plugin, outside, run, vectis};

/// Point, and a configuration for its template.
const TEMPLATES: [(&str, &str); 5] = [
    ("pricing", r#"{ "percent": 15 }"#),
    ("tax", r#"{ "name": "VAT", "rate_ppm": 200000 }"#),
    ("order_process", "{}"),
    ("approval", r#"{ "above_minor": 500000, "role": "manager" }"#),
    ("task", "{}"),
];

#[test]
fn every_template_is_built_tested_taken_and_keeps_every_promise() {
    for (point, config) in TEMPLATES {
        let name = format!("acme-{}", point.replace('_', "-"));
        let folder = new_plugin(&name, point);
        for task in ["test", "build"] {
            let mut cargo = Command::new("cargo");
            cargo.current_dir(&folder).args([task, "--lib", "--offline", "--quiet", "--target-dir"]);
            run(cargo.arg(outside()));
        }
        let library = outside().join(format!("debug/lib{}.so", name.replace('-', "_")));

        run(vectis().args(["plugins", "check"]).arg(&library));
        let said = run(vectis().args(["plugins", "test", "--config-json", config]).arg(&library));

        let summary = said.lines().last().unwrap();
        assert!(summary.starts_with(&format!("vectis.{point} {name}: all ")), "{said}");
    }
}
