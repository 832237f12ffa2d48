//! A server on the demo album, for the browser test and the pictures.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use crate::process::root;

/// A running server. Dropping it ends it.
pub struct Live {
    child: Child,
    /// Its address.
    pub address: String,
    /// The link that creates the owner.
    pub setup_link: String,
}

impl Live {
    /// Starts `target/<profile>/fanfare` on a fresh data folder below `target/`, with the demo album as its library; `dense`:
    /// and with some tracks of as many bits a second as studio recordings have, if `ffmpeg` is there to write them.
    pub fn start(profile: &str, dense: bool) -> Result<Self, String> {
        let target = root().join("target");
        let binary = target.join(profile).join("fanfare");
        let home = target.join("live");
        let _ = fs::remove_dir_all(home.join("data"));
        let music = home.join("music");
        let demo = Command::new(&binary).arg("demo").arg(&music).stdout(Stdio::null()).status();
        if !demo.as_ref().is_ok_and(std::process::ExitStatus::success) {
            return Err(format!("{} demo: {demo:?}", binary.display()));
        }
        let folder = music.join("Dense");
        let _ = fs::remove_dir_all(&folder);
        if dense {
            write_dense(&folder)?;
        }
        Self::over(&binary, &home.join("data"), &music, &[])
    }

    /// Starts that binary on a data folder, with that library; `before` are words in front of its own (`taskset`).
    pub fn over(binary: &Path, data: &Path, music: &Path, before: &[String]) -> Result<Self, String> {
        let mut child = serve(binary, music, data, before)?;
        let (mut address, mut setup_link) = (String::new(), String::new());
        let out = child.stdout.take().ok_or("no output")?;
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            match line.split_once("  ").map(|(word, rest)| (word, rest.trim())) {
                Some(("address", rest)) => rest.clone_into(&mut address),
                Some(("setup", rest)) => rest.clone_into(&mut setup_link),
                Some(("ready", _)) => break,
                _ => {}
            }
        }
        let live = Self { child, address, setup_link };
        if live.setup_link.is_empty() { Err("the server printed no setup link".to_owned()) } else { Ok(live) }
    }
}

/// FLAC files of pink noise, 24 bits at 48 kHz: about 2,400 kbit/s, as a loud studio recording.
fn write_dense(folder: &Path) -> Result<(), String> {
    fs::create_dir_all(folder).map_err(|error| error.to_string())?;
    for number in 1..=3 {
        let noise = |channel: u32| {
            format!(
                "anoisesrc=color=pink:amplitude=0.5:sample_rate=48000:duration=12:seed={}",
                number * 2 + channel
            )
        };
        let written = Command::new("ffmpeg")
            .args([
                "-v",
                "error",
                "-nostdin",
                "-y",
                "-f",
                "lavfi",
                "-i",
                &noise(0),
                "-f",
                "lavfi",
                "-i",
                &noise(1),
            ])
            .args(["-filter_complex", "amerge=inputs=2", "-sample_fmt", "s32", "-c:a", "flac"])
            .args(["-metadata", &format!("title=Rain {number}"), "-metadata", "artist=Weather"])
            .args(["-metadata", "album=Dense", "-metadata", &format!("track={number}")])
            .arg(folder.join(format!("{number}.flac")))
            .status();
        match written {
            Ok(status) if status.success() => {}
            Ok(status) => return Err(format!("ffmpeg: {status}")),
            Err(error) => {
                eprintln!("without dense tracks: ffmpeg: {error}");
                return Ok(());
            }
        }
    }
    Ok(())
}

fn serve(binary: &Path, music: &Path, data: &Path, before: &[String]) -> Result<Child, String> {
    let mut words = before.iter().map(std::ffi::OsString::from).chain([binary.into()]);
    Command::new(words.next().unwrap_or_default())
        .args(words)
        .arg("serve")
        .arg(music)
        .arg("--data")
        .arg(data)
        .args(["--listen", "127.0.0.1:0", "--log-level", "warn"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("{}: {error}", binary.display()))
}

impl Live {
    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
