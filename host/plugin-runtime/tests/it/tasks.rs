//! Tasks: where they run, what is refused of them, and that a wrong schedule is refused by its name. The same in the server's
//! process and in one of its own.

use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;
use vectis_contracts::plugin_schedules::{DeclaredSchedule, ScheduledTasks as _, TakenRun};
use vectis_contracts::points::PointError;
use vectis_kernel::ids::{PluginScheduleId, PluginScheduleRunId};
use vectis_plugin_runtime::RuntimeOptions;

use crate::libraries::{fault_services, replaced};
use crate::refusals::assert_says;
use crate::shop::{Folder, SHOP, Shop, binding, ctx, refusals};

/// The greedy task in both modes, activated with a configuration or not at all.
async fn shops(config: Option<Value>, run_budget: Duration) -> [Shop; 2] {
    let start = async |is_apart: bool| {
        let folder = Folder::new(&[("fault-services.so", fault_services())]);
        if let Some(config) = &config {
            let of = ("fault-services", "greedy-task");
            folder.channels.bind(binding(SHOP, "vectis.task", of, config.clone()));
        }
        let options = if is_apart { folder.options_apart() } else { folder.options() };
        let options = RuntimeOptions { run_budget, ..options };
        folder.start_with(options).await.unwrap_or_else(|(_, error)| panic!("{error}"))
    };
    [start(false).await, start(true).await]
}

const LONG: Duration = Duration::from_secs(20);

fn first(declared: &DeclaredSchedule) -> TakenRun {
    TakenRun {
        id: PluginScheduleRunId(Uuid::from_u128(1)),
        schedule_id: PluginScheduleId(Uuid::from_u128(2)),
        declared: declared.clone(),
        fence: 1,
        slot_at: ctx().now(),
        attempt: 1,
        is_late: false,
    }
}

fn why<T: std::fmt::Debug>(outcome: Result<T, PointError>) -> String {
    outcome.unwrap_err().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_is_activated_nowhere_runs_for_the_whole_shop() {
    for shop in shops(None, LONG).await {
        let declared = shop.runtime.declared(&ctx());

        let names: Vec<_> = declared.iter().map(|one| (one.name.as_str(), one.timing.to_string())).collect();
        let hourly = ("hourly", "every 1h".to_owned());
        assert_eq!(names, [hourly, ("new-year", "cron 0 0 1 1 * Asia/Tokyo".to_owned())]);
        assert!(declared.iter().all(|one| one.channel_id.is_none() && one.version.version == "1.0.0"));
        let report = shop.runtime.run(&ctx(), &first(&declared[0])).await.unwrap();
        assert_eq!((report.count, report.summary.as_str()), (1, "nothing"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_it_is_activated_it_runs_for_the_channel_with_its_configuration() {
    for shop in shops(Some(json!({ "failures": 1 })), LONG).await {
        let declared = shop.runtime.declared(&ctx());
        let run = first(&declared[0]);

        assert!(declared.iter().all(|one| one.channel_id == Some(SHOP)) && declared.len() == 2);
        assert!(why(shop.runtime.run(&ctx(), &run).await).ends_with("it was told to fail"));
        let again = shop.runtime.run(&ctx(), &TakenRun { attempt: 2, ..run }).await.unwrap();
        assert_eq!(again.count, 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_may_wait_for_services_of_the_host() {
    for shop in shops(Some(json!({ "ask": "http://carrier.example/pong" })), LONG).await {
        let declared = shop.runtime.declared(&ctx());

        // This host serves nothing; a point that may not wait is not even asked about.
        let said = why(shop.runtime.run(&ctx(), &first(&declared[0])).await);
        assert!(!said.contains("may wait"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_takes_too_long_is_given_up_and_the_next_one_runs() {
    for shop in shops(Some(json!({ "first_attempt_ms": 2_000 })), Duration::from_millis(300)).await {
        let run = first(&shop.runtime.declared(&ctx())[0]);

        let said = why(shop.runtime.run(&ctx(), &run).await);

        assert!(said.contains("300 ms") || said.contains("400 ms"), "{said}");
        let next = shop.runtime.run(&ctx(), &TakenRun { attempt: 2, ..run }).await.unwrap();
        assert_eq!(next.count, 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_is_gone_has_no_schedules_and_runs_nothing() {
    for shop in shops(None, LONG).await {
        let run = first(&shop.runtime.declared(&ctx())[0]);
        shop.folder.remove("fault-services.so");
        shop.reload().await;

        assert_eq!(shop.runtime.declared(&ctx()), []);
        assert!(why(shop.runtime.run(&ctx(), &run).await).contains("it is no longer loaded"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_that_says_no_times_is_refused_by_its_name() {
    for (from, to, parts) in [
        (
            "every = \"60m\"",
            "every = \"59s\"",
            ["[[schedules]] hourly: every = \"59s\" is too often", "once a minute"],
        ),
        (
            "every = \"60m\"",
            "every = \"6 m\"",
            ["[[schedules]] hourly: every = \"6 m\" is no duration", "90m"],
        ),
        (
            "0 0 1 1 *",
            "0 0 1 1 9",
            ["[[schedules]] new-year: cron = \"0 0 1 1 9\" is no pattern", "0 3 * * *"],
        ),
        (
            "Asia/Tokyo",
            "Mars/Tokyo",
            ["[[schedules]] new-year: time-zone = \"Mars/Tokyo\" is unknown", "Europe/Berlin"],
        ),
        ("name = \"hourly\"", "name = \"Hourly\"", ["the name \"Hourly\" must be", "lower-case"]),
    ] {
        let bad = replaced(fault_services(), from.as_bytes(), to.as_bytes(), usize::MAX);
        let shop = Folder::new(&[("bad.so", &bad)]).start().await;

        let list = shop.list().await;
        let [sentence] = refusals(&list)[..] else { panic!("not one refusal: {list:#?}") };
        assert_says(sentence, &parts);
        assert_says(sentence, &["refused at step manifest"]);
    }
}
