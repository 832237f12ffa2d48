//! Making ids: 128 bits that sort by the time of their making.

use std::hash::{BuildHasher, RandomState};

use fanfare_model::Timestamp;

/// A new 128-bit id that sorts by time: 48 bits of milliseconds, 80 random bits.
///
/// Two ids of one millisecond are in random order. A time before 1970 counts as 1970.
#[must_use]
pub fn fresh_id(now: Timestamp) -> [u8; 16] {
    let mut id = [0; 16];
    id[..6].copy_from_slice(&time_prefix(now));
    if getrandom::fill(&mut id[6..]).is_err() {
        // The operating system has no randomness to give (never seen on a running system). Ids need to be
        // distinct, not secret, so the standard library's randomly keyed hasher is good enough here.
        let words = [RandomState::new().hash_one(now.0), RandomState::new().hash_one(now.0)];
        let noise = words.iter().flat_map(|word| word.to_ne_bytes());
        id[6..].iter_mut().zip(noise).for_each(|(byte, random)| *byte = random);
    }
    id
}

/// The first six bytes of an id made at that time.
pub(crate) fn time_prefix(now: Timestamp) -> [u8; 6] {
    let bytes = now.0.max(0).to_be_bytes();
    [bytes[2], bytes[3], bytes[4], bytes[5], bytes[6], bytes[7]]
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_sort_by_time_and_do_not_repeat() {
        assert!(fresh_id(Timestamp(1_700_000_000_000)) < fresh_id(Timestamp(1_700_000_000_001)));
        let ids: HashSet<_> = (0..10_000).map(|_| fresh_id(Timestamp(5))).collect();
        assert_eq!(ids.len(), 10_000);
        assert_eq!(fresh_id(Timestamp(-5))[..6], [0; 6]);
    }
}
