//! The plugin `product-warranty`: what makers stand in for, as fields of products, with certificates for pieces sold that end
//! by themselves.
//!
//! *Owns*: the terms by tax category, the form of a certificate, the table of those registered.
//! *Depends on*: `vectis-plugin-api` alone.
//! *Invariants*: a piece has one certificate; the same registration makes the same certificate, and is kept once.
//! *Start reading at*: `../fields.graphql` for what is added, [`ProductWarranty`] for the answers, `../tables.sql` for what
//! is kept.

mod certificate;
mod config;
mod date;
mod ending;

use vectis_plugin_api::fields::{Arguments, Fields, FieldsCtx, Parent};
use vectis_plugin_api::serde::Deserialize;
use vectis_plugin_api::serde_json::{Value, json};
use vectis_plugin_api::{Error, Host, export_plugin};

use crate::certificate::Certificate;
pub use crate::config::Config;
use crate::config::Terms;
use crate::date::Date;
pub use crate::ending::{Ending, EndingConfig};

/// Answers the fields.
pub struct ProductWarranty {
    config: Config,
    host: Host,
}

impl Fields for ProductWarranty {
    type Config = Config;

    fn new(config: Config, host: Host) -> Result<Self, Error> {
        config.check()?;
        Ok(Self { config, host })
    }

    fn resolve(
        &self,
        ctx: &FieldsCtx,
        field: &str,
        parents: &[Parent],
        _: &Arguments,
    ) -> Result<Vec<Value>, Error> {
        let terms =
            parents.iter().map(|parent| self.config.terms(parent.text("taxCategory").unwrap_or_default()));
        match field {
            "Product.warrantyMonths" => {
                Ok(terms.map(|terms| json!(terms.map_or(0, |terms| terms.months))).collect())
            }
            "Product.warranty" => Ok(terms.map(|terms| terms.map_or(Value::Null, Terms::answer)).collect()),
            _ => Err(ctx.unknown(field)),
        }
    }

    fn query(&self, ctx: &FieldsCtx, query: &str, arguments: &Arguments) -> Result<Value, Error> {
        match query {
            "warrantyTerms" => {
                let category = arguments.text("taxCategory").unwrap_or_default();
                Ok(self.config.terms(category).map_or(Value::Null, Terms::answer))
            }
            "warrantyCertificate" => self.find(arguments.text("number").unwrap_or_default()),
            _ => Err(ctx.unknown(query)),
        }
    }

    fn mutate(&self, ctx: &FieldsCtx, mutation: &str, arguments: &Arguments) -> Result<Value, Error> {
        match mutation {
            "warrantyRegister" => {
                let outcome = match self.certificate(&arguments.read("input")?) {
                    Ok(certificate) => self.register(certificate)?,
                    Err(refusal) => Err(refusal),
                };
                Ok(match outcome {
                    Ok(certificate) => json!({ "certificate": certificate.answer(), "userErrors": [] }),
                    Err(refusal) => json!({ "certificate": null, "userErrors": [refusal] }),
                })
            }
            _ => Err(ctx.unknown(mutation)),
        }
    }
}

/// A piece that was sold.
#[derive(Deserialize)]
#[serde(crate = "vectis_plugin_api::serde", rename_all = "camelCase")]
struct Register {
    serial_number: String,
    tax_category: String,
    bought_on: String,
}

impl ProductWarranty {
    /// A certificate that was registered.
    fn find(&self, number: &str) -> Result<Value, Error> {
        // A mistyped number need not be looked for.
        let Some(certificate) = Certificate::read(number) else { return Ok(Value::Null) };
        let rows = self.host.sql("find", &json!({ "number": certificate.number() }))?;
        let Some(row) = rows.first() else { return Ok(Value::Null) };
        let mut answer = certificate.answer();
        answer["endedOn"] = row["ended_on"].clone();
        Ok(answer)
    }

    /// Keeps a certificate. The piece's first one stays, so that whoever asks again gets the same answer.
    fn register(&self, certificate: Certificate) -> Result<Result<Certificate, Value>, Error> {
        let number = certificate.number();
        let parameters = json!({
            "serial": certificate.serial,
            "number": number,
            "boughtOn": certificate.bought_on.to_string(),
            "validUntil": certificate.valid_until.to_string(),
        });
        let rows = self.host.sql("register", &parameters)?;
        let kept = rows.first().and_then(|row| row["number"].as_str());
        if kept.is_some_and(|kept| kept != number) {
            let message = "the piece has a certificate with other days";
            return Ok(Err(refusal("ALREADY_REGISTERED", "serialNumber", message)));
        }
        Ok(Ok(certificate))
    }

    /// The certificate, or the user error.
    fn certificate(&self, input: &Register) -> Result<Certificate, Value> {
        let serial = input.serial_number.trim().to_ascii_uppercase();
        if !(1..=40).contains(&serial.len()) || !serial.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            let message = "a serial number is 1 to 40 letters and digits";
            return Err(refusal("INVALID_SERIAL_NUMBER", "serialNumber", message));
        }
        let Some(bought_on) = Date::read(&input.bought_on) else {
            return Err(refusal("INVALID_DATE", "boughtOn", "the day of purchase is written 2026-01-15"));
        };
        let Some(terms) = self.config.terms(&input.tax_category) else {
            return Err(refusal("NO_WARRANTY", "taxCategory", "the maker stands in for nothing here"));
        };
        Ok(Certificate { serial, bought_on, valid_until: bought_on.last_day_after(terms.months) })
    }
}

fn refusal(code: &str, field: &str, message: &str) -> Value {
    json!({ "code": code, "field": [field], "message": message })
}

export_plugin! {
    manifest: "../plugin.toml",
    fields: { "warranty" => ProductWarranty }, graphql: "../fields.graphql",
    task: { "end-due" => Ending },
    tables: "../tables.sql",
}

#[cfg(test)]
mod tests;
