//! Answers of strangers: whatever a plugin says, the adapter takes it only when the point's rules hold.

use uuid::Uuid;
use vectis_contracts::points::{
    Approver, Jurisdiction, OrderEffect, OrderState, OrderStep, OrderTransition, PricingLine, TaxingLine,
    TaxingQuestion,
};
use vectis_contracts::ports::event_observers::Observed;
use vectis_kernel::ids::{ChannelId, VariantId};
use vectis_kernel::{Currency, Money, Quantity};
use vectis_plugin_api::Id;
use vectis_plugin_api::abi::approval::{ApprovalStepRecord, ApproverRecord};
use vectis_plugin_api::abi::order_process::StepRecord;
use vectis_plugin_api::abi::tax::{TaxAmount, TaxAnswer, TaxKind};
use vectis_plugin_api::approval::{ApprovalStep, Approver as WireApprover};
use vectis_plugin_api::observer::{Event, Outcome};
use vectis_plugin_api::order_process::Step;
use vectis_plugin_api::pricing::Priced;

use crate::adapters::{approval, fields, observer, order_process, pricing, tax};
use crate::conformance::Dice;
use crate::fuzz::fuzz;

const TEXTS: [&str; 9] = ["", " ", "\n", "VAT", "Open", "reserve_stock", "hold_credit", "🦀", "\0"];

fn amount(dice: &mut Dice) -> i64 {
    match dice.below(3) {
        0 => dice.pick(&[
            0,
            1,
            -1,
            i64::MAX,
            i64::MIN,
            i64::MAX / 10,
            i64::MIN / 10,
            1_000_000_000_000_000_000,
        ]),
        1 => dice.between(-2_000, 2_000),
        _ => dice.next().cast_signed(),
    }
}

fn index(dice: &mut Dice) -> u32 {
    if dice.below(4) == 0 { dice.pick(&[u32::MAX, u32::MAX - 1, 1 << 31]) } else { dice.below(5) as u32 }
}

fn text(dice: &mut Dice) -> String {
    if dice.below(20) == 0 {
        "x".repeat(dice.pick(&[199, 200, 201, 10_000]))
    } else {
        dice.pick(&TEXTS).to_owned()
    }
}

#[test]
fn prices() {
    fuzz("prices", |dice| {
        let first = dice.below(10);
        let line = PricingLine {
            variant_id: VariantId(Uuid::from_u128(1)),
            sku: text(dice),
            quantity: Quantity::from_milli(amount(dice)),
            candidates: first..first + dice.below(4),
        };
        let priced = Priced { unit_price_micros: amount(dice), candidate: index(dice), status: index(dice) };

        if pricing::lie(&line, &priced).is_some() {
            return;
        }
        if let Some(taken) = pricing::answer(&line, &priced, Currency::EUR) {
            assert_eq!(priced.status, Priced::PRICED);
            assert!((0..=pricing::MAX_UNIT_PRICE_MICROS).contains(&taken.unit_price.micros), "{priced:?}");
            assert!(
                taken.candidate.is_none_or(|candidate| line.candidates.contains(&candidate)),
                "{priced:?}"
            );
        }
    });
}

/// One line.
fn taxable(minor: i64) -> TaxingQuestion {
    let line = TaxingLine {
        amount: Money::new(minor, Currency::EUR),
        quantity: Quantity::from_milli(1_000),
        category: "standard".to_owned(),
        is_exempt: false,
    };
    TaxingQuestion {
        channel_id: ChannelId(Uuid::from_u128(1)),
        currency: Currency::EUR,
        prices_include_tax: false,
        destination: Jurisdiction::default(),
        at: chrono::DateTime::UNIX_EPOCH,
        taxed_before: Vec::new(),
        lines: vec![line],
    }
}

#[test]
fn taxes() {
    fuzz("taxes", |dice| {
        let mut question = taxable(amount(dice));
        question.prices_include_tax = dice.coin();
        for _ in 0..dice.below(3) {
            question.lines.extend(taxable(amount(dice)).lines);
        }
        let kinds = (0..dice.below(4)).map(|_| TaxKind::new(&text(dice), &text(dice), amount(dice).max(-1)));
        let kinds = kinds.collect::<Vec<_>>();
        let amounts = (0..dice.below(6))
            .map(|_| {
                let (line, kind) = (dice.below(question.lines.len()), dice.below(kinds.len() + 1));
                let base = question.lines[line].amount.minor;
                let near = dice.pick(&[base, base.saturating_mul(10), base / 3, i64::MAX, i64::MIN]);
                let amount_minor = if dice.coin() { near } else { amount(dice) };
                let line = if dice.below(9) == 0 { index(dice) } else { line as u32 };
                TaxAmount { line, kind: kind as u32, amount_minor }
            })
            .collect::<Vec<_>>();
        let found = TaxAnswer { kinds: kinds.into(), amounts: amounts.into() };

        let Ok(taken) = tax::answer(&question, &found) else { return };
        let mut sums = vec![0_i128; question.lines.len()];
        for one in &taken.amounts {
            let base = question.lines[one.line].amount.minor;
            assert!(one.kind < taken.kinds.len() && taken.kinds[one.kind].rate_ppm >= 0, "{found:?}");
            assert!(one.amount.minor == 0 || one.amount.minor.signum() == base.signum(), "{found:?}");
            sums[one.line] += i128::from(one.amount.minor);
        }
        for (line, sum) in question.lines.iter().zip(sums) {
            let base = i128::from(line.amount.minor);
            let most = if question.prices_include_tax { base } else { base * 10 };
            assert!(sum.abs() <= most.abs(), "{base} is taxed {sum}: {found:?}");
        }
    });
}

/// Found by `taxes`: the sum was cut off at the largest amount and so never above it.
#[test]
fn taxes_beyond_the_largest_amount_are_refused() {
    let mut question = taxable(i64::MIN);
    question.prices_include_tax = true;
    let amounts = [i64::MIN, -1].map(|amount_minor| TaxAmount { line: 0, kind: 0, amount_minor });
    let found =
        TaxAnswer { kinds: vec![TaxKind::new("VAT", "DE", 1)].into(), amounts: amounts.to_vec().into() };

    let why = tax::answer(&question, &found).unwrap_err();

    assert!(why.contains("has taxes of -9223372036854775809, more than -9223372036854775808"), "{why}");
}

fn state(key: &str) -> OrderState {
    OrderState {
        key: key.to_owned(),
        name: key.to_owned(),
        is_editable: false,
        is_final: false,
        is_canceled: false,
    }
}

/// Found by `process::fuzz`: each transition was looked for among all states, long after the process had no more time.
#[test]
fn endless_graphs_are_refused() {
    let states: Vec<OrderState> = (0..201).map(|at| state(&at.to_string())).collect();
    let back = OrderTransition {
        name: "back".to_owned(),
        from: "0".to_owned(),
        to: "1".to_owned(),
        buyer_may: false,
    };
    let unnamable = OrderTransition { name: "x".repeat(201), ..back.clone() };
    let check = order_process::check_graph;

    assert_eq!(check(&states[..200], &vec![back.clone(); 2_000]), Ok(()));
    assert!(check(&states, &[]).is_err());
    assert!(check(&states[..200], &vec![back; 2_001]).is_err());
    assert!(check(&states[..200], &[unnamable]).is_err());
    assert!(check(&[state(&"x".repeat(201))], &[]).is_err());
}

/// Found by `process::fuzz`: a hundred thousand kinds of tax, and a step with as many approvers, were taken.
#[test]
fn endless_lists_are_refused() {
    let tax = |kinds, amounts| {
        let amount = TaxAmount { line: 0, kind: 0, amount_minor: 0 };
        let kinds = vec![TaxKind::new("VAT", "DE", 1); kinds];
        tax::answer(&taxable(1), &TaxAnswer { kinds: kinds.into(), amounts: vec![amount; amounts].into() })
    };
    assert!(tax(1_000, 50).is_ok() && tax(1_001, 50).is_err() && tax(1_000, 51).is_err());

    let step = |approvers| {
        approval::answer(ApprovalStep::new("large", 1, vec![WireApprover::AnyApprover; approvers])).map(drop)
    };
    assert!(step(1_000).is_ok() && step(1_001).is_err());
    let role = WireApprover::Role("x".repeat(201));
    assert!(approval::answer(ApprovalStep::new("large", 1, [role])).is_err());
    let nameless = ApprovalStep::new("x".repeat(201), 1, [WireApprover::AnyApprover]);
    assert!(approval::answer(nameless).is_err());
}

#[test]
fn order_steps() {
    let states = ["Open", "VAT"].map(state);
    fuzz("order steps", |dice| {
        let effect = |dice: &mut Dice| {
            let known = OrderEffect::ALL[dice.below(OrderEffect::ALL.len())].0.to_owned();
            if dice.below(4) == 0 { text(dice) } else { known }
        };
        let record = StepRecord {
            verdict: index(dice),
            state: text(dice).into(),
            effects: (0..dice.below(5)).map(|_| effect(dice).into()).collect(),
            reason: text(dice).into(),
            ext: text(dice).into(),
        };

        let Ok(step) = Step::try_from(record.clone()) else { return };
        match order_process::answer(&states, step) {
            Ok(OrderStep::Go { state, effects }) => {
                assert!(states.iter().any(|known| known.key == state), "{record:?}");
                let is_repeated = |(at, one): (usize, &OrderEffect)| effects[..at].contains(one);
                assert!(!effects.iter().enumerate().any(is_repeated), "{record:?}");
                assert_eq!(effects.len(), record.effects.len());
            }
            Ok(OrderStep::Refuse { reason }) => assert!(!reason.trim().is_empty()),
            Err(why) => assert!(!why.is_empty()),
        }
    });
}

#[test]
fn approval_steps() {
    fuzz("approval steps", |dice| {
        let approver = |dice: &mut Dice| ApproverRecord {
            kind: index(dice),
            employee_id: Id([u8::try_from(dice.below(3)).unwrap(); 16]),
            role: text(dice).into(),
        };
        let record = ApprovalStepRecord {
            name: text(dice).into(),
            quorum: index(dice),
            approvers: (0..dice.below(4)).map(|_| approver(dice)).collect(),
            ext: text(dice).into(),
        };

        let Ok(step) = ApprovalStep::try_from(record.clone()) else { return };
        let Ok(taken) = approval::answer(step) else { return };
        assert!(
            !taken.name.trim().is_empty() && taken.quorum >= 1 && !taken.approvers.is_empty(),
            "{record:?}"
        );
        let mut named = Vec::new();
        for approver in &taken.approvers {
            match approver {
                Approver::Employee(id) => {
                    assert!(!id.0.is_nil(), "{record:?}");
                    named.push(id.0);
                }
                Approver::Role(role) => assert!(!role.trim().is_empty(), "{record:?}"),
                Approver::AnyApprover => {}
            }
        }
        if named.len() == taken.approvers.len() {
            named.sort_unstable();
            named.dedup();
            assert!(named.len() >= taken.quorum as usize, "{record:?}");
        }
    });
}

#[test]
fn answers_of_fields() {
    const PIECES: [&str; 16] = [
        "[", "]", "{", "}", ",", ":", "\"", "null", "true", "1", "-1e999", "\"a\"", "\\u0000", "🦀", " ",
        "[[[[[[[[",
    ];
    fuzz("answers of fields", |dice| {
        let expected = dice.below(4);
        let text: String = if dice.coin() {
            (0..dice.below(40)).map(|_| dice.pick(&PIECES)).collect()
        } else {
            let values = (0..dice.below(4)).map(|_| dice.pick(&["null", "7", "\"x\"", "{\"a\":[1]}"]));
            format!("[{}]", values.collect::<Vec<_>>().join(","))
        };

        match fields::read(&text, expected) {
            Ok(answers) => assert_eq!(answers.len(), expected, "{text}"),
            Err(why) => assert!(!why.is_empty()),
        }
    });
}

#[test]
fn outcomes_of_observers() {
    fuzz("outcomes of observers", |dice| {
        let event = |dice: &mut Dice| {
            let mut event = Event::default();
            event.aggregate_id = Id([u8::try_from(dice.below(3)).unwrap(); 16]);
            event
        };
        let outcome = |dice: &mut Dice| match dice.below(3) {
            0 => Outcome::Taken,
            1 => Outcome::retry(text(dice)),
            _ => Outcome::give_up(text(dice)),
        };
        let events: Vec<Event> = (0..dice.below(5)).map(|_| event(dice)).collect();
        let outcomes: Vec<Outcome> = (0..dice.below(5)).map(|_| outcome(dice)).collect();

        let Ok(taken) = observer::checked(&events, outcomes.clone()) else { return };
        assert_eq!(taken.len(), events.len(), "{outcomes:?}");
        for (at, (event, observed)) in events.iter().zip(&taken).enumerate() {
            let waits = |(before, observed): (&Event, &Observed)| {
                before.aggregate_id == event.aggregate_id && matches!(observed, Observed::Retry(_))
            };
            let is_behind = !event.aggregate_id.is_nil() && events[..at].iter().zip(&taken).any(waits);
            match observed {
                Observed::Taken => assert!(!is_behind, "{outcomes:?}"),
                Observed::Retry(why) | Observed::GiveUp(why) => {
                    assert!(!why.trim().is_empty(), "{outcomes:?}")
                }
            }
        }
    });
}
