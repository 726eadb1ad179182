//! A category takes its place in the tree.

use serde_json::json;
use vectis_contracts::audit::AuditRecord;
use vectis_contracts::products::ProductCode;
use vectis_db::{idempotency, outbox};
use vectis_kernel::ids::CategoryId;
use vectis_kernel::{Ctx, Failure};

use crate::events::{self, ChangedCategory};
use crate::{Deps, model, store};

/// What a category becomes.
#[derive(Clone, Copy)]
pub(crate) struct UpsertCategory<'a> {
    pub(crate) slug: &'a str,
    pub(crate) name: &'a str,
    pub(crate) parent_slug: Option<&'a str>,
    pub(crate) position: i32,
}

/// One try, in one unit of work.
pub(crate) async fn upsert(
    deps: &Deps,
    ctx: &Ctx,
    category: UpsertCategory<'_>,
) -> Result<CategoryId, Failure<ProductCode>> {
    let UpsertCategory { slug, name, parent_slug, position } = category;
    let mut tx = deps.db.begin().await?;
    if let Some(answer) = idempotency::find::<CategoryId>(&mut tx, ctx).await? {
        return Ok(answer);
    }
    let tree = store::lock_tree(&mut tx).await?;
    let parent_id = model::parent_for(&tree, slug, parent_slug)?;
    let category_id = store::upsert_category(&mut tx, ctx, slug, name, parent_id, position).await?;

    let record = AuditRecord {
        action: "category.upsert",
        subject_kind: "category",
        subject_id: category_id.0,
        account_id: None,
        detail: json!({ "slug": slug, "name": name, "parentSlug": parent_slug, "position": position }),
    };
    let recorded = deps.audit.record(&mut tx, ctx, &[record]).await;
    recorded.map_err(|failure| failure.map_code(|_| ProductCode::Forbidden))?;
    let changed = ChangedCategory { category_id, slug, name, parent_id, position };
    outbox::append(&mut tx, ctx, &[events::category_changed(&changed)]).await?;
    idempotency::record(&mut tx, ctx, &category_id).await?;
    tx.commit().await?;
    Ok(category_id)
}
