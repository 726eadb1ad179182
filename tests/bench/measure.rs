//! How often something is done, how long it takes, and how many SQL statements it sends.

use std::time::{Duration, Instant};

use anyhow::Result;
use vectis_db::Db;
use vectis_db::statements::{Statements, counted};

/// How much time a row gets.
#[derive(Clone, Copy)]
pub(crate) struct Effort {
    /// For samples; with a floor beside it, for both.
    pub(crate) window: Duration,
    /// Before them.
    pub(crate) warm_up: Duration,
    /// Samples even if the window is over.
    pub(crate) at_least: usize,
}

impl Effort {
    pub(crate) const FULL: Self =
        Self { window: Duration::from_secs(5), warm_up: Duration::from_millis(700), at_least: 10 };
    pub(crate) const QUICK: Self =
        Self { window: Duration::from_millis(300), warm_up: Duration::ZERO, at_least: 2 };
    /// More samples change no figure.
    const AT_MOST: usize = 50_000;

    fn wants_more(self, samples: &Samples, since: Instant) -> bool {
        let taken = samples.0.len();
        taken < self.at_least || (since.elapsed() < self.window && taken < Self::AT_MOST)
    }
}

/// Something that is done again and again.
pub(crate) trait Operation {
    /// What it needs anew each time.
    type Ready;
    /// What it leaves.
    type Answer;

    /// Not measured.
    async fn prepare(&mut self) -> Result<Self::Ready>;
    /// Measured.
    async fn run(&mut self, ready: Self::Ready) -> Result<Self::Answer>;
    /// Not measured: fails when the answer is not what was asked for.
    fn check(&self, answer: Self::Answer) -> Result<()>;
}

/// How long each time took.
#[derive(Clone, Default)]
pub(crate) struct Samples(Vec<Duration>);

impl Samples {
    pub(crate) fn push(&mut self, took: Duration) {
        self.0.push(took);
    }

    pub(crate) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn sum(&self) -> Duration {
        self.0.iter().sum()
    }

    pub(crate) fn p50(&self) -> Duration {
        self.percentile(50)
    }

    pub(crate) fn p99(&self) -> Duration {
        self.percentile(99)
    }

    /// Nearest rank; the longest where there are too few to tell.
    fn percentile(&self, percent: usize) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let rank = (sorted.len() * percent).div_ceil(100).max(1);
        sorted.get(rank - 1).copied().unwrap_or_default()
    }
}

/// Does it once.
pub(crate) async fn once<O: Operation>(operation: &mut O) -> Result<Duration> {
    let ready = operation.prepare().await?;
    let started = Instant::now();
    let answer = operation.run(ready).await?;
    let took = started.elapsed();
    operation.check(answer)?;
    Ok(took)
}

/// Does it for a row's time.
pub(crate) async fn alone<O: Operation>(effort: Effort, operation: &mut O) -> Result<Samples> {
    let warming = Instant::now();
    once(operation).await?;
    while warming.elapsed() < effort.warm_up {
        once(operation).await?;
    }
    let mut samples = Samples::default();
    let started = Instant::now();
    while effort.wants_more(&samples, started) {
        samples.push(once(operation).await?);
    }
    Ok(samples)
}

/// Does both by turns, so that what else happens on the machine meets both.
pub(crate) async fn by_turns<A: Operation, B: Operation>(
    effort: Effort,
    a: &mut A,
    b: &mut B,
) -> Result<(Samples, Samples)> {
    let warming = Instant::now();
    once(a).await?;
    once(b).await?;
    while warming.elapsed() < effort.warm_up {
        once(a).await?;
        once(b).await?;
    }
    let (mut of_a, mut of_b) = (Samples::default(), Samples::default());
    let started = Instant::now();
    while effort.wants_more(&of_a, started) {
        of_a.push(once(a).await?);
        of_b.push(once(b).await?);
    }
    Ok((of_a, of_b))
}

/// The statements of one operation; `None` when the server does not count. The fewest of three counts, because the host's
/// background work is counted with whatever runs beside it.
pub(crate) async fn statements<O: Operation>(db: &Db, operation: &mut O) -> Result<Option<Statements>> {
    let mut fewest: Option<Statements> = None;
    for _ in 0..3 {
        let ready = operation.prepare().await?;
        let before = counted(db.pool()).await?;
        let answer = operation.run(ready).await?;
        let after = counted(db.pool()).await?;
        operation.check(answer)?;
        let Some((before, after)) = before.zip(after) else { return Ok(None) };
        let ran = after.since(&before);
        fewest = Some(match fewest {
            Some(fewest) if fewest.total() <= ran.total() => fewest,
            _ => ran,
        });
    }
    Ok(fewest)
}
