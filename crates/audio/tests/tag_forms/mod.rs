//! Tags of every kind as bytes, made by hand: as programs write them, and damaged.
#![allow(dead_code, clippy::unwrap_used)]

pub mod cases;
pub mod id3_cases;

/// A size in four bytes of seven bits.
pub fn seven_bits(size: usize) -> [u8; 4] {
    [21, 14, 7, 0].map(|shift| (size >> shift & 0x7f) as u8)
}

/// An ID3v2 tag.
pub fn id3v2(version: u8, flags: u8, frames: &[Vec<u8>]) -> Vec<u8> {
    let body = frames.concat();
    [b"ID3", &[version, 0, flags][..], &seven_bits(body.len()), &body].concat()
}

/// A frame of 2.3, or of 2.4 with plain sizes.
pub fn plain_frame(id: &str, flags: u8, body: &[u8]) -> Vec<u8> {
    [id.as_bytes(), &(body.len() as u32).to_be_bytes(), &[0, flags], body].concat()
}

/// A frame of 2.4.
pub fn frame(id: &str, flags: u8, body: &[u8]) -> Vec<u8> {
    [id.as_bytes(), &seven_bits(body.len()), &[0, flags], body].concat()
}

/// A frame of 2.2.
pub fn old_frame(id: &str, body: &[u8]) -> Vec<u8> {
    [id.as_bytes(), &(body.len() as u32).to_be_bytes()[1..], body].concat()
}

/// A frame's body of text in UTF-8.
pub fn utf8(text: &str) -> Vec<u8> {
    [&[3], text.as_bytes()].concat()
}

/// A frame's body of text in UTF-16 with a mark.
pub fn utf16(text: &str) -> Vec<u8> {
    [1, 0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect()
}

/// An attached picture.
pub fn attached(kind: u8, image: &[u8]) -> Vec<u8> {
    [b"\0image/png\0", &[kind, 0][..], image].concat()
}

/// An ID3v1.1 tag.
pub fn id3v1(title: &[u8], artist: &[u8], genre: u8) -> Vec<u8> {
    let mut tag = vec![0; 128];
    tag[..3].copy_from_slice(b"TAG");
    tag[3..3 + title.len()].copy_from_slice(title);
    tag[33..33 + artist.len()].copy_from_slice(artist);
    tag[93..97].copy_from_slice(b"1999");
    (tag[126], tag[127]) = (5, genre);
    tag
}

/// An APE tag with header and footer; items are name, flags, value.
pub fn ape(items: &[(&str, u32, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, flags, value) in items {
        body.extend((value.len() as u32).to_le_bytes());
        body.extend(flags.to_le_bytes());
        body.extend([name.as_bytes(), &[0], value].concat());
    }
    let frame = |flags: u32| {
        let mut frame = b"APETAGEX".to_vec();
        for number in [2_000, body.len() as u32 + 32, items.len() as u32, flags, 0, 0] {
            frame.extend(number.to_le_bytes());
        }
        frame
    };
    [frame(0xa000_0000), body.clone(), frame(0x8000_0000)].concat()
}

/// A binary item's flags.
pub const BINARY: u32 = 2;

/// A header of Vorbis comments.
pub fn vorbis(comments: &[&[u8]]) -> Vec<u8> {
    let mut header = b"\x04\0\0\0test".to_vec();
    header.extend((comments.len() as u32).to_le_bytes());
    for comment in comments {
        header.extend((comment.len() as u32).to_le_bytes());
        header.extend(*comment);
    }
    header
}

/// A picture block of FLAC.
pub fn picture_block(kind: u32, image: &[u8]) -> Vec<u8> {
    let mut block = kind.to_be_bytes().to_vec();
    block.extend(9_u32.to_be_bytes());
    block.extend(b"image/png");
    block.extend([0; 20]);
    block.extend((image.len() as u32).to_be_bytes());
    block.extend(image);
    block
}

/// A FLAC file with those metadata blocks in place of all but the stream's description.
pub fn flac(file: &[u8], blocks: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let length = |at: usize| u32::from_be_bytes([0, file[at + 1], file[at + 2], file[at + 3]]) as usize;
    let (mut at, mut is_last) = (4, false);
    while !is_last {
        is_last = file[at] & 0x80 != 0;
        at += 4 + length(at);
    }
    let mut made = [b"fLaC\0", &file[5..8 + length(4)]].concat();
    for (number, (kind, body)) in blocks.iter().enumerate() {
        let last = if number + 1 == blocks.len() { 0x80 } else { 0 };
        made.push(kind | last);
        made.extend(&(body.len() as u32).to_be_bytes()[1..]);
        made.extend(body);
    }
    made.extend(&file[at..]);
    made
}

/// Packets of one stream in Ogg, each on pages of its own.
pub fn ogg(packets: &[Vec<u8>]) -> Vec<u8> {
    let mut made = Vec::new();
    let mut number = 0_u32;
    for (index, packet) in packets.iter().enumerate() {
        let mut table = vec![255; packet.len() / 255];
        table.push((packet.len() % 255) as u8);
        let mut body = &packet[..];
        for (place, table) in table.chunks(255).enumerate() {
            let (now, rest) = body.split_at(table.iter().map(|segment| usize::from(*segment)).sum());
            body = rest;
            let mut page = b"OggS\0".to_vec();
            page.push(if place > 0 { 1 } else { u8::from(index == 0) * 2 });
            page.extend([0; 8]);
            page.extend(7_u32.to_le_bytes());
            page.extend(number.to_le_bytes());
            page.extend([0; 4]);
            page.push(table.len() as u8);
            page.extend(table);
            page.extend(now);
            let sum = crc(&page);
            page[22..26].copy_from_slice(&sum.to_le_bytes());
            made.extend(page);
            number += 1;
        }
    }
    made
}

/// The checksum of a page (RFC 3533, section 6, field 7).
fn crc(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte) << 24, |sum, _| {
            if sum & 1 << 31 != 0 { sum << 1 ^ 0x04c1_1db7 } else { sum << 1 }
        })
    })
}

/// The head of an Opus stream of two channels.
pub fn opus_head() -> Vec<u8> {
    b"OpusHead\x01\x02\x38\x01\x80\xbb\0\0\0\0\0".to_vec()
}

/// A box of MP4.
pub fn mp4_box(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    [&(body.len() as u32 + 8).to_be_bytes()[..], name, body].concat()
}

/// An item of MP4's list, with one value of that kind.
pub fn mp4_item(name: &[u8; 4], kind: u32, value: &[u8]) -> Vec<u8> {
    mp4_box(name, &mp4_box(b"data", &[&kind.to_be_bytes()[..], &[0; 4], value].concat()))
}

/// The boxes of an MP4 file that hold those items, without sound.
pub fn mp4(items: &[Vec<u8>]) -> Vec<u8> {
    let list = mp4_box(b"ilst", &items.concat());
    let meta = mp4_box(b"meta", &[&[0; 4][..], &mp4_box(b"hdlr", &[0; 25]), &list].concat());
    let moov = mp4_box(b"moov", &mp4_box(b"udta", &meta));
    [mp4_box(b"ftyp", b"M4A \0\0\0\0M4A "), moov].concat()
}

/// A chunk of RIFF, or of AIFF if the length is written from the big end.
pub fn chunk(name: &[u8; 4], body: &[u8], is_aiff: bool) -> Vec<u8> {
    let length = body.len() as u32;
    let length = if is_aiff { length.to_be_bytes() } else { length.to_le_bytes() };
    [name, &length[..], body, &[0][..body.len() % 2]].concat()
}
