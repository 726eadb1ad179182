//! Days of the calendar.

use std::fmt;

/// A day that exists, from the year 1900 on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Date {
    year: u32,
    month: u32,
    day: u32,
}

impl Date {
    fn new(year: u32, month: u32, day: u32) -> Option<Self> {
        let exists = (1900..=9999).contains(&year)
            && (1..=12).contains(&month)
            && (1..=days_of(year, month)).contains(&day);
        exists.then_some(Self { year, month, day })
    }

    /// From `2026-01-15`.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let is_plain = text.len() == 10
            && text.bytes().enumerate().all(|(at, byte)| match at {
                4 | 7 => byte == b'-',
                _ => byte.is_ascii_digit(),
            });
        if !is_plain {
            return None;
        }
        Self::new(text[..4].parse().ok()?, text[5..7].parse().ok()?, text[8..].parse().ok()?)
    }

    /// From `20260115`.
    pub(crate) fn read_compact(text: &str) -> Option<Self> {
        if text.len() != 8 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        Self::new(text[..4].parse().ok()?, text[4..6].parse().ok()?, text[6..].parse().ok()?)
    }

    /// The day of an instant in milliseconds since 1970, UTC; `None` before 1970 and after 9999.
    pub(crate) fn of_instant(ms: i64) -> Option<Self> {
        let mut days = u32::try_from(ms.div_euclid(86_400_000)).ok()?;
        let (mut year, mut month) = (1970, 1);
        while days >= days_of(year, month) {
            days -= days_of(year, month);
            (year, month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
            if year > 9999 {
                return None;
            }
        }
        Self::new(year, month, days + 1)
    }

    pub(crate) fn compact(self) -> String {
        format!("{:04}{:02}{:02}", self.year, self.month, self.day)
    }

    /// The last of so many months that begin with this day.
    pub(crate) fn last_day_after(self, months: u32) -> Self {
        let month = self.month - 1 + months;
        let (year, month) = (self.year + month / 12, month % 12 + 1);
        // The day before the same day of that month; the month's last day where there is no such day.
        if self.day > days_of(year, month) {
            return Self { year, month, day: days_of(year, month) };
        }
        match (self.day, month) {
            (1, 1) => Self { year: year - 1, month: 12, day: 31 },
            (1, _) => Self { year, month: month - 1, day: days_of(year, month - 1) },
            (day, _) => Self { year, month, day: day - 1 },
        }
    }
}

fn days_of(year: u32, month: u32) -> u32 {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 => 28 + u32::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

impl fmt::Display for Date {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}
