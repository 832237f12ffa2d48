//! ID3v1 and 1.1 (id3.org, "ID3v1"): 128 bytes at the end of a file.

use super::{
    fields::{Collected, Field},
    genres, text,
};

/// Bytes of the tag.
pub(super) const LENGTH: u64 = 128;

/// Reads the tag. Programs write it in the code page of their machine, or in UTF-8.
pub(super) fn read(tag: &[u8], into: &mut Collected<'_>) {
    let Some(tag) = tag.get(..LENGTH as usize).filter(|tag| tag.starts_with(b"TAG")) else { return };
    for (field, place) in [
        (Field::Title, 3..33),
        (Field::Artist, 33..63),
        (Field::Album, 63..93),
        (Field::Date, 93..97),
        (Field::Comment, 97..127),
    ] {
        into.add(field, 0, &text_of(&tag[place]));
    }
    if tag[125] == 0 && tag[126] != 0 {
        into.add(Field::Track, 0, &tag[126].to_string());
    }
    if let Some(genre) = genres::by_number(usize::from(tag[127])) {
        into.add(Field::Genre, 0, genre);
    }
}

/// A field's text, up to its first zero. Where the field is full, a character at its end may be cut.
fn text_of(field: &[u8]) -> String {
    let text = field.split(|byte| *byte == 0).next().unwrap_or_default();
    match std::str::from_utf8(text) {
        Ok(text) => text.to_owned(),
        Err(error) if text.len() == field.len() && error.error_len().is_none() => {
            let whole = std::str::from_utf8(&text[..error.valid_up_to()]).unwrap_or_default();
            if whole.is_ascii() { text::utf8_or_windows_1252(text) } else { whole.to_owned() }
        }
        Err(_) => text::utf8_or_windows_1252(text),
    }
}
