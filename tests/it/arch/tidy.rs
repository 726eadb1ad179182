//! What a careful reader would say of every file.

use super::{files, modules, root, short};

/// Lines above which a file has become a drawer.
const LONGEST: usize = 500;

#[test]
fn no_file_is_a_drawer() {
    let long: Vec<String> = files(&root(), "rs")
        .into_iter()
        .map(|file| (std::fs::read_to_string(&file).unwrap().lines().count(), short(&file)))
        .filter(|(lines, _)| *lines > LONGEST)
        .map(|(lines, file)| format!("{file} has {lines} lines; cut it where the story changes its subject"))
        .collect();

    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn every_crate_says_what_it_owns() {
    let silent: Vec<String> = files(&root().join("host"), "rs")
        .into_iter()
        .filter(|file| file.ends_with("src/lib.rs"))
        .filter(|file| {
            let text = std::fs::read_to_string(file).unwrap().replace("\n//! ", " ");
            !["*Owns*", "*Depends on*", "*Invariants*", "*Start reading at*"]
                .iter()
                .all(|part| text.contains(part))
        })
        .map(|file| short(&file))
        .collect();

    assert!(
        silent.is_empty(),
        "these crates lack the header Owns, Depends on, Invariants, Start reading at: {silent:?}"
    );
}

#[test]
fn sql_stands_in_stores_only() {
    let mut wrong = Vec::new();
    for module in modules() {
        for file in files(&root().join(format!("host/modules/{module}/src")), "rs") {
            let name = short(&file);
            if name.contains("/store") || name.contains("/tests") {
                continue;
            }
            let text = std::fs::read_to_string(&file).unwrap();
            let uses =
                text.lines().any(|line| line.contains("sqlx::query") || line.contains("sqlx::raw_sql"));
            if uses {
                wrong.push(format!("{name} runs SQL; move it to store.rs"));
            }
        }
    }

    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn unsafe_code_stands_in_the_rooms_of_the_boundary_only() {
    let rooms = [
        "plugin-api/src/abi",
        "plugin-api/src/export.rs",
        "host/db/src/embedded",
        "host/plugin-runtime/src/process",
        "tests/golden",
        "tests/fault",
    ];
    let wrong: Vec<String> = files(&root(), "rs")
        .into_iter()
        .filter(|file| !rooms.iter().any(|room| short(file).starts_with(room)))
        .filter(|file| {
            let text = std::fs::read_to_string(file).unwrap();
            text.lines().any(|line| {
                let code = line.split("//").next().unwrap_or_default();
                code.contains("unsafe {") || code.contains("unsafe fn") || code.contains("unsafe impl")
            }) && !file.ends_with("arch/tidy.rs")
        })
        .map(|file| short(&file))
        .collect();

    assert!(wrong.is_empty(), "unsafe code outside its rooms: {wrong:?}");
}

#[test]
fn nothing_is_left_for_later() {
    let marks = [
        concat!("to", "do!("),
        concat!("unimple", "mented!("),
        concat!("d", "bg!("),
        concat!("#[ig", "nore"),
    ];
    let loose: Vec<String> = files(&root(), "rs")
        .into_iter()
        .filter(|file| {
            let text = std::fs::read_to_string(file).unwrap();
            marks.iter().any(|mark| text.contains(mark))
        })
        .map(|file| short(&file))
        .collect();

    assert!(loose.is_empty(), "{loose:?}");
}
