//! Tables of a plugin's own. Since API 1.1.
//!
//! A plugin that keeps more than single values embeds one SQL file: what makes its tables, step by step, and the statements
//! that it runs on them, each with a name.
//!
//! ```sql
//! -- migration: 1 certificates
//! CREATE TABLE certificate (
//!     serial text PRIMARY KEY,
//!     bought_on date NOT NULL
//! );
//! CREATE INDEX certificate_day ON certificate (bought_on);
//!
//! -- statement: register
//! INSERT INTO certificate (serial, bought_on)
//! VALUES ($1->>'serial', ($1->>'boughtOn')::date)
//! ON CONFLICT (serial) DO NOTHING
//! RETURNING serial;
//!
//! -- statement: of_day
//! SELECT serial FROM certificate WHERE bought_on = ($1->>'day')::date ORDER BY serial;
//! ```
//!
//! ```toml
//! # plugin.toml                       # and in vectis.toml under [plugins.grants.acme-warranty]
//! [capabilities]
//! tables = ["own"]
//! ```
//!
//! ```text
//! export_plugin! { …, tables: "../tables.sql" }
//!
//! let rows = host.sql("register", &json!({ "serial": "A1", "boughtOn": "2026-01-15" }))?;
//! ```
//!
//! # What the host makes of it
//!
//! - **A schema and a role** `plugin_<name>`, hyphens as underscores. Everything runs as that role, which can reach nothing else:
//!   no table of the shop or of another plugin, no file, no program.
//! - **Migrations** run when the plugin is loaded and allowed to, all that are missing in one transaction, together with a trial
//!   of every statement. They are numbered from 1 and only ever added: one that was applied and has changed is refused.
//!   Other processes may still run the version before, and an operator may go back to it, so add columns first and take them
//!   away two versions later.
//! - **No functions, triggers or rules**: what is to happen stands in statements.
//! - **Statements** are one `SELECT`, `INSERT`, `UPDATE` or `DELETE` each, also after a `WITH`. Those that write end with
//!   `RETURNING`. [`Host::sql`](crate::Host::sql) runs one in a transaction of its own, in calls that may wait. `$1` is the JSON
//!   object of its parameters, for many rows at once with `jsonb_to_recordset($1->'rows')`.
//! - **Limits**: 2 s for a statement and 60 s for the migrations, 10,000 rows and 1 MiB of an answer, 1 MiB of parameters, 1 MiB
//!   of the file.
//! - **The tables stay** when the plugin is removed; `vectis plugins purge NAME` drops them.
//!
//! In tests [`TestHost::on_sql`](crate::testing::TestHost::on_sql) answers in the database's place.

use std::collections::BTreeMap;
use std::fmt;

/// Bytes of a file.
const MAX_BYTES: usize = 1024 * 1024;
const MIGRATION: &str = "-- migration:";
const STATEMENT: &str = "-- statement:";

/// What a plugin embeds for its tables.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tables {
    /// In order, numbered from 1.
    pub migrations: Vec<Migration>,
    /// Name → text, without the semicolon at its end.
    pub statements: BTreeMap<String, String>,
}

/// A step of the schema's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migration {
    /// Its place.
    pub number: u32,
    /// For people.
    pub name: String,
    /// One statement or several.
    pub sql: String,
}

/// The text is no such file. Says where and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TablesError(String);

impl fmt::Display for TablesError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for TablesError {}

/// A part of the file: its heading with the line it stands in, and what follows.
struct Part<'a> {
    line: usize,
    heading: &'a str,
    body: String,
}

impl Tables {
    /// Reads a file. Its SQL is only looked at from outside; the database judges it.
    ///
    /// # Errors
    /// It is too large, has SQL before the first heading, a gap in the numbers, a name that is none or given twice, an empty
    /// part, or a statement of another kind.
    pub fn parse(text: &str) -> Result<Self, TablesError> {
        if text.len() > MAX_BYTES {
            return Err(TablesError(format!("it has {} bytes, at most {MAX_BYTES} are read", text.len())));
        }
        let mut tables = Self::default();
        for part in parts(text)? {
            let wrong = |why: String| TablesError(format!("line {}: {why}", part.line));
            if meaning(&part.body).is_empty() {
                return Err(wrong(format!("nothing follows {:?}", part.heading)));
            }
            if let Some(heading) = part.heading.strip_prefix(MIGRATION) {
                tables
                    .migrations
                    .push(migration(heading, tables.migrations.len(), part.body).map_err(wrong)?);
            } else {
                let name = part.heading.trim_start_matches(STATEMENT).trim().to_owned();
                let text = statement(&name, &part.body).map_err(wrong)?;
                if tables.statements.insert(name.clone(), text).is_some() {
                    return Err(wrong(format!("the statement {name} stands here a second time")));
                }
            }
        }
        Ok(tables)
    }
}

fn parts(text: &str) -> Result<Vec<Part<'_>>, TablesError> {
    let mut parts: Vec<Part<'_>> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        if line.starts_with(MIGRATION) || line.starts_with(STATEMENT) {
            parts.push(Part { line: number + 1, heading: line, body: String::new() });
        } else if let Some(part) = parts.last_mut() {
            part.body.push_str(line);
            part.body.push('\n');
        } else if !meaning(line).is_empty() {
            let line = number + 1;
            return Err(TablesError(format!("line {line}: SQL stands below {MIGRATION:?} or {STATEMENT:?}")));
        }
    }
    Ok(parts)
}

/// What is left without lines that are comments.
fn meaning(sql: &str) -> String {
    let lines = sql.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("--"));
    lines.collect::<Vec<_>>().join("\n")
}

fn migration(heading: &str, before: usize, sql: String) -> Result<Migration, String> {
    let (number, name) = heading.trim().split_once(' ').unwrap_or((heading.trim(), ""));
    let name = name.trim();
    let expected = u32::try_from(before).unwrap_or(u32::MAX).saturating_add(1);
    if number.parse() != Ok(expected) {
        return Err(format!(
            "migration {number:?} must be number {expected}: they are counted from 1, without gaps"
        ));
    }
    if !is_name(name) {
        return Err(format!("the migration's name {name:?} must read like certificates, after its number"));
    }
    Ok(Migration { number: expected, name: name.to_owned(), sql })
}

fn statement(name: &str, sql: &str) -> Result<String, String> {
    if !is_name(name) {
        return Err(format!("the statement's name {name:?} must read like of_day"));
    }
    let text = meaning(sql).trim_end_matches([';', ' ', '\n']).to_owned();
    let upper = text.to_ascii_uppercase();
    let first = upper.split(|letter: char| !letter.is_ascii_alphabetic()).next().unwrap_or_default();
    let returns = upper.split(|letter: char| !letter.is_ascii_alphanumeric()).any(|word| word == "RETURNING");
    match first {
        "SELECT" | "WITH" => Ok(text),
        "INSERT" | "UPDATE" | "DELETE" if returns => Ok(text),
        "INSERT" | "UPDATE" | "DELETE" => {
            Err(format!("the statement {name} must say what it wrote: end it with RETURNING"))
        }
        _ => Err(format!("the statement {name} must be one SELECT, INSERT, UPDATE or DELETE")),
    }
}

fn is_name(text: &str) -> bool {
    text.len() <= 64
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}
