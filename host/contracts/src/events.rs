//! Event types: one JSON Schema each, in `events/<type>.json` beside this file, checked at emit. The list is complete; a
//! test compares it with the folder.

macro_rules! schemas {
    ($($event_type:literal,)*) => {
        /// Every event type with its JSON Schema (draft 2020-12).
        pub const SCHEMAS: &[(&str, &str)] =
            &[$(($event_type, include_str!(concat!("events/", $event_type, ".json"))),)*];
    };
}

schemas! {
    "vectis.accounts.account_changed.v1",
    "vectis.accounts.account_created.v1",
    "vectis.accounts.address_created.v1",
    "vectis.accounts.employee_changed.v1",
    "vectis.accounts.employee_created.v1",
    "vectis.accounts.group_created.v1",
    "vectis.accounts.location_created.v1",
    "vectis.accounts.role_changed.v1",
    "vectis.approvals.approval_canceled.v1",
    "vectis.approvals.approval_decided.v1",
    "vectis.approvals.approval_escalated.v1",
    "vectis.approvals.approval_expired.v1",
    "vectis.approvals.approval_reminded.v1",
    "vectis.approvals.approval_requested.v1",
    "vectis.carts.cart_blocked.v1",
    "vectis.channels.channel_changed.v1",
    "vectis.channels.channel_created.v1",
    "vectis.channels.strategy_activated.v1",
    "vectis.channels.strategy_deactivated.v1",
    "vectis.extensions.plugin_told.v1",
    "vectis.identity.login_activated.v1",
    "vectis.identity.login_created.v1",
    "vectis.identity.password_changed.v1",
    "vectis.identity.refresh_token_reused.v1",
    "vectis.identity.staff_role_changed.v1",
    "vectis.identity.staff_roles_set.v1",
    "vectis.inventory.price_reported.v1",
    "vectis.inventory.stock_changed.v1",
    "vectis.inventory.stock_reported.v1",
    "vectis.inventory.warehouse_changed.v1",
    "vectis.orders.credit_note_issued.v1",
    "vectis.orders.order_charged.v1",
    "vectis.orders.order_edited.v1",
    "vectis.orders.order_placed.v1",
    "vectis.orders.order_state_changed.v1",
    "vectis.orders.return_created.v1",
    "vectis.plugins.release_changed.v1",
    "vectis.pricing.exchange_rate_set.v1",
    "vectis.pricing.managed_prices_changed.v1",
    "vectis.pricing.price_entries_changed.v1",
    "vectis.pricing.price_list_changed.v1",
    "vectis.products.category_changed.v1",
    "vectis.products.product_changed.v1",
    "vectis.tax.exemption_granted.v1",
    "vectis.tax.exemption_withdrawn.v1",
    "vectis.webhooks.endpoint_changed.v1",
    "vectis.webhooks.test_requested.v1",
    "vectis.workflow.fault.v1",
}

/// Every topic: the first two words of the event types in it.
pub fn topics() -> Vec<&'static str> {
    let mut topics: Vec<&str> = SCHEMAS.iter().map(|(event_type, _)| topic_of(event_type)).collect();
    topics.dedup();
    topics
}

/// `vectis.orders` of `vectis.orders.order_placed.v1`.
pub fn topic_of(event_type: &str) -> &str {
    let second_dot = event_type.match_indices('.').nth(1).map(|(at, _)| at);
    second_dot.map_or(event_type, |at| &event_type[..at])
}

/// What the type says without its version, and the version: `("vectis.orders.order_placed", "1")`.
pub fn stem_and_version(event_type: &str) -> Option<(&str, &str)> {
    event_type.rsplit_once(".v")
}

#[cfg(test)]
mod compatibility;
#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::SCHEMAS;

    #[test]
    fn every_schema_in_the_folder_is_in_the_list() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/events");
        let files: BTreeSet<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.starts_with("vectis."))
            .filter_map(|name| name.strip_suffix(".json").map(str::to_owned))
            .collect();

        let listed: BTreeSet<String> =
            SCHEMAS.iter().map(|(event_type, _)| (*event_type).to_owned()).collect();

        assert_eq!(listed, files);
    }
}
