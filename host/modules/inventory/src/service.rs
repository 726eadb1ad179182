//! The contract, told in one line each.

use async_trait::async_trait;
use uuid::Uuid;
use vectis_contracts::Tx;
use vectis_contracts::inventory::{
    AdjustStock, Availability, Inventory, ReserveCode, ReserveStock, StockCode, StockLevel, StockMovement,
    StockNeed, Warehouse,
};
use vectis_db::retrying;
use vectis_kernel::ids::{ReservationId, VariantId, WarehouseId};
use vectis_kernel::permission::staff;
use vectis_kernel::{Ctx, Failure, Page, PageRequest, Permission};

use crate::{Deps, adjust, give_back, reserve, store, warehouse};

/// Most variants asked for in one call.
const MAX_VARIANTS: usize = 10_000;

/// Stock in Postgres.
pub(crate) struct PgInventory {
    pub(crate) deps: Deps,
}

impl PgInventory {
    pub(crate) fn new(deps: Deps) -> Self {
        Self { deps }
    }
}

pub(crate) fn require(ctx: &Ctx, permission: &Permission) -> Result<(), Failure<StockCode>> {
    if ctx.may(permission) {
        return Ok(());
    }
    Err(Failure::refused(StockCode::Forbidden, format!("You need the permission {permission}.")))
}

fn check_count(variants: &[VariantId]) -> Result<(), Failure<StockCode>> {
    if variants.len() <= MAX_VARIANTS {
        return Ok(());
    }
    let message = format!("{} variants in one call; at most {MAX_VARIANTS} are taken.", variants.len());
    Err(Failure::refused(StockCode::TooMany, message))
}

#[async_trait]
impl Inventory for PgInventory {
    async fn availability(
        &self,
        _ctx: &Ctx,
        variant_ids: &[VariantId],
        warehouse_ids: &[WarehouseId],
    ) -> Result<Vec<Availability>, Failure<StockCode>> {
        check_count(variant_ids)?;
        Ok(store::availability(self.deps.db.pool(), variant_ids, warehouse_ids).await?)
    }

    async fn levels(
        &self,
        ctx: &Ctx,
        variant_ids: &[VariantId],
    ) -> Result<Vec<StockLevel>, Failure<StockCode>> {
        require(ctx, &staff::STOCK_READ)?;
        check_count(variant_ids)?;
        Ok(store::levels(self.deps.db.pool(), variant_ids).await?)
    }

    async fn movements(
        &self,
        ctx: &Ctx,
        variant_id: VariantId,
        page: PageRequest,
    ) -> Result<Page<StockMovement>, Failure<StockCode>> {
        require(ctx, &staff::STOCK_READ)?;
        let movements = store::movements(self.deps.db.pool(), variant_id, &page).await?;
        Ok(Page::from_fetched(movements, &page))
    }

    async fn warehouses(&self, _ctx: &Ctx) -> Result<Vec<Warehouse>, Failure<StockCode>> {
        Ok(store::warehouses(self.deps.db.pool()).await?)
    }

    async fn warehouse_upsert(
        &self,
        ctx: &Ctx,
        code: &str,
        name: &str,
        country: &str,
    ) -> Result<WarehouseId, Failure<StockCode>> {
        require(ctx, &staff::STOCK_WRITE)?;
        warehouse::check(code, name, country)?;
        retrying(|| warehouse::upsert(&self.deps, ctx, code, name, country)).await
    }

    async fn stock_adjust(&self, ctx: &Ctx, adjustments: Vec<AdjustStock>) -> Result<(), Failure<StockCode>> {
        require(ctx, &staff::STOCK_WRITE)?;
        adjust::check(&adjustments)?;
        retrying(|| adjust::adjust(&self.deps, ctx, &adjustments)).await
    }

    async fn hold(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        owner_id: Uuid,
        request: &ReserveStock,
    ) -> Result<ReservationId, Failure<ReserveCode>> {
        reserve::hold(tx, ctx, owner_id, request).await
    }

    async fn allocate(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        owner_id: Uuid,
        request: &ReserveStock,
    ) -> Result<ReservationId, Failure<ReserveCode>> {
        reserve::allocate(tx, ctx, owner_id, request).await
    }

    async fn release(&self, tx: &mut Tx, ctx: &Ctx, owner_id: Uuid) -> Result<(), Failure<ReserveCode>> {
        give_back::release(tx, ctx, owner_id).await
    }

    async fn release_part(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        owner_id: Uuid,
        needs: &[StockNeed],
    ) -> Result<(), Failure<ReserveCode>> {
        give_back::release_part(tx, ctx, owner_id, needs).await
    }

    async fn ship(&self, tx: &mut Tx, ctx: &Ctx, owner_id: Uuid) -> Result<(), Failure<ReserveCode>> {
        give_back::ship(tx, ctx, owner_id).await
    }

    async fn take_back(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        owner_id: Uuid,
        warehouse_id: WarehouseId,
        needs: &[StockNeed],
    ) -> Result<(), Failure<ReserveCode>> {
        give_back::take_back(tx, ctx, owner_id, warehouse_id, needs).await
    }

    async fn expire_due(&self, ctx: &Ctx) -> Result<u64, Failure<ReserveCode>> {
        give_back::expire_due(&self.deps.db, ctx).await
    }
}
