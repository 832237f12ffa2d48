//! [`TagReading`]: what was read of one file.

use fanfare_model::{AudioProperties, Error, Tags};

use crate::Limits;

/// What was read of one file.
#[derive(Debug, Clone, Default)]
pub struct TagReading {
    /// The tags, cleaned.
    pub tags: Tags,
    /// What codec and container say; `None` when the headers could not be read (a warning says why).
    pub audio: Option<AudioProperties>,
    /// Bytes of the cover image as the file has it: the front cover, else the first picture.
    pub cover: Option<Vec<u8>>,
    /// Why a cover that the file has is not in [`Self::cover`].
    pub cover_error: Option<String>,
    /// Something was left out because of the limits on tags and covers: tags, or a picture. Larger limits find it.
    pub cut: bool,
    /// What was odd, one sentence each.
    pub warnings: Vec<String>,
    /// Those of them that are about items of tags, which are damaged and were left out.
    pub damaged: Vec<String>,
}

impl TagReading {
    /// Takes the cover, or says why not.
    pub(super) fn take_cover(&mut self, bytes: Vec<u8>, limits: &Limits) {
        if bytes.len() as u64 > limits.max_cover_bytes {
            self.refuse_cover(bytes.len() as u64, limits);
        } else if !bytes.is_empty() {
            self.cover = Some(bytes);
            self.cover_error = None;
        }
    }

    /// Notes a cover that is too large.
    pub(super) fn refuse_cover(&mut self, size_bytes: u64, limits: &Limits) {
        self.cut = true;
        let refused = Error::limit("cover_bytes", size_bytes, limits.max_cover_bytes).to_string();
        self.warnings.push(format!("the cover was left out: {refused}"));
        if self.cover.is_none() {
            self.cover_error = Some(refused);
        }
    }
}
