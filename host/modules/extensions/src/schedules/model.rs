//! The rules: what is done about a schedule that is due, and when it is due again.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;
use vectis_contracts::plugin_schedules::{
    DeclaredSchedule, RunOutcome, ScheduleTerms, TakenRun, TaskReport, Timing,
};
use vectis_kernel::Ctx;
use vectis_kernel::ids::{ChannelId, PluginScheduleId, PluginScheduleRunId};

/// A run that begins later than this makes up for a time at which nobody could.
const LATE: TimeDelta = TimeDelta::minutes(1);

/// Where a schedule is found.
pub(super) type Place<'a> = (&'a str, &'a str, Option<ChannelId>);

pub(super) fn place(declared: &DeclaredSchedule) -> Place<'_> {
    (&declared.plugin, &declared.name, declared.channel_id)
}

/// A schedule that is due and that nobody holds.
pub(super) struct Due {
    pub(super) id: Uuid,
    pub(super) plugin: String,
    pub(super) name: String,
    pub(super) channel_id: Option<Uuid>,
    pub(super) due_at: DateTime<Utc>,
    pub(super) slot_at: Option<DateTime<Utc>>,
    pub(super) attempt: i32,
    pub(super) is_late: bool,
    pub(super) is_asked: bool,
    /// Of a process that holds it no more.
    pub(super) lost_run: Option<Uuid>,
    pub(super) fence: i64,
}

impl Due {
    pub(super) fn place(&self) -> Place<'_> {
        (&self.plugin, &self.name, self.channel_id.map(ChannelId))
    }
}

/// A run that begins.
pub(super) struct Begin {
    pub(super) run: TakenRun,
    pub(super) leased_until: DateTime<Utc>,
}

/// What is done about a schedule that is due.
pub(super) enum Next {
    Begin(Box<Begin>),
    /// Whoever attempted it last is gone, and that was the last attempt: the next time comes.
    GiveUp {
        due_at: DateTime<Utc>,
    },
}

impl Next {
    pub(super) fn begun(&self) -> Option<&Begin> {
        match self {
            Self::Begin(begin) => Some(begin),
            Self::GiveUp { .. } => None,
        }
    }
}

pub(super) fn next(ctx: &Ctx, terms: &ScheduleTerms, due: &Due, declared: &DeclaredSchedule) -> Next {
    let now = ctx.now();
    let before = u32::try_from(due.attempt).unwrap_or_default();
    if due.lost_run.is_some() && before >= terms.attempts {
        return Next::GiveUp { due_at: declared.timing.next_after(now) };
    }
    let is_first = before == 0;
    let run = TakenRun {
        id: ctx.new_id::<PluginScheduleRunId>(),
        schedule_id: PluginScheduleId(due.id),
        declared: declared.clone(),
        fence: due.fence + 1,
        slot_at: due.slot_at.unwrap_or(due.due_at),
        attempt: before + 1,
        is_late: if is_first { !due.is_asked && now - due.due_at > LATE } else { due.is_late },
    };
    Next::Begin(Box::new(Begin { run, leased_until: now + terms.lease }))
}

/// How a run ended, and what that means for its schedule.
pub(super) struct Ended {
    pub(super) outcome: RunOutcome,
    pub(super) report: Option<TaskReport>,
    pub(super) error: Option<String>,
    pub(super) due_at: DateTime<Utc>,
}

pub(super) fn ended(
    ctx: &Ctx,
    terms: &ScheduleTerms,
    run: &TakenRun,
    result: Result<TaskReport, String>,
) -> Ended {
    let now = ctx.now();
    let next_time = run.declared.timing.next_after(now);
    match result {
        Ok(report) => {
            Ended { outcome: RunOutcome::Succeeded, report: Some(report), error: None, due_at: next_time }
        }
        Err(error) if run.attempt < terms.attempts => {
            let due_at = now + retry_wait(terms, run.attempt);
            Ended { outcome: RunOutcome::Retried, report: None, error: Some(error), due_at }
        }
        Err(error) => {
            Ended { outcome: RunOutcome::Failed, report: None, error: Some(error), due_at: next_time }
        }
    }
}

/// Doubled after each attempt, up to an hour.
fn retry_wait(terms: &ScheduleTerms, attempt: u32) -> TimeDelta {
    let factor = 2_u32.saturating_pow(attempt.saturating_sub(1));
    let wait = TimeDelta::from_std(terms.retry_wait.saturating_mul(factor)).unwrap_or(TimeDelta::MAX);
    wait.min(TimeDelta::hours(1))
}

/// When a schedule goes on after a pause: what came and went meanwhile is not made up for.
pub(super) fn resumed(timing: &str, due_at: DateTime<Utc>, now: DateTime<Utc>) -> DateTime<Utc> {
    match Timing::read(timing) {
        Ok(timing) if due_at <= now => timing.next_after(now),
        _ => due_at,
    }
}
