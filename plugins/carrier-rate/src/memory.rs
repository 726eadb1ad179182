//! The carrier's last rates for a parcel, kept in the shop for a while. What cannot be kept or read is asked for again.

use std::time::Duration;

use vectis_plugin_api::serde::{Deserialize, Serialize};
use vectis_plugin_api::shipping_rate::Rate;
use vectis_plugin_api::{Host, serde_json};

use crate::carrier::Parcel;
use crate::config::Config;

/// The parcel stands beside its rates: two parcels may have the same key.
#[derive(Serialize, Deserialize)]
#[serde(crate = "vectis_plugin_api::serde")]
struct Kept {
    asked: String,
    rates: Vec<Rate>,
}

pub(crate) fn recall(host: &Host, config: &Config, parcel: &Parcel<'_>) -> Option<Vec<Rate>> {
    if config.remember_s == 0 {
        return None;
    }
    let asked = asked(config, parcel)?;
    let kept = host.kv_get(&key(&asked)).unwrap_or_else(|error| {
        host.debug(format!("nothing is remembered: {error}"));
        None
    })?;
    let kept: Kept = serde_json::from_slice(&kept).ok()?;
    (kept.asked == asked).then_some(kept.rates)
}

pub(crate) fn keep(host: &Host, config: &Config, parcel: &Parcel<'_>, rates: &[Rate]) {
    let (Some(asked), 1..) = (asked(config, parcel), config.remember_s) else { return };
    let (key, kept) = (key(&asked), Kept { asked, rates: rates.to_vec() });
    let Ok(kept) = serde_json::to_vec(&kept) else { return };
    let ttl = Duration::from_secs(config.remember_s);
    if let Err(error) = host.kv_put(&key, &kept, Some(ttl)) {
        host.debug(format!("nothing is remembered: {error}"));
    }
}

fn asked(config: &Config, parcel: &Parcel<'_>) -> Option<String> {
    serde_json::to_string(&(&config.url, parcel)).ok()
}

/// FNV-1a: short, and the same in every build.
fn key(asked: &str) -> String {
    let hash = asked.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("rates/{hash:016x}")
}
