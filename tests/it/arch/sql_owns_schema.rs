//! A module's SQL names only its own schema, always with the schema's name in front. Read from the literals in the
//! sources and from the migrations, token by token.

use std::collections::BTreeSet;

use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::tokenizer::{Token, Tokenizer, Word};
use syn::visit::Visit;

use super::{files, modules, root, short};

/// All string literals of a file that read like SQL.
struct Literals(Vec<String>);

impl<'ast> Visit<'ast> for Literals {
    fn visit_lit_str(&mut self, literal: &'ast syn::LitStr) {
        self.push(&literal.value());
    }

    fn visit_macro(&mut self, invocation: &'ast syn::Macro) {
        self.tokens(invocation.tokens.clone());
        syn::visit::visit_macro(self, invocation);
    }
}

impl Literals {
    fn tokens(&mut self, tokens: proc_macro2::TokenStream) {
        for token in tokens {
            match token {
                proc_macro2::TokenTree::Group(group) => self.tokens(group.stream()),
                proc_macro2::TokenTree::Literal(literal) => {
                    if let Ok(text) = syn::parse_str::<syn::LitStr>(&literal.to_string()) {
                        self.push(&text.value());
                    }
                }
                _ => {}
            }
        }
    }

    fn push(&mut self, text: &str) {
        let first = text.split_whitespace().next().unwrap_or_default();
        if ["SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "LOCK"].contains(&first) {
            self.0.push(text.to_owned());
        }
    }
}

fn words(sql: &str) -> Vec<Token> {
    let tokens = Tokenizer::new(&PostgreSqlDialect {}, sql).tokenize().unwrap_or_default();
    tokens.into_iter().filter(|token| !matches!(token, Token::Whitespace(_))).collect()
}

fn word(token: Option<&Token>) -> Option<&Word> {
    match token {
        Some(Token::Word(word)) => Some(word),
        _ => None,
    }
}

/// Complaints about one statement or migration.
fn complaints(sql: &str, schema: &str) -> Vec<String> {
    let tokens = words(sql);
    let upper = |at: usize| word(tokens.get(at)).map(|word| word.value.to_uppercase()).unwrap_or_default();
    // Names made by the statement itself: `WITH x AS (`, `, y AS MATERIALIZED (`.
    let local: BTreeSet<String> = (0..tokens.len())
        .filter(|at| upper(at + 1) == "AS" || (tokens.get(at + 1) == Some(&Token::LParen)))
        .filter_map(|at| word(tokens.get(at)).map(|word| word.value.clone()))
        .collect();
    let mut found = Vec::new();
    for at in 0..tokens.len() {
        let keyword = upper(at);
        let before = if at == 0 { String::new() } else { upper(at - 1) };
        let opens = match keyword.as_str() {
            "FROM" => before != "DISTINCT",
            "JOIN" | "INTO" | "REFERENCES" => true,
            "UPDATE" => !["FOR", "DO", "ON", "KEY", "OR", "BEFORE", "AFTER", ","].contains(&before.as_str()),
            "TABLE" => true,
            _ => false,
        };
        if keyword == "SEARCH_PATH" {
            found.push("search_path is never set".to_owned());
        }
        if keyword == "SELECT" && tokens.get(at + 1) == Some(&Token::Mul) {
            found.push("SELECT * hides which columns are read".to_owned());
        }
        if !opens {
            continue;
        }
        let mut next = at + 1;
        while ["IF", "NOT", "EXISTS", "ONLY", "LATERAL"].contains(&upper(next).as_str()) {
            next += 1;
        }
        let Some(name) = word(tokens.get(next)) else { continue };
        if tokens.get(next + 1) == Some(&Token::Period) {
            if name.value != schema && name.value != "pg_catalog" {
                found.push(format!("it names the schema {}", name.value));
            }
        } else if tokens.get(next + 1) != Some(&Token::LParen) && !local.contains(&name.value) {
            found.push(format!("the table {} stands without its schema", name.value));
        }
    }
    found
}

#[test]
fn every_module_queries_only_its_own_schema() {
    let mut wrong = Vec::new();
    let mut statements = 0;
    for module in modules() {
        for file in files(&root().join(format!("host/modules/{module}/src")), "rs") {
            if short(&file).contains("/tests") {
                continue;
            }
            let parsed = syn::parse_file(&std::fs::read_to_string(&file).unwrap()).unwrap();
            let mut literals = Literals(Vec::new());
            literals.visit_file(&parsed);
            for sql in literals.0 {
                statements += 1;
                let place = short(&file);
                wrong.extend(
                    complaints(&sql, &module).into_iter().map(|why| format!("{place}: {why} in {sql:.60}")),
                );
            }
        }
    }

    assert!(statements > 50, "only {statements} statements were found; does the search still work?");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_migration_makes_only_its_own_schema() {
    let mut wrong = Vec::new();
    for folder in modules().into_iter().chain(["events".to_owned(), "search_index".to_owned()]) {
        for file in files(&root().join("migrations").join(&folder), "sql") {
            let sql = std::fs::read_to_string(&file).unwrap();
            let place = short(&file);
            wrong.extend(complaints(&sql, &folder).into_iter().map(|why| format!("{place}: {why}")));
        }
    }

    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_search_finds_what_it_looks_for() {
    assert_eq!(complaints("SELECT a FROM orders.sales_order", "orders"), Vec::<String>::new());
    assert_eq!(complaints("SELECT a FROM carts.cart", "orders"), ["it names the schema carts"]);
    assert_eq!(complaints("SELECT a FROM cart", "carts"), ["the table cart stands without its schema"]);
    assert_eq!(
        complaints("WITH x AS (SELECT a FROM carts.cart) SELECT a FROM x JOIN UNNEST($1) y ON true", "carts"),
        Vec::<String>::new()
    );
    assert_eq!(complaints("CREATE TABLE a.b (c uuid REFERENCES d.e (id))", "a"), ["it names the schema d"]);
    assert_eq!(complaints("SELECT * FROM a.b", "a").len(), 1);
}
