//! The compressed text form of a fingerprint, as AcoustID takes it.
//!
//! Each code is replaced by its difference (exclusive or) from the code before it. A difference is written
//! as the distances between its set bits, lowest first, closed by 0: three bits a distance, where 7 means
//! "7 plus a five-bit rest", the rests following after all three-bit numbers. A head of four bytes holds the
//! algorithm and the number of codes. All of it in base64 with the URL alphabet, without padding.

/// A distance of at least this needs a rest.
const LARGEST_SHORT: u32 = 7;
/// RFC 4648 section 5.
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The text form of those codes, made by that algorithm.
pub(super) fn pack(codes: &[u32], algorithm: u8) -> String {
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

#[cfg(test)]
mod tests {
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
        }
    }

    #[test]
    fn base64_is_the_url_alphabet_without_padding() {
        for (bytes, text) in
            [(&b"x"[..], "eA"), (b"xx", "eHg"), (b"xxx", "eHh4"), (b"\xff\xef\xbe", "_---"), (b"", "")]
        {
            assert_eq!(base64_url(bytes), text);
        }
    }
}
