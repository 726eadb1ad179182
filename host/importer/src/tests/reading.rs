use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::{file, rows};
use crate::read::{OnBadRows, ReadError, read};
use crate::row::Buyer;

const GOOD: &str = "536365,85123a, WHITE  HEART ,6,2010-12-01T08:26,2.55,17850,United Kingdom";

fn bad_rows(lines: &[&str]) -> Vec<String> {
    let reading = read(file(lines).as_bytes(), OnBadRows::TakeGoodRows).unwrap();
    reading.bad_rows.iter().map(ToString::to_string).collect()
}

#[test]
fn a_good_row_is_typed_folded_and_valued() {
    let rows = rows(&[GOOD]);

    let row = &rows[0];
    assert_eq!((row.line, row.invoice.as_str(), row.sku.as_str()), (2, "536365", "85123A"));
    assert_eq!(row.description.as_deref(), Some("WHITE HEART"));
    assert_eq!((row.quantity, row.unit_price.micros, row.value.minor), (6, 2_550_000, 1530));
    assert_eq!((row.buyer.clone(), row.country.as_str()), (Buyer::Account("17850".into()), "United Kingdom"));
    assert_eq!(row.at.to_string(), "2010-12-01 08:26:00");
    assert_eq!(row.month(), "2010-12");
}

#[test]
fn line_values_are_rounded_half_away_from_zero_per_line() {
    let rows = rows(&[
        "1,A1,X,5,2011-01-01T00:00,0.001,,UK",
        "1,A1,X,4,2011-01-01T00:00,0.001,,UK",
        "C1,A1,X,-5,2011-01-01T00:00,0.001,,UK",
        "1,A1,X,3,2011-01-01T00:00,0.165,,UK",
        "A1,B,X,1,2011-01-01T00:00,-11062.06,,UK",
    ]);

    let values: Vec<i64> = rows.iter().map(|row| row.value.minor).collect();
    assert_eq!(values, [1, 0, -1, 50, -1_106_206]);
}

#[test]
fn a_missing_customer_is_a_walk_in_and_a_missing_description_is_none() {
    let rows = rows(&["1,A1,nan,1,2011-01-01T00:00,1,,UK", "1,A1,,1,2011-01-01T00:00,1,,UK"]);

    assert!(rows.iter().all(|row| row.buyer == Buyer::WalkIn && row.description.is_none()));
}

#[test]
fn byte_order_mark_crlf_quotes_blank_lines_and_latin_1_are_tolerated() {
    let mut bytes = b"\xef\xbb\xbf".to_vec();
    bytes.extend(file(&[]).trim_end().as_bytes());
    bytes.extend(b"\r\n\"536365\",85123A,\"SAYS \"\"TEA, PLEASE\"\"\",6,2010-12-01T08:26,2.55,17850,UK\r\n");
    bytes.extend(b"\r\n536366,1,VOUCHER \xa320,1,2010-12-01T08:26,2.55,,UK");

    let reading = read(bytes.as_slice(), OnBadRows::RefuseFile).unwrap();

    let seen: Vec<_> =
        reading.rows.iter().map(|row| (row.line, row.description.as_deref().unwrap())).collect();
    assert_eq!(seen, [(2, "SAYS \"TEA, PLEASE\""), (4, "VOUCHER £20")]);
}

#[test]
fn gzip_is_told_by_its_content() {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(file(&[GOOD]).as_bytes()).unwrap();
    let packed = packed.finish().unwrap();

    assert_eq!(read(packed.as_slice(), OnBadRows::RefuseFile).unwrap().rows.len(), 1);
    let torn = read(&packed[..packed.len() - 12], OnBadRows::TakeGoodRows).unwrap_err();
    assert!(matches!(torn, ReadError::Io { .. }), "{torn}");
}

#[test]
fn another_header_or_none_is_refused() {
    for start in [
        "",
        "InvoiceNo,StockCode\n",
        "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country\n",
    ] {
        let error = read(start.as_bytes(), OnBadRows::TakeGoodRows).unwrap_err();
        assert!(matches!(error, ReadError::Header { .. }), "{error}");
    }
}

#[test]
fn every_bad_field_is_named_by_line_column_and_reason() {
    let bad = bad_rows(&[
        GOOD,
        "536365,85123A,X,6,2010-12-01T08:26,2.55,17850",
        ",85123A,X,6,2010-12-01T08:26,2.55,17850,UK",
        "1, ,X,6,2010-12-01T08:26,2.55,17850,UK",
        "1,A,X,six,2010-12-01T08:26,2.55,17850,UK",
        "1,A,X,1.5,2010-12-01T08:26,2.55,17850,UK",
        "1,A,X,1000000001,2010-12-01T08:26,2.55,17850,UK",
        "1,A,X,6,01/12/2010,2.55,17850,UK",
        "1,A,X,6,2010-12-01T08:26,1e3,17850,UK",
        "1,A,X,6,2010-12-01T08:26,0.0000001,17850,UK",
        "1,A,X,1000000000,2010-12-01T08:26,999999999999,17850,UK",
        "1,A,X,6,2010-12-01T08:26,2.55,17 850;,UK",
        "1,A,\"X,6,2010-12-01T08:26,2.55,17850,UK",
        "1,A,\"X\"Y,6,2010-12-01T08:26,2.55,17850,UK",
        GOOD,
    ]);

    assert_eq!(
        bad,
        [
            "line 3, row: has 7 columns instead of 8",
            "line 4, InvoiceNo: is empty",
            "line 5, StockCode: is empty",
            "line 6, Quantity: \"six\" is not a whole number",
            "line 7, Quantity: \"1.5\" is not a whole number",
            "line 8, Quantity: 1000000001 is more than 1000000000 pieces",
            "line 9, InvoiceDate: \"01/12/2010\" is not a date and time like 2011-06-30T20:08",
            "line 10, UnitPrice: \"1e3\" is not a price",
            "line 11, UnitPrice: 0.0000001 has more than 6 decimal places",
            "line 12, UnitPrice: 1000000000 at 999999999999 is more than can be counted",
            "line 13, CustomerID: \"17 850;\" is not a customer number",
            "line 14, row: a quote is not closed on its line",
            "line 15, row: text after a closing quote",
        ]
    );
}

#[test]
fn the_caller_chooses_between_all_or_nothing_and_the_good_rows() {
    let text = file(&[GOOD, "1,A,X,six,2010-12-01T08:26,2.55,17850,UK", GOOD]);

    let refused = read(text.as_bytes(), OnBadRows::RefuseFile).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "1 bad rows, nothing taken; the first: line 3, Quantity: \"six\" is not a whole number"
    );
    let taken = read(text.as_bytes(), OnBadRows::TakeGoodRows).unwrap();
    assert_eq!(taken.rows.iter().map(|row| row.line).collect::<Vec<_>>(), [2, 4]);
    assert_eq!(taken.bad_rows.len(), 1);
}

#[test]
fn an_endless_line_is_one_bad_row() {
    let endless = "x".repeat(200_000);

    let bad = bad_rows(&[&endless, GOOD]);

    assert_eq!(bad, ["line 2, row: has 1 columns instead of 8"]);
}
