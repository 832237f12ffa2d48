//! From folders to catalog rows: walk, compare, read, apply.
//!
//! Vocabulary: a *walk* lists files; a *plan* says what changed; a *reading* opens one file for its tags.
//!
//! Invariants: a file's absence counts only where the walk could look (storage that is away removes nothing);
//! every batch is one transaction, so a scan may be cut off anywhere and the next one goes on from there; a
//! scan of an unchanged folder opens no file and writes nothing but the time of the scan.
//!
//! # When storage is away
//! A library folder that is missing, is no folder or cannot be listed is *away*: its tracks stay. A folder that
//! can be listed but suddenly holds no audio at all, while tracks in it are known, is away too: that is what an
//! unmounted disk looks like. The same goes for every folder below it that holds nothing at all (a mount point in
//! the library, or where a link leads): known tracks in it stay, unless they turn up elsewhere. A person who did
//! empty a folder removes it too, or scans twice in a row: the second scan that a person asks for takes the
//! emptiness that the first one met as meant ([`FolderScan::meant_empty`]).
//!
//! # Tracks that become unreadable
//! They keep their id and what was known of them, so that a person sees which ones they are and lists that
//! name them stay whole; results of bytes that are not there any more are dropped.
//!
//! # Names that are no Unicode
//! Paths are text in the catalog. A file or folder whose name is not UTF-8 is listed as unreadable with the
//! remedy to rename it; nothing else in its folder is affected.

mod apply;
mod cover;
pub(crate) mod desk;
mod folder;
mod plan;
pub(crate) mod read;
pub(crate) mod walk;
