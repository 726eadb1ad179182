//! The commands for plugin authors and operators: check and inspect, without a shop.

use std::path::{Path, PathBuf};

use tempfile::TempDir;
use vectis_plugin_runtime::{CheckOutcome, CheckReport, Inspection, Step, TrustOptions, check, inspect};

use crate::libraries::{fault_plugin, golden, template, with};
use crate::shop::Folder;

fn file(bytes: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acme.so");
    std::fs::write(&path, bytes).unwrap();
    (folder, path)
}

/// As the program does it: the file's code runs in a process of its own.
fn checked(path: &Path) -> CheckReport {
    check(path, Folder::new(&[]).options_apart()).unwrap()
}

fn inspected(path: &Path) -> Inspection {
    inspect(path, &TrustOptions::default()).unwrap().unwrap()
}

#[test]
fn a_good_plugin_passes_every_step() {
    let (_folder, path) = file(fault_plugin());

    let report = checked(&path);

    assert!(report.is_ok(), "{report:#?}");
    assert_eq!(
        (report.file.as_str(), report.name.as_str(), report.version.as_str()),
        ("acme.so", "fault", "1.0.0")
    );
    let of_file: Vec<_> =
        report.steps.iter().filter(|step| step.entry_point.is_empty()).map(|step| step.step).collect();
    assert_eq!(
        of_file,
        [
            Step::Read,
            Step::Sha256,
            Step::Signature,
            Step::Elf,
            Step::Manifest,
            Step::Trust,
            Step::Target,
            Step::Api,
            Step::Initializers,
            Step::Load,
            Step::EntryPoints
        ]
    );
    let of_tax: Vec<_> = report
        .steps
        .iter()
        .filter(|step| step.entry_point == "vectis.tax fault-tax")
        .map(|step| step.step)
        .collect();
    assert_eq!(of_tax, [Step::Config, Step::Construct, Step::SelfTest]);
}

#[test]
fn an_entry_point_that_needs_a_configuration_is_skipped() {
    let (_folder, path) = file(template());

    let report = checked(&path);

    assert!(report.is_ok());
    let last = report.steps.last().unwrap();
    assert_eq!(last.entry_point, "vectis.pricing plugin-template");
    let why = "it needs a configuration: the configuration: \"percent\" is missing";
    assert_eq!(last.outcome, CheckOutcome::Skipped(why.to_owned()));
}

#[test]
fn a_check_ends_at_the_first_refusal() {
    let (_folder, path) = file(&with(fault_plugin(), "api = \"^1.0\"", "api = \"^1.5\""));

    let report = checked(&path);

    assert!(!report.is_ok());
    let last = report.steps.last().unwrap();
    assert_eq!(last.step, Step::Api);
    let sentence = "fault 1.0.0 (acme.so) refused at step api: needs ^1.5, this server offers 1.2; update the server or use \
                    an older plugin";
    assert_eq!(last.outcome, CheckOutcome::Refused(sentence.to_owned()));
}

#[test]
fn a_check_of_nothing_says_so() {
    let folder = tempfile::tempdir().unwrap();

    let report = checked(&folder.path().join("none.so"));

    assert!(matches!(&report.steps[0].outcome, CheckOutcome::Refused(sentence)
        if sentence.starts_with("none.so refused at step read: it cannot be read: ")));
}

#[test]
fn an_inspection_reads_all_without_loading() {
    let (_folder, path) = file(&golden("golden-other-layout.so"));

    let found = inspected(&path);

    assert_eq!((found.manifest.plugin.name.as_str(), found.api.as_str()), ("golden", "1.1.0"));
    assert_eq!(
        (found.panic.as_str(), found.profile.as_str(), found.init_array_count),
        ("unwind", "release", 2)
    );
    assert_eq!(found.size, golden("golden-other-layout.so").len() as u64);
    assert!(found.target.ends_with("-linux-gnu"));
    assert!(found.manifest_text.contains("[entry-points.\"vectis.pricing\"]"));
    assert!(found.libc_imports.iter().any(|name| name == "malloc"), "{:?}", found.libc_imports);
    assert!(
        found.undefined_symbols.iter().any(|name| name == "_Unwind_Resume"),
        "{:?}",
        found.undefined_symbols
    );
    assert!(found.needed.iter().any(|name| name == "libc.so.6"), "{:?}", found.needed);
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    assert!(!maps.contains("memfd:golden-other"), "an inspection maps nothing");
}

#[test]
fn an_inspection_of_something_else_is_refused() {
    let (_folder, path) = file(b"hello");

    assert_eq!(
        inspect(&path, &TrustOptions::default()).unwrap().unwrap_err().to_string(),
        "acme.so refused at step elf: it is not an ELF library; put a plugin's .so in its place"
    );
}

#[test]
fn damaged_headers_are_refused_or_read_but_never_end_the_process() {
    let whole = golden("golden-1.0.so");
    let sections = usize::try_from(u64::from_le_bytes(whole[0x28..0x30].try_into().unwrap())).unwrap();
    let (folder, path) = file(&whole);
    // Numbers that look random and are the same in every run.
    let mut state = 1_u64;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    };
    let mut refused = 0;
    for _ in 0..300 {
        let mut damaged = whole.clone();
        for _ in 0..1 + next(4) {
            // The file and program headers, or the section headers.
            let at = if next(2) == 0 { next(0x300) } else { sections + next(whole.len() - sections) };
            damaged[at] = u8::try_from(next(256)).unwrap();
        }
        std::fs::write(&path, &damaged).unwrap();
        refused += usize::from(inspect(&path, &TrustOptions::default()).unwrap().is_err());
    }
    drop(folder);
    assert!((30..300).contains(&refused), "{refused}");
}
