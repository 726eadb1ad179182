//! Flat records, little-endian: what host and module exchange in linear memory.

use crate::{Candidate, best};

/// Instant, number of lines, number of candidates.
pub const HEAD_BYTES: usize = 8 + 4 + 4;
/// Level, priority, list, minimum, price, from, to, converted, four bytes of nothing.
pub const CANDIDATE_BYTES: usize = 4 + 4 + 16 + 4 * 8 + 4 + 4;
/// Variant, quantity, first candidate, number of candidates, bytes of the SKU; the SKUs follow after all lines.
pub const LINE_BYTES: usize = 16 + 8 + 4 + 4 + 4;
/// Price, candidate, whether there is one.
pub const ANSWER_BYTES: usize = 8 + 4 + 4;

/// Answers a question, or `None` when it means nothing.
pub fn answer(question: &[u8]) -> Option<Vec<u8>> {
    let (head, rest) = question.split_at_checked(HEAD_BYTES)?;
    let (now_ms, lines, count) = (long(head, 0), word(head, 8) as usize, word(head, 12) as usize);
    let (candidates, rest) = rest.split_at_checked(count.checked_mul(CANDIDATE_BYTES)?)?;
    let (lines, _skus) = rest.split_at_checked(lines.checked_mul(LINE_BYTES)?)?;
    let mut answer = Vec::with_capacity(lines.len() / LINE_BYTES * ANSWER_BYTES);
    for line in lines.chunks_exact(LINE_BYTES) {
        let (first, count) = (word(line, 24) as usize, word(line, 28) as usize);
        let own = candidates.get(first * CANDIDATE_BYTES..(first + count) * CANDIDATE_BYTES)?;
        let found = best(own.chunks_exact(CANDIDATE_BYTES).map(candidate), long(line, 16), now_ms);
        let (index, micros) = found.unwrap_or_default();
        answer.extend(micros.to_le_bytes());
        answer.extend((index as u32).to_le_bytes());
        answer.extend(u32::from(found.is_some()).to_le_bytes());
    }
    Some(answer)
}

fn candidate(record: &[u8]) -> Candidate {
    Candidate {
        level: word(record, 0),
        priority: word(record, 4).cast_signed(),
        price_list_id: array(record, 8),
        min_quantity_milli: long(record, 24),
        unit_price_micros: long(record, 32),
        valid_from_ms: long(record, 40),
        valid_to_ms: long(record, 48),
        is_converted: word(record, 56) != 0,
    }
}

/// Four bytes of a record.
pub fn word(record: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(array(record, at))
}

/// Eight bytes of a record.
pub fn long(record: &[u8], at: usize) -> i64 {
    i64::from_le_bytes(array(record, at))
}

fn array<const N: usize>(record: &[u8], at: usize) -> [u8; N] {
    let mut bytes = [0; N];
    bytes.copy_from_slice(&record[at..at + N]);
    bytes
}
