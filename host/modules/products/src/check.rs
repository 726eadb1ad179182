//! What can be seen to be wrong with an input without looking at the catalogue: everything, at once. Pure.

#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};

use serde_json::Value;
use vectis_contracts::products::{Package, ProductCode, QuantityLimits, UpsertProduct, UpsertVariant};
use vectis_kernel::failure::refuse_if_any;
use vectis_kernel::{Failure, Quantity, Refusal};

/// Most products, and most variants, in one call.
pub(crate) const MAX_BULK: usize = 10_000;
const MAX_CATEGORIES: usize = 100;
const MAX_PACKAGES: usize = 50;
const MAX_NAME: usize = 500;
const MAX_DESCRIPTION: usize = 20_000;
const MAX_SKU: usize = 100;
const MAX_CUSTOM_FIELDS: usize = 16 * 1024;
/// Largest limit or multiplier, in thousandths: a thousand million units.
const MAX_QUANTITY: i64 = 1_000_000_000_000;

type Refusals = Vec<Refusal<ProductCode>>;

/// Whether products can be upserted as far as they themselves show.
pub(crate) fn check_products(products: &[UpsertProduct]) -> Result<(), Failure<ProductCode>> {
    check_sizes(products)?;
    let mut seen = Seen::default();
    let mut refusals = Refusals::new();
    for (index, product) in products.iter().enumerate() {
        let path = format!("products.{index}");
        check_product(&mut refusals, &mut seen, &path, product);
        for (number, variant) in product.variants.iter().enumerate() {
            check_variant(&mut refusals, &mut seen, &format!("{path}.variants.{number}"), variant);
        }
    }
    refuse_if_any(refusals)
}

/// Whether a category can have this slug and name.
pub(crate) fn check_category(slug: &str, name: &str) -> Result<(), Failure<ProductCode>> {
    let mut refusals = Refusals::new();
    invalid(&mut refusals, "slug", slug_fault(slug, MAX_NAME));
    invalid(&mut refusals, "name", line_fault(name, MAX_NAME));
    refuse_if_any(refusals)
}

/// What must differ all over the input.
#[derive(Default)]
struct Seen<'a> {
    slugs: HashSet<&'a str>,
    skus: HashSet<&'a str>,
    package_names: HashMap<&'a str, &'a str>,
}

fn check_sizes(products: &[UpsertProduct]) -> Result<(), Failure<ProductCode>> {
    let variants: usize = products.iter().map(|product| product.variants.len()).sum();
    for (count, things) in [(products.len(), "products"), (variants, "variants")] {
        if count > MAX_BULK {
            let message = format!("{count} {things} in one call; at most {MAX_BULK} are taken.");
            return Err(Failure::at(ProductCode::TooMany, "products", message));
        }
    }
    Ok(())
}

fn check_product<'a>(refusals: &mut Refusals, seen: &mut Seen<'a>, path: &str, product: &'a UpsertProduct) {
    let at = |field: &str| format!("{path}.{field}");
    invalid(refusals, &at("slug"), slug_fault(&product.slug, MAX_NAME));
    if !seen.slugs.insert(&product.slug) {
        duplicate(refusals, &at("slug"), &product.slug);
    }
    invalid(refusals, &at("name"), line_fault(&product.name, MAX_NAME));
    invalid(refusals, &at("description"), text_fault(&product.description));
    invalid(refusals, &at("taxCategory"), slug_fault(&product.tax_category, 100));
    invalid(refusals, &at("customFields"), custom_fields_fault(&product.custom_fields));
    let categories = &product.category_slugs;
    invalid(refusals, &at("categorySlugs"), count_fault(categories.len(), MAX_CATEGORIES, "categories"));
    let mut named = HashSet::new();
    for (number, slug) in categories.iter().enumerate() {
        let field = at(&format!("categorySlugs.{number}"));
        invalid(refusals, &field, slug_fault(slug, MAX_NAME));
        if !named.insert(slug) {
            duplicate(refusals, &field, slug);
        }
    }
}

fn check_variant<'a>(refusals: &mut Refusals, seen: &mut Seen<'a>, path: &str, variant: &'a UpsertVariant) {
    let at = |field: &str| format!("{path}.{field}");
    invalid(refusals, &at("sku"), sku_fault(&variant.sku));
    if !seen.skus.insert(&variant.sku) {
        duplicate(refusals, &at("sku"), &variant.sku);
    }
    if !variant.name.is_empty() {
        invalid(refusals, &at("name"), line_fault(&variant.name, MAX_NAME));
    }
    if variant.precision > Quantity::SCALE {
        let fault = format!("{} decimal places; 0 to {} are possible.", variant.precision, Quantity::SCALE);
        invalid(refusals, &at("precision"), Some(fault));
    }
    if variant.weight_g < 0 {
        invalid(refusals, &at("weightGrams"), Some(format!("{} g is less than nothing.", variant.weight_g)));
    }
    check_limits(refusals, path, &variant.limits, variant.precision);
    check_packages(refusals, seen, path, variant);
}

fn check_limits(refusals: &mut Refusals, path: &str, limits: &QuantityLimits, precision: u32) {
    let named = [
        ("minQuantity", limits.min),
        ("maxQuantity", limits.max),
        ("quantityStep", limits.step),
        ("maxPerCustomer30Days", limits.max_per_customer_30_days),
    ];
    for (field, limit) in named {
        let fault = limit.and_then(|limit| quantity_fault(limit, precision));
        invalid(refusals, &format!("{path}.{field}"), fault);
    }
    if let (Some(min), Some(max)) = (limits.min, limits.max)
        && min > max
    {
        let fault = format!("The most, {max}, is less than the least, {min}.");
        invalid(refusals, &format!("{path}.maxQuantity"), Some(fault));
    }
}

fn check_packages<'a>(refusals: &mut Refusals, seen: &mut Seen<'a>, path: &str, variant: &'a UpsertVariant) {
    let packages = &variant.packages;
    invalid(refusals, &format!("{path}.packages"), count_fault(packages.len(), MAX_PACKAGES, "packages"));
    let mut slugs = HashSet::new();
    for (number, Package { slug, name, multiplier }) in packages.iter().enumerate() {
        let at = |field: &str| format!("{path}.packages.{number}.{field}");
        invalid(refusals, &at("slug"), slug_fault(slug, 100));
        invalid(refusals, &at("name"), line_fault(name, 200));
        invalid(refusals, &at("multiplier"), quantity_fault(*multiplier, variant.precision));
        if !slugs.insert(slug) {
            duplicate(refusals, &at("slug"), slug);
        }
        let known = seen.package_names.entry(slug).or_insert(name);
        if known != name {
            let fault = format!("Package {slug:?} is called {known:?} elsewhere in this call.");
            invalid(refusals, &at("name"), Some(fault));
        }
    }
}

fn invalid(refusals: &mut Refusals, field: &str, fault: Option<String>) {
    refusals.extend(fault.map(|fault| Refusal::at(ProductCode::InvalidInput, field, fault)));
}

fn duplicate(refusals: &mut Refusals, field: &str, value: &str) {
    let message = format!("{value:?} stands here twice.");
    refusals.push(Refusal::at(ProductCode::Duplicate, field, message));
}

fn count_fault(count: usize, most: usize, things: &str) -> Option<String> {
    (count > most).then(|| format!("{count} {things}; at most {most} are taken."))
}

/// Slugs and keys: no blanks, so that they can stand in addresses.
fn slug_fault(slug: &str, most: usize) -> Option<String> {
    let fits = (1..=most).contains(&slug.chars().count());
    let is_clean = !slug.chars().any(|letter| letter.is_whitespace() || letter.is_control());
    (!fits || !is_clean).then(|| format!("{} must be 1 to {most} characters without blanks.", shown(slug)))
}

fn sku_fault(sku: &str) -> Option<String> {
    let fits = (1..=MAX_SKU).contains(&sku.chars().count());
    let is_clean = sku.trim() == sku && !sku.chars().any(char::is_control);
    (!fits || !is_clean)
        .then(|| format!("{} must be 1 to {MAX_SKU} characters without blanks around them.", shown(sku)))
}

/// One line of text for people.
fn line_fault(line: &str, most: usize) -> Option<String> {
    let fits = line.chars().count() <= most && !line.trim().is_empty();
    let is_clean = !line.chars().any(char::is_control);
    (!fits || !is_clean).then(|| format!("{} must be 1 to {most} characters on one line.", shown(line)))
}

fn text_fault(text: &str) -> Option<String> {
    let length = text.chars().count();
    if length > MAX_DESCRIPTION {
        return Some(format!("{length} characters; at most {MAX_DESCRIPTION} are taken."));
    }
    text.contains('\0').then(|| "The text contains a NUL character.".to_owned())
}

fn quantity_fault(quantity: Quantity, precision: u32) -> Option<String> {
    if !quantity.is_positive() || quantity.milli() > MAX_QUANTITY {
        return Some(format!(
            "{quantity} must be above 0 and at most {}.",
            Quantity::from_milli(MAX_QUANTITY)
        ));
    }
    (!quantity.fits_precision(precision))
        .then(|| format!("{quantity} has more than the {precision} decimal places of this variant."))
}

fn custom_fields_fault(fields: &Value) -> Option<String> {
    if !fields.is_object() {
        return Some("Custom fields are a JSON object.".to_owned());
    }
    let bytes = fields.to_string().len();
    if bytes > MAX_CUSTOM_FIELDS {
        return Some(format!("{bytes} bytes of custom fields; at most {MAX_CUSTOM_FIELDS} are taken."));
    }
    contains_nul(fields).then(|| "A custom field contains a NUL character.".to_owned())
}

fn contains_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(values) => values.iter().any(contains_nul),
        Value::Object(fields) => fields.iter().any(|(key, value)| key.contains('\0') || contains_nul(value)),
        _ => false,
    }
}

/// A value as far as a message can show it.
fn shown(text: &str) -> String {
    if text.chars().count() <= 100 {
        return format!("{text:?}");
    }
    let start: String = text.chars().take(100).collect();
    format!("{start:?}…")
}
