//! What is no request at all, or asks for too much: refused before anything runs.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use vectis_tests::shop::skus;
use vectis_tests::{Client, TestHost};

const CREATE: &str = "mutation { cartCreate(input: {}) { cart { id } } }";

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_request_or_too_large_a_one_is_refused_before_it_runs() {
    let host = TestHost::demo().await;
    let before = host.contents().await;

    only_json_by_post_is_a_request(&host).await;
    bodies_that_are_not_one_request(&host).await;
    headers_that_mean_nothing(&host).await;
    documents_over_a_limit(&host).await;
    lists_over_a_limit(&host).await;
    host.assert_unchanged_since(&before).await;

    // After all that the host serves as before.
    host.guest("last").send(CREATE, json!({})).await.ok();
    host.stop().await;
}

/// As a browser on a foreign page could send it: with a guest's token, so that the mutation would be done.
fn request(host: &TestHost, method: Method) -> reqwest::RequestBuilder {
    let url = format!("http://{}/graphql", host.address);
    reqwest::Client::new()
        .request(method, url)
        .header("x-channel", "retail")
        .header("x-guest-token", "g".repeat(40))
}

async fn only_json_by_post_is_a_request(host: &TestHost) {
    let body = json!({ "query": CREATE }).to_string();
    for content_type in [
        "text/plain",
        "text/plain; application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/graphql",
        "",
    ] {
        let request = request(host, Method::POST).header("content-type", content_type).body(body.clone());
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE, "{content_type:?}");
    }
    let without = request(host, Method::POST).body(body.clone()).send().await.unwrap();
    assert_eq!(without.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    for method in [Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS] {
        let request =
            request(host, method.clone()).header("content-type", "application/json").body(body.clone());
        assert_eq!(request.send().await.unwrap().status(), StatusCode::METHOD_NOT_ALLOWED, "{method}");
    }
    // A GET shows the page for people, whatever it carries, and runs nothing.
    let url = format!("http://{}/graphql?query={}", host.address, CREATE.replace(' ', "%20"));
    let got =
        reqwest::Client::new().get(url).header("x-channel", "retail").header("x-guest-token", "g".repeat(40));
    let got = got.header("content-type", "application/json").body(body).send().await.unwrap();
    assert!(got.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
    assert!(!got.text().await.unwrap().contains("\"data\""));
}

async fn bodies_that_are_not_one_request(host: &TestHost) {
    let one = json!({ "query": CREATE });
    let deep = "[".repeat(200_000);
    let post =
        |body: Vec<u8>| request(host, Method::POST).header("content-type", "application/json").body(body);
    for body in [
        json!([one]).to_string(),
        json!([one, one]).to_string(),
        json!(vec![one.clone(); 10_000]).to_string(),
        "null".to_owned(),
        String::new(),
        "{".to_owned(),
        json!({ "query": 1 }).to_string(),
        format!("{{\"query\":\"{{ me }}\",\"variables\":{{\"x\":{deep}}}}}"),
        format!("{one}{one}"),
        r#"{"query":"\ud800"}"#.to_owned(),
    ] {
        let answer = post(body.clone().into_bytes()).send().await.unwrap();
        let shown = body.chars().take(80).collect::<String>();
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{shown}");
        let body: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
        assert_eq!(body["errors"][0]["extensions"]["code"], "BAD_REQUEST", "{shown}");
    }
    let no_text = post(b"{\"query\":\"\xff\xfe\"}".to_vec()).send().await.unwrap();
    assert_eq!(no_text.status(), StatusCode::BAD_REQUEST);

    let large = json!({ "query": CREATE, "variables": { "x": "x".repeat(9 * 1024 * 1024) } }).to_string();
    let refused = post(large.into_bytes()).send().await.map(|answer| answer.status());
    // The host may close the door while the body is still coming.
    assert!(matches!(refused, Ok(StatusCode::PAYLOAD_TOO_LARGE) | Err(_)), "{refused:?}");
}

async fn headers_that_mean_nothing(host: &TestHost) {
    let client = host.client();
    for (header, value) in [
        ("x-channel", "nowhere"),
        ("x-channel", ""),
        ("x-channel", "wholesale'; --"),
        ("x-channel", "WHOLESALE"),
        ("x-channel-id", "wholesale"),
        ("x-channel-id", "channel:0198ffff-0000-7000-8000-00000000dead"),
        ("x-channel-id", "order:0198ffff-0000-7000-8000-00000000dead"),
        ("x-currency", "euro"),
        ("x-currency", ""),
        ("x-guest-token", "short"),
        ("x-guest-token", "has blanks and is otherwise long enough to be one"),
        ("x-guest-token", &"g".repeat(129)),
        ("x-guest-token", &"g".repeat(9_000)),
    ] {
        let refused = client.with(header, value).send("{ me { kind } }", json!({})).await;
        let shown = value.chars().take(50).collect::<String>();
        assert_eq!(
            (refused.status, refused.error_code().as_str()),
            (400, "BAD_REQUEST"),
            "{header}: {shown}"
        );
    }
    // A known currency that the channel does not sell in changes nothing.
    let me = client.channel("wholesale").with("x-currency", "USD");
    let price = me
        .send("{ variantsBySku(skus: [\"HEX-001\"]) { price { amount currencyCode } } }", json!({}))
        .await
        .ok();
    assert_eq!(price.at("/variantsBySku/0/price/currencyCode"), "EUR");
}

async fn documents_over_a_limit(host: &TestHost) {
    let client = host.client().channel("wholesale");
    let nested = |levels: usize| {
        let pairs = "cart(id: \"cart:0\") { approvalRequest { ".to_owned()
            + &"cart { approvalRequest { ".repeat(levels);
        format!("{{ {pairs} id {}", "} ".repeat(2 * levels + 3))
    };
    let aliases =
        |count: usize, field: &str| (0..count).map(|n| format!("a{n}: {field} ")).collect::<String>();
    let sign_in = "signIn(input: { email: \"a@b.c\", password: \"password\" }) { userErrors { code } }";
    for (what, query) in [
        ("depth", nested(6)),
        ("aliases of a cheap field", format!("{{ me {{ {} }} }}", aliases(51, "name"))),
        (
            "aliases of an expensive one",
            format!("{{ {} }}", aliases(51, "products(first: 1) { nodes { id } }")),
        ),
        ("fields at the root", format!("{{ {} }}", "me { name } ".repeat(21))),
        ("mutations", format!("mutation {{ {} }}", aliases(5, sign_in))),
        ("fields", format!("{{ me {{ {} }} }}", "name ".repeat(10_000))),
        ("directives", format!("{{ me {{ name {} }} }}", "@skip(if: false) ".repeat(500))),
        ("pages", format!("{{ products(first: 100) {{ nodes {{ {} }} }} }}", "id ".repeat(101))),
        ("pages unsaid", format!("{{ products {{ nodes {{ {} }} }} }}", "id ".repeat(501))),
        ("lists in lists", "{ products { nodes { variants { product { variants { sku } } } } } }".to_owned()),
        (
            "fragments in circles",
            "{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }".to_owned(),
        ),
        ("fragments that double", doubling(20)),
        (
            "introspection",
            "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }".to_owned(),
        ),
    ] {
        let refused = client.send(&query, json!({})).await;
        let shown = query.chars().take(80).collect::<String>();
        assert_eq!(refused.error_code(), "LIMIT_EXCEEDED", "{what}: {shown}: {}", refused.body);
        assert!(refused.body["data"].is_null(), "{what}");
    }
    for query in [
        "{ ".repeat(5_000),
        "{ me { kind } ".to_owned(),
        "subscription { me { kind } }".to_owned(),
        "{ }".to_owned(),
        String::new(),
    ] {
        let refused = client.send(&query, json!({})).await;
        assert_eq!(refused.error_code(), "BAD_USER_INPUT", "{}", refused.body);
    }
}

/// Fragments of which each holds the next twice: two to the power of `levels` fields, in a few lines.
fn doubling(levels: usize) -> String {
    let fragments: String =
        (0..levels).map(|n| format!("fragment f{n} on Me {{ ...f{0} ...f{0} }} ", n + 1)).collect();
    format!("{{ me {{ ...f0 }} }} {fragments} fragment f{levels} on Me {{ name }}")
}

async fn lists_over_a_limit(host: &TestHost) {
    let buyer = host.client().channel("wholesale");
    for first in
        [json!(101), json!(0), json!(-1), json!(i64::from(i32::MAX)), json!(i64::MAX), json!("5"), json!(1.5)]
    {
        assert_bad_input(
            &buyer,
            "query($first: Int) { products(first: $first) { nodes { id } } }",
            json!({ "first": first }),
        )
        .await;
    }
    for after in ["", "1", "x'; --", "\u{0}"] {
        assert_bad_input(
            &buyer,
            "query($after: String) { products(after: $after) { nodes { id } } }",
            json!({ "after": after }),
        )
        .await;
    }
    let query = "query($skus: [String!]!) { variantsBySku(skus: $skus) { sku } }";
    assert_bad_input(&buyer, query, json!({ "skus": vec!["HEX-001"; 1_001] })).await;
    assert_bad_input(&buyer, query, json!({ "skus": [1] })).await;
    let most = buyer.send(query, json!({ "skus": skus(1_000) })).await.ok();
    assert_eq!(most.at("/variantsBySku").as_array().unwrap().len(), 1_000);
    for text in ["%", "\\", "'", "\u{0}", "_", "a' OR 1=1; --", &"w".repeat(500)] {
        let query = "query($text: String) { products(text: $text) { nodes { id } } }";
        let found = buyer.send(query, json!({ "text": text })).await;
        assert_ne!(found.error_code(), "INTERNAL", "{text:?}: {}", found.body);
        assert!(found.at("/products/nodes").as_array().is_none_or(Vec::is_empty), "{text:?}: {}", found.body);
    }
}

async fn assert_bad_input(client: &Client, query: &str, variables: Value) {
    let refused = client.send(query, variables).await;
    let code = refused.error_code();
    assert!(code == "BAD_USER_INPUT" || code == "LIMIT_EXCEEDED", "{}", refused.body);
}
