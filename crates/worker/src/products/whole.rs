//! Whole transcodes of a track: the sinks of one pass that write them, and their names once they are whole.

use std::sync::{Arc, Mutex, PoisonError};

use fanfare_analysis::NamedSinks;
use fanfare_audio::{
    OpenOptions, PcmSource,
    transcode::{TakeBlock, TranscodePlan},
};
use fanfare_model::{ContentHash, Error, ErrorKind, Profile, Result, Timestamp};
use fanfare_store::{CachedFile, Kept, Making, MakingFile};

use super::plain_file::whole_file_sink;

/// A transcode under its temporary name.
pub(crate) struct WholeFile {
    pub(crate) profile: Profile,
    kind: Kind,
}

enum Kind {
    /// Written block by block.
    Blocks(Arc<Mutex<Option<MakingFile>>>),
    /// Written from one end to the other.
    Plain,
}

/// Names of the sinks begin so.
const SINK: &str = "small-";

/// The name of the sink that writes a file of that profile: short enough to be all of a thread's name, by which an
/// encoder that ends the worker is known.
pub(crate) fn sink_name(profile: Profile) -> String {
    format!("{SINK}{}", profile.quality)
}

/// The profiles that have a constant rate, and with it a plan; then the others.
pub(crate) fn by_rate(profiles: &[Profile]) -> (Vec<Profile>, Vec<Profile>) {
    profiles.iter().partition(|profile| profile.codec.is_constant())
}

/// One sink for each file: those of `constant` by their plans, then `plain`.
///
/// # Errors
/// Those of the cache folder; `Unsupported` for what cannot be encoded here.
pub(crate) fn sinks(
    constant: impl IntoIterator<Item = (Profile, TranscodePlan)>,
    plain: &[Profile],
    source: &dyn PcmSource,
    open: &OpenOptions,
    making: &Making,
) -> Result<(NamedSinks, Vec<WholeFile>)> {
    let (mut sinks, mut files) = (Vec::new(), Vec::new());
    for (profile, plan) in constant {
        let file = making.file(profile, plan.grid(), plan.head())?;
        let file = Arc::new(Mutex::new(Some(file)));
        let writing = Arc::clone(&file);
        let take: TakeBlock = Box::new(move |block, bytes| {
            match &mut *writing.lock().unwrap_or_else(PoisonError::into_inner) {
                Some(file) => file.block(block, &bytes),
                None => Ok(()),
            }
        });
        sinks.push((sink_name(profile), plan.sink(0, take)?.1));
        files.push(WholeFile { profile, kind: Kind::Blocks(file) });
    }
    for &profile in plain {
        let sink = whole_file_sink(profile, source, open, &making.path(profile))?;
        sinks.push((sink_name(profile), sink));
        files.push(WholeFile { profile, kind: Kind::Plain });
    }
    Ok((sinks, files))
}

impl WholeFile {
    /// Whether it is smaller than a source of that many bytes; for one of a constant rate that was known beforehand.
    pub(crate) fn is_smaller_than(&self, source_bytes: u64, making: &Making) -> bool {
        match self.kind {
            Kind::Blocks(_) => true,
            Kind::Plain => {
                std::fs::metadata(making.path(self.profile)).is_ok_and(|made| made.len() < source_bytes)
            }
        }
    }

    /// Gives the file its name: it was made of the bytes of that hash.
    ///
    /// # Errors
    /// `Internal` when it is not whole; `NoSpace`, `PermissionDenied`, `Io`.
    pub(crate) fn keep(self, hash: ContentHash, making: &Making, now: Timestamp) -> Result<CachedFile> {
        let Self { profile, kind } = self;
        let name = profile.file_name(hash);
        let Kept { size_bytes, sum } = match kind {
            Kind::Plain => making.keep_file(&making.path(profile), &name)?,
            Kind::Blocks(file) => {
                let file = file.lock().unwrap_or_else(PoisonError::into_inner).take();
                let half = || Error::new(ErrorKind::Internal, "a file was given up half made");
                file.ok_or_else(half)?.keep(&name)?
            }
        };
        Ok(CachedFile {
            hash,
            profile: profile.to_string(),
            quality: profile.quality,
            file: name,
            size_bytes,
            sum: Some(sum),
            made: now,
            used: now,
        })
    }
}
