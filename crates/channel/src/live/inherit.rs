//! How a worker process gets its end of the socket.
//!
//! Its standard input is a socket instead of a pipe. The first byte on it carries the descriptor (`SCM_RIGHTS`, unix(7)), and
//! is sent before the process starts. So no descriptor is ever open to children that are started at the same time, which would
//! keep the socket open when the worker dies, and no code runs between `fork` and `exec`.

use std::{
    io::{IoSlice, IoSliceMut},
    mem::MaybeUninit,
    os::{
        fd::{AsFd as _, OwnedFd},
        unix::net::UnixStream,
    },
};

use fanfare_model::{Error, ErrorKind, Result};
use rustix::{
    io::{FdFlags, fcntl_setfd},
    net::{
        RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
        SendFlags, recv, recvmsg, sendmsg,
    },
};

/// The byte that carries the descriptor: between JSON lines it means nothing.
const CARRIER: u8 = b'\n';

/// The ends of the sockets between a server and a worker that it is about to start.
#[derive(Debug)]
pub struct Handover {
    /// For the child: its standard input. It moves into the command that starts the child, and must be closed here once that is
    /// done (a `Command` does when it is dropped): otherwise the end of the child goes unnoticed.
    pub stdin: OwnedFd,
    /// For the server: where it writes commands. The child reads the end of its input when this is closed.
    pub commands: UnixStream,
    /// For the server: its end of the live channel.
    pub live: UnixStream,
}

impl Handover {
    /// Makes both pairs; the child's end of the live channel waits in `stdin`.
    ///
    /// # Errors
    /// `Busy` when too many files are open; `Io` for what else the system refuses.
    pub fn new() -> Result<Self> {
        let pair = || UnixStream::pair().map_err(|e| Error::from_io("making a socket for a worker", e));
        let ((commands, stdin), (live, child)) = (pair()?, pair()?);
        let descriptors = [child.as_fd()];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        if !ancillary.push(SendAncillaryMessage::ScmRights(&descriptors)) {
            return Err(Error::new(ErrorKind::Internal, "no space for a descriptor"));
        }
        sendmsg(&commands, &[IoSlice::new(&[CARRIER])], &mut ancillary, SendFlags::empty())
            .map_err(|e| Error::from_io("handing a socket to a worker", e.into()))?;
        Ok(Self { stdin: stdin.into(), commands, live })
    }
}

/// In the worker: its end of the live channel, from its standard input. To be called once, before anything reads from there.
///
/// # Errors
/// `Unavailable` when this process was not started with a [`Handover`], for example by hand.
pub fn inherited() -> Result<UnixStream> {
    let refused = || {
        Error::new(ErrorKind::Unavailable, "this process was given no live channel")
            .remedy("workers are started by `fanfare serve`")
    };
    let (mut byte, mut found) = ([0], None::<OwnedFd>);
    // What another program wrote there stays unread.
    recv(rustix::stdio::stdin(), &mut byte[..], RecvFlags::PEEK | RecvFlags::DONTWAIT)
        .map_err(|e| refused().because(std::io::Error::from(e)))?;
    if byte != [CARRIER] {
        return Err(refused());
    }
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    // It was sent before this process started, so there is nothing to wait for.
    let flags = RecvFlags::DONTWAIT | CLOSE_ON_EXEC;
    recvmsg(rustix::stdio::stdin(), &mut [IoSliceMut::new(&mut byte)], &mut ancillary, flags)
        .map_err(|e| refused().because(std::io::Error::from(e)))?;
    for message in ancillary.drain() {
        if let RecvAncillaryMessage::ScmRights(descriptors) = message {
            found = descriptors.last().or(found);
        }
    }
    let descriptor = found.ok_or_else(refused)?;
    // A child of the worker that kept it would keep the channel open after the worker.
    fcntl_setfd(&descriptor, FdFlags::CLOEXEC)
        .map_err(|e| Error::from_io("taking the live channel", e.into()))?;
    Ok(descriptor.into())
}

#[cfg(target_os = "linux")]
const CLOSE_ON_EXEC: RecvFlags = RecvFlags::CMSG_CLOEXEC;
#[cfg(not(target_os = "linux"))]
const CLOSE_ON_EXEC: RecvFlags = RecvFlags::empty();
