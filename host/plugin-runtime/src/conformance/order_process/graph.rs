//! The map of states as a whole.

use std::collections::BTreeSet;

use vectis_contracts::points::{OrderProcessPoint, OrderStep};

use super::questions::{order, ordinary};
use super::{CONNECTED, CONSTANT, ENDS, NAMES, OrderProcessExam, Question};
use crate::conformance::dice::Dice;
use crate::conformance::exam::{Sitting, difference, must};

/// Instances whose maps are compared.
const INSTANCES: usize = 5;

pub(super) fn put(sitting: &Sitting<'_, OrderProcessExam>) {
    let live = sitting.subject.live();
    let placed = placed_in(sitting);
    for state in live.states() {
        let key = state.key.as_str();
        let leaves = live.transitions().iter().any(|transition| transition.from == key);
        sitting.run.case(format!("what leads out of {key}"), ENDS, key, || {
            must(leaves != state.is_final, || "nothing does, and it is not final".to_owned())
        });
        let enters =
            live.transitions().iter().any(|transition| transition.to == key && transition.from != key);
        sitting.run.case(format!("how {key} hangs together with the others"), CONNECTED, key, || {
            must(leaves || enters || placed.contains(key), || "it stands alone".to_owned())
        });
    }
    let mut seen = BTreeSet::new();
    for transition in live.transitions() {
        let (name, from) = (transition.name.as_str(), transition.from.as_str());
        let is_first = seen.insert((from, name));
        sitting.run.case(format!("where {name} leads from {from}"), NAMES, from, || {
            must(is_first, || format!("to {} too", transition.to))
        });
    }
    for instance in 1..=INSTANCES {
        sitting.run.case(format!("the map of another instance, {instance}"), CONSTANT, "", || {
            let other = sitting.subject.another()?;
            let (map, its) = ((live.states(), live.transitions()), (other.states(), other.transitions()));
            must(map == its, || difference(&map, &its))
        });
    }
}

/// Where orders start, as far as many of them show.
fn placed_in(sitting: &Sitting<'_, OrderProcessExam>) -> BTreeSet<String> {
    let mut dice = Dice::new(sitting.seed);
    let usual = ordinary().into_iter().map(|(_, facts)| facts);
    let mixed = (0..200).map(|_| {
        let mut facts = order();
        facts.grand_total.minor = dice.between(0, 1_000_000_000);
        facts.paid.minor = dice.pick(&[0, 1, facts.grand_total.minor]);
        facts.is_company = dice.coin();
        facts.was_approved = dice.coin();
        if facts.is_company && dice.coin() {
            "Net30".clone_into(&mut facts.payment_terms);
        }
        facts
    });
    let steps = usual.chain(mixed).filter_map(|facts| sitting.answer(&Question { facts, to: None }).ok());
    steps
        .filter_map(|step| match step {
            OrderStep::Go { state, .. } => Some(state),
            OrderStep::Refuse { .. } => None,
        })
        .collect()
}
