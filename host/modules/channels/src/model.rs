//! What a channel's settings and bindings may be. Pure.

use std::collections::HashSet;

use vectis_contracts::channels::{ChannelCode, ChannelSettings, CommerceMode, StrategyBinding};
use vectis_kernel::failure::refuse_if_any;
use vectis_kernel::{Currency, Failure, Refusal, is_country_code};

/// Most currencies of a channel, the base one included.
const MAX_CURRENCIES: usize = 50;
/// Most stock sources of a channel.
const MAX_WAREHOUSES: usize = 100;

/// All that is wrong with the settings, at once; otherwise the settings with the base currency first among all.
pub(crate) fn checked(settings: ChannelSettings) -> Result<ChannelSettings, Failure<ChannelCode>> {
    let mut refusals = Vec::new();
    refusals.extend(slug_refusal(&settings.slug));
    refusals.extend(name_refusal(&settings.name));
    refusals.extend(currency_refusals(&settings));
    refusals.extend(time_zone_refusal(&settings.time_zone));
    refusals.extend(warehouse_refusals(&settings));
    refusals.extend(country_refusal(&settings.country));
    refusals.extend(guest_refusal(&settings));
    refuse_if_any(refusals)?;
    let currencies = all_currencies(&settings);
    Ok(ChannelSettings { currencies, ..settings })
}

/// All that is wrong with the names in a binding.
pub(crate) fn check_binding(binding: &StrategyBinding) -> Result<(), Failure<ChannelCode>> {
    let names =
        [("point", &binding.point), ("plugin", &binding.plugin), ("entryPoint", &binding.entry_point)];
    let refusals = names
        .into_iter()
        .filter(|(_, name)| !(1..=100).contains(&name.chars().count()) || name.chars().any(char::is_control))
        .map(|(field, name)| invalid(field, format!("{name:?} must be a name of 1 to 100 characters")))
        .collect();
    refuse_if_any(refusals)
}

fn all_currencies(settings: &ChannelSettings) -> Vec<Currency> {
    let others = settings.currencies.iter().copied().filter(|currency| *currency != settings.currency);
    std::iter::once(settings.currency).chain(others).collect()
}

fn slug_refusal(slug: &str) -> Option<Refusal<ChannelCode>> {
    let fits = (1..=60).contains(&slug.len())
        && slug.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    (!fits)
        .then(|| invalid("slug", format!("{slug:?} must be 1 to 60 lower-case letters, digits or hyphens")))
}

fn name_refusal(name: &str) -> Option<Refusal<ChannelCode>> {
    let fits = !name.trim().is_empty() && name.chars().count() <= 200 && !name.chars().any(char::is_control);
    (!fits).then(|| {
        invalid("name", format!("{name:?} must be a name of 1 to 200 characters without control characters"))
    })
}

fn currency_refusals(settings: &ChannelSettings) -> Vec<Refusal<ChannelCode>> {
    let mut seen = HashSet::new();
    let mut refusals: Vec<_> = settings
        .currencies
        .iter()
        .enumerate()
        .filter(|(_, currency)| !seen.insert(**currency))
        .map(|(index, currency)| invalid(&format!("currencies.{index}"), format!("{currency} stands twice")))
        .collect();
    seen.insert(settings.currency);
    if seen.len() > MAX_CURRENCIES {
        let message = format!("{} currencies are more than {MAX_CURRENCIES}", seen.len());
        refusals.push(invalid("currencies", message));
    }
    refusals
}

fn time_zone_refusal(time_zone: &str) -> Option<Refusal<ChannelCode>> {
    let known = time_zone.parse::<chrono_tz::Tz>().is_ok();
    (!known)
        .then(|| invalid("timeZone", format!("{time_zone:?} is no IANA time zone such as \"Europe/Berlin\"")))
}

fn warehouse_refusals(settings: &ChannelSettings) -> Vec<Refusal<ChannelCode>> {
    let mut seen = HashSet::new();
    let mut refusals: Vec<_> = settings
        .warehouse_ids
        .iter()
        .enumerate()
        .filter(|(_, id)| !seen.insert(**id))
        .map(|(index, id)| invalid(&format!("warehouseIds.{index}"), format!("warehouse {id} stands twice")))
        .collect();
    if settings.warehouse_ids.len() > MAX_WAREHOUSES {
        let message = format!("{} warehouses are more than {MAX_WAREHOUSES}", settings.warehouse_ids.len());
        refusals.push(invalid("warehouseIds", message));
    }
    refusals
}

fn country_refusal(country: &str) -> Option<Refusal<ChannelCode>> {
    (!is_country_code(country))
        .then(|| invalid("country", format!("{country:?} is no ISO 3166-1 code of two upper-case letters")))
}

fn guest_refusal(settings: &ChannelSettings) -> Option<Refusal<ChannelCode>> {
    (settings.guest_checkout && settings.mode == CommerceMode::B2b).then(|| {
        let message = "guests cannot order in a channel for companies only; choose retail or hybrid";
        Refusal::at(ChannelCode::ModeMismatch, "guestCheckout", message)
    })
}

fn invalid(field: &str, message: String) -> Refusal<ChannelCode> {
    Refusal::at(ChannelCode::InvalidInput, field, message)
}
