//! Facts about webhooks.

use serde::Serialize;
use vectis_contracts::webhooks::WebhookSettings;
use vectis_kernel::Event;
use vectis_kernel::ids::{ChannelId, WebhookId};

use crate::model::TEST;

const AGGREGATE: &str = "webhook";

/// What was done to a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Action {
    Create,
    Update,
    Delete,
    RotateSecret,
    Enable,
    Disable,
}

impl Action {
    /// In the audit trail.
    pub(crate) const fn audited(self) -> &'static str {
        match self {
            Self::Create => "webhook.create",
            Self::Update => "webhook.update",
            Self::Delete => "webhook.delete",
            Self::RotateSecret => "webhook.rotate_secret",
            Self::Enable => "webhook.enable",
            Self::Disable => "webhook.disable",
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Changed<'a> {
    webhook_id: WebhookId,
    action: Action,
    /// Without what follows the path: that may hold a secret of the receiver's.
    url: &'a str,
    event_types: &'a [String],
    channel_id: Option<ChannelId>,
    is_enabled: bool,
    reason: Option<&'a str>,
}

/// A webhook's URL as others may read it: a query can hold a password.
pub(crate) fn without_query(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or(url)
}

pub(crate) fn endpoint_changed(
    id: WebhookId,
    action: Action,
    settings: &WebhookSettings,
    disabled_reason: Option<&str>,
) -> Event {
    let facts = Changed {
        webhook_id: id,
        action,
        url: without_query(&settings.url),
        event_types: &settings.event_types,
        channel_id: settings.channel_id,
        is_enabled: disabled_reason.is_none(),
        reason: disabled_reason,
    };
    Event::new("vectis.webhooks.endpoint_changed.v1", AGGREGATE, id.0, facts)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TestRequested {
    webhook_id: WebhookId,
}

pub(crate) fn test_requested(id: WebhookId) -> Event {
    Event::new(TEST, AGGREGATE, id.0, TestRequested { webhook_id: id })
}
