//! Flat bytes that mean nothing, areas that are too small, and processes that lie.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use nix::sys::memfd::MFdFlags;
use vectis_plugin_api::abi::approval::ApprovalFactsRecord;
use vectis_plugin_api::abi::order_process::OrderFactsRecord;
use vectis_plugin_api::abi::pricing::PricingCall;
use vectis_plugin_api::abi::tax::{TaxAmount, TaxAnswer, TaxCall, TaxKind};
use vectis_plugin_api::approval::{ApprovalStep, Approver};
use vectis_plugin_api::order_process::{Effect, State, Step, Transition};
use vectis_plugin_api::pricing::{Candidate, Line, PriceLevel, Priced};
use vectis_plugin_api::tax::TaxLine;
use vectis_plugin_api::{Error, ErrorCode, Id};

use crate::lifecycle::PROCESS_FAULT;
use crate::process::area::{ANSWER_BYTES, Area, PAYLOAD, QUESTION_BYTES, Right, Word, answers, questions};
use crate::process::bytes::{Full, Garbled, Reader, Writer};
use crate::process::codec::{self, approval, order_process, pricing, tax};
use crate::process::link::{Link, Received};
use crate::process::protocol::{MESSAGE_BYTES, Message, Verb, schema};
use crate::process::spin::Spin;

/// What was written, in memory that is aligned as an area is.
fn written(write: impl FnOnce(&mut Writer<'_>)) -> (Area, usize) {
    let (_, area) = questions().unwrap();
    let mut writer = Writer::new(&area);
    write(&mut writer);
    let length = writer.finish().unwrap();
    (area, length)
}

/// Reads the whole, then every part of it that is cut short, then every byte turned over. The first must succeed, cut ones
/// must fail, and nothing may panic.
fn survives<A>(write: impl FnOnce(&mut Writer<'_>), read: impl Fn(&[u8]) -> Result<A, Garbled>) -> A {
    let (area, length) = written(write);
    let bytes = area.copy_out(length).unwrap();
    for cut in 0..length {
        assert!(read(&bytes[..cut]).is_err(), "cut to {cut} of {length}");
    }
    for at in 0..length {
        for change in [0x01, 0x80, 0xff] {
            let mut turned = bytes.clone();
            turned[at] ^= change;
            let _ = read(&turned);
        }
    }
    read(&bytes).ok().unwrap()
}

#[test]
fn a_pricing_question_arrives_as_it_was_and_garbled_ones_are_refused() {
    let candidates = [
        Candidate::new(PriceLevel::GROUP, 5)
            .of_list(Id([1; 16]), -3)
            .from_quantity(7)
            .valid(-1, 9)
            .converted(),
        Candidate::new(PriceLevel::MANAGED, i64::MAX),
    ];
    let lines = [
        Line::new(Id([2; 16]), "Ä-1", 1_000).with_candidates(0, 2),
        Line::new(Id([3; 16]), "", -5),
        Line::new(Id([4; 16]), "B", 1).with_candidates(u32::MAX, u32::MAX),
    ];
    let call = PricingCall {
        account_id: Id([5; 16]),
        now_ms: -7,
        budget_ns: u64::MAX,
        flags: 3,
        ext: "{}".into(),
        ..PricingCall::new("EUR", Id([6; 16]), &candidates)
    };
    let (area, length) = written(|writer| pricing::write_question(writer, &call, &lines));
    #[expect(unsafe_code, reason = "as the runner reads it")]
    // SAFETY: nobody writes.
    let bytes = unsafe { area.view(length) }.unwrap();

    let found = pricing::read_question(bytes).ok().unwrap();

    assert_eq!(found.call.candidates.as_slice(), candidates);
    assert_eq!(format!("{:?}{:?}", found.call, found.lines), format!("{call:?}{:?}", lines.to_vec()));
    for cut in 0..length {
        assert!(pricing::read_question(&bytes[..cut]).is_err(), "cut to {cut}");
    }
}

#[test]
fn prices_arrive_and_another_number_of_them_is_refused() {
    let answer =
        [Priced::at(-1).from_candidate(3), Priced::none(), Priced { status: 9, ..Priced::at(i64::MIN) }];
    let read = |bytes: &[u8]| {
        let mut out = [Priced::none(); 3];
        pricing::read_answer(bytes, &mut out).map(|()| out)
    };

    assert_eq!(survives(|writer| pricing::write_answer(writer, &answer), read), answer);
    assert_eq!(pricing::read_answer(&[0; 16 * 4], &mut [Priced::none(); 3]), Err(Garbled));
}

#[test]
fn tax_questions_and_answers_arrive() {
    let lines = [TaxLine::new("books", -5, 1_000).exempt(true).taxed_before(3), TaxLine::new("", 1, 2)];
    let call = TaxCall {
        currency: "EUR".into(),
        channel_id: Id([1; 16]),
        country: "DE".into(),
        region: "".into(),
        city: "Köln".into(),
        postal_code: "50667".into(),
        now_ms: 1,
        budget_ns: 2,
        ext: "".into(),
        exponent: 2,
        prices_include_tax: true,
    };
    survives(
        |writer| tax::write_question(writer, &call, &lines),
        |bytes| {
            let found = tax::read_question(bytes)?;
            let text = format!("{:?}{:?}", found.call, found.lines);
            assert!(text == format!("{call:?}{:?}", lines.to_vec()) || bytes.len() > 100);
            Ok(())
        },
    );
    let kind = TaxKind { ext: "{}".into(), ..TaxKind::new("VAT", "DE", 190_000) };
    let amount = TaxAmount { line: 1, kind: 0, amount_minor: -3 };
    let answer = TaxAnswer { kinds: vec![kind].into(), amounts: vec![amount, amount].into() };
    assert_eq!(survives(|writer| tax::write_answer(writer, &answer), tax::read_answer), answer);
}

#[test]
fn order_facts_states_transitions_and_steps_arrive() {
    let facts = OrderFactsRecord {
        state: "Open".into(),
        currency: "EUR".into(),
        payment_terms: "Net30".into(),
        grand_total_minor: 5,
        paid_minor: -5,
        line_count: 7,
        exponent: 2,
        is_company: true,
        was_approved: false,
        has_shipments: true,
        is_fully_shipped: false,
        ext: "".into(),
    };
    let text = survives(
        |writer| order_process::write_facts(writer, &facts),
        |bytes| order_process::read_facts(&mut Reader::new(bytes)).map(|found| format!("{found:?}")),
    );
    assert_eq!(text, format!("{facts:?}"));
    let states =
        vec![State::new("a", "A").editable(), State::new("b", "B").last(), State::new("c", "C").canceled()];
    let found = survives(|writer| order_process::write_states(writer, &states), order_process::read_states);
    assert_eq!(format!("{found:?}"), format!("{states:?}"));
    let transitions = vec![Transition::new("go", "a", "b").for_buyers()];
    let found = survives(
        |writer| order_process::write_transitions(writer, &transitions),
        order_process::read_transitions,
    );
    assert_eq!(format!("{found:?}"), format!("{transitions:?}"));
    for step in [Step::go("b", [Effect::RESERVE_STOCK, Effect("own".into())]), Step::refuse("no")] {
        let found = survives(|writer| order_process::write_step(writer, &step), order_process::read_step);
        assert_eq!(format!("{found:?}"), format!("{step:?}"));
    }
}

#[test]
fn approval_facts_plans_and_objections_arrive() {
    let facts = ApprovalFactsRecord {
        account_id: Id([1; 16]),
        location_id: Id([2; 16]),
        employee_id: Id([3; 16]),
        employee_role: "buyer".into(),
        currency: "EUR".into(),
        grand_total_minor: 1,
        order_limit_minor: Some(2).into(),
        line_count: 3,
        exponent: 2,
        categories: vec!["books".into(), "".into()].into(),
        ext: "".into(),
    };
    let text = survives(
        |writer| approval::write_facts(writer, &facts),
        |bytes| approval::read_facts(bytes).map(|found| format!("{found:?}")),
    );
    assert_eq!(text, format!("{facts:?}"));
    let approvers =
        [Approver::Employee(Id([9; 16])), Approver::Role("boss".to_owned()), Approver::AnyApprover];
    let plan = vec![ApprovalStep::new("large", 2, approvers), ApprovalStep::new("", 0, [])];
    let found = survives(|writer| approval::write_plan(writer, plan.clone()), approval::read_plan);
    assert_eq!(format!("{found:?}"), format!("{plan:?}"));
    for objection in [None, Some("not you")] {
        let found = survives(|writer| approval::write_objection(writer, objection), approval::read_objection);
        assert_eq!(found.as_deref(), objection);
    }
}

#[test]
fn errors_arrive_and_endless_ones_are_cut() {
    let error = Error::config("/tiers/0", "must be even").retryable(true);
    assert_eq!(survives(|writer| codec::write_error(writer, &error), codec::read_error), error);

    let endless = Error::new(ErrorCode::INTERNAL, "ü".repeat(1 << 20));
    let (area, length) = written(|writer| codec::write_error(writer, &endless));

    let found = codec::read_error(&area.copy_out(length).unwrap()).unwrap();
    assert_eq!(found.message.len(), 16 * 1024);
}

#[test]
fn a_process_cannot_say_that_it_died() {
    let error = Error::new(PROCESS_FAULT, "it died");
    let (area, length) = written(|writer| codec::write_error(writer, &error));

    assert_eq!(codec::read_error(&area.copy_out(length).unwrap()), Err(Garbled));
}

#[test]
fn a_count_that_cannot_be_true_makes_no_room() {
    let (area, length) = written(|writer| writer.u32(u32::MAX));
    let bytes = area.copy_out(length).unwrap();

    assert_eq!(tax::read_answer(&bytes), Err(Garbled));
    assert_eq!(Reader::new(&bytes).text(), Err(Garbled));
}

#[test]
fn what_does_not_fit_is_not_written() {
    let (_, area) = questions().unwrap();
    let mut writer = Writer::new(&area);
    writer.raw(&vec![7; QUESTION_BYTES - PAYLOAD]);
    writer.raw(&[]);
    assert_eq!(writer.finish(), Ok(QUESTION_BYTES - PAYLOAD));

    let mut writer = Writer::new(&area);
    writer.u32(1);
    writer.raw(&vec![8; QUESTION_BYTES - PAYLOAD]);
    assert_eq!(writer.finish(), Err(Full));
    assert!(area.copy_out(QUESTION_BYTES - PAYLOAD).is_some());
    assert_eq!(area.copy_out(QUESTION_BYTES - PAYLOAD + 1), None);
}

#[test]
fn nobody_else_can_write_questions_or_change_the_length_of_an_area() {
    let (questions, _host) = questions().unwrap();
    assert!(Area::map(&questions, QUESTION_BYTES, Right::Write).is_err());
    let theirs = Area::map(&questions, QUESTION_BYTES, Right::Read).unwrap();
    assert!(!theirs.write(0, b"x"));

    let (answers, host) = answers().unwrap();
    assert!(!host.write(0, b"x"));
    assert!(answers.set_len(1).is_err() && answers.set_len(ANSWER_BYTES as u64 + 1).is_err());
    assert!(questions.set_len(1).is_err());
    let theirs = Area::map(&answers, ANSWER_BYTES, Right::Write).unwrap();
    theirs.word(Word::Turn).store(7, Ordering::SeqCst);
    assert_eq!(host.word(Word::Turn).load(Ordering::SeqCst), 7);
}

#[test]
fn messages_arrive_and_what_is_none_is_refused() {
    for message in [Message::Bell, Message::Now, Message::Log { level: 4, message: "öd", fields_json: "{}" }]
    {
        assert_eq!(Message::read(&message.bytes()), Some(message));
    }
    let endless = "ö".repeat(MESSAGE_BYTES);
    let bytes = Message::Log { level: 1, message: &endless, fields_json: &endless }.bytes();
    assert!(bytes.len() <= MESSAGE_BYTES);
    assert!(matches!(Message::read(&bytes), Some(Message::Log { fields_json: "", .. })));
    let long_message = [&[1, 0, 0, 0, 0], &u32::MAX.to_ne_bytes()[..], b"short"].concat();
    for nonsense in
        [&b""[..], b"\x09", b"\x00x", b"\x02x", b"\x01", &long_message, b"\x01\0\0\0\0\x01\0\0\0\xff"]
    {
        assert_eq!(Message::read(nonsense), None, "{nonsense:?}");
    }
}

#[test]
fn a_link_says_when_the_other_side_is_gone() {
    let (ours, theirs) = Link::pair().unwrap();
    let theirs = Link::new(theirs);
    let mut buffer = [0; 8];
    assert_eq!(ours.try_receive(&mut buffer), Received::Nothing);
    theirs.send(b"last").unwrap();
    assert!(!ours.is_closed());
    drop(theirs);

    assert_eq!(ours.try_receive(&mut buffer), Received::Message(4));
    assert!(ours.is_closed());
    assert_eq!(ours.receive(&mut buffer), Received::End);
    assert!(ours.try_send(b"x").is_err());
}

#[test]
fn nobody_waits_for_one_who_does_not_read() {
    let (ours, _theirs) = Link::pair().unwrap();

    for _ in 0..100_000 {
        ours.try_send(&[0; 64]).unwrap();
    }
}

#[test]
fn files_arrive_in_order() {
    let (ours, theirs) = Link::pair().unwrap();
    let file = |name: &str| nix::sys::memfd::memfd_create(name, MFdFlags::MFD_CLOEXEC).unwrap();
    let files = [file("a"), file("b"), file("c")];
    ours.send_files(files.each_ref().map(std::os::fd::AsFd::as_fd)).unwrap();

    let found = Link::new(theirs).receive_files().unwrap();

    let names = found.map(|file| {
        let path = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&file));
        std::fs::read_link(path).unwrap().to_string_lossy().into_owned()
    });
    assert_eq!(names, ["a", "b", "c"].map(|name| format!("/memfd:{name} (deleted)")));
}

#[test]
fn spinning_in_vain_is_done_less_and_less() {
    let mut spin = Spin::default();
    let mut looks_at = |came: bool| {
        let mut looks = 0;
        spin.until(|| {
            looks += 1;
            came && looks > 1
        });
        looks
    };

    assert!(looks_at(false) > 1, "the first time it tries");
    assert_eq!(looks_at(false), 1, "then it goes to sleep at once");
    assert!(looks_at(false) > 1, "once");
    let skipped = (0..3).filter(|_| looks_at(false) == 1).count();
    assert_eq!(skipped, 3, "and three times after the next failure");
    assert_eq!(looks_at(true), 2);
    assert!(looks_at(false) > 1, "a success forgives all");
}

#[test]
fn verbs_and_schema_are_what_both_sides_know() {
    for number in 0..100 {
        assert!(Verb::of(number).is_none_or(|verb| verb as u32 == number));
    }
    assert_eq!(schema(), schema());
    assert_eq!(schema().len(), 64);
    let long_ago = Instant::now() - Duration::from_secs(1);
    assert!(!Link::pair().unwrap().0.wait(Some(long_ago)));
}
