//! Placing an order: every row a real one has written, written again under new ids in one transaction. What there is one row
//! of is copied from the real order; what there is a row per line or variant of comes in as arrays.

use anyhow::{Context as _, Result, ensure};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgConnection, PgRow};
use sqlx::query::Query;
use sqlx::types::Decimal;
use sqlx::{Connection as _, FromRow, PgPool, Postgres};
use uuid::Uuid;
use vectis_kernel::{IdSource as _, SystemIds};

use super::place_sql as sql;
use crate::measure::Operation;
use crate::shop::uuid_of;

type Statement<'q> = Query<'q, Postgres, PgArguments>;

pub(crate) struct PlaceFloor {
    connection: PoolConnection<Postgres>,
    rows: Rows,
}

/// What a real order has written.
struct Rows {
    order_id: Uuid,
    lines: Lines,
    taxes: Taxes,
    stock: Stock,
    reserved: Reserved,
    facts: Facts,
}

#[derive(FromRow)]
struct Lines {
    positions: Vec<i32>,
    variants: Vec<Uuid>,
    skus: Vec<String>,
    names: Vec<String>,
    tax_categories: Vec<String>,
    precisions: Vec<i16>,
    stocked: Vec<bool>,
    backorders: Vec<bool>,
    quantities: Vec<i64>,
    unit_prices: Vec<Decimal>,
    nets: Vec<i64>,
    taxes: Vec<i64>,
    grosses: Vec<i64>,
}

#[derive(FromRow)]
struct Taxes {
    /// Of the line, counted from 1.
    lines: Vec<i64>,
    ordinals: Vec<i32>,
    names: Vec<String>,
    jurisdictions: Vec<String>,
    rates: Vec<i64>,
    amounts: Vec<i64>,
}

/// What moved, and by how much the levels changed.
#[derive(FromRow)]
struct Stock {
    variants: Vec<Uuid>,
    warehouses: Vec<Uuid>,
    allocated: Vec<i64>,
}

#[derive(FromRow)]
struct Reserved {
    variants: Vec<Uuid>,
    warehouses: Vec<Uuid>,
    quantities: Vec<i64>,
}

#[derive(FromRow)]
struct Facts {
    types: Vec<String>,
    topics: Vec<String>,
    kinds: Vec<String>,
    sequences: Vec<i64>,
    payloads: Vec<String>,
}

/// How many rows of each kind an order has.
#[derive(Debug, PartialEq, FromRow)]
struct Written {
    lines: i64,
    taxes: i64,
    history: i64,
    reserved: i64,
    movements: i64,
    credit_holds: i64,
    audit: i64,
}

/// New ids for all of it.
pub(crate) struct NewIds {
    order: Uuid,
    /// Of an open cart, made in advance.
    cart: Uuid,
    reservation: Uuid,
    lines: Vec<Uuid>,
    line_of_tax: Vec<Uuid>,
    movements: Vec<Uuid>,
    reserved: Vec<Uuid>,
    facts: Vec<Uuid>,
}

impl PlaceFloor {
    /// With the rows of an order placed through the API, by its global id.
    pub(crate) async fn like_order(pool: &PgPool, order: &str) -> Result<Self> {
        let order_id = uuid_of(order)?;
        let mut connection = pool.acquire().await?;
        let rows = Rows {
            order_id,
            lines: like(&mut connection, sql::LINES_LIKE, order_id).await?,
            taxes: like(&mut connection, sql::TAXES_LIKE, order_id).await?,
            stock: like(&mut connection, sql::STOCK_LIKE, order_id).await?,
            reserved: like(&mut connection, sql::RESERVED_LIKE, order_id).await?,
            facts: like(&mut connection, sql::FACTS_LIKE, order_id).await?,
        };
        let mut floor = Self { connection, rows };
        floor.writes_the_same().await?;
        Ok(floor)
    }

    /// Fails when a placement here does not leave as many rows as the real one.
    async fn writes_the_same(&mut self) -> Result<()> {
        let ids = self.prepare().await?;
        let order = ids.order;
        self.run(ids).await?;
        let by_api: Written = like(&mut self.connection, sql::WRITTEN, self.rows.order_id).await?;
        let here: Written = like(&mut self.connection, sql::WRITTEN, order).await?;
        ensure!(by_api == here, "the API has written {by_api:?}, the floor {here:?}");
        Ok(())
    }
}

async fn like<R>(connection: &mut PgConnection, query: &'static str, order_id: Uuid) -> Result<R>
where
    R: for<'r> FromRow<'r, PgRow> + Send + Unpin,
{
    Ok(sqlx::query_as(query).bind(order_id).fetch_one(connection).await?)
}

impl Operation for PlaceFloor {
    type Ready = NewIds;
    type Answer = ();

    async fn prepare(&mut self) -> Result<NewIds> {
        let ids = self.rows.new_ids()?;
        let cart = sqlx::query(sql::OPEN_CART).bind(self.rows.order_id).bind(ids.cart);
        changes(&mut self.connection, cart, 1).await?;
        Ok(ids)
    }

    async fn run(&mut self, ids: NewIds) -> Result<()> {
        let Self { connection, rows } = self;
        let mut tx = connection.begin().await?;
        let (like, order) = (rows.order_id, ids.order);
        changes(&mut tx, sqlx::query(sql::PLACE_CART).bind(ids.cart).bind(order), 1).await?;
        changes(&mut tx, rows.stock_statement(&ids), ids.movements.len()).await?;
        changes(&mut tx, sqlx::query(sql::CREDIT).bind(like).bind(order), 1).await?;
        changes(&mut tx, sqlx::query(sql::ORDER).bind(like).bind(order).bind(ids.cart), 1).await?;
        changes(&mut tx, rows.lines_statement(&ids), ids.line_of_tax.len()).await?;
        changes(&mut tx, sqlx::query(sql::AUDIT).bind(like).bind(order), 1).await?;
        changes(&mut tx, rows.facts_statement(&ids), ids.facts.len()).await?;
        changes(&mut tx, sqlx::query(sql::IDEMPOTENCY).bind(like).bind(order), 1).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Each statement has been held to its number of rows.
    fn check(&self, (): ()) -> Result<()> {
        Ok(())
    }
}

/// Runs a statement that must write so many rows.
async fn changes(connection: &mut PgConnection, statement: Statement<'_>, rows: usize) -> Result<()> {
    let done = statement.execute(connection).await?;
    ensure!(
        usize::try_from(done.rows_affected())? == rows,
        "{} rows were written, not {rows}",
        done.rows_affected()
    );
    Ok(())
}

impl Rows {
    fn new_ids(&self) -> Result<NewIds> {
        let new = |count: usize| -> Vec<Uuid> { (0..count).map(|_| SystemIds.next()).collect() };
        let lines = new(self.lines.positions.len());
        let line_of_tax = self.taxes.lines.iter().map(|number| {
            let line = lines.get(usize::try_from(number - 1)?);
            line.copied().context("a tax is of a line")
        });
        Ok(NewIds {
            order: SystemIds.next(),
            cart: SystemIds.next(),
            reservation: SystemIds.next(),
            line_of_tax: line_of_tax.collect::<Result<_>>()?,
            lines,
            movements: new(self.stock.variants.len()),
            reserved: new(self.reserved.variants.len()),
            facts: new(self.facts.types.len()),
        })
    }

    fn stock_statement<'q>(&'q self, ids: &'q NewIds) -> Statement<'q> {
        let Self { stock, reserved, .. } = self;
        sqlx::query(sql::STOCK)
            .bind(&stock.variants)
            .bind(&stock.warehouses)
            .bind(&stock.allocated)
            .bind(ids.reservation)
            .bind(ids.order)
            .bind(&ids.reserved)
            .bind(&reserved.variants)
            .bind(&reserved.warehouses)
            .bind(&reserved.quantities)
            .bind(&ids.movements)
    }

    fn lines_statement<'q>(&'q self, ids: &'q NewIds) -> Statement<'q> {
        let Self { lines, taxes, .. } = self;
        sqlx::query(sql::LINES)
            .bind(ids.order)
            .bind(&ids.lines)
            .bind(&lines.positions)
            .bind(&lines.variants)
            .bind(&lines.skus)
            .bind(&lines.names)
            .bind(&lines.tax_categories)
            .bind(&lines.precisions)
            .bind(&lines.stocked)
            .bind(&lines.backorders)
            .bind(&lines.quantities)
            .bind(&lines.unit_prices)
            .bind(&lines.nets)
            .bind(&lines.taxes)
            .bind(&lines.grosses)
            .bind(&ids.line_of_tax)
            .bind(&taxes.ordinals)
            .bind(&taxes.names)
            .bind(&taxes.jurisdictions)
            .bind(&taxes.rates)
            .bind(&taxes.amounts)
    }

    fn facts_statement<'q>(&'q self, ids: &'q NewIds) -> Statement<'q> {
        let Self { facts, .. } = self;
        sqlx::query(sql::FACTS)
            .bind(ids.order)
            .bind(&ids.facts)
            .bind(&facts.types)
            .bind(&facts.topics)
            .bind(&facts.kinds)
            .bind(&facts.sequences)
            .bind(&facts.payloads)
    }
}
