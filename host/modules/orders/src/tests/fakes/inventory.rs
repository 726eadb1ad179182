//! Stock in tables: what is available, what is promised to whom, and a log of what was asked.

use async_trait::async_trait;
use uuid::Uuid;
use vectis_contracts::Tx;
use vectis_contracts::inventory::{
    AdjustStock, Availability, Inventory, ReserveCode, ReserveStock, StockCode, StockLevel, StockMovement,
    StockNeed, Warehouse,
};
use vectis_db::conn;
use vectis_kernel::ids::{ReservationId, VariantId, WarehouseId};
use vectis_kernel::{Ctx, Failure, Page, PageRequest, Refusal};

use super::{Fakes, never};

impl Fakes {
    /// Takes needs off what is available, in one statement; refuses those that do not fit.
    async fn promise(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        owner_id: Uuid,
        needs: &[StockNeed],
    ) -> Result<ReservationId, Failure<ReserveCode>> {
        let variants: Vec<Uuid> = needs.iter().map(|need| need.variant_id.0).collect();
        let quantities: Vec<i64> = needs.iter().map(|need| need.quantity.milli()).collect();
        let taken: Vec<Uuid> = sqlx::query_scalar(
            "WITH asked AS (SELECT variant_id, SUM(quantity)::int8 AS quantity \
                            FROM UNNEST($2::uuid[], $3::int8[]) AS need (variant_id, quantity) GROUP BY variant_id), \
             taken AS (UPDATE fakes.stock SET available = available - asked.quantity FROM asked \
                       WHERE stock.variant_id = asked.variant_id AND stock.available >= asked.quantity \
                       RETURNING stock.variant_id, asked.quantity) \
             INSERT INTO fakes.promise (owner_id, variant_id, quantity) \
             SELECT $1, variant_id, quantity FROM taken RETURNING variant_id",
        )
        .bind(owner_id)
        .bind(&variants)
        .bind(&quantities)
        .fetch_all(conn(tx))
        .await?;
        let refusals: Vec<Refusal<ReserveCode>> = variants
            .iter()
            .enumerate()
            .filter(|(_, variant)| !taken.contains(variant))
            .map(|(index, _)| {
                Refusal::at(ReserveCode::InsufficientStock, &format!("lines.{index}"), "not enough")
            })
            .collect();
        vectis_kernel::failure::refuse_if_any(refusals)?;
        Ok(ctx.new_id())
    }

    async fn log(
        &self,
        tx: &mut Tx,
        what: &str,
        owner_id: Uuid,
        needs: &[StockNeed],
    ) -> Result<(), sqlx::Error> {
        let variants: Vec<Uuid> = needs.iter().map(|need| need.variant_id.0).collect();
        let quantities: Vec<i64> = needs.iter().map(|need| need.quantity.milli()).collect();
        sqlx::query(
            "INSERT INTO fakes.stock_log (what, owner_id, variant_id, quantity) \
             SELECT $1, $2, need.variant_id, need.quantity \
             FROM UNNEST($3::uuid[], $4::int8[]) AS need (variant_id, quantity)",
        )
        .bind(what)
        .bind(owner_id)
        .bind(&variants)
        .bind(&quantities)
        .execute(conn(tx))
        .await?;
        Ok(())
    }
}

#[async_trait]
impl Inventory for Fakes {
    async fn hold(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        owner_id: Uuid,
        request: &ReserveStock,
    ) -> Result<ReservationId, Failure<ReserveCode>> {
        self.state().holds.push((owner_id, request.expires_at));
        self.promise(tx, ctx, owner_id, &request.needs).await
    }

    async fn allocate(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        owner_id: Uuid,
        request: &ReserveStock,
    ) -> Result<ReservationId, Failure<ReserveCode>> {
        if let Some(cart) = request.held_by {
            self.release(tx, ctx, cart).await?;
        }
        self.log(tx, "allocated", owner_id, &request.needs).await?;
        self.promise(tx, ctx, owner_id, &request.needs).await
    }

    async fn release(&self, tx: &mut Tx, _ctx: &Ctx, owner_id: Uuid) -> Result<(), Failure<ReserveCode>> {
        sqlx::query(
            "WITH gone AS (DELETE FROM fakes.promise WHERE owner_id = $1 RETURNING variant_id, quantity), \
             summed AS (SELECT variant_id, SUM(quantity)::int8 AS quantity FROM gone GROUP BY variant_id) \
             UPDATE fakes.stock SET available = available + summed.quantity FROM summed \
             WHERE stock.variant_id = summed.variant_id",
        )
        .bind(owner_id)
        .execute(conn(tx))
        .await?;
        Ok(())
    }

    async fn release_part(
        &self,
        tx: &mut Tx,
        _ctx: &Ctx,
        owner_id: Uuid,
        needs: &[StockNeed],
    ) -> Result<(), Failure<ReserveCode>> {
        Ok(self.log(tx, "released", owner_id, needs).await?)
    }

    async fn ship(&self, tx: &mut Tx, _ctx: &Ctx, owner_id: Uuid) -> Result<(), Failure<ReserveCode>> {
        sqlx::query("DELETE FROM fakes.promise WHERE owner_id = $1").bind(owner_id).execute(conn(tx)).await?;
        Ok(())
    }

    async fn take_back(
        &self,
        tx: &mut Tx,
        _ctx: &Ctx,
        owner_id: Uuid,
        warehouse_id: WarehouseId,
        needs: &[StockNeed],
    ) -> Result<(), Failure<ReserveCode>> {
        self.state().taken_into.push(warehouse_id);
        Ok(self.log(tx, "taken back", owner_id, needs).await?)
    }

    async fn availability(
        &self,
        _ctx: &Ctx,
        _variant_ids: &[VariantId],
        _warehouse_ids: &[WarehouseId],
    ) -> Result<Vec<Availability>, Failure<StockCode>> {
        never()
    }
    async fn levels(
        &self,
        _ctx: &Ctx,
        _variant_ids: &[VariantId],
    ) -> Result<Vec<StockLevel>, Failure<StockCode>> {
        never()
    }
    async fn movements(
        &self,
        _ctx: &Ctx,
        _variant_id: VariantId,
        _page: PageRequest,
    ) -> Result<Page<StockMovement>, Failure<StockCode>> {
        never()
    }
    async fn warehouses(&self, _ctx: &Ctx) -> Result<Vec<Warehouse>, Failure<StockCode>> {
        never()
    }
    async fn warehouse_upsert(
        &self,
        _ctx: &Ctx,
        _code: &str,
        _name: &str,
        _country: &str,
    ) -> Result<WarehouseId, Failure<StockCode>> {
        never()
    }
    async fn stock_adjust(
        &self,
        _ctx: &Ctx,
        _adjustments: Vec<AdjustStock>,
    ) -> Result<(), Failure<StockCode>> {
        never()
    }
    async fn expire_due(&self, _ctx: &Ctx) -> Result<u64, Failure<ReserveCode>> {
        never()
    }
}
