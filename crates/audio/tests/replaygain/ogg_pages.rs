//! Comments of Ogg files that fill pages, and sound that begins on a page of headers.

use super::*;

/// Bytes in the packets of headers behind the first, and the number of all pages.
fn ogg_headers(path: &Path, packets: usize) -> (usize, usize) {
    let bytes = fs::read(path).unwrap();
    let (mut at, mut pages, mut ended, mut length) = (0, 0, 0, 0);
    while at < bytes.len() {
        let table = &bytes[at + 27..][..usize::from(bytes[at + 26])];
        let size: usize = table.iter().map(|segment| usize::from(*segment)).sum();
        if pages > 0 && ended < packets {
            length += size;
            ended += table.iter().filter(|segment| **segment < 255).count();
        }
        at += 27 + table.len() + size;
        pages += 1;
    }
    (length, pages)
}

#[test]
fn comments_that_fill_pages_are_paged_again() {
    let folder = tempfile::tempdir().unwrap();
    for (name, codec, packets) in [("a.ogg", "libvorbis", 2), ("a.opus", "libopus", 1)] {
        let made = |length: usize| {
            let long = format!("comment={}", "x".repeat(length));
            made(folder.path(), name, &["-c:a", codec, "-metadata", &long])
        };
        let others = ogg_headers(&made(1_000), packets).0 - 1_000;
        // A page holds 255 * 255 bytes: a few less than one and two of them, so that what is written needs another.
        for full in [65_025, 2 * 65_025] {
            let path = made(full - others - 20);
            let pages_before = ogg_headers(&path, packets).1;
            let (sound_before, tags_before) = (sound(&path), tags(&path));
            for values in [&TRACK, &BOTH] {
                write(&path, values).unwrap();
                // How `ffmpeg` pages the codebooks of Vorbis is its own affair.
                let pages = ogg_headers(&path, packets).1;
                assert!(pages == pages_before + 1 || codec == "libvorbis", "{name}: {pages}, {pages_before}");
                assert_eq!(sound(&path), sound_before, "{name}");
                assert_eq!(tags(&path)["COMMENT"], tags_before["COMMENT"], "{name}");
                assert_eq!(
                    support::decode_file(&path, &fanfare_audio::OpenOptions::default()).unwrap().warnings,
                    [""; 0]
                );
            }
        }
    }
}

/// The file with the page of its last header and the first one of sound joined, as some programs leave it.
fn sound_joined_to_headers(path: &Path, packets: usize) {
    let bytes = fs::read(path).unwrap();
    let (mut pages, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        let table = &bytes[at + 27..][..usize::from(bytes[at + 26])];
        let size = 27 + table.len() + table.iter().map(|segment| usize::from(*segment)).sum::<usize>();
        pages.push(bytes[at..at + size].to_vec());
        at += size;
    }
    let ends =
        |page: &[u8]| page[27..][..usize::from(page[26])].iter().filter(|segment| **segment < 255).count();
    let mut ended = 0;
    let last = 1 + pages[1..]
        .iter()
        .position(|page| {
            ended += ends(page);
            ended == packets
        })
        .unwrap();
    let (header, sound) = (pages[last].clone(), pages.remove(last + 1));
    let parts = |page: &[u8]| {
        (page[27..][..usize::from(page[26])].to_vec(), page[27 + usize::from(page[26])..].to_vec())
    };
    let ((mut table, mut body), (more_table, more_body)) = (parts(&header), parts(&sound));
    table.extend(more_table);
    body.extend(more_body);
    let position = &sound[6..14];
    let count = [u8::try_from(table.len()).unwrap()];
    pages[last] = [&header[..6], position, &header[14..26], &count, &table, &body].concat();
    for (number, page) in (0_u32..).zip(&mut pages) {
        page[18..22].copy_from_slice(&number.to_le_bytes());
        page[22..26].fill(0);
        let sum = page.iter().fold(0_u32, |sum, byte| {
            (0..8).fold(sum ^ u32::from(*byte) << 24, |sum, _| {
                sum << 1 ^ if sum >> 31 == 1 { 0x04c1_1db7 } else { 0 }
            })
        });
        page[22..26].copy_from_slice(&sum.to_le_bytes());
    }
    fs::write(path, pages.concat()).unwrap();
}

#[test]
fn sound_on_the_page_of_the_headers_is_kept_as_well() {
    let folder = tempfile::tempdir().unwrap();
    for (name, codec, packets) in [("a.ogg", "libvorbis", 2), ("a.opus", "libopus", 1)] {
        // Short pages, so that two fit into one.
        let path = made(folder.path(), name, &["-c:a", codec, "-page_duration", "20000"]);
        let whole = sound(&path);
        let pages = ogg_headers(&path, packets).1;
        sound_joined_to_headers(&path, packets);
        assert_eq!(ogg_headers(&path, packets).1, pages - 1, "{name}");
        assert_eq!(sound(&path), whole, "{name}: joined");
        let frames =
            |path: &Path| support::decode_file(path, &fanfare_audio::OpenOptions::default()).unwrap().planes;
        let planes_before = frames(&path);
        for values in [&TRACK, &BOTH] {
            write(&path, values).unwrap();
            assert_eq!(sound(&path), whole, "{name}");
            assert_eq!(frames(&path), planes_before, "{name}");
            assert_eq!(
                read_tags(&path, &Limits::default()).unwrap().tags.title.as_deref(),
                Some("Blue Monday")
            );
        }
    }
}
