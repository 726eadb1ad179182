//! Reads the CSV, plain or gzip, into [`Row`]s. Tolerates what spreadsheets do to files (byte-order mark, CRLF, quotes,
//! Latin-1 bytes); refuses what would change a number. Every refused row is named by line, column and reason.

use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader, Read as _};
use std::path::Path;

use chrono::NaiveDateTime;
use flate2::bufread::MultiGzDecoder;
use rust_decimal::Decimal;
use vectis_kernel::{Currency, UnitPrice};

use crate::row::{Buyer, Row, Sku, value};

/// The columns, in this order.
pub const COLUMNS: [&str; 8] = [
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
];

/// Longest text taken from a field, in characters.
const MAX_TEXT: usize = 200;

/// Longest line read, in bytes.
const MAX_LINE: u64 = 65_536;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What to do with a file that has bad rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnBadRows {
    /// Take nothing.
    RefuseFile,
    /// Take the good rows and report the bad ones.
    TakeGoodRows,
}

/// Why one row cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowError {
    /// Line of the file.
    pub line: u64,
    /// The column at fault, or `row` when the row has the wrong shape.
    pub column: &'static str,
    /// For people.
    pub reason: String,
}

impl fmt::Display for RowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, {}: {}", self.line, self.column, self.reason)
    }
}

/// Why a file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file cannot be opened, read or unpacked.
    #[error("cannot read the file after line {line}: {source}")]
    Io {
        /// Last line that could be read.
        line: u64,
        /// What the system said.
        source: std::io::Error,
    },
    /// The first line is not the header of this form.
    #[error("the header is {found:?}; expected {:?}", COLUMNS.join(","))]
    Header {
        /// What is there.
        found: String,
    },
    /// Some rows are bad and the caller wants all or nothing.
    #[error("{} bad rows, nothing taken; the first: {}", .0.len(), .0[0])]
    BadRows(Vec<RowError>),
}

/// What a file holds.
#[derive(Debug, Default)]
pub struct Reading {
    /// Good rows in file order.
    pub rows: Vec<Row>,
    /// Bad rows in file order; empty with [`OnBadRows::RefuseFile`].
    pub bad_rows: Vec<RowError>,
}

/// Reads the file at `path`.
pub fn read_file(path: &Path, on_bad_rows: OnBadRows) -> Result<Reading, ReadError> {
    let file = File::open(path).map_err(|source| ReadError::Io { line: 0, source })?;
    read(BufReader::new(file), on_bad_rows)
}

/// Reads a stream; gzip is told by its first bytes, not by a name.
pub fn read(mut input: impl BufRead, on_bad_rows: OnBadRows) -> Result<Reading, ReadError> {
    let start = input.fill_buf().map_err(|source| ReadError::Io { line: 0, source })?;
    let reading = if start.starts_with(&[0x1f, 0x8b]) {
        read_plain(BufReader::new(MultiGzDecoder::new(input)))?
    } else {
        read_plain(input)?
    };
    if on_bad_rows == OnBadRows::RefuseFile && !reading.bad_rows.is_empty() {
        return Err(ReadError::BadRows(reading.bad_rows));
    }
    Ok(reading)
}

fn read_plain(mut input: impl BufRead) -> Result<Reading, ReadError> {
    let mut reading = Reading::default();
    let mut line = 1;
    check_header(&next_line(&mut input, line)?.unwrap_or_default())?;
    loop {
        line += 1;
        match next_line(&mut input, line)? {
            None => return Ok(reading),
            Some(text) if text.iter().all(u8::is_ascii_whitespace) => {}
            Some(text) => match read_row(line, &text) {
                Ok(row) => reading.rows.push(row),
                Err(error) => reading.bad_rows.push(error),
            },
        }
    }
}

/// One line without its end; one longer than [`MAX_LINE`] is cut there, which makes it a bad row. A row is one line:
/// were quoted line breaks allowed, one quote never closed would swallow the rest of the file.
fn next_line(input: &mut impl BufRead, line: u64) -> Result<Option<Vec<u8>>, ReadError> {
    let failed = |source| ReadError::Io { line: line - 1, source };
    let mut text = Vec::new();
    input.by_ref().take(MAX_LINE).read_until(b'\n', &mut text).map_err(failed)?;
    if text.is_empty() {
        return Ok(None);
    }
    if text.last() == Some(&b'\n') {
        text.pop();
    } else {
        input.skip_until(b'\n').map_err(failed)?;
    }
    Ok(Some(text))
}

fn check_header(line: &[u8]) -> Result<(), ReadError> {
    let line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
    match split(line) {
        Ok(fields) if fields == COLUMNS => Ok(()),
        _ => Err(ReadError::Header { found: shorten(&decode(line)) }),
    }
}

/// The fields of a line, trimmed.
fn split(line: &[u8]) -> Result<Vec<String>, String> {
    let mut fields = Vec::with_capacity(COLUMNS.len());
    let mut field = Vec::new();
    let mut bytes = line.strip_suffix(b"\r").unwrap_or(line).iter().copied().peekable();
    let mut is_quoted = bytes.next_if_eq(&b'"').is_some();
    while let Some(byte) = bytes.next() {
        if is_quoted && byte == b'"' {
            match bytes.peek() {
                Some(b'"') => field.extend(bytes.next()),
                Some(b',') | None => is_quoted = false,
                Some(_) => return Err("text after a closing quote".to_owned()),
            }
        } else if byte == b',' && !is_quoted {
            fields.push(decode(&std::mem::take(&mut field)));
            is_quoted = bytes.next_if_eq(&b'"').is_some();
        } else {
            field.push(byte);
        }
    }
    if is_quoted {
        return Err("a quote is not closed on its line".to_owned());
    }
    fields.push(decode(&field));
    Ok(fields)
}

/// UTF-8, or else Latin-1, where every byte is the code point of the same number.
fn decode(field: &[u8]) -> String {
    match std::str::from_utf8(field) {
        Ok(text) => text.trim().to_owned(),
        Err(_) => field.iter().map(|byte| char::from(*byte)).collect::<String>().trim().to_owned(),
    }
}

fn read_row(line: u64, text: &[u8]) -> Result<Row, RowError> {
    let fields = split(text).map_err(|reason| RowError { line, column: "row", reason })?;
    let [invoice, code, description, quantity, at, price, customer, country] = fields.as_slice() else {
        let reason = format!("has {} columns instead of {}", fields.len(), COLUMNS.len());
        return Err(RowError { line, column: "row", reason });
    };
    let fail = |column: usize| move |reason: String| RowError { line, column: COLUMNS[column], reason };
    let quantity = read_quantity(quantity).map_err(fail(3))?;
    let unit_price = read_price(price).map_err(fail(5))?;
    let value = value(unit_price, quantity)
        .ok_or_else(|| fail(5)(format!("{quantity} at {price} is more than can be counted")))?;
    Ok(Row {
        line,
        invoice: read_code(invoice, 32).map_err(fail(0))?.to_ascii_uppercase(),
        sku: Sku::fold(&read_code(code, 64).map_err(fail(1))?),
        description: read_description(description),
        quantity,
        at: read_instant(at).map_err(fail(4))?,
        unit_price,
        value,
        buyer: match customer.as_str() {
            "" => Buyer::WalkIn,
            customer => Buyer::Account(read_customer(customer).map_err(fail(6))?),
        },
        country: collapse(country),
    })
}

fn read_code(text: &str, longest: usize) -> Result<String, String> {
    if text.is_empty() {
        return Err("is empty".to_owned());
    }
    if text.chars().count() > longest || text.chars().any(char::is_control) {
        return Err(format!("{:?} is not a code of at most {longest} characters", shorten(text)));
    }
    Ok(text.to_owned())
}

fn read_customer(text: &str) -> Result<String, String> {
    if text.len() <= 32 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        return Ok(text.to_ascii_uppercase());
    }
    Err(format!("{:?} is not a customer number", shorten(text)))
}

fn read_quantity(text: &str) -> Result<i64, String> {
    let quantity: i64 = text.parse().map_err(|_| format!("{:?} is not a whole number", shorten(text)))?;
    if quantity.unsigned_abs() > Row::MAX_QUANTITY.unsigned_abs() {
        return Err(format!("{quantity} is more than {} pieces", Row::MAX_QUANTITY));
    }
    Ok(quantity)
}

fn read_price(text: &str) -> Result<UnitPrice, String> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+'));
    let price = Decimal::from_str_exact(text).ok().filter(|_| is_plain);
    let price = price.ok_or_else(|| format!("{:?} is not a price", shorten(text)))?;
    UnitPrice::from_decimal(price, Currency::GBP).map_err(|error| error.to_string())
}

fn read_instant(text: &str) -> Result<NaiveDateTime, String> {
    ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M"]
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
        .ok_or_else(|| format!("{:?} is not a date and time like 2011-06-30T20:08", shorten(text)))
}

/// `nan` is what the file's author's tools write for a missing text.
fn read_description(text: &str) -> Option<String> {
    let text = collapse(text);
    (!text.is_empty() && text != "nan").then_some(text)
}

fn collapse(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").chars().filter(|letter| !letter.is_control()).take(MAX_TEXT).collect()
}

fn shorten(text: &str) -> String {
    text.chars().take(40).collect()
}
