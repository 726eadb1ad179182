//! `vectis.shipping_rate`: the question that waits. A call runs on a thread of its own, which is given up at the deadline.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use vectis_contracts::points::PointError;
use vectis_contracts::shipping::{ShippingQuestion, ShippingRate};
use vectis_kernel::Money;
use vectis_plugin_api::abi::host::HostObj;
use vectis_plugin_api::abi::module::PluginModRef;
use vectis_plugin_api::abi::shipping_rate::{Question, ShippingRateObj, rates, remote};
use vectis_plugin_api::shipping_rate::{Destination, Item, Rate, ShippingCart, ShippingCtx};
use vectis_plugin_api::{Error, ErrorCode};

use crate::adapters::waiting::{MAX_CALLS, Unanswered, Waiting};
use crate::adapters::{Adapter, id, id_if_any};
use crate::lifecycle::{Construct, Instance, Recipe};
use crate::point::Point;
use crate::refusal::Fault;

/// Nobody reads more.
const MAX_RATES: usize = 50;
/// Letters of a name, a code or a note.
const MAX_LETTERS: usize = 500;
/// After its budget a call is given this long to say so itself; a process is killed within.
const GRACE: Duration = Duration::from_millis(200);

pub(crate) struct ShippingRateAdapter {
    instance: Instance<ShippingRateObj>,
    waiting: Waiting,
}

/// The object behind the wire.
const CONSTRUCT: Construct<ShippingRateObj> =
    Construct { here: construct, apart: |instance| remote(instance) };

/// Plugins built with 1.0 have none.
pub(crate) fn construct(
    module: PluginModRef,
    name: &str,
    config_json: &str,
    host: HostObj,
) -> Result<ShippingRateObj, Error> {
    let constructor = module.new_shipping_rate().ok_or_else(|| {
        Error::new(ErrorCode::UNSUPPORTED, "it is built with plugin API 1.0, which has no shipping rates")
    })?;
    Ok(constructor(name.into(), config_json.into(), host).into_result()?)
}

impl Adapter for ShippingRateAdapter {
    const POINT: Point = Point::ShippingRate;

    /// There is no first question: it would ask a carrier.
    fn start(recipe: Recipe) -> Result<Self, Fault> {
        let waiting = Waiting::new(recipe.budget, GRACE);
        Ok(Self { instance: Instance::start(Self::POINT, recipe, CONSTRUCT)?, waiting })
    }

    fn has_given_up(&self) -> bool {
        self.instance.has_given_up()
    }

    fn given_up(&self) -> Option<String> {
        self.instance.given_up()
    }

    fn instance_name(&self) -> &str {
        self.instance.name()
    }
}

impl ShippingRateAdapter {
    pub(crate) fn name(&self) -> &str {
        self.instance.name()
    }

    /// Asks the plugin. Whoever drops the future breaks off what the plugin waits for.
    pub(crate) async fn rates(
        self: Arc<Self>,
        question: Arc<ShippingQuestion>,
    ) -> Result<Vec<ShippingRate>, PointError> {
        let failed = |message: String| PointError::Failed {
            point: Self::POINT.group(),
            plugin: self.name().to_owned(),
            message,
            retryable: true,
        };
        let adapter = self.clone();
        match self.waiting.answer(move || adapter.ask(&question)).await {
            Ok(rates) => rates,
            Err(Unanswered::Full) => {
                Err(failed(format!("{MAX_CALLS} of its calls are waiting already; ask again")))
            }
            Err(Unanswered::BrokenOff) => Err(failed("the host broke off the call".to_owned())),
            Err(Unanswered::Late) => {
                Err(failed(format!("it did not answer within {} ms", self.waiting.budget().as_millis())))
            }
        }
    }

    /// Asks on this thread.
    pub(crate) fn ask(&self, question: &ShippingQuestion) -> Result<Vec<ShippingRate>, PointError> {
        let wire = wire_question(question);
        let budget = self.instance.budget_ns();
        let answer = self.instance.ask(|plugin| rates(plugin, budget, &wire))?;
        if answer.len() > MAX_RATES {
            let count = answer.len();
            return Err(self.instance.lied(format!("it gives {count} rates, at most {MAX_RATES} are taken")));
        }
        let mut codes = BTreeSet::new();
        let checked = answer.into_iter().map(|rate| {
            if !codes.insert(rate.code.clone()) {
                return Err(format!("it gives the rate {:?} twice", rate.code));
            }
            checked(rate, question.goods_total)
        });
        checked.collect::<Result<_, _>>().map_err(|what| self.instance.lied(what))
    }
}

fn checked(rate: Rate, goods_total: Money) -> Result<ShippingRate, String> {
    let Rate { code, name, price_minor, days, is_estimate, note, .. } = rate;
    let is_code = |letter: u8| matches!(letter, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_');
    if code.is_empty() || !code.bytes().all(is_code) {
        return Err(format!("the code {code:.50?} must be lower-case letters, digits, - and _"));
    }
    if name.trim().is_empty() {
        return Err(format!("the rate {code:.50} has no name"));
    }
    if [&code, &name, &note].iter().any(|text| text.chars().count() > MAX_LETTERS) {
        return Err(format!("a text of the rate {code:.50} has more than {MAX_LETTERS} letters"));
    }
    if price_minor < 0 {
        return Err(format!("the rate {code:.50} is below zero"));
    }
    if is_estimate && note.trim().is_empty() {
        return Err(format!("the rate {code:.50} is an estimate and does not say why"));
    }
    Ok(ShippingRate {
        code,
        name,
        price: Money::new(price_minor, goods_total.currency),
        days,
        is_estimate,
        note,
    })
}

fn wire_question(question: &ShippingQuestion) -> Question {
    let ShippingQuestion { channel_id, cart_id, account_id, destination, goods_total, at, items } = question;
    let mut to = Destination::default();
    to.country.clone_from(&destination.country);
    to.region.clone_from(&destination.region);
    to.city.clone_from(&destination.city);
    to.postal_code.clone_from(&destination.postal_code);
    let mut cart = ShippingCart::default();
    cart.id = id(*cart_id);
    cart.account_id = id_if_any(*account_id);
    goods_total.currency.code().clone_into(&mut cart.currency);
    cart.exponent = goods_total.currency.exponent();
    cart.goods_total_minor = goods_total.minor;
    cart.destination = to;
    let item = |item: &vectis_contracts::shipping::ShippingItem| {
        Item::new(&item.sku, item.quantity.milli(), item.weight_g)
    };
    cart.items = items.iter().map(item).collect();
    Question { ctx: ShippingCtx::new(id(*channel_id), at.timestamp_millis()), cart }
}
