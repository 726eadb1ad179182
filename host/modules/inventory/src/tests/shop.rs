//! Two warehouses, a clock that stands still, an audit trail in memory.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;
use uuid::Uuid;
use vectis_contracts::Tx;
use vectis_contracts::audit::{Audit, AuditCode, AuditEntry, AuditFilter, AuditRecord};
use vectis_contracts::inventory::{AdjustStock, Inventory, ReserveCode, ReserveStock, StockCode, StockNeed};
use vectis_db::Db;
use vectis_kernel::ids::{VariantId, WarehouseId};
use vectis_kernel::{Ctx, Event, Failure, FixedClock, Page, PageRequest, Quantity, RefusalCode};

/// Remembers what it was told.
#[derive(Default)]
pub(super) struct RememberedAudit(Mutex<Vec<AuditRecord>>);

impl RememberedAudit {
    pub(super) fn actions(&self) -> Vec<&'static str> {
        self.0.lock().unwrap().iter().map(|record| record.action).collect()
    }
}

#[async_trait]
impl Audit for RememberedAudit {
    async fn record(&self, _: &mut Tx, _: &Ctx, records: &[AuditRecord]) -> Result<(), Failure<AuditCode>> {
        self.0.lock().unwrap().extend_from_slice(records);
        Ok(())
    }

    async fn list(
        &self,
        _: &Ctx,
        _: &AuditFilter,
        _: PageRequest,
    ) -> Result<Page<AuditEntry>, Failure<AuditCode>> {
        Ok(Page { items: Vec::new(), has_next: false })
    }
}

pub(super) struct Shop {
    pub(super) db: Db,
    pub(super) inventory: Arc<dyn Inventory>,
    pub(super) audit: Arc<RememberedAudit>,
    pub(super) clock: Arc<FixedClock>,
    pub(super) ctx: Ctx,
    events: Arc<Mutex<Vec<Event>>>,
    /// `NORTH`, asked first.
    pub(super) north: WarehouseId,
    /// `SOUTH`, asked second.
    pub(super) south: WarehouseId,
}

/// (on hand, reserved, allocated) in whole units.
pub(super) type Units = (i64, i64, i64);

impl Shop {
    pub(super) async fn open(pool: PgPool) -> Self {
        let db = vectis_db::testing::db(pool, &[&crate::MIGRATIONS]).await;
        let events = Arc::new(Mutex::new(Vec::new()));
        let told = events.clone();
        db.bus().observe("test", 0, move |event| told.lock().unwrap().push(event.clone()));
        let audit = Arc::new(RememberedAudit::default());
        let built = crate::build(crate::Deps { db: db.clone(), audit: audit.clone() });
        let start = DateTime::from_timestamp_secs(1_700_000_000).unwrap();
        let clock = Arc::new(FixedClock::at(start));
        let ctx = Ctx { clock: clock.clone(), ..Ctx::system("test") };
        let inventory = built.inventory;
        let north = inventory.warehouse_upsert(&ctx, "NORTH", "North", "GB").await.unwrap();
        let south = inventory.warehouse_upsert(&ctx, "SOUTH", "South", "FR").await.unwrap();
        Self { db, inventory, audit, clock, ctx, events, north, south }
    }

    pub(super) fn new_id<I: From<Uuid>>(&self) -> I {
        self.ctx.new_id()
    }

    pub(super) fn in_minutes(&self, minutes: i64) -> DateTime<Utc> {
        self.ctx.now() + TimeDelta::minutes(minutes)
    }

    pub(super) async fn stock_up(&self, variant_id: VariantId, north: i64, south: i64) {
        let stocked = [(self.north, north), (self.south, south)];
        let adjustments = stocked.into_iter().filter(|(_, units)| *units != 0);
        let adjustments =
            adjustments.map(|(warehouse_id, units)| adjustment(warehouse_id, variant_id, units));
        self.inventory.stock_adjust(&self.ctx, adjustments.collect()).await.unwrap();
    }

    /// Holds for a quarter of an hour.
    pub(super) async fn hold(&self, cart: Uuid, needs: Vec<StockNeed>) -> Result<(), Failure<ReserveCode>> {
        self.hold_instead(cart, Some(cart), needs).await
    }

    /// The same in place of what `held_by` holds.
    pub(super) async fn hold_instead(
        &self,
        cart: Uuid,
        held_by: Option<Uuid>,
        needs: Vec<StockNeed>,
    ) -> Result<(), Failure<ReserveCode>> {
        let request = ReserveStock { expires_at: Some(self.in_minutes(15)), held_by, ..self.request(needs) };
        let mut tx = self.db.begin().await?;
        self.inventory.hold(&mut tx, &self.ctx, cart, &request).await?;
        Ok(tx.commit().await?)
    }

    pub(super) async fn allocate(
        &self,
        order: Uuid,
        held_by: Option<Uuid>,
        needs: Vec<StockNeed>,
    ) -> Result<(), Failure<ReserveCode>> {
        let request = ReserveStock { held_by, ..self.request(needs) };
        let mut tx = self.db.begin().await?;
        self.inventory.allocate(&mut tx, &self.ctx, order, &request).await?;
        Ok(tx.commit().await?)
    }

    pub(super) async fn release(&self, owner: Uuid) -> Result<(), Failure<ReserveCode>> {
        let mut tx = self.db.begin().await?;
        self.inventory.release(&mut tx, &self.ctx, owner).await?;
        Ok(tx.commit().await?)
    }

    pub(super) async fn release_part(
        &self,
        owner: Uuid,
        needs: Vec<StockNeed>,
    ) -> Result<(), Failure<ReserveCode>> {
        let mut tx = self.db.begin().await?;
        self.inventory.release_part(&mut tx, &self.ctx, owner, &needs).await?;
        Ok(tx.commit().await?)
    }

    pub(super) async fn ship(&self, owner: Uuid) -> Result<(), Failure<ReserveCode>> {
        let mut tx = self.db.begin().await?;
        self.inventory.ship(&mut tx, &self.ctx, owner).await?;
        Ok(tx.commit().await?)
    }

    pub(super) async fn take_back(
        &self,
        owner: Uuid,
        warehouse_id: WarehouseId,
        needs: Vec<StockNeed>,
    ) -> Result<(), Failure<ReserveCode>> {
        let mut tx = self.db.begin().await?;
        self.inventory.take_back(&mut tx, &self.ctx, owner, warehouse_id, &needs).await?;
        Ok(tx.commit().await?)
    }

    pub(super) fn request(&self, needs: Vec<StockNeed>) -> ReserveStock {
        ReserveStock { warehouse_ids: vec![self.north, self.south], needs, expires_at: None, held_by: None }
    }

    /// The level of a variant in a warehouse; nothing when there is none.
    pub(super) async fn units(&self, variant_id: VariantId, warehouse_id: WarehouseId) -> Units {
        let levels = self.inventory.levels(&self.ctx, &[variant_id]).await.unwrap();
        let level = levels.into_iter().find(|level| level.warehouse_id == warehouse_id);
        level.map_or((0, 0, 0), |level| {
            let units = |quantity: Quantity| quantity.milli() / 1000;
            (units(level.stock.on_hand), units(level.stock.reserved), units(level.stock.allocated))
        })
    }

    /// Statuses of an owner's reservations, oldest first.
    pub(super) async fn statuses(&self, owner: Uuid) -> Vec<String> {
        sqlx::query_scalar("SELECT status FROM inventory.reservation WHERE owner_id = $1 ORDER BY id")
            .bind(owner)
            .fetch_all(self.db.pool())
            .await
            .unwrap()
    }

    /// Ledger lines as (kind, change of on hand, change of allocated), oldest first.
    pub(super) async fn ledger(&self, variant_id: VariantId) -> Vec<(String, i64, i64)> {
        let page = PageRequest::first(100);
        let movements = self.inventory.movements(&self.ctx, variant_id, page).await.unwrap().items;
        let lines = movements.into_iter().rev().map(|movement| {
            (movement.kind, movement.on_hand_delta.milli() / 1000, movement.allocated_delta.milli() / 1000)
        });
        lines.collect()
    }

    /// Events about stock that were committed, oldest first.
    pub(super) fn stock_events(&self) -> Vec<Event> {
        let mut events = self.events.lock().unwrap().clone();
        events.retain(|event| event.event_type == "vectis.inventory.stock_changed.v1");
        events
    }

    /// The ledger adds up to the levels, and so do the lines of reservations.
    pub(super) async fn assert_books_balance(&self) {
        let wrong: i64 = sqlx::query_scalar(
            "WITH ledger AS ( \
                 SELECT variant_id, warehouse_id, SUM(on_hand_delta_milli) AS on_hand, \
                        SUM(allocated_delta_milli) AS allocated \
                 FROM inventory.stock_movement \
                 GROUP BY variant_id, warehouse_id \
             ), \
             kept AS ( \
                 SELECT variant_id, warehouse_id, \
                        SUM(quantity_milli) FILTER (WHERE status = 'HELD') AS held, \
                        SUM(quantity_milli) FILTER (WHERE status = 'CONFIRMED') AS confirmed \
                 FROM inventory.reservation_line AS line \
                 JOIN inventory.reservation AS reservation ON reservation.id = line.reservation_id \
                 WHERE warehouse_id IS NOT NULL \
                 GROUP BY variant_id, warehouse_id \
             ) \
             SELECT COUNT(*) \
             FROM inventory.stock_level AS level \
             FULL JOIN ledger USING (variant_id, warehouse_id) \
             FULL JOIN kept USING (variant_id, warehouse_id) \
             WHERE level.on_hand_milli IS DISTINCT FROM COALESCE(ledger.on_hand, 0) \
                OR level.allocated_milli IS DISTINCT FROM COALESCE(ledger.allocated, 0) \
                OR level.allocated_milli IS DISTINCT FROM COALESCE(kept.confirmed, 0) \
                OR level.reserved_milli IS DISTINCT FROM COALESCE(kept.held, 0)",
        )
        .fetch_one(self.db.pool())
        .await
        .unwrap();
        assert_eq!(wrong, 0, "levels that the ledger or the reservations do not add up to");
    }
}

pub(super) fn adjustment(warehouse_id: WarehouseId, variant_id: VariantId, units: i64) -> AdjustStock {
    AdjustStock { warehouse_id, variant_id, delta: whole(units), reason: "counted".to_owned() }
}

pub(super) fn need(variant_id: VariantId, units: i64) -> StockNeed {
    StockNeed { variant_id, quantity: whole(units), allows_backorder: false }
}

pub(super) fn patient_need(variant_id: VariantId, units: i64) -> StockNeed {
    StockNeed { allows_backorder: true, ..need(variant_id, units) }
}

pub(super) fn whole(units: i64) -> Quantity {
    Quantity::from_units(units).unwrap()
}

/// (code, field, message) of each refusal.
pub(super) fn refusals<T, C: RefusalCode>(
    outcome: Result<T, Failure<C>>,
) -> Vec<(&'static str, String, String)> {
    let Err(failure) = outcome else { return Vec::new() };
    let refusals = failure.refusals().iter();
    refusals.map(|refusal| (refusal.code.code(), refusal.field.join("."), refusal.message.clone())).collect()
}

/// Codes and fields only.
pub(super) fn stock_codes<T>(outcome: Result<T, Failure<StockCode>>) -> Vec<(&'static str, String)> {
    refusals(outcome).into_iter().map(|(code, field, _)| (code, field)).collect()
}
