//! Why a stream ended early, as it travels to the other side: kind, sentence, remedy.

use std::fmt;

use bytes::Bytes;
use fanfare_model::{Error, ErrorKind};

use crate::live::limits::MAX_REASON_BYTES;

/// Why a stream ended early.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// What kind of trouble it is.
    pub kind: ErrorKind,
    /// What happened: one line, lower case, no full stop.
    pub message: String,
    /// What the user can do about it.
    pub remedy: Option<String>,
}

impl Reason {
    /// A reason without a remedy.
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), remedy: None }
    }

    /// Three lines of text: kind, message, remedy. What is longer than a frame may carry is cut.
    pub(crate) fn encode(&self) -> Bytes {
        let one_line = |text: &str| text.replace(['\n', '\r'], " ");
        let mut text = format!("{}\n{}", self.kind, one_line(&self.message));
        if let Some(remedy) = &self.remedy {
            text.push('\n');
            text.push_str(&one_line(remedy));
        }
        text.truncate(text.floor_char_boundary(MAX_REASON_BYTES));
        Bytes::from(text)
    }

    /// Reads any bytes; an unknown kind is `Internal`.
    pub(crate) fn decode(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let mut lines = text.splitn(3, '\n');
        let kind = ErrorKind::from_name(lines.next().unwrap_or_default());
        let message = lines.next().unwrap_or_default().to_owned();
        Self { kind, message, remedy: lines.next().map(str::to_owned) }
    }
}

impl From<&Error> for Reason {
    fn from(error: &Error) -> Self {
        Self {
            kind: error.kind(),
            message: error.message().to_owned(),
            remedy: error.remedy_text().map(str::to_owned),
        }
    }
}

impl From<Reason> for Error {
    fn from(reason: Reason) -> Self {
        let error = Self::new(reason.kind, reason.message);
        match reason.remedy {
            Some(remedy) => error.remedy(remedy),
            None => error,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_reason_arrives_as_it_was_sent() {
        for kind in ErrorKind::ALL {
            for remedy in [None, Some("plug it in".to_owned())] {
                let reason = Reason { kind: *kind, message: "the disk is away".to_owned(), remedy };
                assert_eq!(Reason::decode(&reason.encode()), reason);
            }
        }
    }

    #[test]
    fn a_long_reason_is_cut_between_two_characters() {
        let reason = Reason::new(ErrorKind::Io, "ä".repeat(MAX_REASON_BYTES));
        let bytes = reason.encode();
        assert!(bytes.len() <= MAX_REASON_BYTES && bytes.len() > MAX_REASON_BYTES - 2);
        assert!(reason.message.starts_with(&Reason::decode(&bytes).message));
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_reason(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let reason = Reason::decode(&bytes);
            prop_assert!(!reason.message.contains('\n'));
        }
    }
}
