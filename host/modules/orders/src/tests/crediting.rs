use rust_decimal::Decimal;
use sqlx::PgPool;
use vectis_contracts::orders::{CreditNote, IssueCreditNote, IssueCreditNoteLine, OrderCode, Restock};
use vectis_kernel::ids::CreditNoteId;
use vectis_kernel::{Ctx, Currency, Failure, Quantity};

use super::{Room, gbp, new_id, refused, room, units, variant, with_key};

fn line(sku: Option<&str>, quantity: Quantity, unit_price: &str) -> IssueCreditNoteLine {
    IssueCreditNoteLine {
        label: "goods back".to_owned(),
        sku: sku.map(str::to_owned),
        quantity,
        unit_price: unit_price.parse::<Decimal>().unwrap(),
    }
}

fn issuing(room: &Room, lines: Vec<IssueCreditNoteLine>) -> IssueCreditNote {
    IssueCreditNote {
        channel_id: room.fakes.state().channel.id,
        account_id: None,
        currency: Currency::GBP,
        reason: "goodwill".to_owned(),
        reference: "C536383".to_owned(),
        lines,
        restock: Restock::OnHand,
    }
}

async fn issue(room: &Room, ctx: &Ctx, issue: IssueCreditNote) -> Result<CreditNoteId, Failure<OrderCode>> {
    room.orders.credit_note_issue(ctx, issue).await
}

async fn note(room: &Room, id: CreditNoteId) -> CreditNote {
    room.orders.credit_notes_by_id(&room.clerk(), &[id]).await.unwrap().remove(0)
}

#[sqlx::test(migrations = false)]
async fn goods_are_taxed_and_restocked_and_plain_amounts_are_neither(pool: PgPool) {
    let room = room(pool).await;
    room.sell(variant("HAMMER"), "2.55").await;
    let account_id = room.buyer.employee.account_id;
    let lines = vec![
        line(Some("HAMMER"), units(2), "2.50"),
        line(None, units(1), "7.25"),
        line(Some("HAMMER"), units(1), "-1.00"),
    ];
    let mine = IssueCreditNote { account_id: Some(account_id), ..issuing(&room, lines) };

    let id = issue(&room, &room.clerk(), mine).await.unwrap();

    let note = note(&room, id).await;
    assert_eq!((note.number.as_str(), note.reference.as_str()), ("CN-100001", "C536383"));
    assert_eq!((note.account_id, note.order_id), (Some(account_id), None));
    let amounts: Vec<_> =
        note.lines.iter().map(|line| (line.quantity.milli(), line.net.minor, line.tax.minor)).collect();
    assert_eq!(amounts, [(2_000, 500, 100), (0, 725, 0), (1_000, -100, -20)]);
    assert_eq!((note.net, note.tax), (gbp(1_125), gbp(80)));
    let back = "SELECT STRING_AGG(what || ' ' || quantity, ', ') FROM fakes.stock_log WHERE owner_id = $1";
    assert_eq!(room.text(back, id.0).await, "taken back 2000");
    let event = room.events().await.remove(0);
    assert_eq!(event.event_type, "vectis.orders.credit_note_issued.v1");
    assert_eq!((event.aggregate_id, &event.payload["data"]["net"]["amount"]), (id.0, &"11.25".into()));
    let audited = "SELECT action FROM fakes.audit WHERE subject_id = $1";
    assert_eq!(room.text(audited, id.0).await, "credit_note.issue");
}

#[sqlx::test(migrations = false)]
async fn plain_amounts_need_no_strategy_and_may_claim_money(pool: PgPool) {
    let room = room(pool).await;
    room.fakes.state().tax_fails = true;

    let id =
        issue(&room, &room.clerk(), issuing(&room, vec![line(None, units(1), "-11062.06")])).await.unwrap();

    assert_eq!(note(&room, id).await.net, gbp(-1_106_206));
}

#[sqlx::test(migrations = false)]
async fn bad_lines_are_named_at_once_and_nothing_is_written(pool: PgPool) {
    let room = room(pool).await;
    room.sell(variant("HAMMER"), "2.55").await;
    let nameless = IssueCreditNoteLine { label: " ".to_owned(), ..line(None, units(1), "1") };
    let lines = vec![
        nameless,
        line(Some("NOPE"), units(1), "1"),
        line(Some("HAMMER"), Quantity::from_milli(1), "1"),
        line(None, Quantity::ZERO, "1"),
        line(None, units(1), "1.0000001"),
        line(None, units(1_000_000_000), "9000000000"),
    ];
    let before = room.written().await;

    let outcome = issue(&room, &room.clerk(), issuing(&room, lines)).await;

    let expected = [
        "INVALID_INPUT lines.0.label",
        "UNKNOWN_VARIANT lines.1.sku",
        "INVALID_QUANTITY lines.2.quantity",
        "INVALID_QUANTITY lines.3.quantity",
        "INVALID_AMOUNT lines.4.unitPrice",
        "INVALID_AMOUNT lines.5.unitPrice",
    ];
    assert_eq!(refused(outcome), expected);
    assert_eq!(room.written().await, before);
}

#[sqlx::test(migrations = false)]
async fn notes_that_are_refused_as_a_whole(pool: PgPool) {
    let room = room(pool).await;
    room.sell(variant("HAMMER"), "2.55").await;
    let clerk = room.clerk();
    let good = || issuing(&room, vec![line(None, units(1), "1")]);
    let before = room.written().await;
    let flood = vec![line(None, units(1), "1"); 10_001];
    let cases = [
        (room.buyer(), good(), "FORBIDDEN"),
        (clerk.clone(), IssueCreditNote { channel_id: new_id(), ..good() }, "CHANNEL_NOT_FOUND channelId"),
        (
            clerk.clone(),
            IssueCreditNote { account_id: Some(new_id()), ..good() },
            "ACCOUNT_NOT_FOUND accountId",
        ),
        (clerk.clone(), IssueCreditNote { currency: Currency::EUR, ..good() }, "INVALID_AMOUNT currency"),
        (clerk.clone(), IssueCreditNote { reason: String::new(), ..good() }, "INVALID_INPUT reason"),
        (clerk.clone(), IssueCreditNote { reference: "x".repeat(101), ..good() }, "INVALID_INPUT reference"),
        (clerk.clone(), IssueCreditNote { lines: vec![], ..good() }, "INVALID_INPUT lines"),
        (clerk.clone(), IssueCreditNote { lines: flood, ..good() }, "TOO_MANY lines"),
    ];
    for (ctx, input, expected) in cases {
        assert_eq!(refused(issue(&room, &ctx, input).await), [expected]);
    }
    room.fakes.state().tax_fails = true;
    let goods = issuing(&room, vec![line(Some("HAMMER"), units(1), "1")]);
    assert_eq!(refused(issue(&room, &clerk, goods).await), ["STRATEGY_FAILED"]);
    assert_eq!(room.written().await, before);
}

#[sqlx::test(migrations = false)]
async fn the_same_note_sent_again_is_issued_once(pool: PgPool) {
    let room = room(pool).await;
    let ctx = with_key(&room.clerk(), "k1");
    let good = || issuing(&room, vec![line(None, units(1), "1")]);

    let first = issue(&room, &ctx, good()).await.unwrap();

    assert_eq!(issue(&room, &ctx, good()).await.unwrap(), first);
    assert_eq!(room.number("SELECT COUNT(*) FROM orders.credit_note").await, 1);
}
