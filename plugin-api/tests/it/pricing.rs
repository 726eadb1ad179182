use vectis_plugin_api::pricing::{Candidate, Ctx, Line, PriceLevel, Priced, Pricing};
use vectis_plugin_api::schemars::{self, JsonSchema};
use vectis_plugin_api::serde::Deserialize;
use vectis_plugin_api::testing::{self, PricingCart};
use vectis_plugin_api::{Error, ErrorCode, Host, Id, Level};

#[derive(Deserialize, JsonSchema)]
#[serde(crate = "vectis_plugin_api::serde", deny_unknown_fields)]
struct Config {
    #[serde(default)]
    panic_in: String,
}

/// Takes the last candidate, reports what it sees, and misbehaves on demand.
struct Last {
    host: Host,
    config: Config,
}

impl Pricing for Last {
    type Config = Config;

    fn new(config: Config, host: Host) -> Result<Self, Error> {
        assert!(config.panic_in != "new", "cannot build {}", config.panic_in);
        Ok(Self { host, config })
    }

    fn price(&self, ctx: &Ctx<'_>, lines: &[Line<'_>], out: &mut [Priced]) -> Result<(), Error> {
        assert!(self.config.panic_in != "price", "the tier table is poisoned");
        if self.config.panic_in == "price with its own type" {
            std::panic::panic_any(PanicsAgain);
        }
        self.host.log_with(
            Level::DEBUG,
            format!("{} lines in {}", lines.len(), ctx.currency()),
            &vectis_plugin_api::serde_json::json!({ "account": ctx.account_id() }),
        );
        for (line, priced) in lines.iter().zip(out) {
            ctx.check()?;
            if let Some((index, candidate)) = ctx.candidates(line).iter().enumerate().next_back() {
                *priced = Priced::at(candidate.unit_price_micros).from_candidate(index);
            }
        }
        Ok(())
    }
}

impl Drop for Last {
    fn drop(&mut self) {
        assert!(self.config.panic_in != "drop", "cannot let go");
    }
}

struct PanicsAgain;

impl Drop for PanicsAgain {
    fn drop(&mut self) {
        panic!("a panic's payload panics");
    }
}

fn cart() -> PricingCart {
    let list = |micros| Candidate::new(PriceLevel::DEFAULT, micros);
    PricingCart::new("EUR")
        .line("A-1", 1_000, &[list(1_000_000), list(2_000_000)])
        .line("B-2", 2_500, &[])
        .line("C-3", 500, &[list(12_500)])
}

fn build(panic_in: &str) -> Result<testing::PricingHarness, Error> {
    testing::pricing::<Last>(vectis_plugin_api::serde_json::json!({ "panic_in": panic_in }))
}

#[test]
fn each_line_sees_its_own_candidates_and_keeps_no_price_by_default() {
    let priced = build("").unwrap().price(&cart()).unwrap();

    assert_eq!(
        priced,
        [Priced::at(2_000_000).from_candidate(1), Priced::none(), Priced::at(12_500).from_candidate(0)]
    );
    assert!(!priced[1].has_price());
}

#[test]
fn a_batch_of_ten_thousand_lines_is_answered_in_one_call() {
    let candidate = [Candidate::new(PriceLevel::ACCOUNT, 7)];
    let cart = (0..10_000).fold(PricingCart::new("EUR"), |cart, _| cart.line("A-1", 1_000, &candidate));

    let harness = build("").unwrap();

    assert_eq!(harness.price(&cart).unwrap(), vec![Priced::at(7).from_candidate(0); 10_000]);
    assert_eq!(harness.logs().len(), 1);
}

#[test]
fn logs_reach_the_host_with_level_and_fields() {
    let harness = build("").unwrap();

    harness.price(&cart().for_company(Id([1; 16]), Id([2; 16]))).unwrap();

    let logs = harness.logs();
    assert_eq!(logs.len(), 1);
    assert_eq!(logs[0].level, Level::DEBUG);
    assert_eq!(logs[0].message, "3 lines in EUR");
    assert_eq!(logs[0].fields_json, r#"{"account":"01010101-0101-0101-0101-010101010101"}"#);
}

#[test]
fn a_panic_in_a_method_is_an_error_that_says_what_and_where() {
    let harness = build("price").unwrap();

    let error = harness.price(&cart()).unwrap_err();

    assert_eq!(error.code, ErrorCode::PANICKED);
    assert!(!error.retryable);
    assert!(error.message.contains("pricing.rs:"), "{}", error.message);
    assert!(error.message.ends_with("the tier table is poisoned"), "{}", error.message);
}

#[test]
fn a_panic_whose_payload_panics_too_is_an_error() {
    let error = build("price with its own type").unwrap().price(&cart()).unwrap_err();

    assert_eq!(error.code, ErrorCode::PANICKED);
    assert!(error.message.ends_with("panic without a message"), "{}", error.message);
}

#[test]
fn a_panic_in_the_constructor_is_an_error() {
    let error = build("new").err().unwrap();

    assert_eq!(error.code, ErrorCode::PANICKED);
    assert!(error.message.ends_with("cannot build new"), "{}", error.message);
}

#[test]
fn a_panic_in_drop_stays_inside() {
    let harness = build("drop").unwrap();
    harness.price(&cart()).unwrap();

    drop(harness);

    assert!(build("").is_ok());
}

#[test]
fn a_call_without_time_left_fails_with_a_retryable_deadline() {
    let error = build("").unwrap().price(&cart().within_ns(1)).unwrap_err();

    assert_eq!((error.code, error.retryable), (ErrorCode::DEADLINE, true));
}

#[test]
fn a_call_within_its_budget_is_answered() {
    let an_hour = 3_600_000_000_000;

    assert_eq!(build("").unwrap().price(&cart().within_ns(an_hour)).unwrap().len(), 3);
}

#[test]
fn candidates_know_when_they_are_in_force() {
    let candidate = Candidate::new(PriceLevel::GROUP, 1).valid(100, 200);

    let in_force: Vec<_> = [99, 100, 199, 200].map(|now_ms| candidate.is_valid_at(now_ms)).into();

    assert_eq!(in_force, [false, true, true, false]);
    assert!(!candidate.is_converted());
    assert!(candidate.converted().is_converted());
}
