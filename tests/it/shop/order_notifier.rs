//! A plugin that is told of orders, from the order over GraphQL to a receiver's door: once and in order, again when the receiver
//! was away, and not at all without the operator's word. In the shop's process and in one of its own.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use vectis_tests::carrier::{Behaviour, Carrier};
use vectis_tests::shop::{PASSWORD, lines};
use vectis_tests::{Client, PluginFolder, TestHost};

use super::no_plugins::channel_id;
use crate::kills::program::Program;

const EVENT: &str = "vectis.orders.order_placed.v1";
const READER: &str = "plugin.order-notifier.placed";

fn grant(receiver: &Carrier) -> String {
    format!(
        "plugins.grants.order-notifier={{ events = [\"{EVENT}\"], http = [\"{}\"], addresses = [\"127.0.0.0/8\"], \
         secret = [\"order_notifier_key\"] }}",
        receiver.url()
    )
}

/// A demo shop where the plugin is activated; nobody delivers there unless told to.
async fn shop(receiver: &Carrier, delivers: bool) -> TestHost {
    let folder = PluginFolder::first_party();
    folder.drop_in("order-notifier");
    let url = receiver.url();
    let host = TestHost::configured(folder, true, |config| {
        let grant = [
            ("events", vec![EVENT.to_owned()]),
            ("http", vec![url]),
            ("addresses", vec!["127.0.0.0/8".to_owned()]),
            ("secret", vec!["order_notifier_key".to_owned()]),
        ];
        let grant = grant.into_iter().map(|(name, values)| (name.to_owned(), values)).collect();
        config.plugins.grants.add("order-notifier", &grant);
        config.plugins.secrets.insert("order_notifier_key".to_owned(), "s3cret".to_owned().into());
        config.events.run_in_server = delivers;
        config.events.retry_wait = Duration::from_millis(20);
        config.events.look_interval = Duration::from_millis(200);
        config.database.max_connections = 24;
    })
    .await;
    activate(&host, receiver).await;
    host
}

async fn activate(host: &TestHost, receiver: &Carrier) {
    let staff = host.staff().await;
    let channel = channel_id(&staff, "wholesale").await;
    let config = json!({ "url": receiver.url(), "timeout_ms": 3_000 });
    let input = json!({ "channelId": channel, "point": "vectis.observer", "plugin": "order-notifier", "config": config });
    let query = "mutation($i: StrategyActivateInput!) { strategyActivate(input: $i) { userErrors { code field message } } }";
    let activated = staff.send(query, json!({ "i": input })).await.ok();
    assert_eq!(activated.at("/strategyActivate/userErrors"), json!([]));
}

/// The same shop in a program of its own, the plugin in processes of its own.
async fn apart(shop: &TestHost, receiver: &Carrier, more: &[&str]) -> (Program, Client) {
    let granted = grant(receiver);
    let mut changes = vec![
        granted.as_str(),
        "plugins.secrets.order_notifier_key=s3cret",
        "plugins.isolation.order-notifier=process",
        "events.retry_wait=20ms",
        "events.look_interval=200ms",
    ];
    changes.extend(more);
    let program = Program::start_with(shop, &changes).await;
    let client = Client::new(program.url.clone()).channel("wholesale");
    let staff = client.signed_in("admin@demo.vectis.test", PASSWORD).await;
    until("the subscription is told", async || {
        let all = subscriptions(&staff).await;
        all[0]["state"] == "TOLD" && all[0]["servedAt"] != Value::Null
    })
    .await;
    (program, staff)
}

/// Places an order; its number.
async fn order(buyer: &Client, approver: &Client) -> String {
    let cart = buyer.new_cart().await;
    let added = buyer.add_lines(&cart, lines(1, 1)).await.ok();
    let placed = buyer.submit(&cart, &added.at("/cartLinesAdd/cart/version"), &cart).await.ok();
    if !placed.at("/cartSubmit/order").is_null() {
        return placed.text("/cartSubmit/order/number");
    }
    let request = placed.text("/cartSubmit/approvalRequest/id");
    approver.approve(&request, &request).await.ok().text("/approvalRequestApprove/order/number")
}

async fn orders(shop: &TestHost, count: usize) -> Vec<String> {
    let (buyer, approver) = (shop.buyer().await, shop.approver().await);
    let mut numbers = Vec::new();
    for _ in 0..count {
        numbers.push(order(&buyer, &approver).await);
    }
    numbers
}

async fn until(what: &str, mut look: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !look().await {
        assert!(started.elapsed() < Duration::from_secs(60), "not so in time: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Event id and number of each request that came.
fn arrived(receiver: &Carrier) -> Vec<(String, String)> {
    let requests = receiver.requests();
    let read = requests.iter().map(|request| {
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        let id = head.lines().find_map(|line| line.strip_prefix("event-id: ")).unwrap().to_owned();
        assert!(head.contains("vectis-signature: t="), "{head}");
        let body: Value = serde_json::from_str(body).unwrap();
        (id, body["data"]["number"].as_str().unwrap().to_owned())
    });
    read.collect()
}

/// Numbers of the first copies, in the order in which they came.
fn first_copies(receiver: &Carrier) -> Vec<String> {
    let mut first: Vec<(String, String)> = Vec::new();
    for (id, number) in arrived(receiver) {
        if first.iter().all(|(known, _)| *known != id) {
            first.push((id, number));
        }
    }
    first.into_iter().map(|(_, number)| number).collect()
}

async fn subscriptions(staff: &Client) -> Value {
    let query = "{ pluginSubscriptions { plugin name reader events isGranted state waitsFor lag since servedAt \
                 deadLetterCount lastFailure failedAt } }";
    staff.send(query, json!({})).await.ok().at("/pluginSubscriptions")
}

async fn letters(staff: &Client) -> Value {
    let query = "query($r: String) { eventDeadLetters(reader: $r) { nodes { id reader eventType reason attempts payload } } }";
    staff.send(query, json!({ "r": READER })).await.ok().at("/eventDeadLetters/nodes")
}

const REDRIVE: &str = "mutation($i: EventDeadLetterRedriveInput!) { eventDeadLetterRedrive(input: $i) { \
                       deadLetterId userErrors { code field message } } }";
const DISCARD: &str = "mutation($i: EventDeadLetterDiscardInput!) { eventDeadLetterDiscard(input: $i) { \
                       deadLetterId userErrors { code field message } } }";

/// Placed → there once; receiver away → put away → sent again by staff → there once; another given up.
async fn the_whole_way(shop: &TestHost, staff: &Client, receiver: &Carrier) {
    let mut expected = orders(shop, 3).await;
    until("three orders have come", async || arrived(receiver).len() >= 3).await;

    receiver.now(Behaviour::Refuses(503));
    let late = orders(shop, 2).await;
    until("both are put away", async || letters(staff).await.as_array().unwrap().len() == 2).await;
    let dead = letters(staff).await;
    let numbers = ["/0", "/1"].map(|at| dead.pointer(&format!("{at}/payload/data/number")).unwrap().clone());
    assert!(late.iter().all(|number| numbers.contains(&json!(number))), "{dead}");
    assert_eq!((&dead[0]["reason"], &dead[0]["attempts"]), (&json!("the receiver answers 503"), &json!(5)));
    let standing = subscriptions(staff).await;
    assert_eq!(
        (&standing[0]["deadLetterCount"], &standing[0]["lastFailure"]),
        (&json!(2), &dead[0]["reason"])
    );

    let input = json!({ "i": { "id": dead[0]["id"], "idempotencyKey": "one" } });
    let still = staff.send(REDRIVE, input.clone()).await;
    assert_eq!(still.at("/eventDeadLetterRedrive/userErrors/0/code"), "STILL_FAILS");
    receiver.now(Behaviour::Rates);
    let before = arrived(receiver).len();
    for _ in 0..2 {
        let gone = staff.send(REDRIVE, input.clone()).await.ok();
        assert_eq!(gone.at("/eventDeadLetterRedrive/deadLetterId"), dead[0]["id"], "{}", gone.body);
    }
    assert_eq!(arrived(receiver).len(), before + 1, "the same command twice sends once");
    let unreasoned = json!({ "i": { "id": dead[1]["id"], "reason": " " } });
    let unreasoned = staff.send(DISCARD, unreasoned).await;
    assert_eq!(unreasoned.at("/eventDeadLetterDiscard/userErrors/0/field"), json!(["reason"]));
    let input =
        json!({ "i": { "id": dead[1]["id"], "reason": "told by telephone", "idempotencyKey": "two" } });
    for _ in 0..2 {
        let gone = staff.send(DISCARD, input.clone()).await.ok();
        assert_eq!(gone.at("/eventDeadLetterDiscard/deadLetterId"), dead[1]["id"], "{}", gone.body);
    }
    assert_eq!(letters(staff).await, json!([]));

    expected.push(numbers[0].as_str().unwrap().to_owned());
    let copies = arrived(receiver);
    assert_eq!(copies.iter().filter(|(_, number)| *number == expected[0]).count(), 1);
    let trail = "{ auditEntries { nodes { action detail } } }";
    let trail = staff.send(trail, json!({})).await.ok().body.to_string();
    assert!(trail.contains("dead_letter.redrive") && trail.contains("told by telephone"), "{trail}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_arrives_from_the_shops_own_process() {
    let receiver = Carrier::start().await;
    let shop = shop(&receiver, true).await;
    let staff = shop.staff().await;
    until("it is told", async || subscriptions(&staff).await[0]["servedAt"] != Value::Null).await;

    the_whole_way(&shop, &staff, &receiver).await;

    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_arrives_from_a_process_of_the_plugins_own() {
    let receiver = Carrier::start().await;
    let shop = shop(&receiver, false).await;
    let (program, staff) = apart(&shop, &receiver, &[]).await;

    the_whole_way(&shop, &staff, &receiver).await;

    program.kill().await;
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_operators_word_events_wait_and_the_subscription_says_so() {
    let receiver = Carrier::start().await;
    let shop = shop(&receiver, false).await;
    let ungranted = grant(&receiver).replace(&format!("events = [\"{EVENT}\"], "), "");
    let changes = [ungranted.as_str(), "plugins.secrets.order_notifier_key=s3cret"];
    let program = Program::start_with(&shop, &changes).await;
    let client = Client::new(program.url.clone()).channel("wholesale");
    let staff = client.signed_in("admin@demo.vectis.test", PASSWORD).await;
    until("the subscription is known", async || subscriptions(&staff).await[0]["since"] != Value::Null).await;

    let expected = orders(&shop, 2).await;
    tokio::time::sleep(Duration::from_secs(2)).await;

    let standing = subscriptions(&staff).await;
    assert_eq!((&standing[0]["state"], &standing[0]["isGranted"]), (&json!("WAITING"), &json!(false)));
    let why = standing[0]["waitsFor"].as_str().unwrap();
    assert!(why.contains("under [plugins.grants.order-notifier]") && why.contains(EVENT), "{why}");
    assert!(standing[0]["lag"].as_f64().unwrap() > 0.0, "{standing}");
    assert!(arrived(&receiver).is_empty());
    program.kill().await;

    let (program, _) = apart(&shop, &receiver, &[]).await;
    until("what waited has come", async || first_copies(&receiver).len() == 2).await;
    assert!(expected.iter().all(|number| first_copies(&receiver).contains(number)));
    program.kill().await;
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_loses_no_order_and_copies_have_the_same_id() {
    let receiver = Carrier::start().await;
    let shop = shop(&receiver, false).await;
    let (program, _) = apart(&shop, &receiver, &[]).await;
    let numbers = {
        let placing = orders(&shop, 12);
        let killing = async {
            until("some have come", async || arrived(&receiver).len() >= 3).await;
            receiver.now(Behaviour::Silent);
            // Not one that was answered a moment before.
            let answered = arrived(&receiver).len();
            until("one is on its way", async || arrived(&receiver).len() > answered).await;
            program.kill().await;
            receiver.now(Behaviour::Rates);
        };
        tokio::join!(placing, killing).0
    };

    let (program, _) = apart(&shop, &receiver, &[]).await;
    until("all have come", async || first_copies(&receiver).len() >= numbers.len()).await;

    let mut came = first_copies(&receiver);
    came.sort();
    assert_eq!(came, numbers);
    let copies = arrived(&receiver).len() - numbers.len();
    println!("{} orders, {copies} copies", numbers.len());
    assert!(
        (1..=10).contains(&copies),
        "only the call that was under way is made again, not {copies} events"
    );
    program.kill().await;
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_process_that_dies_in_a_batch_is_told_again() {
    let receiver = Carrier::start().await;
    let shop = shop(&receiver, false).await;
    let (program, staff) = apart(&shop, &receiver, &[]).await;
    receiver.now(Behaviour::Silent);
    let numbers = orders(&shop, 1).await;
    until("it is on its way", async || arrived(&receiver).len() == 1).await;

    let plugins = staff.send("{ plugins { name processes { pids } } }", json!({})).await.ok().at("/plugins");
    let own = plugins.as_array().unwrap().iter().find(|plugin| plugin["name"] == "order-notifier").unwrap();
    receiver.now(Behaviour::Rates);
    for pid in own["processes"]["pids"].as_array().unwrap() {
        let pid = nix::unistd::Pid::from_raw(i32::try_from(pid.as_i64().unwrap()).unwrap());
        let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL);
    }

    until("it has come again", async || arrived(&receiver).len() >= 2).await;
    assert_eq!(first_copies(&receiver), numbers);
    assert_eq!(letters(&staff).await, json!([]));
    program.kill().await;
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_are_for_staff_with_the_right_and_what_they_hold_for_fewer() {
    let receiver = Carrier::start().await;
    let shop = shop(&receiver, true).await;
    let staff = shop.staff().await;
    until("it is told", async || subscriptions(&staff).await[0]["servedAt"] != Value::Null).await;
    receiver.now(Behaviour::Refuses(422));
    orders(&shop, 1).await;
    until("it is put away", async || letters(&staff).await.as_array().unwrap().len() == 1).await;
    let id = letters(&staff).await[0]["id"].clone();

    let buyer = shop.buyer().await;
    let list = "{ eventDeadLetters { nodes { id } } }";
    assert_eq!(buyer.send(list, json!({})).await.error_code(), "FORBIDDEN");
    let discard = json!({ "i": { "id": id, "reason": "mine" } });
    assert_eq!(buyer.send(DISCARD, discard.clone()).await.error_code(), "FORBIDDEN");

    let login = json!({ "email": "nobody@demo.vectis.test", "name": "Nobody", "password": PASSWORD });
    staff.mutate("staffCreate", json!({ "login": login, "roleIds": [] })).await.ok();
    let role = json!({ "name": "Looks", "permissions": ["events.read"] });
    let role = staff.mutate("staffRoleUpsert { roleId }", role).await.ok().text("/staffRoleUpsert/roleId");
    let all = staff.send("{ staff { nodes { id email } } }", json!({})).await.ok().at("/staff/nodes");
    let nobody =
        all.as_array().unwrap().iter().find(|one| one["email"] == "nobody@demo.vectis.test").unwrap();
    staff.mutate("staffRolesSet", json!({ "id": nobody["id"], "roleIds": [role] })).await.ok();
    let looks = shop.client().signed_in("nobody@demo.vectis.test", PASSWORD).await;
    assert_eq!(looks.send(list, json!({})).await.ok().at("/eventDeadLetters/nodes/0/id"), id);
    let payload = "{ eventDeadLetters { nodes { payload } } }";
    assert_eq!(looks.send(payload, json!({})).await.error_code(), "FORBIDDEN");
    assert_eq!(looks.send(DISCARD, discard).await.error_code(), "FORBIDDEN");
    shop.stop().await;
}
