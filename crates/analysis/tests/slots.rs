//! A hundred tracks at once: no more are heard at a time than there are slots, and each as if it were alone.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests unwrap as the tests do")]

mod support;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use fanfare_analysis::{AnalysisSlots, AnalyzeOptions, analyze};
use fanfare_audio::{CancelFlag, PcmSink, SharedChunk};
use fanfare_model::{ErrorKind, Features, Result};
use support::{Planes, Signal, noise, sine};

/// Counts the runs that go on, from outside: there is one in every fan-out, from its first chunk to its end.
struct Counter {
    counts: Arc<Counts>,
    counted: bool,
}

#[derive(Default)]
struct Counts {
    now: AtomicUsize,
    most: AtomicUsize,
}

impl PcmSink for Counter {
    fn push(&mut self, _chunk: &SharedChunk) -> Result<()> {
        if !self.counted {
            self.counted = true;
            let now = self.counts.now.fetch_add(1, Ordering::SeqCst) + 1;
            self.counts.most.fetch_max(now, Ordering::SeqCst);
        }
        // Lets others begin, if anything does.
        thread::yield_now();
        Ok(())
    }

    fn finish(&mut self) -> Result<()> {
        self.counts.now.fetch_sub(1, Ordering::SeqCst);
        Ok(())
    }
}

fn music(number: u64) -> Planes {
    let tone = sine(20_000, 0.01 + number as f64 * 1e-4, 0.0, 0.5);
    let noise = noise(20_000, number);
    Arc::new(vec![tone.iter().zip(noise).map(|(tone, noise)| tone + 0.1 * noise).collect()])
}

fn analyze_signal(planes: &Planes, slots: Option<AnalysisSlots>, counts: &Arc<Counts>) -> Features {
    let options = AnalyzeOptions { slots, ..AnalyzeOptions::default() };
    let counter = Counter { counts: Arc::clone(counts), counted: false };
    let extra: Vec<(String, Box<dyn PcmSink>)> = vec![("counter".to_owned(), Box::new(counter))];
    let mut source = Signal::new(44_100, planes, &[1_000]);
    analyze(&mut source, extra, &options, &CancelFlag::default(), &mut |_| ()).unwrap().features()
}

#[test]
fn a_hundred_at_once_are_heard_in_slots_and_each_as_if_alone() {
    const TRACKS: u64 = 100;
    let tracks: Vec<Planes> = (0..TRACKS).map(music).collect();
    let alone: Vec<Features> =
        tracks.iter().map(|planes| analyze_signal(planes, None, &Arc::default())).collect();
    for most in [1, 3, 8] {
        let slots = AnalysisSlots::new(most);
        let counts = Arc::new(Counts::default());
        let together: Vec<Features> = thread::scope(|scope| {
            let threads: Vec<_> = tracks
                .iter()
                .map(|planes| {
                    let (slots, counts) = (slots.clone(), &counts);
                    scope.spawn(move || analyze_signal(planes, Some(slots), counts))
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(together == alone, "{most} slots");
        let seen = counts.most.load(Ordering::SeqCst);
        assert!((1..=most).contains(&seen), "{seen} runs at a time in {most} slots");
        assert_eq!((counts.now.load(Ordering::SeqCst), slots.waiting()), (0, 0));
    }
}

#[test]
fn a_run_that_waits_can_be_cancelled_and_one_that_fails_gives_its_slot_back() {
    let planes = music(1);
    let slots = AnalysisSlots::new(1);
    let options = AnalyzeOptions { slots: Some(slots.clone()), ..AnalyzeOptions::default() };
    let cancelled = CancelFlag::default();
    cancelled.cancel();
    for _ in 0..3 {
        let mut source = Signal::new(44_100, &planes, &[1_000]);
        let ended = analyze(&mut source, Vec::new(), &options, &cancelled, &mut |_| ());
        assert_eq!(ended.unwrap_err().kind(), ErrorKind::Cancelled);
    }
    analyze_signal(&planes, Some(slots), &Arc::default());
}
