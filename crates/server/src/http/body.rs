//! Bodies of requests that are neither JSON nor endless: read whole, within a limit and in time.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use axum::body::Body;
use fanfare_model::{ErrorKind, UserId};
use futures_util::StreamExt as _;
use http::{HeaderMap, StatusCode, header};
use tokio::{
    fs::File,
    io::{AsyncWrite, AsyncWriteExt as _},
};

use super::{
    clock,
    problem::{Answer, Problem},
    state::HttpState,
};

/// How long a body may take: an image of 16 MiB over a line of 3 Mbit/s.
const PATIENCE: Duration = Duration::from_secs(50);

/// The body's bytes.
///
/// # Errors
/// 413 for more than `most` bytes (before they are read, where the length is declared), 408 for a body that takes too
/// long, 400 for one that breaks off, 429 when the sender sends too many at once, 503 when too many are being
/// read.
pub async fn whole(
    state: &HttpState,
    of: UserId,
    body: Body,
    headers: &HeaderMap,
    most: u64,
) -> Answer<Vec<u8>> {
    let mut bytes = Vec::new();
    taken(state, of, body, headers, most, &mut bytes).await?;
    Ok(bytes)
}

/// The body in a file of its own, which goes with what is returned: its bytes never pile up in memory.
///
/// # Errors
/// As [`whole`], and those of the disk.
pub async fn staged(
    state: &HttpState,
    of: UserId,
    body: Body,
    headers: &HeaderMap,
    most: u64,
) -> Answer<Staged> {
    let random: String =
        fanfare_store::fresh_id(clock::now()).iter().map(|byte| format!("{byte:02x}")).collect();
    let staged = Staged(state.store.blobs().staging().join(format!("body-{random}")));
    let mut file = File::create_new(&staged.0).await.map_err(not_stored)?;
    taken(state, of, body, headers, most, &mut file).await?;
    Ok(staged)
}

/// A body in a file, which is removed with it.
pub struct Staged(PathBuf);

impl Staged {
    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        // What cannot be removed is swept at the next start.
        let _left = std::fs::remove_file(&self.0);
    }
}

fn not_stored(error: std::io::Error) -> Problem {
    fanfare_store::of_storage("storing what is sent", error).into()
}

/// Writes each part of the body as it comes.
async fn taken(
    state: &HttpState,
    of: UserId,
    body: Body,
    headers: &HeaderMap,
    most: u64,
    to: &mut (impl AsyncWrite + Unpin),
) -> Answer<()> {
    let too_large = || {
        let message = format!("the body is larger than {most} bytes, the most that is taken here");
        Problem::new(ErrorKind::LimitExceeded, message)
    };
    let declared = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if declared.is_some_and(|declared: u64| declared > most) {
        return Err(too_large());
    }
    let _place = state.bodies.take(of)?;
    let mut stream = body.into_data_stream();
    let read = async {
        let mut size = 0;
        while let Some(next) = stream.next().await {
            let next = next.map_err(|_| Problem::new(ErrorKind::Invalid, "the body broke off"))?;
            size += next.len() as u64;
            if size > most {
                return Err(too_large());
            }
            to.write_all(&next).await.map_err(not_stored)?;
        }
        to.flush().await.map_err(not_stored)
    };
    tokio::time::timeout(PATIENCE, read).await.unwrap_or_else(|_| {
        Err(Problem::new(ErrorKind::Timeout, "the body did not arrive in time")
            .status(StatusCode::REQUEST_TIMEOUT))
    })
}
