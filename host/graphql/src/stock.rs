//! Stock and warehouses: what staff see and do.

use async_graphql::connection::Connection;
use async_graphql::{Context, Enum, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};
use vectis_contracts::inventory::{self as contract, AdjustStock};
use vectis_kernel::ids::{VariantId, WarehouseId};
use vectis_kernel::permission::staff;

use crate::caller::ContextExt;
use crate::error::{UserError, answer, bad_input, outcome};
use crate::id::GlobalId;
use crate::page::{connection, page_request};
use crate::policy::{Access, TypePolicy};
use crate::scalars::Quantity;
use crate::variant_refs::{VariantNamed, resolve};

pub(crate) const POLICY: &[TypePolicy] = &[
    ("Query", &[(Access::Staff(&staff::STOCK_READ), "warehouses stockLevels stockMovements")]),
    ("Mutation", &[(Access::Staff(&staff::STOCK_WRITE), "warehouseUpsert stockAdjust")]),
    ("Warehouse", &[(Access::Owner, "id code name country isActive")]),
    ("StockLevel", &[(Access::Owner, "warehouseId variantId onHand reserved allocated available")]),
    (
        "StockMovement",
        &[(Access::Owner, "id at warehouseId variantId kind onHandDelta allocatedDelta reason")],
    ),
];

/// Why a stock command was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "contract::StockCode")]
#[expect(missing_docs, reason = "documented on the contract's codes")]
pub enum StockErrorCode {
    Forbidden,
    WarehouseNotFound,
    UnknownVariant,
    CodeTaken,
    WouldOversell,
    InvalidInput,
    TooMany,
}

/// A place that holds stock.
#[derive(SimpleObject)]
pub struct Warehouse {
    /// Its id.
    pub id: GlobalId<WarehouseId>,
    /// Unique.
    pub code: String,
    /// For people.
    pub name: String,
    /// ISO country it ships from.
    pub country: String,
    /// Whether it is allocated from.
    pub is_active: bool,
}

/// Stock of a variant in one warehouse. available = on hand − reserved − allocated.
#[derive(SimpleObject)]
pub struct StockLevel {
    /// Where.
    pub warehouse_id: GlobalId<WarehouseId>,
    /// What.
    pub variant_id: GlobalId<VariantId>,
    /// There.
    pub on_hand: Quantity,
    /// Held for carts.
    pub reserved: Quantity,
    /// Assigned to orders.
    pub allocated: Quantity,
    /// Can be sold.
    pub available: Quantity,
}

/// A line of the stock ledger.
#[derive(SimpleObject)]
pub struct StockMovement {
    /// Its id.
    pub id: String,
    /// When.
    pub at: DateTime<Utc>,
    /// Where.
    pub warehouse_id: GlobalId<WarehouseId>,
    /// What.
    pub variant_id: GlobalId<VariantId>,
    /// `adjusted`, `allocated`, `released`, `shipped`, `returned`.
    pub kind: String,
    /// Change of on hand.
    pub on_hand_delta: Quantity,
    /// Change of allocated.
    pub allocated_delta: Quantity,
    /// Why, or for which order.
    pub reason: String,
}

/// Queries about stock.
#[derive(Default)]
pub struct StockQuery;

#[Object]
impl StockQuery {
    /// All warehouses.
    async fn warehouses(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<Warehouse>> {
        let found = answer(ctx, ctx.services().inventory.warehouses(&ctx.caller().ctx).await)?;
        let warehouse = |warehouse: contract::Warehouse| Warehouse {
            id: GlobalId(warehouse.id),
            code: warehouse.code,
            name: warehouse.name,
            country: warehouse.country,
            is_active: warehouse.is_active,
        };
        Ok(found.into_iter().map(warehouse).collect())
    }

    /// Stock per warehouse of variants (at most 1,000).
    async fn stock_levels(
        &self,
        ctx: &Context<'_>,
        variant_ids: Vec<GlobalId<VariantId>>,
    ) -> async_graphql::Result<Vec<StockLevel>> {
        if variant_ids.len() > 1_000 {
            return Err(bad_input("at most 1,000 variants at once"));
        }
        let ids: Vec<VariantId> = variant_ids.into_iter().map(|id| id.0).collect();
        let found = answer(ctx, ctx.services().inventory.levels(&ctx.caller().ctx, &ids).await)?;
        let level = |level: contract::StockLevel| StockLevel {
            warehouse_id: GlobalId(level.warehouse_id),
            variant_id: GlobalId(level.stock.variant_id),
            on_hand: Quantity(level.stock.on_hand),
            reserved: Quantity(level.stock.reserved),
            allocated: Quantity(level.stock.allocated),
            available: Quantity(level.stock.available),
        };
        Ok(found.into_iter().map(level).collect())
    }

    /// The ledger of a variant, newest first.
    async fn stock_movements(
        &self,
        ctx: &Context<'_>,
        variant_id: GlobalId<VariantId>,
        first: Option<i32>,
        after: Option<String>,
    ) -> async_graphql::Result<Connection<String, StockMovement>> {
        let page = page_request(first, after)?;
        let found =
            answer(ctx, ctx.services().inventory.movements(&ctx.caller().ctx, variant_id.0, page).await)?;
        let movement = |movement: contract::StockMovement| StockMovement {
            id: movement.id.to_string(),
            at: movement.at,
            warehouse_id: GlobalId(movement.warehouse_id),
            variant_id: GlobalId(movement.variant_id),
            kind: movement.kind,
            on_hand_delta: Quantity(movement.on_hand_delta),
            allocated_delta: Quantity(movement.allocated_delta),
            reason: movement.reason,
        };
        Ok(connection(page, found, |movement| movement.id, movement))
    }
}

/// A warehouse to make, or to replace (matched by code).
#[derive(InputObject)]
pub struct WarehouseUpsertInput {
    /// Unique, `[A-Z0-9-]`.
    pub code: String,
    /// For people.
    pub name: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
}

/// A change of stock on hand. Exactly one of `sku` and `variantId`.
#[derive(InputObject)]
pub struct StockAdjustmentInput {
    /// Where.
    pub warehouse_id: GlobalId<WarehouseId>,
    /// Code of the variant.
    pub sku: Option<String>,
    /// Id of the variant.
    pub variant_id: Option<GlobalId<VariantId>>,
    /// By how much, of either sign.
    pub delta: Quantity,
    /// Why; 1 to 500 characters.
    pub reason: String,
}

/// Changes of stock, at most 10,000, all or nothing.
#[derive(InputObject)]
pub struct StockAdjustInput {
    /// The changes.
    pub adjustments: Vec<StockAdjustmentInput>,
    /// Same key, same answer, one effect; 7 days.
    pub idempotency_key: Option<String>,
}

/// What a warehouse command left behind.
#[derive(SimpleObject)]
pub struct WarehousePayload {
    /// The warehouse.
    pub warehouse_id: Option<GlobalId<WarehouseId>>,
    /// Why it was refused; empty when it was not.
    pub user_errors: Vec<UserError<StockErrorCode>>,
}

/// Whether stock was adjusted.
#[derive(SimpleObject)]
pub struct StockAdjustPayload {
    /// Whether it was.
    pub is_done: bool,
    /// Why it was refused; empty when it was not.
    pub user_errors: Vec<UserError<StockErrorCode>>,
}

/// Commands on stock.
#[derive(Default)]
pub struct StockMutation;

#[Object]
impl StockMutation {
    /// Makes a warehouse, or replaces it.
    async fn warehouse_upsert(
        &self,
        ctx: &Context<'_>,
        input: WarehouseUpsertInput,
    ) -> async_graphql::Result<WarehousePayload> {
        let inventory = &ctx.services().inventory;
        let done =
            inventory.warehouse_upsert(&ctx.command(None)?, &input.code, &input.name, &input.country).await;
        let (id, user_errors) = outcome(ctx, done)?;
        Ok(WarehousePayload { warehouse_id: id.map(GlobalId), user_errors })
    }

    /// Adjusts stock, all or nothing; on hand never falls below what is promised.
    async fn stock_adjust(
        &self,
        ctx: &Context<'_>,
        input: StockAdjustInput,
    ) -> async_graphql::Result<StockAdjustPayload> {
        let command = ctx.command(input.idempotency_key.as_deref())?;
        let named: Vec<VariantNamed> = input
            .adjustments
            .iter()
            .map(|adjustment| VariantNamed { sku: adjustment.sku.clone(), id: adjustment.variant_id })
            .collect();
        let ids = match resolve(ctx, "adjustments", &named, StockErrorCode::UnknownVariant).await? {
            Ok(ids) => ids,
            Err(user_errors) => return Ok(StockAdjustPayload { is_done: false, user_errors }),
        };
        let adjust = |(variant_id, adjustment): (VariantId, StockAdjustmentInput)| AdjustStock {
            warehouse_id: adjustment.warehouse_id.0,
            variant_id,
            delta: adjustment.delta.0,
            reason: adjustment.reason,
        };
        let adjustments = ids.into_iter().zip(input.adjustments).map(adjust).collect();
        let (done, user_errors) =
            outcome(ctx, ctx.services().inventory.stock_adjust(&command, adjustments).await)?;
        Ok(StockAdjustPayload { is_done: done.is_some(), user_errors })
    }
}
