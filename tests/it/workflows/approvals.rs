//! Approvals over which time passes: people act over HTTP, the real program works.

use std::process::Stdio;
use std::time::Duration;

use rand::Rng as _;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use uuid::Uuid;
use vectis_tests::plugins::built_file;
use vectis_tests::shop::lines;
use vectis_tests::{PluginFolder, TestHost};

/// What time does in these tests.
const TIMES: [(&str, &str); 4] = [
    ("orders.approvals.remind_after", "400ms"),
    ("orders.approvals.reminders", "2"),
    ("orders.approvals.escalate_after", "1200ms"),
    ("orders.approvals.expire_after", "2500ms"),
];

/// A shop that takes events in, and works for workflows if told so.
async fn shop(is_working: bool) -> TestHost {
    patient_shop(is_working, 1).await
}

/// The same with that many times the time.
async fn patient_shop(is_working: bool, times_as_long: u32) -> TestHost {
    TestHost::configured(PluginFolder::first_party(), true, |config| {
        config.events.run_in_server = true;
        config.events.look_interval = Duration::from_millis(100);
        config.workflows.run_in_server = is_working;
        let times = &mut config.orders.approvals;
        times.remind_after = Duration::from_millis(400) * times_as_long;
        times.reminders = 2;
        times.escalate_after = Duration::from_millis(1_200) * times_as_long;
        times.expire_after = Duration::from_millis(2_500) * times_as_long;
    })
    .await
}

/// A `vectis worker`.
struct WorkerProgram(Child);

impl WorkerProgram {
    async fn start(shop: &TestHost) -> Self {
        let mut command = Command::new(built_file("vectis", "vectis"));
        command.arg("worker");
        let folder = shop.plugins.path().to_string_lossy().into_owned();
        let settings = [
            ("database.url", shop.database_url()),
            ("database.max_connections", "6"),
            ("plugins.folder", &folder),
            ("workflows.run_timeout", "1500ms"),
            ("log.format", "json"),
            ("log.filter", "error,vectis::cmd=info"),
        ];
        for (key, value) in settings.into_iter().chain(TIMES) {
            command.args(["--set", &format!("{key}={value}")]);
        }
        // A folder without vectis.toml.
        command.current_dir(shop.plugins.path()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().expect("the program starts");
        let mut log = BufReader::new(child.stderr.take().expect("it was piped")).lines();
        let begun = async {
            while let Some(line) = log.next_line().await.expect("the log can be read") {
                let entry: Value = serde_json::from_str(&line).unwrap_or_default();
                if entry["fields"]["message"] == "working" {
                    return true;
                }
                eprintln!("{line}");
            }
            false
        };
        let begun = tokio::time::timeout(Duration::from_secs(60), begun).await;
        assert!(begun.expect("the program begins in time"), "the program ended");
        Self(child)
    }

    /// SIGKILL.
    async fn kill(mut self) {
        self.0.kill().await.expect("a running program can be killed");
    }
}

/// A cart of the buyer that waits for an approval: the ids of cart and request.
async fn submit(shop: &TestHost) -> (String, String) {
    let buyer = shop.buyer().await;
    let cart = buyer.new_cart().await;
    let added = buyer.add_lines(&cart, lines(200, 500)).await.ok();
    let submitted = buyer.submit(&cart, &added.at("/cartLinesAdd/cart/version"), &cart).await.ok();
    (cart, submitted.text("/cartSubmit/approvalRequest/id"))
}

/// What staff see of a request.
async fn request(shop: &TestHost, id: &str) -> Value {
    let query = "query($id: ID!) { approvalRequest(id: $id) { status reminders remindedAt escalatedAt cart { status } } }";
    shop.staff().await.send(query, json!({ "id": id })).await.ok().at("/approvalRequest")
}

/// What staff see of its workflow; null when there is none.
async fn workflow(shop: &TestHost, request: &str) -> Value {
    let query = "query($key: String!) { workflows(process: \"approval\", key: $key) { nodes { \
                 id status outcome nextTimer { name dueAt } runs { key status attempts } history { sequence } } } }";
    let key = request.split_once(':').unwrap().1;
    shop.staff().await.send(query, json!({ "key": key })).await.ok().at("/workflows/nodes/0")
}

async fn until(shop: &TestHost, id: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..600 {
        let seen = workflow(shop, id).await;
        if is_so(&seen) {
            return seen;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    unreachable!("not within 30 s: {}", workflow(shop, id).await)
}

/// How often each event was told of a request, in alphabetical order.
async fn told(shop: &TestHost, id: &str) -> Vec<(String, i64)> {
    let id: Uuid = id.split_once(':').unwrap().1.parse().unwrap();
    sqlx::query_as(
        "SELECT split_part(event_type, '.', 3), COUNT(*) FROM events.outbox WHERE aggregate_id = $1 GROUP BY 1 ORDER BY 1",
    )
    .bind(id)
    .fetch_all(shop.db.pool())
    .await
    .unwrap()
}

/// Holds that carts still have.
async fn holds(shop: &TestHost) -> i64 {
    sqlx::query_scalar("SELECT COUNT(*) FROM inventory.reservation WHERE status = 'HELD'")
        .fetch_one(shop.db.pool())
        .await
        .unwrap()
}

/// All that time does to a request, each once, reminders twice.
fn everything() -> Vec<(String, i64)> {
    let told = [
        ("approval_escalated", 1),
        ("approval_expired", 1),
        ("approval_reminded", 2),
        ("approval_requested", 1),
    ];
    told.map(|(event, times)| (event.to_owned(), times)).to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_nobody_decides_is_reminded_of_escalated_and_closed() {
    let shop = shop(true).await;
    let (cart, id) = submit(&shop).await;
    assert_eq!(holds(&shop).await, 1);

    let ended = until(&shop, &id, |seen| seen["status"] == "COMPLETED").await;

    assert_eq!(ended["outcome"], "expired");
    let seen = request(&shop, &id).await;
    assert_eq!((&seen["status"], &seen["reminders"]), (&json!("EXPIRED"), &json!(2)));
    assert!(seen["remindedAt"].is_string() && seen["escalatedAt"].is_string());
    assert_eq!(seen["cart"]["status"], "OPEN");
    assert_eq!(told(&shop, &id).await, everything());
    assert_eq!(holds(&shop).await, 0, "the stock is given back");
    let late = shop.approver().await.approve(&id, "late").await;
    assert_eq!(late.user_errors(), ["NOT_PENDING @ id"]);
    // The cart is the buyer's again.
    let buyer = shop.buyer().await;
    let version =
        buyer.send("query($id: ID!) { cart(id: $id) { version } }", json!({ "id": cart })).await.ok();
    buyer.submit(&cart, &version.at("/cart/version"), "again").await.ok();
    shop.assert_books_balance().await;
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_ends_the_waiting() {
    let shop = patient_shop(true, 100).await;
    let (_, id) = submit(&shop).await;
    until(&shop, &id, |seen| seen["nextTimer"]["name"] == "remind").await;

    let approved = shop.approver().await.approve(&id, "yes").await.ok();

    let ended = until(&shop, &id, |seen| seen["status"] == "COMPLETED").await;
    assert!(approved.at("/approvalRequestApprove/order/id").is_string());
    assert_eq!((&ended["outcome"], &ended["nextTimer"]), (&json!("approved"), &Value::Null));
    shop.assert_books_balance().await;
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_stop_the_watch_over_a_request() {
    let shop = patient_shop(true, 100).await;
    let (_, id) = submit(&shop).await;
    let seen = until(&shop, &id, |seen| seen["nextTimer"]["name"] == "remind").await;
    let cancel = json!({ "id": seen["id"], "reason": "we talk to them" });
    let staff = shop.staff().await.with("idempotency-key", "one");

    for _ in 0..2 {
        staff.mutate("workflowCancel { workflow { id } }", cancel.clone()).await.ok();
    }

    let ended = until(&shop, &id, |seen| seen["status"] == "CANCELED").await;
    assert_eq!(ended["nextTimer"], Value::Null);
    assert_eq!(request(&shop, &id).await["status"], "PENDING");
    let audited = "query($id: String!) { auditEntries(subject: $id) { nodes { action detail } } }";
    let audited = shop.staff().await.send(audited, json!({ "id": seen["id"] })).await.ok();
    let expected = json!([{ "action": "workflow.cancel", "detail": { "reason": "we talk to them" } }]);
    assert_eq!(audited.at("/auditEntries/nodes"), expected, "once, under its key");
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_due_while_no_worker_ran_is_done_when_one_does() {
    let shop = shop(false).await;
    let (_, id) = submit(&shop).await;
    tokio::time::sleep(Duration::from_millis(2_700)).await;
    assert_eq!(request(&shop, &id).await["status"], "PENDING");

    let worker = WorkerProgram::start(&shop).await;

    let ended = until(&shop, &id, |seen| seen["status"] == "COMPLETED").await;
    assert_eq!(ended["outcome"], "expired");
    assert_eq!(request(&shop, &id).await["cart"]["status"], "OPEN");
    worker.kill().await;
    shop.assert_books_balance().await;
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_killed_at_any_moment_do_everything_once() {
    const KILLS: usize = 6;
    let shop = shop(false).await;
    let mut ids = Vec::new();
    for _ in 0..12 {
        ids.push(submit(&shop).await.1);
    }
    let mut workers = vec![WorkerProgram::start(&shop).await, WorkerProgram::start(&shop).await];

    for _ in 0..KILLS {
        let pause = rand::rng().random_range(20..400);
        tokio::time::sleep(Duration::from_millis(pause)).await;
        workers.remove(0).kill().await;
        workers.push(WorkerProgram::start(&shop).await);
        ids.push(submit(&shop).await.1);
    }

    for id in &ids {
        let ended = until(&shop, id, |seen| seen["status"] == "COMPLETED").await;
        assert_eq!(ended["outcome"], "expired");
        let told = told(&shop, id).await;
        // Reminders and escalation may be overtaken by the end when no worker ran; nothing is ever told twice.
        let most = everything();
        for (event, times) in &told {
            let allowed = most.iter().find(|(most, _)| most == event).map_or(0, |(_, times)| *times);
            assert!(*times <= allowed, "{id}: {told:?}");
        }
        assert!(told.contains(&("approval_expired".to_owned(), 1)), "{told:?}");
    }
    println!("{KILLS} workers killed over {} requests", ids.len());
    assert_eq!(holds(&shop).await, 0);
    for worker in workers {
        worker.kill().await;
    }
    shop.assert_books_balance().await;
    shop.stop().await;
}
