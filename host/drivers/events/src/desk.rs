//! Subscriptions and dead letters as staff see and decide them.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Value, json};
use vectis_contracts::audit::{Audit, AuditRecord};
use vectis_contracts::event_desk::{
    DeadLetter, EventDesk, EventDeskCode, SubscriptionStanding, SubscriptionState,
};
use vectis_contracts::once::{Claim, Once};
use vectis_contracts::ports::event_handler::EventHandler;
use vectis_contracts::ports::event_log::EventLog;
use vectis_contracts::ports::event_observers::{EventObservers, Subscription, SubscriptionId};
use vectis_db::dead_letters::{self as letters, DeadLetter as Letter};
use vectis_db::subscribers::{self, Subscriber};
use vectis_db::{Db, DbError, idempotency};
use vectis_kernel::ids::DeadLetterId;
use vectis_kernel::permission::staff;
use vectis_kernel::{Ctx, Failure, InternalError, Page, PageRequest, Permission};

use crate::dead_letters::{Redriven, as_delivered, redrive, send_again, tell_again};
use crate::incoming;
use crate::relay;

const MAX_REASON: usize = 500;

/// All it takes to try any letter again.
pub struct Desk {
    /// Letters, places, keys.
    pub db: Db,
    /// The log that consumers read.
    pub log: Arc<dyn EventLog>,
    /// Where the relay sends to, when there is one.
    pub broker: Option<Arc<dyn EventLog>>,
    /// The platform's own consumers.
    pub handlers: Vec<Arc<dyn EventHandler>>,
    /// The plugins.
    pub observers: Arc<dyn EventObservers>,
    /// Who did what.
    pub audit: Arc<dyn Audit>,
}

type Answer<T> = Result<T, Failure<EventDeskCode>>;

impl Desk {
    /// Tries a letter again by whoever could not take it in.
    pub async fn try_again(&self, letter: &Letter) -> Result<Redriven, DbError> {
        if letter.consumer == relay::READER {
            let Some(broker) = &self.broker else {
                return Ok(Redriven::Failed("there is no broker to send it to".to_owned()));
            };
            return send_again(&self.db, &**broker, letter).await;
        }
        if let Some(id) = SubscriptionId::of_reader(&letter.consumer) {
            return tell_again(&self.db, &*self.observers, &id, letter).await;
        }
        match self.handlers.iter().find(|handler| handler.consumer() == letter.consumer) {
            Some(handler) => redrive(&self.db, &**handler, letter).await,
            None => Ok(Redriven::Failed(format!("there is no consumer {}", letter.consumer))),
        }
    }

    async fn standing(
        &self,
        declared: Option<&Subscription>,
        id: SubscriptionId,
        known: Option<&Subscriber>,
        dead_letters: i64,
    ) -> SubscriptionStanding {
        let reader = id.reader();
        let topics: Vec<&str> =
            declared.map(|declared| declared.topics().into_iter().collect()).unwrap_or_default();
        let behind = if topics.is_empty() { None } else { self.log.lag_of(&reader, &topics).await.ok() };
        let state = match declared.map(|declared| &declared.waits) {
            Some(None) => SubscriptionState::Told,
            Some(Some(why)) => SubscriptionState::Waiting(why.clone()),
            None => SubscriptionState::Absent,
        };
        SubscriptionStanding {
            plugin: id.plugin,
            name: id.name,
            reader,
            events: declared.map(|declared| declared.events.clone()).unwrap_or_default(),
            is_granted: declared.is_some_and(|declared| declared.is_granted),
            state,
            behind,
            since: known.and_then(|known| known.since),
            served_at: known.map(|known| known.served_at),
            dead_letters,
            last_failure: known.and_then(|known| known.last_failure.clone()),
            failed_at: known.and_then(|known| known.failed_at),
        }
    }

    async fn letter(&self, id: DeadLetterId) -> Answer<Letter> {
        let gone = || {
            Failure::refused(EventDeskCode::DeadLetterNotFound, "there is no such dead letter, or no longer")
        };
        letters::find(&self.db, id.0).await?.ok_or_else(gone)
    }

    /// Tried once; the order to do so is in the audit trail whatever comes of it.
    async fn redrive_once(&self, ctx: &Ctx, id: DeadLetterId) -> Answer<()> {
        let letter = self.letter(id).await?;
        let mut tx = self.db.begin().await?;
        let records = [record("dead_letter.redrive", &letter, json!({}))];
        self.audit.record(&mut tx, ctx, &records).await.map_err(of_audit)?;
        tx.commit().await?;
        match self.try_again(&letter).await? {
            Redriven::TakenIn => Ok(()),
            Redriven::Gone => Err(Failure::refused(
                EventDeskCode::DeadLetterNotFound,
                "somebody else has dealt with it meanwhile",
            )),
            Redriven::Failed(reason) => Err(Failure::refused(EventDeskCode::StillFails, reason)),
        }
    }
}

#[async_trait]
impl EventDesk for Desk {
    async fn subscriptions(&self, ctx: &Ctx) -> Answer<Vec<SubscriptionStanding>> {
        require(ctx, &staff::EVENTS_READ)?;
        let known = subscribers::list(&self.db).await?;
        let known: BTreeMap<SubscriptionId, &Subscriber> = known
            .iter()
            .filter_map(|known| Some((SubscriptionId::of_reader(&known.reader)?, known)))
            .collect();
        let dead: BTreeMap<String, i64> = letters::counts(&self.db).await?.into_iter().collect();
        let declared = self.observers.declared().subscriptions;
        let declared: BTreeMap<SubscriptionId, &Subscription> =
            declared.iter().map(|subscription| (subscription.id.clone(), subscription)).collect();
        let mut ids: Vec<SubscriptionId> = known.keys().chain(declared.keys()).cloned().collect();
        ids.sort();
        ids.dedup();
        let mut standings = Vec::with_capacity(ids.len());
        for id in ids {
            let count = dead.get(&id.reader()).copied().unwrap_or_default();
            let (declared, known) = (declared.get(&id).copied(), known.get(&id).copied());
            standings.push(self.standing(declared, id, known, count).await);
        }
        Ok(standings)
    }

    async fn dead_letters(
        &self,
        ctx: &Ctx,
        reader: Option<&str>,
        page: PageRequest,
    ) -> Answer<Page<DeadLetter>> {
        require(ctx, &staff::EVENTS_READ)?;
        let shows_payload = ctx.may(&staff::EVENTS_READ_PAYLOAD);
        let found = Page::from_fetched(letters::page(&self.db, reader, &page).await?, &page);
        Ok(found.map(|letter| view(letter, shows_payload)))
    }

    async fn redrive(&self, ctx: &Ctx, id: DeadLetterId) -> Answer<()> {
        require(ctx, &staff::EVENTS_WRITE)?;
        let once = Once::new(self.db.clone());
        match once.claim(ctx).await.map_err(Failure::Internal)? {
            Claim::Done(_) => return Ok(()),
            Claim::Underway => {
                let message = "the same command is being done, or was broken off; look whether the letter is still there";
                return Err(Failure::refused(EventDeskCode::Underway, message));
            }
            Claim::Ours => {}
        }
        let outcome = self.redrive_once(ctx, id).await;
        match &outcome {
            Ok(()) => once.done(ctx, &Value::Null).await.map_err(Failure::Internal)?,
            Err(_) => once.give_back(ctx).await.map_err(Failure::Internal)?,
        }
        outcome
    }

    async fn discard(&self, ctx: &Ctx, id: DeadLetterId, reason: &str) -> Answer<()> {
        require(ctx, &staff::EVENTS_WRITE)?;
        let length = reason.chars().count();
        if reason.trim().is_empty() || length > MAX_REASON || reason.chars().any(char::is_control) {
            let message =
                format!("a reason has 1 to {MAX_REASON} characters on one line, this one has {length}");
            return Err(Failure::at(EventDeskCode::InvalidInput, "reason", message));
        }
        let mut tx = self.db.begin().await?;
        if let Some(answer) = idempotency::find::<()>(&mut tx, ctx).await.map_err(broken)? {
            return Ok(answer);
        }
        let letter = self.letter(id).await?;
        if !letters::take(&mut tx, id.0).await? {
            let message = "somebody else has dealt with it meanwhile";
            return Err(Failure::refused(EventDeskCode::DeadLetterNotFound, message));
        }
        let records = [record("dead_letter.discard", &letter, json!({ "reason": reason }))];
        self.audit.record(&mut tx, ctx, &records).await.map_err(of_audit)?;
        idempotency::record(&mut tx, ctx, &()).await.map_err(broken)?;
        Ok(tx.commit().await?)
    }
}

/// A buyer's role could carry the key under a plugin's name; events are the merchant's alone.
fn require(ctx: &Ctx, permission: &Permission) -> Answer<()> {
    if ctx.is_staff() && ctx.may(permission) {
        return Ok(());
    }
    Err(Failure::refused(EventDeskCode::Forbidden, format!("this needs {permission}")))
}

/// Without what the event holds.
fn record(action: &'static str, letter: &Letter, more: Value) -> AuditRecord {
    let mut detail = more;
    detail["reader"] = letter.consumer.as_str().into();
    detail["eventId"] = letter.event_id.to_string().into();
    detail["attempts"] = letter.attempts.into();
    AuditRecord { action, subject_kind: "deadletter", subject_id: letter.id, account_id: None, detail }
}

fn view(letter: Letter, shows_payload: bool) -> DeadLetter {
    let event_type = incoming::event_type(&as_delivered(&letter));
    let payload = shows_payload.then(|| {
        serde_json::from_slice(&letter.payload)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&letter.payload).into_owned()))
    });
    DeadLetter {
        id: DeadLetterId(letter.id),
        reader: letter.consumer,
        event_id: letter.event_id,
        event_type,
        topic: letter.topic,
        key: letter.record_key,
        reason: letter.reason,
        attempts: letter.attempts,
        created_at: letter.created_at,
        payload,
    }
}

fn of_audit<C>(failure: Failure<C>) -> Failure<EventDeskCode> {
    failure.map_code(|_| EventDeskCode::Forbidden)
}

fn broken(error: idempotency::Error) -> Failure<EventDeskCode> {
    Failure::Internal(InternalError(error.into()))
}
