use vectis_plugin_api::schemars::{self, JsonSchema};
use vectis_plugin_api::serde::Deserialize;
use vectis_plugin_api::tax::{STAGE_VAT, Tax, TaxCtx, TaxLine, TaxOut};
use vectis_plugin_api::testing::{self, TaxCart, Taxed};
use vectis_plugin_api::{Error, ErrorCode, Host, units};

#[derive(Deserialize, JsonSchema)]
#[serde(crate = "vectis_plugin_api::serde", deny_unknown_fields)]
struct Config {}

/// 10 % everywhere, books half, on what earlier stages took too; panics on unknown places.
struct Flat;

impl Tax for Flat {
    type Config = Config;

    fn new(_config: Config, _host: Host) -> Result<Self, Error> {
        Ok(Self)
    }

    fn stage(&self) -> u32 {
        STAGE_VAT
    }

    fn tax(&self, ctx: &TaxCtx<'_>, lines: &[TaxLine<'_>], out: &mut TaxOut) -> Result<(), Error> {
        assert!(ctx.country() == "DE" && ctx.region() != "?", "no rates for {}", ctx.region());
        let (full, half) = (out.kind("VAT", ctx.country(), 100_000), out.kind("VAT", ctx.country(), 50_000));
        assert_eq!(out.kind("VAT", "DE", 100_000), full);
        for (index, line) in lines.iter().enumerate().filter(|(_, line)| !line.is_exempt()) {
            let (kind, rate) = if line.category() == "books" { (half, 50_000) } else { (full, 100_000) };
            let base = line.amount_minor + line.taxed_before_minor;
            let (share_of, whole) =
                if ctx.prices_include_tax() { (rate, units::PPM + rate) } else { (rate, units::PPM) };
            let amount = units::share(base, share_of, whole).ok_or_else(|| Error::internal("overflow"))?;
            out.add(index, kind, amount);
        }
        Ok(())
    }
}

fn taxed(line: usize, rate_ppm: i64, amount_minor: i64) -> Taxed {
    Taxed { line, name: "VAT".to_owned(), jurisdiction: "DE".to_owned(), rate_ppm, amount_minor }
}

#[test]
fn lines_and_kinds_cross_the_border_unchanged() {
    let harness = testing::tax::<Flat>("{}").unwrap();
    let cart = TaxCart::new("EUR", 2, "DE")
        .line(TaxLine::new("standard", 1_000, 1_000))
        .line(TaxLine::new("standard", 1_000, 1_000).exempt(true))
        .line(TaxLine::new("books", -1_000, 1_000))
        .line(TaxLine::new("standard", 1_000, 1_000).taxed_before(500));

    assert_eq!(harness.stage().unwrap(), STAGE_VAT);
    assert_eq!(
        harness.tax(&cart).unwrap(),
        [taxed(0, 100_000, 100), taxed(2, 50_000, -50), taxed(3, 100_000, 150)]
    );
}

#[test]
fn the_question_says_whether_prices_include_tax() {
    let harness = testing::tax::<Flat>("{}").unwrap();
    let cart = TaxCart::new("EUR", 2, "DE").including_tax().line(TaxLine::new("standard", 1_100, 1_000));

    assert_eq!(harness.tax(&cart).unwrap(), [taxed(0, 100_000, 100)]);
}

#[test]
fn a_panic_is_an_error() {
    let harness = testing::tax::<Flat>("{}").unwrap();

    let error = harness.tax(&TaxCart::new("EUR", 2, "DE").to("?", "", "")).unwrap_err();

    assert_eq!(error.code, ErrorCode::PANICKED);
    assert!(error.message.ends_with("no rates for ?"), "{}", error.message);
}
