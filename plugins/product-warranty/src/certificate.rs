//! A certificate's number: serial number, day of purchase, last day and two check digits, `W-A1-20260115-20280114-42`.

use vectis_plugin_api::serde_json::{Value, json};

use crate::date::Date;

/// A warranty of one piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Certificate {
    /// Letters and digits.
    pub(crate) serial: String,
    pub(crate) bought_on: Date,
    pub(crate) valid_until: Date,
}

impl Certificate {
    pub(crate) fn number(&self) -> String {
        let body = format!("W-{}-{}-{}", self.serial, self.bought_on.compact(), self.valid_until.compact());
        let digits = check_digits(&body);
        format!("{body}-{digits:02}")
    }

    /// From its number; `None` when it is none or mistyped.
    pub(crate) fn read(number: &str) -> Option<Self> {
        let number = number.trim().to_ascii_uppercase();
        let parts: Vec<&str> = number.split('-').collect();
        let ["W", serial, bought_on, valid_until, _] = parts[..] else { return None };
        let certificate = Self {
            serial: serial.to_owned(),
            bought_on: Date::read_compact(bought_on)?,
            valid_until: Date::read_compact(valid_until)?,
        };
        (certificate.number() == number).then_some(certificate)
    }

    pub(crate) fn answer(&self) -> Value {
        json!({
            "number": self.number(),
            "serialNumber": self.serial,
            "boughtOn": self.bought_on.to_string(),
            "validUntil": self.valid_until.to_string(),
            "endedOn": null,
        })
    }
}

/// Remainder by 97, each byte a digit of base 256: finds every wrong letter and every two swapped ones.
fn check_digits(text: &str) -> u32 {
    text.bytes().fold(0, |rest, byte| (rest * 256 + u32::from(byte)) % 97)
}
