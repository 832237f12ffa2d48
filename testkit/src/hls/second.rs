//! A second opinion: what `ffprobe` and `ffmpeg` say of the same bytes.

use std::{
    io::Write,
    process::{Command, Stdio},
    thread,
};

use super::Checked;

/// Whether both programs are installed.
#[must_use]
pub fn is_installed() -> bool {
    let runs = |name| Command::new(name).arg("-version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    ["ffmpeg", "ffprobe"].into_iter().all(|name| runs(name).is_ok_and(|status| status.success()))
}

/// What `ffprobe` complains about in any segment behind its init section, or in the names of what it finds.
#[must_use]
pub fn complaints(checked: &Checked) -> Vec<String> {
    let codec = if checked.init.codecs == "fLaC" { "flac" } else { "aac" };
    let mut found = Vec::new();
    for (bytes, entry) in checked.segment_bytes.iter().zip(&checked.media.segments) {
        let input = [checked.init_bytes.as_slice(), bytes].concat();
        let arguments =
            ["-v", "error", "-show_entries", "stream=codec_name,sample_rate,channels", "-of", "csv=p=0", "-"];
        let (said, complaint) = run("ffprobe", &arguments, &input);
        let expected = format!("{codec},{},{}", checked.init.timescale, checked.init.channels);
        let said = String::from_utf8_lossy(&said).trim().to_owned();
        if said != expected {
            found.push(format!("{}: ffprobe says {said}, not {expected}", entry.uri));
        }
        if !complaint.is_empty() {
            found.push(format!("{}: ffprobe complains: {complaint}", entry.uri));
        }
    }
    found
}

/// The audible frames of the whole variant, one plane per channel: `ffmpeg` decodes every packet; priming and
/// padding are taken off as the boxes say.
///
/// # Errors
/// What `ffmpeg` complains about, or a length that the boxes do not explain.
pub fn decoded(checked: &Checked) -> Result<Vec<Vec<f32>>, String> {
    let channels = usize::from(checked.init.channels);
    let arguments = ["-v", "error", "-ignore_editlist", "1", "-i", "-", "-f", "f32le", "-"];
    let (bytes, complaint) = run("ffmpeg", &arguments, &checked.whole());
    if !complaint.is_empty() {
        return Err(format!("ffmpeg complains: {complaint}"));
    }
    let samples: Vec<f32> =
        bytes.chunks_exact(4).map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]])).collect();
    let (decoded, priming, frames) =
        ((samples.len() / channels) as u64, checked.init.priming, checked.frames());
    let padding = decoded.checked_sub(priming + frames).ok_or(format!("only {decoded} frames decode"))?;
    let packet = u64::from(checked.init.default_duration);
    if padding >= packet {
        return Err(format!("{padding} frames of padding, more than a packet"));
    }
    let from = priming as usize;
    Ok((0..channels)
        .map(|channel| {
            (from..from + frames as usize).map(|frame| samples[frame * channels + channel]).collect()
        })
        .collect())
}

/// Runs a program with that input: its output and its complaints.
fn run(program: &str, arguments: &[&str], input: &[u8]) -> (Vec<u8>, String) {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = child.stdin.take().unwrap();
    thread::scope(|scope| {
        scope.spawn(move || {
            // A program that has seen enough closes its end.
            let _ = pipe.write_all(input);
        });
        let output = child.wait_with_output().unwrap();
        (output.stdout, String::from_utf8_lossy(&output.stderr).trim().to_owned())
    })
}
