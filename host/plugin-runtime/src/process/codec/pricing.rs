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
    let field =
        |line: &[u8], at: usize| u32::from_ne_bytes([line[at], line[at + 1], line[at + 2], line[at + 3]]);
    let lengths = fixed.chunks_exact(LINE_BYTES).map(|line| field(line, 32) as usize);
    let skus = std::str::from_utf8(reader.raw(lengths.sum())?).map_err(|_| Garbled)?;
    let mut lines = Vec::with_capacity(fixed.len() / LINE_BYTES);
    let mut start = 0;
    for line in fixed.chunks_exact(LINE_BYTES) {
        let mut entry = Reader::new(line);
        let (id, quantity) = (entry.id()?, entry.i64()?);
        let (first, count, length) = (entry.u32()?, entry.u32()?, entry.u32()? as usize);
        let sku = skus.get(start..start + length).ok_or(Garbled)?;
        lines.push(Line::new(id, sku, quantity).with_candidates(first, count));
        start += length;
    }
    Ok(lines)
}

pub(crate) fn write_answer(writer: &mut Writer<'_>, answer: &[Priced]) {
    for priced in answer {
        let mut bytes = [0; PRICED_BYTES];
        bytes[..8].copy_from_slice(&priced.unit_price_micros.to_ne_bytes());
        bytes[8..12].copy_from_slice(&priced.candidate.to_ne_bytes());
        bytes[12..].copy_from_slice(&priced.status.to_ne_bytes());
        writer.raw(&bytes);
    }
}

/// One answer for each place of `out`, neither more nor fewer.
pub(crate) fn read_answer(bytes: &[u8], out: &mut [Priced]) -> Result<(), Garbled> {
    if bytes.len() != out.len() * PRICED_BYTES {
        return Err(Garbled);
    }
    for (entry, priced) in bytes.chunks_exact(PRICED_BYTES).zip(out) {
        let mut reader = Reader::new(entry);
        let micros = reader.i64()?;
        *priced = Priced { candidate: reader.u32()?, status: reader.u32()?, ..Priced::at(micros) };
    }
    Ok(())
}

/// Nothing of a candidate is hidden from a copy of its bytes.
const _: () = assert!(size_of::<Candidate>() == 4 + 4 + size_of::<Id>() + 4 * 8 + 4 + 4);

fn as_bytes(candidates: &[Candidate]) -> &[u8] {
    #[expect(unsafe_code, reason = "a hundred kilobytes that need no conversion")]
    // SAFETY: the record is `repr(C)` and, as asserted above, has no padding, so all of its bytes are initialized.
    unsafe {
        std::slice::from_raw_parts(candidates.as_ptr().cast(), size_of_val(candidates))
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
