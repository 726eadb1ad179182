//! The module on a database of its own.

mod fakes;
mod queue;
mod schedule;
mod secrets;
mod staff;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use chrono::TimeDelta;
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;
use vectis_contracts::ports::event_handler::IncomingEvent;
use vectis_contracts::webhooks::{
    Attempt, AttemptOutcome, TargetJudge, WebhookQueue, WebhookSettings, Webhooks,
};
use vectis_db::{Db, testing};
use vectis_kernel::ids::{LoginId, WebhookId};
use vectis_kernel::{Actor, Clock as _, Ctx, Event, FixedClock, IdempotencyKey, StaffActor, SystemClock};

use crate::Config;
use fakes::FakeAudit;

struct Room {
    db: Db,
    audit: Arc<FakeAudit>,
    clock: Arc<FixedClock>,
    webhooks: Arc<dyn Webhooks>,
    queue: Arc<dyn WebhookQueue>,
    told: Arc<Mutex<Vec<Event>>>,
}

/// Lets everything pass that does not lead inside.
struct Judge;

impl TargetJudge for Judge {
    fn judge(&self, url: &str) -> Result<(), String> {
        if url.contains("inside") { Err("it leads inside".to_owned()) } else { Ok(()) }
    }
}

async fn room_with(pool: PgPool, config: Config) -> Room {
    let db = testing::db(pool, &[&crate::MIGRATIONS]).await;
    let told = Arc::new(Mutex::new(Vec::new()));
    let sink = told.clone();
    db.bus().observe("test", 0, move |event| sink.lock().unwrap().push(event.clone()));
    let audit = Arc::new(FakeAudit::default());
    let deps = crate::Deps { db: db.clone(), audit: audit.clone(), judge: Arc::new(Judge) };
    let built = crate::build(deps, config).await.unwrap();
    let clock = Arc::new(FixedClock::at(SystemClock.now()));
    Room { db, audit, clock, webhooks: built.webhooks, queue: built.queue, told }
}

async fn room(pool: PgPool) -> Room {
    room_with(pool, Config::default()).await
}

fn settings(url: &str) -> WebhookSettings {
    WebhookSettings {
        url: url.to_owned(),
        description: "the till".to_owned(),
        event_types: vec!["vectis.orders.*".to_owned()],
        channel_id: None,
    }
}

impl Room {
    fn ctx(&self) -> Ctx {
        Ctx { clock: self.clock.clone(), ..Ctx::system("test") }
    }

    fn keyed(&self, key: &str) -> Ctx {
        let idempotency = Some(IdempotencyKey { key: key.to_owned(), parameters_hash: [7; 32] });
        Ctx { idempotency, ..self.ctx() }
    }

    /// Staff who may do nothing.
    fn powerless(&self) -> Ctx {
        let permissions = Arc::new(BTreeSet::new());
        let actor = StaffActor { login_id: LoginId(Uuid::from_u128(1)), permissions };
        Ctx { actor: Actor::Staff(actor), ..self.ctx() }
    }

    async fn make(&self, url: &str) -> WebhookId {
        self.webhooks.create(&self.ctx(), settings(url)).await.unwrap().0
    }

    /// An event that the log delivers.
    fn event(&self, number: u128, event_type: &str, facts: &Value) -> IncomingEvent {
        let id = Uuid::from_u128(number);
        IncomingEvent {
            id,
            event_type: event_type.to_owned(),
            topic: "vectis.orders".to_owned(),
            key: id.to_string(),
            envelope: json!({
                "id": id, "type": event_type, "aggregateKind": "order", "aggregateId": id, "sequence": 1,
                "occurredAt": self.clock.now(), "traceId": id, "data": facts,
            }),
        }
    }

    async fn take_in(&self, events: &[IncomingEvent]) {
        let mut tx = self.db.begin().await.unwrap();
        self.queue.take_in(&mut tx, &self.ctx(), events).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// So many orders are placed.
    async fn orders(&self, numbers: std::ops::Range<u128>) {
        let event = |number| self.event(number, "vectis.orders.order_placed.v1", &json!({}));
        self.take_in(&numbers.map(event).collect::<Vec<_>>()).await;
    }

    async fn claim(&self) -> Vec<Attempt> {
        self.queue.claim(&self.ctx(), &[]).await.unwrap()
    }

    async fn answer(&self, attempt: &Attempt, status: u16) {
        self.queue.record(&self.ctx(), &[answered(attempt, status)]).await.unwrap();
    }

    fn pass(&self, time: TimeDelta) {
        self.clock.advance(time);
    }

    fn actions(&self) -> Vec<String> {
        let told = self.told.lock().unwrap();
        told.iter().map(|event| event.payload["action"].as_str().unwrap_or("test").to_owned()).collect()
    }
}

fn answered(attempt: &Attempt, status: u16) -> AttemptOutcome {
    AttemptOutcome {
        delivery_id: attempt.delivery_id,
        webhook_id: attempt.webhook_id,
        fence: attempt.fence,
        attempts: attempt.attempts,
        status_code: Some(status),
        error: None,
        response: Some("heard\0".to_owned()),
        retry_after: None,
        took: std::time::Duration::from_millis(12),
    }
}
