use vectis_plugin_api::testing::assert_config_schema;

use crate::{approval, fields, observer, order_process, pricing, task, tax};

const MANIFEST: &str = include_str!("../plugin.toml");

#[test]
fn the_manifest_lists_every_bug() {
    assert_config_schema::<pricing::Config>(MANIFEST, "faulty-pricing");
    assert_config_schema::<tax::Config>(MANIFEST, "faulty-tax");
    assert_config_schema::<order_process::Config>(MANIFEST, "faulty-process");
    assert_config_schema::<approval::Config>(MANIFEST, "faulty-approval");
    assert_config_schema::<fields::Config>(MANIFEST, "faulty-fields");
    assert_config_schema::<task::Config>(MANIFEST, "faulty-task");
    assert_config_schema::<observer::Config>(MANIFEST, "faulty-observer");
}
