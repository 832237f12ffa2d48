//! Sinks that may lag beside sinks that must hear the track: playing with analyzers beside it (A19, A20).

use fanfare_audio::{SinkPolicy, SinkThreads};

use super::*;

/// A sink that opens a gate once it has heard everything.
struct OpensWhenDone(Box<dyn PcmSink>, Gate);

impl PcmSink for OpensWhenDone {
    fn push(&mut self, chunk: &SharedChunk) -> Result<()> {
        self.0.push(chunk)
    }

    fn finish(&mut self) -> Result<()> {
        self.0.finish()?;
        drop(OpensAtEnd(self.1.clone()));
        Ok(())
    }
}

fn run_as(
    source: &mut Noise,
    options: FanOutOptions,
    sinks: Vec<(SinkPolicy, Box<dyn PcmSink>)>,
) -> FanOutReport {
    let mut fan_out = FanOut::new(options);
    for (policy, sink) in sinks {
        fan_out.add_as(policy, format!("{policy:?}"), sink);
    }
    fan_out.run(source, &CancelFlag::default(), &mut |_| ()).unwrap()
}

#[test]
fn live_analyzers_get_a_second_per_chunk() {
    let options = FanOutOptions::default();
    assert_eq!(options.lag_deadline, Duration::from_secs(1));
    assert!(options.sink_deadline > options.lag_deadline, "background work is bounded by the track's budget");
}

/// issue 12: with the value that is set by itself.
#[test]
fn a_live_analyzer_that_holds_a_chunk_for_a_second_is_evicted_and_one_that_does_not_is_kept() {
    let end = OpensAtEnd(Gate::default());
    let laggard = Hostile { deed: Action::Hang, place: Place::Chunk(2), gate: end.0.clone(), pushes: 0 };
    let (listener, other) = (Recorder::default(), Recorder::default());
    let options = FanOutOptions { lag_chunks: 1_000, ..FanOutOptions::default() };
    let sinks: Vec<(SinkPolicy, Box<dyn PcmSink>)> = vec![
        (SinkPolicy::MayLag, Box::new(laggard)),
        (SinkPolicy::MayLag, other.sink()),
        (SinkPolicy::Must, listener.sink()),
    ];
    let report = run_as(&mut noise(1_000, &[100]), options, sinks);
    assert_eq!(
        evicted(&report, 0),
        (Eviction::Deadline, ErrorKind::Timeout, "held a chunk longer than 1.0 s")
    );
    assert_eq!(report.sinks[1].outcome, SinkOutcome::Finished);
    listener.assert_received_all(1_000);
    other.assert_received_all(1_000);
}

#[test]
fn a_sink_that_may_lag_is_never_waited_for() {
    // The laggard hangs in its second chunk until the listener has got the whole track: a sink that waited for it would
    // wait for ever.
    let gate = Gate::default();
    let laggard = Hostile { deed: Action::Hang, place: Place::Chunk(2), gate: gate.clone(), pushes: 0 };
    let (listener, other) = (Recorder::default(), Recorder::default());
    let options = FanOutOptions {
        queue_chunks: 2,
        lag_chunks: 3,
        lag_deadline: SHORT * 1_000,
        sink_deadline: SHORT * 1_000,
        ..FanOutOptions::default()
    };
    let threads = options.threads.clone();
    let sinks: Vec<(SinkPolicy, Box<dyn PcmSink>)> = vec![
        (SinkPolicy::MayLag, Box::new(laggard)),
        (SinkPolicy::Must, Box::new(OpensWhenDone(listener.sink(), gate))),
        (SinkPolicy::Must, other.sink()),
    ];
    let report = run_as(&mut noise(20_000, &[100]), options, sinks);
    listener.assert_received_all(20_000);
    other.assert_received_all(20_000);
    assert_eq!(evicted(&report, 0).0, Eviction::Lagged, "{report:?}");
    assert!(!report.stopped_early && report.frames == 20_000);
    await_no_threads(&threads);
}

/// Waits until the threads of evicted sinks have ended.
fn await_no_threads(threads: &SinkThreads) {
    while threads.alive() > 0 {
        std::thread::yield_now();
    }
}

#[test]
fn a_sink_that_hangs_at_its_last_chunks_is_evicted_after_the_listeners_are_done() {
    let end = OpensAtEnd(Gate::default());
    let laggard = Hostile { deed: Action::Hang, place: Place::Chunk(2), gate: end.0.clone(), pushes: 0 };
    let listener = Recorder::default();
    // Room for everything: only time tells that it hangs.
    let options = FanOutOptions { lag_chunks: 1_000, lag_deadline: SHORT / 20, ..FanOutOptions::default() };
    let threads = options.threads.clone();
    let sinks: Vec<(SinkPolicy, Box<dyn PcmSink>)> =
        vec![(SinkPolicy::MayLag, Box::new(laggard)), (SinkPolicy::Must, listener.sink())];
    let report = run_as(&mut noise(1_000, &[100]), options, sinks);
    listener.assert_received_all(1_000);
    assert_eq!(evicted(&report, 0).0, Eviction::Deadline);
    assert_eq!(threads.alive(), 1, "its thread is still there");
    drop(end);
    await_no_threads(&threads);
}

#[test]
fn without_a_listener_nothing_is_decoded_for_those_that_may_lag() {
    let end = OpensAtEnd(Gate::default());
    let listener = Hostile { deed: Action::Error, place: Place::Chunk(3), gate: end.0.clone(), pushes: 0 };
    let laggard = Recorder::default();
    let options = FanOutOptions { lag_chunks: usize::MAX, ..FanOutOptions::default() };
    let sinks: Vec<(SinkPolicy, Box<dyn PcmSink>)> =
        vec![(SinkPolicy::Must, Box::new(listener)), (SinkPolicy::MayLag, laggard.sink())];
    let report = run_as(&mut noise(u64::MAX, &[100]), options, sinks);
    assert!(report.stopped_early);
    let received = laggard.received();
    assert_eq!((received.finished, received.dropped), (0, 1), "half a track is no track");
    assert_eq!(evicted(&report, 1).1, ErrorKind::Cancelled);

    // Where nobody must hear it, those that may lag are listeners enough.
    let alone = Recorder::default();
    let options = FanOutOptions { lag_chunks: 1_000, ..FanOutOptions::default() };
    let report = run_as(&mut noise(1_000, &[100]), options, vec![(SinkPolicy::MayLag, alone.sink())]);
    assert!(!report.stopped_early);
    alone.assert_received_all(1_000);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever those that may lag do, listeners hear the same, and each of the others hears a whole track or none.
    #[test]
    fn what_listeners_hear_does_not_depend_on_those_that_may_lag(
        frames in 1_000_u64..5_000,
        lengths in prop::collection::vec(LENGTHS, 1..6),
        lag_chunks in 1_usize..6,
        deeds in prop::collection::vec(
            (prop::sample::select(vec![Action::Panic, Action::PanicWithoutText, Action::Error, Action::Hang]), 1_usize..9),
            0..4,
        ),
    ) {
        let gate = Gate::default();
        let (listener, laggard, plain) = (Recorder::default(), Recorder::default(), Recorder::default());
        let options = FanOutOptions { lag_chunks, ..FanOutOptions::default() };
        let mut sinks: Vec<(SinkPolicy, Box<dyn PcmSink>)> = deeds
            .into_iter()
            .map(|(deed, number)| {
                let place = Place::Chunk(number);
                let hostile: Box<dyn PcmSink> =
                    Box::new(Hostile { deed, place, gate: gate.clone(), pushes: 0 });
                (SinkPolicy::MayLag, hostile)
            })
            .collect();
        sinks.push((SinkPolicy::MayLag, laggard.sink()));
        sinks.push((SinkPolicy::Must, Box::new(OpensWhenDone(listener.sink(), gate))));
        let report = run_as(&mut noise(frames, &lengths), options, sinks);
        prop_assert_eq!(report.frames, frames);
        listener.assert_received_all(frames);
        run_as(&mut noise(frames, &lengths), FanOutOptions::default(), vec![(SinkPolicy::Must, plain.sink())]);
        prop_assert_eq!(&listener.received().left, &plain.received().left);
        if laggard.received().finished > 0 {
            laggard.assert_received_all(frames);
        }
    }
}
