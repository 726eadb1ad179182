//! The real program in a process of its own.

use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};
use tokio::task::JoinSet;
use tokio::time::timeout;
use vectis_tests::TestHost;
use vectis_tests::plugins::built_file;

/// A `vectis serve` that serves.
pub(crate) struct Program {
    /// Where its API is.
    pub(crate) url: String,
    process: Child,
    _log: JoinSet<()>,
}

impl Program {
    /// Starts one on the database and the plugins of a shop.
    pub(crate) async fn start(shop: &TestHost) -> Self {
        Self::start_with(shop, &[]).await
    }

    /// The same with changes to the configuration.
    pub(crate) async fn start_with(shop: &TestHost, changes: &[&str]) -> Self {
        let mut command = Command::new(built_file("vectis", "vectis"));
        command.arg("serve");
        for (key, value) in [
            ("database.url", shop.database_url()),
            ("plugins.folder", &shop.plugins.path().to_string_lossy()),
            ("server.listen", "127.0.0.1:0"),
            ("log.format", "json"),
            ("log.filter", "warn,vectis::cmd::serve=info"),
        ] {
            command.args(["--set", &format!("{key}={value}")]);
        }
        for change in changes {
            command.args(["--set", change]);
        }
        // A folder without vectis.toml.
        command.current_dir(shop.plugins.path()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut process = command.spawn().expect("the program starts");
        let mut lines = BufReader::new(process.stderr.take().expect("it was piped")).lines();
        let address = timeout(Duration::from_secs(120), address(&mut lines)).await;
        let address = address.expect("the program serves in time").expect("the program serves");
        let mut log = JoinSet::new();
        // It must be able to write on; whatever it warns of belongs to the test's output.
        log.spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                eprintln!("vectis: {line}");
            }
        });
        Self { url: format!("http://{address}/graphql"), process, _log: log }
    }

    /// SIGHUP.
    pub(crate) fn hang_up(&self) {
        let id = self.process.id().and_then(|id| i32::try_from(id).ok()).expect("the program runs");
        kill(Pid::from_raw(id), Signal::SIGHUP).expect("a running program can be told");
    }

    /// SIGKILL.
    pub(crate) async fn kill(mut self) {
        self.process.kill().await.expect("a running program can be killed");
    }
}

/// What the line "serving" says; none when the program ends before.
async fn address(lines: &mut Lines<BufReader<ChildStderr>>) -> Option<String> {
    while let Some(line) = lines.next_line().await.expect("the log can be read") {
        let entry: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
        if entry["fields"]["message"] == "serving" {
            return entry["fields"]["address"].as_str().map(str::to_owned);
        }
        eprintln!("vectis: {line}");
    }
    None
}
