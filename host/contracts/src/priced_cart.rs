//! A cart with today's variants, prices and taxes. Shared, because the carts show it and the orders freeze it, and both
//! must come to the same penny. Gathers in three statements whatever the number of lines; decides nothing itself.

use std::collections::HashMap;
use std::sync::Arc;

use vectis_kernel::ids::{AccountId, CustomerGroupId, LocationId, VariantId};
use vectis_kernel::{Ctx, Failure, Money, MoneyError, Quantity, Refusal, UnitPrice};

use crate::accounts::{Membership, PostalAddress};
use crate::carts::{Cart, CartLine};
use crate::channels::Channel;
use crate::points::{Jurisdiction, TaxKind};
use crate::pricing::{PriceQuery, PriceQueryLine, Pricing, QuoteCode, QuotedPrice};
use crate::products::{Products, Variant};
use crate::tax::{AssessCode, Tax, TaxQuery, TaxQueryLine, TaxedLine};

/// Who buys, as far as prices and taxes are concerned.
#[derive(Clone, Debug, Default)]
pub struct BuyerFacts {
    /// The company.
    pub account_id: Option<AccountId>,
    /// Its site.
    pub location_id: Option<LocationId>,
    /// Groups of the company.
    pub group_ids: Vec<CustomerGroupId>,
    /// Where goods go when the cart does not say.
    pub default_address: Option<PostalAddress>,
}

impl From<&Membership> for BuyerFacts {
    fn from(membership: &Membership) -> Self {
        Self {
            account_id: Some(membership.employee.account_id),
            location_id: Some(membership.employee.location_id),
            group_ids: membership.group_ids.clone(),
            default_address: membership.default_address.clone(),
        }
    }
}

/// A priced line. The raw line is `cart.lines[index]`.
#[derive(Clone, Debug)]
pub struct PricedLine {
    /// The variant; `None` when it is gone.
    pub variant: Option<Arc<Variant>>,
    /// The strategy's price; `None` when it has none.
    pub quoted: Option<QuotedPrice>,
    /// What is charged per unit: the override, else the strategy's price, else the price last shown.
    pub unit_price: UnitPrice,
    /// Whether the strategy's price differs from what was last shown (never for overridden lines).
    pub is_price_changed: bool,
    /// Net, tax, gross and the taxes by kind.
    pub taxed: TaxedLine,
}

/// A cart with today's variants, prices and taxes.
#[derive(Clone, Debug)]
pub struct PricedCart {
    /// The cart.
    pub cart: Cart,
    /// One per line of the cart.
    pub lines: Vec<PricedLine>,
    /// Kinds of tax the lines use.
    pub tax_kinds: Vec<TaxKind>,
    /// Sum of the lines without tax.
    pub net: Money,
    /// Sum of taxes.
    pub tax: Money,
    /// Sum with tax.
    pub gross: Money,
}

vectis_kernel::refusal_codes! {
    /// Why a cart could not be priced.
    PricingCode {
        /// A strategy is missing, failed or gave an invalid answer; the message says which.
        StrategyFailed = "STRATEGY_FAILED": Refused,
        /// The channel does not sell in the cart's currency.
        UnknownCurrency = "UNKNOWN_CURRENCY": Invalid,
        /// A total is out of range.
        OutOfRange = "OUT_OF_RANGE": Invalid,
    }
}

/// The contracts a cart is priced with.
#[derive(Clone)]
pub struct CartPricer {
    /// For the variants.
    pub products: Arc<dyn Products>,
    /// For the prices.
    pub pricing: Arc<dyn Pricing>,
    /// For the taxes.
    pub tax: Arc<dyn Tax>,
}

impl CartPricer {
    /// Prices and taxes all lines of a cart.
    pub async fn price(
        &self,
        ctx: &Ctx,
        cart: Cart,
        channel: &Channel,
        buyer: &BuyerFacts,
    ) -> Result<PricedCart, Failure<PricingCode>> {
        if cart.lines.is_empty() {
            let nothing = Money::zero(cart.currency);
            return Ok(PricedCart {
                cart,
                lines: Vec::new(),
                tax_kinds: Vec::new(),
                net: nothing,
                tax: nothing,
                gross: nothing,
            });
        }
        let variants = self.variants(ctx, &cart.lines).await?;
        let quotes = self.quotes(ctx, &cart, channel, buyer, &variants).await?;
        let charged: Vec<UnitPrice> =
            cart.lines.iter().zip(&quotes).map(|(line, quote)| charged_price(line, *quote)).collect();
        let query = tax_query(&cart, channel, buyer, &variants, &charged)?;
        let assessment = self.tax.assess(ctx, &query).await.map_err(|failure| {
            failure.map_code(|code| match code {
                AssessCode::StrategyFailed => PricingCode::StrategyFailed,
                AssessCode::OutOfRange => PricingCode::OutOfRange,
            })
        })?;
        let sum = |amount: fn(&TaxedLine) -> Money| {
            Money::sum(cart.currency, assessment.lines.iter().map(amount))
                .map_err(|error| out_of_range(&error))
        };
        let (net, tax, gross) = (sum(|line| line.net)?, sum(|line| line.tax)?, sum(|line| line.gross)?);
        let lines = cart
            .lines
            .iter()
            .zip(quotes.into_iter().zip(charged).zip(assessment.lines))
            .map(|(line, ((quoted, unit_price), taxed))| PricedLine {
                variant: variants.get(&line.variant_id).cloned(),
                is_price_changed: line.price_override.is_none()
                    && quoted.map(|quote| quote.unit_price) != Some(line.shown_unit_price),
                quoted,
                unit_price,
                taxed,
            })
            .collect();
        Ok(PricedCart { cart, lines, tax_kinds: assessment.kinds, net, tax, gross })
    }

    async fn variants(
        &self,
        ctx: &Ctx,
        lines: &[CartLine],
    ) -> Result<HashMap<VariantId, Arc<Variant>>, Failure<PricingCode>> {
        let mut ids: Vec<VariantId> = lines.iter().map(|line| line.variant_id).collect();
        ids.sort_unstable();
        ids.dedup();
        let variants = self.products.variants_by_id(ctx, &ids).await;
        let variants = variants.map_err(|failure| failure.map_code(|_| PricingCode::OutOfRange))?;
        Ok(variants.into_iter().map(|variant| (variant.id, Arc::new(variant))).collect())
    }

    async fn quotes(
        &self,
        ctx: &Ctx,
        cart: &Cart,
        channel: &Channel,
        buyer: &BuyerFacts,
        variants: &HashMap<VariantId, Arc<Variant>>,
    ) -> Result<Vec<Option<QuotedPrice>>, Failure<PricingCode>> {
        let query = PriceQuery {
            channel_id: channel.id,
            account_id: buyer.account_id,
            location_id: buyer.location_id,
            group_ids: buyer.group_ids.clone(),
            currency: cart.currency,
            lines: cart
                .lines
                .iter()
                .map(|line| PriceQueryLine {
                    variant_id: line.variant_id,
                    sku: variants.get(&line.variant_id).map_or_else(String::new, |v| v.sku.clone()),
                    quantity: line.quantity,
                })
                .collect(),
        };
        self.pricing.quote(ctx, &query).await.map_err(|failure| {
            failure.map_code(|code| match code {
                QuoteCode::StrategyFailed => PricingCode::StrategyFailed,
                QuoteCode::UnknownCurrency => PricingCode::UnknownCurrency,
                QuoteCode::TooMany => PricingCode::OutOfRange,
            })
        })
    }
}

/// What the tax strategies are asked: each line at the price charged.
fn tax_query(
    cart: &Cart,
    channel: &Channel,
    buyer: &BuyerFacts,
    variants: &HashMap<VariantId, Arc<Variant>>,
    charged: &[UnitPrice],
) -> Result<TaxQuery, Failure<PricingCode>> {
    let lines = cart.lines.iter().zip(charged).map(|(line, price)| {
        let amount = price.times(line.quantity).map_err(|error| out_of_range(&error))?;
        Ok(TaxQueryLine {
            amount,
            quantity: line.quantity,
            category: variants.get(&line.variant_id).map_or_else(String::new, |v| v.tax_category.clone()),
        })
    });
    Ok(TaxQuery {
        channel_id: channel.id,
        account_id: buyer.account_id,
        location_id: buyer.location_id,
        currency: cart.currency,
        prices_include_tax: channel.prices_include_tax,
        destination: destination(cart.shipping_address.as_ref(), buyer, channel),
        lines: lines.collect::<Result<_, Failure<PricingCode>>>()?,
    })
}

/// The override, else the strategy's price, else the price last shown.
fn charged_price(line: &CartLine, quoted: Option<QuotedPrice>) -> UnitPrice {
    match (&line.price_override, quoted) {
        (Some(set), _) => set.unit_price,
        (None, Some(quote)) => quote.unit_price,
        (None, None) => line.shown_unit_price,
    }
}

/// Where goods go: the cart's address, else the buyer's default, else the channel's own country.
pub fn destination(address: Option<&PostalAddress>, buyer: &BuyerFacts, channel: &Channel) -> Jurisdiction {
    match address.or(buyer.default_address.as_ref()) {
        Some(address) => Jurisdiction {
            country: address.country.clone(),
            region: address.region.clone(),
            city: address.city.clone(),
            postal_code: address.postal_code.clone(),
        },
        None => Jurisdiction { country: channel.country.clone(), ..Jurisdiction::default() },
    }
}

/// Why a quantity breaks a variant's rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuantityFault {
    /// Zero, negative, beyond a billion, or more decimal places than the variant allows.
    Invalid,
    /// Not a whole number of steps.
    NotAMultiple,
    /// The cart's sum is below the minimum.
    BelowMinimum,
    /// The cart's sum is above the maximum.
    AboveMaximum,
}

/// Checks all quantities of a cart against their variants: precision and step line by line, minimum and maximum over
/// the whole cart. The same rules on every path that leads to an order. Fields read `lines.<index>.quantity`.
pub fn quantity_faults(lines: &[(Quantity, &Variant)]) -> Vec<Refusal<QuantityFault>> {
    const MOST: Quantity = Quantity::from_milli(1_000_000_000_000);
    let mut sums: HashMap<VariantId, i128> = HashMap::new();
    for (quantity, variant) in lines {
        *sums.entry(variant.id).or_default() += i128::from(quantity.milli());
    }
    let mut faults = Vec::new();
    for (index, (quantity, variant)) in lines.iter().enumerate() {
        let limits = &variant.limits;
        let sum = sums[&variant.id];
        let below = limits.min.filter(|min| sum < i128::from(min.milli()));
        let above = limits.max.filter(|max| sum > i128::from(max.milli()));
        let sku = &variant.sku;
        let fault = if !quantity.is_positive()
            || *quantity > MOST
            || !quantity.fits_precision(variant.precision)
        {
            let places = variant.precision;
            Some((
                QuantityFault::Invalid,
                format!("{quantity} is not a quantity of {sku} ({places} decimal places)"),
            ))
        } else if let Some(step) = limits.step.filter(|step| !quantity.is_multiple_of(*step)) {
            Some((QuantityFault::NotAMultiple, format!("{sku} is sold in steps of {step}, not {quantity}")))
        } else if let Some(min) = below {
            Some((QuantityFault::BelowMinimum, format!("at least {min} of {sku} must be bought")))
        } else {
            above.map(|max| (QuantityFault::AboveMaximum, format!("at most {max} of {sku} can be bought")))
        };
        if let Some((code, message)) = fault {
            faults.push(Refusal::at(code, &format!("lines.{index}.quantity"), message));
        }
    }
    faults
}

fn out_of_range(error: &MoneyError) -> Failure<PricingCode> {
    Failure::refused(PricingCode::OutOfRange, error.to_string())
}
