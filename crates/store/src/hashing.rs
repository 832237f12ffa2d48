//! The hash of bytes that are read: the one loop for everything that has a hash for its name or is compared by one.

use std::io::{self, Read};

use fanfare_model::ContentHash;

/// Bytes read at a time: as many as BLAKE3 hashes at its full speed.
const BLOCK_BYTES: usize = 128 << 10;

/// The hash of what a reader gives from where it is, and how many bytes that is.
///
/// # Errors
/// Those of reading.
pub fn hash_reader(reader: impl Read) -> io::Result<(ContentHash, u64)> {
    hash_blocks(reader, |error| error, |_| Ok(()))
}

/// The same; every block is given to `take` as well. An error of it ends the reading, and so does one of reading, which
/// `unread` makes one of the caller's.
///
/// # Errors
/// Those of `unread` and `take`.
pub fn hash_blocks<E>(
    mut reader: impl Read,
    unread: impl Fn(io::Error) -> E,
    mut take: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<(ContentHash, u64), E> {
    let (mut hasher, mut bytes) = (blake3::Hasher::new(), 0_u64);
    let mut block = vec![0; BLOCK_BYTES];
    loop {
        match reader.read(&mut block) {
            Ok(0) => return Ok((ContentHash::from_bytes(*hasher.finalize().as_bytes()), bytes)),
            Ok(count) => {
                let read = block.get(..count).unwrap_or_default();
                hasher.update(read);
                bytes += read.len() as u64;
                take(read)?;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(unread(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives a byte at a time, each after an interruption.
    struct Slow<'a>(&'a [u8], bool);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.1 = !self.1;
            if self.1 {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let count = self.0.len().min(1);
            buffer[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    #[test]
    fn a_hash_does_not_depend_on_how_the_bytes_come() {
        let bytes: Vec<u8> = (0..300_000_u32).map(|number| (number % 251) as u8).collect();
        let expected = (ContentHash::from_bytes(*blake3::hash(&bytes).as_bytes()), 300_000);
        assert_eq!(hash_reader(&bytes[..]).unwrap(), expected);
        assert_eq!(hash_reader(Slow(&bytes, false)).unwrap(), expected);
        let mut copy = Vec::new();
        let taken = hash_blocks(
            &bytes[..],
            |error| error,
            |block| {
                copy.extend_from_slice(block);
                Ok(())
            },
        );
        assert_eq!((taken.unwrap(), copy), (expected, bytes));
        let ended = hash_blocks(&[1, 2][..], |_| "unread", |_| Err("full"));
        assert_eq!(ended, Err("full"));
    }
}
