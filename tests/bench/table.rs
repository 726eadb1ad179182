//! Rows, and how figures are written.

use std::fmt;
use std::time::Duration;

use crate::figures::Figures;
use crate::measure::Samples;

/// One measured operation.
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) samples: Samples,
    /// In which the samples were taken.
    pub(crate) time: Duration,
    /// SQL statements of one operation, where they were counted.
    pub(crate) statements: Option<i64>,
    /// Of the serving process afterwards.
    pub(crate) rss_kb: u64,
    /// The same with less in between.
    pub(crate) floor: Option<Samples>,
}

impl Row {
    /// Of one client after another.
    pub(crate) fn new(name: impl Into<String>, samples: Samples, rss_kb: u64) -> Self {
        let time = samples.sum();
        Self { name: name.into(), samples, time, statements: None, rss_kb, floor: None }
    }

    /// How often per second, in tenths.
    pub(crate) fn per_second_tenths(&self) -> u128 {
        self.samples.count() as u128 * 10_000_000_000 / self.time.as_nanos().max(1)
    }

    /// How many times its floor it takes.
    pub(crate) fn above_floor(&self) -> Option<Times> {
        self.floor.as_ref().map(|floor| Times::of(self.samples.p50(), floor.p50()))
    }

    fn cells(&self) -> [String; 9] {
        let or_empty = |value: Option<String>| value.unwrap_or_default();
        [
            self.name.clone(),
            duration(self.samples.p50()),
            duration(self.samples.p99()),
            tenths(self.per_second_tenths()),
            self.samples.count().to_string(),
            or_empty(self.statements.map(|count| count.to_string())),
            megabytes(self.rss_kb),
            or_empty(self.floor.as_ref().map(|floor| duration(floor.p50()))),
            or_empty(self.above_floor().map(|times| times.to_string())),
        ]
    }
}

/// How many times as much, in hundredths.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Times(u128);

impl Times {
    pub(crate) const fn hundredths(hundredths: u128) -> Self {
        Self(hundredths)
    }

    pub(crate) fn of(this: Duration, that: Duration) -> Self {
        Self::ratio(this.as_nanos(), that.as_nanos())
    }

    pub(crate) fn ratio(this: u128, that: u128) -> Self {
        Self(this * 100 / that.max(1))
    }
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            of_many @ 10_000.. => write!(f, "{} ×", of_many / 100),
            of_few => write!(f, "{}.{:02} ×", of_few / 100, of_few % 100),
        }
    }
}

/// All rows as one markdown table; what has grown and the process of its own are rows of it.
pub(crate) fn render(figures: &Figures) -> String {
    let mut lines = with_head(&figures.rows());
    lines.extend(figures.growth().iter().map(|(what, times)| {
        let mut cells: [String; 9] = Default::default();
        cells[0] = format!("from 1,000 to 10,000 lines: {what}");
        cells[8] = times.to_string();
        line(&cells)
    }));
    lines.join("\n") + "\n"
}

/// Some rows as a table of their own.
pub(crate) fn some(rows: &[&Row]) -> String {
    with_head(rows).join("\n") + "\n"
}

fn with_head(rows: &[&Row]) -> Vec<String> {
    let head = ["operation", "p50", "p99", "per second", "n", "SQL", "RSS", "floor p50", "×"];
    let mut lines = vec![line(&head.map(str::to_owned)), line(&aligned())];
    lines.extend(rows.iter().map(|row| line(&row.cells())));
    lines
}

/// Names to the left, figures to the right.
fn aligned() -> [String; 9] {
    std::array::from_fn(|column| if column == 0 { "---" } else { "--:" }.to_owned())
}

fn line(cells: &[String; 9]) -> String {
    format!("| {} |", cells.join(" | "))
}

/// Three digits that matter, in the unit that fits.
pub(crate) fn duration(took: Duration) -> String {
    let nanos = took.as_nanos();
    let (unit, name) = match nanos {
        0..1_000 => return format!("{nanos} ns"),
        1_000..1_000_000 => (1_000, "µs"),
        1_000_000..1_000_000_000 => (1_000_000, "ms"),
        _ => (1_000_000_000, "s"),
    };
    let (whole, thousandths) = (nanos / unit, nanos % unit * 1_000 / unit);
    match whole {
        100.. => format!("{whole} {name}"),
        10.. => format!("{whole}.{} {name}", thousandths / 100),
        _ => format!("{whole}.{:02} {name}", thousandths / 10),
    }
}

pub(crate) fn tenths(tenths: u128) -> String {
    if tenths >= 1_000 { (tenths / 10).to_string() } else { format!("{}.{}", tenths / 10, tenths % 10) }
}

pub(crate) fn megabytes(kb: u64) -> String {
    format!("{} MB", tenths(u128::from(kb) * 10 / 1_024))
}
