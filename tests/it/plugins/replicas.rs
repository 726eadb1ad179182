//! Two hosts on one database run the same versions, and each says what it runs.

use serde_json::{Value, json};
use vectis_tests::plugins::fault_version;
use vectis_tests::{Client, PluginFolder};

use super::{cart_prices, install, roll_back, shop_with_versions, soon, swap};

/// What each host says of the fault plugin: version and problem, and how many there are.
async fn reports(staff: &Client) -> Vec<(String, bool)> {
    let query = "{ pluginsHealth { replicas { plugins { name version problem } } } }";
    let answer = staff.send(query, json!({})).await.ok();
    let replicas = answer.at("/pluginsHealth/replicas");
    let plugin = |replica: &Value| {
        let plugins = replica["plugins"].as_array()?;
        let fault = plugins.iter().find(|plugin| plugin["name"] == "fault")?;
        Some((fault["version"].as_str()?.to_owned(), !fault["problem"].is_null()))
    };
    replicas.as_array().unwrap().iter().filter_map(plugin).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hosts_on_one_database_converge_and_the_one_without_the_file_says_so() {
    let one = shop_with_versions().await;
    let folder = PluginFolder::first_party();
    folder.drop_in("fault-plugin");
    let two = one.beside(folder).await;
    let (staff, here, there) = (one.staff().await, one.buyer().await, two.buyer().await);
    let base = cart_prices(&here, 3).await.unwrap();
    let dearer: Vec<i64> = base.iter().map(|price| price + 5).collect();
    assert_eq!(cart_prices(&there, 3).await.unwrap(), base);
    one.plugins.bring("newer.so", &fault_version("1.1.0", "5"));
    install(&staff, "newer.so").await.ok();

    swap(&staff, "1.1.0").await.ok();

    assert_eq!(cart_prices(&here, 3).await.unwrap(), dearer);
    let is_told = || async { reports(&staff).await.contains(&("1.0.0".to_owned(), true)) };
    soon("the host without the file says so", is_told).await;
    assert_eq!(cart_prices(&there, 3).await.unwrap(), base);
    two.plugins.bring("newer.so", &fault_version("1.1.0", "5"));
    let all_run = |version: &'static str| {
        let staff = &staff;
        move || async move { reports(staff).await == vec![(version.to_owned(), false); 2] }
    };
    soon("both run 1.1.0", all_run("1.1.0")).await;
    assert_eq!(cart_prices(&there, 3).await.unwrap(), dearer);
    roll_back(&two.staff().await).await.ok();
    soon("both run 1.0.0", all_run("1.0.0")).await;
    assert_eq!(cart_prices(&here, 3).await.unwrap(), base);

    two.stop().await;
    assert_eq!(reports(&staff).await.len(), 1);
    one.stop().await;
}
