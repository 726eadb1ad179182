use vectis_plugin_api::fields::{Arguments, Fields, FieldsCtx, Parent};
use vectis_plugin_api::schemars::{self, JsonSchema};
use vectis_plugin_api::serde::Deserialize;
use vectis_plugin_api::serde_json::{Value, json};
use vectis_plugin_api::testing::{self, NOW_MS};
use vectis_plugin_api::{Error, ErrorCode, Host, Id};

#[derive(Deserialize, JsonSchema)]
#[serde(crate = "vectis_plugin_api::serde", deny_unknown_fields)]
struct Config {
    months: u32,
}

struct Warranty(Config);

#[derive(Deserialize)]
#[serde(crate = "vectis_plugin_api::serde")]
struct Input {
    serial: String,
    pieces: Vec<u8>,
}

impl Fields for Warranty {
    type Config = Config;

    fn new(config: Config, host: Host) -> Result<Self, Error> {
        host.info("ready");
        Ok(Self(config))
    }

    fn resolve(
        &self,
        ctx: &FieldsCtx,
        field: &str,
        parents: &[Parent],
        arguments: &Arguments,
    ) -> Result<Vec<Value>, Error> {
        ctx.check()?;
        assert!(field != "Product.broken", "no parent is like that");
        let factor = arguments.get("factor").and_then(Value::as_u64).unwrap_or(1);
        let months = |parent: &Parent| match parent.text("category") {
            Some("none") => Value::Null,
            _ => json!(u64::from(self.0.months) * factor),
        };
        Ok(parents.iter().map(months).collect())
    }

    fn mutate(&self, ctx: &FieldsCtx, mutation: &str, arguments: &Arguments) -> Result<Value, Error> {
        let input: Input = arguments.read("input")?;
        Ok(json!([mutation, input.serial, input.pieces.len(), ctx.now_ms, ctx.is_staff]))
    }
}

fn warranty() -> testing::FieldsHarness {
    testing::fields::<Warranty>(json!({ "months": 12 })).unwrap()
}

#[test]
fn parents_are_answered_in_their_order_with_facts_and_arguments() {
    let mut parents = testing::parents(3);
    parents[1] = Parent::new(Id([9; 16]), [("category", json!("none"))]);

    let answers = warranty().resolve("Product.months", &parents, json!({ "factor": 2 })).unwrap();

    assert_eq!(answers, [json!(24), Value::Null, json!(24)]);
    assert_eq!(warranty().logs()[0].message, "ready");
}

#[test]
fn a_mutation_reads_its_input_as_a_type() {
    let made =
        warranty().mutate("register", json!({ "input": { "serial": "A1", "pieces": [1, 2] } })).unwrap();

    assert_eq!(made, json!(["register", "A1", 2, NOW_MS, false]));
}

#[test]
fn an_input_that_does_not_fit_is_told_with_its_path() {
    let error = warranty()
        .mutate("register", json!({ "input": { "serial": "A1", "pieces": [1, "x"] } }))
        .unwrap_err();

    assert_eq!(error.code, ErrorCode::INPUT);
    assert!(error.message.starts_with("input.pieces[1]: invalid type"), "{}", error.message);
}

#[test]
fn what_the_code_does_not_answer_is_unsupported() {
    let error = warranty().query("warrantyTerms", json!({})).unwrap_err();

    assert_eq!(error.code, ErrorCode::UNSUPPORTED);
    assert_eq!(error.message, "the plugin's code does not answer warrantyTerms");
}

#[test]
fn a_panic_is_an_error_with_its_place() {
    let error = warranty().resolve("Product.broken", &testing::parents(1), json!({})).unwrap_err();

    assert_eq!(error.code, ErrorCode::PANICKED);
    assert!(
        error.message.contains("fields.rs") && error.message.ends_with("no parent is like that"),
        "{}",
        error.message
    );
}

#[test]
fn a_configuration_that_does_not_fit_is_refused() {
    let error = testing::fields::<Warranty>(json!({ "months": "many" })).err().unwrap();

    assert_eq!(error.code, ErrorCode::CONFIG);
    assert!(error.message.starts_with("/months: "), "{}", error.message);
}
