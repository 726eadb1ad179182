use super::*;

#[test]
fn the_library_is_the_one_of_the_cdylib() {
    let artifact = |kinds: &[&str], files: &[&str]| json!({ "reason": "compiler-artifact", "target": { "crate_types": kinds }, "filenames": files });

    let plugin = artifact(&["cdylib", "rlib"], &["/t/libacme.so", "/t/libacme.rlib"]);
    assert_eq!(library_in(&plugin), Some(PathBuf::from("/t/libacme.so")));
    assert_eq!(library_in(&artifact(&["proc-macro"], &["/t/libserde_derive.so"])), None);
    assert_eq!(library_in(&artifact(&["lib"], &["/t/libacme.rlib"])), None);
    assert_eq!(library_in(&json!({ "reason": "build-finished", "success": true })), None);
}

#[test]
fn an_edit_is_seen_and_a_build_is_not() {
    let folder = std::env::temp_dir().join(format!("vectis-dev-{}", std::process::id()));
    fs::create_dir_all(folder.join("src")).unwrap();
    fs::create_dir_all(folder.join("target/debug")).unwrap();
    fs::write(folder.join("src/lib.rs"), "one").unwrap();
    let before = sources(&folder).unwrap();

    fs::write(folder.join("target/debug/libacme.so"), "built").unwrap();
    fs::write(folder.join(".lib.rs.swp"), "an editor's").unwrap();
    assert_eq!(sources(&folder).unwrap(), before);

    let later = SystemTime::now() + Duration::from_secs(5);
    fs::File::options().write(true).open(folder.join("src/lib.rs")).unwrap().set_modified(later).unwrap();
    assert_ne!(sources(&folder).unwrap(), before);
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_refusal_is_the_shops_sentence() {
    let plugins = json!([
        { "name": "acme", "version": "1.0.0", "refusal": null },
        { "name": "other", "version": "2.0.0", "refusal": "other 2.0.0 (other.so) refused at step api: too new" },
    ]);

    assert_eq!(swapped(&plugins, "acme").unwrap(), "1.0.0");
    assert!(swapped(&plugins, "other").unwrap_err().to_string().ends_with("too new"));
    assert!(swapped(&plugins, "none").unwrap_err().to_string().contains("--plugins"));
}
