//! Bodies of requests that are neither JSON nor endless: read whole, within a limit and in time.

use std::time::Duration;

use axum::body::Body;
use fanfare_model::ErrorKind;
use futures_util::StreamExt as _;
use http::{HeaderMap, StatusCode, header};

use super::{
    problem::{Answer, Problem},
    state::HttpState,
};

/// How long a body may take: an image of 16 MiB over a line of 3 Mbit/s.
const PATIENCE: Duration = Duration::from_secs(50);

/// The body's bytes.
///
/// # Errors
/// 413 for more than `most` bytes (before they are read, where the length is declared), 408 for a body that takes too
/// long, 400 for one that breaks off, 503 when too many are being read.
pub async fn whole(state: &HttpState, body: Body, headers: &HeaderMap, most: u64) -> Answer<Vec<u8>> {
    let too_large = || {
        let message = format!("the body is larger than {most} bytes, the most that is taken here");
        Problem::new(ErrorKind::LimitExceeded, message)
    };
    let declared = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if declared.is_some_and(|declared: u64| declared > most) {
        return Err(too_large());
    }
    let _place = state
        .bodies
        .try_acquire()
        .map_err(|_| Problem::new(ErrorKind::Busy, "too many files are being sent at once").retry_after(5))?;
    let mut stream = body.into_data_stream();
    let read = async {
        let mut bytes = Vec::new();
        while let Some(next) = stream.next().await {
            let next = next.map_err(|_| Problem::new(ErrorKind::Invalid, "the body broke off"))?;
            if (bytes.len() + next.len()) as u64 > most {
                return Err(too_large());
            }
            bytes.extend_from_slice(&next);
        }
        Ok(bytes)
    };
    tokio::time::timeout(PATIENCE, read).await.unwrap_or_else(|_| {
        Err(Problem::new(ErrorKind::Timeout, "the body did not arrive in time")
            .status(StatusCode::REQUEST_TIMEOUT))
    })
}
