//! What the source costs over a bare Symphonia loop: `cargo run --release --example compare -- FILE.flac`.
#![allow(clippy::print_stdout, clippy::unwrap_used)] // printing is what this example is for, and it is no product code

use std::{fs::File, path::Path, time::Instant};

use symphonia::core::{
    codecs::audio::AudioDecoderOptions,
    formats::{FormatOptions, TrackType, probe::Hint},
    io::MediaSourceStream,
    meta::MetadataOptions,
};

const ROUNDS: usize = 7;

fn main() {
    let path = std::env::args_os().nth(1).unwrap();
    let path = Path::new(&path);
    let (mut bare, mut ours) = (f64::MAX, f64::MAX);
    for _ in 0..ROUNDS {
        let begin = Instant::now();
        let frames = bare_loop(path);
        bare = bare.min(begin.elapsed().as_secs_f64());
        let begin = Instant::now();
        let decoded = our_loop(path);
        ours = ours.min(begin.elapsed().as_secs_f64());
        assert!(decoded.abs_diff(frames) < 5_000, "{decoded} frames against {frames}");
    }
    println!("bare {bare:.4} s, ours {ours:.4} s, ratio {:.3} (best of {ROUNDS})", ours / bare);
}

/// Decodes and converts to planes of `f32`, and nothing else.
fn bare_loop(path: &Path) -> u64 {
    let stream = MediaSourceStream::new(Box::new(File::open(path).unwrap()), Default::default());
    let mut reader = symphonia::default::get_probe()
        .probe(&Hint::new(), stream, FormatOptions::default(), MetadataOptions::default())
        .unwrap();
    let track = reader.default_track(TrackType::Audio).unwrap();
    let params = track.codec_params.as_ref().unwrap().audio().unwrap().clone();
    let mut decoder = symphonia::default::get_codecs()
        .make_audio_decoder(&params, &AudioDecoderOptions::default())
        .unwrap();
    let (mut planes, mut frames) = (Vec::<Vec<f32>>::new(), 0);
    while let Ok(Some(packet)) = reader.next_packet() {
        let buffer = decoder.decode(&packet).unwrap();
        buffer.copy_to_vecs_planar(&mut planes);
        frames += std::hint::black_box(&planes)[0].len() as u64;
    }
    frames
}

fn our_loop(path: &Path) -> u64 {
    let mut source = fanfare_audio::open(path, &fanfare_audio::OpenOptions::default()).unwrap();
    let mut frames = 0;
    while let Some(chunk) = source.next_chunk().unwrap() {
        frames += std::hint::black_box(&chunk).frames() as u64;
    }
    frames
}
