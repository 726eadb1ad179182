//! The use cases.

use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use vectis_contracts::Tx;
use vectis_contracts::audit::{Audit, AuditCode, AuditRecord};
use vectis_contracts::points::Strategies;
use vectis_contracts::pricing::{
    ExchangeRate, ManagedPrice, PriceCode, PriceList, PriceQuery, PriceTier, Pricing, QuoteCode, QuotedPrice,
    SetManagedPrice, SetPriceEntry, UpsertPriceList,
};
use vectis_db::{Db, idempotency, outbox, retrying};
use vectis_kernel::ids::{PriceListId, VariantId};
use vectis_kernel::permission::staff;
use vectis_kernel::{Ctx, Event, Failure, Page, PageRequest, Permission};

use crate::{
    Deps, exchange_rates_set, managed_prices_set, price_entries_set, price_list_upsert, quote, store,
};

pub(crate) type Outcome<T> = Result<T, Failure<PriceCode>>;

/// Most things of a kind in one call.
pub(crate) const MAX_ITEMS: usize = 10_000;

pub(crate) struct PgPricing {
    pub(crate) db: Db,
    audit: Arc<dyn Audit>,
    strategies: Arc<dyn Strategies>,
}

/// The stored answer of commands that answer with nothing.
#[derive(Serialize, Deserialize)]
pub(crate) struct Done {}

#[async_trait]
impl Pricing for PgPricing {
    async fn quote(
        &self,
        ctx: &Ctx,
        query: &PriceQuery,
    ) -> Result<Vec<Option<QuotedPrice>>, Failure<QuoteCode>> {
        quote::quote(&self.db, &*self.strategies, ctx, query).await
    }

    async fn ladders(
        &self,
        ctx: &Ctx,
        query: &PriceQuery,
    ) -> Result<Vec<Vec<PriceTier>>, Failure<QuoteCode>> {
        quote::ladders(&self.db, &*self.strategies, ctx, query).await
    }

    async fn price_lists(&self, ctx: &Ctx, page: PageRequest) -> Outcome<Page<PriceList>> {
        require(ctx, &staff::PRICES_READ)?;
        let lists = store::price_list::list(self.db.pool(), &page).await?;
        Ok(Page::from_fetched(lists, &page))
    }

    async fn price_entries(
        &self,
        ctx: &Ctx,
        list: PriceListId,
        variant_ids: &[VariantId],
    ) -> Outcome<Vec<(VariantId, PriceTier)>> {
        require(ctx, &staff::PRICES_READ)?;
        check_count("variantIds", variant_ids.len())?;
        let tiers = store::price_tier::list(self.db.pool(), list, variant_ids).await?;
        tiers.ok_or_else(|| list_not_found(list))
    }

    async fn price_list_upsert(&self, ctx: &Ctx, list: UpsertPriceList) -> Outcome<PriceListId> {
        require(ctx, &staff::PRICES_WRITE)?;
        price_list_upsert::check(&list)?;
        retrying(|| price_list_upsert::once(self, ctx, &list)).await
    }

    async fn price_entries_set(
        &self,
        ctx: &Ctx,
        list: PriceListId,
        entries: Vec<SetPriceEntry>,
    ) -> Outcome<()> {
        require(ctx, &staff::PRICES_WRITE)?;
        let entries = price_entries_set::checked(&entries)?;
        retrying(|| price_entries_set::once(self, ctx, list, &entries)).await
    }

    async fn managed_prices_set(&self, ctx: &Ctx, prices: Vec<SetManagedPrice>) -> Outcome<()> {
        require(ctx, &staff::PRICES_WRITE)?;
        managed_prices_set::check(&prices)?;
        retrying(|| managed_prices_set::once(self, ctx, &prices)).await
    }

    async fn managed_prices(&self, ctx: &Ctx, variant_ids: &[VariantId]) -> Outcome<Vec<ManagedPrice>> {
        require(ctx, &staff::PRICES_READ)?;
        check_count("variantIds", variant_ids.len())?;
        Ok(store::managed_price::list(self.db.pool(), variant_ids).await?)
    }

    async fn exchange_rates_set(&self, ctx: &Ctx, rates: Vec<ExchangeRate>) -> Outcome<()> {
        require(ctx, &staff::PRICES_WRITE)?;
        exchange_rates_set::check(&rates)?;
        retrying(|| exchange_rates_set::once(self, ctx, &rates)).await
    }

    async fn exchange_rates(&self, ctx: &Ctx) -> Outcome<Vec<ExchangeRate>> {
        require(ctx, &staff::PRICES_READ)?;
        Ok(store::exchange_rate::in_force(self.db.pool(), ctx.now()).await?)
    }
}

impl PgPricing {
    pub(crate) fn new(deps: Deps) -> Self {
        Self { db: deps.db, audit: deps.audit, strategies: deps.strategies }
    }

    /// Records, tells, remembers the answer and commits: the end of every command.
    pub(crate) async fn finish<A: Serialize>(
        &self,
        mut tx: Tx,
        ctx: &Ctx,
        (records, events): (&[AuditRecord], &[Event]),
        answer: &A,
    ) -> Outcome<()> {
        self.tell(&mut tx, ctx, (records, events)).await?;
        idempotency::record(&mut tx, ctx, answer).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Records and tells.
    pub(crate) async fn tell(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        (records, events): (&[AuditRecord], &[Event]),
    ) -> Outcome<()> {
        let recorded = self.audit.record(tx, ctx, records).await;
        recorded.map_err(|failure| failure.map_code(|AuditCode::Forbidden| PriceCode::Forbidden))?;
        outbox::append(tx, ctx, events).await?;
        Ok(())
    }
}

pub(crate) fn require(ctx: &Ctx, permission: &Permission) -> Outcome<()> {
    if ctx.is_staff() && ctx.may(permission) {
        Ok(())
    } else {
        Err(Failure::refused(PriceCode::Forbidden, format!("this needs the permission {permission}")))
    }
}

/// Refuses more than [`MAX_ITEMS`].
pub(crate) fn check_count(field: &str, count: usize) -> Outcome<()> {
    if count > MAX_ITEMS {
        let message = format!("{count} are more than {MAX_ITEMS} in one call");
        return Err(Failure::at(PriceCode::TooMany, field, message));
    }
    Ok(())
}

pub(crate) fn list_not_found(id: PriceListId) -> Failure<PriceCode> {
    Failure::at(PriceCode::PriceListNotFound, "priceListId", format!("there is no price list {id}"))
}
