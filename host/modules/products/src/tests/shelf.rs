//! A catalogue to fill, an audit trail in memory.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use serde_json::json;
use sqlx::PgPool;
use vectis_contracts::Tx;
use vectis_contracts::audit::{Audit, AuditCode, AuditEntry, AuditFilter, AuditRecord};
use vectis_contracts::products::{
    Package, Product, ProductCode, Products, QuantityLimits, UpsertProduct, UpsertVariant, Variant,
};
use vectis_db::Db;
use vectis_kernel::ids::ProductId;
use vectis_kernel::{Actor, Ctx, Event, Failure, IdempotencyKey, Page, PageRequest, Quantity, RefusalCode};

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

pub(super) struct Shelf {
    pub(super) db: Db,
    pub(super) products: Arc<dyn Products>,
    pub(super) audit: Arc<RememberedAudit>,
    /// The platform itself.
    pub(super) ctx: Ctx,
    /// Somebody from the street.
    pub(super) guest: Ctx,
    events: Arc<Mutex<Vec<Event>>>,
}

impl Shelf {
    pub(super) async fn empty(pool: PgPool) -> Self {
        let db = vectis_db::testing::db(pool, &[&crate::MIGRATIONS]).await;
        let events = Arc::new(Mutex::new(Vec::new()));
        let told = events.clone();
        db.bus().observe("test", 0, move |event| told.lock().unwrap().push(event.clone()));
        let audit = Arc::new(RememberedAudit::default());
        let products = crate::build(crate::Deps { db: db.clone(), audit: audit.clone() }).products;
        let ctx = Ctx::system("test");
        let guest = Ctx { actor: Actor::Anonymous { guest: None }, ..ctx.clone() };
        Self { db, products, audit, ctx, guest, events }
    }

    /// With categories `root`, `lamps` below it and `bulbs` below those.
    pub(super) async fn with_categories(pool: PgPool) -> Self {
        let shelf = Self::empty(pool).await;
        for (position, (slug, parent)) in
            [("root", None), ("lamps", Some("root")), ("bulbs", Some("lamps"))].into_iter().enumerate()
        {
            let position = i32::try_from(position).unwrap();
            shelf.products.category_upsert(&shelf.ctx, slug, slug, parent, position).await.unwrap();
        }
        shelf
    }

    pub(super) async fn put(
        &self,
        products: Vec<UpsertProduct>,
    ) -> Result<Vec<ProductId>, Failure<ProductCode>> {
        self.products.products_upsert(&self.ctx, products).await
    }

    pub(super) async fn product(&self, slug: &str) -> Option<Product> {
        self.products.find_by_slug(&self.ctx, slug).await.unwrap()
    }

    pub(super) async fn variant(&self, sku: &str) -> Option<Variant> {
        self.products.variants_by_sku(&self.ctx, &[sku.to_owned()]).await.unwrap().pop()
    }

    /// The system's context under an idempotency key.
    pub(super) fn once(&self, key: &str) -> Ctx {
        let idempotency = Some(IdempotencyKey { key: key.to_owned(), parameters_hash: [1; 32] });
        Ctx { idempotency, ..self.ctx.clone() }
    }

    /// Events about products that were committed, oldest first.
    pub(super) fn product_events(&self) -> Vec<Event> {
        let mut events = self.events.lock().unwrap().clone();
        events.retain(|event| event.event_type == "vectis.products.product_changed.v1");
        events
    }
}

pub(super) fn variant(sku: &str) -> UpsertVariant {
    UpsertVariant {
        sku: sku.to_owned(),
        name: String::new(),
        precision: 0,
        limits: QuantityLimits::default(),
        packages: Vec::new(),
        is_stocked: true,
        allows_backorder: false,
        weight_g: 0,
        is_active: true,
    }
}

pub(super) fn product(slug: &str, skus: &[&str]) -> UpsertProduct {
    UpsertProduct {
        slug: slug.to_owned(),
        name: slug.to_owned(),
        description: String::new(),
        category_slugs: Vec::new(),
        tax_category: "standard".to_owned(),
        custom_fields: json!({}),
        is_active: true,
        variants: skus.iter().map(|sku| variant(sku)).collect(),
    }
}

pub(super) fn package(slug: &str, name: &str, units: i64) -> Package {
    Package { slug: slug.to_owned(), name: name.to_owned(), multiplier: Quantity::from_units(units).unwrap() }
}

/// (code, field) of each refusal.
pub(super) fn refusals<T>(outcome: Result<T, Failure<ProductCode>>) -> Vec<(&'static str, String)> {
    let Err(failure) = outcome else { return Vec::new() };
    failure.refusals().iter().map(|refusal| (refusal.code.code(), refusal.field.join("."))).collect()
}
