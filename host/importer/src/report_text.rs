//! The reconciliation as an aligned table.

use std::fmt;

use crate::reconcile::{Comparison, OddRow, Report, group_pence, group_thousands};

const HEADER: [&str; 9] =
    ["month", "kind", "invoices", "in Vectis", "lines", "in Vectis", "value", "in Vectis", "difference"];

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_table(f, &self.table())?;
        let share = self.rows - self.not_taken.len().min(self.rows);
        let (rows, taken) = (group_thousands(self.rows as i128), group_thousands(share as i128));
        writeln!(f, "\n{taken} of {rows} rows taken, {} not.", self.not_taken.len())?;
        write_rows(f, "Rows not taken", &self.not_taken)?;
        write_rows(f, "Rows taken at another value", &self.differing)
    }
}

impl Report {
    fn table(&self) -> Vec<[String; 9]> {
        let mut table = vec![HEADER.map(str::to_owned)];
        for (month, all) in &self.months {
            let groups = self.groups.iter().filter(|((of_month, _), _)| of_month == month);
            for ((_, group), comparison) in groups {
                table.push(cells(month, group.label(), comparison));
            }
            table.push(cells(month, "all", all));
        }
        table.push(cells("total", "all", &self.total));
        table
    }
}

fn cells(month: &str, kind: &str, comparison: &Comparison) -> [String; 9] {
    let count = |number: usize| group_thousands(number as i128);
    let (file, platform) = (&comparison.file, &comparison.platform);
    [
        month.to_owned(),
        kind.to_owned(),
        count(file.invoices.len()),
        count(platform.invoices.len()),
        count(file.lines),
        count(platform.lines),
        group_pence(file.value),
        group_pence(platform.value),
        group_pence(comparison.difference()),
    ]
}

/// The first two columns stand left, the figures right.
fn write_table(f: &mut fmt::Formatter<'_>, table: &[[String; 9]]) -> fmt::Result {
    let width = |column: usize| table.iter().map(|cells| cells[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 9] = std::array::from_fn(width);
    for cells in table {
        write!(f, "{:<2$}  {:<3$}", cells[0], cells[1], widths[0], widths[1])?;
        for column in 2..cells.len() {
            write!(f, "  {:>1$}", cells[column], widths[column])?;
        }
        writeln!(f)?;
    }
    Ok(())
}

fn write_rows(f: &mut fmt::Formatter<'_>, title: &str, rows: &[OddRow]) -> fmt::Result {
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(f, "\n{title}:")?;
    for row in rows {
        writeln!(f, "  line {:<8} {:<40} {}", row.line, row.what, row.reason)?;
    }
    Ok(())
}
