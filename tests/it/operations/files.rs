//! Rules, boards and units speak of what there is.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use vectis_tests::plugins::built_file;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(file: &str) -> String {
    fs::read_to_string(root().join("examples/operations").join(file)).unwrap()
}

/// Names of metrics that a text has.
fn metrics(text: &str) -> BTreeSet<String> {
    let is_word = |letter: char| letter.is_ascii_lowercase() || letter == '_';
    let words = text.split(|letter| !is_word(letter)).filter(|word| word.starts_with("vectis_"));
    words.map(str::to_owned).collect()
}

fn sources(folder: &Path, all: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, all);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            all.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn alerts_and_board_ask_for_metrics_that_there_are() {
    let mut code = String::new();
    sources(&root().join("host"), &mut code);
    for file in ["alerts.yaml", "grafana.json"] {
        let asked = metrics(&read(file));
        assert!(asked.len() > 4, "{file}: {asked:?}");
        let unknown: Vec<&String> =
            asked.iter().filter(|metric| !code.contains(&format!("\"{metric}\""))).collect();
        assert!(unknown.is_empty(), "{file} asks for {unknown:?}");
    }
}

#[test]
fn the_board_is_json_and_each_panel_says_what_it_shows() {
    let board: serde_json::Value = serde_json::from_str(&read("grafana.json")).unwrap();
    let panels = board["panels"].as_array().unwrap();
    assert!(!panels.is_empty());
    for panel in panels {
        assert!(panel["description"].as_str().is_some_and(|text| !text.is_empty()), "{}", panel["title"]);
    }
}

#[test]
fn every_unit_starts_a_command_that_there_is() {
    let units = fs::read_dir(root().join("examples/operations/systemd")).unwrap();
    let mut count = 0;
    for unit in units {
        let text = fs::read_to_string(unit.unwrap().path()).unwrap();
        let line =
            text.lines().find_map(|line| line.strip_prefix("ExecStart=/usr/local/bin/vectis ")).unwrap();
        let word = line.split(' ').next().unwrap();
        let help = Command::new(built_file("vectis", "vectis")).args([word, "--help"]).output().unwrap();
        assert!(help.status.success(), "{word}");
        assert!(String::from_utf8_lossy(&help.stdout).contains("--env"), "{word}");
        count += 1;
    }
    assert_eq!(count, 5);
}
