//! Guessing is slow: attempts are counted, not requests, and known and unknown e-mails alike.

use serde_json::json;
use vectis_tests::shop::PASSWORD;
use vectis_tests::{Client, PluginFolder, TestHost};

const WRONG: &str = "INVALID_CREDENTIALS @ ";
const TOO_MANY: &str = "TOO_MANY_ATTEMPTS @ ";

async fn attempt(client: &Client, email: &str, password: &str) -> Vec<String> {
    client
        .mutate("signIn { tokens { accessToken } }", json!({ "email": email, "password": password }))
        .await
        .user_errors()
}

#[tokio::test(flavor = "multi_thread")]
async fn guesses_are_counted_per_login_and_per_address() {
    let host = TestHost::configured(PluginFolder::first_party(), true, |config| {
        config.identity.attempts_per_login = 3;
        config.identity.attempts_per_address = 40;
        config.identity.registrations_per_address = 2;
        config.identity.attempts_window = std::time::Duration::from_hours(1);
    })
    .await;
    let client = host.client();

    for email in ["buyer@demo.vectis.test", "nobody@nowhere.test"] {
        for _ in 0..3 {
            assert_eq!(attempt(&client, email, "wrong password").await, [WRONG], "{email}");
        }
        for _ in 0..2 {
            assert_eq!(attempt(&client, email, "wrong password").await, [TOO_MANY], "{email}");
        }
    }
    assert_eq!(attempt(&client, "buyer@demo.vectis.test", PASSWORD).await, [TOO_MANY], "even the right one");
    assert_eq!(
        attempt(&client, " BUYER@demo.vectis.test", PASSWORD).await,
        [TOO_MANY],
        "however it is written"
    );

    // Four guesses in one request are four guesses.
    let guess = |name: &str| {
        format!(
            "{name}: signIn(input: {{ email: \"approver@demo.vectis.test\", password: \"wrong password\" }}) {{ userErrors {{ code }} }}"
        )
    };
    let many = client
        .send(&format!("mutation {{ {} }}", ["a", "b", "c", "d"].map(guess).join(" ")), json!({}))
        .await;
    let codes = ["a", "b", "c", "d"].map(|name| many.text(&format!("/{name}/userErrors/0/code")));
    assert_eq!(
        codes,
        ["INVALID_CREDENTIALS", "INVALID_CREDENTIALS", "INVALID_CREDENTIALS", "TOO_MANY_ATTEMPTS"]
    );

    // Who succeeds is not counted.
    for _ in 0..5 {
        assert_eq!(attempt(&client, "admin@demo.vectis.test", PASSWORD).await, Vec::<String>::new());
    }

    // Nor does it help to guess at many people from one address.
    let mut guesses = 0;
    while attempt(&client, &format!("person-{guesses}@nowhere.test"), "wrong password").await != [TOO_MANY] {
        guesses += 1;
        assert!(guesses <= 40, "an address is never refused");
    }
    assert_eq!(attempt(&client, "admin@demo.vectis.test", PASSWORD).await, [TOO_MANY]);

    registrations_are_counted(&client).await;
    host.stop().await;
}

async fn registrations_are_counted(client: &Client) {
    let register = |email: &str, password: &str| {
        client.mutate(
            "customerRegister { loginId }",
            json!({ "email": email, "name": "New", "password": password }),
        )
    };
    assert_eq!(register("new@retail.test", "password1").await.user_errors(), ["WEAK_PASSWORD @ password"]);
    register("new@retail.test", PASSWORD).await.ok();
    for email in ["newer@retail.test", "admin@demo.vectis.test"] {
        assert_eq!(register(email, PASSWORD).await.user_errors(), [TOO_MANY], "{email}");
    }
}
