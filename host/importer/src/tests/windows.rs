use proptest::prelude::{Strategy, prop_assert, proptest};

use crate::replay::Window;

/// Per document, how far back the one it waits for is.
fn waits() -> impl Strategy<Value = Vec<Option<usize>>> {
    proptest::collection::vec(proptest::option::of(1usize..20), 0..80)
}

proptest! {
    #[test]
    fn every_document_is_started_once_in_order_and_none_too_early(
        waits in waits(),
        picks in proptest::collection::vec(0usize..64, 80),
        concurrency in 1usize..10,
        reach in 1usize..12,
    ) {
        let waits_for = |next: usize| waits[next].and_then(|back| next.checked_sub(back));
        let mut window = Window::new(waits.len(), concurrency, reach);
        let (mut under_way, mut answered, mut started) = (Vec::new(), vec![false; waits.len()], 0);
        for pick in picks {
            while let Some(next) = window.start(waits_for) {
                prop_assert!(next == started);
                started += 1;
                prop_assert!(waits_for(next).is_none_or(|earlier| answered[earlier]));
                prop_assert!(answered[..next.saturating_sub(reach - 1)].iter().all(|answered| *answered));
                under_way.push(next);
                prop_assert!(under_way.len() <= concurrency);
            }
            if under_way.is_empty() { break; }
            let done = under_way.swap_remove(pick % under_way.len());
            answered[done] = true;
            window.end(done);
        }
        prop_assert!(started == waits.len());
        prop_assert!(answered.iter().all(|answered| *answered));
    }
}
