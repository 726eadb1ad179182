//! A host that offers plugin API 1.3: loads the plugin named on the command line, uses what 1.3 added, and prints what it got.

use std::path::Path;
use std::sync::Arc;

use vectis_plugin_api::Id;
use vectis_plugin_api::abi::host::{HostServices, object};
use vectis_plugin_api::abi::load::open;
use vectis_plugin_api::abi::pricing::{PricingCall, explain, price};
use vectis_plugin_api::pricing::{Candidate, Line, PriceLevel};

struct Silent;

impl HostServices for Silent {
    fn log(&self, _level: u32, _message: &str, _fields_json: &str) {}

    fn now_ms(&self) -> i64 {
        0
    }
}

fn main() {
    let path = std::env::args().nth(1).expect("usage: vectis-golden-host FILE");
    let module = match open(Path::new(&path)) {
        Ok(module) => module,
        Err(error) => return println!("refused: {error}"),
    };
    println!("released: {}", module.released().map_or("unknown".into(), |released| released()));

    let host = object(Arc::new(Silent));
    let pricing = module.new_pricing()("golden-price".into(), r#"{ "surcharge_micros": 5 }"#.into(), host);
    let pricing = pricing.into_result().expect("the configuration fits");
    let candidates = [Candidate::new(PriceLevel::DEFAULT, 100)];
    let lines = [Line::new(Id::NIL, "A-1", 1_000).with_candidates(0, 1)];
    let priced = price(&pricing, &PricingCall::new("EUR", Id::NIL, &candidates), &lines);
    println!("price: {}", priced.expect("the line has a candidate")[0].unit_price_micros);
    println!("explain: {:?}", explain(&pricing).expect("the default body does not fail"));
}
