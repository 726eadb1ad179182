//! A real broker for tests: Apache Kafka, fetched by `.ci/kafka-libs`, in a folder and on ports of its own. Tests that need one
//! are skipped, with a line that says why, where it cannot be had.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::sync::OnceCell;

/// The broker that tests of one process share; it ends with the process.
static SHARED: OnceCell<Option<Broker>> = OnceCell::const_new();

const ID_OF_CLUSTER: &str = "4L6g3nShT-eMCtK--X86sw";

/// A broker, running or stopped.
pub struct Broker {
    folder: TempDir,
    libs: PathBuf,
    port: u16,
    process: Option<Child>,
}

impl Broker {
    /// The shared one, for tests that leave it alone; `None`, with a printed line, when there can be none.
    pub async fn shared() -> Option<&'static Self> {
        SHARED.get_or_init(Self::start_new).await.as_ref()
    }

    /// One of the test's own, to be stopped and started.
    pub async fn start_new() -> Option<Self> {
        let libs = match libs().await {
            Ok(libs) => libs,
            Err(why) => {
                skip(&why);
                return None;
            }
        };
        let folder = TempDir::new().expect("a temporary folder can be made");
        let (port, controller) = (free_port(), free_port());
        let properties = folder.path().join("server.properties");
        std::fs::write(&properties, settings(folder.path(), port, controller))
            .expect("a file can be written");
        let mut broker = Self { folder, libs, port, process: None };
        broker.format().await;
        broker.start().await;
        Some(broker)
    }

    /// For `events.brokers`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Starts it, with what it had when it was stopped, and waits until it answers.
    pub async fn start(&mut self) {
        let java = "java -Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp \"$0/*\" kafka.Kafka \"$1\"";
        // The broker ends when the pipe from this process closes, however this process ends.
        let watched = format!("{java} >\"$1.log\" 2>&1 & pid=$!; cat >/dev/null; kill -9 $pid");
        let mut command = Command::new("sh");
        command.args(["-c", &watched]).arg(&self.libs).arg(self.folder.path().join("server.properties"));
        command.stdin(Stdio::piped()).stdout(Stdio::null());
        self.process = Some(command.spawn().expect("sh starts"));
        let started = Instant::now();
        while tokio::net::TcpStream::connect(self.address()).await.is_err() {
            let log = self.folder.path().join("server.properties.log");
            assert!(
                started.elapsed() < Duration::from_secs(120),
                "the broker does not answer: {}",
                std::fs::read_to_string(log).unwrap_or_default()
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Kills it.
    pub async fn stop(&mut self) {
        let Some(mut process) = self.process.take() else { return };
        drop(process.stdin.take());
        process.wait().await.expect("it can be waited for");
    }

    async fn format(&self) {
        let output = Command::new("java")
            .args(["-XX:TieredStopAtLevel=1", "-cp"])
            .arg(self.libs.join("*"))
            .args(["kafka.tools.StorageTool", "format", "-t", ID_OF_CLUSTER, "-c"])
            .arg(self.folder.path().join("server.properties"))
            .output()
            .await
            .expect("java starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

/// What the script says; standard error when there can be no broker.
async fn libs() -> Result<PathBuf, String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.ci/kafka-libs");
    let output = Command::new(script).output().await.map_err(|error| error.to_string())?;
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() { Ok(PathBuf::from(said(&output.stdout))) } else { Err(said(&output.stderr)) }
}

#[expect(clippy::print_stdout, reason = "a test that is skipped says so")]
fn skip(why: &str) {
    println!("SKIPPED, it needs a broker: {why}");
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    listener.local_addr().expect("it has an address").port()
}

fn settings(folder: &Path, port: u16, controller: u16) -> String {
    let data = folder.join("data");
    format!(
        "process.roles=broker,controller\n\
         node.id=1\n\
         controller.quorum.voters=1@127.0.0.1:{controller}\n\
         listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}\n\
         advertised.listeners=PLAINTEXT://127.0.0.1:{port}\n\
         controller.listener.names=CONTROLLER\n\
         listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT\n\
         log.dirs={}\n\
         offsets.topic.replication.factor=1\n\
         offsets.topic.num.partitions=4\n\
         transaction.state.log.replication.factor=1\n\
         transaction.state.log.min.isr=1\n\
         transaction.state.log.num.partitions=1\n\
         group.initial.rebalance.delay.ms=0\n\
         auto.create.topics.enable=false\n\
         unclean.leader.election.enable=false\n",
        data.display()
    )
}
