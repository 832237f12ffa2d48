//! [`PackedFrames`]: looks out for ID3v2 frames that are packed, in the bytes that a parser of tags reads.
//!
//! Why: such a frame (ID3v2.3, section 3.3.1; ID3v2.4, section 4.1.2) unpacks to any size, and the parser puts no bound on
//! it: a tag of 16 MB may take 16 GB. Hardly any program writes them. The bytes are looked at on their way to the parser, so
//! it does not matter where in a file it finds a tag.
//!
//! What is looked for is a frame's header whose flag says "packed", with the header of a zlib stream (RFC 1950) where the
//! frame's bytes begin; read as they are, and with the zeros left out that unsynchronisation puts behind each 0xff. Other
//! bytes look like that about once in 150 MB.

/// Bytes of a frame's header.
const HEADER: usize = 10;
/// Bytes of what may lie between the header and the packed bytes: the size when unpacked, and the number of a group.
const BETWEEN: usize = 5;
/// Bytes of a zlib header.
const ZLIB: usize = 2;
/// Bytes that are looked at together.
const WINDOW: usize = HEADER + BETWEEN + ZLIB;

/// The flags' second byte: packed in ID3v2.3 and in ID3v2.4; belongs to a group likewise.
const VERSIONS: [Version; 2] =
    [Version { packed: 0x80, grouped: 0x20, size: 0 }, Version { packed: 0x08, grouped: 0x40, size: 7 }];

#[derive(Clone, Copy)]
struct Version {
    packed: u8,
    grouped: u8,
    /// The most that the first byte of a frame's size is: a tag has less than 16 MiB here.
    size: u8,
}

/// What was seen of a stream of bytes.
#[derive(Debug, Default)]
pub(super) struct PackedFrames {
    raw: Window,
    synchronised: Window,
    after_ff: bool,
}

impl PackedFrames {
    /// Whether there is such a frame in those bytes, and those before them.
    pub(super) fn met_in(&mut self, bytes: &[u8]) -> bool {
        let mut met = false;
        for byte in bytes {
            met |= self.raw.push(*byte);
            if !(self.after_ff && *byte == 0) {
                met |= self.synchronised.push(*byte);
            }
            self.after_ff = *byte == 0xff;
        }
        met
    }
}

/// The last bytes, the newest at the end.
#[derive(Debug, Default)]
struct Window {
    bytes: [u8; WINDOW],
}

impl Window {
    /// Takes one in; whether they end in a packed frame's header and what follows it.
    fn push(&mut self, byte: u8) -> bool {
        let before = self.bytes[WINDOW - 1];
        self.bytes.copy_within(1.., 0);
        self.bytes[WINDOW - 1] = byte;
        is_zlib(before, byte) && VERSIONS.iter().any(|version| self.is_packed_frame(*version))
    }

    fn is_packed_frame(&self, version: Version) -> bool {
        [false, true].into_iter().any(|grouped| {
            let start = if grouped { 0 } else { 1 };
            let Some(header) = self.bytes.get(start..start + HEADER) else { return false };
            let [a, b, c, d, size, _, _, _, _, flags] = *header else { return false };
            a.is_ascii_uppercase()
                && [b, c, d].iter().all(|letter| letter.is_ascii_uppercase() || letter.is_ascii_digit())
                && size <= version.size
                && flags & version.packed != 0
                && (flags & version.grouped != 0) == grouped
        })
    }
}

/// Whether those two bytes begin a zlib stream: its method, its window, its check.
const fn is_zlib(first: u8, second: u8) -> bool {
    first & 0x0f == 8 && first >> 4 <= 7 && ((first as u16) << 8 | second as u16).is_multiple_of(31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packed_frame_is_met_wherever_it_lies() {
        let frame = |flags: [u8; 2], rest: &[u8]| [b"APIC\0\x01\0\0", &flags[..], rest].concat();
        for (name, bytes, met) in [
            ("version 3", frame([0, 0x80], &[0, 1, 0, 0, 0x78, 0x9c, 1]), true),
            ("version 4", frame([0, 0x09], &[0, 1, 0, 0, 0x78, 0xda]), true),
            ("version 3, of a group", frame([0, 0xa0], &[0, 1, 0, 0, 9, 0x78, 0x9c]), true),
            ("version 4, of a group", frame([0, 0x49], &[9, 0, 1, 0, 0, 0x78, 0x01]), true),
            ("not packed", frame([0, 0], &[0, 1, 0, 0, 0x78, 0x9c]), false),
            ("no zlib", frame([0, 0x80], &[0, 1, 0, 0, 0x78, 0x9d]), false),
            ("no name", frame([0, 0x80], &[0, 1, 0, 0, 0x78, 0x9c])[1..].to_vec(), false),
            (
                "unsynchronised",
                [b"APIC\0\0\xff\0\x01".as_slice(), &[0, 0x80, 0, 1, 0, 0, 0x78, 0x9c]].concat(),
                true,
            ),
        ] {
            for before in [0, 1, 8_191] {
                let bytes = [&vec![0xe0; before][..], &bytes].concat();
                assert_eq!(PackedFrames::default().met_in(&bytes), met, "{name}");
                // And in any pieces.
                let mut pieces = PackedFrames::default();
                let found = bytes.chunks(3).fold(false, |met, piece| met | pieces.met_in(piece));
                assert_eq!(found, met, "{name}, in pieces");
            }
        }
    }

    #[test]
    fn a_picture_does_not_look_like_one() {
        let mut noise = fanfare_testkit::Seeded::new(12);
        let bytes: Vec<u8> = (0..4 << 20).map(|_| noise.next_u64() as u8).collect();
        assert!(!PackedFrames::default().met_in(&bytes));
    }
}
