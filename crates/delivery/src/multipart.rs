//! The frame of a `multipart/byteranges` body (RFC 9110 section 14.6, RFC 2046 section 5.1).

use bytes::Bytes;

use crate::ranges::ByteRange;

/// A piece of the body: bytes of ours, or a range of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Delimiters and the header fields of a part.
    Text(Bytes),
    /// Bytes of the representation.
    File(ByteRange),
}

impl Piece {
    /// How many bytes it adds to the body.
    #[must_use]
    pub fn size(&self) -> u64 {
        match self {
            Self::Text(text) => text.len() as u64,
            Self::File(range) => range.size(),
        }
    }
}

/// The pieces of the body for these parts. `boundary` is 1 to 70 letters or digits that the caller drew at random.
#[must_use]
pub fn frame(parts: &[ByteRange], boundary: &str, media_type: &str, len: u64) -> Vec<Piece> {
    let mut pieces = Vec::with_capacity(parts.len() * 2 + 1);
    for (index, part) in parts.iter().enumerate() {
        let line_end = if index == 0 { "" } else { "\r\n" };
        pieces.push(Piece::Text(Bytes::from(format!(
            "{line_end}--{boundary}\r\nContent-Type: {media_type}\r\nContent-Range: {}\r\n\r\n",
            part.content_range(len)
        ))));
        pieces.push(Piece::File(*part));
    }
    pieces.push(Piece::Text(Bytes::from(format!("\r\n--{boundary}--\r\n"))));
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_framed_with_their_place() {
        let pieces = frame(
            &[ByteRange { first: 0, last: 1 }, ByteRange { first: 5, last: 5 }],
            "b0",
            "audio/flac",
            10,
        );
        let text: Vec<String> = pieces
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => String::from_utf8_lossy(text).into_owned(),
                Piece::File(range) => "#".repeat(range.size() as usize),
            })
            .collect();
        assert_eq!(
            text.concat(),
            "--b0\r\nContent-Type: audio/flac\r\nContent-Range: bytes 0-1/10\r\n\r\n##\
             \r\n--b0\r\nContent-Type: audio/flac\r\nContent-Range: bytes 5-5/10\r\n\r\n#\r\n--b0--\r\n"
        );
    }
}
