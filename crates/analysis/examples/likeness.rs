//! What enrichment says of files, and which of them it takes to be alike.
//!
//! `cargo run --release -p fanfare-analysis --example likeness -- FILE...` prints each file's estimates, the file that is
//! nearest to it and the cosine; then how often the nearest is of the same group (files whose names agree up to
//! the first `-` or `.`), and how often that would be by chance.
//!
//! `... --example likeness -- --spread FILE...` prints mean and standard deviation of every descriptor.

#![allow(clippy::print_stdout, reason = "printing is what it is for")]

use std::path::Path;

use fanfare_analysis::{AnalyzeOptions, analyze, describe, descriptors::readings};
use fanfare_audio::{CancelFlag, OpenOptions, open};
use fanfare_model::{Features, Result, enrichment::Enrichment};

fn main() -> Result<()> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let spread = arguments.first().is_some_and(|argument| argument == "--spread");
    let files = if spread { arguments.split_off(1) } else { arguments };
    let analyzed = files.iter().map(|file| analyze_signal(Path::new(file))).collect::<Result<Vec<_>>>()?;
    if spread {
        print_spread(&analyzed);
    } else {
        print_likeness(&files, &analyzed)?;
    }
    Ok(())
}

fn analyze_signal(path: &Path) -> Result<(Features, f64)> {
    let mut source = open(path, &OpenOptions::default())?;
    let rate = source.spec().rate;
    let analysis = analyze(
        source.as_mut(),
        Vec::new(),
        &AnalyzeOptions::default(),
        &CancelFlag::default(),
        &mut |_| (),
    )?;
    Ok((analysis.features(), rate.seconds(analysis.frames)))
}

fn print_spread(analyzed: &[(Features, f64)]) {
    let all: Vec<_> = analyzed.iter().map(|(features, _)| readings(features)).collect();
    let Some(first) = all.first() else { return };
    for (row, (name, _)) in first.iter().enumerate() {
        let values: Vec<f64> = all.iter().filter_map(|readings| readings[row].1).collect();
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
        println!("{name:<26} {mean:>9.3} {:>9.3} of {count}", variance.sqrt());
    }
}

fn print_likeness(files: &[String], analyzed: &[(Features, f64)]) -> Result<()> {
    let described = analyzed
        .iter()
        .map(|(features, duration_s)| describe(features, *duration_s))
        .collect::<Result<Vec<Enrichment>>>()?;
    let names: Vec<&str> =
        files.iter().filter_map(|file| Path::new(file).file_name().and_then(|name| name.to_str())).collect();
    let group = |n: usize| names[n].split(['-', '.']).next().unwrap_or_default();
    let (mut same, mut pairs, mut alike) = (0_usize, 0_usize, 0_usize);
    println!("dance energy valence arousal voice  nearest");
    for (n, enrichment) in described.iter().enumerate() {
        let likeness = |other: &Enrichment| {
            enrichment.embedding.as_ref().zip(other.embedding.as_ref()).and_then(|(a, b)| a.likeness(b))
        };
        let others = (0..described.len()).filter(|other| *other != n);
        pairs += others.clone().count();
        alike += others.clone().filter(|other| group(*other) == group(n)).count();
        let nearest = others
            .filter_map(|other| likeness(&described[other]).map(|likeness| (other, likeness)))
            .max_by(|one, other| one.1.total_cmp(&other.1));
        let figures = [
            &enrichment.danceability,
            &enrichment.energy,
            &enrichment.valence,
            &enrichment.arousal,
            &enrichment.voice,
        ];
        for figure in figures {
            print!(
                "{} ",
                figure.as_ref().map_or_else(|| "   - ".to_owned(), |it| format!("{:5.2}", it.value))
            );
        }
        if let Some((other, likeness)) = nearest {
            same += usize::from(group(other) == group(n));
            println!(" {} -> {} {likeness:.3}", names[n], names[other]);
        }
    }
    let percent = |count: usize, of: usize| 100.0 * count as f64 / of.max(1) as f64;
    println!(
        "nearest of the same group: {:.1} %, by chance {:.1} %",
        percent(same, described.len()),
        percent(alike, pairs)
    );
    Ok(())
}
