//! The compressed text form of a fingerprint, as AcoustID takes it.
//!
//! Each code is replaced by its difference (exclusive or) from the code before it. A difference is written
//! as the distances between its set bits, lowest first, closed by 0: three bits a distance, where 7 means
//! "7 plus a five-bit rest", the rests following after all three-bit numbers. A head of four bytes holds the
//! algorithm and the number of codes. All of it in base64 with the URL alphabet, without padding.
//!
//! Invariant: unpacking trusts nothing; it takes no more memory than a small multiple of the text's length.

use fanfare_model::{Error, ErrorKind, Result};

/// Most codes that [`unpack`] gives: nine hours.
pub const MOST_CODES: u32 = 1 << 18;
/// Longest text that [`unpack`] reads, in bytes: [`MOST_CODES`] codes that each change every bit (99 bits a code).
pub const MOST_TEXT_BYTES: u64 = MOST_CODES as u64 * 17;

/// A distance of at least this needs a rest.
const LARGEST_SHORT: u32 = 7;
/// RFC 4648 section 5.
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The text form of those codes, made by that algorithm (Chromaprint's number, 1 for ours).
///
/// The head has room for 24 bits of a number of codes: of more codes only the first 16,777,215 are written.
#[must_use]
pub fn pack(codes: &[u32], algorithm: u8) -> String {
    let codes = &codes[..codes.len().min(0x00FF_FFFF)];
    let mut short = Vec::new();
    let mut rests = Vec::new();
    let mut before = 0;
    for code in codes {
        let mut difference = code ^ before;
        before = *code;
        let mut last_bit = 0;
        while difference != 0 {
            let bit = difference.trailing_zeros() + 1;
            difference &= difference - 1;
            let distance = bit - last_bit;
            last_bit = bit;
            short.push(distance.min(LARGEST_SHORT));
            if distance >= LARGEST_SHORT {
                rests.push(distance - LARGEST_SHORT);
            }
        }
        short.push(0);
    }
    let count = (codes.len() as u32).to_be_bytes();
    let mut bytes = vec![algorithm, count[1], count[2], count[3]];
    append_bits(&mut bytes, &short, 3);
    append_bits(&mut bytes, &rests, 5);
    base64_url(&bytes)
}

/// The algorithm and the codes of a text form, which may come from anywhere.
///
/// # Errors
/// [`ErrorKind::LimitExceeded`] for a text over [`MOST_TEXT_BYTES`] or with more than [`MOST_CODES`] codes;
/// [`ErrorKind::Malformed`] for anything that [`pack`] would not write.
pub fn unpack(text: &str) -> Result<(u8, Vec<u32>)> {
    if text.len() as u64 > MOST_TEXT_BYTES {
        return Err(Error::limit("fingerprint_text_bytes", text.len() as u64, MOST_TEXT_BYTES));
    }
    let bytes = from_base64_url(text)?;
    let [algorithm, high, middle, low, body @ ..] = bytes.as_slice() else {
        return Err(malformed("it is shorter than its head"));
    };
    let count = u32::from_be_bytes([0, *high, *middle, *low]);
    if count > MOST_CODES {
        return Err(Error::limit("fingerprint_codes", count.into(), MOST_CODES.into()));
    }
    let short_bits = length_of_short(body, count)?;
    let mut short = Bits { bytes: &body[..short_bits.div_ceil(8)], at: 0 };
    let mut rests = Bits { bytes: &body[short_bits.div_ceil(8)..], at: 0 };
    let mut codes = Vec::with_capacity(count as usize);
    let mut code = 0;
    for _ in 0..count {
        let mut bit = 0;
        loop {
            match short.next(3)? {
                0 => break,
                LARGEST_SHORT => bit += LARGEST_SHORT + rests.next(5)?,
                distance => bit += distance,
            }
            if bit > u32::BITS {
                return Err(malformed("a code has more than 32 bits"));
            }
            code ^= 1 << (bit - 1);
        }
        codes.push(code);
    }
    if !(short.is_spent(short_bits) && rests.is_spent(rests.at)) {
        return Err(malformed("something follows its last code"));
    }
    Ok((*algorithm, codes))
}

/// How many bits the three-bit numbers of `count` codes take.
fn length_of_short(body: &[u8], count: u32) -> Result<usize> {
    let mut bits = Bits { bytes: body, at: 0 };
    let mut closed = 0;
    while closed < count {
        closed += u32::from(bits.next(3)? == 0);
    }
    Ok(bits.at)
}

fn malformed(why: &str) -> Error {
    Error::new(ErrorKind::Malformed, format!("not a fingerprint's text: {why}"))
}

/// Numbers out of bytes, lowest bit first.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    /// The next number, of at most eight bits.
    fn next(&mut self, width: usize) -> Result<u32> {
        let end = self.at + width;
        if end > self.bytes.len() * 8 {
            return Err(malformed("it ends before its last code"));
        }
        let byte = |index: usize| u32::from(self.bytes.get(index).copied().unwrap_or(0));
        let two = byte(self.at / 8) | byte(self.at / 8 + 1) << 8;
        let number = two >> (self.at % 8) & ((1 << width) - 1);
        self.at = end;
        Ok(number)
    }

    /// Whether nothing but the zeros that fill the last byte follows that bit.
    fn is_spent(&self, end: usize) -> bool {
        end.div_ceil(8) == self.bytes.len()
            && (end.is_multiple_of(8) || self.bytes.last().is_none_or(|last| last >> (end % 8) == 0))
    }
}

/// Appends numbers of `width` bits, lowest bit first, the last byte filled with zeros.
fn append_bits(bytes: &mut Vec<u8>, numbers: &[u32], width: u32) {
    let (mut held, mut held_bits) = (0_u32, 0);
    for number in numbers {
        held |= number << held_bits;
        held_bits += width;
        while held_bits >= 8 {
            bytes.push(held as u8);
            held >>= 8;
            held_bits -= 8;
        }
    }
    if held_bits > 0 {
        bytes.push(held as u8);
    }
}

fn base64_url(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let number = group.iter().enumerate().fold(0_u32, |n, (i, b)| n | u32::from(*b) << (16 - 8 * i));
        for place in 0..=group.len() {
            text.push(char::from(ALPHABET[(number >> (18 - 6 * place)) as usize & 63]));
        }
    }
    text
}

fn from_base64_url(text: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 2);
    for group in text.as_bytes().chunks(4) {
        let mut number = 0_u32;
        for place in 0..4 {
            let sextet = match group.get(place) {
                None => 0,
                Some(letter @ b'A'..=b'Z') => letter - b'A',
                Some(letter @ b'a'..=b'z') => letter - b'a' + 26,
                Some(digit @ b'0'..=b'9') => digit - b'0' + 52,
                Some(b'-') => 62,
                Some(b'_') => 63,
                Some(_) => return Err(malformed("it has a character that is not of base64's URL alphabet")),
            };
            number = number << 6 | u32::from(sextet);
        }
        let [_, three @ ..] = number.to_be_bytes();
        let whole = group.len() * 6 / 8;
        if whole == 0 || three[whole..].iter().any(|rest| *rest != 0) {
            return Err(malformed("its last group of base64 is cut"));
        }
        bytes.extend_from_slice(&three[..whole]);
    }
    Ok(bytes)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests say what they expect by unwrapping")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn text_forms_are_chromaprints() {
        // From the unit tests of chromaprint (test_fingerprint_compressor.cpp): bytes after the head.
        for (codes, bytes) in [
            (&[1_u32][..], &[0, 0, 0, 1, 1][..]),
            (&[7], &[0, 0, 0, 1, 73, 0]),
            (&[1 << 6], &[0, 0, 0, 1, 7, 0]),
            (&[1 << 8], &[0, 0, 0, 1, 7, 2]),
            (&[1, 0], &[0, 0, 0, 2, 65, 0]),
            (&[1, 1], &[0, 0, 0, 2, 1, 0]),
        ] {
            assert_eq!(pack(codes, 0), base64_url(bytes), "{codes:?}");
            assert_eq!(unpack(&base64_url(bytes)).unwrap(), (0, codes.to_vec()));
        }
    }

    #[test]
    fn base64_is_the_url_alphabet_without_padding() {
        for (bytes, text) in
            [(&b"x"[..], "eA"), (b"xx", "eHg"), (b"xxx", "eHh4"), (b"\xff\xef\xbe", "_---"), (b"", "")]
        {
            assert_eq!(base64_url(bytes), text);
            assert_eq!(from_base64_url(text).unwrap(), bytes);
        }
    }

    #[test]
    fn what_is_no_fingerprint_is_refused() {
        let whole = pack(&[0x8000_0001, 0x0F0F_0F0F, 0], 1);
        for (text, kind, why) in [
            (String::new(), ErrorKind::Malformed, "shorter than its head"),
            ("AQAA".to_owned(), ErrorKind::Malformed, "shorter than its head"),
            ("AQAAA".to_owned(), ErrorKind::Malformed, "cut"),
            ("AQ AAAA".to_owned(), ErrorKind::Malformed, "alphabet"),
            ("AQAAA\u{e9}".to_owned(), ErrorKind::Malformed, "alphabet"),
            (format!("{whole}="), ErrorKind::Malformed, "alphabet"),
            (format!("{whole}AAAA"), ErrorKind::Malformed, "follows"),
            (whole[..whole.len() - 2].to_owned(), ErrorKind::Malformed, "ends before"),
            // Twelve distances of 3: bit 36.
            (base64_url(&[1, 0, 0, 1, 219, 182, 109, 219, 182]), ErrorKind::Malformed, "ends before"),
            (
                base64_url(&[1, 0, 0, 1, 219, 182, 109, 219, 182, 0]),
                ErrorKind::Malformed,
                "more than 32 bits",
            ),
            (base64_url(&[1, 255, 255, 255, 0]), ErrorKind::LimitExceeded, "number of values"),
            (base64_url(&[1, 4, 0, 0, 0]), ErrorKind::Malformed, "ends before"),
            (
                "A".repeat(MOST_TEXT_BYTES as usize + 1),
                ErrorKind::LimitExceeded,
                "size of the fingerprint text",
            ),
        ] {
            let error = unpack(&text).unwrap_err();
            assert_eq!(error.kind(), kind, "{error}");
            assert!(error.to_string().contains(why), "{error}, not {why}");
        }
        assert_eq!(unpack(&pack(&[], 1)).unwrap(), (1, Vec::new()));
    }

    #[test]
    fn the_longest_text_is_read() {
        let codes: Vec<u32> = (0..MOST_CODES).map(|n| if n % 2 == 0 { u32::MAX } else { 0 }).collect();
        let text = pack(&codes, 1);
        assert!(text.len() as u64 <= MOST_TEXT_BYTES, "{}", text.len());
        assert_eq!(unpack(&text).unwrap().1, codes);
    }

    proptest! {
        #[test]
        fn every_fingerprint_survives_its_text(algorithm: u8, codes in prop::collection::vec(any::<u32>(), 0..300)) {
            prop_assert_eq!(unpack(&pack(&codes, algorithm)).unwrap(), (algorithm, codes));
        }

        #[test]
        fn any_text_is_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400), few in 0_u8..60) {
            let mut small = bytes.clone();
            if let [_, high, middle, low, ..] = small.as_mut_slice() {
                (*high, *middle, *low) = (0, 0, few);
            }
            for bytes in [bytes, small] {
                let text = base64_url(&bytes);
                if let Ok((algorithm, codes)) = unpack(&text) {
                    prop_assert_eq!(pack(&codes, algorithm), text, "every fingerprint has one text");
                }
            }
        }

        #[test]
        fn any_letters_are_read_or_refused(text in ".{0,200}") {
            let _ = unpack(&text);
        }
    }
}
