//! What staff see and do, and who may.

use serde_json::json;

use super::{decide, program, schedule, shop, until};

const GREEDY: (&str, &str) = ("fault-services", "hourly");

#[tokio::test(flavor = "multi_thread")]
async fn staff_pause_run_and_resume_and_the_trail_says_so() {
    let host = shop().await;
    let (program, staff) = program(&host, &[]).await;
    let id = until(&staff, GREEDY, |one| !one.is_null()).await["id"].clone();

    let paused = decide(&staff, "pluginSchedulePause", &id).await;
    assert_eq!((&paused["userErrors"], &paused["schedule"]["nextDueAt"]), (&json!([]), &json!(null)));
    assert!(paused["schedule"]["pausedAt"].is_string());
    decide(&staff, "pluginScheduleRun", &id).await;
    let done = until(&staff, GREEDY, |one| one["lastRun"]["outcome"] == "SUCCEEDED").await;
    assert!(done["pausedAt"].is_string(), "a run that staff ask for ends no pause");
    let resumed = decide(&staff, "pluginScheduleResume", &id).await;
    assert!(resumed["schedule"]["pausedAt"].is_null() && resumed["schedule"]["nextDueAt"].is_string());

    let query = "query($s: String) { auditEntries(subject: $s) { nodes { action detail } } }";
    let trail = staff.send(query, json!({ "s": id })).await.ok().at("/auditEntries/nodes");
    let actions: Vec<_> = trail.as_array().unwrap().iter().map(|entry| entry["action"].clone()).collect();
    assert_eq!(actions, ["schedule.resume", "schedule.run", "schedule.pause"]);
    assert_eq!(trail[0]["detail"], json!({ "plugin": "fault-services", "schedule": "hourly" }));
    program.kill().await;
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_switched_off_is_not_active_and_comes_back() {
    let host = shop().await;
    let (program, staff) = program(&host, &[]).await;
    let id = until(&staff, GREEDY, |one| !one.is_null()).await["id"].clone();

    let switch = async |mutation: &str| {
        let query = format!(
            "mutation {{ {mutation}(input: {{ plugin: \"fault-services\" }}) {{ userErrors {{ message }} }} }}"
        );
        assert_eq!(
            staff.send(&query, json!({})).await.ok().at(&format!("/{mutation}/userErrors")),
            json!([])
        );
    };
    switch("pluginDisable").await;
    assert!(schedule(&staff, GREEDY.0, GREEDY.1).await.is_null(), "no active one is left");
    decide(&staff, "pluginScheduleRun", &id).await;
    switch("pluginEnable").await;
    let back = until(&staff, GREEDY, |one| one["lastRun"]["outcome"] == "SUCCEEDED").await;

    assert_eq!(back["id"], id);
    assert_eq!(back["runs"]["nodes"].as_array().unwrap().len(), 1);
    program.kill().await;
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_those_who_manage_plugins_see_schedules_and_touch_them() {
    let host = shop().await;
    let (program, admin) = program(&host, &[]).await;
    let id = until(&admin, GREEDY, |one| !one.is_null()).await["id"].clone();

    for client in [host.buyer().await, host.client().channel("wholesale")] {
        let seen = client.send("{ pluginSchedules { nodes { id } } }", json!({})).await;
        let run =
            "mutation($i: PluginScheduleRunInput!) { pluginScheduleRun(input: $i) { userErrors { code } } }";
        let run = client.send(run, json!({ "i": { "id": id } })).await;
        for refused in [seen, run] {
            let code = &refused.body["errors"][0]["extensions"]["code"];
            assert!(["FORBIDDEN", "UNAUTHENTICATED"].iter().any(|known| code == known), "{}", refused.body);
        }
        let declared = "{ pluginContributions { schedules { name } } }";
        let declared = client.send(declared, json!({})).await;
        assert!(
            declared.body["data"]["pluginContributions"]["schedules"].as_array().is_none_or(Vec::is_empty)
        );
    }
    let declared = "{ pluginContributions { schedules { plugin name task timing } } }";
    let declared = admin.send(declared, json!({})).await.ok().at("/pluginContributions/schedules");
    let new_year = json!({
        "plugin": "fault-services", "name": "new-year", "task": "greedy-task", "timing": "cron 0 0 1 1 * Asia/Tokyo",
    });
    assert!(declared.as_array().unwrap().contains(&new_year), "{declared}");
    let unknown = "pluginschedule:00000000-0000-0000-0000-000000000001";
    let unknown = decide(&admin, "pluginSchedulePause", &json!(unknown)).await;
    assert_eq!(unknown["userErrors"], json!([{ "code": "SCHEDULE_NOT_FOUND" }]));
    program.kill().await;
    host.stop().await;
}
