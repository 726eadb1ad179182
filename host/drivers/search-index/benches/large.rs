//! What searches of a large catalogue take: fills the index of `$DATABASE_URL` as a re-index does, and searches it by turns.
//! `VECTIS_BENCH_DOCUMENTS` says how many documents; half a million when left out.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::time::{Duration, Instant};

use uuid::Uuid;
use vectis_contracts::ports::search_index::{CATEGORY, Copy, Document, EVERYBODY, Order, Query, SearchIndex};
use vectis_db::{Db, PoolSettings};
use vectis_kernel::ids::ProductId;
use vectis_search_index::{MIGRATIONS, PgIndex};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

const AT_ONCE: u64 = 500;
const ROUNDS: u64 = 200;

const NOUNS: [&str; 24] = [
    "bolt",
    "screw",
    "washer",
    "hammer",
    "drill",
    "wrench",
    "bracket",
    "hinge",
    "valve",
    "gasket",
    "bearing",
    "pulley",
    "clamp",
    "anchor",
    "rivet",
    "coupling",
    "flange",
    "spindle",
    "bushing",
    "sprocket",
    "actuator",
    "manifold",
    "connector",
    "terminal",
];
const KINDS: [&str; 16] = [
    "hexagon",
    "countersunk",
    "galvanized",
    "stainless",
    "cordless",
    "hydraulic",
    "pneumatic",
    "adjustable",
    "threaded",
    "insulated",
    "reinforced",
    "magnetic",
    "telescopic",
    "precision",
    "universal",
    "waterproof",
];
const SYLLABLES: [&str; 32] = [
    "ba", "co", "di", "fe", "gu", "ha", "ji", "ke", "lo", "mu", "na", "po", "qui", "re", "si", "ta", "ur",
    "ve", "wi", "xa", "yo", "ze", "bra", "cle", "dri", "flo", "gru", "pla", "ste", "tro", "sma", "cho",
];

/// The same numbers in every run.
struct Dice(u64);

impl Dice {
    fn throw(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    fn one_of<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.throw(of.len() as u64) as usize]
    }

    /// One of some thirty thousand.
    fn word(&mut self) -> String {
        (0..3).map(|_| self.one_of(&SYLLABLES)).collect()
    }
}

fn sku(number: u64) -> String {
    let letter = |at: u64| char::from(b'A' + ((number / 26_u64.pow(at as u32)) % 26) as u8);
    format!("{}{}{}-{:06}/{:02}", letter(0), letter(1), letter(2), number, number % 100)
}

fn document(number: u64) -> Document {
    let mut dice = Dice(number.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    dice.throw(2);
    let size = format!("M{}x{}", 3 + dice.throw(20), 10 + 5 * dice.throw(40));
    let name = format!("{} {} {} {size}", dice.word(), dice.one_of(&KINDS), dice.one_of(&NOUNS));
    let description = (0..15).map(|_| dice.word()).collect::<Vec<_>>().join(" ");
    let value = |name: &str, number: u64| BTreeSet::from([format!("{name}-{number}")]);
    let facets = BTreeMap::from([
        (CATEGORY.to_owned(), value("category", dice.throw(200))),
        ("brand".to_owned(), value("brand", dice.throw(300))),
        ("color".to_owned(), value("color", dice.throw(12))),
    ]);
    Document {
        id: ProductId(Uuid::from_u128(u128::from(number))),
        name,
        description,
        skus: vec![sku(number)],
        variant_names: Vec::new(),
        facets,
        audience: vec![EVERYBODY.to_owned()],
    }
}

fn setting(wanted: &str) -> Option<String> {
    std::env::vars().find(|(name, _)| name == wanted).map(|(_, value)| value)
}

#[tokio::main]
async fn main() -> Outcome<()> {
    let Some(url) = setting("DATABASE_URL") else {
        say("not measured: DATABASE_URL names no server; see .ci/with-postgres");
        return Ok(());
    };
    let documents = setting("VECTIS_BENCH_DOCUMENTS").and_then(|text| text.parse().ok()).unwrap_or(500_000);
    let db = Db::new(vectis_db::connect_url(&url, &PoolSettings::default()).await?);
    vectis_db::migrate(db.pool(), &[&MIGRATIONS]).await?;
    let index = PgIndex::new(&db);
    fill(&index, documents).await?;
    let size: (String, String) = sqlx::query_as(
        "SELECT PG_SIZE_PRETTY(SUM(PG_TOTAL_RELATION_SIZE(tree.relid))), \
                PG_SIZE_PRETTY(SUM(PG_INDEXES_SIZE(tree.relid))) \
         FROM PG_PARTITION_TREE('search_index.document') AS tree",
    )
    .fetch_one(db.pool())
    .await?;
    say(&format!("size on disk: {}, of which indexes {}", size.0, size.1));
    measure(&index, documents).await
}

async fn fill(index: &PgIndex, documents: u64) -> Outcome<()> {
    let started = Instant::now();
    index.prepare_next().await?;
    for first in (0..documents).step_by(AT_ONCE as usize) {
        let part: Vec<Document> = (first..documents.min(first + AT_ONCE)).map(document).collect();
        index.write(Copy::Next, &part, &[]).await?;
    }
    let written = started.elapsed();
    index.swap().await?;
    say(&format!(
        "re-index of {documents}: {:.1?}, swapped in {:.1?} more",
        written,
        started.elapsed() - written
    ));
    Ok(())
}

async fn measure(index: &PgIndex, documents: u64) -> Outcome<()> {
    let text =
        |text: String| Query { text, audience: vec![EVERYBODY.to_owned()], take: 21, ..Query::default() };
    let facets = [CATEGORY, "brand", "color"].map(str::to_owned).to_vec();
    let in_category = |number: u64| vec![(CATEGORY.to_owned(), vec![format!("category-{}", number % 200)])];
    let mut dice = Dice(88_172_645_463_325_252);
    let mut rows: Vec<(&str, Vec<Query>)> = Vec::new();
    let mut row = |name: &'static str, mut query: Box<dyn FnMut(&mut Dice) -> Query>| {
        rows.push((name, (0..ROUNDS).map(|_| query(&mut dice)).collect()));
    };
    row("SKU, exact", Box::new(move |dice| text(sku(dice.throw(documents)))));
    row(
        "SKU without separators, first seven signs",
        Box::new(move |dice| {
            let plain: String =
                sku(dice.throw(documents)).chars().filter(|sign| sign.is_alphanumeric()).collect();
            text(plain[..7].to_owned())
        }),
    );
    row(
        "two words and a beginning",
        Box::new(move |dice| {
            let noun = dice.one_of(&NOUNS);
            text(format!("{} {}", dice.one_of(&KINDS), &noun[..3]))
        }),
    );
    row("a rare word's beginning", Box::new(move |dice| text(dice.word()[..5].to_owned())));
    row(
        "a slip",
        Box::new(move |dice| {
            let (kind, noun) = (dice.one_of(&KINDS), dice.one_of(&NOUNS));
            let (first, last) = kind.split_at(kind.len() - 3);
            text(format!(
                "{first}{} {noun}",
                last.chars().rev().collect::<String>().replacen(' ', "", 1)[..2].to_owned() + "q"
            ))
        }),
    );
    let counted = facets.clone();
    row(
        "two words, three facets counted",
        Box::new(move |dice| Query {
            facets: counted.clone(),
            ..text(format!("{} {}", dice.one_of(&KINDS), dice.one_of(&NOUNS)))
        }),
    );
    let counted = facets.clone();
    row(
        "a category by name, three facets counted",
        Box::new(move |dice| {
            let filters = in_category(dice.throw(200));
            Query { filters, facets: counted.clone(), order: Order::Name, ..text(String::new()) }
        }),
    );
    row("everything, newest first", Box::new(move |_| Query { order: Order::Newest, ..text(String::new()) }));
    row("one common word, 30,000 matches", Box::new(move |dice| text(dice.one_of(&KINDS).to_owned())));
    row("two letters, very many matches", Box::new(move |dice| text(dice.word()[..2].to_owned())));
    ask(index, &rows).await
}

/// Asks all of them, row by row, and prints how long they took.
async fn ask(index: &PgIndex, rows: &[(&str, Vec<Query>)]) -> Outcome<()> {
    say("| search | found (median) | p50 | p99 |\n|---|---|---|---|");
    for (name, queries) in rows {
        let mut took: Vec<Duration> = Vec::new();
        let mut found: Vec<u32> = Vec::new();
        for query in queries {
            let started = Instant::now();
            let answer = index.search(query).await?;
            took.push(started.elapsed());
            found.push(answer.total);
        }
        took.sort();
        found.sort_unstable();
        let at = |percent: usize| took[(took.len() - 1) * percent / 100];
        say(&format!("| {name} | {} | {:.1?} | {:.1?} |", found[found.len() / 2], at(50), at(99)));
    }
    Ok(())
}

fn say(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}
