//! What lines become: merged or separate, and the quantity rules over the cart that results. Pure rules.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use vectis_contracts::carts::{CartCode, CartLine, MAX_LINES, PackageChoice};
use vectis_contracts::priced_cart::{QuantityFault, quantity_faults};
use vectis_contracts::products::Variant;
use vectis_kernel::ids::VariantId;
use vectis_kernel::{Ctx, Currency, Failure, Quantity, Refusal, UnitPrice};

/// A line of the input with its variant found and its package multiplied out.
#[derive(Clone, Debug)]
pub(crate) struct WantedLine {
    /// Its index in the input.
    pub(crate) index: usize,
    /// What.
    pub(crate) variant: Arc<Variant>,
    /// How much, in the variant's unit.
    pub(crate) quantity: Quantity,
    /// In which package.
    pub(crate) package: Option<PackageChoice>,
}

/// A line of the cart that the command adds or changes.
#[derive(Clone, Debug)]
pub(crate) struct TouchedLine {
    /// As it shall be; its shown price is the quoted one only after pricing.
    pub(crate) line: CartLine,
    /// Its variant.
    pub(crate) variant: Arc<Variant>,
    /// Which lines of the input it comes from.
    pub(crate) inputs: Vec<usize>,
}

impl TouchedLine {
    /// The same refusal for each line of the input that is meant.
    pub(crate) fn refusals<'a>(
        &'a self,
        code: CartCode,
        field: &'a str,
        message: &'a str,
    ) -> impl Iterator<Item = Refusal<CartCode>> + 'a {
        let at = move |index| Refusal::at(code, &format!("lines.{index}.{field}"), message);
        self.inputs.iter().map(at)
    }
}

/// Where new lines go.
#[derive(Clone, Copy)]
pub(crate) struct Seat<'a> {
    /// Source of line ids.
    pub(crate) ctx: &'a Ctx,
    /// Currency of the cart.
    pub(crate) currency: Currency,
    /// Position of the first new line.
    pub(crate) first_position: i32,
}

impl Seat<'_> {
    fn new_line(&self, offset: usize, wanted: WantedLine) -> TouchedLine {
        let offset = i32::try_from(offset).unwrap_or(i32::MAX);
        TouchedLine {
            line: CartLine {
                id: self.ctx.new_id(),
                position: self.first_position.saturating_add(offset),
                variant_id: wanted.variant.id,
                quantity: wanted.quantity,
                package: wanted.package,
                shown_unit_price: UnitPrice::from_micros(0, self.currency),
                price_override: None,
            },
            variant: wanted.variant,
            inputs: vec![wanted.index],
        }
    }
}

/// Each wanted line becomes a line of its own.
pub(crate) fn separate(wanted: Vec<WantedLine>, seat: Seat<'_>) -> Vec<TouchedLine> {
    let lines = wanted.into_iter().enumerate();
    lines.map(|(offset, wanted)| seat.new_line(offset, wanted)).collect()
}

/// Wanted lines join the first of `present` with the same variant and package, or one another.
pub(crate) fn merge<'a>(
    present: impl Iterator<Item = &'a CartLine>,
    wanted: Vec<WantedLine>,
    seat: Seat<'_>,
) -> Vec<TouchedLine> {
    let mut by_kind: HashMap<(VariantId, Option<PackageChoice>), Target<'a>> = HashMap::new();
    for line in present {
        let kind = (line.variant_id, line.package.clone());
        by_kind.entry(kind).or_insert(Target::Present(line));
    }
    let mut touched: Vec<TouchedLine> = Vec::with_capacity(wanted.len());
    let mut added = 0;
    for wanted in wanted {
        let target = by_kind.entry((wanted.variant.id, wanted.package.clone()));
        let target = target.or_insert(Target::Nothing);
        match *target {
            Target::Touched(at) => {
                touched[at].line.quantity = sum(touched[at].line.quantity, wanted.quantity);
                touched[at].inputs.push(wanted.index);
                continue;
            }
            Target::Present(line) => touched.push(TouchedLine {
                line: CartLine { quantity: sum(line.quantity, wanted.quantity), ..line.clone() },
                variant: wanted.variant,
                inputs: vec![wanted.index],
            }),
            Target::Nothing => {
                touched.push(seat.new_line(added, wanted));
                added += 1;
            }
        }
        *target = Target::Touched(touched.len() - 1);
    }
    touched
}

#[derive(Clone, Copy)]
enum Target<'a> {
    Nothing,
    Present(&'a CartLine),
    Touched(usize),
}

/// Beyond the range it stays at the top of it, which is above what any line may hold.
fn sum(one: Quantity, other: Quantity) -> Quantity {
    one.checked_add(other).unwrap_or(Quantity::from_milli(i64::MAX))
}

/// Refuses a call of more lines than a cart may have.
pub(crate) fn check_call_size(lines: usize) -> Result<(), Failure<CartCode>> {
    check_size(lines, "one call")
}

/// Refuses a cart that would have too many lines: those present, and those touched that are not among them.
pub(crate) fn check_cart_size(
    present: &[CartLine],
    touched: &[TouchedLine],
) -> Result<(), Failure<CartCode>> {
    let known: HashSet<_> = present.iter().map(|line| line.id).collect();
    let new = touched.iter().filter(|touched| !known.contains(&touched.line.id));
    check_size(present.len() + new.count(), "a cart")
}

fn check_size(lines: usize, of: &str) -> Result<(), Failure<CartCode>> {
    if lines <= MAX_LINES {
        return Ok(());
    }
    let message = format!("{of} takes at most {MAX_LINES} lines, not {lines}");
    Err(Failure::at(CartCode::TooManyLines, "lines", message))
}

/// A touched line that breaks a quantity rule.
pub(crate) struct Fault {
    /// Its index among the touched lines.
    pub(crate) touched: usize,
    /// Why.
    pub(crate) code: CartCode,
    /// Why, for a person.
    pub(crate) message: String,
}

/// The quantity rules over the cart that results: `present` lines, the touched ones among them replaced. Lines that are
/// not touched count, but are not blamed.
pub(crate) fn faults(present: &[CartLine], touched: &[TouchedLine]) -> Vec<Fault> {
    let replaced: HashSet<_> = touched.iter().map(|touched| touched.line.id).collect();
    let variants: HashMap<VariantId, &Variant> =
        touched.iter().map(|touched| (touched.line.variant_id, touched.variant.as_ref())).collect();
    let mut lines: Vec<(Quantity, &Variant)> =
        touched.iter().map(|touched| (touched.line.quantity, touched.variant.as_ref())).collect();
    let others = present.iter().filter(|line| !replaced.contains(&line.id));
    lines.extend(others.filter_map(|line| {
        let variant = variants.get(&line.variant_id)?;
        Some((line.quantity, *variant))
    }));
    let faults = quantity_faults(&lines).into_iter();
    faults
        .filter_map(|fault| {
            let index = fault.field.get(1)?.parse().ok()?;
            (index < touched.len()).then(|| Fault {
                touched: index,
                code: code_of(fault.code),
                message: fault.message,
            })
        })
        .collect()
}

fn code_of(fault: QuantityFault) -> CartCode {
    match fault {
        QuantityFault::Invalid => CartCode::InvalidQuantity,
        QuantityFault::NotAMultiple => CartCode::NotAMultiple,
        QuantityFault::BelowMinimum => CartCode::BelowMinimum,
        QuantityFault::AboveMaximum => CartCode::AboveMaximum,
    }
}

/// What an input quantity comes to in the variant's unit; the reason when it is none. Packages are counted in whole ones.
pub(crate) fn in_units(quantity: Quantity, package: Option<&PackageChoice>) -> Result<Quantity, String> {
    if !quantity.is_positive() {
        return Err(format!("{quantity} is not a quantity; it must be above zero"));
    }
    let Some(package) = package else {
        return Ok(quantity);
    };
    if !quantity.fits_precision(0) {
        return Err(format!("{quantity} is not a whole number of {}", package.slug));
    }
    let milli = i128::from(quantity.milli()) / 1000 * i128::from(package.multiplier.milli());
    let milli = i64::try_from(milli).map_err(|_| format!("{quantity} of {} is too much", package.slug))?;
    Ok(Quantity::from_milli(milli))
}
