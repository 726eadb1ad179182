//! The kit's promises against the book.

use std::path::Path;

use super::promise::{
    CHECKED, DEADLINE, FEW_LOGS, IN_TIME, NO_PANIC, PRIVATE_LOGS, SAME, SPEAKS, STARTS, STRICT_CONFIG,
};
use super::{approval, fields, observer, order_process, pricing, shipping_rate, task, tax};

/// The text of a file's documentation comments, on one line.
fn documentation(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugin-api/src").join(file);
    let text = std::fs::read_to_string(path).unwrap();
    let comments = text.lines().filter_map(|line| {
        let line = line.trim_start();
        line.strip_prefix("//!").or_else(|| line.strip_prefix("///"))
    });
    comments.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
}

#[test]
fn every_promise_is_a_sentence_of_the_documentation_of_its_point() {
    let everywhere =
        [STARTS, NO_PANIC, CHECKED, SAME, SPEAKS, IN_TIME, DEADLINE, FEW_LOGS, PRIVATE_LOGS, STRICT_CONFIG];
    let pages = [
        ("lib.rs", everywhere.as_slice()),
        ("points/pricing.rs", &pricing::PROMISES),
        ("points/tax.rs", &tax::PROMISES),
        ("points/order_process.rs", &order_process::PROMISES),
        ("points/approval.rs", &approval::PROMISES),
        ("points/fields.rs", &fields::PROMISES),
        ("points/shipping_rate.rs", &shipping_rate::PROMISES),
        ("points/task.rs", &task::PROMISES),
        ("points/observer.rs", &observer::PROMISES),
    ];

    for (file, promises) in pages {
        let page = documentation(file);
        for promise in promises {
            assert!(page.contains(promise.0), "{file} does not say: {}", promise.0);
        }
    }
}
