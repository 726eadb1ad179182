use serde_json::{Value, json};

use super::fake_shop::{FakeShop, refusal};
use crate::client::{Call, CallError, Shop};
use crate::session::Identity;

fn me() -> Call<'static> {
    Call::new("query Me { me { kind } }", json!({}))
}

fn shop(fake: &FakeShop) -> Shop {
    Shop::at(&fake.url).unwrap().hurried()
}

#[tokio::test]
async fn a_busy_shop_is_asked_again() {
    let fake = FakeShop::open().await;
    fake.shop().broken = vec![503, 502, 504];

    let answer: Value = shop(&fake).query(&Identity::Guest("g".repeat(32)), &me()).await.unwrap();

    assert_eq!(answer, json!({ "kind": "STAFF" }));
    assert_eq!(fake.shop().log.len(), 1);
}

#[tokio::test]
async fn a_shop_that_stays_away_is_given_up() {
    let fake = FakeShop::open().await;
    fake.shop().requests_left = Some(0);

    let error = shop(&fake).query::<Value>(&Identity::Guest("g".repeat(32)), &me()).await.unwrap_err();

    assert!(matches!(error, CallError::Unreachable(_)), "{error}");
}

#[tokio::test]
async fn a_port_nobody_listens_on_is_unreachable() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/graphql", listener.local_addr().unwrap());
    drop(listener);

    let shop = Shop::at(&url).unwrap().hurried();
    let error = shop.query::<Value>(&Identity::Guest("g".repeat(32)), &me()).await.unwrap_err();

    assert!(matches!(error, CallError::Unreachable(_)), "{error}");
}

#[tokio::test]
async fn a_refusal_carries_code_field_and_message() {
    let fake = FakeShop::open().await;
    let error = refusal("INVALID_CREDENTIALS", "e-mail or password is wrong");
    fake.shop().refusals.insert("mutation SignIn a@b.example".to_owned(), error);

    let refused = shop(&fake).query::<Value>(&Identity::login("a@b.example", "x"), &me()).await.unwrap_err();

    assert_eq!(refused.to_string(), "INVALID_CREDENTIALS: e-mail or password is wrong (lines.0)");
}

#[tokio::test]
async fn a_login_signs_in_once() {
    let fake = FakeShop::open().await;
    let (shop, who) = (shop(&fake), Identity::login("a@b.example", "x"));

    shop.query::<Value>(&who, &me()).await.unwrap();
    shop.query::<Value>(&who, &me()).await.unwrap();

    let log = ["mutation SignIn by nobody", "query Me by a@b.example", "query Me by a@b.example"];
    assert_eq!(fake.shop().log, log);
}

#[tokio::test]
async fn a_token_close_to_its_end_is_refreshed_before_it_is_used() {
    let fake = FakeShop::open().await;
    fake.shop().token_seconds = 30;
    let (shop, who) = (shop(&fake), Identity::login("a@b.example", "x"));

    shop.query::<Value>(&who, &me()).await.unwrap();
    shop.query::<Value>(&who, &me()).await.unwrap();

    let log = [
        "mutation SignIn by nobody",
        "query Me by a@b.example",
        "mutation Refresh by nobody",
        "query Me by a@b.example",
    ];
    assert_eq!(fake.shop().log, log);
}

#[tokio::test]
async fn a_login_whose_session_has_ended_signs_in_again() {
    let fake = FakeShop::open().await;
    let (shop, who) = (shop(&fake), Identity::login("a@b.example", "x"));
    shop.query::<Value>(&who, &me()).await.unwrap();
    fake.shop().end_sessions();

    shop.query::<Value>(&who, &me()).await.unwrap();

    let signed_in = fake.shop().log.iter().filter(|entry| *entry == "mutation SignIn by nobody").count();
    assert_eq!(signed_in, 2);
}
