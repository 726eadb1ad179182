//! `vectis.pricing`. The candidates go as they lie in memory, and the runner prices from them in place.

use std::mem::{align_of, size_of, size_of_val};

use vectis_plugin_api::Id;
use vectis_plugin_api::abi::pricing::PricingCall;
use vectis_plugin_api::pricing::{Candidate, Line, Priced};

use crate::process::bytes::{Garbled, Reader, Writer};

/// Id, quantity, first candidate, number of candidates, bytes of the SKU.
const LINE_BYTES: usize = 16 + 8 + 4 + 4 + 4;
/// Price, candidate, status.
const PRICED_BYTES: usize = 8 + 4 + 4;

/// A question as the runner has it.
pub(crate) struct Question<'a> {
    pub(crate) call: PricingCall<'a>,
    pub(crate) lines: Vec<Line<'a>>,
}

pub(crate) fn write_question(writer: &mut Writer<'_>, call: &PricingCall<'_>, lines: &[Line<'_>]) {
    writer.text(call.currency.as_str());
    writer.text(call.ext.as_str());
    for id in [call.channel_id, call.account_id, call.location_id] {
        writer.id(id);
    }
    writer.i64(call.now_ms);
    writer.u64(call.budget_ns);
    writer.u64(call.flags);
    writer.count(call.candidates.len());
    writer.align();
    writer.raw(as_bytes(call.candidates.as_slice()));
    writer.count(lines.len());
    for line in lines {
        writer.raw(&line_bytes(line));
    }
    for line in lines {
        writer.raw(line.sku().as_bytes());
    }
}

#[inline]
fn line_bytes(line: &Line<'_>) -> [u8; LINE_BYTES] {
    // A SKU of four gigabytes does not fit into the area anyway.
    let sku = u32::try_from(line.sku().len()).unwrap_or(u32::MAX);
    let mut bytes = [0; LINE_BYTES];
    bytes[..16].copy_from_slice(&line.variant_id.0);
    bytes[16..24].copy_from_slice(&line.quantity_milli.to_ne_bytes());
    bytes[24..28].copy_from_slice(&line.first_candidate.to_ne_bytes());
    bytes[28..32].copy_from_slice(&line.candidate_count.to_ne_bytes());
    bytes[32..].copy_from_slice(&sku.to_ne_bytes());
    bytes
}

pub(crate) fn read_question(bytes: &[u8]) -> Result<Question<'_>, Garbled> {
    let mut reader = Reader::new(bytes);
    let (currency, ext) = (reader.text()?, reader.text()?);
    let (channel_id, account_id, location_id) = (reader.id()?, reader.id()?, reader.id()?);
    let (now_ms, budget_ns, flags) = (reader.i64()?, reader.u64()?, reader.u64()?);
    let count = reader.count(size_of::<Candidate>())?;
    reader.align()?;
    let candidates = as_candidates(reader.raw(count * size_of::<Candidate>())?)?;
    let count = reader.count(LINE_BYTES)?;
    let lines = read_lines(reader.raw(count * LINE_BYTES)?, &mut reader)?;
    reader.finish()?;
    let call = PricingCall {
        account_id,
        location_id,
        now_ms,
        budget_ns,
        flags,
        ext: ext.into(),
        ..PricingCall::new(currency, channel_id, candidates)
    };
    Ok(Question { call, lines })
}

/// The SKUs follow one after the other, so they are checked to be text at once.
fn read_lines<'a>(fixed: &[u8], reader: &mut Reader<'a>) -> Result<Vec<Line<'a>>, Garbled> {
    let (entries, _) = fixed.as_chunks::<LINE_BYTES>();
    let length = |entry: &[u8; LINE_BYTES]| u32::from_ne_bytes(part(entry, 32)) as usize;
    let skus = std::str::from_utf8(reader.raw(entries.iter().map(length).sum())?).map_err(|_| Garbled)?;
    let mut lines = Vec::with_capacity(entries.len());
    let mut start = 0;
    for entry in entries {
        let sku = skus.get(start..start + length(entry)).ok_or(Garbled)?;
        let line = Line::new(Id(part(entry, 0)), sku, i64::from_ne_bytes(part(entry, 16)));
        let (first, count) = (u32::from_ne_bytes(part(entry, 24)), u32::from_ne_bytes(part(entry, 28)));
        lines.push(line.with_candidates(first, count));
        start += sku.len();
    }
    Ok(lines)
}

/// Bytes of a record, from a place within it.
#[inline]
fn part<const RECORD: usize, const PART: usize>(record: &[u8; RECORD], at: usize) -> [u8; PART] {
    let mut bytes = [0; PART];
    bytes.copy_from_slice(&record[at..at + PART]);
    bytes
}

pub(crate) fn write_answer(writer: &mut Writer<'_>, answer: &[Priced]) {
    writer.raw(as_bytes(answer));
}

/// One answer for each place of `out`, neither more nor fewer.
pub(crate) fn read_answer(bytes: &[u8], out: &mut [Priced]) -> Result<(), Garbled> {
    if bytes.len() != size_of_val(out) {
        return Err(Garbled);
    }
    for (entry, priced) in bytes.as_chunks::<PRICED_BYTES>().0.iter().zip(out) {
        *priced = Priced {
            unit_price_micros: i64::from_ne_bytes(part(entry, 0)),
            candidate: u32::from_ne_bytes(part(entry, 8)),
            status: u32::from_ne_bytes(part(entry, 12)),
        };
    }
    Ok(())
}

/// Records whose bytes are all their fields'.
trait Plain {}

impl Plain for Candidate {}
impl Plain for Priced {}

const _: () = assert!(size_of::<Candidate>() == 4 + 4 + size_of::<Id>() + 4 * 8 + 4 + 4);
const _: () = assert!(size_of::<Priced>() == PRICED_BYTES);

fn as_bytes<T: Plain>(records: &[T]) -> &[u8] {
    #[expect(unsafe_code, reason = "a hundred kilobytes that need no conversion")]
    // SAFETY: the records are `repr(C)` and, as asserted above, have no padding, so all of their bytes are initialized.
    unsafe {
        std::slice::from_raw_parts(records.as_ptr().cast(), size_of_val(records))
    }
}

fn as_candidates(bytes: &[u8]) -> Result<&[Candidate], Garbled> {
    if bytes.is_empty() {
        return Ok(&[]);
    }
    let is_aligned = bytes.as_ptr().addr().is_multiple_of(align_of::<Candidate>());
    if !is_aligned || !bytes.len().is_multiple_of(size_of::<Candidate>()) {
        return Err(Garbled);
    }
    #[expect(unsafe_code, reason = "a hundred kilobytes that need no conversion")]
    // SAFETY: alignment and length were just checked; all fields are integers, for which any bytes are a value.
    unsafe {
        Ok(std::slice::from_raw_parts(bytes.as_ptr().cast(), bytes.len() / size_of::<Candidate>()))
    }
}
