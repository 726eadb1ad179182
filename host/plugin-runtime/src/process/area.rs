//! Shared memory: two sealed files in memory per worker, one for questions and one for answers. Each is written from one
//! side only; the other side has it mapped without the right to write.

#![expect(unsafe_code, reason = "memory that another process has mapped too")]

use std::ffi::c_void;
use std::fs::File;
use std::io;
use std::num::NonZeroUsize;
use std::os::fd::AsFd;
use std::ptr::NonNull;
use std::sync::atomic::AtomicU32;

use nix::fcntl::{FcntlArg, SealFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::mman::{MapFlags, ProtFlags, mmap, munmap};

/// The largest question. Memory is taken only for what is written: this is room, not use.
pub(crate) const QUESTION_BYTES: usize = 64 << 20;
/// The largest answer.
pub(crate) const ANSWER_BYTES: usize = 16 << 20;
/// Words before the payload.
const WORDS: usize = 16;
/// Where the payload starts; a multiple of every alignment in use.
pub(crate) const PAYLOAD: usize = WORDS * size_of::<u32>();

/// The words at the start of an area.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Word {
    /// Number of the question that is asked, or was answered. Written last.
    Turn = 0,
    /// Whether the writer sleeps and wants to be woken over the socket.
    Asleep = 1,
    /// What is asked for; how it went.
    Verb = 2,
    /// Bytes of the payload.
    Length = 3,
    /// The instance that is asked.
    Instance = 4,
    /// Messages that the runner has sent over the socket so far.
    Sent = 5,
}

/// Who may write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Right {
    Read,
    Write,
}

/// A mapped area.
pub(crate) struct Area {
    base: NonNull<u8>,
    size: usize,
    right: Right,
}

// SAFETY: it is memory without an owner thread; all access goes through bounds-checked copies and atomics.
unsafe impl Send for Area {}
// SAFETY: as above; those who write at the same time see torn bytes, which every reader has to expect anyway.
unsafe impl Sync for Area {}

impl Area {
    /// Maps the first `size` bytes of a file in memory whose length is sealed.
    pub(crate) fn map(file: &impl AsFd, size: usize, right: Right) -> io::Result<Self> {
        let length = NonZeroUsize::new(size).ok_or(io::ErrorKind::InvalidInput)?;
        let protection = match right {
            Right::Read => ProtFlags::PROT_READ,
            Right::Write => ProtFlags::PROT_READ | ProtFlags::PROT_WRITE,
        };
        // SAFETY: a new mapping at an address of the kernel's choice aliases nothing. It cannot be cut short: the length
        // is sealed by `shared`, before anybody else has the file.
        let base = unsafe { mmap(None, length, protection, MapFlags::MAP_SHARED, file, 0)? };
        Ok(Self { base: base.cast(), size, right })
    }

    /// A word at the start.
    pub(crate) fn word(&self, word: Word) -> &AtomicU32 {
        // SAFETY: the words lie within the mapping, which lives as long as `self` and is aligned to a page. A reader only
        // loads.
        unsafe { AtomicU32::from_ptr(self.base.cast::<u32>().as_ptr().add(word as usize)) }
    }

    /// Copies bytes into the payload; `false` when they do not fit.
    #[inline]
    pub(crate) fn write(&self, at: usize, bytes: &[u8]) -> bool {
        let start = PAYLOAD + at;
        if self.right != Right::Write || self.size.checked_sub(start).is_none_or(|room| room < bytes.len()) {
            return false;
        }
        // SAFETY: the range was just checked to lie in the mapping, which is writable; `bytes` is not part of it.
        unsafe { self.base.as_ptr().add(start).copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
        true
    }

    /// Copies the first bytes of the payload out, so that what is judged cannot change any more; `None` when there are not
    /// so many.
    pub(crate) fn copy_out(&self, length: usize) -> Option<Vec<u8>> {
        self.copy_from(0, length)
    }

    /// So many bytes of the payload from a place on, copied; `None` when there are not so many.
    pub(crate) fn copy_from(&self, start: usize, length: usize) -> Option<Vec<u8>> {
        let end = start.checked_add(length)?;
        self.size.checked_sub(PAYLOAD).filter(|room| *room >= end)?;
        let mut bytes = Vec::with_capacity(length);
        // SAFETY: the range was just checked to lie in the mapping; the vector has room for it and is as long afterwards. The
        // other side may write meanwhile: then the bytes are nonsense, which the decoder has to expect.
        unsafe {
            let start = self.base.as_ptr().add(PAYLOAD + start);
            start.copy_to_nonoverlapping(bytes.as_mut_ptr(), length);
            bytes.set_len(length);
        }
        Some(bytes)
    }

    /// The first bytes of the payload in place.
    ///
    /// # Safety
    /// The writer must not write as long as the slice lives: for the runner that trusts its host, never for the host.
    pub(crate) unsafe fn view(&self, length: usize) -> Option<&[u8]> {
        self.size.checked_sub(PAYLOAD).filter(|room| *room >= length)?;
        // SAFETY: the range was just checked to lie in the mapping; nobody writes it, by the contract of this function.
        Some(unsafe { std::slice::from_raw_parts(self.base.as_ptr().add(PAYLOAD), length) })
    }
}

impl Drop for Area {
    fn drop(&mut self) {
        // SAFETY: the mapping is this value's own and nothing borrows it any more. An error would leave it mapped.
        let _ = unsafe { munmap(self.base.cast::<c_void>(), self.size) };
    }
}

/// A file in memory that can neither grow nor shrink, so that a mapping of it never ends in SIGBUS.
fn sized(name: &str, size: usize) -> io::Result<File> {
    let flags = MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING;
    let file = File::from(memfd_create(name, flags)?);
    file.set_len(size as u64)?;
    fcntl(&file, FcntlArg::F_ADD_SEALS(SealFlag::F_SEAL_SHRINK | SealFlag::F_SEAL_GROW))?;
    Ok(file)
}

/// The area of questions: this side writes, and whoever else gets the file can only read it.
pub(crate) fn questions() -> io::Result<(File, Area)> {
    let file = sized("vectis-questions", QUESTION_BYTES)?;
    let area = Area::map(&file, QUESTION_BYTES, Right::Write)?;
    fcntl(&file, FcntlArg::F_ADD_SEALS(SealFlag::F_SEAL_FUTURE_WRITE | SealFlag::F_SEAL_SEAL))?;
    Ok((file, area))
}

/// The area of answers: this side reads.
pub(crate) fn answers() -> io::Result<(File, Area)> {
    let file = sized("vectis-answers", ANSWER_BYTES)?;
    fcntl(&file, FcntlArg::F_ADD_SEALS(SealFlag::F_SEAL_SEAL))?;
    let area = Area::map(&file, ANSWER_BYTES, Right::Read)?;
    Ok((file, area))
}
