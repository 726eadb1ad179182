//! Asking for prices: one statement, one call.

use vectis_contracts::points::{PointError, PricingQuestion, Strategies};
use vectis_contracts::pricing::{PriceQuery, PriceTier, QuoteCode, QuotedPrice};
use vectis_db::Db;
use vectis_kernel::{Ctx, Failure};

use crate::model::{self, Candidates};
use crate::store;

/// Most lines of a query.
const MAX_LINES: usize = 10_000;

pub(crate) async fn quote(
    db: &Db,
    strategies: &dyn Strategies,
    ctx: &Ctx,
    query: &PriceQuery,
) -> Result<Vec<Option<QuotedPrice>>, Failure<QuoteCode>> {
    check_length(query)?;
    if query.lines.is_empty() {
        return Ok(Vec::new());
    }
    let candidates = gather(db, ctx, query).await?;
    let question = model::quote_question(query, candidates, ctx.now());
    ask(strategies, ctx, &question)
}

pub(crate) async fn ladders(
    db: &Db,
    strategies: &dyn Strategies,
    ctx: &Ctx,
    query: &PriceQuery,
) -> Result<Vec<Vec<PriceTier>>, Failure<QuoteCode>> {
    check_length(query)?;
    if query.lines.is_empty() {
        return Ok(Vec::new());
    }
    let candidates = gather(db, ctx, query).await?;
    let (question, rungs) = model::ladder_question(query, candidates, ctx.now());
    let quoted = ask(strategies, ctx, &question)?;
    Ok(model::ladders(&rungs, &quoted))
}

fn check_length(query: &PriceQuery) -> Result<(), Failure<QuoteCode>> {
    let lines = query.lines.len();
    if lines > MAX_LINES {
        let message = format!("{lines} lines are more than {MAX_LINES}");
        return Err(Failure::at(QuoteCode::TooMany, "lines", message));
    }
    Ok(())
}

async fn gather(db: &Db, ctx: &Ctx, query: &PriceQuery) -> Result<Candidates, Failure<QuoteCode>> {
    let sources = store::quote::sources(db.pool(), query, ctx.now()).await?;
    Ok(Candidates::new(sources, query.currency))
}

fn ask(
    strategies: &dyn Strategies,
    ctx: &Ctx,
    question: &PricingQuestion,
) -> Result<Vec<Option<QuotedPrice>>, Failure<QuoteCode>> {
    let strategy = strategies.pricing(ctx, question.channel_id).map_err(|error| failed(&error))?;
    let answers = strategy.price(question).map_err(|error| failed(&error))?;
    model::quotes(question, &answers, strategy.name()).map_err(|error| failed(&error))
}

fn failed(error: &PointError) -> Failure<QuoteCode> {
    Failure::refused(QuoteCode::StrategyFailed, error.to_string())
}
