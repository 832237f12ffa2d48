//! The one way from a file to PCM: [`open`].
//!
//! What a file is, its content decides; who decodes it is decided here: this process first, a boxed `ffmpeg` child for
//! what it cannot do. Where that shows only in the middle of a file, the child goes on at the same frame ([`Relay`]).

use std::{path::Path, sync::Arc};

use fanfare_model::{Error, ErrorKind, Result};

use crate::{
    OpenOptions, PcmSource, decode, external,
    probe::{find_audio, open_regular},
    relay::{Relay, Spare},
};

/// The most frames of a chunk: memory in flight is bounded by it.
const MAX_CHUNK_FRAMES: usize = 1 << 20;

/// Opens a file as PCM.
///
/// # Errors
/// [`ErrorKind::NotAudio`] for what is no audio (text, playlists, archives, folders, devices), `Unsupported`
/// with a remedy for what is never decoded, `NoDecoder` for what needs an `ffmpeg` that is not there or does not work, `Malformed` when nothing can be decoded, `Empty` when there
/// is nothing, `LimitExceeded` with the limit's name, and the errors of opening and reading a file.
pub fn open(path: &Path, options: &OpenOptions) -> Result<Box<dyn PcmSource>> {
    let file = Arc::new(open_regular(path)?);
    let audio = find_audio(&file, &options.limits)?;
    let chunk_frames = options.chunk_frames.clamp(1, MAX_CHUNK_FRAMES);
    let in_process = if external::only_external(audio.container) {
        Err(Error::new(
            ErrorKind::Unsupported,
            format!("{} is not decoded in process", audio.container.as_str()),
        ))
    } else {
        decode::open(&file, audio, &options.limits, chunk_frames, !external::available(&options.ffmpeg))
    };
    let can_go_on = external::available(&options.ffmpeg);
    let external = || external::open(&file, audio, options, chunk_frames);
    let (source, spare): (_, Option<Spare>) = match in_process {
        Ok(source) => {
            let (file, options) = (file.clone(), options.clone());
            let spare: Spare = Box::new(move || external::open(&file, audio, &options, chunk_frames));
            (source, Some(spare).filter(|_| can_go_on))
        }
        Err(error) if error.kind() == ErrorKind::Unsupported => {
            let source = external().map_err(|external| match external.kind() {
                ErrorKind::Unsupported | ErrorKind::NoDecoder => external.context(error.message()),
                _ => external,
            })?;
            (source, None)
        }
        // What looks like damage to one reader may be a form of the format that it does not know.
        Err(error) if error.kind() == ErrorKind::Malformed && can_go_on => {
            let external = external().map_err(|external| match external.kind() {
                // Whether the file is damaged is not known then.
                ErrorKind::NoDecoder => external.context(error.message()),
                kind if kind.is_transient() => external,
                _ => error,
            });
            (external?, None)
        }
        Err(error) => return Err(error),
    };
    Ok(Box::new(Relay::new(source, spare)))
}
