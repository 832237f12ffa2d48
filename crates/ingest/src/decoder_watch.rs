//! [`DecoderWatch`]: tries tracks again that failed for want of a decoder, once `ffmpeg` is another one.
//!
//! Invariants: a track is tried once for each program, and once after each start of the server; one that fails again waits for the
//! next program. No process is started to find out (a script that calls another program is the same as long as the script is).

use std::time::Duration;

use fanfare_audio::{FfmpegUse, ffmpeg_identity};
use fanfare_model::{ErrorKind, Result};

use crate::Ingest;

/// How often it is looked whether the program has changed.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// The most tracks that are queued for one program.
const AT_ONCE: u32 = 100_000;

/// Looks whether `ffmpeg` has changed.
#[derive(Debug)]
pub struct DecoderWatch {
    ffmpeg: FfmpegUse,
    /// The program for which the tracks were tried last.
    tried: Option<String>,
}

impl DecoderWatch {
    /// Watches that program; nothing was tried with it yet.
    #[must_use]
    pub const fn new(ffmpeg: FfmpegUse) -> Self {
        Self { ffmpeg, tried: None }
    }

    /// Looks once; queues what failed for want of a decoder if there is a program, and another one than the last time. Returns the
    /// number of tracks.
    ///
    /// # Errors
    /// Errors of the store: the next look tries again.
    pub async fn look(&mut self, ingest: &Ingest) -> Result<u64> {
        let ffmpeg = self.ffmpeg.clone();
        let Ok(found) = tokio::task::spawn_blocking(move || ffmpeg_identity(&ffmpeg)).await else {
            return Ok(0);
        };
        if found.is_none() || found == self.tried {
            return Ok(0);
        }
        let mut queued = 0;
        for track in ingest.store().catalog().tracks_failed_by(ErrorKind::NoDecoder, AT_ONCE).await? {
            match ingest.retry_track(track).await {
                Ok(()) => queued += 1,
                Err(error) if matches!(error.kind(), ErrorKind::Conflict | ErrorKind::NotFound) => {
                    tracing::debug!(%track, %error, "a track that lacks a decoder is not tried again");
                }
                Err(error) => return Err(error),
            }
        }
        self.tried = found;
        if queued > 0 {
            tracing::info!(
                tracks = queued,
                "tracks that lacked a decoder are tried again: ffmpeg has changed"
            );
        }
        Ok(queued)
    }

    /// Looks again and again, until the task is dropped.
    pub async fn run(mut self, ingest: Ingest) {
        loop {
            if let Err(error) = self.look(&ingest).await {
                tracing::debug!(%error, "tracks that lack a decoder are tried again later");
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}
