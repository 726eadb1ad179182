//! Variants, prices and one tax of 20 % on everything standard.

use async_trait::async_trait;
use vectis_contracts::points::{PriceLevel, TaxKind};
use vectis_contracts::pricing::{
    ExchangeRate, ManagedPrice, PriceCode, PriceList, PriceQuery, PriceTier, Pricing, QuoteCode, QuotedPrice,
    SetManagedPrice, SetPriceEntry, UpsertPriceList,
};
use vectis_contracts::products::{
    Category, Product, ProductActivity, ProductCode, ProductFacts, ProductFilter, Products, UpsertProduct,
    Variant,
};
use vectis_contracts::tax::{
    AssessCode, Exemption, GrantExemption, Tax, TaxAssessment, TaxCode, TaxQuery, TaxQueryLine, TaxedLine,
};
use vectis_kernel::ids::{AccountId, CategoryId, ExemptionId, PriceListId, ProductId, VariantId};
use vectis_kernel::unit_price::round_half_away;
use vectis_kernel::{Ctx, Failure, Money, Page, PageRequest, Quantity};

use super::{Fakes, never};

#[async_trait]
impl Products for Fakes {
    async fn variants_by_id(
        &self,
        _ctx: &Ctx,
        ids: &[VariantId],
    ) -> Result<Vec<Variant>, Failure<ProductCode>> {
        let state = self.state();
        Ok(ids.iter().filter_map(|id| state.variants.get(id).cloned()).collect())
    }

    async fn variants_by_sku(
        &self,
        _ctx: &Ctx,
        skus: &[String],
    ) -> Result<Vec<Variant>, Failure<ProductCode>> {
        let state = self.state();
        let found = state.variants.values().filter(|variant| skus.contains(&variant.sku));
        Ok(found.cloned().collect())
    }

    async fn variants_of(
        &self,
        _ctx: &Ctx,
        _product_ids: &[ProductId],
    ) -> Result<Vec<Variant>, Failure<ProductCode>> {
        never()
    }
    async fn products_by_id(
        &self,
        _ctx: &Ctx,
        _ids: &[ProductId],
    ) -> Result<Vec<Product>, Failure<ProductCode>> {
        never()
    }
    async fn find_by_slug(&self, _ctx: &Ctx, _slug: &str) -> Result<Option<Product>, Failure<ProductCode>> {
        never()
    }
    async fn facts_by_id(
        &self,
        _ctx: &Ctx,
        _ids: &[ProductId],
    ) -> Result<Vec<ProductFacts>, Failure<ProductCode>> {
        never()
    }
    async fn active_after(
        &self,
        _ctx: &Ctx,
        _after: Option<ProductId>,
        _most: u32,
    ) -> Result<Vec<ProductId>, Failure<ProductCode>> {
        never()
    }
    async fn list(
        &self,
        _ctx: &Ctx,
        _filter: &ProductFilter,
        _page: PageRequest,
    ) -> Result<Page<Product>, Failure<ProductCode>> {
        never()
    }
    async fn categories(&self, _ctx: &Ctx) -> Result<Vec<Category>, Failure<ProductCode>> {
        never()
    }
    async fn products_upsert(
        &self,
        _ctx: &Ctx,
        _products: Vec<UpsertProduct>,
    ) -> Result<Vec<ProductId>, Failure<ProductCode>> {
        never()
    }
    async fn product_activate(
        &self,
        _ctx: &Ctx,
        _id: ProductId,
        _version: i64,
        _activity: ProductActivity,
    ) -> Result<(), Failure<ProductCode>> {
        never()
    }
    async fn category_upsert(
        &self,
        _ctx: &Ctx,
        _slug: &str,
        _name: &str,
        _parent_slug: Option<&str>,
        _position: i32,
    ) -> Result<CategoryId, Failure<ProductCode>> {
        never()
    }
}

#[async_trait]
impl Pricing for Fakes {
    async fn quote(
        &self,
        _ctx: &Ctx,
        query: &PriceQuery,
    ) -> Result<Vec<Option<QuotedPrice>>, Failure<QuoteCode>> {
        let state = self.state();
        if state.pricing_fails {
            return Err(Failure::refused(QuoteCode::StrategyFailed, "no plugin answers vectis.pricing"));
        }
        let quotes = query.lines.iter().map(|line| {
            let unit_price = *state.prices.get(&line.variant_id)?;
            Some(QuotedPrice {
                unit_price,
                level: Some(PriceLevel::Default),
                price_list_id: None,
                min_quantity: Quantity::ZERO,
            })
        });
        Ok(quotes.collect())
    }

    async fn ladders(
        &self,
        _ctx: &Ctx,
        _query: &PriceQuery,
    ) -> Result<Vec<Vec<PriceTier>>, Failure<QuoteCode>> {
        never()
    }
    async fn price_lists(
        &self,
        _ctx: &Ctx,
        _page: PageRequest,
    ) -> Result<Page<PriceList>, Failure<PriceCode>> {
        never()
    }
    async fn price_entries(
        &self,
        _ctx: &Ctx,
        _list: PriceListId,
        _variant_ids: &[VariantId],
    ) -> Result<Vec<(VariantId, PriceTier)>, Failure<PriceCode>> {
        never()
    }
    async fn price_list_upsert(
        &self,
        _ctx: &Ctx,
        _list: UpsertPriceList,
    ) -> Result<PriceListId, Failure<PriceCode>> {
        never()
    }
    async fn price_entries_set(
        &self,
        _ctx: &Ctx,
        _list: PriceListId,
        _entries: Vec<SetPriceEntry>,
    ) -> Result<(), Failure<PriceCode>> {
        never()
    }
    async fn managed_prices_set(
        &self,
        _ctx: &Ctx,
        _prices: Vec<SetManagedPrice>,
    ) -> Result<(), Failure<PriceCode>> {
        never()
    }
    async fn managed_prices(
        &self,
        _ctx: &Ctx,
        _variant_ids: &[VariantId],
    ) -> Result<Vec<ManagedPrice>, Failure<PriceCode>> {
        never()
    }
    async fn exchange_rates_set(
        &self,
        _ctx: &Ctx,
        _rates: Vec<ExchangeRate>,
    ) -> Result<(), Failure<PriceCode>> {
        never()
    }
    async fn exchange_rates(&self, _ctx: &Ctx) -> Result<Vec<ExchangeRate>, Failure<PriceCode>> {
        never()
    }
}

#[async_trait]
impl Tax for Fakes {
    async fn assess(&self, _ctx: &Ctx, query: &TaxQuery) -> Result<TaxAssessment, Failure<AssessCode>> {
        self.state().taxed_to.push(query.destination.clone());
        if self.state().tax_fails {
            return Err(Failure::refused(AssessCode::StrategyFailed, "no plugin answers vectis.tax"));
        }
        let kinds =
            vec![TaxKind { name: "VAT".to_owned(), jurisdiction: "GB".to_owned(), rate_ppm: 200_000 }];
        let lines = query.lines.iter().map(|line| taxed(line, query.prices_include_tax));
        Ok(TaxAssessment { kinds, lines: lines.collect() })
    }

    async fn exemptions(
        &self,
        _ctx: &Ctx,
        _account_ids: &[AccountId],
    ) -> Result<Vec<Exemption>, Failure<TaxCode>> {
        never()
    }
    async fn exemption_grant(
        &self,
        _ctx: &Ctx,
        _grant: GrantExemption,
    ) -> Result<ExemptionId, Failure<TaxCode>> {
        never()
    }
    async fn exemption_withdraw(&self, _ctx: &Ctx, _id: ExemptionId) -> Result<(), Failure<TaxCode>> {
        never()
    }
}

fn taxed(line: &TaxQueryLine, is_gross: bool) -> TaxedLine {
    let amount = line.amount;
    let divisor = if is_gross { 1_200_000 } else { 1_000_000 };
    let minor = match line.category.as_str() {
        "standard" => round_half_away(i128::from(amount.minor) * 200_000, divisor),
        _ => 0,
    };
    let tax = Money::new(i64::try_from(minor).unwrap(), amount.currency);
    let (net, gross) =
        if is_gross { (amount.minus(tax).unwrap(), amount) } else { (amount, amount.plus(tax).unwrap()) };
    let parts = if minor == 0 { Vec::new() } else { vec![(0, tax)] };
    TaxedLine { net, tax, gross, parts }
}
