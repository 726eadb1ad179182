//! The navigation tree.

use std::collections::HashMap;

use sqlx::PgPool;
use tracing::instrument;
use vectis_contracts::products::Category;
use vectis_db::{Tx, conn};
use vectis_kernel::Ctx;
use vectis_kernel::ids::CategoryId;

use crate::model::Node;

/// All of them, by parent and position, roots first.
#[instrument(name = "db.products.categories", skip_all)]
pub(crate) async fn categories(pool: &PgPool) -> Result<Vec<Category>, sqlx::Error> {
    let rows = sqlx::query!(
        "SELECT id, parent_id, slug, name, position \
         FROM products.category \
         ORDER BY parent_id NULLS FIRST, position, slug"
    )
    .fetch_all(pool)
    .await?;
    let categories = rows.into_iter().map(|row| Category {
        id: row.id.into(),
        parent_id: row.parent_id.map(CategoryId),
        slug: row.slug,
        name: row.name,
        position: row.position,
    });
    Ok(categories.collect())
}

/// Ids of those of `slugs` that exist.
#[instrument(name = "db.products.category_ids", skip_all)]
pub(crate) async fn category_ids(
    tx: &mut Tx,
    slugs: &[String],
) -> Result<HashMap<String, CategoryId>, sqlx::Error> {
    let rows = sqlx::query!(
        "SELECT id, slug \
         FROM products.category \
         WHERE slug = ANY ($1)",
        slugs
    )
    .fetch_all(conn(tx))
    .await?;
    Ok(rows.into_iter().map(|row| (row.slug, row.id.into())).collect())
}

/// The whole tree, and the right to change it until the unit of work ends: two moves that are fine alone can make a loop
/// together.
#[instrument(name = "db.products.lock_tree", skip_all)]
pub(crate) async fn lock_tree(tx: &mut Tx) -> Result<Vec<Node>, sqlx::Error> {
    sqlx::query!("SELECT pg_advisory_xact_lock(HASHTEXT('products.category'))").execute(conn(tx)).await?;
    let rows = sqlx::query!(
        "SELECT id, parent_id, slug \
         FROM products.category"
    )
    .fetch_all(conn(tx))
    .await?;
    let nodes = rows.into_iter().map(|row| Node {
        id: row.id.into(),
        parent_id: row.parent_id.map(CategoryId),
        slug: row.slug,
    });
    Ok(nodes.collect())
}

/// Creates a category, or replaces all but the slug of the one there is.
#[instrument(name = "db.products.upsert_category", skip_all)]
pub(crate) async fn upsert_category(
    tx: &mut Tx,
    ctx: &Ctx,
    slug: &str,
    name: &str,
    parent_id: Option<CategoryId>,
    position: i32,
) -> Result<CategoryId, sqlx::Error> {
    let id = sqlx::query_scalar!(
        "INSERT INTO products.category (id, parent_id, slug, name, position, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $6) \
         ON CONFLICT (slug) DO UPDATE \
         SET parent_id = EXCLUDED.parent_id, name = EXCLUDED.name, position = EXCLUDED.position, \
             updated_at = EXCLUDED.updated_at \
         RETURNING id",
        ctx.new_id::<CategoryId>().0,
        parent_id.map(|id| id.0),
        slug,
        name,
        position,
        ctx.now()
    )
    .fetch_one(conn(tx))
    .await?;
    Ok(id.into())
}
