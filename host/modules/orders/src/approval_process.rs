//! What time does to an approval request: reminders, escalation, expiry. It begins when a request opens and ends with the decision.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use vectis_contracts::approvals::{ApprovalCode, Overdue};
use vectis_contracts::audit::AuditRecord;
use vectis_contracts::orders::DecideCode;
use vectis_contracts::ports::event_handler::IncomingEvent;
use vectis_contracts::ports::process::{
    ActivityError, Command, Decision, Happening, Heard, Process, Retry, Run, StepError,
};
use vectis_db::{idempotency, retrying};
use vectis_kernel::ids::ApprovalRequestId;
use vectis_kernel::{Ctx, Failure};

use crate::config::ApprovalTimes;
use crate::refusals::{cart_to_decide, translated, unexpected};
use crate::service::PgOrders;

const REQUESTED: &str = "vectis.approvals.approval_requested.v1";
const DECIDED: &str = "vectis.approvals.approval_decided.v1";
const CANCELED: &str = "vectis.approvals.approval_canceled.v1";

const REMIND: &str = "remind";
const ESCALATE: &str = "escalate";
const EXPIRE: &str = "expire";

/// The definition `approval`, version 1.
pub(crate) struct ApprovalProcess {
    pub(crate) orders: Arc<PgOrders>,
    pub(crate) times: ApprovalTimes,
}

/// What it begins with, and all it knows. The times are those in force when the request was opened.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Watch {
    request_id: ApprovalRequestId,
    opened_at: DateTime<Utc>,
    remind_after_ms: i64,
    reminders: u32,
    escalate_after_ms: i64,
    expire_after_ms: i64,
    /// Of the step that waits.
    #[serde(default)]
    reminded: u32,
    /// Of all steps; names the runs.
    #[serde(default)]
    runs: u32,
}

/// What a decision says.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Decided {
    status: String,
}

/// What all these events say.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OfRequest {
    request_id: ApprovalRequestId,
}

#[async_trait]
impl Process for ApprovalProcess {
    fn name(&self) -> &'static str {
        "approval"
    }

    fn version(&self) -> u32 {
        1
    }

    fn event_types(&self) -> Vec<&'static str> {
        vec![REQUESTED, DECIDED, CANCELED]
    }

    fn hear(&self, event: &IncomingEvent) -> Result<Heard, String> {
        let data = event.envelope["data"].clone();
        let OfRequest { request_id } = read(data.clone())?;
        let key = request_id.to_string();
        if event.event_type == REQUESTED {
            let opened_at = read(event.envelope["occurredAt"].clone())?;
            let input = serde_json::to_value(self.watch(request_id, opened_at));
            return Ok(Heard::Start { key, input: input.map_err(|error| error.to_string())? });
        }
        let name = if event.event_type == DECIDED { "decided" } else { "canceled" };
        Ok(Heard::Signal { key, name: name.to_owned(), payload: data })
    }

    fn step(&self, state: &Value, happening: &Happening, at: DateTime<Utc>) -> Result<Decision, StepError> {
        if let Happening::Started { input } = happening {
            let watch: Watch = serde_json::from_value(input.clone())?;
            let commands = watch.begin();
            return decision(&watch, commands);
        }
        let mut watch: Watch = serde_json::from_value(state.clone())?;
        let commands = match happening {
            Happening::TimerFired { timer } => watch.overdue(timer, at),
            Happening::Signaled { name, payload } if name == "decided" => {
                watch.decided(&serde_json::from_value(payload.clone())?, at)
            }
            Happening::Signaled { .. } => complete("canceled"),
            Happening::ActivityDone { key, .. } if key == EXPIRE => complete("expired"),
            // Decided in the same moment; nobody has to wait for the word of it.
            Happening::ActivityRefused { key, .. } if key == EXPIRE => complete("decided"),
            Happening::ActivitySkipped { key, .. } if key == EXPIRE => complete("not expired"),
            Happening::CancelRequested { .. } => vec![Command::Cancel],
            Happening::ActivityDone { .. }
            | Happening::ActivityRefused { .. }
            | Happening::ActivitySkipped { .. }
            | Happening::Started { .. } => Vec::new(),
        };
        decision(&watch, commands)
    }

    async fn act(&self, ctx: &Ctx, run: &Run) -> Result<Value, ActivityError> {
        let input: OfRequest = serde_json::from_value(run.input.clone())
            .map_err(|error| ActivityError::Failed(error.to_string()))?;
        let overdue = match run.activity.as_str() {
            REMIND => Overdue::Remind,
            ESCALATE => Overdue::Escalate,
            EXPIRE => Overdue::Expire,
            other => return Err(ActivityError::Failed(format!("there is no activity {other}"))),
        };
        retrying(|| self.orders.overdue_in_one(ctx, input.request_id, overdue)).await?;
        Ok(Value::Null)
    }
}

impl ApprovalProcess {
    fn watch(&self, request_id: ApprovalRequestId, opened_at: DateTime<Utc>) -> Watch {
        let ms = |time: std::time::Duration| i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
        Watch {
            request_id,
            opened_at,
            remind_after_ms: ms(self.times.remind_after),
            reminders: self.times.reminders,
            escalate_after_ms: ms(self.times.escalate_after),
            expire_after_ms: ms(self.times.expire_after),
            reminded: 0,
            runs: 0,
        }
    }
}

impl Watch {
    fn begin(&self) -> Vec<Command> {
        let since = self.opened_at;
        let mut commands = self.remind(since);
        commands.extend(wait(ESCALATE, since, self.escalate_after_ms));
        commands.extend(wait(EXPIRE, since, self.expire_after_ms));
        commands
    }

    /// The next reminder, while there are any.
    fn remind(&self, since: DateTime<Utc>) -> Vec<Command> {
        let due = wait(REMIND, since, self.remind_after_ms);
        due.into_iter().filter(|_| self.reminded < self.reminders).collect()
    }

    fn overdue(&mut self, timer: &str, at: DateTime<Utc>) -> Vec<Command> {
        match timer {
            EXPIRE => {
                let reminder = Command::Drop { timer: REMIND.to_owned() };
                vec![reminder, self.run(EXPIRE.to_owned(), EXPIRE)]
            }
            ESCALATE => vec![self.run(ESCALATE.to_owned(), ESCALATE)],
            _ => {
                self.reminded += 1;
                self.runs += 1;
                let mut commands = vec![self.run(format!("{REMIND}-{}", self.runs), REMIND)];
                commands.extend(self.remind(at));
                commands
            }
        }
    }

    /// The end, or the next step, which is reminded of anew.
    fn decided(&mut self, decided: &Decided, at: DateTime<Utc>) -> Vec<Command> {
        if decided.status != "pending" {
            return complete(&decided.status);
        }
        self.reminded = 0;
        self.remind(at)
    }

    fn run(&self, key: String, activity: &str) -> Command {
        let input = json!({ "requestId": self.request_id });
        Command::Run(Run { key, activity: activity.to_owned(), input, retry: Retry::default() })
    }
}

/// A timer; none when the time is never.
fn wait(timer: &str, since: DateTime<Utc>, after_ms: i64) -> Option<Command> {
    let until = since.checked_add_signed(TimeDelta::try_milliseconds(after_ms)?)?;
    (after_ms > 0).then(|| Command::Wait { timer: timer.to_owned(), until })
}

fn complete(outcome: &str) -> Vec<Command> {
    vec![Command::Complete { outcome: outcome.to_owned() }]
}

fn decision(watch: &Watch, commands: Vec<Command>) -> Result<Decision, StepError> {
    Ok(Decision { state: serde_json::to_value(watch)?, commands })
}

fn read<T: serde::de::DeserializeOwned>(value: Value) -> Result<T, String> {
    serde_json::from_value(value).map_err(|error| error.to_string())
}

impl PgOrders {
    /// What time does to a request, once: expiry also gives cart and stock back.
    async fn overdue_in_one(
        &self,
        ctx: &Ctx,
        request_id: ApprovalRequestId,
        overdue: Overdue,
    ) -> Result<(), Failure<DecideCode>> {
        let mut tx = self.deps.db.begin().await?;
        if let Some(answer) = idempotency::find(&mut tx, ctx).await? {
            return Ok(answer);
        }
        let waiting = self.deps.approvals.overdue(&mut tx, ctx, request_id, overdue).await;
        let cart_id = waiting.map_err(|failure| {
            translated(failure, |code| match code {
                ApprovalCode::NotPending => Some(DecideCode::NotPending),
                ApprovalCode::RequestNotFound => Some(DecideCode::RequestNotFound),
                _ => None,
            })
        })?;
        if overdue == Overdue::Expire {
            let reopened = self.deps.carts.reopen(&mut tx, ctx, cart_id).await;
            reopened.map_err(cart_to_decide)?;
            let released = self.deps.inventory.release(&mut tx, ctx, cart_id.0).await;
            released.map_err(unexpected)?;
            let record = AuditRecord {
                action: "cart.reopen",
                subject_kind: "cart",
                subject_id: cart_id.0,
                account_id: None,
                detail: json!({ "approvalRequestId": request_id, "reason": "expired" }),
            };
            self.audit(&mut tx, ctx, record).await?;
        }
        idempotency::record(&mut tx, ctx, &()).await?;
        tx.commit().await?;
        Ok(())
    }
}
