//! How `vectis.shipping_rate` is examined.

mod questions;

use std::collections::BTreeSet;

use vectis_contracts::points::PointError;
use vectis_contracts::shipping::{ShippingQuestion, ShippingRate};

use crate::adapters::ShippingRateAdapter;
use crate::conformance::dice::{Dice, Words};
use crate::conformance::exam::{Asked, Broken, Exam, Sitting};
use crate::conformance::promise::Promise;
use crate::conformance::subject::Origin;

pub(crate) const RATES: Promise =
    Promise("No rate is below zero, no code is given twice, and every rate has a code and a name.");
pub(crate) const ANSWERS: Promise =
    Promise("An error is for a strategy that has nothing to offer and nothing to fall back on.");

#[cfg(test)]
pub(crate) const PROMISES: [Promise; 2] = [RATES, ANSWERS];

pub(crate) struct ShippingRateExam;

impl Exam for ShippingRateExam {
    type Adapter = ShippingRateAdapter;
    type Question = ShippingQuestion;
    type Answer = Vec<ShippingRate>;
    type Ground = ();

    const ANSWERS: Promise = ANSWERS;
    const ORDER: Promise = RATES;

    fn ground(_: &Origin, _: &ShippingRateAdapter, _: &Words) {}

    fn questions((): &(), words: &Words, dice: &mut Dice) -> Vec<Asked<ShippingQuestion>> {
        questions::all(words, dice)
    }

    fn ask(
        adapter: &ShippingRateAdapter,
        question: &ShippingQuestion,
    ) -> Result<Vec<ShippingRate>, PointError> {
        adapter.ask(question)
    }

    fn short(question: &ShippingQuestion) -> String {
        let ShippingQuestion { items, goods_total, destination, .. } = question;
        let (minor, currency) = (goods_total.minor, goods_total.currency);
        format!("{} lines of {minor} {currency} to {destination:?}", items.len())
    }

    /// The host has refused whatever breaks a rule by itself. The kit's carriers never give a rate, so what is shown as one is
    /// made up.
    fn judge(_: &Words, _: &ShippingQuestion, rates: &Vec<ShippingRate>) -> Result<(), Broken> {
        let codes: BTreeSet<_> = rates.iter().map(|rate| &rate.code).collect();
        if codes.len() < rates.len() {
            return Err((RATES, "a code is given twice".to_owned()));
        }
        Ok(())
    }

    fn reordered(
        _: &ShippingRateAdapter,
        _: &ShippingQuestion,
        _: &mut Dice,
    ) -> Option<Result<Vec<ShippingRate>, PointError>> {
        None
    }

    fn batch((): &(), lines: usize) -> Option<ShippingQuestion> {
        Some(questions::cart(lines))
    }

    fn own_cases(_: &Sitting<'_, Self>) {}
}
