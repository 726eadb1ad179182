//! Staff's commands on companies, people, roles, channels and taxes that cannot be.

use serde_json::{Value, json};
use vectis_tests::shop::PASSWORD;
use vectis_tests::{Client, TestHost};

use super::{assert_refused, missing};

#[tokio::test(flavor = "multi_thread")]
async fn bad_settings_are_refused_as_a_whole() {
    let host = TestHost::demo().await;
    let staff = host.staff().await;

    accounts(&host, &staff).await;
    people_and_roles(&host, &staff).await;
    channels_and_strategies(&host, &staff).await;
    taxes(&host, &staff).await;
    host.stop().await;
}

async fn accounts(host: &TestHost, staff: &Client) {
    let person = |email: &str, password: &str, role: &str| json!({ "email": email, "name": "Somebody", "password": password, "role": role });
    let account = |name: &str, employees: Value| json!({ "name": name, "locations": [{ "name": "Bremen", "employees": employees }] });
    let mut wrong = account("", json!([person("buyer@demo.vectis.test", PASSWORD, "Buyer")]));
    wrong["paymentTerms"] = json!("sometime");
    wrong["creditLimit"] = json!({ "amount": "-1.00", "currencyCode": "EUR" });
    wrong["groupIds"] = json!([missing("group")]);
    wrong["locations"][0]["address"] =
        json!({ "name": "A", "street": "B", "city": "C", "country": "Germany" });
    let people = json!([
        person("no address", PASSWORD, "Buyer"),
        person("twice@new.test", PASSWORD, "Buyer"),
        person("twice@new.test", PASSWORD, "Emperor"),
        person("weak@new.test", "password1", "Buyer"),
    ]);
    let bad = json!([
        account("Good", json!([person("good@new.test", PASSWORD, "Buyer")])),
        wrong,
        account("People", people)
    ]);
    let expected = [
        "EMAIL_TAKEN @ accounts.1.locations.0.employees.0.email",
        "EMAIL_TAKEN @ accounts.2.locations.0.employees.2.email",
        "GROUP_NOT_FOUND @ accounts.1.groupIds.0",
        "INVALID_EMAIL @ accounts.2.locations.0.employees.0.email",
        "INVALID_INPUT @ accounts.1.creditLimit",
        "INVALID_INPUT @ accounts.1.locations.0.address.country",
        "INVALID_INPUT @ accounts.1.name",
        "INVALID_INPUT @ accounts.1.paymentTerms",
        "ROLE_NOT_FOUND @ accounts.2.locations.0.employees.2.role",
        "WEAK_PASSWORD @ accounts.2.locations.0.employees.3.password",
    ];
    let refused = host.unchanged_by(staff.mutate("accountsCreate", json!({ "accounts": bad }))).await;
    let mut errors = refused.user_errors();
    errors.sort();
    assert_eq!(errors, expected);
    for (bad, expected) in [
        (vec![account("Many", json!([])); 1_001], "TOO_MANY @ accounts"),
        (vec![json!({ "name": "Nowhere", "locations": [] })], "INVALID_INPUT @ accounts.0.locations"),
    ] {
        assert_refused(host, staff, "accountsCreate", json!({ "accounts": bad }), &[expected]).await;
    }
    let input = json!({ "id": missing("account"), "version": 1, "name": "X" });
    assert_refused(host, staff, "accountUpdate", input, &["ACCOUNT_NOT_FOUND @ id"]).await;
}

async fn people_and_roles(host: &TestHost, staff: &Client) {
    let location = staff.send("{ accounts { nodes { locations { id } } } }", json!({})).await;
    let location = location.text("/accounts/nodes/0/locations/0/id");
    let person = json!({ "email": "nobody", "name": "", "password": "short", "role": "Emperor" });
    let hired = [
        "INVALID_EMAIL @ employee.email",
        "INVALID_INPUT @ employee.name",
        "ROLE_NOT_FOUND @ employee.role",
        "WEAK_PASSWORD @ employee.password",
    ];
    let input = json!({ "locationId": location, "employee": person });
    let refused = host.unchanged_by(staff.mutate("employeeCreate", input)).await;
    let mut errors = refused.user_errors();
    errors.sort();
    assert_eq!(errors, hired);

    let role = missing("staffrole");
    let login = json!({ "email": "nobody", "name": "", "password": "vectis-demo-1\u{0}" });
    for (mutation, input, expected) in [
        (
            "employeeCreate",
            json!({ "locationId": missing("location"), "employee": person }),
            vec!["LOCATION_NOT_FOUND @ locationId"],
        ),
        (
            "addressCreate",
            json!({ "locationId": location, "address": { "name": "A", "street": "B", "city": "C\u{0}", "country": "de" } }),
            vec!["INVALID_INPUT @ address.country", "INVALID_INPUT @ address.city"],
        ),
        (
            "locationCreate",
            json!({ "accountId": missing("account"), "location": { "name": "Bremen" } }),
            vec!["ACCOUNT_NOT_FOUND @ accountId"],
        ),
        (
            "roleUpsert",
            json!({ "name": "", "permissions": ["orders.conquer"] }),
            vec!["INVALID_INPUT @ name", "UNKNOWN_PERMISSION @ permissions"],
        ),
        ("customerGroupUpsert", json!({ "name": " " }), vec!["INVALID_INPUT @ name"]),
        (
            "staffRoleUpsert",
            json!({ "name": "R", "permissions": ["orders.conquer"] }),
            vec!["UNKNOWN_PERMISSION @ permissions"],
        ),
        (
            "staffCreate",
            json!({ "login": login, "roleIds": [role] }),
            vec![
                "ROLE_NOT_FOUND @ roleIds.0",
                "INVALID_EMAIL @ login.email",
                "INVALID_INPUT @ login.name",
                "WEAK_PASSWORD @ login.password",
            ],
        ),
        ("staffRolesSet", json!({ "id": missing("login"), "roleIds": [] }), vec!["LOGIN_NOT_FOUND @ id"]),
        ("loginActivate", json!({ "id": missing("login"), "isActive": false }), vec!["LOGIN_NOT_FOUND @ id"]),
        (
            "employeeUpdate",
            json!({ "id": missing("employee"), "name": "X" }),
            vec!["EMPLOYEE_NOT_FOUND @ id"],
        ),
    ] {
        assert_refused(host, staff, mutation, input, &expected).await;
    }
    // The one who may manage staff cannot be locked out.
    let me = staff.send("{ staff { nodes { id } } }", json!({})).await.text("/staff/nodes/0/id");
    let alone = ["LAST_MANAGER @ "];
    assert_refused(host, staff, "staffRolesSet", json!({ "id": me, "roleIds": [] }), &alone).await;
    assert_refused(host, staff, "loginActivate", json!({ "id": me, "isActive": false }), &alone).await;
}

async fn channels_and_strategies(host: &TestHost, staff: &Client) {
    let settings = |slug: &str| json!({ "slug": slug, "name": "A channel", "mode": "B2B", "currencyCode": "EUR", "country": "DE" });
    let mut wrong = settings("Has Blanks");
    wrong["country"] = json!("Germany");
    wrong["timeZone"] = json!("Mars/Olympus");
    wrong["guestCheckout"] = json!(true);
    let wrong_errors = ["country", "guestCheckout", "slug", "timeZone"];
    let refused = host.unchanged_by(staff.mutate("channelCreate", wrong.clone())).await;
    assert_eq!(fields_of(&refused.user_errors()), wrong_errors);
    let channel = staff.send("{ channel { id version } }", json!({})).await;
    let (id, version) = (channel.text("/channel/id"), channel.at("/channel/version"));
    let input = json!({ "id": id, "version": version, "settings": wrong });
    let refused = host.unchanged_by(staff.mutate("channelUpdate", input)).await;
    assert_eq!(fields_of(&refused.user_errors()), wrong_errors.map(|field| format!("settings.{field}")));

    let mut homeless = settings("homeless");
    homeless["warehouseIds"] = json!([missing("warehouse")]);
    let moved = json!({ "id": id, "version": version, "settings": homeless });
    for (mutation, input, expected) in [
        ("channelCreate", homeless, "INVALID_INPUT @ warehouseIds.0"),
        ("channelUpdate", moved, "INVALID_INPUT @ settings.warehouseIds.0"),
        ("channelCreate", settings("retail"), "SLUG_TAKEN @ slug"),
        (
            "channelUpdate",
            json!({ "id": id, "version": version, "settings": settings("retail") }),
            "SLUG_TAKEN @ settings.slug",
        ),
        (
            "channelUpdate",
            json!({ "id": id, "version": 99, "settings": settings("new") }),
            "STALE_VERSION @ version",
        ),
        (
            "channelUpdate",
            json!({ "id": missing("channel"), "version": 1, "settings": settings("new") }),
            "CHANNEL_NOT_FOUND @ id",
        ),
        (
            "strategyActivate { plugins { name } }",
            json!({ "channelId": missing("channel"), "point": "vectis.pricing", "plugin": "tiered-pricing" }),
            "CHANNEL_NOT_FOUND @ channelId",
        ),
        (
            "strategyActivate { plugins { name } }",
            json!({ "channelId": id, "point": "vectis.magic", "plugin": "tiered-pricing" }),
            "UNKNOWN_POINT @ point",
        ),
        (
            "strategyActivate { plugins { name } }",
            json!({ "channelId": id, "point": "vectis.pricing", "plugin": "nobody" }),
            "PLUGIN_NOT_FOUND @ plugin",
        ),
        (
            "strategyActivate { plugins { name } }",
            json!({ "channelId": id, "point": "vectis.tax", "plugin": "tiered-pricing" }),
            "ENTRY_POINT_NOT_FOUND @ entryPoint",
        ),
    ] {
        assert_refused(host, staff, mutation, input, &[expected]).await;
    }
}

/// The fields of user errors, sorted.
fn fields_of(errors: &[String]) -> Vec<&str> {
    let mut fields: Vec<&str> =
        errors.iter().filter_map(|error| error.split_once(" @ ")).map(|(_, field)| field).collect();
    fields.sort_unstable();
    fields
}

async fn taxes(host: &TestHost, staff: &Client) {
    let account = staff.send("{ accounts { nodes { id } } }", json!({})).await.text("/accounts/nodes/0/id");
    let grant = json!({
        "accountId": account, "country": "Germany", "certificate": "",
        "validFrom": "2030-01-01T00:00:00Z", "validTo": "2029-01-01T00:00:00Z",
    });
    let refused = host.unchanged_by(staff.mutate("taxExemptionGrant", grant)).await;
    assert_eq!(fields_of(&refused.user_errors()), ["certificate", "country", "validTo"], "{}", refused.body);
    let grant = |account: &str, location: &str| json!({ "accountId": account, "locationId": location, "certificate": "C-1", "validFrom": "2030-01-01T00:00:00Z" });
    let elsewhere = staff.company("elsewhere.test", "0").await;
    for (input, expected) in [
        (grant(&missing("account"), &elsewhere.location), "INVALID_INPUT @ accountId"),
        (grant(&account, &missing("location")), "INVALID_INPUT @ locationId"),
        (grant(&account, &elsewhere.location), "INVALID_INPUT @ locationId"),
    ] {
        assert_refused(host, staff, "taxExemptionGrant", input, &[expected]).await;
    }
    let withdraw = json!({ "id": missing("exemption") });
    assert_refused(host, staff, "taxExemptionWithdraw", withdraw, &["EXEMPTION_NOT_FOUND @ id"]).await;
}
