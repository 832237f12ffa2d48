//! Freed memory goes back to the system, in the server, the worker and every command.
//!
//! glibc keeps what was freed, in two ways that add up to hundreds of megabytes here. It raises the size from which a
//! block is mapped by itself up to 32 MiB as soon as one is freed (mallopt(3), `M_MMAP_THRESHOLD`): the 19 MiB that hashing
//! a password takes, or a decoded cover, then come from a heap. And every thread may get a heap of its own, eight for each
//! processor: with hashes and files on threads that come and go, each heap keeps the most it ever held. Setting
//! thresholds ends the first, a small number of heaps the second. docs/adr/0005-memory-at-rest.md has the figures and what else
//! was tried.
//!
//! Other C libraries (musl) have no such knobs and need none.

/// Blocks from this size on are mapped by themselves and given back when they are freed: more than the buffers that are
/// taken and freed all the time (files are read, sent and hashed by 256 KiB at most), less than what is worth
/// keeping.
#[cfg(target_env = "gnu")]
const MAPPED_FROM_BYTES: libc::c_int = 512 * 1024;
/// A heap that has more than this free at its end is cut.
#[cfg(target_env = "gnu")]
const KEPT_BYTES: libc::c_int = 1024 * 1024;
/// Heaps, shared by all threads.
#[cfg(target_env = "gnu")]
const HEAPS: libc::c_int = 4;

/// Has the allocator give memory back. Call it before there are threads.
pub(crate) fn give_back() {
    #[cfg(target_env = "gnu")]
    for (knob, value) in [
        (libc::M_MMAP_THRESHOLD, MAPPED_FROM_BYTES),
        (libc::M_TRIM_THRESHOLD, KEPT_BYTES),
        (libc::M_ARENA_MAX, HEAPS),
    ] {
        // SAFETY: mallopt takes two numbers and refuses, by 0, those that it does not like; then all is as before.
        let _refused = unsafe { libc::mallopt(knob, value) };
    }
}
