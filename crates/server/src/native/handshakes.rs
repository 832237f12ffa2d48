//! Closing a listening socket without resetting any connection.
//!
//! Closing a listening socket resets every connection in its queue: those whose handshake is complete and that were not
//! accepted. It is not enough to empty the queue first, because another connection can arrive before the socket is closed.
//! `shutdown(2)` on the socket resets the queue too, and `listen(fd, 0)` still admits one connection. So the kernel drops the
//! packets that begin a handshake (SO_ATTACH_FILTER, socket(7)), and handshakes under way go on: then the queue can be emptied and
//! stays empty. A client whose first packet was dropped sends it again after a second, and is refused because the port is closed.

use std::{
    io,
    os::fd::{AsFd, AsRawFd as _},
};

/// Where the flags are in a TCP header (RFC 9293, 3.1), and the flag that begins a handshake.
#[cfg(target_os = "linux")]
const FLAGS_AT: u32 = 13;
#[cfg(target_os = "linux")]
const SYN: u32 = 0x02;

/// One instruction of a classic BPF program.
#[cfg(target_os = "linux")]
const fn step(code: u32, if_true: u8, if_false: u8, value: u32) -> libc::sock_filter {
    libc::sock_filter { code: code as u16, jt: if_true, jf: if_false, k: value }
}

/// Makes the kernel drop every packet to that socket that begins a handshake.
///
/// # Errors
/// The system's error, where it has no such filters.
#[cfg(target_os = "linux")]
pub fn begin_no_more(listener: impl AsFd) -> io::Result<()> {
    let mut steps = [
        step(libc::BPF_LD | libc::BPF_B | libc::BPF_ABS, 0, 0, FLAGS_AT),
        step(libc::BPF_JMP | libc::BPF_JSET | libc::BPF_K, 0, 1, SYN),
        step(libc::BPF_RET | libc::BPF_K, 0, 0, 0),
        step(libc::BPF_RET | libc::BPF_K, 0, 0, u32::MAX),
    ];
    let program = libc::sock_fprog { len: steps.len() as u16, filter: steps.as_mut_ptr() };
    let size = size_of_val(&program) as libc::socklen_t;
    let descriptor = listener.as_fd().as_raw_fd();
    // SAFETY: the descriptor is open as long as it is borrowed; the program and its steps are alive, and the kernel copies them.
    let answer = unsafe {
        libc::setsockopt(
            descriptor,
            libc::SOL_SOCKET,
            libc::SO_ATTACH_FILTER,
            (&raw const program).cast(),
            size,
        )
    };
    if answer == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Other systems have no such filter: there, a connection may be reset when a listener closes.
///
/// # Errors
/// Always.
#[cfg(not(target_os = "linux"))]
pub fn begin_no_more(listener: impl AsFd) -> io::Result<()> {
    let _ = listener.as_fd().as_raw_fd();
    Err(io::ErrorKind::Unsupported.into())
}
