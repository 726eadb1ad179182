//! The last check of touched lines: quantity rules over the cart, then one question to the pricing strategy. Everything
//! that is wrong is refused at once.

use vectis_contracts::carts::CartCode;
use vectis_contracts::pricing::{PriceQuery, PriceQueryLine, QuoteCode};
use vectis_kernel::failure::refuse_if_any;
use vectis_kernel::{Ctx, Failure, Refusal, UnitPrice};

use crate::gather::Gathered;
use crate::plan::{self, TouchedLine};
use crate::service::PgCarts;

impl PgCarts {
    /// The touched lines with their prices, or every refusal there is: those found before and those found here.
    pub(crate) async fn settle(
        &self,
        ctx: &Ctx,
        gathered: &Gathered,
        touched: Vec<TouchedLine>,
        mut refusals: Vec<Refusal<CartCode>>,
    ) -> Result<Vec<TouchedLine>, Failure<CartCode>> {
        plan::check_cart_size(&gathered.stored.cart.lines, &touched)?;
        let faults = plan::faults(&gathered.stored.cart.lines, &touched);
        let mut is_sound = vec![true; touched.len()];
        for fault in &faults {
            is_sound[fault.touched] = false;
            refusals.extend(touched[fault.touched].refusals(fault.code, "quantity", &fault.message));
        }
        let sound = touched.into_iter().zip(is_sound);
        let mut sound: Vec<TouchedLine> = sound.filter_map(|(line, sound)| sound.then_some(line)).collect();
        for unpriced in self.price(ctx, gathered, &mut sound).await? {
            let line = &sound[unpriced];
            let message = no_price(line, gathered);
            refusals.extend(line.refusals(CartCode::NoPrice, "quantity", &message));
        }
        refusals.sort_by_key(|refusal| refusal.field.get(1).and_then(|index| index.parse::<usize>().ok()));
        refuse_if_any(refusals)?;
        Ok(sound)
    }

    /// Sets the shown price of each line to the strategy's, in one call. Answers which lines have none; those whose price
    /// staff have set need none and keep what was shown.
    pub(crate) async fn price(
        &self,
        ctx: &Ctx,
        gathered: &Gathered,
        touched: &mut [TouchedLine],
    ) -> Result<Vec<usize>, Failure<CartCode>> {
        let quoted = self.quote(ctx, gathered, touched).await?;
        let mut unpriced = Vec::new();
        for (index, (touched, price)) in touched.iter_mut().zip(quoted).enumerate() {
            match price {
                Some(price) => touched.line.shown_unit_price = price,
                None if touched.line.price_override.is_some() => {}
                None => unpriced.push(index),
            }
        }
        Ok(unpriced)
    }

    async fn quote(
        &self,
        ctx: &Ctx,
        gathered: &Gathered,
        touched: &[TouchedLine],
    ) -> Result<Vec<Option<UnitPrice>>, Failure<CartCode>> {
        if touched.is_empty() {
            return Ok(Vec::new());
        }
        let lines = touched.iter().map(|touched| PriceQueryLine {
            variant_id: touched.variant.id,
            sku: touched.variant.sku.clone(),
            quantity: touched.line.quantity,
        });
        let query = PriceQuery {
            channel_id: gathered.channel.id,
            account_id: gathered.buyer.account_id,
            location_id: gathered.buyer.location_id,
            group_ids: gathered.buyer.group_ids.clone(),
            currency: gathered.stored.cart.currency,
            lines: lines.collect(),
        };
        let quotes = self.pricing.quote(ctx, &query).await.map_err(|failure| {
            failure.map_code(|code| match code {
                QuoteCode::StrategyFailed => CartCode::StrategyFailed,
                QuoteCode::UnknownCurrency => CartCode::UnknownCurrency,
                QuoteCode::TooMany => CartCode::TooManyLines,
            })
        })?;
        if quotes.len() != touched.len() {
            return Err(Failure::internal("pricing answered another number of lines than asked"));
        }
        let prices = quotes.into_iter().map(|quote| quote.map(|quote| quote.unit_price));
        Ok(prices.collect())
    }
}

fn no_price(touched: &TouchedLine, gathered: &Gathered) -> String {
    let (sku, quantity) = (&touched.variant.sku, touched.line.quantity);
    let currency = gathered.stored.cart.currency;
    format!("{sku} has no price in {currency} for a quantity of {quantity}")
}
