use vectis_contracts::tax::TaxCode;
use vectis_kernel::ids::ExemptionId;
use vectis_kernel::permission::staff;

use super::*;

#[sqlx::test(migrations = false)]
async fn a_granted_exemption_is_listed_recorded_and_told(pool: PgPool) {
    let room = room(pool).await;
    let given = GrantExemption {
        location_id: Some(LOCATION),
        country: Some("DE".to_owned()),
        region: Some("Bavaria".to_owned()),
        category: Some("books".to_owned()),
        valid_to: Some(now() + day()),
        ..grant()
    };

    let id = room.tax.exemption_grant(&ctx(), given.clone()).await.unwrap();

    let listed = room.tax.exemptions(&ctx(), &[ACCOUNT]).await.unwrap();
    assert_eq!(listed.len(), 1);
    let found = &listed[0];
    assert_eq!((found.id, found.account_id, found.location_id), (id, ACCOUNT, Some(LOCATION)));
    assert_eq!(
        (&found.country, &found.region, &found.category),
        (&given.country, &given.region, &given.category)
    );
    assert_eq!(
        (found.certificate.as_str(), found.valid_from, found.valid_to),
        ("DE-4711", now(), given.valid_to)
    );
    assert_eq!(room.audit.actions(), ["exemption.grant"]);
    let event = room.events().remove(0);
    assert_eq!((event.event_type, event.aggregate_id), ("vectis.tax.exemption_granted.v1", id.0));
    assert_eq!(event.payload["region"], "Bavaria");
}

#[sqlx::test(migrations = false)]
async fn exemptions_of_several_accounts_are_listed_newest_first(pool: PgPool) {
    let room = room(pool).await;
    let second = AccountId(Uuid::from_u128(9));
    let mut ids = Vec::new();
    for (days, account_id) in [(0, ACCOUNT), (2, second), (1, ACCOUNT)] {
        let later = Ctx { clock: Arc::new(FixedClock::at(now() + TimeDelta::days(days))), ..ctx() };
        ids.push(room.tax.exemption_grant(&later, GrantExemption { account_id, ..grant() }).await.unwrap());
    }

    let listed = room.tax.exemptions(&ctx(), &[ACCOUNT, second]).await.unwrap();

    let found: Vec<_> = listed.iter().map(|exemption| exemption.id).collect();
    assert_eq!(found, [ids[1], ids[2], ids[0]]);
}

#[sqlx::test(migrations = false)]
async fn everything_wrong_is_named_at_once_and_nothing_is_written(pool: PgPool) {
    let room = room(pool).await;
    let wrong = GrantExemption {
        country: Some("Germany".to_owned()),
        region: Some(" ".to_owned()),
        category: Some("c".repeat(101)),
        certificate: "4\n2".to_owned(),
        valid_to: Some(now()),
        ..grant()
    };

    let outcome = room.tax.exemption_grant(&ctx(), wrong).await;
    let homeless = GrantExemption { region: Some("Bavaria".to_owned()), ..grant() };
    let without_country = room.tax.exemption_grant(&ctx(), homeless).await;

    let expected = ["country", "region", "category", "certificate", "validTo"];
    assert_eq!(refused(outcome), expected.map(|field| (TaxCode::InvalidInput, field.to_owned())));
    assert_eq!(refused(without_country), [(TaxCode::InvalidInput, "region".to_owned())]);
    assert!(room.tax.exemptions(&ctx(), &[ACCOUNT]).await.unwrap().is_empty());
    assert!(room.events().is_empty());
}

#[sqlx::test(migrations = false)]
async fn a_withdrawn_exemption_ends_now_and_only_once(pool: PgPool) {
    let room = room(pool).await;
    let id = room
        .tax
        .exemption_grant(&ctx(), GrantExemption { valid_from: now() - day(), ..grant() })
        .await
        .unwrap();

    room.tax.exemption_withdraw(&ctx(), id).await.unwrap();
    let later = Ctx { clock: Arc::new(FixedClock::at(now() + day())), ..ctx() };
    room.tax.exemption_withdraw(&later, id).await.unwrap();

    let listed = room.tax.exemptions(&ctx(), &[ACCOUNT]).await.unwrap();
    assert_eq!(listed[0].valid_to, Some(now()));
    assert_eq!(room.audit.actions(), ["exemption.grant", "exemption.withdraw"]);
    let event = room.events().remove(1);
    assert_eq!(event.event_type, "vectis.tax.exemption_withdrawn.v1");
}

#[sqlx::test(migrations = false)]
async fn an_exemption_withdrawn_before_it_begins_never_counts(pool: PgPool) {
    let room = room(pool).await;
    let from = now() + day();
    let id = room.tax.exemption_grant(&ctx(), GrantExemption { valid_from: from, ..grant() }).await.unwrap();

    room.tax.exemption_withdraw(&ctx(), id).await.unwrap();

    let listed = room.tax.exemptions(&ctx(), &[ACCOUNT]).await.unwrap();
    assert_eq!((listed[0].valid_from, listed[0].valid_to), (from, Some(from)));
}

#[sqlx::test(migrations = false)]
async fn an_unknown_exemption_cannot_be_withdrawn(pool: PgPool) {
    let room = room(pool).await;

    let outcome = room.tax.exemption_withdraw(&ctx(), ExemptionId(Uuid::from_u128(9))).await;

    assert_eq!(refused(outcome), [(TaxCode::ExemptionNotFound, "exemptionId".to_owned())]);
}

#[sqlx::test(migrations = false)]
async fn writing_needs_the_permission_of_staff(pool: PgPool) {
    let room = room(pool).await;
    let id = room.tax.exemption_grant(&staff_with(&[staff::TAX_WRITE]), grant()).await.unwrap();

    // A key in a buyer's role does not make the buyer staff.
    for ctx in [staff_with(&[staff::PRICES_WRITE]), employee(ACCOUNT, &[staff::TAX_WRITE])] {
        let granted = room.tax.exemption_grant(&ctx, grant()).await;
        let withdrawn = room.tax.exemption_withdraw(&ctx, id).await;
        assert_eq!(refused(granted), [(TaxCode::Forbidden, String::new())]);
        assert_eq!(refused(withdrawn), [(TaxCode::Forbidden, String::new())]);
    }
}

#[sqlx::test(migrations = false)]
async fn employees_see_the_exemptions_of_their_own_account_alone(pool: PgPool) {
    let room = room(pool).await;
    room.tax.exemption_grant(&ctx(), grant()).await.unwrap();
    let (own, other) = (employee(ACCOUNT, &[]), employee(AccountId(Uuid::from_u128(9)), &[]));
    let anonymous = Ctx { actor: Actor::Anonymous { guest: None }, ..ctx() };

    let seen = room.tax.exemptions(&own, &[ACCOUNT]).await.unwrap();

    assert_eq!(seen.len(), 1);
    assert_eq!(room.tax.exemptions(&staff_with(&[]), &[ACCOUNT]).await.unwrap().len(), 1);
    for ctx in [other, anonymous] {
        let outcome = room.tax.exemptions(&ctx, &[ACCOUNT]).await;
        assert_eq!(refused(outcome), [(TaxCode::Forbidden, String::new())]);
    }
}

#[sqlx::test(migrations = false)]
async fn the_same_key_grants_once_and_answers_the_same(pool: PgPool) {
    let room = room(pool).await;

    let first = room.tax.exemption_grant(&keyed("k"), grant()).await.unwrap();
    let second = room.tax.exemption_grant(&keyed("k"), grant()).await.unwrap();

    assert_eq!(first, second);
    assert_eq!(room.tax.exemptions(&ctx(), &[ACCOUNT]).await.unwrap().len(), 1);
}

#[sqlx::test(migrations = false)]
async fn the_same_key_withdraws_once(pool: PgPool) {
    let room = room(pool).await;
    let id = room.tax.exemption_grant(&ctx(), grant()).await.unwrap();

    for _ in 0..2 {
        room.tax.exemption_withdraw(&keyed("k"), id).await.unwrap();
    }

    assert_eq!(room.audit.actions(), ["exemption.grant", "exemption.withdraw"]);
}
