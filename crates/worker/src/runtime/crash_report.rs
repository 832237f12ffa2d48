//! Last words: a thread that takes the whole process with it says its name first.
//!
//! An analyzer may call `abort`, ask for more memory than there is (which ends in `abort`), overflow its stack, or
//! touch memory that is not its own. No code of this process survives that; but the signal handler of the dying
//! thread can still say which thread it is, and threads of analyzers are named `PLACE:ANALYZER`, 15 bytes at most (as
//! much as Linux keeps). So the server learns whom to leave out next time.
//!
//! Memory: whose request is refused first is whom the words name. That is nearly always the one that takes it
//! all, because small requests are served from what the allocator has in stock.

#![allow(unsafe_code)] // installing a signal handler is; the handler itself calls what POSIX allows in one, and allocates nothing

use std::{ffi::c_int, mem::MaybeUninit, ptr, sync::OnceLock};

/// The descriptor of the conversation with the server.
const PIPE: c_int = 1;
/// How long a pipe that is full is waited for, in milliseconds: the crash report must not take for ever.
const PIPE_WAIT_MS: c_int = 1_000;
/// Length of a thread's name on Linux, its end included.
const NAME_BYTES: usize = 16;
/// The newline ends whatever line another thread was in the middle of.
const BEGIN: &[u8] = b"\n{\"event\":\"crash_report\",\"thread\":\"";
const END: &[u8] = b"\"}\n";

/// The signals by which a thread ends its process, and who was told of them before.
static FATAL: [(c_int, OnceLock<libc::sigaction>); 3] =
    [(libc::SIGABRT, OnceLock::new()), (libc::SIGSEGV, OnceLock::new()), (libc::SIGBUS, OnceLock::new())];

/// Makes crashing threads write their names from now on.
///
/// # Errors
/// The operating system's.
pub(crate) fn say_last_words() -> std::io::Result<()> {
    for (signal, before) in &FATAL {
        // SAFETY: a `sigaction` of zeros is a valid one; all calls get pointers to live values of the right type.
        let old = unsafe {
            let mut action: libc::sigaction = MaybeUninit::zeroed().assume_init();
            let handler: extern "C" fn(c_int) = on_signal;
            action.sa_sigaction = handler as libc::sighandler_t;
            // A thread without stack left has an alternate one, which the standard library made.
            action.sa_flags = libc::SA_ONSTACK;
            libc::sigemptyset(&raw mut action.sa_mask);
            let mut old = MaybeUninit::<libc::sigaction>::zeroed();
            if libc::sigaction(*signal, &raw const action, old.as_mut_ptr()) != 0 {
                return Err(std::io::Error::last_os_error());
            }
            old.assume_init()
        };
        let _first_time = before.set(old);
    }
    Ok(())
}

/// Says the thread's name, then lets the earlier handler handle the signal: on return `abort` goes on, and an
/// instruction that failed fails again.
extern "C" fn on_signal(signal: c_int) {
    let mut line = [0_u8; BEGIN.len() + NAME_BYTES + END.len()];
    let mut length = BEGIN.len();
    line[..length].copy_from_slice(BEGIN);
    let mut name = [0_u8; NAME_BYTES];
    // SAFETY: the name's buffer has the 16 bytes that this call writes at most.
    unsafe { libc::prctl(libc::PR_GET_NAME, name.as_mut_ptr()) };
    for byte in name.iter().take_while(|byte| **byte != 0) {
        let plain = byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'_' | b'-');
        line[length] = if plain { *byte } else { b'?' };
        length += 1;
    }
    line[length..length + END.len()].copy_from_slice(END);
    length += END.len();
    let mut pipe = libc::pollfd { fd: PIPE, events: libc::POLLOUT, revents: 0 };
    // SAFETY: both get pointers to live values with their lengths. The line is shorter than what a pipe takes in one
    // piece, so no other thread's line gets in between.
    unsafe {
        libc::poll(&raw mut pipe, 1, PIPE_WAIT_MS);
        if pipe.revents & libc::POLLOUT != 0 {
            libc::write(PIPE, line.as_ptr().cast(), length);
        }
    }
    let before = FATAL.iter().find(|(fatal, _)| *fatal == signal).and_then(|(_, before)| before.get());
    if let Some(before) = before {
        // SAFETY: what this call once gave is taken by it again.
        unsafe { libc::sigaction(signal, before, ptr::null_mut()) };
    }
}
