//! A new version is asked what the one before was asked, before anybody sees its answers.

use vectis_contracts::plugins::{PluginCode, Plugins, SwapPlugin};

use crate::libraries::fault_plugin;
use crate::life::{refused, version};
use crate::questions::cart;
use crate::refusals::assert_says;
use crate::shop::{Folder, Shop, ctx, surcharge};

async fn recording(calls: usize) -> Shop {
    let folder = Folder::new(&[("fault.so", fault_plugin())]);
    folder.bind("vectis.pricing", surcharge(0));
    let options = vectis_plugin_runtime::RuntimeOptions { record_calls: calls, ..folder.options() };
    folder.start_with(options).await.ok().unwrap()
}

#[tokio::test]
async fn different_answers_to_recorded_questions_stand_against_a_swap_until_they_are_confirmed() {
    let shop = recording(2).await;
    shop.install("newer.so", &version("1.1.0", 7)).await;
    for sku in ["old question", "BOLT-1", "BOLT-2"] {
        shop.pricing().unwrap().price(&cart(sku, 1)).unwrap();
    }

    let (code, sentence) = refused(shop.swap("1.1.0").await);

    assert_eq!(code, PluginCode::AnswersDiffer);
    assert_eq!(
        sentence,
        "fault 1.1.0 answers differently than the version in force: vectis.pricing fault-pricing in channel shop: \
         1 × BOLT-1: 1 EUR becomes 1 × BOLT-1: 1.000007 EUR; vectis.pricing fault-pricing in channel shop: \
         1 × BOLT-2: 1 EUR becomes 1 × BOLT-2: 1.000007 EUR; confirm the differences if they are meant"
    );
    assert_eq!(shop.adds(), 0);

    let swap = SwapPlugin { plugin: "fault".to_owned(), to: "1.1.0".to_owned(), confirm_differences: true };
    shop.runtime.swap(&ctx(), swap).await.unwrap();
    assert_eq!(shop.adds(), 7);
}

#[tokio::test]
async fn equal_answers_let_a_version_take_over_and_comparing_counts_no_calls() {
    let shop = recording(8).await;
    shop.install("newer.so", &version("1.1.0", 0)).await;
    shop.pricing().unwrap().price(&cart("BOLT-1", 3)).unwrap();
    assert!(shop.pricing().unwrap().price(&cart("error", 1)).is_err());

    shop.swap("1.1.0").await.unwrap();

    let health = shop.runtime.health(&ctx()).await.unwrap();
    let calls = health.plugins[0].calls.iter().find(|calls| calls.point == "vectis.pricing").unwrap();
    assert_eq!((calls.calls, calls.errors), (2, 1));
}

#[tokio::test]
async fn nothing_is_compared_unless_the_operator_wants_calls_recorded() {
    let shop = recording(0).await;
    shop.install("newer.so", &version("1.1.0", 7)).await;
    shop.pricing().unwrap().price(&cart("BOLT-1", 1)).unwrap();

    shop.swap("1.1.0").await.unwrap();

    assert_eq!(shop.adds(), 7);
}

#[tokio::test]
async fn an_answer_that_turns_into_an_error_is_told() {
    let shop = recording(4).await;
    shop.install("newer.so", &version("1.1.0", 999_999)).await;
    shop.pricing().unwrap().price(&cart("BOLT-1", 1)).unwrap();

    let (_, sentence) = refused(shop.swap("1.1.0").await);

    assert_says(&sentence, &["1 × BOLT-1: 1 EUR becomes 1 × BOLT-1: 1.999999 EUR"]);
}
