//! Mutations of plugins: in their turn among the others.

use serde_json::json;

use super::{ask, errors, shop};

#[tokio::test(flavor = "multi_thread")]
async fn mutations_run_one_after_another_in_the_order_of_the_document() {
    let host = shop().await;

    let answer = ask(&host.client(), "mutation { a: faultAdd(by: 5) b: faultAdd(by: 5) c: faultAdd }").await;

    assert_eq!(answer.body["data"], json!({ "a": 5, "b": 10, "c": 11 }), "{}", answer.body);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_mutation_names_its_plugin_and_what_may_be_null_is() {
    let host = shop().await;
    let staff = host.staff().await;

    let answer = ask(&staff, "mutation { faultTry(fault: \"error\") b: faultAdd(by: 2) }").await;

    assert_eq!(answer.body["data"], json!({ "faultTry": null, "b": 2 }), "{}", answer.body);
    assert_eq!(
        errors(&answer),
        ["faultTry: fault-fields/fault-fields@1.0.0 failed at vectis.fields: it is broken"]
    );
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_gets_the_first_answer_and_other_arguments_are_refused() {
    let host = shop().await;
    let client = host.client().with("idempotency-key", "once");

    let first = ask(&client, "mutation { a: faultAdd(by: 5) b: faultAdd(by: 2) }").await;
    let again = ask(&client, "mutation { a: faultAdd(by: 5) b: faultAdd(by: 2) }").await;
    let other = ask(&client, "mutation { a: faultAdd(by: 6) }").await;
    let fresh = ask(&host.client(), "mutation { faultAdd(by: 0) }").await;

    assert_eq!(first.body["data"], json!({ "a": 5, "b": 7 }), "{}", first.body);
    assert_eq!(again.body["data"], first.body["data"]);
    assert_eq!(other.error_code(), "IDEMPOTENCY_KEY_REUSED", "{}", other.body);
    assert_eq!(fresh.at("/faultAdd"), 7, "done once each");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_at_the_same_time_is_done_once() {
    let host = shop().await;
    let client = host.client().with("idempotency-key", "race");

    let all = (0..8).map(|_| async { ask(&client, "mutation { faultAdd(by: 1) }").await });
    let answers = futures_util::future::join_all(all).await;

    for answer in &answers {
        let is_answered = answer.at("/faultAdd") == 1;
        assert!(is_answered || answer.error_code() == "IDEMPOTENCY_KEY_IN_USE", "{}", answer.body);
    }
    assert_eq!(ask(&host.client(), "mutation { faultAdd(by: 0) }").await.at("/faultAdd"), 1);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_fails_gives_the_key_back_and_one_that_is_late_keeps_it() {
    let host = shop().await;
    let staff = host.staff().await;
    let send = async |key: &str, fault: &str| {
        let query = "mutation($f: String) { faultTry(by: 3, fault: $f) }";
        staff.with("idempotency-key", key).send(query, json!({ "f": fault })).await
    };

    for _ in 0..2 {
        let failed = send("fails", "error").await;
        assert!(errors(&failed)[0].contains("it is broken"), "{}", failed.body);
    }
    let late = send("late", "late").await;
    let again = send("late", "late").await;

    assert!(errors(&late)[0].contains("did not answer within"), "{}", late.body);
    assert_eq!(again.error_code(), "IDEMPOTENCY_KEY_IN_USE", "{}", again.body);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_argument_of_the_wrong_type_never_reaches_the_plugin() {
    let host = shop().await;
    let staff = host.staff().await;

    let wrong = ask(&staff, "mutation { faultAdd(by: 9000000000) }").await;
    let sum = ask(&staff, "mutation { faultAdd(by: 0) }").await;

    assert_eq!(wrong.error_code(), "BAD_USER_INPUT", "not even asked: {}", wrong.body);
    assert_eq!(sum.at("/faultAdd"), 0);
    host.stop().await;
}
