//! The fan-out under hostile sinks, sources and clocks.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests unwrap as the tests do")]

use std::{
    ops::RangeInclusive,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use fanfare_audio::{
    CancelFlag, Eviction, FanOut, FanOutOptions, FanOutReport, PcmSink, SharedChunk, SinkOutcome,
};
use fanfare_model::{ErrorKind, Result};
use proptest::prelude::*;

mod fixtures;
mod lagging;

use fixtures::*;

/// Long for a machine that is merely busy, short for a test.
const SHORT: Duration = Duration::from_secs(2);

fn run(
    source: &mut Noise,
    options: FanOutOptions,
    sinks: Vec<(&str, Box<dyn PcmSink>)>,
) -> Result<FanOutReport> {
    let mut fan_out = FanOut::new(options);
    for (name, sink) in sinks {
        fan_out.add(name, sink);
    }
    fan_out.run(source, &CancelFlag::default(), &mut |_| ())
}

fn evicted(report: &FanOutReport, index: usize) -> (Eviction, ErrorKind, &str) {
    match &report.sinks[index].outcome {
        SinkOutcome::Evicted { reason, kind, message } => (*reason, *kind, message),
        SinkOutcome::Finished => panic!("{} finished", report.sinks[index].name),
    }
}

#[test]
fn a_hostile_sink_is_evicted_with_a_reason_and_disturbs_nobody() {
    const FRAMES: u64 = 20_000;
    use {Action::*, Place::*};
    for (deed, place, reason, kind, text) in [
        (Panic, Chunk(1), Eviction::Panic, ErrorKind::Internal, "panicked while taking a chunk: on purpose"),
        (Panic, Chunk(7), Eviction::Panic, ErrorKind::Internal, "panicked while taking a chunk: on purpose"),
        (
            PanicWithoutText,
            Chunk(3),
            Eviction::Panic,
            ErrorKind::Internal,
            "panicked while taking a chunk: a value",
        ),
        (Panic, Finish, Eviction::Panic, ErrorKind::Internal, "panicked while finishing: on purpose"),
        (Panic, Drop, Eviction::Panic, ErrorKind::Internal, "panicked while being dropped: on purpose"),
        (Error, Chunk(1), Eviction::Error, ErrorKind::NoSpace, "no room for that"),
        (Error, Chunk(20), Eviction::Error, ErrorKind::NoSpace, "no room for that"),
        (Error, Finish, Eviction::Error, ErrorKind::NoSpace, "no room for that"),
        (Hang, Chunk(1), Eviction::Deadline, ErrorKind::Timeout, "held a chunk longer than 2.0 s"),
        (Hang, Chunk(20), Eviction::Deadline, ErrorKind::Timeout, "held a chunk longer than 2.0 s"),
        (Hang, Finish, Eviction::Deadline, ErrorKind::Timeout, "held a chunk longer than 2.0 s"),
        (Hang, Drop, Eviction::Deadline, ErrorKind::Timeout, "held a chunk longer than 2.0 s"),
    ] {
        let end = OpensAtEnd(Gate::default());
        let (before, after) = (Recorder::default(), Recorder::default());
        let hostile = Hostile { deed, place, gate: end.0.clone(), pushes: 0 };
        // Only what hangs needs to be waited for; on a busy machine anybody may hold a chunk for long.
        let sink_deadline = if deed == Hang { SHORT } else { SHORT * 1_000 };
        let options = FanOutOptions { queue_chunks: 3, sink_deadline, ..FanOutOptions::default() };
        let sinks =
            vec![("before", before.sink()), ("hostile", Box::new(hostile) as _), ("after", after.sink())];
        let report = run(&mut noise(FRAMES, &[1_000]), options, sinks).unwrap();

        let (got_reason, got_kind, message) = evicted(&report, 1);
        assert_eq!((got_reason, got_kind), (reason, kind), "{deed:?} {place:?}");
        assert!(message.starts_with(text), "{deed:?} {place:?}: {message}");
        before.assert_received_all(FRAMES);
        after.assert_received_all(FRAMES);
        assert!(!report.stopped_early && report.frames == FRAMES);
        for index in [0, 2] {
            assert_eq!(report.sinks[index].outcome, SinkOutcome::Finished);
            assert_eq!(report.sinks[index].frames, FRAMES);
        }
        if let Chunk(number) = place {
            assert_eq!(report.sinks[1].frames, (number as u64 - 1) * 1_000, "{deed:?} {place:?}");
        }
    }
}

#[test]
fn decoding_stops_when_the_last_sink_is_gone() {
    let end = OpensAtEnd(Gate::default());
    let hostile = |deed, number| -> Box<dyn PcmSink> {
        Box::new(Hostile { deed, place: Place::Chunk(number), gate: end.0.clone(), pushes: 0 })
    };
    let mut source = noise(u64::MAX, &[100]);
    let options = FanOutOptions { queue_chunks: 2, sink_deadline: SHORT, ..FanOutOptions::default() };
    let sinks = vec![("panics", hostile(Action::Panic, 2)), ("hangs", hostile(Action::Hang, 9))];
    let report = run(&mut source, options, sinks).unwrap();
    assert!(report.stopped_early);
    assert!(report.frames < 100_000);
    assert_eq!(evicted(&report, 1).0, Eviction::Deadline);

    let report = run(&mut noise(1_000, &[100]), FanOutOptions::default(), vec![]).unwrap();
    assert!(report.stopped_early && report.frames == 0, "no sink, nothing is decoded");
}

#[test]
fn an_empty_track_is_finished_without_a_chunk() {
    let recorder = Recorder::default();
    let report = run(&mut noise(0, &[5]), FanOutOptions::default(), vec![("one", recorder.sink())]).unwrap();
    assert!(!report.stopped_early && report.sinks[0].outcome == SinkOutcome::Finished);
    recorder.assert_received_all(0);
}

#[test]
fn an_error_of_the_source_is_returned_and_the_sinks_are_only_dropped() {
    let recorder = Recorder::default();
    let mut source = noise(10_000, &[100]);
    source.fails_at = Some(5_000);
    let error = run(&mut source, FanOutOptions::default(), vec![("one", recorder.sink())]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Malformed);
    assert_eq!((recorder.received().finished, recorder.received().dropped), (0, 1));
}

/// Cancels the run at its third chunk, once the source is stuck in front of another sink.
struct Canceller(CancelFlag, Arc<Made>, usize);

impl PcmSink for Canceller {
    fn push(&mut self, _chunk: &SharedChunk) -> Result<()> {
        self.2 += 1;
        if self.2 == 3 {
            self.1.wait_for(FanOutOptions::default().queue_chunks + 2);
            self.0.cancel();
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<()> {
        Ok(())
    }
}

#[test]
fn a_cancelled_run_ends_soon_and_finishes_nobody() {
    let end = OpensAtEnd(Gate::default());
    let (cancel, recorder) = (CancelFlag::default(), Recorder::default());
    let mut fan_out = FanOut::new(FanOutOptions { sink_deadline: SHORT * 1_000, ..FanOutOptions::default() });
    let mut source = noise(u64::MAX, &[100]);
    fan_out.add("canceller", Box::new(Canceller(cancel.clone(), Arc::clone(&source.made), 0)));
    fan_out.add("recorder", recorder.sink());
    // The producer is stuck in front of this one when the flag is set.
    let stuck = Hostile { deed: Action::Hang, place: Place::Chunk(1), gate: end.0.clone(), pushes: 0 };
    fan_out.add("stuck", Box::new(stuck));
    let error = fan_out.run(&mut source, &cancel, &mut |_| ()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    assert_eq!((recorder.received().finished, recorder.received().dropped), (0, 1));
}

#[test]
fn a_track_that_exceeds_its_budget_times_out() {
    let end = OpensAtEnd(Gate::default());
    let recorder = Recorder::default();
    let stuck = Hostile { deed: Action::Hang, place: Place::Finish, gate: end.0.clone(), pushes: 0 };
    let options = FanOutOptions {
        queue_chunks: 2,
        sink_deadline: SHORT,
        budget: Some(Duration::from_millis(100)),
        ..FanOutOptions::default()
    };
    let sinks = vec![("recorder", recorder.sink()), ("stuck", Box::new(stuck) as _)];
    let error = run(&mut noise(1_000, &[100]), options, sinks).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(recorder.received().dropped, 1);
}

/// Lets the source run ahead as far as it can, and watches how far that is.
struct Laggard {
    made: Arc<Made>,
    taken: usize,
    queue_chunks: usize,
    lead: Arc<AtomicUsize>,
}

impl PcmSink for Laggard {
    fn push(&mut self, _chunk: &SharedChunk) -> Result<()> {
        self.taken += 1;
        // This one is held, the queue is full, and one more waits in the producer's hand.
        self.made.wait_for((self.taken + self.queue_chunks + 1).min(100));
        self.lead.fetch_max(self.made.count() - self.taken, Ordering::Relaxed);
        Ok(())
    }

    fn finish(&mut self) -> Result<()> {
        Ok(())
    }
}

#[test]
fn a_slow_sink_bounds_how_far_the_source_runs_ahead() {
    let mut source = noise(10_000, &[100]);
    let lead = Arc::new(AtomicUsize::new(0));
    let laggard =
        Laggard { made: Arc::clone(&source.made), taken: 0, queue_chunks: 4, lead: Arc::clone(&lead) };
    let options = FanOutOptions { queue_chunks: 4, ..FanOutOptions::default() };
    let recorder = Recorder::default();
    run(&mut source, options, vec![("laggard", Box::new(laggard) as _), ("recorder", recorder.sink())])
        .unwrap();
    assert_eq!(lead.load(Ordering::Relaxed), 5);
    recorder.assert_received_all(10_000);
}

#[test]
fn progress_counts_the_frames_decoded() {
    let mut seen = Vec::new();
    let mut fan_out = FanOut::new(FanOutOptions::default());
    fan_out.add("recorder", Recorder::default().sink());
    fan_out.run(&mut noise(250, &[100]), &CancelFlag::default(), &mut |frames| seen.push(frames)).unwrap();
    assert_eq!(seen, [100, 200, 250]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_sinks_hear_depends_on_neither_chunks_nor_queues(
        frames in 0_u64..5_000,
        lengths in prop::collection::vec(LENGTHS, 1..6),
        queue_chunks in 1_usize..6,
        sinks in 1_usize..5,
    ) {
        let recorders: Vec<_> = (0..sinks).map(|_| Recorder::default()).collect();
        let options = FanOutOptions { queue_chunks, ..FanOutOptions::default() };
        let added = recorders.iter().map(|recorder| ("recorder", recorder.sink())).collect();
        let report = run(&mut noise(frames, &lengths), options, added).unwrap();
        prop_assert_eq!(report.frames, frames);
        for recorder in recorders {
            recorder.assert_received_all(frames);
        }
    }
}

const LENGTHS: RangeInclusive<usize> = 1..=700;
