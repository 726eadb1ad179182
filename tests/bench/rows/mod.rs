//! The rows, by what they are about.

pub(crate) mod borders;
pub(crate) mod cart;
pub(crate) mod catalogue;
pub(crate) mod events;
pub(crate) mod order;
pub(crate) mod plugin;
pub(crate) mod process;
pub(crate) mod throughput;

use std::io::Write as _;

use anyhow::Result;

use crate::machine::Memory;
use crate::measure::{Effort, Operation, alone, by_turns, statements};
use crate::shop::Shop;
use crate::table::Row;

/// Statements above which they are listed, because a storefront operation has no more.
pub(crate) const MOST_STATEMENTS: i64 = 12;

/// A row without a floor.
async fn row<O: Operation>(shop: &Shop, effort: Effort, name: &str, mut operation: O) -> Result<Row> {
    let samples = alone(effort, &mut operation).await?;
    let row = Row::new(name, samples, Memory::of_this_process()?.now_kb);
    with_statements(shop, row, &mut operation).await
}

/// A row beside its floor.
async fn row_beside<O: Operation, F: Operation>(
    shop: &Shop,
    effort: Effort,
    name: &str,
    (mut operation, mut floor): (O, F),
) -> Result<Row> {
    let (samples, of_floor) = by_turns(effort, &mut operation, &mut floor).await?;
    let mut row = Row::new(name, samples, Memory::of_this_process()?.now_kb);
    row.floor = Some(of_floor);
    with_statements(shop, row, &mut operation).await
}

/// Counts the row's statements, and lists them on standard error when there are more than there should be.
async fn with_statements<O: Operation>(shop: &Shop, mut row: Row, operation: &mut O) -> Result<Row> {
    let Some(ran) = statements(&shop.host.db, operation).await? else { return Ok(row) };
    row.statements = Some(ran.total());
    if ran.total() > MOST_STATEMENTS {
        let mut out = std::io::stderr().lock();
        writeln!(out, "{}: {} statements", row.name, ran.total())?;
        for (text, calls) in ran.by_text() {
            let words: Vec<&str> = text.split_whitespace().collect();
            let start: String = words.join(" ").chars().take(140).collect();
            writeln!(out, "  {calls} × {start}")?;
        }
    }
    Ok(row)
}

/// `10,000` for people.
fn grouped(count: usize) -> String {
    if count < 1_000 { count.to_string() } else { format!("{},{:03}", count / 1_000, count % 1_000) }
}
