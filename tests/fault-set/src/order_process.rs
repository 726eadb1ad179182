//! Orders are open, then done or canceled; large ones are looked at first.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use vectis_plugin_api::order_process::{Effect, OrderFacts, OrderProcess, State, Step, Transition};
use vectis_plugin_api::schemars::{self, JsonSchema};
use vectis_plugin_api::serde::Deserialize;
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
    UnknownTarget,
    UnknownSource,
    LeavesFinal,
    DeadEnd,
    LoneState,
    StateTwice,
    NameTwice,
    UnnamedState,
    UnnamedTransition,
    GoesElsewhere,
    FailsInsteadOfRefusing,
    FailsWithoutCompany,
    PlacesNowhere,
    UnknownEffect,
    EffectTwice,
    RefusesWithoutReason,
    ReservesAndReleases,
    HoldsAndReleasesCredit,
    ReleasesShipped,
    ParsesTerms,
    DebtOverflows,
    TotalOverflows,
    ScalesByCents,
    Alternates,
    MapPerInstance,
    OrderOfMapPerInstance,
    RemembersLargeOrders,
    PerThread,
    UsesHostClock,
    CutsTermsByBytes,
    DividesByTotal,
}

pub(crate) struct FaultyProcess {
    bug: Bug,
    host: Host,
    instance: u32,
    calls: AtomicU32,
    has_seen_large: AtomicBool,
}

static INSTANCES: AtomicU32 = AtomicU32::new(0);
const LARGE: i64 = 1_000_000;

thread_local! {
    static CALLS_OF_THREAD: Cell<u32> = const { Cell::new(0) };
}

impl OrderProcess for FaultyProcess {
    type Config = Config;

    fn new(Config { bug }: Config, host: Host) -> Result<Self, Error> {
        let instance = INSTANCES.fetch_add(1, Ordering::Relaxed);
        Ok(Self { bug, host, instance, calls: AtomicU32::new(0), has_seen_large: AtomicBool::new(false) })
    }

    fn states(&self) -> Vec<State> {
        let mut states = vec![
            State::new("Open", "Open").editable(),
            State::new("Review", "In review").editable(),
            State::new("Done", "Done").last(),
            State::new("Canceled", "Canceled").last().canceled(),
        ];
        match self.bug {
            Bug::DeadEnd => states.push(State::new("Stuck", "Stuck")),
            Bug::LoneState => states.push(State::new("Lost", "Lost").last()),
            Bug::StateTwice => states.push(State::new("Done", "Done again").last()),
            Bug::UnnamedState => states.push(State::new("Blank", "").last()),
            Bug::MapPerInstance => {
                states.push(State::new(format!("Batch{}", self.instance), "Batch"));
            }
            Bug::OrderOfMapPerInstance if self.instance % 2 == 1 => states.reverse(),
            _ => {}
        }
        states
    }

    fn transitions(&self) -> Vec<Transition> {
        let mut transitions = vec![
            Transition::new("complete", "Open", "Done"),
            Transition::new("release", "Review", "Open"),
            Transition::new("cancel", "Review", "Canceled"),
            Transition::new("cancel", "Open", "Canceled").for_buyers(),
        ];
        transitions.extend(match self.bug {
            Bug::UnknownTarget => Some(Transition::new("lose", "Open", "Lost")),
            Bug::UnknownSource => Some(Transition::new("find", "Lost", "Open")),
            Bug::LeavesFinal => Some(Transition::new("reopen", "Done", "Open")),
            Bug::DeadEnd => Some(Transition::new("stick", "Open", "Stuck")),
            Bug::NameTwice => Some(Transition::new("complete", "Open", "Review")),
            Bug::UnnamedTransition => Some(Transition::new("", "Open", "Review")),
            Bug::MapPerInstance => Some(Transition::new("batch", format!("Batch{}", self.instance), "Done")),
            _ => None,
        });
        transitions
    }

    fn place(&self, facts: &OrderFacts<'_>) -> Result<Step, Error> {
        let is_large = self.is_large(facts);
        self.read_terms(facts);
        match self.bug {
            Bug::PlacesNowhere if is_large => return Ok(Step::go("Vault", [])),
            Bug::FailsWithoutCompany if !facts.is_company => return Err(Error::input("companies only")),
            Bug::RefusesWithoutReason if facts.line_count > 5_000 => return Ok(Step::refuse("")),
            Bug::EffectTwice if !facts.payment_terms.is_empty() => {
                return Ok(Step::go(
                    "Open",
                    [Effect::HOLD_CREDIT, Effect::RESERVE_STOCK, Effect::HOLD_CREDIT],
                ));
            }
            Bug::UnknownEffect if facts.was_approved => {
                return Ok(Step::go("Open", [Effect("send_mail".into())]));
            }
            Bug::HoldsAndReleasesCredit if !facts.payment_terms.is_empty() => {
                return Ok(Step::go("Open", [Effect::HOLD_CREDIT, Effect::RELEASE_CREDIT]));
            }
            _ => {}
        }
        Ok(Step::go(if is_large { "Review" } else { "Open" }, [Effect::RESERVE_STOCK]))
    }

    fn step(&self, facts: &OrderFacts<'_>, to: &str) -> Result<Step, Error> {
        self.read_terms(facts);
        let is_paid = facts.paid_minor >= facts.grand_total_minor;
        Ok(match to {
            "Done" if is_paid && self.bug == Bug::GoesElsewhere => Step::go("Canceled", []),
            "Done" if is_paid => Step::go("Done", self.shipping()),
            "Done" if self.bug == Bug::FailsInsteadOfRefusing => {
                return Err(Error::input("the order is not paid yet"));
            }
            "Done" => Step::refuse("The order is not paid yet."),
            "Canceled" if facts.has_shipments && self.bug != Bug::ReleasesShipped => {
                Step::refuse("Goods have been shipped already.")
            }
            "Canceled" => Step::go("Canceled", [Effect::RELEASE_STOCK]),
            other => Step::go(other, []),
        })
    }
}

impl FaultyProcess {
    fn shipping(&self) -> Vec<Effect> {
        match self.bug {
            Bug::ReservesAndReleases => vec![Effect::RESERVE_STOCK, Effect::RELEASE_STOCK],
            _ => vec![Effect::SHIP_STOCK],
        }
    }

    fn read_terms(&self, facts: &OrderFacts<'_>) {
        let terms = facts.payment_terms;
        match self.bug {
            Bug::ParsesTerms if !terms.is_empty() => {
                let days = terms.strip_prefix("Net").map(str::parse::<u32>);
                if !matches!(days, Some(Ok(_))) {
                    fall_over("terms are Net and a number");
                }
            }
            Bug::CutsTermsByBytes if terms.len() > 2 && terms[..3].is_empty() => {
                fall_over("three letters are nothing")
            }
            _ => {}
        }
    }

    fn is_large(&self, facts: &OrderFacts<'_>) -> bool {
        let total = facts.grand_total_minor;
        let is_large = total > LARGE;
        match self.bug {
            Bug::DebtOverflows => total.checked_sub(facts.paid_minor).expect("a debt that fits") > LARGE,
            Bug::TotalOverflows => total.checked_mul(10).expect("a total that fits") > LARGE * 10,
            Bug::ScalesByCents => total > 10_i64.pow(4 + facts.exponent.checked_sub(2).expect("cents")),
            Bug::Alternates => self.calls.fetch_add(1, Ordering::Relaxed) % 2 == 1,
            Bug::RemembersLargeOrders => {
                self.has_seen_large.fetch_or(is_large, Ordering::Relaxed) || is_large
            }
            Bug::PerThread => {
                CALLS_OF_THREAD.set(CALLS_OF_THREAD.get() + 1);
                CALLS_OF_THREAD.get() < 100
            }
            Bug::UsesHostClock => self.host.now_ms() / 86_400_000 % 7 >= 5,
            Bug::DividesByTotal => facts.paid_minor / total.max(-1) == 7,
            _ => is_large,
        }
    }
}
