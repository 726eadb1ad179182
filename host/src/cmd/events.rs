//! `vectis events …`: looking at events, sending them again, dead letters.

use std::io::Read as _;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use vectis_contracts::events::{SCHEMAS, topics};
use vectis_contracts::ports::event_log::{Delivered, EventLog, Record};
use vectis_db::dead_letters;
use vectis_db::{Db, outbox};
use vectis_events::dead_letters::{Redriven, as_delivered};
use vectis_events::replay;

use super::say;
use crate::cli::{DeadLettersAction, EventsCommand};
use crate::compose::{Migrations, compose, look_into_database};
use crate::config::Config;
use crate::events::{CONSUMERS, Events};
use crate::telemetry;

/// Most dead letters shown or tried in one go.
const MOST_LETTERS: i64 = 10_000;

/// Does what the command says.
pub async fn run(config: Config, command: EventsCommand) -> anyhow::Result<ExitCode> {
    if let EventsCommand::Schema { event_type } = &command {
        return schema(event_type.as_deref());
    }
    telemetry::start_logs(&config.log)?;
    if let EventsCommand::DeadLetters { consumer, action: Some(action) } = command {
        return redrive_all(config, consumer.as_deref(), action).await;
    }
    let (db, postgres) = look_into_database(&config.database).await?;
    let events = Events::new(&db, &config.events)?;
    let outcome = match command {
        EventsCommand::Tail { topic, count } => tail(&*events.log(), &topic, count).await,
        EventsCommand::Replay { since, consumer: None } => replay_to_broker(&db, &events, since).await,
        EventsCommand::Replay { since, consumer: Some(name) } => forget(&db, &events, &name, since).await,
        EventsCommand::Send { file, topic } => send(&*events.log(), &file, &topic).await,
        EventsCommand::Readers => readers(&db).await,
        EventsCommand::DeadLetters { consumer, .. } => list(&db, consumer.as_deref()).await,
        EventsCommand::Schema { .. } => Ok(()),
    };
    db.pool().close().await;
    if let Some(postgres) = postgres {
        postgres.stop().await;
    }
    outcome.map(|()| ExitCode::SUCCESS)
}

fn schema(event_type: Option<&str>) -> anyhow::Result<ExitCode> {
    let Some(wanted) = event_type else {
        SCHEMAS.iter().for_each(|(event_type, _)| say(event_type));
        return Ok(ExitCode::SUCCESS);
    };
    let Some((_, text)) = SCHEMAS.iter().find(|(event_type, _)| *event_type == wanted) else {
        bail!("there is no event type {wanted}; `vectis events schema` lists them");
    };
    say(text.trim_end());
    Ok(ExitCode::SUCCESS)
}

/// A record as people and scripts read it.
fn line(delivered: &Delivered) -> String {
    let record = &delivered.record;
    let payload: Value = serde_json::from_slice(&record.payload)
        .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&record.payload).into_owned()));
    let place = json!({
        "topic": record.topic, "partition": delivered.partition, "offset": delivered.offset, "key": record.key,
        "headers": record.headers, "payload": payload,
    });
    place.to_string()
}

async fn tail(log: &dyn EventLog, wanted: &[String], count: Option<usize>) -> anyhow::Result<()> {
    let wanted: Vec<&str> =
        if wanted.is_empty() { topics() } else { wanted.iter().map(String::as_str).collect() };
    log.ensure_topics(&wanted).await?;
    let mut subscription = log.watch(&wanted).await?;
    tracing::info!(log = log.name(), "watching");
    let mut left = count.unwrap_or(usize::MAX);
    while left > 0 {
        let batch = tokio::select! {
            _ = tokio::signal::ctrl_c() => return Ok(()),
            batch = subscription.next(left.min(500), Duration::from_secs(60)) => batch?,
        };
        batch.iter().for_each(|delivered| say(&line(delivered)));
        left -= batch.len();
    }
    Ok(())
}

async fn replay_to_broker(db: &Db, events: &Events, since: DateTime<Utc>) -> anyhow::Result<()> {
    let Some(broker) = &events.broker else {
        bail!(
            "there is no broker to send to; name a consumer that should take events in once more: --consumer"
        );
    };
    let sent = replay::replay(db, &**broker, since).await?;
    say(&format!("{sent} events sent once more"));
    Ok(())
}

async fn forget(db: &Db, events: &Events, name: &str, since: DateTime<Utc>) -> anyhow::Result<()> {
    if !CONSUMERS.contains(&name) {
        bail!("there is no consumer {name}; there are {}", CONSUMERS.join(", "));
    }
    let forgotten = outbox::move_back(db, name, since).await?;
    say(&format!("{name} forgets {forgotten} events it took in"));
    match &events.broker {
        Some(_) => replay_to_broker(db, events, since).await,
        None => Ok(()),
    }
}

async fn send(log: &dyn EventLog, file: &Path, topic: &str) -> anyhow::Result<()> {
    let mut text = String::new();
    if file == Path::new("-") {
        std::io::stdin().read_to_string(&mut text)?;
    } else {
        text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    }
    let mut records = Vec::new();
    for (number, text) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let read = || -> Option<(String, String)> {
            let line: Value = serde_json::from_str(text).ok()?;
            Some((
                line["key"].as_str()?.to_owned(),
                line["payload"].as_object().map(|_| line["payload"].to_string())?,
            ))
        };
        let Some((key, payload)) = read() else {
            bail!("line {} of {} is no object with \"key\" and \"payload\"", number + 1, file.display());
        };
        let headers = std::collections::BTreeMap::new();
        records.push(Record { topic: topic.to_owned(), key, headers, payload: payload.into_bytes() });
    }
    log.ensure_topics(&[topic]).await?;
    for batch in records.chunks(500) {
        log.append(batch).await?;
    }
    say(&format!("{} records written to {topic}", records.len()));
    Ok(())
}

async fn readers(db: &Db) -> anyhow::Result<()> {
    for standing in outbox::standings(db).await? {
        let oldest = standing.oldest.map_or_else(|| "-".to_owned(), |oldest| oldest.to_rfc3339());
        say(&format!(
            "{:<32} behind {:>8}  oldest {oldest}  moved {}",
            standing.name,
            standing.behind,
            standing.moved_at.to_rfc3339()
        ));
    }
    Ok(())
}

async fn list(db: &Db, consumer: Option<&str>) -> anyhow::Result<()> {
    for letter in dead_letters::list(db, consumer, MOST_LETTERS).await? {
        let record: Value = serde_json::from_str(&line(&as_delivered(&letter)))?;
        say(&json!({
            "id": letter.id, "consumer": letter.consumer, "eventId": letter.event_id, "reason": letter.reason,
            "attempts": letter.attempts, "createdAt": letter.created_at, "record": record,
        })
        .to_string());
    }
    Ok(())
}

/// Letters are taken in by the same handlers, so this needs all that a consumer has.
async fn redrive_all(
    config: Config,
    consumer: Option<&str>,
    action: DeadLettersAction,
) -> anyhow::Result<ExitCode> {
    let DeadLettersAction::Redrive { id } = action;
    let host = compose(config, Migrations::LookIn).await?;
    let letters = dead_letters::list(&host.db, consumer, MOST_LETTERS).await?;
    let mut code = ExitCode::SUCCESS;
    for letter in letters.iter().filter(|letter| id.is_none_or(|id| id == letter.id)) {
        match host.desk.try_again(letter).await? {
            Redriven::TakenIn => say(&format!("{}  taken in", letter.id)),
            Redriven::Gone => say(&format!("{}  gone meanwhile", letter.id)),
            Redriven::Failed(reason) => {
                say(&format!("{}  failed again: {reason}", letter.id));
                code = ExitCode::FAILURE;
            }
        }
    }
    host.stop().await;
    Ok(code)
}
