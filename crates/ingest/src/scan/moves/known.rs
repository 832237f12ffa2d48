//! What new files are compared with: tracks, and what is known of their bytes.

use fanfare_model::{ContentHash, TrackId};
use fanfare_store::{FormerPlace, KnownFile};

/// A file at the path of a known track with another size or time than known.
#[derive(Clone, Copy)]
pub(in crate::scan) struct Differing<'a> {
    /// Index into [`Walked::files`](crate::scan::walk::Walked::files).
    pub(in crate::scan) file: usize,
    pub(in crate::scan) known: &'a KnownFile,
}

/// What new files are compared with.
pub(in crate::scan) struct Known<'a> {
    /// Tracks of this library folder whose files are not where they were; in order of path.
    pub(in crate::scan) vanished: &'a [KnownFile],
    /// Files at the paths of tracks that may be other ones; in order of path.
    pub(in crate::scan) differing: &'a [Differing<'a>],
    /// Such tracks of other library folders.
    pub(in crate::scan) elsewhere: &'a [KnownFile],
    /// Tracks that are where they were, of every library folder and uploads.
    pub(in crate::scan) present: &'a [KnownBytes],
    /// Places in this library folder where tracks were before.
    pub(in crate::scan) former: &'a [FormerPlace],
    /// So many bytes are read at most.
    pub(in crate::scan) bytes: u64,
}

/// A track, and where its bytes can be learned.
#[derive(Debug, Clone, Copy)]
pub(in crate::scan) struct KnownBytes {
    pub(in crate::scan) id: TrackId,
    pub(in crate::scan) size_bytes: u64,
    /// `None`: they were not read yet.
    pub(in crate::scan) content: Option<ContentHash>,
    /// Its file, if it is one of the walk: index into [`Walked::files`](crate::scan::walk::Walked::files).
    pub(in crate::scan) file: Option<usize>,
}

impl KnownBytes {
    /// Of a known file, which is at that place of the walk.
    pub(in crate::scan) const fn of(known: &KnownFile, file: Option<usize>) -> Self {
        Self { id: known.id, size_bytes: known.size_bytes, content: known.content_hash, file }
    }
}
