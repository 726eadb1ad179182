//! The instances of a process, and asking them.

use std::collections::HashMap;
use std::sync::Arc;

use vectis_plugin_api::Error;
use vectis_plugin_api::abi::approval::{ApprovalObj, may_decide, plan};
use vectis_plugin_api::abi::fields::{FieldsObj, answer};
use vectis_plugin_api::abi::host::object;
use vectis_plugin_api::abi::module::PluginModRef;
use vectis_plugin_api::abi::observer::{ObserverObj, observe_json};
use vectis_plugin_api::abi::order_process::{OrderProcessObj, place, states, step, transitions};
use vectis_plugin_api::abi::pricing::{PricingObj, price};
use vectis_plugin_api::abi::shipping_rate::{ShippingRateObj, rates_json};
use vectis_plugin_api::abi::task::{TaskObj, run_json};
use vectis_plugin_api::abi::tax::{TaxObj, stage, tax};

use crate::adapters;
use crate::point::Point;
use crate::process::bytes::{Garbled, Reader, Writer};
use crate::process::codec;
use crate::process::protocol::{Construct, Verb};
use crate::process::runner::host::{Services, Wire};
use crate::process::runner::unreadable;

/// An instance behind its vtable.
enum Instance {
    Pricing(PricingObj),
    Tax(TaxObj),
    OrderProcess(OrderProcessObj),
    Approval(ApprovalObj),
    Fields(FieldsObj),
    ShippingRate(ShippingRateObj),
    Task(TaskObj),
    Observer(ObserverObj),
}

pub(super) struct Instances {
    wire: Arc<Wire>,
    module: Option<PluginModRef>,
    built: HashMap<u32, Instance>,
}

impl Instances {
    pub(super) fn new(wire: Arc<Wire>) -> Self {
        Self { wire, module: None, built: HashMap::new() }
    }

    /// From now on these are instances of this plugin.
    pub(super) fn serve(&mut self, module: PluginModRef) {
        self.module = Some(module);
    }

    /// Answers a question; what is written is the answer unless it is an error.
    pub(super) fn answer(
        &mut self,
        verb: Verb,
        id: u32,
        payload: &[u8],
        writer: &mut Writer<'_>,
    ) -> Result<(), Error> {
        match verb {
            Verb::Construct => {
                let instance = self.construct(payload)?;
                self.built.insert(id, instance);
                Ok(())
            }
            Verb::Drop => {
                self.built.remove(&id);
                Ok(())
            }
            _ => ask(self.built.get(&id), verb, payload, writer),
        }
    }

    fn construct(&self, payload: &[u8]) -> Result<Instance, Error> {
        let found: Option<Construct> = serde_json::from_slice(payload).ok();
        let (Some(wanted), Some(module)) = (found, self.module) else {
            return Err(unreadable(Garbled));
        };
        let host = object(Arc::new(Services(self.wire.clone())));
        let Construct { group, entry_point, config_json } = &wanted;
        Ok(match Point::of_group(group) {
            Some(Point::Pricing) => {
                Instance::Pricing(adapters::construct_pricing(module, entry_point, config_json, host)?)
            }
            Some(Point::Tax) => {
                Instance::Tax(adapters::construct_tax(module, entry_point, config_json, host)?)
            }
            Some(Point::OrderProcess) => Instance::OrderProcess(adapters::construct_order_process(
                module,
                entry_point,
                config_json,
                host,
            )?),
            Some(Point::Approval) => {
                Instance::Approval(adapters::construct_approval(module, entry_point, config_json, host)?)
            }
            Some(Point::Fields) => {
                Instance::Fields(adapters::construct_fields(module, entry_point, config_json, host)?)
            }
            Some(Point::ShippingRate) => Instance::ShippingRate(adapters::construct_shipping_rate(
                module,
                entry_point,
                config_json,
                host,
            )?),
            Some(Point::Task) => {
                Instance::Task(adapters::construct_task(module, entry_point, config_json, host)?)
            }
            Some(Point::Observer) => {
                Instance::Observer(adapters::construct_observer(module, entry_point, config_json, host)?)
            }
            None => return Err(unreadable(Garbled)),
        })
    }
}

fn ask(
    instance: Option<&Instance>,
    verb: Verb,
    payload: &[u8],
    writer: &mut Writer<'_>,
) -> Result<(), Error> {
    match (instance, verb) {
        (Some(Instance::Pricing(pricing)), Verb::Price) => {
            let question = codec::pricing::read_question(payload).map_err(unreadable)?;
            codec::pricing::write_answer(writer, &price(pricing, &question.call, &question.lines)?);
        }
        (Some(Instance::Tax(taxes)), Verb::Stage) => writer.u32(stage(taxes)?),
        (Some(Instance::Tax(taxes)), Verb::Tax) => {
            let question = codec::tax::read_question(payload).map_err(unreadable)?;
            codec::tax::write_answer(writer, &tax(taxes, &question.call, &question.lines)?);
        }
        (Some(Instance::OrderProcess(process)), _) => return move_order(process, verb, payload, writer),
        (Some(Instance::Approval(approval)), Verb::Plan) => {
            let facts = codec::approval::read_facts(payload).map_err(unreadable)?;
            codec::approval::write_plan(writer, plan(approval, &facts)?);
        }
        (Some(Instance::Approval(approval)), Verb::MayDecide) => {
            let decision = codec::approval::read_decision(payload).map_err(unreadable)?;
            codec::approval::write_objection(writer, may_decide(approval, &decision.record())?.as_deref());
        }
        (Some(Instance::Fields(fields)), Verb::Fields) => {
            let (budget_ns, question) = codec::fields::read_question(payload).map_err(unreadable)?;
            codec::fields::write_answers(writer, &answer(fields, budget_ns, question)?);
        }
        (Some(Instance::ShippingRate(shipping)), Verb::Rates) => {
            let (budget_ns, question) = codec::fields::read_question(payload).map_err(unreadable)?;
            codec::fields::write_answers(writer, &rates_json(shipping, budget_ns, question)?);
        }
        (Some(Instance::Task(task)), Verb::Run) => {
            let (budget_ns, question) = codec::fields::read_question(payload).map_err(unreadable)?;
            codec::fields::write_answers(writer, &run_json(task, budget_ns, question)?);
        }
        (Some(Instance::Observer(observer)), Verb::Observe) => {
            let (budget_ns, question) = codec::fields::read_question(payload).map_err(unreadable)?;
            codec::fields::write_answers(writer, &observe_json(observer, budget_ns, question)?);
        }
        _ => return Err(unreadable(Garbled)),
    }
    Ok(())
}

fn move_order(
    process: &OrderProcessObj,
    verb: Verb,
    payload: &[u8],
    writer: &mut Writer<'_>,
) -> Result<(), Error> {
    let mut reader = Reader::new(payload);
    match verb {
        Verb::States => codec::order_process::write_states(writer, &states(process)?),
        Verb::Transitions => codec::order_process::write_transitions(writer, &transitions(process)?),
        Verb::Place => {
            let facts = codec::order_process::read_facts(&mut reader).map_err(unreadable)?;
            codec::order_process::write_step(writer, &place(process, &facts)?);
        }
        Verb::Step => {
            let facts = codec::order_process::read_facts(&mut reader).map_err(unreadable)?;
            let to = reader.text().map_err(unreadable)?;
            codec::order_process::write_step(writer, &step(process, &facts, to)?);
        }
        _ => return Err(unreadable(Garbled)),
    }
    Ok(())
}
