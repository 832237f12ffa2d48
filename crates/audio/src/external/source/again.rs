//! A child that ended with a complaint, or by a signal, is started once more.
//!
//! Why: a program that was ended (no memory, a person, a fault of its own) leaves the same short output as a damaged file. Only
//! where two runs end in order at the same frame, the file is the cause. A track that is cut for another reason would be
//! stored as the whole one.

use fanfare_model::{Error, ErrorKind, Result};

use super::External;
use crate::external::{fault::interrupted, output::Output};

impl External {
    /// Asked when the output has ended at that frame of the track, and not well. Returns whether another child is to be
    /// listened to.
    ///
    /// # Errors
    /// `Unavailable` where the file is not the cause; `NoDecoder`, `Timeout`, I/O.
    pub(super) fn again(&mut self, end: u64) -> Result<bool> {
        let fault = self.output.child.fault();
        if let Some(before) = self.ended_at {
            return match fault {
                Some(how) => Err(self.unavailable(&how, end)),
                None if before == end => Ok(false),
                None => Err(self.unavailable("ended with a complaint", end)),
            };
        }
        let (arguments, bytes) = self.resumed.clone().unwrap_or_else(|| (self.arguments, self.bytes.clone()));
        let how = fault.unwrap_or_else(|| "ended with a complaint".to_owned());
        let started = Output::start(&self.program, &arguments, &bytes, &self.limits);
        let mut output = started.map_err(|error| match error.kind() {
            ErrorKind::Malformed | ErrorKind::Empty | ErrorKind::Internal | ErrorKind::NotAudio => {
                self.unavailable(&how, end).because(error)
            }
            _ => error,
        })?;
        if output.spec != self.output.spec || !output.drop_frames(self.lead + end)? {
            return Err(self.unavailable(&how, end));
        }
        output.put_before(&self.output, self.available());
        (self.output, self.ended_at) = (output, Some(end));
        Ok(true)
    }

    fn unavailable(&self, how: &str, end: u64) -> Error {
        let at_s = self.output.spec.rate.seconds(end);
        interrupted(&format!("{how} at {at_s:.2} s, and a second run ended elsewhere or was ended too"))
    }
}
