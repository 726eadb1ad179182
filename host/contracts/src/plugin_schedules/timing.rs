//! When a schedule is due.

#[cfg(test)]
mod tests;

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use vectis_kernel::duration;

const SHORTEST: Duration = Duration::from_secs(60);
const LONGEST: Duration = Duration::from_secs(366 * 86_400);

/// Times that follow a rule. Written as `every 1h` or `cron 0 3 * * * Europe/Berlin`.
#[derive(Clone, Debug)]
pub struct Timing {
    text: String,
    rule: Rule,
}

#[derive(Clone, Debug)]
enum Rule {
    /// Counted from 1970 on, so that it does not matter when somebody began to count.
    Every(TimeDelta),
    Cron(Box<Cron>, Tz),
}

/// Why a text says no times, in words that follow the schedule's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimingError {
    /// Not a duration.
    #[error("every = {0:?} is no duration; write 90m, 1h or 7d")]
    NoDuration(String),
    /// Below the shortest.
    #[error("every = {0:?} is too often; a schedule is due once a minute at most")]
    TooOften(String),
    /// Above the longest.
    #[error("every = {0:?} is too seldom; a schedule is due every 366 days at least")]
    TooSeldom(String),
    /// Not five fields that make sense.
    #[error(
        "cron = {pattern:?} is no pattern of minute, hour, day of the month, month and day of the week ({why}); write 0 3 * * *"
    )]
    NoPattern {
        /// As given.
        pattern: String,
        /// Why.
        why: String,
    },
    /// It never comes: the 30th of February.
    #[error("cron = {0:?} is never due; write a day that there is")]
    Never(String),
    /// Not in the time zone database.
    #[error("time-zone = {0:?} is unknown; write Europe/Berlin")]
    NoTimeZone(String),
    /// Not what [`Timing`] writes.
    #[error("{0:?} says no times")]
    Unreadable(String),
}

impl Timing {
    /// `90m`, `1h`, `7d`.
    pub fn every(text: &str) -> Result<Self, TimingError> {
        let period = duration::parse(text).ok_or_else(|| TimingError::NoDuration(text.to_owned()))?;
        if period < SHORTEST {
            return Err(TimingError::TooOften(text.to_owned()));
        }
        let delta = TimeDelta::from_std(period).ok().filter(|_| period <= LONGEST);
        let delta = delta.ok_or_else(|| TimingError::TooSeldom(text.to_owned()))?;
        Ok(Self { text: format!("every {}", duration::text(period)), rule: Rule::Every(delta) })
    }

    /// Minute, hour, day of the month, month, day of the week.
    pub fn cron(pattern: &str, time_zone: Option<&str>) -> Result<Self, TimingError> {
        let zone_name = time_zone.unwrap_or("UTC");
        let zone: Tz = zone_name.parse().map_err(|_| TimingError::NoTimeZone(zone_name.to_owned()))?;
        let fields: Vec<&str> = pattern.split_whitespace().collect();
        let normal = fields.join(" ");
        let no_pattern =
            |why: String| TimingError::NoPattern { pattern: pattern.to_owned(), why: why.replace('\n', " ") };
        if fields.len() != 5 {
            return Err(no_pattern(format!("it has {} fields", fields.len())));
        }
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let cron = parser.parse(&normal).map_err(|error| no_pattern(error.to_string()))?;
        let timing =
            Self { text: format!("cron {normal} {zone_name}"), rule: Rule::Cron(Box::new(cron), zone) };
        match timing.after(DateTime::UNIX_EPOCH) {
            Some(_) => Ok(timing),
            None => Err(TimingError::Never(pattern.to_owned())),
        }
    }

    /// What [`Timing`] writes.
    pub fn read(text: &str) -> Result<Self, TimingError> {
        let unreadable = || TimingError::Unreadable(text.to_owned());
        match text.split_once(' ').ok_or_else(unreadable)? {
            ("every", period) => Self::every(period),
            ("cron", rest) => {
                let (pattern, zone) = rest.rsplit_once(' ').ok_or_else(unreadable)?;
                Self::cron(pattern, Some(zone))
            }
            _ => Err(unreadable()),
        }
    }

    /// The first time after an instant.
    pub fn next_after(&self, instant: DateTime<Utc>) -> DateTime<Utc> {
        // A pattern that had a time once has more; a century is further than any shop looks.
        self.after(instant).unwrap_or_else(|| instant + TimeDelta::days(36_525))
    }

    fn after(&self, instant: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match &self.rule {
            Rule::Every(period) => {
                let period = period.num_milliseconds();
                let past = instant.timestamp_millis().div_euclid(period);
                DateTime::from_timestamp_millis(past.checked_add(1)?.checked_mul(period)?)
            }
            Rule::Cron(cron, zone) => {
                let next = cron.find_next_occurrence(&instant.with_timezone(zone), false).ok()?;
                Some(next.with_timezone(&Utc))
            }
        }
    }
}

impl fmt::Display for Timing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl PartialEq for Timing {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Timing {}
