//! How much of an answer may lie in a socket's queue.
//!
//! The kernel lets a connection's queue grow to megabytes (`tcp_wmem`), whether its reader takes them or not: a thousand slow
//! readers fill the memory that all sockets of the machine share (`tcp_mem`), and then the kernel resets connections of readers
//! who did nothing. `TCP_NOTSENT_LOWAT` (tcp(7)) bounds the part that was not sent yet and leaves alone what is on its way, so a
//! fast reader far away is not slowed.

use std::os::fd::{AsFd, AsRawFd as _};

/// Bytes that wait in a socket's queue to be sent.
pub const WAITING_BYTES: libc::c_int = 128 * 1024;

/// Bounds the queue of that socket. Where the system refuses, it works with a longer one.
pub fn bound(socket: impl AsFd) {
    let value = WAITING_BYTES;
    let size = size_of_val(&value) as libc::socklen_t;
    // SAFETY: the descriptor is open as long as it is borrowed; pointer and size are those of a live `int`.
    let _ = unsafe {
        libc::setsockopt(
            socket.as_fd().as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_NOTSENT_LOWAT,
            (&raw const value).cast(),
            size,
        )
    };
}
