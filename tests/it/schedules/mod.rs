//! Tasks of plugins at times of their own, through the real program: run, seen and steered by staff, once however many
//! processes there are, and taken up again when one dies.

mod staff;

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use vectis_tests::shop::PASSWORD;
use vectis_tests::{Client, PluginFolder, TestHost};

use crate::kills::program::Program;
use crate::plugin_fields::permissions::staff_with;
use crate::shop::no_plugins::channel_id;

/// Looks all the time, and takes up soon what the dead have left.
const EAGER: [&str; 2] = ["plugins.schedules.look_interval=100ms", "plugins.schedules.lease=2s"];

/// A shop that has warranties, the greedy plugin, and nobody who runs tasks.
async fn shop() -> TestHost {
    let folder = PluginFolder::first_party();
    folder.drop_in("product-warranty");
    folder.drop_in("fault-services");
    TestHost::start(folder, true).await
}

async fn program(host: &TestHost, changes: &[&str]) -> (Program, Client) {
    let program = Program::start_with(host, &[&EAGER, changes].concat()).await;
    let client = Client::new(program.url.clone()).channel("wholesale");
    let client = client.signed_in("admin@demo.vectis.test", PASSWORD).await;
    (program, client)
}

const SCHEDULE: &str = "id name timing isActive nextDueAt pausedAt channelId \
                        lastRun { outcome attempt isLate count summary error replica version sha256 endedAt } \
                        runs(first: 10) { nodes { outcome attempt } }";

async fn schedule(staff: &Client, plugin: &str, name: &str) -> Value {
    let query = format!("query($p: String) {{ pluginSchedules(plugin: $p) {{ nodes {{ {SCHEDULE} }} }} }}");
    let answer = staff.send(&query, json!({ "p": plugin })).await.ok();
    let nodes = answer.at("/pluginSchedules/nodes");
    let found = nodes.as_array().unwrap().iter().find(|one| one["name"] == name && one["isActive"] == true);
    found.cloned().unwrap_or_default()
}

/// Asks again until it is so; the last answer.
async fn until(staff: &Client, (plugin, name): (&str, &str), is_so: impl Fn(&Value) -> bool) -> Value {
    let begun = Instant::now();
    loop {
        let found = schedule(staff, plugin, name).await;
        if is_so(&found) {
            return found;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "it has not come to that: {found}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn decide(staff: &Client, mutation: &str, id: &Value) -> Value {
    let input_type = format!("{}{}Input", mutation[..1].to_uppercase(), &mutation[1..]);
    let query = format!(
        "mutation($i: {input_type}!) {{ {mutation}(input: $i) {{ schedule {{ {SCHEDULE} }} userErrors {{ code }} }} }}"
    );
    let answer = staff.send(&query, json!({ "i": { "id": id } })).await;
    assert!(answer.body["errors"].is_null(), "{}", answer.body);
    answer.at(&format!("/{mutation}"))
}

/// Has the greedy task run in the wholesale channel, as the configuration says.
async fn be_greedy(staff: &Client, config: Value) {
    let input = json!({
        "channelId": channel_id(staff, "wholesale").await, "point": "vectis.task", "plugin": "fault-services",
        "config": config,
    });
    let query =
        "mutation($i: StrategyActivateInput!) { strategyActivate(input: $i) { userErrors { message } } }";
    let activated = staff.send(query, json!({ "i": input })).await;
    assert_eq!(activated.at("/strategyActivate/userErrors"), json!([]), "{}", activated.body);
}

/// Registers a piece whose warranty of a year has run out; the number of its certificate.
async fn registered_long_ago(staff: &Client, serial: &str) -> Value {
    let input = json!({
        "channelId": channel_id(staff, "wholesale").await, "point": "vectis.fields", "plugin": "product-warranty",
        "config": { "others": { "months": 12, "scope": "PARTS" } },
    });
    let query =
        "mutation($i: StrategyActivateInput!) { strategyActivate(input: $i) { userErrors { message } } }";
    staff.send(query, json!({ "i": input })).await.ok();
    let input = json!({ "serialNumber": serial, "taxCategory": "tools", "boughtOn": "2023-01-15" });
    let query = "mutation($i: WarrantyRegisterInput!) { warrantyRegister(input: $i) { certificate { number endedOn } } }";
    let registered = staff.send(query, json!({ "i": input })).await.ok();
    assert!(registered.at("/warrantyRegister/certificate/endedOn").is_null());
    registered.at("/warrantyRegister/certificate/number")
}

async fn ended_on(staff: &Client, number: &Value) -> Value {
    let query = "query($n: String!) { warrantyCertificate(number: $n) { endedOn } }";
    staff.send(query, json!({ "n": number })).await.ok().at("/warrantyCertificate/endedOn")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_has_run_out_is_ended_in_the_servers_process_and_in_one_apart() {
    let host = shop().await;
    let clerk = staff_with(&host, &["warranty.read", "warranty.register"]).await;
    let warranty = ("product-warranty", "end-due");
    for (round, mode) in ["in-process", "process"].into_iter().enumerate() {
        let (program, staff) = program(&host, &[&format!("plugins.isolation.product-warranty={mode}")]).await;
        let due = until(&staff, warranty, |one| !one.is_null()).await;
        let number = registered_long_ago(&clerk, &format!("LONG{round}")).await;

        let asked = decide(&staff, "pluginScheduleRun", &due["id"]).await;
        let done = until(&staff, warranty, |one| {
            let runs = one["runs"]["nodes"].as_array().unwrap();
            runs.len() > round && one["lastRun"]["outcome"] == "SUCCEEDED"
        })
        .await;

        assert_eq!(asked["userErrors"], json!([]));
        assert_eq!((&due["timing"], &done["nextDueAt"]), (&json!("cron 15 0 * * * UTC"), &due["nextDueAt"]));
        assert_eq!((&done["lastRun"]["count"], &done["lastRun"]["version"]), (&json!(1.0), &json!("1.0.0")));
        assert!(ended_on(&clerk, &number).await.is_string(), "{mode}");
        program.kill().await;
    }
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_processes_one_runs_what_is_due() {
    let host = shop().await;
    let ((one, staff), (other, _)) = tokio::join!(program(&host, &[]), program(&host, &[]));
    let greedy = ("fault-services", "hourly");
    let id = until(&staff, greedy, |one| !one.is_null()).await["id"].clone();

    for round in 1..=8 {
        decide(&staff, "pluginScheduleRun", &id).await;
        let done = until(&staff, greedy, |found| {
            let runs = found["runs"]["nodes"].as_array().unwrap();
            runs.len() >= round && runs.iter().all(|run| run["outcome"] == "SUCCEEDED")
        })
        .await;
        assert_eq!(done["runs"]["nodes"].as_array().unwrap().len(), round, "{done}");
    }

    one.kill().await;
    other.kill().await;
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_process_is_killed_is_taken_up_by_another() {
    let host = shop().await;
    let (doomed, staff) = program(&host, &[]).await;
    be_greedy(&staff, json!({ "first_attempt_ms": 50_000 })).await;
    let greedy = ("fault-services", "hourly");
    let found = until(&staff, greedy, |one| !one["channelId"].is_null()).await;
    decide(&staff, "pluginScheduleRun", &found["id"]).await;
    let running = until(&staff, greedy, |one| one["lastRun"]["outcome"] == "RUNNING").await;

    doomed.kill().await;
    let (heir, staff) = program(&host, &[]).await;
    let done = until(&staff, greedy, |one| one["lastRun"]["outcome"] == "SUCCEEDED").await;

    assert_eq!(running["lastRun"]["attempt"], 1);
    assert_eq!(done["lastRun"]["attempt"], 2);
    assert_ne!(done["lastRun"]["replica"], running["lastRun"]["replica"]);
    let attempts = json!([{ "outcome": "SUCCEEDED", "attempt": 2 }, { "outcome": "RETRIED", "attempt": 1 }]);
    assert_eq!(done["runs"]["nodes"], attempts);
    heir.kill().await;
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_fails_is_attempted_again_and_again_and_says_why() {
    let host = shop().await;
    let (program, staff) =
        program(&host, &["plugins.schedules.retry_wait=100ms", "plugins.schedules.attempts=3"]).await;
    be_greedy(&staff, json!({ "failures": 9 })).await;
    let greedy = ("fault-services", "hourly");
    let found = until(&staff, greedy, |one| !one["channelId"].is_null()).await;

    decide(&staff, "pluginScheduleRun", &found["id"]).await;
    let failed = until(&staff, greedy, |one| one["lastRun"]["outcome"] == "FAILED").await;

    assert_eq!(failed["lastRun"]["attempt"], 3);
    assert!(failed["lastRun"]["error"].as_str().unwrap().ends_with("it was told to fail"), "{failed}");
    assert_eq!(failed["runs"]["nodes"].as_array().unwrap().len(), 3);
    assert_eq!(failed["nextDueAt"], found["nextDueAt"]);
    program.kill().await;
    host.stop().await;
}
