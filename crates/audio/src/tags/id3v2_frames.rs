//! What the frames of an ID3v2 tag say (id3.org, "ID3 tag version 2.4.0 - Native Frames", section 4; 2.2 has names of three
//! letters).

use super::{
    fields::{Collected, Field, MAX_VALUES, USER_TEXT},
    genres, text,
};

/// Names of 2.3 and 2.4, and of 2.2, of the frames with plain texts; their field and rank. A date of recording comes
/// before one of release, and that before the one of the first release.
const TEXTS: &[(&[u8], &[u8], Field, u8)] = &[
    (b"TIT2", b"TT2", Field::Title, 0),
    (b"TPE1", b"TP1", Field::Artist, 0),
    (b"TPE2", b"TP2", Field::AlbumArtist, 0),
    (b"TALB", b"TAL", Field::Album, 0),
    (b"TCON", b"TCO", Field::Genre, 0),
    (b"TCOM", b"TCM", Field::Composer, 0),
    (b"TRCK", b"TRK", Field::Track, 0),
    (b"TPOS", b"TPA", Field::Disc, 0),
    (b"TDRC", b"TYE", Field::Date, 0),
    (b"TYER", b"TYE", Field::Date, 1),
    (b"TDRL", b"TRD", Field::Date, 2),
    (b"TDOR", b"TOR", Field::Date, 3),
    (b"TORY", b"TOR", Field::Date, 4),
];
/// Who made the identifiers of `UFID` frames that MusicBrainz gives to recordings.
const MUSICBRAINZ: &[u8] = b"http://musicbrainz.org";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text(Field, u8),
    UserText,
    Comment,
    Identifier,
    Picture,
    /// 2.2's, whose format is three letters and no media type.
    OldPicture,
}

fn kind(id: &[u8; 4]) -> Option<Kind> {
    let id = if matches!(id[3], 0 | b' ') { &id[..3] } else { &id[..] };
    let text = TEXTS.iter().find(|(new, old, ..)| *new == id || *old == id);
    Some(match (text, id) {
        (Some((.., field, rank)), _) => Kind::Text(*field, *rank),
        (_, b"TXXX" | b"TXX") => Kind::UserText,
        (_, b"COMM" | b"COM") => Kind::Comment,
        (_, b"UFID" | b"UFI") => Kind::Identifier,
        (_, b"APIC") => Kind::Picture,
        (_, b"PIC") => Kind::OldPicture,
        _ => return None,
    })
}

/// Whether a frame says anything that is read here.
pub(super) fn is_known(id: &[u8; 4]) -> bool {
    kind(id).is_some()
}

/// Reads a frame's body; whether it was sound. An empty one is, and says nothing.
pub(super) fn read(id: &[u8; 4], body: &[u8], into: &mut Collected<'_>) -> bool {
    if body.is_empty() {
        return true;
    }
    match kind(id) {
        Some(Kind::Text(field, rank)) => plain_text(field, rank, body, into),
        Some(Kind::UserText) => user_text(body, into),
        Some(Kind::Comment) => comment(body, into),
        Some(Kind::Identifier) => identifier(body, into),
        Some(Kind::Picture) => picture(body, false, into),
        Some(Kind::OldPicture) => picture(body, true, into),
        None => Some(()),
    }
    .is_some()
}

fn plain_text(field: Field, rank: u8, body: &[u8], into: &mut Collected<'_>) -> Option<()> {
    let (encoding, text) = body.split_first()?;
    for value in values(*encoding, text)? {
        if field == Field::Genre {
            for genre in genres::of_tcon(&value) {
                into.add(field, rank, &genre);
            }
        } else {
            into.add(field, rank, &value);
        }
    }
    Some(())
}

fn user_text(body: &[u8], into: &mut Collected<'_>) -> Option<()> {
    let (encoding, rest) = body.split_first()?;
    let (name, text) = split(*encoding, rest)?;
    for value in values(*encoding, text)? {
        into.add_named(name.trim(), USER_TEXT, &value);
    }
    Some(())
}

/// Behind the encoding, three letters of a language. The comment without a description is the one that people see.
fn comment(body: &[u8], into: &mut Collected<'_>) -> Option<()> {
    let (encoding, rest) = (body.first()?, body.get(4..)?);
    let (name, text) = split(*encoding, rest)?;
    // iTunes keeps figures of its own there.
    if !name.starts_with("iTun") {
        let rank = u8::from(!name.trim().is_empty());
        into.add(Field::Comment, rank, &values(*encoding, text)?.join(" "));
    }
    Some(())
}

fn identifier(body: &[u8], into: &mut Collected<'_>) -> Option<()> {
    let end = body.iter().position(|byte| *byte == 0)?;
    if &body[..end] == MUSICBRAINZ {
        into.add(Field::RecordingId, 0, &String::from_utf8_lossy(&body[end + 1..]));
    }
    Some(())
}

fn picture(body: &[u8], is_old: bool, into: &mut Collected<'_>) -> Option<()> {
    let (encoding, rest) = body.split_first()?;
    let media_end = if is_old { 3 } else { rest.iter().position(|byte| *byte == 0)? };
    let after = if is_old { 3 } else { media_end + 1 };
    let (media, kind) = (rest.get(..media_end)?, *rest.get(after)?);
    let described = rest.get(after + 1..)?;
    let image = described.get(text_end(*encoding, described)?.1..).filter(|image| !image.is_empty())?;
    if media != b"-->" {
        into.add_picture(u32::from(kind), image);
    }
    Some(())
}

/// Where a text ends, and where what follows its zero begins.
fn text_end(encoding: u8, bytes: &[u8]) -> Option<(usize, usize)> {
    match encoding {
        0 | 3 => bytes.iter().position(|byte| *byte == 0).map(|end| (end, end + 1)),
        1 | 2 => {
            bytes.chunks_exact(2).position(|pair| pair == [0, 0]).map(|units| (units * 2, units * 2 + 2))
        }
        _ => None,
    }
}

/// A text that ends in zero, and what is behind.
fn split(encoding: u8, bytes: &[u8]) -> Option<(String, &[u8])> {
    let (end, next) = text_end(encoding, bytes)?;
    Some((decode(encoding, &bytes[..end], &[]), &bytes[next..]))
}

/// The values of a text, between which there are zeros (2.4, section 4.2; programs write them in 2.3 too).
fn values(encoding: u8, bytes: &[u8]) -> Option<Vec<String>> {
    (encoding <= 3).then_some(())?;
    let (mut values, mut rest) = (Vec::new(), bytes);
    while !rest.is_empty() && values.len() < MAX_VALUES {
        let (end, next) = text_end(encoding, rest).unwrap_or((rest.len(), rest.len()));
        values.push(decode(encoding, &rest[..end], bytes));
        rest = &rest[next..];
    }
    Some(values)
}

/// Encoding 0 is ISO 8859-1, and in fact Windows-1252; 1 is UTF-16 with a mark, which may stand before the first value
/// only; 2 is UTF-16 from the big end; 3 is UTF-8.
fn decode(encoding: u8, bytes: &[u8], whole: &[u8]) -> String {
    match encoding {
        0 => text::windows_1252(bytes),
        1 => text::utf16(bytes, !whole.starts_with(&[0xfe, 0xff])),
        2 => text::utf16(bytes, false),
        _ => text::utf8_or_windows_1252(bytes),
    }
}
