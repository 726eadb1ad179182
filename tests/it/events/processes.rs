//! The real program in processes of its own: relay and consumer.

use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinSet;
use vectis_tests::TestHost;
use vectis_tests::plugins::built_file;

/// A `vectis relay` or `vectis consume` that is at work.
pub(crate) struct Process {
    child: Child,
    _log: JoinSet<()>,
}

impl Process {
    /// Starts it on the database and the plugins of a shop, and on a broker.
    pub(crate) async fn start(shop: &TestHost, command_word: &str, brokers: &str) -> Self {
        Self::start_with(shop, command_word, brokers, &[]).await
    }

    /// The same with more settings.
    pub(crate) async fn start_with(
        shop: &TestHost,
        command_word: &str,
        brokers: &str,
        settings: &[(&str, &str)],
    ) -> Self {
        let mut command = Command::new(built_file("vectis", "vectis"));
        command.arg(command_word);
        for (key, value) in [
            ("database.url", shop.database_url()),
            ("database.max_connections", "8"),
            ("plugins.folder", &shop.plugins.path().to_string_lossy()),
            ("events.brokers", brokers),
            ("events.batch", "100"),
            ("log.format", "json"),
            ("log.filter", "error,vectis::cmd=info"),
        ] {
            command.args(["--set", &format!("{key}={value}")]);
        }
        for (key, value) in settings {
            command.args(["--set", &format!("{key}={value}")]);
        }
        // A folder without vectis.toml.
        command.current_dir(shop.plugins.path()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().expect("the program starts");
        let mut lines = BufReader::new(child.stderr.take().expect("it was piped")).lines();
        let begun = async {
            while let Some(line) = lines.next_line().await.expect("the log can be read") {
                let entry: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
                let message = &entry["fields"]["message"];
                if message == "relaying" || message == "consuming" {
                    return true;
                }
                eprintln!("{line}");
            }
            false
        };
        let begun = tokio::time::timeout(Duration::from_secs(60), begun).await;
        assert!(begun.expect("the program begins in time"), "the program ended");
        let mut log = JoinSet::new();
        log.spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                eprintln!("{line}");
            }
        });
        Self { child, _log: log }
    }

    /// Any signal.
    pub(crate) fn signal(&self, signal: Signal) {
        let pid = self.child.id().and_then(|pid| i32::try_from(pid).ok()).expect("it runs");
        kill(Pid::from_raw(pid), signal).expect("a running program can be signalled");
    }

    /// SIGKILL.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.expect("a running program can be killed");
    }
}
