//! Decodes files and prints what came out: `cargo run --example decode -- PATH...`.
#![allow(clippy::print_stdout, clippy::print_stderr)] // printing is what this example is for

use std::{path::Path, time::Instant};

fn main() {
    for path in std::env::args_os().skip(1) {
        let path = Path::new(&path);
        let begin = Instant::now();
        match decode(path) {
            Ok(line) => println!("{}: {line} in {:.3} s", path.display(), begin.elapsed().as_secs_f64()),
            Err(error) => println!("{}: {}: {error}", path.display(), error.kind()),
        }
    }
}

fn decode(path: &Path) -> fanfare_model::Result<String> {
    let mut source = fanfare_audio::open(path, &fanfare_audio::OpenOptions::default())?;
    let (mut frames, mut peak) = (0_u64, 0.0_f32);
    while let Some(chunk) = source.next_chunk()? {
        frames += chunk.frames() as u64;
        peak = chunk.planes().iter().flatten().fold(peak, |peak, sample| peak.max(sample.abs()));
    }
    let (spec, facts) = (source.spec(), source.facts());
    Ok(format!(
        "{frames} frames (declared {:?}), {} channels, {}, {} in {}, {:?} bit, peak {peak:.4}, warnings {:?}",
        facts.declared_frames,
        spec.channels(),
        spec.rate,
        facts.codec,
        facts.container,
        facts.bit_depth,
        source.warnings(),
    ))
}
