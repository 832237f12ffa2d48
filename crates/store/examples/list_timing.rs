//! Prints how long a library of many tracks takes to catalogue, list and search.
//!
//! `cargo run --release -p fanfare-store --example list_timing [TRACKS] [ROUNDS]`
//!
//! Each line: what was asked, how many tracks match, the median and the worst of the rounds in milliseconds.
#![allow(clippy::print_stdout)] // an example's output is its purpose

use std::{
    env,
    error::Error,
    time::{Duration, Instant},
};

use fanfare_model::{AudioProperties, Bpm, Lufs, Tags, Timestamp, TrackState, features};
use fanfare_store::{
    AnalysisCommit, ScanChange, ScannedFile, Store, StoreOptions, TrackQuery, TrackSort, blob_name,
};

const SYLLABLES: [&str; 16] = [
    "ka", "lo", "mi", "ne", "ra", "so", "tu", "vé", "blue", "love", "night", "the", "ün", "dor", "ist", "au",
];
const BATCH: usize = 1_000;
const ANALYZED: usize = 500;
const NOW: Timestamp = Timestamp(1_800_000_000_000);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let tracks = arguments.next().map_or(Ok(100_000), |text| text.parse::<usize>())?;
    let rounds = arguments.next().map_or(Ok(15), |text| text.parse::<usize>())?;
    let data = env::temp_dir().join(format!("fanfare-list-bench-{}", std::process::id()));
    let store = Store::open(&data, &StoreOptions::default()).await?;
    let outcome = run(&store, tracks, rounds.max(1)).await;
    store.close().await;
    std::fs::remove_dir_all(&data)?;
    outcome
}

async fn run(store: &Store, tracks: usize, rounds: usize) -> Result<(), Box<dyn Error>> {
    let catalog = store.catalog();
    let folder = catalog.add_folder("/bench".as_ref(), NOW).await?.id;
    let (start, mut slowest) = (Instant::now(), Duration::ZERO);
    for first in (0..tracks).step_by(BATCH) {
        let batch = (first..tracks.min(first + BATCH)).map(|number| ScanChange::Added(file(number)));
        let began = Instant::now();
        catalog.apply_scan(folder, None, batch.collect(), NOW).await?;
        slowest = slowest.max(began.elapsed());
    }
    let took = start.elapsed().as_secs_f64();
    println!("catalogue {tracks} tracks: {took:.2} s ({:.0} tracks/s)", tracks as f64 / took);
    println!("slowest batch of {BATCH}: {:.0} ms", slowest.as_secs_f64() * 1e3);

    let began = Instant::now();
    let jobs = store.jobs().claim("analyze-track", "bench", ANALYZED as u32, NOW).await?;
    println!("claim {} jobs at once: {:.1} ms", jobs.len(), began.elapsed().as_secs_f64() * 1e3);
    let began = Instant::now();
    for (number, job) in jobs.iter().enumerate() {
        let track = job.kind.track();
        catalog.begin_analysis(job.id, job.attempt, "bench", track, NOW).await?;
        let done = AnalysisCommit {
            job: job.id,
            attempt: job.attempt,
            owner: "bench".to_owned(),
            track,
            size_bytes: 1_000,
            modified: NOW,
            changed_ns: None,
            content_hash: blob_name(track.as_bytes()),
            audio: properties(number),
            results: results(number),
            warnings: Vec::new(),
            enrichment: None,
        };
        catalog.commit_analysis(done, NOW).await?;
    }
    println!(
        "begin and commit one analysis: {:.2} ms",
        began.elapsed().as_secs_f64() * 1e3 / ANALYZED as f64
    );

    let began = Instant::now();
    let known = catalog.known_files(folder).await?.len();
    println!("read {known} known files: {:.0} ms", began.elapsed().as_secs_f64() * 1e3);
    let began = Instant::now();
    catalog.counts().await?;
    println!("counts: {:.1} ms", began.elapsed().as_secs_f64() * 1e3);

    for (what, query) in queries(catalog, tracks as u64).await? {
        let mut times = Vec::with_capacity(rounds);
        let mut total = 0;
        for _ in 0..rounds {
            let began = Instant::now();
            total = catalog.tracks(&query).await?.total;
            times.push(began.elapsed().as_secs_f64() * 1e3);
        }
        times.sort_by(f64::total_cmp);
        println!(
            "{what:38} {total:>8} match  {:>6.1} ms  worst {:>6.1} ms",
            times[rounds / 2],
            times[rounds - 1]
        );
    }
    Ok(())
}

async fn queries(
    catalog: &fanfare_store::Catalog,
    tracks: u64,
) -> Result<Vec<(String, TrackQuery)>, Box<dyn Error>> {
    let page = TrackQuery { limit: 100, ..TrackQuery::default() };
    let artist = catalog.artists(None, 7, 1).await?.items.first().map(|artist| artist.id);
    let release = catalog.releases(None, None, 7, 1).await?.items.first().map(|release| release.id);
    let mut queries = Vec::new();
    for sort in [
        TrackSort::Title,
        TrackSort::Artist,
        TrackSort::Album,
        TrackSort::Added,
        TrackSort::Duration,
        TrackSort::Tempo,
        TrackSort::Loudness,
    ] {
        for descending in [false, true] {
            let way = if descending { "down" } else { "up" };
            queries.push((format!("by {sort:?} {way}"), TrackQuery { sort, descending, ..page.clone() }));
        }
    }
    let sort = TrackSort::Shuffled(20_261_130);
    for offset in [0, tracks / 2] {
        queries.push((format!("shuffled from {offset}"), TrackQuery { sort, offset, ..page.clone() }));
    }
    queries.push((
        "shuffled search `lo`".to_owned(),
        TrackQuery { sort, search: Some("lo".to_owned()), ..page.clone() },
    ));
    for offset in [tracks / 2, tracks.saturating_sub(100)] {
        queries.push((format!("by title from {offset}"), TrackQuery { offset, ..page.clone() }));
    }
    for state in [TrackState::Queued, TrackState::Ready, TrackState::Failed] {
        queries
            .push((format!("state {}", state.as_str()), TrackQuery { state: Some(state), ..page.clone() }));
    }
    queries.push(("of an artist".to_owned(), TrackQuery { artist, ..page.clone() }));
    queries.push(("of a release".to_owned(), TrackQuery { release, ..page.clone() }));
    for search in ["k", "lo", "kal", "love night", "kalomi", "título 77", "zzz", "!!!"] {
        for sort in [TrackSort::Title, TrackSort::Tempo] {
            let query = TrackQuery { search: Some(search.to_owned()), sort, ..page.clone() };
            queries.push((format!("search `{search}` by {sort:?}"), query));
        }
    }
    Ok(queries)
}

/// A name made of syllables, the same for the same number.
fn name(mut number: usize, syllables: usize) -> String {
    let mut name = String::new();
    for place in 0..syllables {
        // A linear congruential step (Knuth's MMIX constants) spreads neighbours apart.
        number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let syllable = SYLLABLES[(number >> 33) % SYLLABLES.len()];
        if place > 0 && syllable.len() > 3 {
            name.push(' ');
        }
        name.push_str(syllable);
    }
    name
}

fn file(number: usize) -> ScannedFile {
    let (artist, album) = (name(number / 60, 3), name(number / 12 + 7, 4));
    let title = format!("{} {number}", name(number * 31 + 3, 5));
    ScannedFile {
        changed_ns: None,
        relative_path: format!("{artist}/{album}/{number}.flac"),
        size_bytes: 1_000,
        modified: NOW,
        tags: Tags {
            title: Some(title),
            artist: Some(artist.clone()),
            album_artist: Some(artist),
            album: Some(album),
            genre: Some("Título".to_owned()),
            year: Some(2_000),
            track_number: Some((number % 12) as u32),
            ..Tags::default()
        },
        audio: Some(properties(number)),
        cover: None,
        cover_error: None,
    }
}

fn properties(number: usize) -> AudioProperties {
    AudioProperties {
        codec: "flac".to_owned(),
        container: "flac".to_owned(),
        sample_rate_hz: 44_100,
        channels: 2,
        bit_depth: Some(16),
        frames: Some(44_100 * (100 + number as u64 % 300)),
        bitrate_bps: Some(900_000),
    }
}

fn results(number: usize) -> Vec<features::AnalyzerResult> {
    use features::{AnalyzerOutcome, AnalyzerResult, FeaturePart, Loudness, Rhythm, Waveform};
    let loudness =
        Loudness { integrated_lufs: Some(Lufs(-20.0 + (number % 97) as f64 / 8.0)), ..Loudness::default() };
    let rhythm = Rhythm {
        tempo_bpm: Some(Bpm(80.0 + (number % 89) as f64)),
        beats_s: (0..480).map(|beat| f64::from(beat) * 0.501_234).collect(),
        ..Rhythm::default()
    };
    let waveform = Waveform { peaks: vec![0.7; 800], rms: vec![0.3; 800], detail: None };
    [
        ("loudness", FeaturePart::Loudness(loudness)),
        ("rhythm", FeaturePart::Rhythm(rhythm)),
        ("waveform", FeaturePart::Waveform(waveform)),
    ]
    .into_iter()
    .map(|(analyzer, part)| AnalyzerResult {
        analyzer: analyzer.to_owned(),
        version: 1,
        outcome: AnalyzerOutcome::Ok { part, warnings: Vec::new() },
    })
    .collect()
}
