//! One table of figures: what the everyday operations of a shop cost through its public API, beside the least that the
//! database alone takes for the same rows in the same run.
//!
//! `make bench` prints it. `cargo bench -p vectis-tests -- --write` (or `VECTIS_BENCH_WRITE=1`) also writes it to
//! `tests/bench/RESULTS.md`. `VECTIS_BENCH_QUICK=1` gives each row a moment only: to see that it works, not to believe it.
//! `VECTIS_BENCH_PLUGINS=1` measures the border of plugins alone.
//!
//! *Start reading at*: `figures.rs` for what is measured, `measure.rs` for how, `floor.rs` for what it is held against.

mod figures;
mod floor;
mod goals;
mod machine;
mod measure;
mod peers;
mod rows;
mod shop;
mod table;

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use crate::figures::Figures;
use crate::machine::Machine;
use crate::measure::Effort;
use crate::shop::Shop;

fn main() -> anyhow::Result<ExitCode> {
    // A host starts the program it runs in for plugins that run apart, and here that is this one.
    if std::env::args().nth(1).is_some_and(|command| command == "plugin-process") {
        return Ok(vectis_plugin_runtime::run_plugin_process());
    }
    measure()?;
    Ok(ExitCode::SUCCESS)
}

#[tokio::main]
async fn measure() -> anyhow::Result<()> {
    let is_quick = is_set("VECTIS_BENCH_QUICK");
    let effort = if is_quick { Effort::QUICK } else { Effort::FULL };
    let shop = Shop::open().await?;
    if is_set("VECTIS_BENCH_PLUGINS") {
        let rows = rows::plugin::price(&shop, effort).await?;
        shop.host.stop().await;
        let rows = [&rows.linked, &rows.guarded, &rows.converted, &rows.apart];
        write!(std::io::stdout(), "{}", table::some(&rows))?;
        return Ok(());
    }
    let machine = Machine::describe(shop.host.db.pool(), is_quick).await?;
    let figures = Box::pin(Figures::measure(&shop, effort)).await?;
    shop.host.stop().await;

    let table = table::render(&figures);
    let goals = goals::render(&goals::all(&figures));
    writeln!(std::io::stdout(), "{table}\n{goals}")?;
    if is_set("VECTIS_BENCH_WRITE") || std::env::args().any(|argument| argument == "--write") {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("bench/RESULTS.md");
        std::fs::write(file, format!("{HEADING}\n{machine}\n{NOTES}\n{table}\n## Goals\n\n{goals}"))?;
    }
    Ok(())
}

/// Whether a switch of the environment is on.
fn is_set(switch: &str) -> bool {
    std::env::vars().any(|(name, value)| name == switch && !value.is_empty() && value != "0")
}

const HEADING: &str = "# What the everyday operations cost

Written by `make bench` with `VECTIS_BENCH_WRITE=1`; do not edit.
";

const NOTES: &str = "## How it is measured

- The whole host with its five plugins runs inside the benchmark's process, as production composes it, on a database of its own
  with the demo shop of 1,200 variants; the client speaks GraphQL over HTTP on kept connections and shares the cores.
- Closed loop, warmed up. The time is from sending the request to the last byte of the answer; every answer is then checked.
- *SQL* is counted by `pg_stat_statements`, without BEGIN and COMMIT, for all that one operation does (who asks included).
- *RSS* is that of the whole process afterwards, client and benchmark included; it never shrinks. The last rows look at
  `vectis serve` as a process of its own.
- *×*: how many times the floor, or the smaller cart, it takes by its p50.
- *Floor*: the same rows with nothing but SQL on a connection of its own, turn by turn with the operation above: placing inserts
  and updates the same rows in one transaction from prepared arrays; reading fetches cart, lines, variants and price tiers and
  copies the bytes; a plugin's floor is the same code linked into the program.
- A backlog of events is made before, in a database of its own, and drained with the default batch; nobody waits for one event of it,
  so its time is the mean. The broker is Apache Kafka on the same cores.
- Webhook and Wasm ask the same rule the way other platforms are extended, in a program of their own (`tests/borders`) that has it
  linked as well; their floor is that.
- Approval rules are asked but ask for nobody, so that orders are placed at once. 10,000 lines repeat each SKU eight or nine times.
";
