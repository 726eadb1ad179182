//! A product goes on sale or off it.

use serde_json::json;
use vectis_contracts::audit::AuditRecord;
use vectis_contracts::products::{ProductActivity, ProductCode};
use vectis_db::{Tx, idempotency, outbox};
use vectis_kernel::ids::ProductId;
use vectis_kernel::{Ctx, Failure};

use crate::{Deps, events, store};

/// One try, in one unit of work.
pub(crate) async fn activate(
    deps: &Deps,
    ctx: &Ctx,
    id: ProductId,
    version: i64,
    activity: ProductActivity,
) -> Result<(), Failure<ProductCode>> {
    let mut tx = deps.db.begin().await?;
    if let Some(answer) = idempotency::find::<()>(&mut tx, ctx).await? {
        return Ok(answer);
    }
    let Some(product) = store::activate_product(&mut tx, ctx, id, version, activity).await? else {
        return Err(missed(&mut tx, id, version).await?);
    };
    let record = AuditRecord {
        action: if product.is_active { "product.activate" } else { "product.deactivate" },
        subject_kind: "product",
        subject_id: id.0,
        account_id: None,
        detail: json!({ "slug": product.slug, "version": product.version }),
    };
    let recorded = deps.audit.record(&mut tx, ctx, &[record]).await;
    recorded.map_err(|failure| failure.map_code(|_| ProductCode::Forbidden))?;
    outbox::append(&mut tx, ctx, &events::product_changed(&product, &[])).await?;
    idempotency::record(&mut tx, ctx, &()).await?;
    tx.commit().await?;
    Ok(())
}

/// Why there was nothing to switch.
async fn missed(tx: &mut Tx, id: ProductId, version: i64) -> Result<Failure<ProductCode>, sqlx::Error> {
    let failure = match store::version_of(tx, id).await? {
        None => Failure::at(ProductCode::ProductNotFound, "id", format!("There is no product {id}.")),
        Some(now) => {
            let message = format!("You saw version {version}; it is version {now} by now.");
            Failure::at(ProductCode::StaleVersion, "version", message)
        }
    };
    Ok(failure)
}
