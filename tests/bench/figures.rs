//! What is measured, in which order.

use anyhow::Result;

use crate::measure::Effort;
use crate::rows::borders::BorderRows;
use crate::rows::events::EventRows;
use crate::rows::plugin::PluginRows;
use crate::rows::process::Process;
use crate::rows::{borders, cart, catalogue, events, order, plugin, process, throughput};
use crate::shop::Shop;
use crate::table::{Row, Times};

/// Clients that order at the same time.
pub(crate) const CLIENTS: [usize; 3] = [1, 8, 32];

/// Everything measured in one run.
pub(crate) struct Figures {
    /// 100 variants.
    pub(crate) list: Row,
    /// 1, 1,000 and 10,000 lines.
    pub(crate) add: [Row; 3],
    /// One line of 1,000.
    pub(crate) change: Row,
    /// 1,000 and 10,000 lines.
    pub(crate) read: [Row; 2],
    /// 3, 1,000 and 10,000 lines.
    pub(crate) place: [Row; 3],
    /// Whole orders of 3 lines at 1, 8 and 32 clients.
    pub(crate) orders: [Row; 3],
    /// Backlogs drained, and the way of one event.
    pub(crate) events: EventRows,
    /// 1,000 lines priced.
    pub(crate) plugin: PluginRows,
    /// The same over other borders, where they are built.
    pub(crate) borders: Option<BorderRows>,
    /// `vectis serve` as a process of its own.
    pub(crate) process: Process,
}

impl Figures {
    pub(crate) async fn measure(shop: &Shop, effort: Effort) -> Result<Self> {
        Ok(Self {
            process: process::start_and_memory(shop, effort).await?,
            list: catalogue::list(shop, effort).await?,
            add: [
                cart::add(shop, effort, 1).await?,
                cart::add(shop, effort, 1_000).await?,
                cart::add(shop, effort, 10_000).await?,
            ],
            change: cart::change(shop, effort).await?,
            read: [cart::read(shop, effort, 1_000).await?, cart::read(shop, effort, 10_000).await?],
            place: [
                order::place(shop, effort, 3).await?,
                order::place(shop, effort, 1_000).await?,
                order::place(shop, effort, 10_000).await?,
            ],
            orders: throughput::orders(shop, effort).await?,
            events: events::pass_on(effort).await?,
            plugin: plugin::price(shop, effort).await?,
            borders: borders::price(effort).await?,
        })
    }

    /// All rows, as the table shows them.
    pub(crate) fn rows(&self) -> Vec<&Row> {
        let mut rows = vec![&self.list];
        rows.extend(&self.add);
        rows.push(&self.change);
        rows.extend(&self.read);
        rows.extend(&self.place);
        rows.extend(&self.orders);
        rows.push(&self.events.consumed);
        rows.extend(self.events.relayed.iter().flatten());
        rows.extend([&self.plugin.linked, &self.plugin.guarded, &self.plugin.converted, &self.plugin.apart]);
        rows.extend(self.borders.iter().flat_map(|borders| [&borders.wasm, &borders.webhook]));
        rows.push(&self.process.start);
        rows
    }

    /// What ten times the lines take, by what.
    pub(crate) fn growth(&self) -> Vec<(&'static str, Times)> {
        let time = |small: &Row, large: &Row| Times::of(large.samples.p50(), small.samples.p50());
        vec![
            ("time to add", time(&self.add[1], &self.add[2])),
            ("time to read", time(&self.read[0], &self.read[1])),
            ("time to place", time(&self.place[1], &self.place[2])),
            ("memory of all three", self.process.memory_growth()),
        ]
    }
}
