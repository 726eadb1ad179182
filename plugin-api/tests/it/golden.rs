//! Plugins frozen as binaries against this version of the API: built for 1.0, for 1.1, for 1.2, for a 1.3 that adds a field to the
//! root module and a method to a vtable, and for a 1.2 with another record layout. See `tests/golden/README.md`.

use std::path::{Path, PathBuf};
use std::process::Command;

use vectis_plugin_api::abi::approval::{may_decide, plan};
use vectis_plugin_api::abi::embed::{BUILD_SECTION, GRAPHQL_SECTION, MANIFEST_SECTION};
use vectis_plugin_api::abi::fields::answer;
use vectis_plugin_api::abi::load::{OpenErrorKind, open};
use vectis_plugin_api::abi::module::PluginModRef;
use vectis_plugin_api::abi::order_process::{place, states, step, transitions};
use vectis_plugin_api::abi::pricing::{PricingCall, PricingObj, price};
use vectis_plugin_api::abi::task::{Question, run};
use vectis_plugin_api::abi::tax::{TaxAmount, TaxCall, TaxKind, stage, tax};
use vectis_plugin_api::approval::{ApprovalStep, Approver};
use vectis_plugin_api::manifest::Manifest;
use vectis_plugin_api::order_process::{Effect, State, Step, Transition};
use vectis_plugin_api::pricing::{Candidate, Line, PriceLevel, Priced};
use vectis_plugin_api::task::{TaskCtx, TaskReport, TaskRun};
use vectis_plugin_api::tax::{STAGE_VAT, TaxLine};
use vectis_plugin_api::testing::{NOW_MS, TestHost, approval_facts, decision_facts, order_facts};
use vectis_plugin_api::{Error, ErrorCode, Id};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden")
}

fn load(name: &str) -> PluginModRef {
    open(&folder().join(name)).unwrap()
}

fn new_pricing(module: PluginModRef, config: &str, host: &TestHost) -> Result<PricingObj, Error> {
    let object = module.new_pricing()("golden-price".into(), config.into(), host.object());
    Ok(object.into_result()?)
}

fn price_one(pricing: &PricingObj, quantity_milli: i64) -> Result<Vec<Priced>, Error> {
    let candidates = [Candidate::new(PriceLevel::DEFAULT, 100)];
    let lines = [Line::new(Id::NIL, "A-1", quantity_milli).with_candidates(0, 1)];
    price(pricing, &PricingCall::new("EUR", Id::NIL, &candidates), &lines)
}

#[test]
fn a_1_0_plugin_prices() {
    let host = TestHost::default();

    let pricing = new_pricing(load("golden-1.0.so"), r#"{ "surcharge_micros": 5 }"#, &host).unwrap();

    assert_eq!(price_one(&pricing, 1_000).unwrap(), [Priced::at(105).from_candidate(0)]);
    let messages: Vec<_> = host.logs().into_iter().map(|line| line.message).collect();
    assert_eq!(messages, ["golden price ready", &format!("1 lines in EUR at {NOW_MS}")]);
}

#[test]
fn a_panic_of_a_1_0_plugin_is_an_error_and_the_instance_keeps_answering() {
    let host = TestHost::default();
    let pricing = new_pricing(load("golden-1.0.so"), r#"{ "surcharge_micros": 5 }"#, &host).unwrap();

    let error = price_one(&pricing, 0).unwrap_err();

    assert_eq!(error.code, ErrorCode::PANICKED);
    assert!(error.message.ends_with("no quantity of A-1"), "{}", error.message);
    assert_eq!(price_one(&pricing, 1_000).unwrap().len(), 1);
}

#[test]
fn a_1_0_plugin_refuses_a_wrong_configuration() {
    let host = TestHost::default();

    let error = new_pricing(load("golden-1.0.so"), r#"{ "surcharge": 5 }"#, &host).err().unwrap();

    assert_eq!(error.code, ErrorCode::CONFIG);
    assert!(error.message.starts_with("/surcharge: unknown field"), "{}", error.message);
}

#[test]
fn an_entry_point_that_the_code_lacks_is_refused() {
    let module = load("golden-1.0.so");

    let object = module.new_tax()("golden-price".into(), "{}".into(), TestHost::default().object());

    let error = Error::from(object.into_result().err().unwrap());
    assert_eq!(error.code, ErrorCode::UNSUPPORTED);
    assert!(error.message.contains("no entry point golden-price"), "{}", error.message);
}

#[test]
fn a_1_0_plugin_taxes() {
    let module = load("golden-1.0.so");
    let object = module.new_tax()("golden-tax".into(), "{}".into(), TestHost::default().object());
    let object = object.into_result().unwrap();
    let call = TaxCall {
        currency: "EUR".into(),
        channel_id: Id::NIL,
        country: "DE".into(),
        region: "".into(),
        city: "".into(),
        postal_code: "".into(),
        now_ms: 0,
        budget_ns: 0,
        ext: "".into(),
        exponent: 2,
        prices_include_tax: false,
    };
    let lines = [TaxLine::new("books", 1_000, 1_000).exempt(true), TaxLine::new("standard", 1_999, 1_000)];

    let answer = tax(&object, &call, &lines).unwrap();

    assert_eq!(stage(&object).unwrap(), STAGE_VAT);
    assert_eq!(answer.kinds.as_slice(), [TaxKind::new("VAT", "DE", 200_000)]);
    assert_eq!(answer.amounts.as_slice(), [TaxAmount { line: 1, kind: 0, amount_minor: 400 }]);
}

#[test]
fn a_1_0_plugin_runs_an_order_process() {
    let module = load("golden-1.0.so");
    let object =
        module.new_order_process()("golden-process".into(), "{}".into(), TestHost::default().object());
    let object = object.into_result().unwrap();
    let unpaid = order_facts(|facts| facts.state = "Open");
    let paid = order_facts(|facts| {
        facts.state = "Open";
        facts.paid_minor = facts.grand_total_minor;
    });

    assert_eq!(
        states(&object).unwrap(),
        [State::new("Open", "Open").editable(), State::new("Closed", "Closed").last()]
    );
    assert_eq!(transitions(&object).unwrap(), [Transition::new("close", "Open", "Closed").for_buyers()]);
    assert_eq!(place(&object, &(&unpaid).into()).unwrap(), Step::go("Open", [Effect::RESERVE_STOCK]));
    assert_eq!(step(&object, &(&unpaid).into(), "Closed").unwrap(), Step::refuse("not paid yet"));
    assert_eq!(
        step(&object, &(&paid).into(), "Closed").unwrap(),
        Step::go("Closed", [Effect::SHIP_STOCK, Effect::CAPTURE_PAYMENT])
    );
}

#[test]
fn a_1_0_plugin_plans_approvals() {
    let module = load("golden-1.0.so");
    let object = module.new_approval()("golden-approval".into(), "{}".into(), TestHost::default().object());
    let object = object.into_result().unwrap();
    let large = approval_facts(|facts| facts.grand_total_minor = 10_001);
    let own = decision_facts(|facts| facts.decided_by = facts.submitted_by);

    assert_eq!(plan(&object, &(&approval_facts(|_| {})).into()).unwrap(), []);
    assert_eq!(
        plan(&object, &(&large).into()).unwrap(),
        [ApprovalStep::new("over 100", 1, [Approver::Role("manager".to_owned())])]
    );
    assert_eq!(may_decide(&object, &(&decision_facts(|_| {})).into()).unwrap(), None);
    assert_eq!(
        may_decide(&object, &(&own).into()).unwrap().as_deref(),
        Some("nobody approves the own order")
    );
}

#[test]
fn a_1_0_plugin_has_no_fields() {
    assert!(load("golden-1.0.so").new_fields().is_none());
}

#[test]
fn a_1_1_plugin_answers_fields_and_mutations() {
    let constructor = load("golden-1.1.so").new_fields().unwrap();
    let object = constructor("golden-fields".into(), "{}".into(), TestHost::default().object());
    let object = object.into_result().unwrap();
    let id = "01010101-0101-0101-0101-010101010101";
    let ask = |question: &str| answer(&object, 0, &question.replace("ID", id)).unwrap();

    let said =
        ask(r#"{ "kind": "field", "field": "Product.golden", "arguments": { "prefix": "a" }, "ctx": {},
                        "parents": [{ "id": "ID", "facts": { "slug": "hex" } }] }"#);
    let echo = ask(r#"{ "kind": "mutation", "field": "goldenEcho", "arguments": { "text": "x" },
                        "ctx": { "now_ms": 5, "idempotency_key": "k" } }"#);

    assert_eq!((said.as_str(), echo.as_str()), (r#"["a hex"]"#, r#"["x"]"#));
    let file = std::fs::read(folder().join("golden-1.1.so")).unwrap();
    let holds = |needle: &[u8]| file.windows(needle.len()).any(|window| window == needle);
    assert!(holds(&std::fs::read(folder().join("plugin/fields.graphql")).unwrap()));
    assert!(holds(GRAPHQL_SECTION.as_bytes()));
}

#[test]
fn plugins_from_before_1_2_have_no_tasks() {
    assert!(load("golden-1.0.so").new_task().is_none());
    assert!(load("golden-1.1.so").new_task().is_none());
}

#[test]
fn a_1_2_plugin_runs_a_task() {
    let constructor = load("golden-1.2.so").new_task().unwrap();
    let object = constructor("golden-task".into(), "{}".into(), TestHost::default().object());
    let question = Question { ctx: TaskCtx::new(None, 5), run: TaskRun::new("nightly", 7) };

    let report = run(&object.into_result().unwrap(), 0, &question).unwrap();

    assert_eq!(report, TaskReport::new(1, "nightly at 7"));
}

#[test]
fn the_code_reports_the_manifest_that_the_file_embeds() {
    let module = load("golden-1.0.so");
    let source = std::fs::read_to_string(folder().join("plugin/plugin-1.0.toml")).unwrap();

    assert_eq!(module.manifest()().as_str(), source);
    assert_eq!(Manifest::parse(&source).unwrap().plugin.name, "golden");
}

#[test]
fn the_file_tells_manifest_and_build_without_being_run() {
    let file = std::fs::read(folder().join("golden-1.0.so")).unwrap();
    let manifest = std::fs::read(folder().join("plugin/plugin-1.0.toml")).unwrap();
    let holds = |needle: &[u8]| file.windows(needle.len()).any(|window| window == needle);

    assert!(holds(&manifest));
    assert!(holds(b"api = \"1.0.0\"\ntarget = \"x86_64-unknown-linux-gnu\"\npanic = \"unwind\"\n"));
    assert!(holds(MANIFEST_SECTION.as_bytes()) && holds(BUILD_SECTION.as_bytes()));
}

#[test]
fn the_layout_of_a_newer_minor_version_fits_an_older_host() {
    let host = TestHost::default();

    let pricing = new_pricing(load("golden-1.3.so"), r#"{ "surcharge_micros": 7 }"#, &host).unwrap();

    assert_eq!(price_one(&pricing, 1_000).unwrap(), [Priced::at(107).from_candidate(0)]);
}

#[test]
fn another_record_layout_is_refused_in_one_line() {
    let error = open(&folder().join("golden-other-layout.so")).err().unwrap();

    assert_eq!(error.kind, OpenErrorKind::Layout);
    assert_eq!(error.summary, "its type Priced differs from this host's: field candidate here, status there");
    assert!(error.report.lines().count() > 100);
}

/// What the host that offers 1.3 prints about a plugin. Builds that host, which takes a minute the first time.
fn host_1_3(plugin: &str) -> String {
    let built = Command::new(folder().join("build.sh")).arg("host").output().unwrap();
    let errors = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success(), "tests/golden/build.sh host failed:\n{errors}");
    let program = String::from_utf8(built.stdout).unwrap();
    let output = Command::new(program.trim()).arg(folder().join(plugin)).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_newer_host_loads_all_and_finds_the_additions_only_in_the_newer_plugin() {
    for older in ["golden-1.0.so", "golden-1.1.so", "golden-1.2.so"] {
        assert_eq!(host_1_3(older), "released: unknown\nprice: 105\nexplain: \"not explained\"\n");
    }
    assert_eq!(
        host_1_3("golden-1.3.so"),
        "released: with API 1.3\nprice: 105\nexplain: \"surcharge of 5\"\n"
    );
    assert!(host_1_3("golden-other-layout.so").starts_with("refused: "));
}
