//! Reads the tags of files and prints them, and how long it took: `cargo run --example tags -- PATH...`.
#![allow(clippy::print_stdout)] // printing is what this example is for

use std::{path::Path, time::Instant};

use fanfare_audio::{Limits, read_tags};

fn main() {
    let begin = Instant::now();
    let paths: Vec<_> = std::env::args_os().skip(1).collect();
    for path in &paths {
        match read_tags(Path::new(path), &Limits::default()) {
            Ok(reading) if paths.len() < 50 => {
                let cover = reading.cover.map(|bytes| bytes.len());
                println!("{:?} {:?} cover {cover:?} {:?}", reading.audio, reading.tags, reading.warnings);
            }
            Ok(_) => {}
            Err(error) => println!("{}: {error}", Path::new(path).display()),
        }
    }
    println!("{} files in {:.3} s", paths.len(), begin.elapsed().as_secs_f64());
}
