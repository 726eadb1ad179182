//! The file is the defaults; typos are named; secrets stay secret.

use std::path::PathBuf;

use super::*;

fn args(file: &str, set: &[&str]) -> ConfigArgs {
    ConfigArgs {
        file: Some(PathBuf::from(file)),
        env: None,
        set: set.iter().map(|s| (*s).to_owned()).collect(),
    }
}

fn repository_file() -> String {
    format!("{}/../vectis.toml", env!("CARGO_MANIFEST_DIR"))
}

/// All keys of a table, with dots.
fn keys(table: &toml::Table, prefix: &str, into: &mut Vec<String>) {
    for (key, value) in table {
        match value {
            toml::Value::Table(inner) => keys(inner, &format!("{prefix}{key}."), into),
            _ => into.push(format!("{prefix}{key}")),
        }
    }
}

#[test]
fn the_file_in_the_repository_says_every_key_with_its_default() {
    let text = std::fs::read_to_string(repository_file()).unwrap();
    let file: toml::Table = text.parse().unwrap();
    let defaults: toml::Table = toml::to_string(&Config::default()).unwrap().parse().unwrap();

    assert_eq!(file, defaults);
    // Keys without a default stand as comments.
    assert!(text.contains("# url_file") && text.contains("# bin_dir"));
    let mut all = Vec::new();
    keys(&file, "", &mut all);
    assert!(all.contains(&"server.listen".to_owned()));
}

#[test]
fn a_typo_is_answered_with_the_nearest_key() {
    let error = load(&args(&repository_file(), &["server.listn=127.0.0.1:1"])).unwrap_err().to_string();

    assert!(error.contains("server.listn") && error.contains("did you mean \"listen\""), "{error}");
}

#[test]
fn a_typo_in_a_section_is_answered_with_the_nearest_section() {
    let error = load(&args(&repository_file(), &["sever.listen=127.0.0.1:1"])).unwrap_err().to_string();

    assert!(error.contains("sever") && error.contains("did you mean \"server\""), "{error}");
}

#[test]
fn a_value_of_the_wrong_kind_names_its_key() {
    let error = load(&args(&repository_file(), &["database.max_connections=many"])).unwrap_err().to_string();

    assert!(error.contains("database.max_connections"), "{error}");
}

#[test]
fn flags_are_stronger_than_the_file() {
    let config =
        load(&args(&repository_file(), &["server.listen=127.0.0.1:9000", "graphql.depth=5"])).unwrap();

    assert_eq!(config.server.listen, "127.0.0.1:9000");
    assert_eq!(config.graphql.depth, 5);
}

#[test]
fn a_missing_file_that_was_asked_for_is_an_error() {
    let error = load(&args("nowhere.toml", &[])).unwrap_err();

    assert!(matches!(error, ConfigError::NoFile(_)));
}

#[test]
fn secrets_print_as_stars() {
    let config = load(&args(&repository_file(), &["database.url=postgres://me:hush@host/db"])).unwrap();

    assert!(!format!("{config:?}").contains("hush"));
    assert!(!toml::to_string(&config).unwrap().contains("hush"));
    assert_eq!(config.database.url.expose(), "postgres://me:hush@host/db");
}
