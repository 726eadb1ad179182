//! Brings a year of a wholesaler's invoices into Vectis: what to import, what to replay, and whether it came out right.
//!
//! *Owns*: the reading and meaning of the "Online Retail" CSV form, and the reconciliation with it. *Depends on*: `kernel`
//! for money (the one rounding rule). *Invariants*: no database and no module, the platform is only met through its public
//! API; no floats; every row of a file is taken or listed with a reason; the same file always makes the same plan.
//! *Start reading at*: [`plan::Plan::of`], then [`classify`]; what is sent is in [`import::import`] and [`replay::replay`].
//!
//! # What goes where
//!
//! Before the first document, by staff: two channels (`wholesale` for accounts, prices without tax; `retail` for walk-ins,
//! guest checkout, prices with tax, because that is what the file's prices are there), one warehouse, every article as
//! product and variant, every account with one location, a buyer and an approver, the price lists, the opening stock.
//!
//! | document | sent as | by |
//! |---|---|---|
//! | [order](documents::Body::Order) of an account | an empty cart; all lines in one call, each row a line of its own (`SEPARATE`); PO number = invoice number; prices the lists do not explain overridden in one call by **staff**, with a reason; submit; if it waits for approval, the account's approver approves | the account's buyer |
//! | order of a walk-in | the same as a guest cart of the retail channel | a guest of its own |
//! | charges of an order | order charges: postage and carriage as shipping, discounts as discount, bank, marketplace and charity fees as fee, everything else, and negative amounts of those that may not be negative, as manual | staff |
//! | [return](documents::Body::Return) | a return against the order's lines, goods back on hand, reference = invoice number | staff |
//! | [note](documents::Body::Note) | a credit note without an order: per row quantity and unit price, above zero where money is given back, below where it is claimed; goods named by SKU go back on hand | staff |
//! | [stock adjustment](documents::Body::StockAdjustment) | adjustments of stock on hand, the description as reason | staff |
//!
//! What a row is worth on the platform is the line's amount before tax in `wholesale` and with tax in `retail`: in both
//! quantity × unit price, rounded per line. Every call carries an idempotency key made of the file's digest, the document's
//! key and the step, so that a replay that was killed goes on where it stopped and one that is repeated changes nothing.

mod accounts;
mod buyers;
mod channels;
pub mod classify;
mod client;
pub mod countries;
mod desk;
pub mod documents;
pub mod import;
pub mod mine;
pub mod plan;
pub mod prices;
mod progress;
pub mod read;
pub mod reconcile;
pub mod replay;
mod report_text;
mod returns;
pub mod row;
mod session;
mod source;
pub mod stock;
pub mod tiers;
mod warehouse;

#[cfg(test)]
mod tests;
