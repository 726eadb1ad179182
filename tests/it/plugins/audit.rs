//! The trail of what was done to plugins, and by whom.

use serde_json::json;
use vectis_tests::plugins::fault_version;

use super::{install, roll_back, shop_with_versions, swap};

#[tokio::test(flavor = "multi_thread")]
async fn loads_swaps_and_refusals_are_in_the_audit_trail_with_who_and_which_hash() {
    let host = shop_with_versions().await;
    let staff = host.staff().await;
    host.plugins.bring("newer.so", &fault_version("1.1.0", "5"));
    host.plugins.bring("bad.so", b"hello");

    install(&staff, "newer.so").await.ok();
    install(&staff, "bad.so").await;
    swap(&staff, "1.1.0").await.ok();
    roll_back(&staff).await.ok();
    let disabled =
        staff.mutate("pluginDisable { plugins { name status } }", json!({ "plugin": "fault" })).await.ok();

    assert!(disabled.body.to_string().contains("DISABLED"), "{}", disabled.body);
    let query = "{ auditEntries(first: 100) { nodes { action actor detail } } }";
    let trail = staff.send(query, json!({})).await.ok().at("/auditEntries/nodes");
    let find = |action: &str, needle: &str| {
        let mut entries = trail.as_array().unwrap().iter();
        entries.any(|entry| {
            entry["action"] == action
                && entry["actor"].as_str().unwrap().starts_with("login:")
                && entry["detail"].to_string().contains(needle)
        })
    };
    assert!(find("plugin.load", "\"standing\":\"unsigned\""), "a reload by staff: {trail}");
    assert!(find("plugin.install", "\"version\":\"1.1.0\""), "{trail}");
    assert!(find("plugin.refuse", "bad.so refused at step elf"), "{trail}");
    assert!(find("plugin.swap", "\"sha256\""), "{trail}");
    assert!(find("plugin.rollback", "\"version\":\"1.0.0\""), "{trail}");
    assert!(find("plugin.disable", "fault"), "{trail}");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_are_for_staff_with_the_permission_only() {
    let host = shop_with_versions().await;
    let buyer = host.buyer().await;

    for (mutation, input) in [
        ("pluginInstall { isInForce }", json!({ "file": "x.so" })),
        ("pluginSwap { plugins { name } }", json!({ "plugin": "fault", "to": "1.0.0" })),
        ("pluginRollback { plugins { name } }", json!({ "plugin": "fault" })),
        ("pluginDisable { plugins { name } }", json!({ "plugin": "fault" })),
        ("pluginEnable { plugins { name } }", json!({ "plugin": "fault" })),
    ] {
        let answer = buyer.mutate(mutation, input).await;
        assert_eq!(answer.error_code(), "FORBIDDEN", "{mutation}: {}", answer.body);
    }
    let health = buyer.send("{ pluginsHealth { revision } }", json!({})).await;
    assert_eq!(health.error_code(), "FORBIDDEN", "{}", health.body);
    host.stop().await;
}
