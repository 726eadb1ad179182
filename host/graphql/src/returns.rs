//! Goods given back, and the credit notes made for them.

use std::sync::Arc;

use async_graphql::{Context, Object, SimpleObject};
use chrono::{DateTime, Utc};
use vectis_contracts::orders as contract;
use vectis_kernel::ids::{CreditNoteId, OrderLineId, ReturnId};

use crate::accounts::Account;
use crate::id::GlobalId;
use crate::loaders;
use crate::orders::Order;
use crate::policy::{Access, TypePolicy};
use crate::scalars::{Money, Quantity};

pub(crate) const POLICY: &[TypePolicy] = &[
    ("OrderReturn", &[(Access::Owner, "id number at reason lines netTotal taxTotal creditNote")]),
    ("OrderReturnLine", &[(Access::Owner, "orderLineId quantity netTotal taxTotal")]),
    ("CreditNote", &[(Access::Owner, "id number account order reference at reason lines netTotal taxTotal")]),
    ("CreditNoteLine", &[(Access::Owner, "label sku quantity netTotal taxTotal")]),
];

/// Goods given back.
pub struct OrderReturn(pub(crate) Arc<contract::OrderReturn>);

/// Goods given back against an order, and what was credited for them.
#[Object]
impl OrderReturn {
    /// Its id.
    async fn id(&self) -> GlobalId<ReturnId> {
        GlobalId(self.0.id)
    }
    /// For people: `RMA-100003`.
    async fn number(&self) -> &str {
        &self.0.number
    }
    /// When.
    async fn at(&self) -> DateTime<Utc> {
        self.0.at
    }
    /// Why.
    async fn reason(&self) -> &str {
        &self.0.reason
    }
    /// What comes back.
    async fn lines(&self) -> Vec<OrderReturnLine> {
        let line = |line: &contract::ReturnLine| OrderReturnLine {
            order_line_id: GlobalId(line.order_line_id),
            quantity: Quantity(line.quantity),
            net_total: line.net.into(),
            tax_total: line.tax.into(),
        };
        self.0.lines.iter().map(line).collect()
    }
    /// Credited, without tax.
    async fn net_total(&self) -> Money {
        self.0.net.into()
    }
    /// Credited tax.
    async fn tax_total(&self) -> Money {
        self.0.tax.into()
    }
    /// The credit note made for it.
    async fn credit_note(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<CreditNote>> {
        Ok(loaders::of(ctx).load_one(self.0.credit_note_id).await?.map(CreditNote))
    }
}

/// A line of a return.
#[derive(SimpleObject)]
pub struct OrderReturnLine {
    /// The order line.
    pub order_line_id: GlobalId<OrderLineId>,
    /// How much.
    pub quantity: Quantity,
    /// Credited, without tax.
    pub net_total: Money,
    /// Credited tax.
    pub tax_total: Money,
}

/// A negative claim.
pub struct CreditNote(pub(crate) Arc<contract::CreditNote>);

/// A negative claim, with or without an order behind it.
#[Object]
impl CreditNote {
    /// Its id.
    async fn id(&self) -> GlobalId<CreditNoteId> {
        GlobalId(self.0.id)
    }
    /// For people: `CN-100003`.
    async fn number(&self) -> &str {
        &self.0.number
    }
    /// Whose it is; null for walk-ins.
    async fn account(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Account>> {
        let Some(id) = self.0.account_id else { return Ok(None) };
        Ok(loaders::of(ctx).load_one(id).await?.map(Account))
    }
    /// The order behind it.
    async fn order(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Order>> {
        let Some(id) = self.0.order_id else { return Ok(None) };
        Ok(loaders::of(ctx).load_one(id).await?.map(Order))
    }
    /// An outside document's number.
    async fn reference(&self) -> &str {
        &self.0.reference
    }
    /// When.
    async fn at(&self) -> DateTime<Utc> {
        self.0.at
    }
    /// Why.
    async fn reason(&self) -> &str {
        &self.0.reason
    }
    /// What for. Positive amounts give money back, negative ones claim it.
    async fn lines(&self) -> Vec<CreditNoteLine> {
        let line = |line: &contract::CreditNoteLine| CreditNoteLine {
            label: line.label.clone(),
            sku: line.sku.clone(),
            quantity: Quantity(line.quantity),
            net_total: line.net.into(),
            tax_total: line.tax.into(),
        };
        self.0.lines.iter().map(line).collect()
    }
    /// Sum without tax.
    async fn net_total(&self) -> Money {
        self.0.net.into()
    }
    /// Sum of tax.
    async fn tax_total(&self) -> Money {
        self.0.tax.into()
    }
}

/// A line of a credit note.
#[derive(SimpleObject)]
pub struct CreditNoteLine {
    /// For people.
    pub label: String,
    /// The goods, when it is about goods.
    pub sku: Option<String>,
    /// How much.
    pub quantity: Quantity,
    /// Without tax.
    pub net_total: Money,
    /// Its tax.
    pub tax_total: Money,
}
