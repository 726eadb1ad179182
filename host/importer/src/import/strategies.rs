//! The first-party plugins, activated for both channels.

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::channels::Channels;
use crate::client::Call;
use crate::countries::MERCHANT;
use crate::desk::Desk;

const ACTIVATE: &str = "mutation Activate($input: StrategyActivateInput!) { strategyActivate(input: $input) { \
    userErrors { code field message } } }";

/// What answers a point.
struct Strategy {
    point: &'static str,
    plugin: &'static str,
    entry_point: &'static str,
    config: Value,
}

/// Activates them. Doing so again changes nothing.
pub(super) async fn activate(desk: &Desk, channels: &Channels) -> anyhow::Result<()> {
    let channels = [
        (&channels.wholesale, ("b2b-order-process", "b2b")),
        (&channels.retail, ("retail-order-process", "retail")),
    ];
    for (channel, (process, entry_point)) in channels {
        let process =
            Strategy { point: "vectis.order_process", plugin: process, entry_point, config: json!({}) };
        for strategy in shared().into_iter().chain([process]) {
            let input = json!({
                "channelId": channel.id,
                "point": strategy.point,
                "plugin": strategy.plugin,
                "entryPoint": strategy.entry_point,
                "config": strategy.config,
            });
            desk.command::<Value>(&Call::new(ACTIVATE, json!({ "input": input }))).await.with_context(
                || {
                    format!(
                        "{} cannot answer {} in channel {}",
                        strategy.plugin, strategy.point, channel.slug
                    )
                },
            )?;
        }
    }
    Ok(())
}

/// Value added tax is taken at home; exports are not taxed. No order needs an approval.
fn shared() -> [Strategy; 3] {
    let rates =
        json!({ "stage": 300, "rates": [{ "country": MERCHANT, "rate_percent": "20", "name": "VAT" }] });
    [
        Strategy {
            point: "vectis.pricing",
            plugin: "tiered-pricing",
            entry_point: "tiered",
            config: json!({}),
        },
        Strategy { point: "vectis.tax", plugin: "tax-table", entry_point: "table", config: rates },
        Strategy {
            point: "vectis.approval",
            plugin: "approval-rules",
            entry_point: "rules",
            config: json!({}),
        },
    ]
}
