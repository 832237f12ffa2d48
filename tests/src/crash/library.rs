//! A small library with everything in it that a scan treats differently.

use std::{fs, path::PathBuf};

use fanfare_testkit::{
    signals,
    wav::{WavFormat, wav_with_tags},
};

const RATE_HZ: u32 = 22_050;

/// A folder of short tracks.
pub struct Library {
    folder: tempfile::TempDir,
}

impl Library {
    /// A library of that many tracks of 1 to 3 s, some of them equal, some broken, with a cover.
    ///
    /// # Panics
    /// When it cannot be written.
    #[must_use]
    pub fn new(tracks: u32) -> Self {
        let library = Self { folder: tempfile::tempdir().expect("a temporary folder") };
        for number in 0..tracks {
            // Every fifth track sounds like the first: results belong to content and are shared.
            let voice = if number % 5 == 4 { 0 } else { number };
            let seconds = 1.0 + f64::from(voice % 3);
            let tone = signals::sine(RATE_HZ, seconds, 110.0 * f64::from(1 + voice), 0.3);
            let (title, album) = (format!("track {voice}"), format!("album {}", number % 3));
            let tags = [("INAM", title.as_str()), ("IART", "a singer"), ("IPRD", album.as_str())];
            let bytes = wav_with_tags(RATE_HZ, &[tone], WavFormat::I16, &tags);
            let name = format!("album {}/{number:02}.wav", number % 3);
            library.write(&name, &bytes);
            if number == 1 {
                library.write("broken/no samples.wav", &bytes[..44]);
                library.write("broken/cut.wav", &bytes[..bytes.len() / 2]);
            }
        }
        library.write("broken/words.mp3", b"no music at all");
        library.write("album 0/cover.png", PICTURE);
        library
    }

    /// Where it is.
    ///
    /// # Panics
    /// When it is gone.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.folder.path().canonicalize().expect("the library is there")
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("make a folder");
        fs::write(path, bytes).expect("write a file");
    }
}

/// A PNG of one white pixel.
const PICTURE: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0:~\x9bU\0\0\0\nIDATx\x9cc\xf8\x0f\0\x01\x01\x01\0\x1b\xb6\xeeV\0\0\0\0IEND\xaeB`\x82";
