//! [`DecoderWatch`]: tries tracks again that failed because of `ffmpeg`, once there is one that decodes.
//!
//! Invariants: a track is tried once for each program, and once after each start of the server; one that fails again waits for the
//! next program, or until the same one did not decode and does again. A program is asked (it decodes a clip) only while there
//! are tracks that it was not tried with: the file of the program says nothing about its libraries.

use std::{collections::HashSet, time::Duration};

use fanfare_audio::{FfmpegUse, check_ffmpeg, ffmpeg_identity};
use fanfare_model::{ErrorKind, Result, TrackId};

use crate::Ingest;

/// How often it is looked whether there are tracks to try, and a program that decodes.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// The most tracks that are queued at once.
const AT_ONCE: u32 = 100_000;

/// Looks whether `ffmpeg` has changed, or decodes again.
#[derive(Debug)]
pub struct DecoderWatch {
    ffmpeg: FfmpegUse,
    /// The present program.
    program: Option<String>,
    /// The tracks that were tried with it while it decoded.
    tried: HashSet<TrackId>,
}

impl DecoderWatch {
    /// Watches that program; nothing was tried with it yet.
    #[must_use]
    pub fn new(ffmpeg: FfmpegUse) -> Self {
        Self { ffmpeg, program: None, tried: HashSet::new() }
    }

    /// Looks once; queues what failed because of `ffmpeg` if there is one that decodes, and the track was not tried with it.
    /// Returns the number of tracks.
    ///
    /// # Errors
    /// Errors of the store: the next look tries again.
    pub async fn look(&mut self, ingest: &Ingest) -> Result<u64> {
        let ffmpeg = self.ffmpeg.clone();
        let Ok(found) = tokio::task::spawn_blocking(move || ffmpeg_identity(&ffmpeg)).await else {
            return Ok(0);
        };
        if found != self.program {
            self.tried.clear();
            self.program = found;
        }
        if self.program.is_none() {
            return Ok(0);
        }
        let mut failed = ingest.store().catalog().tracks_failed_by_ffmpeg(AT_ONCE).await?;
        failed.retain(|track| !self.tried.contains(track));
        if failed.is_empty() {
            return Ok(0);
        }
        let ffmpeg = self.ffmpeg.clone();
        match tokio::task::spawn_blocking(move || check_ffmpeg(&ffmpeg)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::debug!(%error, "tracks that need ffmpeg wait until it decodes");
                self.tried.clear();
                return Ok(0);
            }
            Err(_) => return Ok(0),
        }
        let mut queued = 0;
        for track in failed {
            match ingest.retry_track(track).await {
                Ok(()) => queued += 1,
                Err(error) if matches!(error.kind(), ErrorKind::Conflict | ErrorKind::NotFound) => {
                    tracing::debug!(%track, %error, "a track that failed because of ffmpeg is not tried again");
                }
                Err(error) => return Err(error),
            }
            self.tried.insert(track);
        }
        if queued > 0 {
            tracing::info!(tracks = queued, "tracks that failed because of ffmpeg are tried again");
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
