//! What the worker takes from itself before it opens any file: it runs untrusted bytes through decoders.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Address space without any job, in bytes: code, the allocator's reserves, the database's mapping, stacks.
const BASE_ADDRESS_SPACE: u64 = 4 << 30;
/// Address space more for each job at a time.
const JOB_ADDRESS_SPACE: u64 = 1 << 30;
/// Files open at a time; a job needs a handful.
const OPEN_FILES: u64 = 1_024;
/// Where the kernel looks first when memory runs out (proc(5), `oom_score_adj`, -1,000 to 1,000): a worker that is killed
/// costs an attempt, a server that is killed costs everybody's music.
const OOM_SCORE: &str = "900";

/// Lowers the limits; gives a line for the log that says which are active.
pub(crate) fn confine(jobs: usize) -> String {
    let space = BASE_ADDRESS_SPACE.saturating_add(JOB_ADDRESS_SPACE.saturating_mul(jobs as u64));
    lower(&[
        ("core 0", Resource::Core, 0),
        ("address space", Resource::As, space),
        ("open files", Resource::Nofile, OPEN_FILES),
    ])
    .join(", ")
}

/// Lowers those limits, and offers this process when memory runs out; gives the names of what is active.
fn lower(limits: &[(&'static str, Resource, u64)]) -> Vec<&'static str> {
    let mut active = Vec::new();
    for &(name, resource, wanted) in limits {
        let present = getrlimit(resource);
        let value = present.maximum.map_or(wanted, |maximum| maximum.min(wanted));
        match setrlimit(resource, Rlimit { current: Some(value), maximum: Some(value) }) {
            Ok(()) => active.push(name),
            Err(error) => tracing::warn!(limit = name, %error, "could not lower a limit"),
        }
    }
    match std::fs::write("/proc/self/oom_score_adj", OOM_SCORE) {
        Ok(()) => active.push("killed first"),
        Err(error) => tracing::debug!(%error, "could not offer this process when memory runs out"),
    }
    active
}

/// Files open at a time in the child for pictures: its pipes, and the one that is read.
const PICTURE_FILES: u64 = 32;

/// The same for the child that decodes pictures, which writes no file and has memory for one picture.
pub(crate) fn confine_pictures(data_bytes: u64) {
    lower(&[
        ("core 0", Resource::Core, 0),
        ("data", Resource::Data, data_bytes),
        ("file size", Resource::Fsize, 0),
        ("open files", Resource::Nofile, PICTURE_FILES),
    ]);
}
