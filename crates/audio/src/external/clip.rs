//! Whether a program decodes: a clip whose frames are known, through the same box as any file.
//!
//! Why: a program may tell its version and yet decode nothing, because a library or a part of its installation is broken. What it
//! does with a file then is no verdict on the file.

use std::{
    io::{Read, Write as _},
    path::Path,
    process::Stdio,
    sync::mpsc,
    thread,
    time::Duration,
};

use fanfare_model::{Error, ErrorKind, Result};

use super::{
    arguments::ChildArguments,
    launch::{REINSTALL, end, launch},
    said::last_line,
};
use crate::{Container, Limits};

/// How long the clip may take: nearly all of it is loading libraries.
const CLIP_TIME: Duration = Duration::from_secs(30);
/// Frames of the clip.
const FRAMES: i16 = 256;
/// Its rate.
const RATE_HZ: u32 = 8_000;
/// Bytes read of the output and of the complaints: many times what the clip gives.
const MOST_BYTES: u64 = 16 << 10;

/// Whether the program gives the frames of the clip.
///
/// # Errors
/// `NoDecoder` when it does not; `Busy`, `Io` when the system has no process to give.
pub(super) fn decodes(program: &Path) -> Result<()> {
    let arguments = ChildArguments::of(Container::Au, None).list(0);
    let list = arguments.iter().map(|argument| &**argument);
    let mut child = launch(program, list, Stdio::piped(), &Limits::default())?;
    if let Some(mut input) = child.stdin.take() {
        // Smaller than a pipe, so this never waits. A program that takes nothing gives nothing either.
        let _ = input.write_all(&clip());
    }
    let (send, receive) = mpsc::channel();
    let (output, errors) = (child.stdout.take(), child.stderr.take());
    thread::spawn(move || {
        let (mut given, mut said) = (Vec::new(), Vec::new());
        let _ = output.map(|output| output.take(MOST_BYTES).read_to_end(&mut given));
        let _ = errors.map(|errors| errors.take(MOST_BYTES).read_to_end(&mut said));
        let _ = send.send((given, said));
    });
    let answer = receive.recv_timeout(CLIP_TIME);
    end(&mut child);
    let why = match answer {
        Ok((given, _)) if is_clip(&given) => return Ok(()),
        Ok((_, said)) => last_line(&said).unwrap_or_else(|| "it does not say why".to_owned()),
        Err(_) => format!("it gave no answer for {} s", CLIP_TIME.as_secs()),
    };
    let program = program.display();
    let said = format!("{program} is not a working ffmpeg: it cannot decode what this program made: {why}");
    Err(Error::new(ErrorKind::NoDecoder, said).remedy(REINSTALL))
}

/// The sample of that frame.
const fn sample(frame: i16) -> i16 {
    frame * 100 - 12_000
}

/// AU in 16-bit integers, one channel.
fn clip() -> Vec<u8> {
    let bytes = u32::from(FRAMES.unsigned_abs()) * 2;
    let head = [u32::from_be_bytes(*b".snd"), 24, bytes, 3, RATE_HZ, 1];
    let samples = (0..FRAMES).flat_map(|frame| sample(frame).to_be_bytes());
    head.into_iter().flat_map(u32::to_be_bytes).chain(samples).collect()
}

/// Whether that is the clip in 32-bit floats, behind an AU header.
fn is_clip(given: &[u8]) -> bool {
    let offset = given.get(4..8).and_then(|bytes| bytes.try_into().ok()).map(u32::from_be_bytes);
    let samples = offset.and_then(|offset| given.get(usize::try_from(offset).ok()?..));
    let expected = (0..FRAMES).flat_map(|frame| (f32::from(sample(frame)) / 32_768.0).to_be_bytes());
    given.starts_with(b".snd") && samples.is_some_and(|samples| samples.iter().copied().eq(expected))
}
