//! `kill -9` of worker and server at random moments: nothing is lost, nothing is done twice, and the result
//! equals an undisturbed run's (issues 2 and 4; docs/guarantees.md R-01).
//!
//! `FANFARE_CRASH_ROUNDS` (default 8) says how many rounds; `FANFARE_CRASH_SEED` repeats those of a run.

use std::time::{SystemTime, UNIX_EPOCH};

use fanfare_tests::crash::{Library, Round, Uploads, undisturbed};

/// Tracks of the library: a few seconds of work, so that kills meet it under way.
const TRACKS: u32 = 80;
/// Files that are sent meanwhile.
const UPLOADS: u32 = 20;

#[allow(clippy::expect_used)] // a mistyped setting must not run the default instead
fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect(name))
}

#[test]
fn killed_at_any_moment_it_ends_as_if_nothing_had_happened() {
    let clock = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let seed = setting("FANFARE_CRASH_SEED").unwrap_or_else(clock);
    let rounds = setting("FANFARE_CRASH_ROUNDS").unwrap_or(8);
    println!("FANFARE_CRASH_SEED={seed} FANFARE_CRASH_ROUNDS={rounds}");
    let library = Library::new(TRACKS);
    let uploads = Uploads::new(UPLOADS);
    let (expected, longest) = undisturbed(&library, &uploads);
    println!("undisturbed, it takes {:.1} s", longest.as_secs_f64());
    let tracks = expected["tracks"].as_array().unwrap();
    assert_eq!(tracks.len(), TRACKS as usize + 3 + uploads.tracks());
    assert!(tracks.iter().filter(|track| track["state"] == "ready").count() >= (TRACKS + UPLOADS) as usize);
    for round in 0..rounds {
        let done = Round::run(&library, &uploads, seed.wrapping_add(round), longest);
        let kills = done.kills.join(", ");
        println!("round {round}: {kills}; done {:.1} s after the last start", done.took.as_secs_f64());
        assert_eq!(done.troubles, Vec::<String>::new(), "round {round} of seed {seed}: {kills}");
        let found = done.dump["tracks"].as_array().unwrap();
        for (found, expected) in found.iter().zip(tracks) {
            assert_eq!(found, expected, "round {round} of seed {seed}: {kills}");
        }
        assert_eq!(done.dump, expected, "round {round} of seed {seed}: {kills}");
    }
}
