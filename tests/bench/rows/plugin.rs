//! What the border of a plugin costs: `tiered-pricing` prices 1,000 lines.

use std::hint::black_box;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use uuid::Uuid;
use vectis_contracts::plugins::Isolation;
use vectis_contracts::points::{PriceCandidate, PriceLevel, PricingLine, PricingPoint, PricingQuestion};
use vectis_contracts::price_candidates::PriceCandidates;
use vectis_kernel::ids::{ChannelId, PriceListId};
use vectis_kernel::{Ctx, Currency, Quantity, UnitPrice};
use vectis_plugin_api::abi::load::open;
use vectis_plugin_api::abi::pricing::{PricingCall, PricingObj, price as price_guarded, price_statically};
use vectis_plugin_api::pricing::{Candidate, Line, PriceLevel as WireLevel, Pricing as _};
use vectis_plugin_api::testing::TestHost as PluginHost;
use vectis_plugin_api::{Id, serde_json};
use vectis_tests::plugins::built;
use vectis_tests::shop::skus;
use vectis_tests::{PluginFolder, TestHost};
use vectis_tiered_pricing::Tiered;

use crate::machine::Memory;
use crate::measure::{Effort, Operation, Samples, by_turns};
use crate::shop::Shop;
use crate::table::Row;

const LINES: usize = 1_000;
/// Minimum quantities in thousandths and prices in millionths; as many tiers as the demo shop's lists have.
const TIERS: [(i64, i64); 3] = [(1_000, 180_000), (100_000, 162_000), (1_000_000, 135_000)];
const QUANTITY_MILLI: i64 = 150_000;
const EXPECTED_MICROS: i64 = 162_000;

/// The same question, four ways.
pub(crate) struct PluginRows {
    /// Called as any other function of the program.
    pub(crate) linked: Row,
    /// From the `.so`, through vtable and guard.
    pub(crate) guarded: Row,
    /// The same, with the host's conversion and check of every answer.
    pub(crate) converted: Row,
    /// The same, from a process of its own.
    pub(crate) apart: Row,
}

/// A third of the time for each of the three comparisons with the linked code.
pub(crate) async fn price(shop: &Shop, effort: Effort) -> Result<PluginRows> {
    let effort = Effort { window: effort.window / 3, ..effort };
    let question = Wire::new();
    let host = PluginHost::default();
    let config = serde_json::from_str("{}")?;
    let tiered = Tiered::new(config, host.handle())?;
    let module = open(&built("tiered-pricing"))?;
    let object = module.new_pricing()("tiered".into(), "{}".into(), host.object());
    let object: PricingObj = object.into_result().map_err(vectis_plugin_api::Error::from)?;
    let call = question.call();
    let lines = question.lines();

    let mut linked = Pricing(|| Ok(price_statically(&tiered, &call, &lines)?[LINES - 1].unit_price_micros));
    let mut guarded = Pricing(|| Ok(price_guarded(&object, &call, &lines)?[LINES - 1].unit_price_micros));
    let (first, of_guarded) = by_turns(effort, &mut linked, &mut guarded).await?;
    let (point, question) = (point(shop)?, in_domain_words(shop.channel_id));
    let mut converted = Pricing(|| {
        let answers = point.price(&question)?;
        Ok(answers[LINES - 1].context("the line has a price")?.unit_price.micros)
    });
    let (second, of_converted) = by_turns(effort, &mut linked, &mut converted).await?;
    // Nothing is activated there: the only plugin for the point answers.
    let other = TestHost::configured(PluginFolder::first_party(), false, |config| {
        config.plugins.trusted.clear();
        config.plugins.default_isolation = Isolation::Process;
    })
    .await;
    let point_apart = other.strategies.pricing(&Ctx::system("bench"), shop.channel_id)?;
    let mut apart = Pricing(|| {
        let answers = point_apart.price(&question)?;
        Ok(answers[LINES - 1].context("the line has a price")?.unit_price.micros)
    });
    let (third, of_apart) = by_turns(effort, &mut linked, &mut apart).await?;
    other.stop().await;

    let rss_kb = Memory::of_this_process()?.now_kb;
    let row = |how: &str, samples: Samples, floor: Option<&Samples>| Row {
        floor: floor.cloned(),
        ..Row::new(format!("plugin prices 1,000 lines: {how}"), samples, rss_kb)
    };
    Ok(PluginRows {
        guarded: row("`.so` through the guard", of_guarded, Some(&first)),
        converted: row("`.so` with the host's conversion", of_converted, Some(&second)),
        apart: row("`.so` in a process of its own, with conversion", of_apart, Some(&third)),
        linked: row("linked statically", first, None),
    })
}

/// One way of asking; answers the last line's price.
struct Pricing<F>(F);

impl<F: FnMut() -> Result<i64>> Operation for Pricing<F> {
    type Ready = ();
    type Answer = i64;

    async fn prepare(&mut self) -> Result<()> {
        Ok(())
    }

    async fn run(&mut self, (): ()) -> Result<i64> {
        Ok(black_box((self.0)()?))
    }

    fn check(&self, micros: i64) -> Result<()> {
        ensure!(micros == EXPECTED_MICROS, "the price is {micros} millionths, not {EXPECTED_MICROS}");
        Ok(())
    }
}

/// The way the host's modules go.
fn point(shop: &Shop) -> Result<Arc<dyn PricingPoint>> {
    Ok(shop.host.strategies.pricing(&Ctx::system("bench"), shop.channel_id)?)
}

/// The question as it goes over the border.
struct Wire {
    skus: Vec<String>,
    candidates: Vec<Candidate>,
}

impl Wire {
    fn new() -> Self {
        let tier = |(quantity, micros): (i64, i64)| {
            Candidate::new(WireLevel::DEFAULT, micros).of_list(Id([7; 16]), 0).from_quantity(quantity)
        };
        let candidates = TIERS.into_iter().map(tier).cycle().take(LINES * TIERS.len()).collect();
        Self { skus: skus(LINES), candidates }
    }

    fn call(&self) -> PricingCall<'_> {
        PricingCall { budget_ns: 1_000_000_000, ..PricingCall::new("EUR", Id::NIL, &self.candidates) }
    }

    fn lines(&self) -> Vec<Line<'_>> {
        let firsts = (0..).step_by(TIERS.len());
        let lines = firsts.zip(&self.skus);
        lines.map(|(first, sku)| Line::new(Id::NIL, sku, QUANTITY_MILLI).with_candidates(first, 3)).collect()
    }
}

/// The question as the modules ask it.
fn in_domain_words(channel_id: ChannelId) -> PricingQuestion {
    let ctx = Ctx::system("bench");
    let tier = |(quantity, micros): (i64, i64)| PriceCandidate {
        level: PriceLevel::Default,
        price_list_id: Some(PriceListId(Uuid::from_bytes([7; 16]))),
        priority: 0,
        min_quantity: Quantity::from_milli(quantity),
        unit_price: UnitPrice::from_micros(micros, Currency::EUR),
        converted: false,
        valid_from: None,
        valid_to: None,
    };
    let line = |(first, sku): (usize, String)| PricingLine {
        variant_id: ctx.new_id(),
        sku,
        quantity: Quantity::from_milli(QUANTITY_MILLI),
        candidates: first..first + TIERS.len(),
    };
    PricingQuestion {
        channel_id,
        account_id: None,
        location_id: None,
        currency: Currency::EUR,
        at: ctx.now(),
        lines: (0..).step_by(TIERS.len()).zip(skus(LINES)).map(line).collect(),
        candidates: PriceCandidates::of(
            Currency::EUR,
            TIERS.into_iter().map(tier).cycle().take(LINES * TIERS.len()),
        ),
    }
}
