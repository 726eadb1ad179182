//! Stock: warehouses, levels, the ledger, reservations. Never oversells: conditional updates in a fixed lock order, with
//! CHECK constraints behind them.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use uuid::Uuid;
use vectis_kernel::ids::{ReservationId, VariantId, WarehouseId};
use vectis_kernel::{Ctx, Failure, Page, PageRequest, Quantity};

use crate::Tx;

/// A place that holds stock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warehouse {
    /// Its id.
    pub id: WarehouseId,
    /// Unique, `[A-Z0-9-]`.
    pub code: String,
    /// For people.
    pub name: String,
    /// ISO country it ships from.
    pub country: String,
    /// Inactive ones are never allocated from.
    pub is_active: bool,
}

/// Stock of a variant, summed over the warehouses asked for. available = on hand − reserved − allocated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Availability {
    /// The variant.
    pub variant_id: VariantId,
    /// There.
    pub on_hand: Quantity,
    /// Held for carts, for a while.
    pub reserved: Quantity,
    /// Firmly assigned to orders.
    pub allocated: Quantity,
    /// Can still be sold; never negative.
    pub available: Quantity,
}

/// Stock of a variant in one warehouse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StockLevel {
    /// Where.
    pub warehouse_id: WarehouseId,
    /// What and how much.
    pub stock: Availability,
}

/// A line of the stock ledger.
#[derive(Clone, Debug)]
pub struct StockMovement {
    /// Its id; rises with time.
    pub id: Uuid,
    /// When.
    pub at: DateTime<Utc>,
    /// Where.
    pub warehouse_id: WarehouseId,
    /// What.
    pub variant_id: VariantId,
    /// `adjusted`, `allocated`, `released`, `shipped`, `returned`.
    pub kind: String,
    /// Change of on hand.
    pub on_hand_delta: Quantity,
    /// Change of allocated.
    pub allocated_delta: Quantity,
    /// Why, or the order it belongs to.
    pub reason: String,
}

/// A change of stock on hand.
#[derive(Clone, Debug)]
pub struct AdjustStock {
    /// Where.
    pub warehouse_id: WarehouseId,
    /// What.
    pub variant_id: VariantId,
    /// By how much, not zero. On hand may not fall below what is promised.
    pub delta: Quantity,
    /// 1 to 500 characters.
    pub reason: String,
}

/// What to hold or allocate.
#[derive(Clone, Debug)]
pub struct StockNeed {
    /// What.
    pub variant_id: VariantId,
    /// How much, above zero. Several needs of one variant are added up.
    pub quantity: Quantity,
    /// Whether it may go without stock: what is missing is then simply not allocated.
    pub allows_backorder: bool,
}

/// How firm a reservation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReservationStatus {
    /// Holds stock until it expires.
    Held,
    /// Firm: allocated to an order.
    Confirmed,
    /// Given back.
    Released,
    /// Ran out of time and was given back.
    Expired,
}

/// A reservation.
#[derive(Clone, Debug)]
pub struct Reservation {
    /// Its id.
    pub id: ReservationId,
    /// The cart or order it belongs to.
    pub owner_id: Uuid,
    /// How firm.
    pub status: ReservationStatus,
    /// When a hold runs out.
    pub expires_at: Option<DateTime<Utc>>,
}

vectis_kernel::refusal_codes! {
    /// Why a stock command was refused.
    StockCode {
        /// Needs `stock.write` (or `stock.read`).
        Forbidden = "FORBIDDEN": Forbidden,
        /// No such warehouse.
        WarehouseNotFound = "WAREHOUSE_NOT_FOUND": NotFound,
        /// No such variant.
        UnknownVariant = "UNKNOWN_VARIANT": NotFound,
        /// The code is taken.
        CodeTaken = "CODE_TAKEN": Conflict,
        /// On hand would fall below what is reserved and allocated.
        WouldOversell = "WOULD_OVERSELL": Conflict,
        /// A field is out of its range; the field is named.
        InvalidInput = "INVALID_INPUT": Invalid,
        /// More than 10,000 in one call.
        TooMany = "TOO_MANY": Invalid,
    }
    /// Why stock was not reserved.
    ReserveCode {
        /// Not enough; the field is `lines.<index>` of the need, the message says how much there is.
        InsufficientStock = "INSUFFICIENT_STOCK": Refused,
    }
}

/// Stock.
#[async_trait]
pub trait Inventory: Send + Sync {
    /// Stock of variants over the warehouses (all active ones when empty); one row per variant asked for, zeros where
    /// nothing is known. One statement.
    async fn availability(
        &self,
        ctx: &Ctx,
        variant_ids: &[VariantId],
        warehouse_ids: &[WarehouseId],
    ) -> Result<Vec<Availability>, Failure<StockCode>>;
    /// Levels per warehouse of variants. Needs `stock.read`.
    async fn levels(
        &self,
        ctx: &Ctx,
        variant_ids: &[VariantId],
    ) -> Result<Vec<StockLevel>, Failure<StockCode>>;
    /// The ledger of a variant, newest first. Needs `stock.read`.
    async fn movements(
        &self,
        ctx: &Ctx,
        variant_id: VariantId,
        page: PageRequest,
    ) -> Result<Page<StockMovement>, Failure<StockCode>>;
    /// All warehouses by code.
    async fn warehouses(&self, ctx: &Ctx) -> Result<Vec<Warehouse>, Failure<StockCode>>;
    /// Creates a warehouse, or replaces the one with this code.
    async fn warehouse_upsert(
        &self,
        ctx: &Ctx,
        code: &str,
        name: &str,
        country: &str,
    ) -> Result<WarehouseId, Failure<StockCode>>;
    /// Adjusts stock, at most 10,000 a call, all or nothing, in a constant number of statements; one ledger line, and
    /// one event per variant.
    async fn stock_adjust(&self, ctx: &Ctx, adjustments: Vec<AdjustStock>) -> Result<(), Failure<StockCode>>;

    /// Holds stock for a cart until `expires_at`, in place of the hold of `request.held_by`. Warehouses are drawn from in
    /// order.
    async fn hold(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        owner_id: Uuid,
        request: &ReserveStock,
    ) -> Result<ReservationId, Failure<ReserveCode>>;
    /// Allocates stock firmly to an order. A live hold of `request.held_by` is turned into it first; only what it lacks
    /// is drawn anew.
    async fn allocate(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        owner_id: Uuid,
        request: &ReserveStock,
    ) -> Result<ReservationId, Failure<ReserveCode>>;
    /// Gives back everything an owner holds or has allocated; fine if nothing.
    async fn release(&self, tx: &mut Tx, ctx: &Ctx, owner_id: Uuid) -> Result<(), Failure<ReserveCode>>;
    /// Gives back part of an order's allocation (lines were reduced or removed).
    async fn release_part(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        owner_id: Uuid,
        needs: &[StockNeed],
    ) -> Result<(), Failure<ReserveCode>>;
    /// Ships everything still allocated to an order: off hand, out of allocated.
    async fn ship(&self, tx: &mut Tx, ctx: &Ctx, owner_id: Uuid) -> Result<(), Failure<ReserveCode>>;
    /// Takes goods back on hand into the first warehouse.
    async fn take_back(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        owner_id: Uuid,
        warehouse_id: WarehouseId,
        needs: &[StockNeed],
    ) -> Result<(), Failure<ReserveCode>>;
    /// Lets holds whose time is over go; how many went. Safe to run anywhere, any number of times at once.
    async fn expire_due(&self, ctx: &Ctx) -> Result<u64, Failure<ReserveCode>>;
}

/// What to reserve from where.
#[derive(Clone, Debug)]
pub struct ReserveStock {
    /// Stock sources in order.
    pub warehouse_ids: Vec<WarehouseId>,
    /// What, at most 10,000 lines.
    pub needs: Vec<StockNeed>,
    /// When a hold runs out; ignored by `allocate`.
    pub expires_at: Option<DateTime<Utc>>,
    /// The cart whose hold `allocate` takes over and `hold` replaces. `None` when it holds nothing, which only knows who has
    /// the cart locked; a second hold of one cart fails.
    pub held_by: Option<Uuid>,
}
