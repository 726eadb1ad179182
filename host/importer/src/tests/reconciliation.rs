use vectis_kernel::{Currency, Money};

use super::{line, plan};
use crate::plan::Plan;
use crate::read::RowError;
use crate::reconcile::{Group, Ledger, Report, group_pence, rows_of};

fn year() -> Plan {
    plan(&[
        line("1", "A1", 6, "2.55", "17850"),
        line("1", "POST", 1, "18", "17850"),
        line("2", "A1", 4, "2.55", "17850"),
        line("C3", "A1", -8, "2.55", "17850"),
        line("4", "A1", -1, "0", ""),
        line("5", "A1", 0, "1", "17850"),
        line("A6", "B", 1, "-11062.06", "").replace("2011-01", "2011-02"),
    ])
}

/// A platform that answers every part at the file's price.
fn answer_all(plan: &Plan) -> Ledger {
    let mut ledger = Ledger::of(plan);
    for document in &plan.documents {
        for row in rows_of(&document.body) {
            if row != 3 {
                ledger.take(row, plan.rows[row].value);
            }
        }
    }
    for quantity in [4, 4] {
        ledger.take(3, plan.rows[3].value_of(-quantity).unwrap());
    }
    ledger
}

#[test]
fn a_platform_that_answers_like_the_file_is_equal_to_the_penny() {
    let plan = year();

    let report = Report::of(&plan, &answer_all(&plan), &[]);

    assert!(report.is_equal_to_the_penny() && report.accounts_for_every_row());
    let january = &report.months["2011-01"];
    assert_eq!((january.file.value, january.platform.value, january.difference()), (2310, 2310, 0));
    assert_eq!((january.file.lines, january.platform.lines), (6, 5));
    assert_eq!((january.file.invoices.len(), january.platform.invoices.len()), (5, 4));
    let february = &report.groups[&("2011-02".to_owned(), Group::Adjustments)];
    assert_eq!((february.file.value, february.platform.value), (-1_106_206, -1_106_206));
    assert_eq!(report.not_taken.len(), 1);
    assert_eq!((report.not_taken[0].line, report.not_taken[0].reason.as_str()), (7, "the quantity is 0"));
}

#[test]
fn what_was_refused_or_never_sent_is_listed_and_missing_in_value() {
    let plan = year();
    let mut ledger = Ledger::of(&plan);
    ledger.take(0, plan.rows[0].value);
    ledger.refuse(1, "charges are closed");
    ledger.take(3, plan.rows[3].value_of(-4).unwrap());
    ledger.refuse(3, "the order is closed");

    let report = Report::of(&plan, &ledger, &[]);

    assert!(report.accounts_for_every_row() && !report.is_equal_to_the_penny());
    let reasons: Vec<_> = report.not_taken.iter().map(|row| (row.line, row.reason.as_str())).collect();
    let expected = [
        (3, "charges are closed"),
        (4, "not sent"),
        (5, "the order is closed"),
        (6, "not sent"),
        (7, "the quantity is 0"),
        (8, "not sent"),
    ];
    assert_eq!(reasons, expected);
    assert_eq!(report.taken(), 1);
    assert_eq!(report.months["2011-01"].platform.value, 1530 - 1020);
}

#[test]
fn a_row_taken_at_another_value_is_listed() {
    let plan = plan(&[line("1", "A1", 6, "2.55", "17850")]);
    let mut ledger = Ledger::of(&plan);
    ledger.take(0, Money::new(1531, Currency::GBP));

    let report = Report::of(&plan, &ledger, &[]);

    assert!(report.accounts_for_every_row() && !report.is_equal_to_the_penny());
    assert_eq!(report.differing[0].reason, "taken as 15.31");
    assert_eq!(report.total.difference(), 1);
}

#[test]
fn unreadable_rows_are_accounted_for() {
    let plan = plan(&[line("1", "A1", 6, "2.55", "17850")]);
    let bad = RowError { line: 9, column: "Quantity", reason: "\"six\" is not a whole number".into() };

    let report = Report::of(&plan, &answer_none(&plan), &[bad]);

    assert_eq!((report.rows, report.not_taken.len()), (2, 2));
    assert!(report.accounts_for_every_row());
    assert_eq!(report.not_taken[0].reason, "Quantity: \"six\" is not a whole number");
}

fn answer_none(plan: &Plan) -> Ledger {
    Ledger::of(plan)
}

#[test]
fn the_report_is_an_aligned_table_with_every_row_not_taken() {
    let plan = plan(&[line("1", "A1", 600, "2.55", "17850"), line("2", "A1", 0, "2.55", "17850")]);
    let mut ledger = Ledger::of(&plan);
    ledger.take(0, plan.rows[0].value);

    let text = Report::of(&plan, &ledger, &[]).to_string();

    let expected = "\
month    kind      invoices  in Vectis  lines  in Vectis     value  in Vectis  difference
2011-01  sales            1          1      1          1  1,530.00   1,530.00        0.00
2011-01  rejected         1          0      1          0      0.00       0.00        0.00
2011-01  all              2          1      2          1  1,530.00   1,530.00        0.00
total    all              2          1      2          1  1,530.00   1,530.00        0.00

1 of 2 rows taken, 1 not.

Rows not taken:
  line 3        2 A1 0.00                                the quantity is 0
";
    assert_eq!(text, expected);
}

#[test]
fn pence_are_written_with_sign_and_thousands() {
    let written = [0, 5, -5, 123_456, -123_456_789].map(group_pence);

    assert_eq!(written, ["0.00", "0.05", "-0.05", "1,234.56", "-1,234,567.89"]);
}
