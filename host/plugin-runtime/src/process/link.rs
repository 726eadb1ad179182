//! The socket between host and runner: wakes the one that sleeps, carries messages and files, and ends when either dies.

#![expect(unsafe_code, reason = "a descriptor that arrives in a message belongs to nobody yet")]

use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::time::{Duration, Instant};

use nix::cmsg_space;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{
    AddressFamily, ControlMessage, ControlMessageOwned, MsgFlags, SockFlag, SockType, recv, recvmsg, send,
    sendmsg, socketpair,
};

/// Files that go along with the first message: questions, answers, plugin.
pub(crate) const FILES: usize = 3;

/// One end.
pub(crate) struct Link(OwnedFd);

/// What there was to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Received {
    /// A message of so many bytes.
    Message(usize),
    /// Nothing yet.
    Nothing,
    /// The other side is gone.
    End,
}

impl Link {
    pub(crate) fn new(end: OwnedFd) -> Self {
        Self(end)
    }

    /// Both ends. Messages keep their borders.
    pub(crate) fn pair() -> io::Result<(Self, OwnedFd)> {
        let (ours, theirs) =
            socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC)?;
        Ok((Self(ours), theirs))
    }

    pub(crate) fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }

    /// Sends without waiting: whoever does not read is not waited for.
    pub(crate) fn try_send(&self, bytes: &[u8]) -> io::Result<()> {
        let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL;
        match send(self.0.as_raw_fd(), bytes, flags) {
            // So many messages wait there already that one more wakes nobody better.
            Ok(_) | Err(Errno::EAGAIN) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Sends, and waits for as long as the other side is busy.
    pub(crate) fn send(&self, bytes: &[u8]) -> io::Result<()> {
        loop {
            match send(self.0.as_raw_fd(), bytes, MsgFlags::MSG_NOSIGNAL) {
                Ok(_) => return Ok(()),
                Err(Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Takes a message if there is one.
    pub(crate) fn try_receive(&self, buffer: &mut [u8]) -> Received {
        receive(self.0.as_raw_fd(), buffer, MsgFlags::MSG_DONTWAIT)
    }

    /// Waits for a message.
    pub(crate) fn receive(&self, buffer: &mut [u8]) -> Received {
        receive(self.0.as_raw_fd(), buffer, MsgFlags::empty())
    }

    /// Waits until there is something to read, or until then; `false` when it is then.
    pub(crate) fn wait(&self, until: Option<Instant>) -> bool {
        let timeout = match until.map(|until| until.saturating_duration_since(Instant::now())) {
            Some(Duration::ZERO) => return false,
            // A part of a millisecond counts as a whole one: early is wrong, late by less than that is not.
            Some(left) => PollTimeout::try_from(left.as_millis() + 1).unwrap_or(PollTimeout::MAX),
            None => PollTimeout::NONE,
        };
        let mut fds = [PollFd::new(self.0.as_fd(), PollFlags::POLLIN)];
        // An interruption looks like something to read, and finds nothing.
        poll(&mut fds, timeout) != Ok(0)
    }

    /// Whether the other side is gone.
    pub(crate) fn is_closed(&self) -> bool {
        let mut fds = [PollFd::new(self.0.as_fd(), PollFlags::empty())];
        poll(&mut fds, PollTimeout::ZERO) != Ok(0)
    }

    pub(crate) fn send_files(&self, files: [BorrowedFd<'_>; FILES]) -> io::Result<()> {
        let fds: Vec<RawFd> = files.iter().map(AsRawFd::as_raw_fd).collect();
        let rights = [ControlMessage::ScmRights(&fds)];
        let bytes = [IoSlice::new(&[0])];
        sendmsg::<()>(self.0.as_raw_fd(), &bytes, &rights, MsgFlags::MSG_NOSIGNAL, None)?;
        Ok(())
    }

    pub(crate) fn receive_files(&self) -> io::Result<[OwnedFd; FILES]> {
        let mut byte = [0];
        let mut bytes = [IoSliceMut::new(&mut byte)];
        let mut space = cmsg_space!([RawFd; FILES]);
        let flags = MsgFlags::MSG_CMSG_CLOEXEC;
        let message = recvmsg::<()>(self.0.as_raw_fd(), &mut bytes, Some(&mut space), flags)?;
        let mut files = Vec::new();
        for control in message.cmsgs()? {
            if let ControlMessageOwned::ScmRights(fds) = control {
                // SAFETY: the kernel has just made these descriptors for this message; nobody else knows them.
                files.extend(fds.into_iter().map(|fd| unsafe { OwnedFd::from_raw_fd(fd) }));
            }
        }
        files.try_into().map_err(|_| io::ErrorKind::UnexpectedEof.into())
    }
}

fn receive(fd: RawFd, buffer: &mut [u8], flags: MsgFlags) -> Received {
    loop {
        match recv(fd, buffer, flags) {
            Ok(0) => return Received::End,
            Ok(length) => return Received::Message(length),
            Err(Errno::EINTR) => {}
            Err(Errno::EAGAIN) => return Received::Nothing,
            Err(_) => return Received::End,
        }
    }
}
