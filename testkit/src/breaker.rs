//! Ways to break a file: cuts, seeded mutations, false lengths, and other things under an audio name.

use crate::Seeded;

/// A broken file and how it came about.
#[derive(Debug, Clone)]
pub struct Broken {
    /// What was done, with the seed where there is one; fit for a file name.
    pub how: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// Values that length fields are set to.
const LENGTHS: [u32; 6] = [0, 1, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFE, 0xFFFF_FFFF];

/// How far from the start headers are looked for, in bytes.
const HEADER_BYTES: usize = 512;

/// The file cut at every 1/64 of its length (the whole file excluded, nothing included).
pub fn cuts(bytes: &[u8]) -> impl Iterator<Item = Broken> + '_ {
    (0..64).map(|part| Broken {
        how: format!("cut-{part:02}"),
        bytes: bytes[..bytes.len() * part / 64].to_vec(),
    })
}

/// One seeded mutation: some bits, some bytes, two blocks swapped, a block repeated, dropped or zeroed.
#[must_use]
pub fn mutated(bytes: &[u8], seed: u64) -> Broken {
    let mut random = Seeded::new(seed);
    let mut bytes = bytes.to_vec();
    let kinds = ["bits", "bytes", "swap", "repeat", "drop", "zero"];
    let kind = *random.pick(&kinds);
    // Half of the hits go into the header, where they hurt most.
    let place = |length: usize, random: &mut Seeded| {
        if random.below(2) == 0 { random.below(length.min(HEADER_BYTES)) } else { random.below(length) }
    };
    if !bytes.is_empty() {
        let block = 1 + random.below((bytes.len() / 4).clamp(1, 4096));
        let start = place(bytes.len(), &mut random);
        let end = (start + block).min(bytes.len());
        match kind {
            "bits" => (0..=random.below(8)).for_each(|_| {
                let at = place(bytes.len(), &mut random);
                bytes[at] ^= 1 << random.below(8);
            }),
            "bytes" => (0..=random.below(16)).for_each(|_| {
                let at = place(bytes.len(), &mut random);
                bytes[at] = random.next_u64() as u8;
            }),
            "swap" => {
                let length = end - start;
                let other = random.below(bytes.len() - length + 1);
                (0..length).for_each(|offset| bytes.swap(start + offset, other + offset));
            }
            "repeat" => {
                let copy = bytes[start..end].to_vec();
                bytes.splice(start..start, copy);
            }
            "drop" => drop(bytes.drain(start..end)),
            _ => bytes[start..end].fill(0),
        }
    }
    Broken { how: format!("{kind}-{seed}"), bytes }
}

/// Four bytes in the header replaced by an extreme length, in either byte order.
#[must_use]
pub fn false_length(bytes: &[u8], seed: u64) -> Broken {
    let mut random = Seeded::new(seed);
    let mut bytes = bytes.to_vec();
    if bytes.len() >= 4 {
        let at = random.below(bytes.len().min(HEADER_BYTES) - 3);
        let length = *random.pick(&LENGTHS);
        let field = if random.below(2) == 0 { length.to_be_bytes() } else { length.to_le_bytes() };
        bytes[at..at + 4].copy_from_slice(&field);
    }
    Broken { how: format!("length-{seed}"), bytes }
}

/// What is no audio but calls itself so: each must be refused, and none may make a decoder open something else.
#[must_use]
pub fn disguises() -> Vec<Broken> {
    let texts: [(&str, &[u8]); 14] = [
        ("empty", b""),
        ("one-byte", b"\0"),
        ("text", b"This is a text about music.\n"),
        ("html", b"<!DOCTYPE html><html><body><audio src=\"http://127.0.0.1:9/x.mp3\"></audio></body></html>"),
        ("xml", b"<?xml version=\"1.0\"?><playlist><track><location>file:///etc/passwd</location></track></playlist>"),
        ("m3u", b"#EXTM3U\n#EXTINF:1,x\nfile:///etc/passwd\nhttp://127.0.0.1:9/x\n"),
        ("hls", b"#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n/etc/passwd\n#EXT-X-ENDLIST\n"),
        ("pls", b"[playlist]\nFile1=/etc/passwd\nNumberOfEntries=1\n"),
        ("concat", b"ffconcat version 1.0\nfile /etc/passwd\nduration 1\n"),
        ("cue", b"FILE \"/etc/passwd\" WAVE\n  TRACK 01 AUDIO\n    INDEX 01 00:00:00\n"),
        ("strm", b"http://127.0.0.1:9/stream\n"),
        ("zip", b"PK\x03\x04\x14\0\0\0\x08\0aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
        ("png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\xff\xff\0\0\xff\xff\x08\x06\0\0\0"),
        ("elf", b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e\0"),
    ];
    let mut all: Vec<_> =
        texts.into_iter().map(|(how, bytes)| Broken { how: how.to_owned(), bytes: bytes.to_vec() }).collect();
    all.push(Broken { how: "zeros".to_owned(), bytes: vec![0; 70_000] });
    all.push(Broken { how: "ones".to_owned(), bytes: vec![0xFF; 70_000] });
    let mut random = Seeded::new(1);
    all.push(Broken {
        how: "random".to_owned(),
        bytes: (0..70_000).map(|_| random.next_u64() as u8).collect(),
    });
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn breaking_is_repeatable_and_breaks() {
        let file: Vec<u8> = (0..5000u32).map(|value| value as u8).collect();
        let mut unchanged = 0;
        for seed in 0..500 {
            assert_eq!(mutated(&file, seed).bytes, mutated(&file, seed).bytes);
            unchanged += u32::from(mutated(&file, seed).bytes == file);
            assert_eq!(false_length(&file, seed).bytes.len(), file.len());
        }
        assert!(unchanged < 25, "{unchanged} of 500 mutations changed nothing");
        assert_eq!(cuts(&file).count(), 64);
        for tiny in [&[][..], &[1], &[1, 2, 3]] {
            for seed in 0..50 {
                assert!(mutated(tiny, seed).bytes.len() <= 8);
                assert_eq!(false_length(tiny, seed).bytes.len(), tiny.len());
            }
        }
    }
}
