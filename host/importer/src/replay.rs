//! `vectis replay`: the documents of the file, sent through the API by those who would send them. May be killed and run
//! again: every step carries a key made of the file, the document and the step, so that nothing is doubled.

mod give_back;
mod note;
mod order;
mod outcome;
mod read_back;
mod recount;
mod window;

use std::fmt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use crate::accounts::{self, AccountIds};
use crate::buyers::Buyers;
use crate::channels::{self, Channel, Channels};
use crate::classify::RowKind;
use crate::desk::Desk;
use crate::documents::{Body, Document};
use crate::plan::WINDOW;
use crate::progress::bar;
use crate::reconcile::{Ledger, Report, group_thousands, rows_of};
use crate::row::Row;
use crate::source::{Source, on_bad_rows};
use crate::warehouse;

#[cfg(test)]
pub(crate) use self::order::api_kind;
use self::outcome::{Outcome, Sent};
pub use self::read_back::ReadBack;
pub(crate) use self::window::Window;

/// What to replay, and where.
#[derive(Clone, Debug)]
pub struct ReplayOptions {
    /// Address of the API: `http://127.0.0.1:8000/graphql`.
    pub url: String,
    /// E-mail of a member of staff.
    pub email: String,
    /// Password of the member of staff.
    pub password: String,
    /// The invoice file that was imported, `.csv` or `.csv.gz`.
    pub file: PathBuf,
    /// Password of all buyers and approvers.
    pub buyer_password: String,
    /// Whether to take the good rows of a file with bad ones.
    pub take_good_rows: bool,
    /// Documents under way at once, at least 1.
    pub concurrency: usize,
    /// Only the first so many documents (and the rest of the invoice the last one is from).
    pub limit: Option<usize>,
}

/// How fast it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Documents sent.
    pub documents: usize,
    /// Rows in them.
    pub rows: usize,
    /// Time it took.
    pub time: Duration,
}

/// What came of a replay.
#[derive(Debug)]
pub struct Replayed {
    /// The reconciliation, from the answers to what was sent.
    pub report: Report,
    /// What the shop answered when asked again.
    pub read_back: ReadBack,
    /// How fast it went.
    pub pace: Pace,
}

impl Replayed {
    /// Whether every row is accounted for, every month agrees to the penny, and the shop still says the same.
    pub fn is_good(&self) -> bool {
        self.report.accounts_for_every_row()
            && self.report.is_equal_to_the_penny()
            && self.read_back.differences.is_empty()
    }
}

impl fmt::Display for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let milliseconds = self.time.as_millis().max(1);
        let rate = |count: usize| {
            let tenths = count as u128 * 10_000 / milliseconds;
            format!("{}.{}", tenths / 10, tenths % 10)
        };
        write!(
            f,
            "{} documents with {} lines in {}.{} s: {} documents/s, {} lines/s",
            group_thousands(self.documents as i128),
            group_thousands(self.rows as i128),
            milliseconds / 1000,
            milliseconds % 1000 / 100,
            rate(self.documents),
            rate(self.rows)
        )
    }
}

impl fmt::Display for Replayed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.report)?;
        writeln!(f, "{}", self.read_back)?;
        write!(f, "Sent {}.", self.pace)
    }
}

/// Sends the documents of a file to a running shop and compares.
pub async fn replay(options: ReplayOptions) -> anyhow::Result<Replayed> {
    let mut source = Source::read(&options.file, on_bad_rows(options.take_good_rows))?;
    if let Some(limit) = options.limit {
        source.plan = source.plan.first(limit);
    }
    let replay = Replay::open(source, &options).await?;
    let started = Instant::now();
    let (ledger, written) = replay.send_all(options.concurrency).await?;
    let pace = Pace {
        documents: replay.source.plan.documents.len(),
        rows: replay.source.plan.documents.iter().map(|document| rows_of(&document.body).len()).sum(),
        time: started.elapsed(),
    };
    let read_back = read_back::compare(&replay, written).await.context("the shop cannot be asked again")?;
    Ok(Replayed {
        report: Report::of(&replay.source.plan, &ledger, &replay.source.bad_rows),
        read_back,
        pace,
    })
}

/// Everything the documents need.
pub(crate) struct Replay {
    source: Source,
    desk: Desk,
    buyers: Buyers,
    channels: Channels,
    warehouse_id: String,
    account_ids: AccountIds,
}

/// What a document wrote, for reading it back.
#[derive(Debug)]
struct Written {
    document: usize,
    /// Id of the order or credit note.
    id: String,
    /// Sum of its rows' values, in minor units.
    value: i128,
}

impl Replay {
    async fn open(source: Source, options: &ReplayOptions) -> anyhow::Result<Self> {
        let desk = Desk::open(&options.url, &options.email, &options.password).await?;
        let channels = channels::find(&desk).await?;
        let warehouse_id = warehouse::find(&desk).await?;
        let account_ids = accounts::list(&desk).await?;
        let is_imported =
            source.plan.accounts.iter().all(|account| account_ids.contains_key(&account.number));
        let (Some(channels), Some(warehouse_id), true) = (channels, warehouse_id, is_imported) else {
            anyhow::bail!("the shop lacks channels, a warehouse or accounts of this file; import it first");
        };
        let buyers = Buyers::new(&source.plan.accounts, &options.buyer_password);
        Ok(Self { source, desk, buyers, channels, warehouse_id, account_ids })
    }

    /// Sends everything, in an order that keeps to [`WINDOW`]. Stops when the shop is gone.
    async fn send_all(&self, concurrency: usize) -> anyhow::Result<(Ledger, Vec<Written>)> {
        let documents = &self.source.plan.documents;
        let mut ledger = Ledger::of(&self.source.plan);
        let mut written = Vec::new();
        let mut orders: Vec<Option<order::Placed>> =
            std::iter::repeat_with(|| None).take(documents.len()).collect();
        let mut window = Window::new(documents.len(), concurrency, WINDOW);
        let mut under_way = FuturesUnordered::new();
        let progress = bar(documents.len(), "documents");
        loop {
            while let Some(index) = window.start(|next| waits_for(&documents[next])) {
                let given_back = waits_for(&documents[index]).and_then(|order| orders[order].clone());
                under_way
                    .push(async move { (index, self.send(&documents[index], given_back.as_ref()).await) });
            }
            let Some((index, outcome)) = under_way.next().await else { break };
            let sent = outcome.with_context(|| {
                format!("stopped at {}; run the same command again to go on", documents[index].key)
            })?;
            window.end(index);
            progress.inc(1);
            written.extend(settle(&mut ledger, index, &sent));
            orders[index] = sent.order;
        }
        progress.finish();
        Ok((ledger, written))
    }

    /// Sends one document. Fails only when the shop is gone; what the shop refuses is part of the result.
    async fn send(&self, document: &Document, given_back: Option<&order::Placed>) -> Outcome {
        match &document.body {
            Body::Order { lines, charges } => order::send(self, document, lines, charges).await,
            Body::Return { lines, .. } => give_back::send(self, document, lines, given_back).await,
            Body::Note { goods, charges } => note::send(self, document, goods, charges).await,
            Body::StockAdjustment { rows } => recount::send(self, document, rows).await,
        }
    }

    fn row(&self, row: usize) -> &Row {
        &self.source.plan.rows[row]
    }

    fn channel(&self, document: &Document) -> &Channel {
        self.channels.of(&document.buyer)
    }

    fn key(&self, document: &Document, step: &str) -> String {
        self.source.key(&format!("{}:{step}", document.key))
    }
}

/// The document that must have been answered before this one is started.
fn waits_for(document: &Document) -> Option<usize> {
    match &document.body {
        Body::Return { order, .. } => Some(*order),
        Body::Order { .. } | Body::Note { .. } | Body::StockAdjustment { .. } => None,
    }
}

/// Notes what came of each row.
fn settle(ledger: &mut Ledger, document: usize, sent: &Sent) -> Option<Written> {
    let mut value = 0;
    for (row, result) in &sent.rows {
        match result {
            Ok(taken) => {
                value += i128::from(taken.minor);
                ledger.take(*row, *taken);
            }
            Err(reason) => ledger.refuse(*row, reason),
        }
    }
    sent.written.clone().map(|id| Written { document, id, value })
}

/// What a row is about, for people.
fn label(replay: &Replay, row: usize) -> String {
    let plan = &replay.source.plan;
    match (&plan.rows[row].description, plan.kinds[row]) {
        (Some(description), _) => description.clone(),
        (None, RowKind::Charge(kind)) => kind.label().to_owned(),
        (None, RowKind::BadDebt) => "Bad debt".to_owned(),
        (None, _) => plan.rows[row].sku.to_string(),
    }
}
