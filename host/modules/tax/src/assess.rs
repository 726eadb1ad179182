//! Asking every tax strategy, stage by stage: a later stage sees what the earlier ones found, the strategies of one stage
//! do not see each other.

use std::sync::Arc;

use vectis_contracts::points::{PointError, Strategies, TaxPoint, TaxingLine, TaxingQuestion};
use vectis_contracts::tax::{AssessCode, TaxAssessment, TaxQuery};
use vectis_db::Db;
use vectis_kernel::{Ctx, Failure};

use crate::model::{AddError, Collected, Exempt};
use crate::store;

type Outcome<T> = Result<T, Failure<AssessCode>>;

pub(crate) async fn assess(
    db: &Db,
    strategies: &dyn Strategies,
    ctx: &Ctx,
    query: &TaxQuery,
) -> Outcome<TaxAssessment> {
    check_currencies(query)?;
    let points = strategies.tax(ctx, query.channel_id).map_err(|error| failed(&error))?;
    let exempt = match query.account_id {
        Some(account_id) => store::exempt(db.pool(), account_id, query, ctx.now()).await?,
        None => Exempt::default(),
    };
    let mut question = question(ctx, query, &exempt);
    let mut collected = Collected::new(query);
    for stage in stages(&points) {
        question.taxed_before = collected.sums().to_vec();
        for point in stage {
            let answer = point.tax(&question).map_err(|error| failed(&error))?;
            collected.add(&query.lines, &answer).map_err(|error| broken(point.name(), error))?;
        }
    }
    let names = points.iter().map(|point| point.name()).collect::<Vec<_>>().join(" + ");
    collected.finish(query).map_err(|error| broken(&names, error))
}

/// A line in another currency than the query is the caller's bug, not the strategies'.
fn check_currencies(query: &TaxQuery) -> Outcome<()> {
    match query.lines.iter().position(|line| line.amount.currency != query.currency) {
        Some(line) => Err(Failure::internal(format!("line {line} to tax is not in {}", query.currency))),
        None => Ok(()),
    }
}

/// The strategies of each stage, lowest stage first; [`Strategies::tax`] gives them in this order.
fn stages(points: &[Arc<dyn TaxPoint>]) -> impl Iterator<Item = &[Arc<dyn TaxPoint>]> {
    points.chunk_by(|one, next| one.stage() == next.stage())
}

fn question(ctx: &Ctx, query: &TaxQuery, exempt: &Exempt) -> TaxingQuestion {
    let lines = query.lines.iter().map(|line| TaxingLine {
        amount: line.amount,
        quantity: line.quantity,
        category: line.category.clone(),
        is_exempt: exempt.covers(&line.category),
    });
    TaxingQuestion {
        channel_id: query.channel_id,
        currency: query.currency,
        prices_include_tax: query.prices_include_tax,
        destination: query.destination.clone(),
        at: ctx.now(),
        lines: lines.collect(),
        taxed_before: Vec::new(),
    }
}

fn failed(error: &PointError) -> Failure<AssessCode> {
    Failure::refused(AssessCode::StrategyFailed, error.to_string())
}

fn broken(strategy: &str, error: AddError) -> Failure<AssessCode> {
    match error {
        AddError::Invalid(what) => {
            failed(&PointError::InvalidAnswer { point: "vectis.tax", plugin: strategy.to_owned(), what })
        }
        AddError::OutOfRange => {
            Failure::refused(AssessCode::OutOfRange, "an amount with its taxes is out of range")
        }
    }
}
