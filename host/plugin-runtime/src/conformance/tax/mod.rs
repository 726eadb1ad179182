//! How `vectis.tax` is examined.

mod places;
mod questions;
mod rates;
mod returns;

use std::collections::BTreeMap;

use vectis_contracts::points::{PointError, TaxAnswer, TaxKind, TaxPoint, TaxingLine, TaxingQuestion};
use vectis_kernel::Money;

use self::places::Home;
use self::questions::line;
use crate::adapters::TaxAdapter;
use crate::conformance::dice::{Dice, Words};
use crate::conformance::exam::{Asked, Broken, Exam, Sitting, must};
use crate::conformance::promise::Promise;
use crate::conformance::subject::Origin;

pub(crate) const ANSWERS: Promise = Promise(
    "A strategy answers for the places, categories and currencies it knows; for the others it may answer with an error.",
);
pub(crate) const ORDER: Promise = Promise("The order of the lines means nothing.");
pub(crate) const EXEMPT: Promise = Promise("A line that an exemption covers has no tax.");
pub(crate) const RETURNS: Promise =
    Promise("A return gives back what the sale took: the negative amount has the negative tax.");
pub(crate) const RATE: Promise = Promise(
    "A kind whose rate is not 0 takes that rate, of the line's amount with or without the tax of earlier stages, rounded half \
     away from zero.",
);
pub(crate) const RANGE: Promise = Promise("A rate is 0 to 10,000,000 parts per million, which is 1000 %.");
pub(crate) const ONCE: Promise = Promise("A line has each kind of tax at most once.");
pub(crate) const STAGE: Promise = Promise("The stage is the same in every instance of a configuration.");

#[cfg(test)]
pub(crate) const PROMISES: [Promise; 8] = [ANSWERS, ORDER, EXEMPT, RETURNS, RATE, RANGE, ONCE, STAGE];

/// 1000 %.
const MOST_PPM: i64 = 10_000_000;

pub(crate) struct TaxExam;

/// Line → kind → amount, so that neither the order of amounts nor the numbers of kinds matter.
pub(crate) type Taxes = Vec<BTreeMap<(String, String, i64), i64>>;

impl Exam for TaxExam {
    type Adapter = TaxAdapter;
    type Question = TaxingQuestion;
    type Answer = Answered;
    type Ground = Vec<Home>;

    const ANSWERS: Promise = ANSWERS;
    const ORDER: Promise = ORDER;

    fn ground(_: &Origin, adapter: &TaxAdapter, words: &Words) -> Vec<Home> {
        places::homes(adapter, words)
    }

    fn questions(homes: &Vec<Home>, words: &Words, dice: &mut Dice) -> Vec<Asked<TaxingQuestion>> {
        questions::all(homes, words, dice)
    }

    fn ask(adapter: &TaxAdapter, question: &TaxingQuestion) -> Result<Answered, PointError> {
        adapter.tax(question).map(|answer| Answered::new(question, &answer))
    }

    fn short(question: &TaxingQuestion) -> String {
        questions::short(question)
    }

    fn judge(_: &Words, question: &TaxingQuestion, answer: &Answered) -> Result<(), Broken> {
        if let Some((line, kind)) = &answer.twice {
            return Err((ONCE, format!("line {line} has {kind} twice")));
        }
        if let Some(kind) = answer.kinds.iter().find(|kind| kind.rate_ppm > MOST_PPM) {
            return Err((RANGE, format!("{} of {} parts per million", kind.name, kind.rate_ppm)));
        }
        let before = question.taxed_before.iter().map(|money| money.minor).chain(std::iter::repeat(0));
        for ((index, line), (before, taxes)) in
            question.lines.iter().enumerate().zip(before.zip(&answer.taxes))
        {
            let found = |what: String| format!("line {index} of {}: {what}", line.amount.minor);
            if line.is_exempt && taxes.values().any(|minor| *minor != 0) {
                return Err((EXEMPT, found(format!("exempt, and taxed {:?}", taxes.values()))));
            }
            if !line.is_exempt {
                rates::judge(question.prices_include_tax, line.amount.minor, before, taxes)
                    .map_err(|what| (RATE, found(what)))?;
            }
        }
        Ok(())
    }

    fn reordered(
        adapter: &TaxAdapter,
        question: &TaxingQuestion,
        dice: &mut Dice,
    ) -> Option<Result<Answered, PointError>> {
        let order = dice.order(question.lines.len());
        let lines: Vec<TaxingLine> = order.iter().map(|at| question.lines[*at].clone()).collect();
        let taxed_before: Vec<Money> = order.iter().map(|at| question.taxed_before[*at]).collect();
        let other = TaxingQuestion { lines, taxed_before, ..question.clone() };
        Some(Self::ask(adapter, &other).map(|answer| {
            let mut taxes: Taxes = vec![BTreeMap::new(); order.len()];
            for (position, of_line) in order.into_iter().zip(answer.taxes) {
                taxes[position] = of_line;
            }
            Answered { taxes, ..answer }
        }))
    }

    fn is_same(one: &Answered, other: &Answered) -> bool {
        one.taxes == other.taxes
    }

    fn batch(homes: &Vec<Home>, lines: usize) -> Option<TaxingQuestion> {
        let home = homes.first().cloned().unwrap_or_default();
        let amounts = (0_i64..).map(|index| 100 + (index * 37) % 100_000);
        Some(home.question(amounts.take(lines).map(|minor| line(minor, &home.category))))
    }

    fn own_cases(sitting: &Sitting<'_, Self>) {
        returns::put(sitting);
        let stage = sitting.subject.live().stage();
        sitting.run.case("the stage of another instance", STAGE, "", || {
            let other = sitting.subject.another()?.stage();
            must(stage == other, || format!("{stage} and {other}"))
        });
    }
}

/// An answer by line.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answered {
    pub(crate) taxes: Taxes,
    pub(crate) kinds: Vec<TaxKind>,
    /// A line and the kind that it has more than once.
    pub(crate) twice: Option<(usize, String)>,
}

impl Answered {
    fn new(question: &TaxingQuestion, answer: &TaxAnswer) -> Self {
        let mut taxes: Taxes = vec![BTreeMap::new(); question.lines.len()];
        let mut twice = None;
        for amount in &answer.amounts {
            let kind = &answer.kinds[amount.kind];
            let key = (kind.name.clone(), kind.jurisdiction.clone(), kind.rate_ppm);
            if let Some(before) = taxes[amount.line].insert(key, amount.amount.minor) {
                twice = Some((amount.line, format!("{} ({before} and {})", kind.name, amount.amount.minor)));
            }
        }
        Self { taxes, kinds: answer.kinds.clone(), twice }
    }
}
