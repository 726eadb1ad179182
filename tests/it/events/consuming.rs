//! What becomes of events that are not taken in at once: tried again, put away, tried once more by hand.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;
use vectis_contracts::Tx;
use vectis_contracts::ports::event_handler::{EventHandler, HandleError, IncomingEvent};
use vectis_db::dead_letters::{self, DeadLetter};
use vectis_events::consumer::Consumer;
use vectis_events::dead_letters::{Redriven, redrive};
use vectis_kernel::Ctx;

use super::feed::until;
use super::logs::{Embedded, numbered};

const TOPIC: &str = "vectis.testing";
const ATTEMPTS: u32 = 3;

/// How often a number is still to fail, and how.
#[derive(Clone, Copy)]
enum Fault {
    Failing(u32),
    Refusing,
}

/// Takes numbers in, some of them with faults.
#[derive(Default)]
struct Numbers {
    taken: Mutex<Vec<u64>>,
    faults: Mutex<HashMap<u64, Fault>>,
}

impl Numbers {
    fn with(faults: &[(u64, Fault)]) -> Arc<Self> {
        Arc::new(Self { faults: Mutex::new(faults.iter().copied().collect()), ..Self::default() })
    }

    fn taken(&self) -> Vec<u64> {
        self.taken.lock().unwrap().clone()
    }

    fn judge(&self, number: u64) -> Result<(), HandleError> {
        match self.faults.lock().unwrap().get_mut(&number) {
            None | Some(Fault::Failing(0)) => Ok(()),
            Some(Fault::Refusing) => Err(HandleError::Refused("never".to_owned())),
            Some(Fault::Failing(times)) => {
                *times -= 1;
                Err(HandleError::Failed("not now".to_owned()))
            }
        }
    }
}

#[async_trait]
impl EventHandler for Numbers {
    fn consumer(&self) -> &'static str {
        "numbers"
    }

    fn topics(&self) -> Vec<&'static str> {
        vec![TOPIC]
    }

    fn event_types(&self) -> Option<Vec<&'static str>> {
        None
    }

    async fn handle(&self, _: &mut Tx, _: &Ctx, events: &[IncomingEvent]) -> Result<(), HandleError> {
        let numbers: Vec<u64> =
            events.iter().map(|event| event.envelope["data"]["number"].as_u64().unwrap()).collect();
        numbers.iter().try_for_each(|number| self.judge(*number))?;
        self.taken.lock().unwrap().extend(numbers);
        Ok(())
    }
}

/// Consumes 1 to 5, all of one key, and the 3 twice, until so many are taken in and so many put away.
async fn consume(embedded: &Embedded, handler: &Arc<Numbers>, taken: usize, dead: usize) -> Vec<DeadLetter> {
    let mut records: Vec<_> = (1..=5).map(|number| numbered(TOPIC, "one", number)).collect();
    records.insert(3, records[2].clone());
    embedded.log.append(&records).await.unwrap();
    let consumer = Consumer {
        db: embedded.db.clone(),
        log: embedded.log.clone(),
        handler: handler.clone(),
        batch: 100,
        attempts: ATTEMPTS,
        retry_wait: Duration::from_millis(1),
    };
    let stop = CancellationToken::new();
    let arrived = async {
        until((taken, dead), async || {
            let letters = dead_letters::list(&embedded.db, None, 100).await.unwrap();
            (handler.taken().len(), letters.len())
        })
        .await;
        stop.cancel();
    };
    tokio::join!(consumer.run(stop.clone()), arrived);
    dead_letters::list(&embedded.db, Some("numbers"), 100).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_are_taken_in_once() {
    let embedded = Embedded::new().await;
    let handler = Numbers::with(&[]);

    let letters = consume(&embedded, &handler, 5, 0).await;

    assert_eq!((handler.taken(), letters), (vec![1, 2, 3, 4, 5], vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_fails_for_a_while_is_taken_in_at_its_turn() {
    let embedded = Embedded::new().await;
    // Once with all the others, twice alone.
    let handler = Numbers::with(&[(3, Fault::Failing(3))]);

    let letters = consume(&embedded, &handler, 5, 0).await;

    assert_eq!((handler.taken(), letters), (vec![1, 2, 3, 4, 5], vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_fails_too_often_is_put_away_and_the_rest_goes_on() {
    let embedded = Embedded::new().await;
    let handler = Numbers::with(&[(3, Fault::Failing(100))]);

    let letters = consume(&embedded, &handler, 4, 1).await;

    assert_eq!(handler.taken(), [1, 2, 4, 5]);
    assert_eq!((letters[0].reason.as_str(), letters[0].attempts), ("not now", 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_is_refused_is_put_away_at_once() {
    let embedded = Embedded::new().await;
    let handler = Numbers::with(&[(2, Fault::Refusing)]);

    let letters = consume(&embedded, &handler, 4, 1).await;

    assert_eq!(handler.taken(), [1, 3, 4, 5]);
    assert_eq!((letters[0].reason.as_str(), letters[0].attempts), ("never", 1));
    assert_eq!((letters[0].topic.as_str(), letters[0].record_key.as_str()), (TOPIC, "one"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_is_taken_in_once_when_its_cause_is_mended() {
    let embedded = Embedded::new().await;
    let handler = Numbers::with(&[(2, Fault::Refusing)]);
    let letter = consume(&embedded, &handler, 4, 1).await.remove(0);

    let still = redrive(&embedded.db, &*handler, &letter).await.unwrap();
    let kept = dead_letters::list(&embedded.db, None, 100).await.unwrap();
    handler.faults.lock().unwrap().clear();
    let mended = redrive(&embedded.db, &*handler, &letter).await.unwrap();
    let again = redrive(&embedded.db, &*handler, &letter).await.unwrap();

    assert_eq!(still, Redriven::Failed("never".to_owned()));
    assert_eq!((kept.len(), kept[0].attempts), (1, 2));
    assert_eq!((mended, again), (Redriven::TakenIn, Redriven::Gone));
    assert_eq!(handler.taken(), [1, 3, 4, 5, 2]);
    assert_eq!(dead_letters::list(&embedded.db, None, 100).await.unwrap(), []);
}
