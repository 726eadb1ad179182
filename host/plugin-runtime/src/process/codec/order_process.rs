//! `vectis.order_process`.

use std::borrow::Cow;

use vectis_plugin_api::abi::order_process::OrderFactsRecord;
use vectis_plugin_api::order_process::{Effect, State, Step, Transition};

use crate::process::bytes::{Garbled, Reader, Writer};

const GO: u32 = 1;
const REFUSE: u32 = 2;

pub(crate) fn write_facts(writer: &mut Writer<'_>, facts: &OrderFactsRecord<'_>) {
    for text in [facts.state, facts.currency, facts.payment_terms, facts.ext] {
        writer.text(text.as_str());
    }
    writer.i64(facts.grand_total_minor);
    writer.i64(facts.paid_minor);
    writer.u32(facts.line_count);
    writer.u32(facts.exponent);
    for flag in [facts.is_company, facts.was_approved, facts.has_shipments, facts.is_fully_shipped] {
        writer.bool(flag);
    }
}

/// The reader goes on behind the facts.
pub(crate) fn read_facts<'a>(reader: &mut Reader<'a>) -> Result<OrderFactsRecord<'a>, Garbled> {
    let (state, currency) = (reader.text()?, reader.text()?);
    let (payment_terms, ext) = (reader.text()?, reader.text()?);
    Ok(OrderFactsRecord {
        state: state.into(),
        currency: currency.into(),
        payment_terms: payment_terms.into(),
        ext: ext.into(),
        grand_total_minor: reader.i64()?,
        paid_minor: reader.i64()?,
        line_count: reader.u32()?,
        exponent: reader.u32()?,
        is_company: reader.bool()?,
        was_approved: reader.bool()?,
        has_shipments: reader.bool()?,
        is_fully_shipped: reader.bool()?,
    })
}

pub(crate) fn write_states(writer: &mut Writer<'_>, states: &[State]) {
    writer.count(states.len());
    for state in states {
        writer.text(&state.key);
        writer.text(&state.name);
        for flag in [state.is_editable, state.is_final, state.is_canceled] {
            writer.bool(flag);
        }
    }
}

pub(crate) fn read_states(bytes: &[u8]) -> Result<Vec<State>, Garbled> {
    let mut reader = Reader::new(bytes);
    let count = reader.count(4 + 4 + 3)?;
    let mut states = Vec::with_capacity(count);
    for _ in 0..count {
        let mut state = State::new(reader.text()?, reader.text()?);
        state.is_editable = reader.bool()?;
        state.is_final = reader.bool()?;
        state.is_canceled = reader.bool()?;
        states.push(state);
    }
    reader.finish()?;
    Ok(states)
}

pub(crate) fn write_transitions(writer: &mut Writer<'_>, transitions: &[Transition]) {
    writer.count(transitions.len());
    for transition in transitions {
        for text in [&transition.name, &transition.from, &transition.to] {
            writer.text(text);
        }
        writer.bool(transition.buyer_may);
    }
}

pub(crate) fn read_transitions(bytes: &[u8]) -> Result<Vec<Transition>, Garbled> {
    let mut reader = Reader::new(bytes);
    let count = reader.count(3 * 4 + 1)?;
    let mut transitions = Vec::with_capacity(count);
    for _ in 0..count {
        let mut transition = Transition::new(reader.text()?, reader.text()?, reader.text()?);
        transition.buyer_may = reader.bool()?;
        transitions.push(transition);
    }
    reader.finish()?;
    Ok(transitions)
}

pub(crate) fn write_step(writer: &mut Writer<'_>, step: &Step) {
    match step {
        Step::Go { state, effects } => {
            writer.u32(GO);
            writer.text(state);
            writer.count(effects.len());
            for effect in effects {
                writer.text(effect.name());
            }
        }
        Step::Refuse { reason } => {
            writer.u32(REFUSE);
            writer.text(reason);
        }
    }
}

pub(crate) fn read_step(bytes: &[u8]) -> Result<Step, Garbled> {
    let mut reader = Reader::new(bytes);
    let step = match reader.u32()? {
        GO => {
            let state = reader.text()?.to_owned();
            let count = reader.count(4)?;
            let effect = |_| Ok(Effect(Cow::Owned(reader.text()?.to_owned())));
            Step::Go { state, effects: (0..count).map(effect).collect::<Result<_, Garbled>>()? }
        }
        REFUSE => Step::Refuse { reason: reader.text()?.to_owned() },
        _ => return Err(Garbled),
    };
    reader.finish()?;
    Ok(step)
}
