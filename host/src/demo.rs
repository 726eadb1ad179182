//! A small demo shop in an empty database: two channels, a company with a buyer and an approver, a few dozen products
//! with tier prices and stock, activated plugins. Made through the same services as everything else.

use std::fmt;

use anyhow::{Context as _, anyhow};
use rust_decimal::Decimal;
use serde_json::json;
use vectis_contracts::accounts::{
    AccountStatus, CreateAccount, CreateEmployee, CreateLocation, PostalAddress,
};
use vectis_contracts::channels::{ChannelSettings, CommerceMode};
use vectis_contracts::identity::{CreateLogin, LoginKind};
use vectis_contracts::inventory::AdjustStock;
use vectis_contracts::plugins::{ActivateStrategy, Plugins as _};
use vectis_contracts::pricing::{PriceAudience, SetPriceEntry, UpsertPriceList};
use vectis_contracts::products::{Package, QuantityLimits, UpsertProduct, UpsertVariant};
use vectis_graphql::Services;
use vectis_kernel::ids::{ChannelId, VariantId, WarehouseId};
use vectis_kernel::{Ctx, Currency, Failure, Money, Quantity};

use crate::cmd::staff_create::create_administrator;
use crate::compose::Host;

/// Password of all demo logins.
const PASSWORD: &str = "vectis-demo-1";

/// Who can sign in to the demo shop.
pub struct DemoLogins;

impl fmt::Display for DemoLogins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Sign in (password {PASSWORD}):")?;
        writeln!(f, "  buyer     buyer@demo.vectis.test      X-Channel: wholesale")?;
        writeln!(f, "  approver  approver@demo.vectis.test   X-Channel: wholesale")?;
        write!(f, "  staff     admin@demo.vectis.test")
    }
}

/// Fills an empty shop; leaves one with channels as it is.
pub async fn seed(host: &Host) -> anyhow::Result<DemoLogins> {
    let ctx = Ctx::system("demo");
    let services = host.api.services();
    let existing = services.channels.list(&ctx).await.map_err(broken)?;
    if !existing.is_empty() {
        return Ok(DemoLogins);
    }
    let admin = CreateLogin {
        email: "admin@demo.vectis.test".to_owned(),
        name: "Ada Admin".to_owned(),
        password: Some(PASSWORD.to_owned()),
        kind: LoginKind::Staff,
    };
    create_administrator(&ctx, services, admin).await.map_err(broken)?;
    let warehouse =
        services.inventory.warehouse_upsert(&ctx, "MAIN", "Main warehouse", "DE").await.map_err(broken)?;
    let wholesale = channel(&ctx, services, warehouse, CommerceMode::B2b).await?;
    let retail = channel(&ctx, services, warehouse, CommerceMode::Retail).await?;
    company(&ctx, services).await?;
    catalogue(&ctx, services, warehouse, wholesale, retail).await?;
    strategies(&ctx, host, wholesale, retail).await;
    Ok(DemoLogins)
}

#[expect(clippy::needless_pass_by_value, reason = "shape of map_err")]
fn broken<C: fmt::Debug>(failure: Failure<C>) -> anyhow::Error {
    anyhow!("the demo shop could not be made: {failure:?}")
}

async fn channel(
    ctx: &Ctx,
    services: &Services,
    warehouse: WarehouseId,
    mode: CommerceMode,
) -> anyhow::Result<ChannelId> {
    let is_retail = mode == CommerceMode::Retail;
    let (slug, name) = if is_retail { ("retail", "Retail shop") } else { ("wholesale", "Wholesale") };
    let settings = ChannelSettings {
        slug: slug.to_owned(),
        name: name.to_owned(),
        mode,
        currency: Currency::EUR,
        currencies: vec![Currency::EUR],
        time_zone: "Europe/Berlin".to_owned(),
        prices_include_tax: is_retail,
        guest_checkout: is_retail,
        is_active: true,
        warehouse_ids: vec![warehouse],
        country: "DE".to_owned(),
    };
    services.channels.create(ctx, settings).await.map_err(broken)
}

async fn company(ctx: &Ctx, services: &Services) -> anyhow::Result<()> {
    let employee = |email: &str, name: &str, role: &str| CreateEmployee {
        email: email.to_owned(),
        name: name.to_owned(),
        password: Some(PASSWORD.to_owned()),
        role: role.to_owned(),
        order_limit: None,
    };
    let location = CreateLocation {
        name: "Hamburg".to_owned(),
        address: Some(PostalAddress {
            name: "Nordwind Fasteners".to_owned(),
            street: "Speicherstadt 1".to_owned(),
            city: "Hamburg".to_owned(),
            region: String::new(),
            postal_code: "20457".to_owned(),
            country: "DE".to_owned(),
        }),
        employees: vec![
            employee("buyer@demo.vectis.test", "Bo Buyer", "Buyer"),
            employee("approver@demo.vectis.test", "Ann Approver", "Approver"),
        ],
    };
    let account = CreateAccount {
        name: "Nordwind Fasteners".to_owned(),
        legal_name: "Nordwind Fasteners GmbH".to_owned(),
        external_reference: None,
        status: AccountStatus::Active,
        payment_terms: "Net30".to_owned(),
        credit_limit: Some(Money::new(50_000_000, Currency::EUR)),
        group_ids: Vec::new(),
        locations: vec![location],
    };
    services.accounts.accounts_create(ctx, vec![account]).await.map_err(broken)?;
    Ok(())
}

/// Fasteners in eight kinds and 150 sizes: enough for a 1,000-line cart.
async fn catalogue(
    ctx: &Ctx,
    services: &Services,
    warehouse: WarehouseId,
    wholesale: ChannelId,
    retail: ChannelId,
) -> anyhow::Result<()> {
    const KINDS: [(&str, &str, i64); 8] = [
        ("HEX", "Hex bolt", 18),
        ("NUT", "Hex nut", 4),
        ("WSH", "Flat washer", 2),
        ("SCR", "Wood screw", 6),
        ("ANC", "Wall anchor", 9),
        ("ROD", "Threaded rod", 75),
        ("RIV", "Blind rivet", 5),
        ("CLP", "Cable clip", 3),
    ];
    services.products.category_upsert(ctx, "fasteners", "Fasteners", None, 0).await.map_err(broken)?;
    for (position, (code, name, _)) in (0i32..).zip(KINDS) {
        let slug = code.to_lowercase();
        services
            .products
            .category_upsert(ctx, &slug, name, Some("fasteners"), position)
            .await
            .map_err(broken)?;
    }
    let products = KINDS.iter().map(|(code, name, _)| product(code, name)).collect();
    services.products.products_upsert(ctx, products).await.map_err(broken)?;
    let skus: Vec<String> =
        KINDS.iter().flat_map(|(code, ..)| (1..=150).map(move |n| sku(code, n))).collect();
    let variants = services.products.variants_by_sku(ctx, &skus).await.map_err(broken)?;
    let cents = |sku: &str| {
        let base = KINDS.iter().find(|(code, ..)| sku.starts_with(code)).map_or(10, |(.., cents)| *cents);
        let size: i64 = sku.rsplit('-').next().and_then(|size| size.parse().ok()).unwrap_or(1);
        base + base * size / 20
    };
    let priced: Vec<(VariantId, i64)> =
        variants.iter().map(|variant| (variant.id, cents(&variant.sku))).collect();
    price_list(ctx, services, "Wholesale list", wholesale, &priced, &[(1, 100), (100, 90), (1_000, 75)])
        .await?;
    price_list(ctx, services, "Retail list", retail, &priced, &[(1, 240)]).await?;
    let stock = priced
        .iter()
        .map(|(variant_id, _)| AdjustStock {
            warehouse_id: warehouse,
            variant_id: *variant_id,
            delta: Quantity::from_milli(100_000_000),
            reason: "opening stock".to_owned(),
        })
        .collect();
    services.inventory.stock_adjust(ctx, stock).await.map_err(broken)
}

fn sku(code: &str, size: u32) -> String {
    format!("{code}-{size:03}")
}

fn product(code: &str, name: &str) -> UpsertProduct {
    let variant = |size: u32| UpsertVariant {
        sku: sku(code, size),
        name: format!("size {size}"),
        precision: 0,
        limits: QuantityLimits::default(),
        packages: vec![Package {
            slug: "box-of-100".to_owned(),
            name: "Box of 100".to_owned(),
            multiplier: Quantity::from_milli(100_000),
        }],
        is_stocked: true,
        allows_backorder: false,
        weight_g: 10,
        is_active: true,
    };
    UpsertProduct {
        slug: format!("{}-range", code.to_lowercase()),
        name: name.to_owned(),
        description: format!("{name} in 150 sizes, zinc plated"),
        category_slugs: vec![code.to_lowercase()],
        tax_category: "standard".to_owned(),
        custom_fields: json!({}),
        is_active: true,
        variants: (1..=150).map(variant).collect(),
    }
}

/// A list for a channel; tiers are a minimum quantity and a percentage of the base price in cents.
async fn price_list(
    ctx: &Ctx,
    services: &Services,
    name: &str,
    channel: ChannelId,
    priced: &[(VariantId, i64)],
    tiers: &[(i64, i64)],
) -> anyhow::Result<()> {
    let list = UpsertPriceList {
        name: name.to_owned(),
        currency: Currency::EUR,
        priority: 0,
        valid_from: None,
        valid_to: None,
        audience: vec![PriceAudience::Channel(channel)],
    };
    let list = services.pricing.price_list_upsert(ctx, list).await.map_err(broken)?;
    let mut entries = Vec::with_capacity(priced.len());
    for (variant_id, cents) in priced {
        let mut rungs = Vec::with_capacity(tiers.len());
        for (quantity, percent) in tiers {
            let quantity = Quantity::from_units(*quantity).context("a tier's quantity is small")?;
            rungs.push((quantity, Decimal::new(cents * percent, 4)));
        }
        entries.push(SetPriceEntry { variant_id: *variant_id, tiers: rungs });
    }
    services.pricing.price_entries_set(ctx, list, entries).await.map_err(broken)
}

/// Activates the first-party plugins where they are there. A shop without them starts all the same; what is missing is
/// said by the decisions that need it.
async fn strategies(ctx: &Ctx, host: &Host, wholesale: ChannelId, retail: ChannelId) {
    let vat = json!({
        "stage": 300,
        "rates": [{ "country": "DE", "name": "VAT", "rate_percent": "19" }],
    });
    let approvals = json!({
        "rules": [{
            "name": "large orders",
            "when": { "min_total": { "amount": "5000.00", "currency": "EUR" } },
            "steps": [{ "name": "over 5,000 EUR", "quorum": 1, "approvers": ["any"] }],
        }],
    });
    let both = [wholesale, retail];
    let mut wanted = Vec::new();
    wanted.extend(both.map(|channel| (channel, "vectis.pricing", "tiered-pricing", json!({}))));
    wanted.extend(both.map(|channel| (channel, "vectis.tax", "tax-table", vat.clone())));
    wanted.push((wholesale, "vectis.order_process", "b2b-order-process", json!({})));
    wanted.push((retail, "vectis.order_process", "retail-order-process", json!({})));
    wanted.push((wholesale, "vectis.approval", "approval-rules", approvals));
    for (channel_id, point, plugin, config) in wanted {
        let activate = ActivateStrategy {
            channel_id,
            point: point.to_owned(),
            plugin: plugin.to_owned(),
            entry_point: None,
            priority: 0,
            config,
        };
        if let Err(failure) = host.plugins.strategy_activate(ctx, activate).await {
            tracing::warn!(plugin, point, ?failure, "the demo shop goes without this plugin");
        }
    }
}
