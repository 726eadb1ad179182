use std::path::PathBuf;

use serde_json::{Value, json};

use vectis_kernel::{Currency, Money};

use super::fake_shop::{FakeShop, refusal};
use crate::classify::{ChargeKind, RowKind};
use crate::import::{ImportOptions, import};
use crate::read::COLUMNS;
use crate::replay::{ReplayOptions, Replayed, api_kind, replay};

/// Two companies and a walk-in: goods at the list's price and at others, charges of every sign, goods given back with and
/// without an order, a debt, stock written off, and a row that makes no sense.
pub(super) const FILE: &[&str] = &[
    "536365,MUG1,RED MUG,6,2010-12-01T08:26,2.55,12345,United Kingdom",
    "536365,MUG1,RED MUG,4,2010-12-01T08:26,2.55,12345,United Kingdom",
    "536365,POST,POSTAGE,1,2010-12-01T08:26,18.00,12345,United Kingdom",
    "536365,D,Discount,-1,2010-12-01T08:26,2.50,12345,United Kingdom",
    "536366,MUG1,RED MUG,3,2010-12-01T09:00,2.10,12345,France",
    "536366,CUP1,BLUE CUP,1,2010-12-01T09:00,1.25,12345,France",
    "536367,MUG1,RED MUG,2,2010-12-01T09:05,2.55,67890,United Kingdom",
    "536368,JAR1,GLASS JAR,5,2010-12-02T10:00,4.21,,United Kingdom",
    "C536369,MUG1,RED MUG,-5,2010-12-03T10:00,2.55,12345,United Kingdom",
    "C536370,CUP1,BLUE CUP,-2,2010-12-03T11:00,9.99,67890,United Kingdom",
    "C536370,M,Manual,-1,2010-12-03T11:00,1.00,67890,United Kingdom",
    "C536371,JAR1,GLASS JAR,-1,2011-01-03T11:00,4.21,,United Kingdom",
    "A563185,B,Adjust bad debt,1,2011-01-04T14:50,-110.62,,United Kingdom",
    "536372,JAR1,broken,-1,2011-01-04T15:00,0.00,,United Kingdom",
    "536373,MUG1,RED MUG,0,2011-01-04T15:30,2.55,12345,United Kingdom",
];

/// A file that is deleted when dropped.
pub(super) struct TemporaryFile(PathBuf);

impl TemporaryFile {
    pub(super) fn path(&self) -> PathBuf {
        self.0.clone()
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        std::fs::remove_file(&self.0).unwrap();
    }
}

pub(super) fn write(lines: &[&str]) -> TemporaryFile {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let path = std::env::temp_dir().join(format!("vectis-importer-{}-{number}.csv", std::process::id()));
    std::fs::write(&path, format!("{}\n{}\n", COLUMNS.join(","), lines.join("\n"))).unwrap();
    TemporaryFile(path)
}

fn options(fake: &FakeShop, file: &TemporaryFile) -> ReplayOptions {
    ReplayOptions {
        url: fake.url.clone(),
        email: "staff@shop.example".to_owned(),
        password: "staff-password".to_owned(),
        file: file.path(),
        buyer_password: "imported-buyer-1".to_owned(),
        take_good_rows: false,
        concurrency: 3,
        limit: None,
    }
}

/// A shop with the file imported, and the file.
async fn imported() -> (FakeShop, TemporaryFile) {
    imported_from(FILE).await
}

async fn imported_from(lines: &[&str]) -> (FakeShop, TemporaryFile) {
    let (fake, file) = (FakeShop::open().await, write(lines));
    let replaying = options(&fake, &file);
    import(ImportOptions {
        url: replaying.url,
        email: replaying.email,
        password: replaying.password,
        file: replaying.file,
        buyer_password: replaying.buyer_password,
        take_good_rows: false,
    })
    .await
    .unwrap();
    (fake, file)
}

fn sorted_po_numbers(fake: &FakeShop) -> Vec<String> {
    let shop = fake.shop();
    let mut numbers: Vec<String> =
        shop.orders.iter().map(|order| order["poNumber"].as_str().unwrap().to_owned()).collect();
    numbers.sort();
    numbers
}

fn order(fake: &FakeShop, po_number: &str) -> Value {
    fake.shop().orders.iter().find(|order| order["poNumber"] == po_number).unwrap().clone()
}

fn reasons(replayed: &Replayed) -> Vec<(u64, &str)> {
    replayed.report.not_taken.iter().map(|row| (row.line, row.reason.as_str())).collect()
}

#[tokio::test]
async fn a_replayed_file_agrees_with_the_shop_to_the_penny() {
    let (fake, file) = imported().await;

    let replayed = replay(options(&fake, &file)).await.unwrap();

    assert_eq!(reasons(&replayed), [(16, "the quantity is 0")]);
    assert_eq!(replayed.report.differing, []);
    assert!(replayed.is_good(), "{replayed}");
    assert_eq!(replayed.report.total.platform.lines, 14);
    assert_eq!(
        replayed.report.months["2010-12"].platform.value,
        2550 + 1800 - 250 + 755 + 510 + 2105 - 1275 - 2098
    );
    assert_eq!(replayed.report.months["2011-01"].platform.value, -421 - 11062);
    assert_eq!((replayed.read_back.written, replayed.read_back.found), (8, 8));
    assert_eq!((replayed.pace.documents, replayed.pace.rows), (9, 14));
}

#[tokio::test]
async fn orders_are_sent_by_their_buyers_and_prices_no_list_explains_are_overridden_by_staff() {
    let (fake, file) = imported().await;

    replay(options(&fake, &file)).await.unwrap();

    assert_eq!(sorted_po_numbers(&fake), ["536365", "536366", "536367", "536368"]);
    let shop = fake.shop();
    let submitted = |by: &str| {
        shop.log.iter().filter(|entry| entry.starts_with("mutation Submit by") && entry.contains(by)).count()
    };
    assert_eq!(submitted("buyer-12345@customers.example"), 2);
    assert_eq!(submitted("buyer-67890@customers.example"), 1);
    assert_eq!(submitted("guest "), 1);
    let overridden: Vec<&String> =
        shop.log.iter().filter(|entry| entry.starts_with("mutation Override")).collect();
    assert_eq!(overridden, ["mutation Override by staff@shop.example"]);
    let cart = shop.carts.iter().find(|cart| cart["poNumber"] == "536366").unwrap();
    assert_eq!(cart["lines"][0]["unitPrice"]["amount"], "2.1");
    assert_eq!(cart["lines"][0]["reason"], "price on invoice 536366");
    assert_eq!(cart["lines"][1].get("reason"), None);
    assert_eq!(cart["shippingAddress"], json!({ "address": { "country": "FR" } }));
}

#[tokio::test]
async fn charges_returns_and_notes_are_what_they_are() {
    let (fake, file) = imported().await;

    replay(options(&fake, &file)).await.unwrap();

    let order = order(&fake, "536365");
    assert_eq!(order["lines"].as_array().unwrap().len(), 2);
    let kinds: Vec<&Value> =
        order["charges"].as_array().unwrap().iter().map(|charge| &charge["kind"]).collect();
    assert_eq!(kinds, ["SHIPPING", "DISCOUNT"]);
    assert_eq!(order["returns"][0]["creditNote"]["reference"], "C536369");
    let shop = fake.shop();
    let note = shop.notes.iter().find(|note| note["reference"] == "C536370").unwrap();
    assert_eq!(note["accountId"], "account:67890");
    assert_eq!(
        (&note["lines"][0]["label"], &note["lines"][1]["label"]),
        (&json!("BLUE CUP"), &json!("Manual"))
    );
    let debt = shop.notes.iter().find(|note| note["reference"] == "A563185").unwrap();
    assert_eq!(debt["netTotal"], json!({ "amount": "110.62" }));
}

#[tokio::test]
async fn rows_that_give_back_to_one_line_are_returned_together_and_valued_apart() {
    let (fake, file) = imported_from(&[
        "536365,MUG1,RED MUG,6,2010-12-01T08:26,2.55,12345,United Kingdom",
        "C536369,MUG1,RED MUG,-2,2010-12-03T10:00,2.55,12345,United Kingdom",
        "C536369,MUG1,RED MUG,-3,2010-12-03T10:00,2.55,12345,United Kingdom",
    ])
    .await;

    let replayed = replay(options(&fake, &file)).await.unwrap();

    assert!(replayed.is_good(), "{replayed}");
    assert_eq!((replayed.report.taken(), replayed.report.differing.len()), (3, 0));
    assert_eq!(order(&fake, "536365")["returns"].as_array().unwrap().len(), 1);
    assert_eq!(fake.shop().notes[0]["netTotal"], json!({ "amount": "12.75" }));
}

#[tokio::test]
async fn the_shop_never_runs_out_of_what_was_counted_in() {
    let (fake, file) = imported().await;

    replay(options(&fake, &file)).await.unwrap();

    let stock = fake.shop().stock.clone();
    assert!(stock.values().all(|pieces| *pieces >= 0), "{stock:?}");
}

#[tokio::test]
async fn replaying_again_doubles_nothing() {
    let (fake, file) = imported().await;
    let first = replay(options(&fake, &file)).await.unwrap();
    let (stock, orders, notes) = {
        let shop = fake.shop();
        (shop.stock.clone(), shop.orders.clone(), shop.notes.clone())
    };

    let second = replay(options(&fake, &file)).await.unwrap();

    assert_eq!(second.report, first.report);
    assert_eq!(second.read_back, first.read_back);
    let shop = fake.shop();
    assert_eq!((&shop.stock, &shop.orders, &shop.notes), (&stock, &orders, &notes));
}

#[tokio::test]
async fn a_replay_that_was_stopped_anywhere_goes_on_where_it_stopped() {
    let (whole, file) = imported().await;
    let requests_of_the_import = whole.shop().log.len();
    let expected = replay(options(&whole, &file)).await.unwrap();
    let requests = whole.shop().log.len() - requests_of_the_import;

    for stop_after in (1..requests).step_by(3) {
        let (fake, file) = imported().await;
        fake.shop().requests_left = Some(stop_after);
        tokio::select! {
            () = fake.gone.notified() => {}
            ended = replay(options(&fake, &file)) => panic!("it ended before it was stopped: {ended:?}"),
        }
        fake.shop().requests_left = None;

        let continued = replay(options(&fake, &file)).await.unwrap();

        assert_eq!(continued.report, expected.report, "stopped after {stop_after}");
        assert_eq!(sorted_po_numbers(&fake), ["536365", "536366", "536367", "536368"]);
        assert_eq!(fake.shop().stock, whole.shop().stock);
        assert_eq!(fake.shop().notes.len(), whole.shop().notes.len());
    }
}

#[tokio::test]
async fn rows_of_a_refused_order_are_listed_with_the_reason_and_the_rest_goes_on() {
    let (fake, file) = imported().await;
    let error = refusal("INSUFFICIENT_STOCK", "3 of MUG are there");
    fake.shop().refusals.insert("mutation Submit 536365".to_owned(), error);

    let replayed = replay(options(&fake, &file)).await.unwrap();

    let refused = "submitting: INSUFFICIENT_STOCK: 3 of MUG are there (lines.0)";
    let expected = [
        (2, refused),
        (3, refused),
        (4, refused),
        (5, refused),
        (10, "its order was not placed"),
        (16, "the quantity is 0"),
    ];
    assert_eq!(reasons(&replayed), expected);
    assert!(replayed.report.accounts_for_every_row());
    assert!(!replayed.is_good());
    assert_eq!(sorted_po_numbers(&fake), ["536366", "536367", "536368"]);
}

#[test]
fn amounts_of_the_wrong_sign_for_their_kind_are_charged_by_hand() {
    let kind = |charge, pence| api_kind(RowKind::Charge(charge), Money::new(pence, Currency::GBP));
    assert_eq!((kind(ChargeKind::Postage, 1800), kind(ChargeKind::Postage, -1800)), ("SHIPPING", "MANUAL"));
    assert_eq!((kind(ChargeKind::Discount, -250), kind(ChargeKind::Discount, 250)), ("DISCOUNT", "MANUAL"));
    assert_eq!((kind(ChargeKind::BankCharges, 15), kind(ChargeKind::BankCharges, -15)), ("FEE", "MANUAL"));
    assert_eq!(kind(ChargeKind::Samples, 100), "MANUAL");
}

#[tokio::test]
async fn refused_charges_leave_the_goods_sold() {
    let (fake, file) = imported().await;
    let error = refusal("INVALID_AMOUNT", "not so");
    fake.shop().refusals.insert("mutation Charge 536365".to_owned(), error);

    let replayed = replay(options(&fake, &file)).await.unwrap();

    let refused = "charging: INVALID_AMOUNT: not so (lines.0)";
    assert_eq!(reasons(&replayed), [(4, refused), (5, refused), (16, "the quantity is 0")]);
    assert_eq!(replayed.read_back.differences, Vec::<String>::new());
}

#[tokio::test]
async fn a_buyer_who_cannot_sign_in_is_the_reason_of_its_rows() {
    let (fake, file) = imported().await;
    let error = refusal("INVALID_CREDENTIALS", "no");
    fake.shop().refusals.insert("mutation SignIn buyer-67890@customers.example".to_owned(), error);

    let replayed = replay(options(&fake, &file)).await.unwrap();

    let refused = "making the cart: INVALID_CREDENTIALS: no (lines.0)";
    assert_eq!(reasons(&replayed), [(8, refused), (16, "the quantity is 0")]);
}

#[tokio::test]
async fn an_order_that_waits_for_approval_is_approved_by_the_accounts_approver() {
    let (fake, file) = imported().await;
    fake.shop().asks_for_approval = true;

    let replayed = replay(options(&fake, &file)).await.unwrap();

    assert!(replayed.is_good(), "{replayed}");
    let shop = fake.shop();
    let mut approved: Vec<&String> =
        shop.log.iter().filter(|entry| entry.starts_with("mutation Approve")).collect();
    approved.sort();
    let of = |number: &str| format!("mutation Approve by approver-{number}@customers.example");
    assert_eq!(approved, [&of("12345"), &of("12345"), &of("67890")]);
}

#[tokio::test]
async fn a_limit_sends_whole_invoices_and_reports_only_on_them() {
    let (fake, file) = imported().await;

    let replayed = replay(ReplayOptions { limit: Some(2), ..options(&fake, &file) }).await.unwrap();

    assert!(replayed.is_good(), "{replayed}");
    assert_eq!((replayed.report.rows, replayed.report.taken()), (6, 6));
    assert_eq!(sorted_po_numbers(&fake), ["536365", "536366"]);
}

#[tokio::test]
async fn an_order_the_shop_lists_with_another_total_is_a_difference() {
    let (fake, file) = imported().await;
    replay(options(&fake, &file)).await.unwrap();
    let tampered = {
        let mut shop = fake.shop();
        let order = shop.orders.iter_mut().find(|order| order["poNumber"] == "536367").unwrap();
        order["linesNetTotal"] = json!({ "amount": "5.00" });
        order["id"].as_str().unwrap().to_owned()
    };

    let replayed = replay(options(&fake, &file)).await.unwrap();

    let expected = format!("536367-order: {tampered} is 5.00 where 5.10 was answered");
    assert_eq!(replayed.read_back.differences, [expected]);
    assert!(!replayed.is_good());
}

#[tokio::test]
async fn a_shop_without_the_import_is_not_sent_anything() {
    let (fake, file) = (FakeShop::open().await, write(FILE));

    let error = replay(options(&fake, &file)).await.unwrap_err();

    assert!(error.to_string().contains("import it first"), "{error}");
    assert_eq!(fake.shop().carts.len(), 0);
}
