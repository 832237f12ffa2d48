//! Which blobs rows name.

use crate::BlobKind;

/// The names that rows refer to, as `name`.
pub(crate) const fn referred_to(kind: BlobKind) -> &'static str {
    match kind {
        BlobKind::Cover => {
            "SELECT cover AS name FROM track WHERE cover IS NOT NULL \
             UNION SELECT cover FROM release WHERE cover IS NOT NULL \
             UNION SELECT cover FROM mixtape WHERE cover IS NOT NULL \
             UNION SELECT composed FROM mixtape WHERE composed IS NOT NULL"
        }
        BlobKind::Upload => "SELECT hash AS name FROM track WHERE upload IN ('incoming', 'original')",
        BlobKind::Media => "SELECT blob AS name FROM transcode_part",
    }
}
