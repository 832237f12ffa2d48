//! Random secrets and their hashes. Only hashes are kept; the text leaves once.

use fanfare_model::{Error, ErrorKind, Result};
use fanfare_store::SecretHash;

/// Random bytes of a session, key or setup token: 256 bits cannot be guessed.
const SECRET_BYTES: usize = 32;

/// The alphabet of base64url (RFC 4648 section 5).
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The longest text worth hashing when a secret arrives: ours are shorter than 64.
const LONGEST: usize = 128;

/// A new secret: prefix and 43 random characters.
pub fn fresh(prefix: &str) -> Result<String> {
    let mut bytes = [0; SECRET_BYTES];
    fill(&mut bytes)?;
    Ok(format!("{prefix}{}", base64url(&bytes)))
}

/// Random bytes from the operating system.
pub fn fill(bytes: &mut [u8]) -> Result<()> {
    getrandom::fill(bytes).map_err(|error| {
        Error::new(ErrorKind::Unavailable, format!("the operating system gives no random numbers: {error}"))
    })
}

/// The hash under which a secret is stored; `None` for text that cannot be one of ours.
pub fn hash(secret: &str) -> Option<SecretHash> {
    (!secret.is_empty() && secret.len() <= LONGEST).then(|| *blake3::hash(secret.as_bytes()).as_bytes())
}

/// Compares two hashes in constant time.
pub fn same(a: &SecretHash, b: &SecretHash) -> bool {
    // The comparison of `blake3::Hash` takes the same time for any content.
    blake3::Hash::from_bytes(*a) == blake3::Hash::from_bytes(*b)
}

/// Base64url without padding.
fn base64url(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 4 / 3 + 1);
    for group in bytes.chunks(3) {
        let word =
            group.iter().enumerate().fold(0_u32, |word, (i, byte)| word | u32::from(*byte) << (16 - 8 * i));
        for digit in 0..=group.len() {
            text.push(char::from(ALPHABET[(word >> (18 - 6 * digit) & 63) as usize]));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_test_vectors_of_rfc_4648() {
        for (bytes, text) in [("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("fooba", "Zm9vYmE")] {
            assert_eq!(base64url(bytes.as_bytes()), text);
        }
        assert_eq!(base64url(&[0xFB, 0xFF]), "-_8");
    }

    #[test]
    fn secrets_differ_and_are_bounded() {
        let (a, b) = (fresh("ff_").unwrap(), fresh("ff_").unwrap());
        assert_ne!(a, b);
        assert_eq!(a.len(), 46);
        assert!(same(&hash(&a).unwrap(), &hash(&a).unwrap()));
        assert!(!same(&hash(&a).unwrap(), &hash(&b).unwrap()));
        assert!(hash("").is_none() && hash(&"x".repeat(129)).is_none());
    }
}
