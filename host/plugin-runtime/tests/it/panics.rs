//! Panics stay in the plugin: the call fails, the instance is rebuilt, and a plugin that keeps panicking is given up.

use std::io::Write;
use std::sync::{Arc, Mutex};

use serde_json::json;
use vectis_contracts::points::PointError;

use crate::libraries::fault_plugin;
use crate::questions::{cart, order, submitted, taxable};
use crate::shop::{Folder, Shop, surcharge};

#[track_caller]
fn message<A: std::fmt::Debug>(answer: Result<A, PointError>) -> String {
    match answer {
        Err(PointError::Failed { message, retryable: false, .. }) => message,
        other => panic!("not a failure: {other:?}"),
    }
}

#[tokio::test]
async fn a_panic_at_any_point_fails_the_call_and_the_next_one_is_answered() {
    let shop = Shop::with(&[("fault.so", fault_plugin())]).await;
    let (pricing, tax) = (shop.pricing().unwrap(), shop.taxes().unwrap().remove(0));
    let (process, approval) = (shop.order_process().unwrap(), shop.approval().unwrap());

    let said = message(pricing.price(&cart("panic", 1)));
    assert!(said.starts_with("panicked at ") && said.ends_with(": the tiers are gone"), "{said}");
    assert!(message(tax.tax(&taxable("panic", 1))).ends_with("the rates are gone"));
    assert!(message(process.place(&order("panic"))).ends_with("the orders are gone"));
    assert!(message(approval.plan(&submitted("panic"))).ends_with("the managers are gone"));

    assert_eq!(pricing.price(&cart("A-1", 2)).unwrap().len(), 2);
    assert!(tax.tax(&taxable("standard", 1)).is_ok());
    assert!(process.place(&order("")).is_ok());
    assert!(approval.plan(&submitted("buyer")).is_ok());
}

#[tokio::test]
async fn the_instance_is_rebuilt_with_its_configuration() {
    let folder = Folder::new(&[("fault.so", fault_plugin())]);
    folder.bind("vectis.pricing", surcharge(7));
    let pricing = folder.start().await.pricing().unwrap();
    message(pricing.price(&cart("panic", 1)));

    let priced = pricing.price(&cart("A-1", 1)).unwrap();

    assert_eq!(priced[0].unwrap().unit_price.micros, 1_000_007);
}

#[tokio::test]
async fn three_panics_within_a_minute_take_it_out_until_a_reload() {
    let shop = Shop::with(&[("fault.so", fault_plugin())]).await;
    let pricing = shop.pricing().unwrap();
    for _ in 0..3 {
        message(pricing.price(&cart("panic", 1)));
    }

    let said = message(pricing.price(&cart("A-1", 1)));

    let expected = "it panicked 3 times within 60 s and is not asked again until the plugins are reloaded; the last time it \
                    panicked at ";
    assert!(said.starts_with(expected), "{said}");
    assert!(shop.taxes().unwrap()[0].tax(&taxable("standard", 1)).is_ok());
    shop.reload().await;
    assert_eq!(shop.pricing().unwrap().price(&cart("A-1", 1)).unwrap().len(), 1);
}

#[tokio::test]
async fn many_threads_meet_a_panic_and_all_get_answers_again() {
    let shop = Shop::with(&[("fault.so", fault_plugin())]).await;
    let pricing = shop.pricing().unwrap();
    message(pricing.price(&cart("panic", 1)));

    let answered: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| (0..50).filter(|_| pricing.price(&cart("A-1", 3)).is_ok()).count()))
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });

    assert_eq!(answered, 400);
}

/// What is logged, as text.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn during(&self, work: impl FnOnce()) -> String {
        let log = self.clone();
        let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || log.clone()).finish();
        tracing::subscriber::with_default(subscriber, work);
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

#[tokio::test]
async fn log_lines_of_a_plugin_are_the_hosts_with_the_names_of_who_wrote_them() {
    let folder = Folder::new(&[("fault.so", fault_plugin())]);
    folder.bind("vectis.pricing", json!({}));
    let pricing = folder.start().await.pricing().unwrap();

    let text = Log::default().during(|| drop(pricing.price(&cart("log", 4)).unwrap()));

    let [line] = text.lines().collect::<Vec<_>>()[..] else { panic!("{text}") };
    assert!(line.contains("WARN"), "{line}");
    assert!(line.contains("prices look odd"), "{line}");
    for field in ["plugin=\"fault\"", "entry_point=\"fault-pricing\"", "channel=\"shop\"", "{\"lines\":4}"] {
        assert!(line.replace('\\', "").contains(field), "{field} missing in {line}");
    }
}

#[tokio::test]
async fn a_flood_of_log_lines_is_cut() {
    let folder = Folder::new(&[("fault.so", fault_plugin())]);
    let mut options = folder.options();
    options.log_lines_per_second = 3;
    // The clock stands still, so that all lines are of one second.
    options.clock = Arc::new(vectis_kernel::FixedClock::at(chrono::DateTime::UNIX_EPOCH));
    let pricing = folder.start_with(options).await.ok().unwrap().pricing().unwrap();

    let text = Log::default().during(|| {
        for _ in 0..50 {
            pricing.price(&cart("log", 1)).unwrap();
        }
    });

    assert_eq!(text.lines().count(), 3, "{text}");
}

#[tokio::test]
async fn a_panic_is_an_error_in_the_log() {
    let pricing = Shop::with(&[("fault.so", fault_plugin())]).await.pricing().unwrap();

    let text = Log::default().during(|| drop(pricing.price(&cart("panic", 1))));

    assert!(text.contains("ERROR") && text.contains("fault/fault-pricing@1.0.0 panicked at"), "{text}");
}
