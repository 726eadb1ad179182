//! Plugins of strangers: workspaces of their own, built against nothing but the packaged plugin API.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use vectis_plugin_runtime::{CheckOutcome, Conformance, ConformanceOptions, check};

use crate::libraries::workspace;
use crate::shop::Folder;

/// One build folder for everything outside, so that what they share is built once.
fn outside() -> PathBuf {
    std::env::current_exe().unwrap().ancestors().nth(3).unwrap().join("outside")
}

#[track_caller]
fn run(command: &mut Command) {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{command:?} failed:\n{said}{}",
        String::from_utf8_lossy(&output.stdout)
    );
}

/// Writes only what is new, so that cargo builds only what is new.
fn put(file: &Path, bytes: &[u8]) -> bool {
    if std::fs::read(file).is_ok_and(|there| there == bytes) {
        return false;
    }
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, bytes).unwrap();
    true
}

/// The folder of the plugin API as its package holds it.
fn packaged_api() -> PathBuf {
    let (packages, version) = (outside().join("packages"), vectis_plugin_api_version());
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(workspace()).args(["package", "--package", "vectis-plugin-api", "--no-verify"]);
    cargo.args(["--allow-dirty", "--offline", "--quiet", "--target-dir"]).arg(&packages);
    run(&mut cargo);
    let name = format!("vectis-plugin-api-{version}");
    let package = packages.join(format!("package/{name}.crate"));
    let (unpacked, folder) = (packages.join("unpacked.crate"), packages.join(&name));
    if put(&unpacked, &std::fs::read(&package).unwrap()) || !folder.exists() {
        // Touched (-m), for cargo goes by the time of files and those in a package are old.
        run(Command::new("tar").arg("-xmzf").arg(&package).arg("-C").arg(&packages));
    }
    folder
}

fn vectis_plugin_api_version() -> String {
    let manifest = std::fs::read_to_string(workspace().join("plugin-api/Cargo.toml")).unwrap();
    let manifest: toml::Table = manifest.parse().unwrap();
    manifest["package"]["version"].as_str().unwrap().to_owned()
}

/// A stranger's plugin, copied out of this workspace, tested and built; its library and configuration.
fn built_outside(name: &str) -> (PathBuf, Value) {
    let (from, to) = (workspace().join("examples").join(name), outside().join("crates").join(name));
    for file in ["Cargo.toml", "plugin.toml", "config.json"] {
        put(&to.join(file), &std::fs::read(from.join(file)).unwrap());
    }
    for entry in from.join("src").read_dir().unwrap() {
        let file = entry.unwrap().path();
        put(&to.join("src").join(file.file_name().unwrap()), &std::fs::read(&file).unwrap());
    }
    if !to.join("Cargo.lock").exists() {
        std::fs::copy(workspace().join("Cargo.lock"), to.join("Cargo.lock")).unwrap();
    }
    let patch = format!("patch.crates-io.vectis-plugin-api.path={:?}", packaged_api().display().to_string());
    for task in ["test", "build"] {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.current_dir(&to).args([task, "--lib", "--offline", "--quiet", "--config", &patch]);
        run(cargo.arg("--target-dir").arg(outside()));
    }
    let config = serde_json::from_slice(&std::fs::read(to.join("config.json")).unwrap()).unwrap();
    (outside().join(format!("debug/lib{}.so", name.replace('-', "_"))), config)
}

#[track_caller]
fn assert_good(name: &str) {
    let (library, config) = built_outside(name);

    let report = check(&library, Folder::new(&[]).options_apart()).unwrap();
    assert!(report.is_ok(), "{report:#?}");
    // Without a configuration no entry point of theirs can be constructed; all before that has passed.
    assert!(matches!(report.steps.last().unwrap().outcome, CheckOutcome::Skipped(_)), "{report:#?}");

    let conformance = Conformance::open(&library, Folder::new(&[]).options_apart()).unwrap();
    let report = conformance.examine(&ConformanceOptions { config, ..ConformanceOptions::default() });
    let failures: Vec<_> =
        report.entry_points.iter().flat_map(|entry| entry.failures()).map(ToString::to_string).collect();
    assert!(report.is_ok(), "{}", failures.join("\n"));
    assert!(report.entry_points[0].cases.len() >= 100);
}

#[test]
fn strangers_build_against_the_package_and_keep_every_promise() {
    for name in ["volume-rebate", "excise-tax"] {
        assert_good(name);
    }
}
