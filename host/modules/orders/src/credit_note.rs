//! Credit notes without an order behind them: goods given back by walk-ins, corrections, goodwill.

use std::collections::HashMap;

use serde_json::json;
use vectis_contracts::audit::AuditRecord;
use vectis_contracts::carts::MAX_LINES;
use vectis_contracts::channels::Channel;
use vectis_contracts::inventory::StockNeed;
use vectis_contracts::orders::{
    CreditNote, CreditNoteLine, IssueCreditNote, IssueCreditNoteLine, OrderCode, Restock,
};
use vectis_contracts::priced_cart::{BuyerFacts, destination};
use vectis_contracts::products::Variant;
use vectis_contracts::tax::{TaxQuery, TaxQueryLine, TaxedLine};
use vectis_db::{idempotency, outbox, retrying};
use vectis_kernel::failure::refuse_if_any;
use vectis_kernel::ids::CreditNoteId;
use vectis_kernel::permission::staff;
use vectis_kernel::{Ctx, Failure, Money, Quantity, Refusal, UnitPrice};

use crate::access::must_be_staff_with;
use crate::charge::MAX_LABEL;
use crate::events;
use crate::model::fits;
use crate::read::no_such_channel;
use crate::refusals::{assess_to_order, unexpected};
use crate::return_goods::check_texts;
use crate::service::PgOrders;
use crate::store;

/// Largest quantity of a line: a billion.
const MAX_QUANTITY: Quantity = Quantity::from_milli(1_000_000_000_000);

/// A checked line, with its goods if it is about goods.
struct Credit<'a> {
    line: &'a IssueCreditNoteLine,
    variant: Option<&'a Variant>,
    amount: Money,
}

/// A checked, taxed note.
struct Issue {
    note: CreditNote,
    channel: Channel,
    /// Goods that go back on the shelf.
    goods: Vec<StockNeed>,
}

impl PgOrders {
    pub(crate) async fn issue_credit_note(
        &self,
        ctx: &Ctx,
        issue: IssueCreditNote,
    ) -> Result<CreditNoteId, Failure<OrderCode>> {
        must_be_staff_with(ctx, &staff::ORDERS_WRITE)?;
        check_texts(&issue.reason, &issue.reference)?;
        check_count(&issue)?;
        let channel = self.note_channel(ctx, &issue).await?;
        self.must_have_account(ctx, &issue).await?;
        let variants = self.goods_by_sku(ctx, &issue.lines).await?;
        let credits = check_lines(&issue, &variants)?;
        let taxed = self.tax_goods(ctx, &issue, &channel, &credits).await?;
        let issue = Issue {
            note: note_of(ctx, &issue, &credits, taxed)?,
            goods: goods_back(issue.restock, &credits),
            channel,
        };
        retrying(|| self.issue_in_one(ctx, &issue)).await
    }

    async fn issue_in_one(&self, ctx: &Ctx, issue: &Issue) -> Result<CreditNoteId, Failure<OrderCode>> {
        let mut tx = self.deps.db.begin().await?;
        if let Some(answer) = idempotency::find(&mut tx, ctx).await? {
            return Ok(answer);
        }
        let mut note = issue.note.clone();
        note.number = store::credit_note::insert(&mut tx, &note).await?;
        self.take_back(&mut tx, ctx, note.id.0, &issue.channel, &issue.goods).await?;
        let record = AuditRecord {
            action: "credit_note.issue",
            subject_kind: "credit_note",
            subject_id: note.id.0,
            account_id: note.account_id,
            detail: json!({
                "number": note.number,
                "reference": note.reference,
                "lines": note.lines.len(),
                "net": note.net.to_string(),
                "tax": note.tax.to_string(),
            }),
        };
        self.audit(&mut tx, ctx, record).await?;
        outbox::append(&mut tx, ctx, &[events::credit_note_issued(&note)]).await?;
        idempotency::record(&mut tx, ctx, &note.id).await?;
        tx.commit().await?;
        tracing::info!(credit_note.id = %note.id, credit_note.number = %note.number, "credit note issued");
        Ok(note.id)
    }

    async fn note_channel(&self, ctx: &Ctx, issue: &IssueCreditNote) -> Result<Channel, Failure<OrderCode>> {
        let channel = self.find_channel(ctx, issue.channel_id).await?;
        let channel = channel.ok_or_else(|| no_such_channel(issue.channel_id))?;
        if channel.currencies.contains(&issue.currency) {
            return Ok(channel);
        }
        let message = format!("the channel {} does not sell in {}", channel.slug, issue.currency);
        Err(Failure::at(OrderCode::InvalidAmount, "currency", message))
    }

    async fn must_have_account(&self, ctx: &Ctx, issue: &IssueCreditNote) -> Result<(), Failure<OrderCode>> {
        let Some(account_id) = issue.account_id else {
            return Ok(());
        };
        let system = ctx.as_system("orders");
        let found = self.deps.accounts.get_many(&system, &[account_id]).await;
        if found.map_err(unexpected)?.is_empty() {
            let message = format!("there is no account {account_id}");
            return Err(Failure::at(OrderCode::AccountNotFound, "accountId", message));
        }
        Ok(())
    }

    async fn goods_by_sku(
        &self,
        ctx: &Ctx,
        lines: &[IssueCreditNoteLine],
    ) -> Result<HashMap<String, Variant>, Failure<OrderCode>> {
        let mut skus: Vec<String> = lines.iter().filter_map(|line| line.sku.clone()).collect();
        if skus.is_empty() {
            return Ok(HashMap::new());
        }
        skus.sort_unstable();
        skus.dedup();
        let variants = self.deps.products.variants_by_sku(ctx, &skus).await.map_err(unexpected)?;
        Ok(variants.into_iter().map(|variant| (variant.sku.clone(), variant)).collect())
    }

    /// Goods are taxed as if sold from the channel today; plain amounts are not taxed. One answer per line of goods.
    async fn tax_goods(
        &self,
        ctx: &Ctx,
        issue: &IssueCreditNote,
        channel: &Channel,
        credits: &[Credit<'_>],
    ) -> Result<Vec<TaxedLine>, Failure<OrderCode>> {
        let goods = credits.iter().filter_map(|credit| {
            Some(TaxQueryLine {
                amount: credit.amount,
                quantity: credit.line.quantity,
                category: credit.variant?.tax_category.clone(),
            })
        });
        let lines: Vec<TaxQueryLine> = goods.collect();
        if lines.is_empty() {
            return Ok(Vec::new());
        }
        let query = TaxQuery {
            channel_id: channel.id,
            account_id: issue.account_id,
            location_id: None,
            currency: issue.currency,
            prices_include_tax: channel.prices_include_tax,
            destination: destination(None, &BuyerFacts::default(), channel),
            lines,
        };
        let assessed = self.deps.tax.assess(ctx, &query).await;
        Ok(assessed.map_err(|failure| failure.map_code(assess_to_order))?.lines)
    }
}

fn check_count(issue: &IssueCreditNote) -> Result<(), Failure<OrderCode>> {
    let count = issue.lines.len();
    if count > MAX_LINES {
        let message = format!("a credit note has at most {MAX_LINES} lines, not {count}");
        return Err(Failure::at(OrderCode::TooMany, "lines", message));
    }
    if count == 0 {
        let message = "a credit note has at least one line";
        return Err(Failure::at(OrderCode::InvalidInput, "lines", message));
    }
    Ok(())
}

fn check_lines<'a>(
    issue: &'a IssueCreditNote,
    variants: &'a HashMap<String, Variant>,
) -> Result<Vec<Credit<'a>>, Failure<OrderCode>> {
    let mut refusals = Vec::new();
    let mut credits = Vec::with_capacity(issue.lines.len());
    for (index, line) in issue.lines.iter().enumerate() {
        match check_line(issue, line, variants) {
            Ok(credit) => credits.push(credit),
            Err((code, field, message)) => {
                refusals.push(Refusal::at(code, &format!("lines.{index}.{field}"), message));
            }
        }
    }
    refuse_if_any(refusals)?;
    Ok(credits)
}

fn check_line<'a>(
    issue: &IssueCreditNote,
    line: &'a IssueCreditNoteLine,
    variants: &'a HashMap<String, Variant>,
) -> Result<Credit<'a>, (OrderCode, &'static str, String)> {
    if line.label.trim().is_empty() || !fits(&line.label, MAX_LABEL) {
        let message = format!("a label has 1 to {MAX_LABEL} characters");
        return Err((OrderCode::InvalidInput, "label", message));
    }
    let variant = match &line.sku {
        None => None,
        Some(sku) => match variants.get(sku) {
            Some(variant) => Some(variant),
            None => return Err((OrderCode::UnknownVariant, "sku", format!("there is no SKU {sku}"))),
        },
    };
    let quantity = line.quantity;
    let places = variant.map_or(Quantity::SCALE, |variant| variant.precision);
    if !quantity.is_positive() || quantity > MAX_QUANTITY || !quantity.fits_precision(places) {
        let message = format!("{quantity} is not a quantity here ({places} decimal places)");
        return Err((OrderCode::InvalidQuantity, "quantity", message));
    }
    let unit_price = UnitPrice::from_decimal(line.unit_price, issue.currency);
    let amount = unit_price.and_then(|price| price.times(quantity));
    let amount = amount.map_err(|error| (OrderCode::InvalidAmount, "unitPrice", error.to_string()))?;
    Ok(Credit { line, variant, amount })
}

/// Goods that come back: stocked ones, on lines that give money back.
fn goods_back(restock: Restock, credits: &[Credit<'_>]) -> Vec<StockNeed> {
    if restock == Restock::WriteOff {
        return Vec::new();
    }
    let back = credits.iter().filter(|credit| !credit.line.unit_price.is_sign_negative());
    let needs = back.filter_map(|credit| {
        let variant = credit.variant.filter(|variant| variant.is_stocked)?;
        Some(StockNeed {
            variant_id: variant.id,
            quantity: credit.line.quantity,
            allows_backorder: variant.allows_backorder,
        })
    });
    needs.collect()
}

/// `taxed` has one line per credit about goods.
fn note_of(
    ctx: &Ctx,
    issue: &IssueCreditNote,
    credits: &[Credit<'_>],
    taxed: Vec<TaxedLine>,
) -> Result<CreditNote, Failure<OrderCode>> {
    let nothing = Money::zero(issue.currency);
    let mut taxed = taxed.into_iter();
    let mut lines = Vec::with_capacity(credits.len());
    for credit in credits {
        let (net, tax) = match credit.variant {
            None => (credit.amount, nothing),
            Some(_) => {
                let taxed = taxed.next().ok_or_else(|| Failure::internal("goods were not taxed"))?;
                (taxed.net, taxed.tax)
            }
        };
        lines.push(CreditNoteLine {
            label: credit.line.label.clone(),
            sku: credit.line.sku.clone(),
            quantity: credit.variant.map_or(Quantity::ZERO, |_| credit.line.quantity),
            net,
            tax,
        });
    }
    let out_of_range =
        |error: vectis_kernel::MoneyError| Failure::at(OrderCode::InvalidAmount, "lines", error.to_string());
    Ok(CreditNote {
        id: ctx.new_id(),
        number: String::new(),
        channel_id: issue.channel_id,
        account_id: issue.account_id,
        order_id: None,
        reference: issue.reference.clone(),
        at: ctx.now(),
        reason: issue.reason.clone(),
        net: Money::sum(issue.currency, lines.iter().map(|line| line.net)).map_err(out_of_range)?,
        tax: Money::sum(issue.currency, lines.iter().map(|line| line.tax)).map_err(out_of_range)?,
        lines,
    })
}
