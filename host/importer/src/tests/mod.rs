mod catalogue;
mod classification;
mod document;
mod fake_shop;
mod importing;
mod matching_properties;
mod price_lists;
mod reading;
mod reconciliation;
mod sending;
mod speaking;
mod stock_and_tier_properties;
mod tier;
mod windows;

use crate::plan::Plan;
use crate::read::{COLUMNS, OnBadRows, read};
use crate::row::Row;

/// A file of this form with these lines.
fn file(lines: &[&str]) -> String {
    format!("{}\n{}\n", COLUMNS.join(","), lines.join("\n"))
}

/// Rows of a file that must be good.
fn rows(lines: &[&str]) -> Vec<Row> {
    read(file(lines).as_bytes(), OnBadRows::RefuseFile).unwrap().rows
}

/// A row on 2011-01-10; `customer` may be empty.
fn line(invoice: &str, sku: &str, quantity: i64, price: &str, customer: &str) -> String {
    format!("{invoice},{sku},RED MUG,{quantity},2011-01-10T09:00,{price},{customer},United Kingdom")
}

fn plan(lines: &[String]) -> Plan {
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    Plan::of(rows(&lines))
}
