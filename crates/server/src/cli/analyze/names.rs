//! Names for the files that are written beside the answers: one per input, safe, and no two the same.
//!
//! Invariants: a name has only ASCII letters, digits, `.`, `_` and `-`, does not begin with a dot, is not a name that an
//! operating system keeps for itself, and is at most [`LONGEST`] characters long; two inputs never share one, on file
//! systems that ignore case neither; names depend on the inputs and their order alone.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
};

/// Longest name without its suffix, in characters: file systems allow 255 bytes with everything.
const LONGEST: usize = 120;

/// A name for an input whose own has nothing that can be used.
const NAMELESS: &str = "track";

/// Names that Windows keeps for devices, whatever their suffix.
const KEPT: [&str; 6] = ["con", "prn", "aux", "nul", "com", "lpt"];

/// Gives out names.
#[derive(Debug, Default)]
pub struct Names {
    taken: HashSet<String>,
    /// The last number given to each name, so that many of one name need no search.
    last: HashMap<String, u64>,
}

impl Names {
    /// A name for what is made of that input: its own without the suffix, as far as that is safe, with a number where
    /// it was given out before.
    pub fn give(&mut self, input: &Path) -> String {
        let safe = safe(&input.file_stem().unwrap_or_default().to_string_lossy());
        let plain = safe.to_ascii_lowercase();
        if self.taken.insert(plain.clone()) {
            return safe;
        }
        let number = self.last.entry(plain.clone()).or_insert(1);
        loop {
            *number += 1;
            if self.taken.insert(format!("{plain}-{number}")) {
                return format!("{safe}-{number}");
            }
        }
    }
}

/// The text with nothing in it that means anything to a file system or a shell.
fn safe(text: &str) -> String {
    let mut name = String::new();
    for character in text.chars() {
        let kept = character.is_ascii_alphanumeric() || matches!(character, '.' | '_' | '-');
        match character {
            _ if kept => name.push(character),
            // A run of others is one mark, none at the beginning.
            _ if name.ends_with('_') || name.is_empty() => {}
            _ => name.push('_'),
        }
        if name.len() == LONGEST {
            break;
        }
    }
    // Hidden files, and options to commands.
    let name = name.trim_start_matches(['.', '-']).trim_end_matches(['.', '_']);
    let device =
        name.split('.').next().unwrap_or_default().trim_end_matches(|end: char| end.is_ascii_digit());
    match name {
        "" => NAMELESS.to_owned(),
        _ if KEPT.contains(&device.to_ascii_lowercase().as_str()) => format!("{NAMELESS}-{name}"),
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_letters_digits_and_three_marks_is_left() {
        for (input, expected) in [
            ("/music/01 - Song.flac", "01_-_Song"),
            ("../../etc/passwd", "passwd"),
            ("..", "track"),
            ("/", "track"),
            (".hidden.mp3", "hidden"),
            ("-rf.wav", "rf"),
            ("a;rm -rf $HOME`id`|x.ogg", "a_rm_-rf_HOME_id_x"),
            ("Ångström été.mp3", "ngstr_m_t"),
            ("漢字.flac", "track"),
            ("CON.wav", "track-CON"),
            ("com1.x.wav", "track-com1.x"),
            ("new\nline\u{0}.wav", "new_line"),
            ("end. .wav", "end"),
        ] {
            assert_eq!(Names::default().give(Path::new(input)), expected, "{input}");
        }
        let long = Names::default().give(Path::new(&"x".repeat(4000)));
        assert_eq!(long.len(), LONGEST);
    }

    #[test]
    fn no_two_inputs_share_a_name() {
        let mut names = Names::default();
        let given: Vec<_> =
            ["a/song.flac", "b/song.mp3", "c/song-2.mp3", "d/SONG.wav", "e/song.ogg", "f/song-2.ogg"]
                .iter()
                .map(|path| names.give(Path::new(path)))
                .collect();
        assert_eq!(given, ["song", "song-2", "song-2-2", "SONG-3", "song-4", "song-2-3"]);
        let different: HashSet<_> = given.iter().map(|name| name.to_ascii_lowercase()).collect();
        assert_eq!(different.len(), given.len());
    }
}
