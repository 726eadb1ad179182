//! Flat bytes: what a record is on its way to another process. Texts and lists carry their length before them; a reader
//! trusts none of it.

use vectis_plugin_api::Id;

use crate::process::area::Area;

/// It does not fit into the area.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full;

/// The bytes mean nothing: cut short, a text that is none, or more than was promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Garbled;

/// Writes the payload of an area from its start.
pub(crate) struct Writer<'a> {
    area: &'a Area,
    at: usize,
    is_full: bool,
}

impl<'a> Writer<'a> {
    pub(crate) fn new(area: &'a Area) -> Self {
        Self::behind(area, 0)
    }

    /// Writes behind what stands there already.
    pub(crate) fn behind(area: &'a Area, at: usize) -> Self {
        Self { area, at, is_full: false }
    }

    /// Bytes with their length before them.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.count(bytes.len());
        self.raw(bytes);
    }

    #[inline]
    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.is_full |= !self.area.write(self.at, bytes);
        if !self.is_full {
            self.at += bytes.len();
        }
    }

    pub(crate) fn u32(&mut self, number: u32) {
        self.raw(&number.to_ne_bytes());
    }

    pub(crate) fn i64(&mut self, number: i64) {
        self.raw(&number.to_ne_bytes());
    }

    pub(crate) fn u64(&mut self, number: u64) {
        self.raw(&number.to_ne_bytes());
    }

    pub(crate) fn bool(&mut self, flag: bool) {
        self.raw(&[u8::from(flag)]);
    }

    pub(crate) fn id(&mut self, id: Id) {
        self.raw(&id.0);
    }

    /// How many entries follow.
    pub(crate) fn count(&mut self, count: usize) {
        match u32::try_from(count) {
            Ok(count) => self.u32(count),
            Err(_) => self.is_full = true,
        }
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.count(text.len());
        self.raw(text.as_bytes());
    }

    /// Goes on at a multiple of eight.
    pub(crate) fn align(&mut self) {
        self.raw(&[0; 8][..self.at.wrapping_neg() % 8]);
    }

    /// How many bytes were written.
    pub(crate) fn finish(self) -> Result<usize, Full> {
        if self.is_full { Err(Full) } else { Ok(self.at) }
    }
}

/// Reads flat bytes from their start.
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(crate) fn raw(&mut self, length: usize) -> Result<&'a [u8], Garbled> {
        let end = self.at.checked_add(length).ok_or(Garbled)?;
        let taken = self.bytes.get(self.at..end).ok_or(Garbled)?;
        self.at = end;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Garbled> {
        self.raw(N)?.try_into().map_err(|_| Garbled)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Garbled> {
        self.array().map(u32::from_ne_bytes)
    }

    pub(crate) fn i64(&mut self) -> Result<i64, Garbled> {
        self.array().map(i64::from_ne_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, Garbled> {
        self.array().map(u64::from_ne_bytes)
    }

    pub(crate) fn bool(&mut self) -> Result<bool, Garbled> {
        match self.array::<1>()? {
            [0] => Ok(false),
            [1] => Ok(true),
            _ => Err(Garbled),
        }
    }

    pub(crate) fn id(&mut self) -> Result<Id, Garbled> {
        self.array().map(Id)
    }

    /// How many entries follow. Each takes at least `least` bytes, so a count that cannot be true never makes room.
    pub(crate) fn count(&mut self, least: usize) -> Result<usize, Garbled> {
        let count = self.u32()? as usize;
        let left = self.bytes.len() - self.at;
        if count.checked_mul(least).is_some_and(|bytes| bytes <= left) { Ok(count) } else { Err(Garbled) }
    }

    /// Bytes with their length before them.
    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], Garbled> {
        let length = self.count(1)?;
        self.raw(length)
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, Garbled> {
        std::str::from_utf8(self.bytes()?).map_err(|_| Garbled)
    }

    pub(crate) fn align(&mut self) -> Result<(), Garbled> {
        self.raw(self.at.wrapping_neg() % 8).map(drop)
    }

    /// Nothing is left over.
    pub(crate) fn finish(self) -> Result<(), Garbled> {
        if self.at == self.bytes.len() { Ok(()) } else { Err(Garbled) }
    }
}
