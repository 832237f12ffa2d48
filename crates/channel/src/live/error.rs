//! Why something on the channel did not work, with its kind, sentence and remedy.

use std::{fmt, time::Duration};

use fanfare_model::{Error, ErrorKind};

use crate::live::{frame::Violation, reason::Reason};

/// Why something on the channel did not work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChannelError {
    /// The worker process ended, or closed its end. Start the stream again in another one.
    WorkerGone,
    /// The server ended, or closed its end. Stop the work.
    ServerGone,
    /// The other side broke the rules; the channel is closed. (Or this side would have: nothing was sent.)
    Violation(Violation),
    /// The worker ended this stream with that error.
    Failed(Reason),
    /// The server reads this stream no more. Stop the work for it.
    Dropped(Reason),
    /// No credit came in that time: the reader is slow or paused. Nothing was sent; try again, or stop.
    NoCredit(Duration),
    /// This side closed the channel.
    Closed,
}

impl ChannelError {
    /// What kind of trouble it is.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::WorkerGone => ErrorKind::Unavailable,
            Self::ServerGone | Self::Closed => ErrorKind::Cancelled,
            Self::Violation(Violation::TooLong { .. } | Violation::TooManyStreams) => {
                ErrorKind::LimitExceeded
            }
            Self::Violation(_) => ErrorKind::Malformed,
            Self::Failed(reason) | Self::Dropped(reason) => reason.kind,
            Self::NoCredit(_) => ErrorKind::Timeout,
        }
    }

    const fn remedy(&self) -> Option<&'static str> {
        match self {
            Self::WorkerGone | Self::NoCredit(_) => Some("try again"),
            Self::Violation(_) => Some("restart fanfare; if it happens again, report it with the log"),
            _ => None,
        }
    }
}

impl fmt::Display for ChannelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WorkerGone => f.write_str("the worker process ended"),
            Self::ServerGone => f.write_str("the server ended"),
            Self::Violation(violation) => write!(f, "the live channel was misused: {violation}"),
            Self::Failed(reason) | Self::Dropped(reason) => reason.fmt(f),
            Self::NoCredit(waited) => {
                write!(f, "the reader of a live stream took nothing for {} ms", waited.as_millis())
            }
            Self::Closed => f.write_str("the live channel was closed"),
        }
    }
}

impl std::error::Error for ChannelError {}

impl From<Violation> for ChannelError {
    fn from(violation: Violation) -> Self {
        Self::Violation(violation)
    }
}

impl From<ChannelError> for Error {
    fn from(error: ChannelError) -> Self {
        let (kind, message, remedy) = (error.kind(), error.to_string(), error.remedy());
        match error {
            ChannelError::Failed(reason) | ChannelError::Dropped(reason) => reason.into(),
            _ => {
                let error = Self::new(kind, message);
                match remedy {
                    Some(remedy) => error.remedy(remedy),
                    None => error,
                }
            }
        }
    }
}
