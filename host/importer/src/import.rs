//! `vectis import`: everything that must exist before the first invoice is sent. May be run again: what is there is found,
//! and what was counted is not counted twice.

mod catalogue;
mod prices;
mod stock;
mod strategies;

use std::fmt;
use std::path::PathBuf;

use anyhow::Context as _;

use crate::accounts::{self, AccountIds};
use crate::channels;
use crate::desk::Desk;
use crate::mine::Account;
use crate::progress::bar;
use crate::read::RowError;
use crate::reconcile::group_thousands;
use crate::source::{Source, on_bad_rows};
use crate::warehouse;

#[cfg(test)]
pub(crate) use self::catalogue::slug;
pub(crate) use self::stock::ADJUST as ADJUST_STOCK;

/// Accounts made in one call: as many passwords are hashed as a request has time for.
const ACCOUNTS_A_CALL: usize = 100;

/// What to import, and where to.
#[derive(Clone, Debug)]
pub struct ImportOptions {
    /// Address of the API: `http://127.0.0.1:8000/graphql`.
    pub url: String,
    /// E-mail of a member of staff.
    pub email: String,
    /// Password of the member of staff.
    pub password: String,
    /// The invoice file, `.csv` or `.csv.gz`.
    pub file: PathBuf,
    /// First password of all buyers and approvers.
    pub buyer_password: String,
    /// Whether to take the good rows of a file with bad ones.
    pub take_good_rows: bool,
}

/// What was imported.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportSummary {
    /// What the file holds, a page of figures.
    pub file: String,
    /// Slugs of the channels.
    pub channels: [String; 2],
    /// Articles made or replaced.
    pub articles: usize,
    /// Accounts made.
    pub accounts_made: usize,
    /// Accounts that were there.
    pub accounts_found: usize,
    /// Price lists made or replaced.
    pub price_lists: usize,
    /// Prices in them, tiers counted one by one.
    pub prices: usize,
    /// Articles with opening stock.
    pub stocked_articles: usize,
    /// Rows that could not be read.
    pub bad_rows: Vec<RowError>,
}

impl fmt::Display for ImportSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |number: usize| group_thousands(number as i128);
        writeln!(f, "{}", self.file)?;
        let [wholesale, retail] = &self.channels;
        writeln!(f, "Imported into the channels {wholesale} and {retail}")?;
        writeln!(f, "  articles             {:>10}", count(self.articles))?;
        writeln!(f, "  accounts made        {:>10}", count(self.accounts_made))?;
        writeln!(f, "  accounts found       {:>10}", count(self.accounts_found))?;
        writeln!(f, "  price lists          {:>10}", count(self.price_lists))?;
        writeln!(f, "  prices               {:>10}", count(self.prices))?;
        write!(f, "  articles with stock  {:>10}", count(self.stocked_articles))?;
        for error in &self.bad_rows {
            write!(f, "\n  not read: {error}")?;
        }
        Ok(())
    }
}

/// Imports a file into a running shop.
pub async fn import(options: ImportOptions) -> anyhow::Result<ImportSummary> {
    let source = Source::read(&options.file, on_bad_rows(options.take_good_rows))?;
    let desk = Desk::open(&options.url, &options.email, &options.password).await?;
    let warehouse_id = warehouse::make(&desk).await.context("the warehouse cannot be made")?;
    let channels = channels::make(&desk, &warehouse_id).await.context("the channels cannot be made")?;
    strategies::activate(&desk, &channels).await?;
    catalogue::make(&desk, &source).await?;
    let (account_ids, accounts_made) = make_accounts(&desk, &source, &options.buyer_password).await?;
    let (price_lists, prices) = prices::make(&desk, &source, &channels, &account_ids).await?;
    let stocked_articles = stock::count_in(&desk, &source, &warehouse_id).await?;
    Ok(ImportSummary {
        file: source.plan.summary(),
        channels: [channels.wholesale.slug, channels.retail.slug],
        articles: source.plan.articles.len(),
        accounts_made,
        accounts_found: source.plan.accounts.len() - accounts_made,
        price_lists,
        prices,
        stocked_articles,
        bad_rows: source.bad_rows,
    })
}

/// Makes the accounts the shop does not have; all ids, and how many were made.
async fn make_accounts(
    desk: &Desk,
    source: &Source,
    buyer_password: &str,
) -> anyhow::Result<(AccountIds, usize)> {
    let mut ids = accounts::list(desk).await.context("the accounts cannot be listed")?;
    let missing: Vec<&Account> =
        source.plan.accounts.iter().filter(|account| !ids.contains_key(&account.number)).collect();
    let progress = bar(missing.len(), "accounts");
    for batch in missing.chunks(ACCOUNTS_A_CALL) {
        let first = batch.first().map_or("", |account| &account.number);
        let key = source.key(&format!("accounts:{first}"));
        let made = accounts::make(desk, batch, buyer_password, &key)
            .await
            .with_context(|| format!("the accounts from customer {first} on cannot be made"))?;
        anyhow::ensure!(
            made.len() == batch.len(),
            "the shop made {} accounts of {}",
            made.len(),
            batch.len()
        );
        ids.extend(batch.iter().map(|account| account.number.clone()).zip(made));
        progress.inc(batch.len() as u64);
    }
    progress.finish();
    Ok((ids, missing.len()))
}
