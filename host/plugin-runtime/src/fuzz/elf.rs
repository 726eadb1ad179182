//! The reader of libraries: never a panic and never a long time, whatever the file says of itself.

use std::path::Path;

use super::{fuzz, mutated};
use crate::conformance::Dice;
use crate::{compat, manifest, verify};

/// Numbers that offsets and sizes go wrong at.
const NUMBERS: [u64; 10] =
    [0, 1, 7, 0x40, 0x1000, 0xffff, 0xffff_ffff, i64::MAX as u64, u64::MAX - 7, u64::MAX];

fn corpus() -> Vec<Vec<u8>> {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden");
    ["golden-1.0.so", "golden-other-layout.so"]
        .iter()
        .map(|name| std::fs::read(golden.join(name)).unwrap())
        .collect()
}

/// The offset in a field; 0 when it leads out of the file.
fn at(bytes: &[u8], field: usize) -> usize {
    let number = bytes.get(field..field + 8).and_then(|field| field.try_into().ok()).map(u64::from_le_bytes);
    number.and_then(|number| usize::try_from(number).ok()).filter(|at| *at < bytes.len()).unwrap_or_default()
}

/// Where a library says what is where: its header, the segments, the sections, and what one of the sections holds.
fn place(bytes: &[u8], dice: &mut Dice) -> usize {
    let (segments, sections) = (at(bytes, 0x20), at(bytes, 0x28));
    let section = sections + 0x40 * dice.below(40);
    match dice.below(5) {
        0 => dice.below(0x40),
        1 => segments + dice.below(0x38 * 12),
        2 | 3 => section + dice.below(0x40),
        _ => at(bytes, section + 0x18) + dice.below(0x200),
    }
}

fn damaged(whole: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    for _ in 0..1 + dice.below(4) {
        let at = place(&bytes, dice);
        let number = if dice.coin() { dice.pick(&NUMBERS) } else { dice.next() };
        let width = dice.pick(&[1, 2, 4, 8]);
        for (offset, byte) in number.to_le_bytes().into_iter().take(width).enumerate() {
            if let Some(place) = bytes.get_mut(at + offset) {
                *place = byte;
            }
        }
    }
    match dice.below(12) {
        0 => bytes.truncate(dice.below(whole.len())),
        1 => bytes = mutated(&bytes, &[b"\x7fELF", b".vectis.manifest\0"], dice),
        _ => {}
    }
    bytes
}

/// All that is asked of a file before it is mapped.
fn read(bytes: &[u8]) {
    let Ok(structure) = verify::structure(bytes) else { return };
    assert!(structure.manifest.len() <= bytes.len() && structure.build.len() <= bytes.len());
    let _ = compat::structure(&structure);
    let build = manifest::build(&structure);
    if let (Ok((_, manifest)), Ok(build)) = (manifest::manifest(&structure), build) {
        let _ = compat::target(&build);
        let _ = compat::api(&manifest, &build);
        let _ = compat::initializers(&structure, &manifest);
    }
}

#[test]
fn libraries() {
    let corpus = corpus();
    fuzz("libraries", |dice| read(&damaged(&corpus[dice.below(corpus.len())], dice)));
}
