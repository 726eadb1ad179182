//! Months and terms by tax category: as many months as the category has letters, a term for each of them.

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use vectis_plugin_api::fields::{Arguments, Fields, FieldsCtx, Parent};
use vectis_plugin_api::schemars::{self, JsonSchema};
use vectis_plugin_api::serde::Deserialize;
use vectis_plugin_api::serde_json::{Value, json};
use vectis_plugin_api::{Error, Host};

use crate::fall_over;

/// What a test sets.
#[derive(Deserialize, JsonSchema)]
#[serde(crate = "vectis_plugin_api::serde", deny_unknown_fields)]
pub(crate) struct Config {
    bug: Bug,
}

#[derive(Clone, Copy, PartialEq, Deserialize, JsonSchema)]
#[serde(crate = "vectis_plugin_api::serde", rename_all = "kebab-case")]
#[schemars(inline)]
enum Bug {
    None,
    TooFew,
    TooMany,
    NullForRequired,
    TextForNumber,
    FractionForNumber,
    NumberTooLarge,
    UnknownKind,
    MissingMember,
    SortedAnswers,
    FirstForAll,
    RememberedByPlace,
    DependsOnCount,
    PanicsOnEmptyCategory,
    CutsCategoryByBytes,
    LimitBelowZeroPanics,
    LimitWrapsAround,
    CountsCalls,
    PerThread,
    PerInstance,
    UsesHostClock,
    NullForUnknown,
    FailsWithoutTerm,
    EmptyError,
    ErrorForMistake,
    PanicsOnMistake,
    Quadratic,
    LogsEachParent,
    DropsAfterThousand,
    SwallowsDeadline,
}

pub(crate) struct FaultyFields {
    bug: Bug,
    host: Host,
    number: u32,
    calls: AtomicU32,
    remembered: Mutex<HashMap<usize, Value>>,
}

static INSTANCES: AtomicU32 = AtomicU32::new(0);

thread_local! {
    static CALLS_OF_THREAD: Cell<u32> = const { Cell::new(0) };
}

impl Fields for FaultyFields {
    type Config = Config;

    fn new(Config { bug }: Config, host: Host) -> Result<Self, Error> {
        let number = INSTANCES.fetch_add(1, Ordering::Relaxed);
        Ok(Self { bug, host, number, calls: AtomicU32::new(0), remembered: Mutex::default() })
    }

    fn resolve(
        &self,
        ctx: &FieldsCtx,
        field: &str,
        parents: &[Parent],
        arguments: &Arguments,
    ) -> Result<Vec<Value>, Error> {
        let mut answers = Vec::with_capacity(parents.len());
        for parent in parents {
            if self.bug != Bug::SwallowsDeadline {
                ctx.check()?;
            } else if ctx.check().is_err() {
                break;
            }
            let category = parent.text("taxCategory").unwrap_or_default();
            answers.push(match field {
                "Product.faultyMonths" => self.months(category),
                "Product.faultyTerms" => self.terms(category, arguments.read("limit")?),
                _ if self.bug == Bug::NullForUnknown => Value::Null,
                _ => return Err(ctx.unknown(field)),
            });
            if self.bug == Bug::LogsEachParent {
                self.host.info("answered");
            }
        }
        if self.bug == Bug::SwallowsDeadline {
            answers.resize(parents.len(), if field == "Product.faultyMonths" { json!(0) } else { json!([]) });
        }
        self.spoil(&mut answers, parents);
        Ok(answers)
    }

    fn query(&self, ctx: &FieldsCtx, query: &str, arguments: &Arguments) -> Result<Value, Error> {
        if query != "faultyTerm" {
            return Err(ctx.unknown(query));
        }
        let name = arguments.text("name").unwrap_or_default();
        match self.bug {
            Bug::FailsWithoutTerm if name != "long" => return Err(Error::input("there is no such term")),
            Bug::EmptyError if name.is_empty() => return Err(Error::input(" ")),
            _ => {}
        }
        Ok(if matches!(name, "long" | "short") { self.term(name) } else { Value::Null })
    }

    fn mutate(&self, ctx: &FieldsCtx, mutation: &str, arguments: &Arguments) -> Result<Value, Error> {
        if mutation != "faultyNote" {
            return Err(ctx.unknown(mutation));
        }
        let input: Note = arguments.read("input")?;
        if !matches!(input.term.as_str(), "long" | "short") || input.months < 1 {
            match self.bug {
                Bug::ErrorForMistake => return Err(Error::input("there is no such term")),
                Bug::PanicsOnMistake => fall_over("people make no mistakes"),
                _ => {}
            }
            return Ok(json!({ "noted": null, "userErrors": ["choose a term, long or short"] }));
        }
        Ok(json!({ "noted": input.term, "userErrors": [] }))
    }
}

#[derive(Deserialize)]
#[serde(crate = "vectis_plugin_api::serde")]
struct Note {
    term: String,
    months: i64,
}

impl FaultyFields {
    fn months(&self, category: &str) -> Value {
        let letters = i64::try_from(category.chars().count()).unwrap_or_default();
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        CALLS_OF_THREAD.set(CALLS_OF_THREAD.get() + 1);
        match self.bug {
            Bug::PanicsOnEmptyCategory => {
                let first = category.chars().next().expect("a category has letters");
                json!(letters + i64::from(first == '-'))
            }
            Bug::CutsCategoryByBytes if category.len() > 1 => json!(category[..2].len()),
            Bug::NullForRequired if letters == 0 => Value::Null,
            Bug::TextForNumber => json!(letters.to_string()),
            Bug::FractionForNumber => json!(f64::from(u16::try_from(letters).unwrap_or_default()) + 0.5),
            Bug::NumberTooLarge if letters > 1_000 => json!(i64::MAX),
            Bug::CountsCalls => json!(call),
            Bug::PerThread => json!(letters + i64::from(CALLS_OF_THREAD.get() > 50)),
            Bug::PerInstance => json!(letters + i64::from(self.number)),
            Bug::UsesHostClock => json!(self.host.now_ms() / 86_400_000 % 7),
            _ => json!(letters),
        }
    }

    fn terms(&self, category: &str, limit: i64) -> Value {
        let limit = match self.bug {
            Bug::LimitBelowZeroPanics if limit < 0 => fall_over("a limit is never below zero"),
            Bug::LimitWrapsAround => {
                usize::try_from(i32::try_from(limit).unwrap_or_default().checked_sub(1).expect("a limit"))
                    .unwrap_or_default()
            }
            _ => usize::try_from(limit).unwrap_or_default(),
        };
        let names = ["long", "short"].into_iter().filter(|name| !category.is_empty() || *name == "short");
        names.take(limit).map(|name| self.term(name)).collect()
    }

    fn term(&self, name: &str) -> Value {
        match self.bug {
            Bug::UnknownKind => json!({ "name": name, "kind": name }),
            Bug::MissingMember => json!({ "name": name }),
            _ => json!({ "name": name, "kind": name.to_uppercase() }),
        }
    }

    /// What goes wrong with the answers as a whole.
    fn spoil(&self, answers: &mut Vec<Value>, parents: &[Parent]) {
        match self.bug {
            Bug::TooFew if answers.len() > 1 => drop(answers.pop()),
            Bug::TooMany => answers.push(Value::Null),
            Bug::SortedAnswers => answers.sort_by_key(Value::to_string),
            Bug::FirstForAll => {
                let first = answers.first().cloned().unwrap_or_default();
                answers.fill(first);
            }
            Bug::RememberedByPlace => {
                let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
                for (place, answer) in answers.iter_mut().enumerate() {
                    *answer = remembered.entry(place).or_insert_with(|| answer.clone()).clone();
                }
            }
            Bug::DependsOnCount if parents.len() > 30 && answers[0].is_number() => answers.fill(json!(0)),
            Bug::Quadratic => {
                let pairs = parents.iter().flat_map(|one| parents.iter().map(move |other| (one, other)));
                let alike = pairs.filter(|(one, other)| one.facts == other.facts).count();
                if alike == 0 {
                    answers.clear();
                }
            }
            Bug::DropsAfterThousand if answers.len() > 1_000 => {
                let empty = if answers[0].is_number() { json!(0) } else { json!([]) };
                answers[1_000..].fill(empty);
            }
            _ => {}
        }
    }
}
