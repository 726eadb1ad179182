use vectis_plugin_api::{ErrorCode, testing};

use crate::{B2bOrderProcess, Config};

#[test]
fn wrong_configurations_are_refused_with_place_and_fix() {
    for (config, message) in [
        (
            r#"{ "hold_over_amount": { "EUR": "1.000,00" } }"#,
            r#"/hold_over_amount/EUR: must be an amount that is not negative, like "50000.00", not "1.000,00""#,
        ),
        (
            r#"{ "hold_over_amount": { "EUR": "-1" } }"#,
            r#"/hold_over_amount/EUR: must be an amount that is not negative, like "50000.00", not "-1""#,
        ),
        (
            r#"{ "hold_over_amount": { "eur": "1" } }"#,
            r#"/hold_over_amount/eur: must stand under an ISO 4217 code of three upper-case letters, like "EUR""#,
        ),
        (
            r#"{ "hold_over": {} }"#,
            "/hold_over: unknown field `hold_over`, expected one of `hold_over_amount`, `hold_approved`, `buyers_may_cancel`",
        ),
    ] {
        let error = testing::order_process::<B2bOrderProcess>(config).err().unwrap();

        assert_eq!((error.code, error.message.as_str()), (ErrorCode::CONFIG, message));
    }
}

#[test]
fn the_example_of_the_readme_is_a_configuration() {
    let example =
        include_str!("../../README.md").split("```").find_map(|block| block.strip_prefix("json")).unwrap();

    assert_eq!(testing::order_process::<B2bOrderProcess>(example).err(), None);
}

#[test]
fn the_manifest_states_the_configuration() {
    testing::assert_config_schema::<Config>(include_str!("../../plugin.toml"), "b2b");
}
