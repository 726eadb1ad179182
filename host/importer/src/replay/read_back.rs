//! Asks the shop once more, independently: every order and credit note that was written, its totals compared with what
//! was answered when it was written.

use std::collections::HashMap;
use std::fmt;

use indicatif::ProgressBar;
use serde::Deserialize;
use serde_json::{Value, json};
use vectis_kernel::Money;

use crate::channels::Channel;
use crate::client::{Amount, Call, CallError};
use crate::desk::Page;
use crate::progress::bar;
use crate::reconcile::{group_pence, group_thousands};

use super::{Replay, Written};

const ORDERS: &str = "query Orders($channelId: ID!, $after: String) { \
    orders(channelId: $channelId, first: 100, after: $after) { nodes { id linesNetTotal { amount } \
    chargesNetTotal { amount } grandTotal { amount } } pageInfo { hasNextPage endCursor } } }";

const NOTES: &str = "query Notes($after: String) { creditNotes(first: 100, after: $after) { \
    nodes { id netTotal { amount } taxTotal { amount } } pageInfo { hasNextPage endCursor } } }";

/// What the shop has of what was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadBack {
    /// Orders and credit notes that were written.
    pub written: usize,
    /// Those of them the shop lists.
    pub found: usize,
    /// One sentence per document the shop does not list, or lists with another value.
    pub differences: Vec<String>,
}

impl fmt::Display for ReadBack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Read back: {} of {} orders and credit notes, {} differ.",
            group_thousands(self.found as i128),
            group_thousands(self.written as i128),
            self.differences.len()
        )?;
        self.differences.iter().try_for_each(|difference| write!(f, "\n  {difference}"))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OrderNode {
    id: String,
    lines_net_total: Amount,
    charges_net_total: Amount,
    grand_total: Amount,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NoteNode {
    id: String,
    net_total: Amount,
    tax_total: Amount,
}

/// What is still to be found, by id.
struct Search<'a> {
    replay: &'a Replay,
    missing: HashMap<String, Written>,
    result: ReadBack,
    progress: ProgressBar,
}

/// Reads everything back.
pub(super) async fn compare(replay: &Replay, written: Vec<Written>) -> Result<ReadBack, CallError> {
    let count = written.len();
    let mut search = Search {
        replay,
        missing: written.into_iter().map(|written| (written.id.clone(), written)).collect(),
        result: ReadBack { written: count, ..ReadBack::default() },
        progress: bar(count, "reading back"),
    };
    for channel in [&replay.channels.wholesale, &replay.channels.retail] {
        search.orders(channel).await?;
    }
    search.notes().await?;
    search.progress.finish();
    let mut missing: Vec<&Written> = search.missing.values().collect();
    missing.sort_by_key(|written| written.document);
    let sentences =
        missing.iter().map(|written| format!("{}: {} is not listed", search.key(written), written.id));
    let sentences: Vec<String> = sentences.collect();
    search.result.differences.extend(sentences);
    Ok(search.result)
}

impl Search<'_> {
    /// Value before tax, or with it where prices include it: that is what the rows' values are.
    async fn orders(&mut self, channel: &Channel) -> Result<(), CallError> {
        let mut after: Option<String> = None;
        loop {
            let variables = json!({ "channelId": channel.id, "after": after });
            let page: Page<OrderNode> = self.replay.desk.query(&Call::new(ORDERS, variables)).await?;
            for node in page.nodes {
                let value = if channel.prices_include_tax {
                    node.grand_total.money()?
                } else {
                    node.lines_net_total.plus(node.charges_net_total)?
                };
                self.found(&node.id, i128::from(value.minor));
            }
            after = page.page_info.next();
            if after.is_none() || self.missing.is_empty() {
                return Ok(());
            }
        }
    }

    async fn notes(&mut self) -> Result<(), CallError> {
        let mut after: Option<String> = None;
        while !self.missing.is_empty() {
            let variables: Value = json!({ "after": after });
            let page: Page<NoteNode> = self.replay.desk.query(&Call::new(NOTES, variables)).await?;
            for node in page.nodes {
                let value = self.note_value(&node)?;
                self.found(&node.id, -i128::from(value.minor));
            }
            after = page.page_info.next();
            if after.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn note_value(&self, node: &NoteNode) -> Result<Money, CallError> {
        let documents = &self.replay.source.plan.documents;
        let with_tax = self
            .missing
            .get(&node.id)
            .is_some_and(|written| self.replay.channel(&documents[written.document]).prices_include_tax);
        if with_tax { node.net_total.plus(node.tax_total) } else { node.net_total.money() }
    }

    fn found(&mut self, id: &str, value: i128) {
        let Some(written) = self.missing.remove(id) else { return };
        self.result.found += 1;
        self.progress.inc(1);
        if value != written.value {
            let (now, then) = (group_pence(value), group_pence(written.value));
            let difference = format!("{}: {id} is {now} where {then} was answered", self.key(&written));
            self.result.differences.push(difference);
        }
    }

    fn key(&self, written: &Written) -> &str {
        &self.replay.source.plan.documents[written.document].key
    }
}
