//! The figures to hold, and whether they are held.

use std::time::Duration;

use crate::figures::Figures;
use crate::peers;
use crate::rows::MOST_STATEMENTS;
use crate::table::{Row, Times, duration, megabytes};

/// One figure to hold.
pub(crate) struct Goal {
    what: &'static str,
    goal: &'static str,
    measured: String,
    is_met: bool,
}

/// All of them.
pub(crate) fn all(figures: &Figures) -> Vec<Goal> {
    vec![
        statements(figures),
        beside_floor("placing 1,000 lines, all rules on", "≤ 3 × the bare SQL", &figures.place[1], 300),
        beside_floor("reading a cart of 1,000 lines", "≤ 3 × the bare SQL", &figures.read[0], 300),
        beside_floor("plugin call of 1,000 lines", "≤ 1.2 × the linked code", &figures.plugin.guarded, 120),
        beside_floor("the same with conversion", "≤ 2 × the linked code", &figures.plugin.converted, 200),
        beside_floor(
            "the same in a process of its own",
            "≤ 40 × the linked code",
            &figures.plugin.apart,
            4_000,
        ),
        apart(figures),
        growth(figures),
        beside_leader("1,000-line carts and orders", "≥ 100 × the leader", &large(figures), 10_000),
        beside_leader("everything else", "≥ 30 × the leader", &rest(figures), 3_000),
        start(figures),
        idle(figures),
    ]
}

/// One line each.
pub(crate) fn render(goals: &[Goal]) -> String {
    let line = |goal: &Goal| {
        let verdict = if goal.is_met { "met" } else { "NOT met" };
        format!("| {} | {} | {} | {verdict} |\n", goal.what, goal.goal, goal.measured)
    };
    let lines: String = goals.iter().map(line).collect();
    format!("| what | goal | measured | |\n|---|---|---|---|\n{lines}")
}

fn statements(figures: &Figures) -> Goal {
    let counts = |rows: &[Row]| rows.iter().map(|row| row.statements).collect::<Vec<_>>();
    let groups = [
        ("list", counts(std::slice::from_ref(&figures.list))),
        ("add", counts(&figures.add)),
        ("change", counts(std::slice::from_ref(&figures.change))),
        ("read", counts(&figures.read)),
        ("place", counts(&figures.place)),
    ];
    let number = |count: &Option<i64>| count.map_or_else(|| "?".to_owned(), |count| count.to_string());
    let texts = groups.iter().map(|(name, counts)| {
        let numbers: Vec<String> = counts.iter().map(number).collect();
        format!("{name} {}", numbers.join(" / "))
    });
    let is_met = groups.iter().all(|(_, counts)| {
        let is_few = counts.iter().all(|count| count.is_some_and(|count| count <= MOST_STATEMENTS));
        is_few && counts.iter().all(|count| *count == counts[0])
    });
    Goal {
        what: "SQL statements of an operation",
        goal: "the same at any size, ≤ 12",
        measured: texts.collect::<Vec<_>>().join(", "),
        is_met,
    }
}

fn beside_floor(what: &'static str, goal: &'static str, row: &Row, most_hundredths: u128) -> Goal {
    let times = row.above_floor();
    let measured = times.map_or_else(|| "no floor".to_owned(), |times| times.to_string());
    Goal {
        what,
        goal,
        measured,
        is_met: times.is_some_and(|times| times <= Times::hundredths(most_hundredths)),
    }
}

fn growth(figures: &Figures) -> Goal {
    let growth = figures.growth();
    let texts: Vec<String> = growth.iter().map(|(what, times)| format!("{what} {times}")).collect();
    Goal {
        what: "from 1,000 to 10,000 lines",
        goal: "≤ 11 × time, ≤ 11 × memory",
        measured: texts.join(", "),
        is_met: growth.iter().all(|(_, times)| *times <= Times::hundredths(1_100)),
    }
}

/// How many times faster than the leader, by what.
type Faster = (String, Times);

fn faster(name: &str, leader: Duration, row: &Row) -> Faster {
    (name.to_owned(), Times::of(leader, row.samples.p50()))
}

fn large(figures: &Figures) -> Vec<Faster> {
    vec![
        faster("add", peers::ADD_1000, &figures.add[1]),
        faster("change one", peers::CHANGE_OF_1000, &figures.change),
        faster("read", peers::READ_1000, &figures.read[0]),
        faster("place", peers::PLACE_1000, &figures.place[1]),
    ]
}

fn rest(figures: &Figures) -> Vec<Faster> {
    let mut rest = vec![faster("list 100", peers::LIST_100, &figures.list)];
    let clients = crate::figures::CLIENTS.iter().zip(&figures.orders).zip(peers::ORDERS_PER_SECOND_TENTHS);
    rest.extend(clients.map(|((clients, row), leader)| {
        (format!("orders at {clients}"), Times::ratio(row.per_second_tenths(), leader))
    }));
    rest
}

fn beside_leader(what: &'static str, goal: &'static str, faster: &[Faster], least_hundredths: u128) -> Goal {
    let texts: Vec<String> = faster.iter().map(|(name, times)| format!("{name} {times}")).collect();
    let is_met = faster.iter().all(|(_, times)| *times >= Times::hundredths(least_hundredths));
    Goal { what, goal, measured: texts.join(", "), is_met }
}

fn apart(figures: &Figures) -> Goal {
    let took = figures.plugin.apart.samples.p50();
    Goal {
        what: "a plugin in a process of its own prices 1,000 lines",
        goal: "≤ 100 µs where a core is free",
        measured: duration(took),
        is_met: took <= Duration::from_micros(100),
    }
}

fn start(figures: &Figures) -> Goal {
    let took = figures.process.start.samples.p50();
    Goal {
        what: "start to ready, plugins loaded, database migrated",
        goal: "≤ 1 s",
        measured: duration(took),
        is_met: took <= Duration::from_secs(1),
    }
}

fn idle(figures: &Figures) -> Goal {
    let idle_kb = figures.process.start.rss_kb;
    Goal { what: "idle RSS", goal: "≤ 80 MB", measured: megabytes(idle_kb), is_met: idle_kb <= 80 * 1_024 }
}
