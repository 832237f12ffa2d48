//! How much of a file's tags is read in this process; more is read where memory has a bound ([`crate::pictures`]).

use fanfare_audio::Limits;

/// Tags of a file that are read here, in bytes; of larger ones the child that decodes pictures reads all.
const TAGS_HERE_BYTES: u64 = 1 << 20;

/// What tags are read with here.
pub fn limits_here(limits: &Limits) -> Limits {
    Limits {
        max_tag_bytes: limits.max_tag_bytes.min(TAGS_HERE_BYTES),
        max_cover_bytes: limits.max_cover_bytes.min(TAGS_HERE_BYTES),
        ..limits.clone()
    }
}
