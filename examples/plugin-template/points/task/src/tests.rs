use vectis_plugin_api::ErrorCode;
use vectis_plugin_api::services::Response;
use vectis_plugin_api::testing::{self, TestHost, task_run};

use super::{Config, PluginTemplate};

#[test]
fn the_rate_is_read_and_kept() {
    let host = TestHost::default();
    host.on_http(|_| Ok(Response::new(200, "490")));
    let task = testing::task_on::<PluginTemplate>(&host, "{}").unwrap();

    let report = task.run(&task_run(|_| {})).unwrap();

    assert_eq!((report.count, report.summary.as_str()), (1, "the rate is 490"));
    assert_eq!(host.handle().kv_get("rate").unwrap().as_deref(), Some(&b"490"[..]));
}

#[test]
fn when_the_rates_are_away_the_run_is_to_be_attempted_again() {
    let host = TestHost::default();
    host.on_http(|_| Ok(Response::new(503, "")));
    let task = testing::task_on::<PluginTemplate>(&host, "{}").unwrap();

    assert_eq!(task.run(&task_run(|_| {})).unwrap_err().code, ErrorCode::UNAVAILABLE);
}

#[test]
fn the_manifest_states_the_configuration() {
    testing::assert_config_schema::<Config>(include_str!("../plugin.toml"), "plugin-template");
}
