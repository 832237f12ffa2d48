//! Numbers in sentences: one place for plurals and sizes.

/// `1 track`, `2 tracks`, `0 tracks`; `1 entry`, `2 entries`. The noun may have words before it: `missing track`.
#[must_use]
pub fn count(number: u64, one: &str) -> String {
    format!("{number} {}", noun(number, one))
}

/// The noun alone, as it stands behind that number.
#[must_use]
pub fn noun(number: u64, one: &str) -> String {
    if number == 1 {
        return one.to_owned();
    }
    match one.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'i', 'o', 'u']) => format!("{stem}ies"),
        _ => format!("{one}s"),
    }
}

/// A number of bytes as people read it (decimal prefixes, as disks are sold): never `0.0 MB` for what is not nothing.
#[must_use]
pub fn bytes(count: u64) -> String {
    #[allow(clippy::cast_precision_loss)] // three digits are shown
    let number = count as f64;
    match count {
        1 => "1 byte".to_owned(),
        0..1_000 => format!("{count} bytes"),
        1_000..1_000_000 => format!("{:.1} kB", number / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", number / 1e6),
        _ => format!("{:.1} GB", number / 1e9),
    }
}

/// The last part of a path as people are shown it: the name of the file or folder.
#[must_use]
pub fn last_part(path: &str) -> &str {
    path.trim_end_matches('/').rsplit('/').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_part_of_a_path_is_the_name() {
        for (path, name) in [("a/b/c.wav", "c.wav"), ("c.wav", "c.wav"), ("/a/b/", "b"), ("/", ""), ("", "")]
        {
            assert_eq!(last_part(path), name, "{path}");
        }
    }

    /// Issue 13: "1 tracks missing", "of the 0.0 MB".
    #[test]
    fn numbers_stand_before_the_right_form_of_a_noun_and_sizes_in_the_right_unit() {
        for (number, one, text) in [
            (0, "track", "0 tracks"),
            (1, "track", "1 track"),
            (2, "track", "2 tracks"),
            (1, "missing track", "1 missing track"),
            (2, "missing track", "2 missing tracks"),
            (1, "entry", "1 entry"),
            (3, "entry", "3 entries"),
            (2, "day", "2 days"),
        ] {
            assert_eq!(count(number, one), text);
        }
        for (size, text) in [
            (0, "0 bytes"),
            (1, "1 byte"),
            (999, "999 bytes"),
            (4_096, "4.1 kB"),
            (50_000, "50.0 kB"),
            (1_440_000, "1.4 MB"),
            (10 << 30, "10.7 GB"),
        ] {
            assert_eq!(bytes(size), text);
        }
    }
}
