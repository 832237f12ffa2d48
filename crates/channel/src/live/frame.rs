//! The header of a wire frame: bytes to fields and back, with a limit on every declared length.

use std::fmt;

use crate::live::limits::{MAX_CONTENT_BYTES, MAX_PAYLOAD_BYTES, MAX_REASON_BYTES, MAX_STREAMS};

/// Bytes of a header.
pub const HEADER_BYTES: usize = 20;
const MAGIC: u8 = 0xFA;
const VERSION: u8 = 1;

/// What a wire frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A new stream.
    Open,
    /// A chunk of a stream.
    Data,
    /// The stream is complete.
    End,
    /// The stream ends early, with a reason.
    Failed,
    /// The reader of a stream grants credit.
    Credit,
    /// The reader of a stream reads no more, with a reason.
    Dropped,
}

impl Kind {
    /// Every kind, in the order of their numbers.
    pub const ALL: [Self; 6] = [Self::Open, Self::Data, Self::End, Self::Failed, Self::Credit, Self::Dropped];

    const fn number(self) -> u8 {
        match self {
            Self::Open => 1,
            Self::Data => 2,
            Self::End => 3,
            Self::Failed => 4,
            Self::Credit => 5,
            Self::Dropped => 6,
        }
    }

    /// The most bytes of payload that a frame of this kind may have.
    #[must_use]
    pub const fn max_bytes(self) -> usize {
        match self {
            Self::Open => MAX_CONTENT_BYTES,
            Self::Data => MAX_PAYLOAD_BYTES,
            Self::End | Self::Credit => 0,
            Self::Failed | Self::Dropped => MAX_REASON_BYTES,
        }
    }

    const fn has_position(self) -> bool {
        matches!(self, Self::Data | Self::End | Self::Credit)
    }
}

/// How a peer broke the rules of the channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Violation {
    /// The first byte of a header is not that of this protocol.
    Magic(u8),
    /// Another version of the protocol.
    Version(u8),
    /// A kind that does not exist.
    UnknownKind(u8),
    /// Flags where there are none.
    Flags(Kind),
    /// A position where there is none.
    Position(Kind),
    /// Stream 0, or a number that is not larger than that of the stream opened before.
    StreamNumber(u32),
    /// More payload than a frame of the kind may have.
    TooLong {
        /// Of what.
        kind: Kind,
        /// As declared.
        bytes: u64,
    },
    /// A kind that only the other side may send.
    Direction(Kind),
    /// A stream that was never opened, or has ended.
    UnknownStream(u32),
    /// More bytes on a stream than its reader granted.
    OverCredit(u32),
    /// More credit for a stream than a window may have.
    TooMuchCredit(u32),
    /// More streams than may be open.
    TooManyStreams,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Magic(byte) => write!(f, "a frame begins with byte {byte:#04x} instead of {MAGIC:#04x}"),
            Self::Version(version) => write!(f, "version {version} of the protocol instead of {VERSION}"),
            Self::UnknownKind(number) => write!(f, "a frame of the unknown kind {number}"),
            Self::Flags(kind) => write!(f, "a frame of the kind {kind:?} has flags"),
            Self::Position(kind) => write!(f, "a frame of the kind {kind:?} has a position"),
            Self::StreamNumber(stream) => write!(f, "a new stream has the number {stream}"),
            Self::TooLong { kind, bytes } => {
                write!(f, "a frame of the kind {kind:?} has {bytes} bytes, {} at most", kind.max_bytes())
            }
            Self::Direction(kind) => write!(f, "a frame of the kind {kind:?} from the wrong side"),
            Self::UnknownStream(stream) => write!(f, "a frame of stream {stream}, which is not open"),
            Self::OverCredit(stream) => write!(f, "more bytes on stream {stream} than were granted"),
            Self::TooMuchCredit(stream) => write!(f, "too much credit for stream {stream}"),
            Self::TooManyStreams => write!(f, "more than {MAX_STREAMS} streams"),
        }
    }
}

/// The header of a wire frame; the module docs of the crate have its layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// What the frame is.
    pub kind: Kind,
    /// The application's, for data.
    pub flags: u8,
    /// The stream, 1 or more.
    pub stream: u32,
    /// Frame index, or bytes granted.
    pub position: u64,
    /// Bytes of payload.
    pub length: usize,
}

impl Header {
    /// A header without flags, position and payload.
    pub(crate) const fn new(kind: Kind, stream: u32) -> Self {
        Self { kind, flags: 0, stream, position: 0, length: 0 }
    }

    /// The bytes of the header.
    ///
    /// # Errors
    /// What [`Self::decode`] would refuse.
    pub fn encode(&self) -> Result<[u8; HEADER_BYTES], Violation> {
        self.check()?;
        let length = u32::try_from(self.length).map_err(|_| self.too_long())?;
        let mut bytes = [0; HEADER_BYTES];
        [bytes[0], bytes[1], bytes[2], bytes[3]] = [MAGIC, VERSION, self.kind.number(), self.flags];
        bytes[4..8].copy_from_slice(&self.stream.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.position.to_le_bytes());
        bytes[16..].copy_from_slice(&length.to_le_bytes());
        Ok(bytes)
    }

    /// The fields of a header.
    ///
    /// # Errors
    /// The first rule that it breaks. Nothing is known of what follows such a header, so the channel must be closed.
    pub fn decode(bytes: &[u8; HEADER_BYTES]) -> Result<Self, Violation> {
        let &[magic, version, kind, flags, s0, s1, s2, s3, p0, p1, p2, p3, p4, p5, p6, p7, l0, l1, l2, l3] =
            bytes;
        if magic != MAGIC {
            return Err(Violation::Magic(magic));
        }
        if version != VERSION {
            return Err(Violation::Version(version));
        }
        let kind =
            Kind::ALL.into_iter().find(|known| known.number() == kind).ok_or(Violation::UnknownKind(kind))?;
        let header = Self {
            kind,
            flags,
            stream: u32::from_le_bytes([s0, s1, s2, s3]),
            position: u64::from_le_bytes([p0, p1, p2, p3, p4, p5, p6, p7]),
            length: usize::try_from(u32::from_le_bytes([l0, l1, l2, l3])).unwrap_or(usize::MAX),
        };
        header.check()?;
        Ok(header)
    }

    fn check(&self) -> Result<(), Violation> {
        if self.length > self.kind.max_bytes() {
            return Err(self.too_long());
        }
        if self.stream == 0 {
            return Err(Violation::StreamNumber(0));
        }
        if self.flags != 0 && self.kind != Kind::Data {
            return Err(Violation::Flags(self.kind));
        }
        if self.position != 0 && !self.kind.has_position() {
            return Err(Violation::Position(self.kind));
        }
        Ok(())
    }

    const fn too_long(&self) -> Violation {
        Violation::TooLong { kind: self.kind, bytes: self.length as u64 }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_header() -> impl Strategy<Value = Header> {
        (0..Kind::ALL.len(), any::<u8>(), 1..=u32::MAX, any::<u64>(), any::<prop::sample::Index>()).prop_map(
            |(kind, flags, stream, position, length)| {
                let kind = Kind::ALL[kind];
                Header {
                    kind,
                    flags: if kind == Kind::Data { flags } else { 0 },
                    stream,
                    position: if kind.has_position() { position } else { 0 },
                    length: length.index(kind.max_bytes() + 1),
                }
            },
        )
    }

    proptest! {
        #[test]
        fn a_header_is_read_as_it_was_written(header in any_header()) {
            prop_assert_eq!(Header::decode(&header.encode().unwrap()), Ok(header));
        }

        #[test]
        fn any_bytes_are_a_header_within_its_limits_or_a_violation(
            mut bytes in prop::array::uniform20(any::<u8>()), alike in any::<bool>(), kind in 0_u8..9,
        ) {
            if alike {
                [bytes[0], bytes[1], bytes[2]] = [MAGIC, VERSION, kind];
            }
            if let Ok(header) = Header::decode(&bytes) {
                prop_assert!(header.length <= header.kind.max_bytes() && header.stream > 0);
                prop_assert_eq!(header.encode().unwrap(), bytes, "no two headers mean the same");
            }
        }
    }

    #[test]
    fn the_layout_is_the_one_of_the_documents() {
        let header = Header { kind: Kind::Data, flags: 7, stream: 0x0102_0304, position: 0x0506, length: 9 };
        let bytes = header.encode().unwrap();
        assert_eq!(bytes, [0xFA, 1, 2, 7, 4, 3, 2, 1, 6, 5, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0]);
    }
}
