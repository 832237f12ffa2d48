//! Files with ID3 tags, and what is to be read of them.

use super::{
    cases::{Case, FRONT, OTHER, Sound, case, damaged},
    *,
};

pub fn id3_cases(sound: &Sound) -> Vec<Case> {
    let file = |tags: &[Vec<u8>]| [&tags.concat()[..], &sound.mp3].concat();
    let v23 = |frames: &[Vec<u8>]| file(&[id3v2(3, 0, frames)]);
    let v24 = |frames: &[Vec<u8>]| file(&[id3v2(4, 0, frames)]);
    let title = || frame("TIT2", 0, &utf8("T"));
    let genre = |text: &str| v23(&[plain_frame("TCON", 0, &[b"\0", text.as_bytes()].concat())]);
    let user = |name: &str, value: &str| frame("TXXX", 0, &utf8(&format!("{name}\0{value}")));
    let seven: Vec<Vec<u8>> = (1..8).map(|n| frame("TPE1", 0, &utf8(&format!("x{n}")))).collect();
    let long_text = "x".repeat(200);
    let mut cases = vec![
        case("(17)Rock.mp3", genre("(17)Rock"), "genre=Rock"),
        case("(17)(4)Euro.mp3", genre("(17)(4)Euro"), "genre=Rock; Disco; Euro"),
        case("(12).mp3", genre("(12)"), "genre=Other"),
        case("genres.mp3", v24(&[frame("TCON", 0, &utf8("Rock\x0017\0(4)"))]), "genre=Rock; Disco"),
        case(
            "album artist.mp3",
            v24(&[
                user("ALBUMARTIST", "B1\0B2"),
                frame("TPE2", 0, &utf8("B1\0B2")),
                user("Album Artist", "C"),
            ]),
            "album_artist=B1, B2",
        ),
        case("only a user text.mp3", v24(&[user("albumartist", "B")]), "album_artist=B"),
        case(
            "seven artists.mp3",
            v24(&[&seven[..], &seven[..2]].concat()),
            "artist=x1, x2, x3, x4, x5, x6, x7",
        ),
        case("slash.mp3", v23(&[plain_frame("TPE1", 0, &utf16("AC/DC"))]), "artist=AC/DC"),
        case(
            "v22.mp3",
            file(&[id3v2(2, 0, &[old_frame("TT2", b"\0Caf\xe9"), old_frame("TYE", b"\x001999")])]),
            "title=Café year=1999",
        ),
        case(
            "2.2 in 2.3.mp3",
            v23(&[plain_frame("TT2\0", 0, b"\0T"), plain_frame("TALB", 0, b"\0Al")]),
            "title=T album=Al",
        ),
        case(
            "dates.mp3",
            v24(&[
                frame("TDOR", 0, &utf8("1970")),
                frame("TDRL", 0, &utf8("2015")),
                frame("TDRC", 0, &utf8("2010")),
            ]),
            "year=2010",
        ),
        case(
            "empty in front of filled.mp3",
            file(&[
                id3v2(3, 0, &[plain_frame("TIT2", 0, b"\0"), plain_frame("TALB", 0, b"\0New")]),
                id3v2(4, 0, &[title()]),
            ]),
            "title=T album=New",
        ),
        case(
            "filled in front of empty.mp3",
            file(&[
                id3v2(4, 0, &[title()]),
                id3v2(3, 0, &[plain_frame("TIT2", 0, b"\0"), plain_frame("TPE1", 0, b"")]),
            ]),
            "title=T",
        ),
        case(
            "plain sizes.mp3",
            v24(&[
                plain_frame("TALB", 0, &utf8(&long_text)),
                title(),
                plain_frame("APIC", 0, &attached(3, &[FRONT, &[0; 300]].concat())),
                frame("TPE1", 0, &utf8("A")),
            ]),
            "title=T artist=A album=xs cover=front",
        ),
        case(
            "sizes of seven bits.mp3",
            v24(&[frame("TALB", 0, &utf8(&long_text)), title()]),
            "title=T album=xs",
        ),
        case(
            "covers.mp3",
            v24(&[frame("APIC", 0, &attached(4, OTHER)), frame("APIC", 0, &attached(3, FRONT))]),
            "cover=front",
        ),
        case(
            "comments.mp3",
            v24(&[frame("COMM", 0, b"\0engiTunNORM\x00000"), frame("COMM", 0, b"\0eng\0Nice")]),
            "comment=Nice",
        ),
        case(
            "unsynchronised.mp3",
            file(&[id3v2(3, 0x80, &[b"TIT2\0\0\0\x05\0\0\x01\xff\0\xfeT\0".to_vec()])]),
            "title=T",
        ),
        case("extended header.mp3", file(&[id3v2(4, 0x40, &[vec![0, 0, 0, 6, 1, 0], title()])]), "title=T"),
        case("no extended header.mp3", file(&[id3v2(4, 0x40, &[title()])]), "title=T"),
        case(
            "behind.mp3",
            {
                let mut tag = id3v2(4, 0x10, &[title()]);
                let footer = [b"3DI", &tag[3..10]].concat();
                tag.extend(footer);
                [&sound.mp3[..], &tag].concat()
            },
            "title=T",
        ),
        damaged("encoding.mp3", v24(&[frame("TPE1", 0, b"\x09A"), title()]), "title=T", "TPE1"),
        damaged("encrypted.mp3", v24(&[frame("TPE1", 4, b"\x01A"), title()]), "title=T", "encrypted"),
        damaged(
            "longer than the tag.mp3",
            v24(&[frame("TALB", 0, &utf8("Al")), b"PRIV\x7f\x7f\x7f\x7f\0\0".to_vec(), title()]),
            "title=T album=Al",
            "damaged frame",
        ),
        damaged("no picture.mp3", v24(&[frame("APIC", 0, b"\0image/png"), title()]), "title=T", "APIC"),
        case(
            "utf8.mp3",
            [&sound.mp3[..], &id3v1("Café".as_bytes(), b"Bj\xf6rk", 1)].concat(),
            "title=Café artist=Björk genre=Classic Rock year=1999 track=5/-",
        ),
        // Thirty bytes, the last of which is half a letter.
        case(
            "cut utf8.mp3",
            [&sound.mp3[..], &id3v1("ééééééééééééééaé".as_bytes().get(..30).unwrap(), b"A", 255)].concat(),
            "title=ééééééééééééééa artist=A year=1999 track=5/-",
        ),
    ];
    let packed = {
        use std::io::Write as _;
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(&utf8("T")).unwrap();
        encoder.finish().unwrap()
    };
    cases.push(case(
        "packed.mp3",
        v23(&[plain_frame("TIT2", 0x80, &[&[0, 0, 0, 2], &packed[..]].concat())]),
        "title=T",
    ));
    cases.push(damaged("badly packed.mp3", v24(&[frame("TPE1", 8, b"junk"), title()]), "title=T", "packed"));
    cases
}
