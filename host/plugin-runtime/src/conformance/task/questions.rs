//! The runs a task is asked for. It may fail at any of them: not every task has work that the kit's services can do.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;
use vectis_contracts::plugin_releases::PluginVersion;
use vectis_contracts::plugin_schedules::{DeclaredSchedule, TakenRun, Timing};
use vectis_kernel::ids::{ChannelId, PluginScheduleId, PluginScheduleRunId};

use crate::conformance::dice::{Dice, Words};
use crate::conformance::exam::Asked;
use crate::conformance::task::Question;

const RANDOM: usize = 90;

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_768_478_400, 0).unwrap_or_default()
}

/// The first attempt of a schedule, a second after it was due.
fn run(schedule: &str) -> Question {
    let declared = DeclaredSchedule {
        plugin: String::new(),
        name: schedule.to_owned(),
        channel_id: None,
        task: String::new(),
        timing: Timing::every("1h").expect("an hour is a period"),
        description: String::new(),
        version: PluginVersion { version: String::new(), sha256: String::new() },
    };
    let run = TakenRun {
        id: PluginScheduleRunId(Uuid::from_u128(1)),
        schedule_id: PluginScheduleId(Uuid::from_u128(2)),
        declared,
        fence: 1,
        slot_at: now(),
        attempt: 1,
        is_late: false,
    };
    Question { run, now: now() + TimeDelta::seconds(1) }
}

/// As a shop asks for it.
pub(super) fn in_time(schedules: &[String]) -> Question {
    run(schedules.first().map_or("nightly", String::as_str))
}

/// The same at another time.
fn at(question: Question, slot_at: DateTime<Utc>, now: DateTime<Utc>) -> Question {
    Question { run: TakenRun { slot_at, ..question.run }, now }
}

pub(super) fn all(schedules: &[String], words: &Words, dice: &mut Dice) -> Vec<Asked<Question>> {
    let usual = in_time(schedules);
    let attempt = |attempt: u32| Question { run: TakenRun { attempt, ..usual.run.clone() }, now: usual.now };
    let mut in_channel = usual.clone();
    in_channel.run.declared.channel_id = Some(ChannelId(Uuid::from_u128(3)));
    let mut late = at(usual.clone(), now() - TimeDelta::days(40), now());
    late.run.is_late = true;
    let mut all = vec![
        Asked::extreme("a run in time", usual.clone()),
        Asked::extreme("a run of a channel", in_channel),
        Asked::extreme("a run that makes up for forty days", late),
        Asked::extreme("a second attempt", attempt(2)),
        Asked::extreme("the last attempt there can be", attempt(u32::MAX)),
        Asked::extreme("a run of 1970", at(usual.clone(), DateTime::UNIX_EPOCH, DateTime::UNIX_EPOCH)),
        Asked::extreme(
            "a run from before 1970",
            at(usual.clone(), DateTime::UNIX_EPOCH - TimeDelta::days(1), now()),
        ),
        Asked::extreme("a run as far ahead as times go", at(usual.clone(), DateTime::<Utc>::MAX_UTC, now())),
        Asked::extreme("a run as far back as times go", at(usual.clone(), DateTime::<Utc>::MIN_UTC, now())),
        Asked::extreme(
            "a run that begins before it is due",
            at(usual.clone(), now(), now() - TimeDelta::days(1)),
        ),
        Asked::extreme("a run on a leap day", at(usual.clone(), leap_day(), leap_day())),
    ];
    let names = ["", "-", "another", "Ünïcode 🦀", "\u{202e}מ", "a'b\"\n\0;--", "nightly"];
    let known = words.texts.iter().map(String::as_str).chain(schedules.iter().map(String::as_str)).take(20);
    for name in names.into_iter().chain(known) {
        all.push(Asked::extreme(format!("a schedule named {name:?}"), run(name)));
    }
    for number in 0..RANDOM {
        let slot_at = now() + TimeDelta::milliseconds(dice.between(-400 * 86_400_000, 400 * 86_400_000));
        let begins = slot_at + TimeDelta::milliseconds(dice.between(0, 3 * 86_400_000));
        let mut question = at(usual.clone(), slot_at, begins);
        question.run.attempt = u32::try_from(dice.between(1, 9)).unwrap_or(1);
        question.run.is_late = dice.coin();
        all.push(Asked::extreme(format!("a run by dice, {number}"), question));
    }
    all
}

fn leap_day() -> DateTime<Utc> {
    DateTime::from_timestamp(1_835_395_200, 0).unwrap_or_default()
}
