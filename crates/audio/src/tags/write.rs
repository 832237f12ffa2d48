//! Writing how loud a track is into its file: [`write_replaygain`].
//!
//! Purpose: the one place where a file of the library is changed, and only when its owner asked for it.
//!
//! Vocabulary: a *plan* is the new file as pieces of the old one and new bytes; only tags are ever new.
//!
//! Invariants: the sound and every other tag keep their bytes; at any moment there is the whole old file or the whole
//! new one under the file's name; what is not fully understood is refused and left as it is; a file that is not the
//! one that was analyzed is not written to.

mod analyzed;
mod ape;
mod chunks;
mod flac;
mod id3;
mod mp4;
pub(super) mod ogg;
mod output;
mod pieces;
mod place;
mod values;
mod vorbis;

use std::{fs::File, path::Path, sync::Arc};

use fanfare_model::{Error, ErrorKind, Result};

use crate::{
    Container, Limits,
    probe::{AudioBytes, find_audio},
};
pub use analyzed::{AnalyzedFile, Rewritten};
use pieces::{Plan, refused};
use place::Place;
pub use values::{AlbumGain, ReplayGainTags};

/// Writes how loud a track is into its file.
///
/// By ReplayGain's names in every format, and in Opus also by those of RFC 7845. The new file is made beside the old
/// one and takes its place, with its owner, mode and extended attributes where the system allows.
///
/// # Errors
/// `Unsupported` for a format or file in which that cannot be done with every other byte kept, for symbolic and hard
/// links; `Conflict` when the file is not the one that was analyzed; `Busy` when another program is writing to it;
/// `Malformed` and `LimitExceeded` when its tags cannot be understood; `Invalid` for gains that no audio can have;
/// `PermissionDenied`, `NoSpace`, I/O. In every case the file is as it was.
pub fn write_replaygain(
    path: &Path,
    tags: &ReplayGainTags,
    analyzed: &AnalyzedFile,
    limits: &Limits,
) -> Result<Rewritten> {
    let place = Place::open(path, analyzed)?;
    let audio = find_audio(place.file(), limits)?;
    let channels = super::properties(place.file(), audio, limits)?.channels;
    if !tags.are_possible(usize::from(channels)) {
        return Err(Error::new(ErrorKind::Invalid, "no audio can have that gain and peak"));
    }
    let pieces = plan(place.file(), audio, tags, limits)?;
    place.replace(&pieces, |new| same_but_gains(place.path(), new, tags, limits))
}

/// The pieces of the new file.
fn plan(file: &Arc<File>, audio: AudioBytes, tags: &ReplayGainTags, limits: &Limits) -> Plan {
    let fields = tags.fields();
    let length = || {
        let metadata = file.metadata().map_err(|error| Error::from_io("reading the file's size", error))?;
        Ok::<u64, Error>(metadata.len())
    };
    match audio.container {
        Container::Flac => flac::plan(file, audio, &fields, limits),
        Container::Mp3 => id3::plan(file, audio, &fields, limits),
        Container::Wav => chunks::plan(file, audio, chunks::WAV, &fields, limits),
        Container::Aiff => chunks::plan(file, audio, chunks::AIFF, &fields, limits),
        Container::Mp4 => mp4::plan(file, audio, &fields, limits),
        Container::WavPack | Container::Ape | Container::Musepack7 | Container::Musepack8 => {
            ape::plan(file, length()?, &fields, limits)
        }
        Container::Ogg => match super::properties(file, audio, limits)?.codec.as_str() {
            "opus" => ogg::plan(file, audio, ogg::OPUS, &tags.opus_fields(), limits),
            "vorbis" => ogg::plan(file, audio, ogg::VORBIS, &fields, limits),
            codec => Err(refused(format!("tags of {codec} in Ogg are not written here"))),
        },
        other => Err(refused(format!("tags of {} files are not written here", other.as_str()))),
    }
}

/// Reads both files and compares: a second pair of eyes, the ones that scans use.
fn same_but_gains(old: &Path, new: &Path, written: &ReplayGainTags, limits: &Limits) -> Result<()> {
    let (old, new) = (super::read_tags(old, limits)?, super::read_tags(new, limits)?);
    let (mut tags, mut audio) = (old.tags, old.audio);
    tags.replaygain_track_gain_db = new.tags.replaygain_track_gain_db;
    tags.replaygain_track_peak = new.tags.replaygain_track_peak;
    tags.replaygain_album_gain_db = new.tags.replaygain_album_gain_db;
    tags.replaygain_album_peak = new.tags.replaygain_album_peak;
    // The share of tags in the file's size.
    if let (Some(old), Some(new)) = (&mut audio, &new.audio) {
        old.bitrate_bps = new.bitrate_bps;
    }
    let near = |read: Option<f64>, meant: f64| read.is_some_and(|read| (read - meant).abs() <= 0.005 + 1e-9);
    let said = near(new.tags.replaygain_track_gain_db, written.track_gain_db)
        && near(new.tags.replaygain_track_peak, written.track_peak)
        && written.album.is_none_or(|album| {
            near(new.tags.replaygain_album_gain_db, album.gain_db)
                && near(new.tags.replaygain_album_peak, album.peak)
        });
    if !said || tags != new.tags || audio != new.audio || old.cover != new.cover {
        return Err(refused("the file would not read the same with the gains in it"));
    }
    Ok(())
}
