//! Records what the crate is built for: `TARGET` and the compiler are known to build scripts only. A plugin is always
//! built together with this crate, so what holds here holds for the plugin.

use std::process::Command;

fn main() {
    for name in ["TARGET", "PROFILE"] {
        println!("cargo::rustc-env=VECTIS_{name}={}", variable(name));
    }
    println!("cargo::rustc-env=VECTIS_RUSTC={}", rustc_version());
    println!("cargo::rerun-if-changed=build.rs");
}

/// `1.95.0`; information for people, never a gate.
fn rustc_version() -> String {
    let output = Command::new(variable("RUSTC")).arg("--version").output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    text.split_whitespace().nth(1).unwrap_or("unknown").to_owned()
}

fn variable(name: &str) -> String {
    #[expect(
        clippy::disallowed_methods,
        reason = "cargo hands its facts to build scripts in the environment"
    )]
    std::env::var(name).expect("cargo sets it for every build script")
}
