//! Facts about exemptions. The certificate's number stays inside.

use chrono::{DateTime, Utc};
use serde::Serialize;
use vectis_contracts::tax::GrantExemption;
use vectis_kernel::Event;
use vectis_kernel::ids::{AccountId, ExemptionId, LocationId};

const AGGREGATE: &str = "exemption";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Granted<'a> {
    exemption_id: ExemptionId,
    account_id: AccountId,
    location_id: Option<LocationId>,
    country: Option<&'a str>,
    region: Option<&'a str>,
    category: Option<&'a str>,
    valid_from: DateTime<Utc>,
    valid_to: Option<DateTime<Utc>>,
}

pub(crate) fn exemption_granted(id: ExemptionId, grant: &GrantExemption) -> Event {
    let facts = Granted {
        exemption_id: id,
        account_id: grant.account_id,
        location_id: grant.location_id,
        country: grant.country.as_deref(),
        region: grant.region.as_deref(),
        category: grant.category.as_deref(),
        valid_from: grant.valid_from,
        valid_to: grant.valid_to,
    };
    Event::new("vectis.tax.exemption_granted.v1", AGGREGATE, id.0, facts)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Withdrawn {
    exemption_id: ExemptionId,
    account_id: AccountId,
    valid_to: DateTime<Utc>,
}

pub(crate) fn exemption_withdrawn(id: ExemptionId, account_id: AccountId, valid_to: DateTime<Utc>) -> Event {
    let facts = Withdrawn { exemption_id: id, account_id, valid_to };
    Event::new("vectis.tax.exemption_withdrawn.v1", AGGREGATE, id.0, facts)
}
