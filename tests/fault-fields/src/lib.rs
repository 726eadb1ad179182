//! A plugin that adds fields to the API. What is wrong with an answer is said by the argument `fault`.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use vectis_plugin_api::fields::{Arguments, Fields, FieldsCtx, Parent};
use vectis_plugin_api::schemars::{self, JsonSchema};
use vectis_plugin_api::serde::Deserialize;
use vectis_plugin_api::serde_json::{Value, json};
use vectis_plugin_api::{Error, Host, export_plugin};

/// Nothing to set.
#[derive(Deserialize, JsonSchema)]
#[serde(crate = "vectis_plugin_api::serde", deny_unknown_fields)]
pub struct Config {}

/// Counts.
pub struct FaultFields {
    calls: AtomicI64,
    sum: AtomicI64,
}

impl Fields for FaultFields {
    type Config = Config;

    fn new(_: Config, _: Host) -> Result<Self, Error> {
        Ok(Self { calls: AtomicI64::new(0), sum: AtomicI64::new(0) })
    }

    fn resolve(
        &self,
        _: &FieldsCtx,
        field: &str,
        parents: &[Parent],
        arguments: &Arguments,
    ) -> Result<Vec<Value>, Error> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let fault = arguments.text("fault").unwrap_or_default();
        misbehave(fault)?;
        let answer = |parent: &Parent| match field {
            "ProductVariant.faultSku" => json!(parent.text("sku")),
            "Product.faultNumber" => json!(7),
            "Product.faultNumbers" => json!([1, 2]),
            "Product.faultThing" => thing(fault),
            "Product.faultSecret" => json!("secret"),
            _ => Value::Null,
        };
        let mut answers: Vec<Value> = parents.iter().map(answer).collect();
        match fault {
            "null" => answers.fill(Value::Null),
            "text" => answers.fill(json!("seven")),
            "large" => answers.fill(json!(1_i64 << 40)),
            "inner null" => answers.fill(json!([1, null])),
            "first only" => answers[0] = Value::Null,
            "too few" => drop(answers.pop()),
            _ => {}
        }
        Ok(answers)
    }

    fn query(&self, ctx: &FieldsCtx, query: &str, arguments: &Arguments) -> Result<Value, Error> {
        match query {
            "faultCalls" => Ok(json!(self.calls.load(Ordering::SeqCst))),
            "faultEcho" => Ok(json!({ "arguments": arguments, "isStaff": ctx.is_staff })),
            _ => Err(ctx.unknown(query)),
        }
    }

    fn mutate(&self, ctx: &FieldsCtx, mutation: &str, arguments: &Arguments) -> Result<Value, Error> {
        if !matches!(mutation, "faultAdd" | "faultTry") {
            return Err(ctx.unknown(mutation));
        }
        misbehave(arguments.text("fault").unwrap_or_default())?;
        let by: i64 = arguments.read("by")?;
        Ok(json!(self.sum.fetch_add(by, Ordering::SeqCst) + by))
    }
}

fn misbehave(fault: &str) -> Result<(), Error> {
    match fault {
        "error" => return Err(Error::internal("it is broken")),
        "panic" => fall_over(),
        "late" => std::thread::sleep(Duration::from_secs(3)),
        _ => {}
    }
    Ok(())
}

#[expect(clippy::panic, reason = "what the host has to contain")]
fn fall_over() -> ! {
    panic!("the fields are gone")
}

fn thing(fault: &str) -> Value {
    let price = json!({ "amount": "12.50", "currencyCode": "EUR" });
    let kind = if fault == "kind" { "UGLY" } else { "BAD" };
    let inner = match fault {
        "inner kind" => json!({ "name": "inner", "kind": "UGLY" }),
        _ => json!({ "name": "inner", "kind": "GOOD", "price": price }),
    };
    let at = if fault == "time" { "yesterday" } else { "2026-01-15T12:00:00Z" };
    json!({ "name": "outer", "kind": kind, "at": at, "inner": inner, "nobody asked": true })
}

export_plugin! {
    manifest: "../plugin.toml",
    fields: { "fault-fields" => FaultFields }, graphql: "../fields.graphql",
}
