//! The carrier: what it is asked, and what it says.

use std::time::Duration;

use vectis_plugin_api::serde::{Deserialize, Serialize};
use vectis_plugin_api::services::Request;
use vectis_plugin_api::shipping_rate::{Rate, ShippingCart};
use vectis_plugin_api::{Error, ErrorCode, Host, serde_json};

use crate::config::Config;

/// Nobody reads more.
const MAX_RATES: usize = 20;

/// What is to be carried, as the carrier is told: no names, no streets, no goods.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(crate = "vectis_plugin_api::serde")]
pub(crate) struct Parcel<'a> {
    country: &'a str,
    region: &'a str,
    city: &'a str,
    postal_code: &'a str,
    currency: &'a str,
    value_minor: i64,
    pub(crate) weight_g: i64,
    lines: usize,
}

impl<'a> Parcel<'a> {
    pub(crate) fn of(cart: &'a ShippingCart) -> Self {
        Self {
            country: &cart.destination.country,
            region: &cart.destination.region,
            city: &cart.destination.city,
            postal_code: &cart.destination.postal_code,
            currency: &cart.currency,
            value_minor: cart.goods_total_minor,
            weight_g: cart.weight_g(),
            lines: cart.items.len(),
        }
    }
}

#[derive(Deserialize)]
#[serde(crate = "vectis_plugin_api::serde")]
struct Answer {
    rates: Vec<Offered>,
}

#[derive(Deserialize)]
#[serde(crate = "vectis_plugin_api::serde")]
struct Offered {
    code: String,
    name: String,
    currency: String,
    price_minor: i64,
    days: Option<u32>,
}

/// The carrier's rates, all of them good.
pub(crate) fn ask(host: &Host, config: &Config, parcel: &Parcel<'_>) -> Result<Vec<Rate>, Error> {
    let body = serde_json::to_value(parcel).map_err(|error| Error::internal(error.to_string()))?;
    let mut request =
        Request::post_json(&config.url, &body).timeout(Duration::from_millis(config.timeout_ms));
    if config.signs_in {
        request = request.bearer(&host.secret("carrier_token")?);
    }
    let answer = host.http(&request)?;
    if !answer.is_success() {
        return Err(no_use(format!("it answers with status {}", answer.status)));
    }
    let Answer { rates } = answer.json()?;
    if rates.is_empty() || rates.len() > MAX_RATES {
        return Err(no_use(format!("it gives {} rates", rates.len())));
    }
    let mut good: Vec<Rate> = Vec::new();
    for offered in rates {
        let rate = offered.rate(parcel.currency)?;
        if good.iter().any(|other| other.code == rate.code) {
            return Err(no_use(format!("it gives the rate {:.50?} twice", rate.code)));
        }
        good.push(rate);
    }
    Ok(good)
}

impl Offered {
    fn rate(self, currency: &str) -> Result<Rate, Error> {
        let Self { code, name, .. } = self;
        let is_code = |letter: u8| matches!(letter, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_');
        if code.is_empty() || code.len() > 50 || !code.bytes().all(is_code) {
            return Err(no_use(format!("it gives a rate with the code {code:.50?}")));
        }
        if name.trim().is_empty() || name.chars().count() > 200 {
            return Err(no_use(format!("it gives the rate {code} no name")));
        }
        if self.currency != currency {
            return Err(no_use(format!("it gives the rate {code} in another currency than {currency}")));
        }
        if self.price_minor < 0 {
            return Err(no_use(format!("it gives the rate {code} below zero")));
        }
        let rate = Rate::new(code, name, self.price_minor);
        Ok(match self.days {
            Some(days) => rate.within(days),
            None => rate,
        })
    }
}

fn no_use(why: String) -> Error {
    Error::new(ErrorCode::UNAVAILABLE, why)
}
