//! When two names are the same.

use unicode_normalization::UnicodeNormalization;

/// What makes two names the same: equal but for case, kind of white space, and composition of letters.
pub(crate) fn name_key(name: &str) -> String {
    let mut key = String::with_capacity(name.len());
    for word in name.split_whitespace() {
        if !key.is_empty() {
            key.push(' ');
        }
        key.extend(word.nfc().flat_map(char::to_lowercase));
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_without_case_and_spacing() {
        for (one, other) in [("The  Beatles", "the beatles"), (" Björk\t", "bjo\u{308}rk"), ("ÀB", "àb")] {
            assert_eq!(name_key(one), name_key(other));
        }
        assert_ne!(name_key("Björk"), name_key("Bjork"));
        assert_eq!(name_key(" \n "), "");
    }
}
