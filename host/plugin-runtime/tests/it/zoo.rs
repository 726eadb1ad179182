//! Faults that no guard contains, met in a process: the host goes on, other plugins notice nothing, and the plugin is back.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use nix::unistd::{Pid, Uid};
use serde_json::json;
use vectis_contracts::plugins::{Isolation, Plugin, PluginProcesses};
use vectis_contracts::points::{PointError, PricingPoint, Strategies};
use vectis_plugin_runtime::{Fallback, Quarantine, RuntimeOptions};

use crate::libraries::{fault_plugin, first_party, template};
use crate::questions::{cart, taxable};
use crate::refusals::with_initializers;
use crate::shop::{Folder, OUTLET, Shop, binding, ctx, loaded, refusals};

/// A shop whose fault plugin runs apart and is never given up; another plugin prices in the outlet.
async fn shop(change: impl FnOnce(&mut RuntimeOptions)) -> Shop {
    let folder = Folder::new(&[("fault.so", fault_plugin()), ("template.so", template())]);
    folder.bind("vectis.pricing", json!({}));
    let other = ("plugin-template", "plugin-template");
    folder.channels.bind(binding(OUTLET, "vectis.pricing", other, json!({ "percent": 50 })));
    let mut options = folder.options_apart();
    options.call_budget = Duration::from_millis(300);
    options.process.kill_grace = Duration::from_millis(200);
    options.quarantine = Quarantine { faults: 1_000, window: Duration::from_secs(60) };
    change(&mut options);
    folder.start_with(options).await.unwrap_or_else(|(_, error)| panic!("{error}"))
}

/// Name and message of a failure.
#[track_caller]
fn failure<A: std::fmt::Debug>(answer: Result<A, PointError>) -> (String, String) {
    match answer {
        Err(PointError::Failed { plugin, message, .. }) => (plugin, message),
        other => panic!("not a failure: {other:?}"),
    }
}

async fn fault(shop: &Shop) -> Plugin {
    shop.list().await.into_iter().find(|plugin| plugin.name == "fault").unwrap()
}

async fn processes(shop: &Shop) -> PluginProcesses {
    fault(shop).await.processes.unwrap()
}

/// How long a plugin takes until it answers again.
fn back(pricing: &Arc<dyn PricingPoint>) -> Duration {
    let start = Instant::now();
    while pricing.price(&cart("A-1", 1)).is_err() {
        assert!(start.elapsed() < Duration::from_secs(30), "it does not come back");
    }
    start.elapsed()
}

/// Prices until told to stop; how long each call took.
fn load(pricing: &Arc<dyn PricingPoint>, stop: &AtomicBool) -> Vec<Duration> {
    let question = cart("A-1", 100);
    let mut took = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let start = Instant::now();
        let answers = pricing.price(&question).expect("nothing is wrong with this plugin");
        took.push(start.elapsed());
        assert_eq!(answers.len(), 100);
        std::thread::sleep(Duration::from_micros(200));
    }
    took
}

fn p99(mut took: Vec<Duration>) -> Duration {
    took.sort();
    took[took.len() * 99 / 100]
}

/// Each fault, and what is said of it.
const FATAL: [(&str, &str); 12] = [
    ("panic", "panicked at "),
    ("abort", "its process died with SIGABRT while answering"),
    ("null write", "its process died with SIGSEGV while answering"),
    ("stack", "its process died with SIG"),
    ("exit", "its process exited with code 7 while answering"),
    ("hog", "its process died with SIGABRT while answering"),
    ("loop", "it did not answer within 500 ms and was killed"),
    ("sleep", "it did not answer within 500 ms and was killed"),
    ("print", "it did not answer within 500 ms and was killed"),
    ("flood", "it did not answer within 500 ms and was killed"),
    ("descriptors", "it was refused: "),
    ("threads", "it was refused: "),
];

#[tokio::test]
async fn each_fault_fails_its_call_only_and_the_plugin_is_back() {
    let shop = shop(|_| ()).await;
    let (pricing, other) = (shop.pricing().unwrap(), shop.runtime.pricing(&ctx(), OUTLET).unwrap());
    let stop = AtomicBool::new(false);

    let (calm, stormy, longest) = std::thread::scope(|scope| {
        let calm = scope.spawn(|| load(&other, &stop));
        std::thread::sleep(Duration::from_millis(500));
        stop.store(true, Ordering::Relaxed);
        let calm = calm.join().unwrap();
        stop.store(false, Ordering::Relaxed);
        let stormy = scope.spawn(|| load(&other, &stop));
        let mut longest = Duration::ZERO;
        for (fault, said) in FATAL {
            let (plugin, message) = failure(pricing.price(&cart(fault, 1)));
            assert_eq!(plugin, "fault/fault-pricing@1.0.0");
            assert!(message.starts_with(said), "{fault}: {message}");
            longest = longest.max(back(&pricing));
        }
        stop.store(true, Ordering::Relaxed);
        (calm, stormy.join().unwrap(), longest)
    });

    let (calls, calm, stormy) = (stormy.len(), p99(calm), p99(stormy));
    println!(
        "{} faults beside {calls} calls of another plugin, none of which failed; their p99 {stormy:?} instead of {calm:?}, \
         {:.2} times; the plugin was back within {longest:?}",
        FATAL.len(),
        stormy.as_secs_f64() / calm.as_secs_f64(),
    );
    assert_eq!(longest.max(Duration::from_secs(1)), Duration::from_secs(1));
    let processes = processes(&shop).await;
    // A panic and what the sandbox refuses cost no process.
    assert_eq!(processes.faults, FATAL.len() as u64 - 3);
    assert!(processes.restarts >= processes.faults - 3, "{processes:?}");
}

#[tokio::test]
async fn faults_of_one_plugin_in_many_threads_end_no_host() {
    let shop = shop(|_| ()).await;
    let pricing = shop.pricing().unwrap();

    let (answered, failed) = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|thread| {
                let pricing = &pricing;
                scope.spawn(move || {
                    let ask = |turn: usize| match (turn + thread) % 5 {
                        0 => pricing.price(&cart("abort", 1)),
                        _ => pricing.price(&cart("A-1", 10)),
                    };
                    let (answered, failed): (Vec<_>, Vec<_>) = (0..20).map(ask).partition(Result::is_ok);
                    (answered.len(), failed.len())
                })
            })
            .collect();
        let sums = threads.into_iter().map(|thread| thread.join().unwrap());
        sums.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    });

    println!("{answered} answered, {failed} failed");
    assert!(failed >= 16, "each abort fails its own call");
    back(&pricing);
}

#[tokio::test]
async fn a_late_answer_within_the_grace_counts() {
    let shop = shop(|options| {
        options.call_budget = Duration::from_millis(20);
        options.process.kill_grace = Duration::from_secs(10);
    })
    .await;

    assert_eq!(shop.pricing().unwrap().price(&cart("late", 2)).unwrap().len(), 2);
}

#[tokio::test]
async fn a_confined_process_reaches_nothing() {
    let shop = shop(|_| ()).await;
    let pricing = shop.pricing().unwrap();

    for attempt in ["read file", "write file", "connect", "start program"] {
        let (_, message) = failure(pricing.price(&cart(attempt, 1)));
        assert_eq!(message, "it was refused: Operation not permitted (os error 1)", "{attempt}");
    }
    assert_eq!(failure(pricing.price(&cart("environment", 1))).1, "environment: []");
    let pid = processes(&shop).await.pids[0];
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim();
    assert_eq!((field("NoNewPrivs:"), field("Seccomp:"), field("Threads:")), ("1", "2", "1"));
    if Uid::effective().is_root() {
        assert_eq!(field("Uid:"), ["65534"; 4].join("\t"));
        assert_eq!((field("Gid:"), field("Groups:")), (["65534"; 4].join("\t").as_str(), ""));
        assert_eq!(field("CapEff:"), "0000000000000000");
    }
}

#[tokio::test]
async fn a_plugin_that_keeps_failing_is_given_up_until_a_reload() {
    let shop = shop(|options| {
        options.quarantine = Quarantine::default();
        // Time enough to wait for another process.
        options.call_budget = Duration::from_secs(10);
        options.process.kill_grace = Duration::from_secs(10);
    })
    .await;
    let pricing = shop.pricing().unwrap();
    for _ in 0..3 {
        failure(pricing.price(&cart("abort", 1)));
    }

    let (_, said) = failure(pricing.price(&cart("A-1", 1)));

    assert_eq!(
        said,
        "it failed 3 times within 60 s and is not asked again until the plugins are reloaded; the last time its process \
         died with SIGABRT while answering"
    );
    // Another entry point of the same plugin goes on.
    assert!(shop.taxes().unwrap()[0].tax(&taxable("standard", 1)).is_ok());
    shop.reload().await;
    assert_eq!(shop.pricing().unwrap().price(&cart("A-1", 1)).unwrap().len(), 1);
}

#[tokio::test]
async fn the_fallback_answers_in_place_of_one_that_was_given_up() {
    let other = first_party("tiered-pricing");
    let folder = Folder::new(&[("fault.so", fault_plugin()), ("tiered.so", &other)]);
    folder.bind("vectis.pricing", json!({}));
    let mut options = folder.options_apart();
    options.quarantine = Quarantine { faults: 1, window: Duration::from_secs(60) };
    options.fallback = BTreeMap::from([("vectis.pricing".to_owned(), Fallback::parse("tiered-pricing"))]);
    let shop = folder.start_with(options).await.ok().unwrap();
    assert!(shop.pricing().unwrap().name().starts_with("fault/"));

    failure(shop.pricing().unwrap().price(&cart("abort", 1)));

    let name = shop.pricing().unwrap().name().to_owned();
    assert!(name.starts_with("tiered-pricing/"), "{name}, {:?}", shop.list().await);
}

#[tokio::test]
async fn a_crash_at_the_first_questions_refuses_the_plugin() {
    let folder = Folder::new(&[("fault.so", fault_plugin())]);
    folder.bind("vectis.pricing", json!({ "fault": "abort" }));

    let shop = folder.start_apart().await;

    let plugins = shop.list().await;
    let [sentence] = refusals(&plugins)[..] else { panic!("{plugins:?}") };
    assert!(
        sentence.ends_with(
            "refused at step self-test: vectis.pricing fault-pricing in channel shop: its process died with SIGABRT while \
             answering; mend the plugin"
        ),
        "{sentence}"
    );
}

#[tokio::test]
async fn a_killed_idle_process_is_replaced_before_anybody_asks() {
    let shop = shop(|_| ()).await;
    let pricing = shop.pricing().unwrap();
    let pids = processes(&shop).await.pids;
    for pid in &pids {
        nix::sys::signal::kill(Pid::from_raw(pid.cast_signed()), Signal::SIGKILL).unwrap();
    }
    while processes(&shop).await.pids.iter().any(|pid| pids.contains(pid)) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }

    assert_eq!(pricing.price(&cart("A-1", 1)).unwrap().len(), 1);
    assert_eq!(processes(&shop).await.faults, 0);
}

#[tokio::test]
async fn another_program_in_place_of_the_runner_is_a_refusal() {
    for (program, why) in [
        ("/bin/true", "its process exited with code 0 while loading it; the log has what it printed"),
        ("/nowhere", "its process cannot be started: No such file or directory (os error 2)"),
    ] {
        let folder = Folder::new(&[("fault.so", fault_plugin())]);
        let mut options = folder.options_apart();
        options.process.program = program.into();
        let shop = folder.start_with(options).await.ok().unwrap();

        let plugins = shop.list().await;
        assert_eq!(loaded(&plugins), Vec::<String>::new());
        assert!(refusals(&plugins)[0].ends_with(&format!("refused at step load: {why}")), "{plugins:?}");
    }
}

#[tokio::test]
async fn processes_end_with_their_plugin() {
    let shop = shop(|_| ()).await;
    let pids = processes(&shop).await.pids;
    assert!(!pids.is_empty());

    shop.folder.remove("fault.so");
    shop.reload().await;

    let start = Instant::now();
    let is_there = |pid: &u32| std::path::Path::new(&format!("/proc/{pid}")).exists();
    while pids.iter().any(is_there) {
        assert!(start.elapsed() < Duration::from_secs(30), "{pids:?} go on");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn the_hosts_clock_and_isolation_are_seen() {
    let shop = shop(|options| {
        options.clock = Arc::new(vectis_kernel::FixedClock::at(chrono::DateTime::UNIX_EPOCH));
        options.isolation.by_plugin.insert("plugin-template".to_owned(), Isolation::InProcess);
    })
    .await;

    assert_eq!(failure(shop.pricing().unwrap().price(&cart("clock", 1))).1, "now: 0");
    let isolation: Vec<_> =
        shop.list().await.into_iter().map(|plugin| (plugin.isolation, plugin.processes.is_some())).collect();
    assert_eq!(isolation, [(Some(Isolation::Process), true), (Some(Isolation::InProcess), false)]);
}

#[tokio::test]
async fn what_a_plugin_catches_in_process_names_it() {
    let folder = Folder::new(&[("fault.so", fault_plugin())]);
    let pricing = folder.start().await.pricing().unwrap();

    for (fault, said) in
        [("panic", "panicked at "), ("error", "the price server is away"), ("slow", "the time budget")]
    {
        let (plugin, message) = failure(pricing.price(&cart(fault, 1)));
        assert!(plugin.starts_with("fault/") && message.starts_with(said), "{plugin}: {message}");
    }
    for lie in ["negative", "huge", "candidate", "status"] {
        let Err(PointError::InvalidAnswer { plugin, .. }) = pricing.price(&cart(lie, 1)) else {
            panic!("{lie} was believed")
        };
        assert!(plugin.starts_with("fault/"));
    }
}

#[tokio::test]
async fn a_static_initializer_is_refused_before_it_runs() {
    let bytes = with_initializers(fault_plugin(), 5);

    let shop = Folder::new(&[("fault.so", &bytes)]).start_apart().await;

    let plugins = shop.list().await;
    assert!(refusals(&plugins)[0].contains("refused at step initializers"), "{plugins:?}");
}
