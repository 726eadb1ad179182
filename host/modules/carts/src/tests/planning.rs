//! The pure rules of merging, against plain sums.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use vectis_contracts::carts::{CartLine, PackageChoice};
use vectis_contracts::products::{QuantityLimits, Variant};
use vectis_kernel::{Ctx, Currency, Quantity};

use super::world::units;
use crate::plan::{self, Seat, WantedLine, in_units};

fn variants(ctx: &Ctx, count: usize) -> Vec<Arc<Variant>> {
    let variant = |index| {
        Arc::new(Variant {
            id: ctx.new_id(),
            product_id: ctx.new_id(),
            sku: format!("SKU-{index}"),
            name: String::new(),
            product_name: String::new(),
            tax_category: String::new(),
            category_slugs: Vec::new(),
            precision: 0,
            limits: QuantityLimits { max: Some(units(50)), ..QuantityLimits::default() },
            packages: Vec::new(),
            is_stocked: false,
            allows_backorder: true,
            weight_g: 0,
            is_active: true,
        })
    };
    (0..count).map(variant).collect()
}

fn wanted(variants: &[Arc<Variant>], picks: &[(usize, bool, i64)]) -> Vec<WantedLine> {
    let lines = picks.iter().enumerate();
    let lines = lines.map(|(index, (variant, is_packed, quantity))| WantedLine {
        index,
        variant: Arc::clone(&variants[*variant]),
        quantity: units(*quantity),
        package: is_packed.then(|| PackageChoice { slug: "case".to_owned(), multiplier: units(1) }),
    });
    lines.collect()
}

fn seat(ctx: &Ctx, first_position: i32) -> Seat<'_> {
    Seat { ctx, currency: Currency::EUR, first_position }
}

fn picks() -> impl Strategy<Value = Vec<(usize, bool, i64)>> {
    prop::collection::vec((0usize..4, any::<bool>(), 1i64..20), 0..40)
}

proptest! {
    #[test]
    fn merging_keeps_every_unit_and_one_line_for_each_kind(present in picks(), added in picks()) {
        let ctx = Ctx::system("test");
        let variants = variants(&ctx, 4);
        let present: Vec<CartLine> =
            plan::merge([].iter(), wanted(&variants, &present), seat(&ctx, 1)).into_iter().map(|line| line.line).collect();
        let next = i32::try_from(present.len()).unwrap() + 1;

        let touched = plan::merge(present.iter(), wanted(&variants, &added), seat(&ctx, next));

        let mut expected: BTreeMap<_, i64> = BTreeMap::new();
        let kind = |line: &CartLine| (line.variant_id, line.package.is_some());
        for line in &present {
            *expected.entry(kind(line)).or_default() += line.quantity.milli();
        }
        for (variant, is_packed, quantity) in &added {
            *expected.entry((variants[*variant].id, *is_packed)).or_default() += quantity * 1000;
        }
        let mut lines: BTreeMap<_, CartLine> = present.iter().map(|line| (line.position, line.clone())).collect();
        for touched in &touched {
            lines.insert(touched.line.position, touched.line.clone());
        }
        let found: BTreeMap<_, _> = lines.values().map(|line| (kind(line), line.quantity.milli())).collect();
        prop_assert_eq!(lines.len(), found.len());
        prop_assert_eq!(found, expected);
        let mut inputs: Vec<_> = touched.iter().flat_map(|line| line.inputs.clone()).collect();
        inputs.sort_unstable();
        prop_assert_eq!(inputs, (0..added.len()).collect::<Vec<_>>());
    }

    #[test]
    fn the_maximum_blames_every_touched_line_of_the_variant_and_no_other(added in picks()) {
        let ctx = Ctx::system("test");
        let variants = variants(&ctx, 4);
        let touched = plan::separate(wanted(&variants, &added), seat(&ctx, 1));

        let blamed: Vec<_> = plan::faults(&[], &touched).iter().map(|fault| fault.touched).collect();

        let sum = |of: usize| -> i64 { added.iter().filter(|(variant, ..)| *variant == of).map(|(.., quantity)| quantity).sum() };
        let expected: Vec<_> = (0..added.len()).filter(|index| sum(added[*index].0) > 50).collect();
        prop_assert_eq!(blamed, expected);
    }

    #[test]
    fn packages_multiply_exactly_or_not_at_all(count in any::<i64>(), multiplier in 1i64..=i64::MAX) {
        let package = PackageChoice { slug: "case".to_owned(), multiplier: Quantity::from_milli(multiplier) };

        let found = in_units(Quantity::from_milli(count), Some(&package)).ok();

        let is_whole = count > 0 && count % 1000 == 0;
        let product = i128::from(count / 1000) * i128::from(multiplier);
        let expected = i64::try_from(product).ok().filter(|_| is_whole).map(Quantity::from_milli);
        prop_assert_eq!(found, expected);
    }
}
