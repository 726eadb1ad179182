use std::path::Path;

use vectis_plugin_api::abi::load::{OpenErrorKind, open};

#[test]
fn a_file_that_is_not_there_is_refused() {
    let error = open(Path::new("/nowhere/plugin.so")).err().unwrap();

    assert_eq!(error.kind, OpenErrorKind::Link);
    assert!(error.summary.contains("/nowhere/plugin.so"), "{}", error.summary);
}

#[test]
fn a_text_file_is_refused() {
    let error = open(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))).err().unwrap();

    assert_eq!(error.kind, OpenErrorKind::Link);
    assert_eq!(error.summary.lines().count(), 1);
}

#[test]
fn a_library_that_is_no_plugin_is_refused() {
    let error = open(Path::new("libm.so.6")).err().unwrap();

    assert_eq!(error.kind, OpenErrorKind::NotAPlugin);
    assert_eq!(error.summary, "it exports no plugin: export_plugin! is missing");
}
