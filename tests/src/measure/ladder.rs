//! A track's HLS ladder being made, alone and beside all analyzers, in one decode.

use std::{
    fs::File,
    io::Write,
    path::{Path, PathBuf},
};

use fanfare_analysis::{ANALYZERS, AnalyzeOptions, analyze};
use fanfare_audio::{
    CancelFlag, FanOut, FanOutOptions, FanOutReport, OpenOptions, PcmSink, PcmSource, SinkOutcome,
    SinkReport,
    hls::{Ladder, LadderSource, SegmentWriter, ladder_sinks},
    open,
};
use fanfare_model::{Result, SegmentFacts, VariantFacts};
use serde_json::json;

/// Writes a variant as the store does: one file that grows.
struct ToFile {
    path: PathBuf,
    file: Option<File>,
}

impl ToFile {
    fn append(&mut self, bytes: &[u8]) -> Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(File::create(&self.path).unwrap()),
        };
        file.write_all(bytes).unwrap();
        Ok(())
    }
}

impl SegmentWriter for ToFile {
    fn init(&mut self, _declared: &VariantFacts, bytes: &[u8]) -> Result<()> {
        self.append(bytes)
    }

    fn segment(&mut self, _segment: SegmentFacts, bytes: &[u8]) -> Result<()> {
        self.append(bytes)
    }

    fn finish(&mut self, _variant: &VariantFacts) -> Result<()> {
        Ok(())
    }
}

type Sinks = Vec<(String, Box<dyn PcmSink>)>;

fn start(path: &Path, folder: &Path, ladder: &Ladder) -> (Box<dyn PcmSource>, Sinks) {
    let options = OpenOptions::default();
    let source = open(path, &options).unwrap();
    let mut writer = |facts: &VariantFacts| -> Result<Box<dyn SegmentWriter>> {
        Ok(Box::new(ToFile { path: folder.join(&facts.name), file: None }))
    };
    let track = LadderSource { spec: source.spec(), facts: source.facts(), path: Some(path) };
    let made = ladder_sinks(ladder, track, &options.ffmpeg, &options.limits, &mut writer).unwrap();
    assert!(made.left_out.is_empty(), "{:?}", made.left_out);
    (source, made.sinks)
}

/// Makes the ladder and nothing else.
pub fn ladder_once(path: &Path) {
    let folder = tempfile::tempdir().unwrap();
    let report = make_ladder(path, folder.path(), &Ladder::default());
    print_steps(report.frames, &report.sinks);
}

/// Makes that ladder in the folder.
pub(super) fn make_ladder(path: &Path, folder: &Path, ladder: &Ladder) -> FanOutReport {
    let (mut source, sinks) = start(path, folder, ladder);
    let mut fan_out = FanOut::new(FanOutOptions::default());
    sinks.into_iter().for_each(|(name, sink)| fan_out.add(name, sink));
    let report = fan_out.run(&mut *source, &CancelFlag::default(), &mut |_| {}).unwrap();
    assert!(report.sinks.iter().all(|sink| sink.outcome == SinkOutcome::Finished), "{:?}", report.sinks);
    report
}

/// Makes the ladder and analyzes the track with every analyzer, in one decode.
pub fn ingest_once(path: &Path) {
    let folder = tempfile::tempdir().unwrap();
    let (mut source, sinks) = start(path, folder.path(), &Ladder::default());
    let options = AnalyzeOptions::default();
    let analyzed = analyze(&mut *source, sinks, &options, &CancelFlag::default(), &mut |_| {}).unwrap();
    print_steps(analyzed.frames, &analyzed.sinks);
}

/// Analyzes the track with every analyzer, without a ladder.
pub fn analyze_once(path: &Path) {
    let mut source = open(path, &OpenOptions::default()).unwrap();
    let options = AnalyzeOptions::default();
    let analyzed = analyze(&mut *source, Vec::new(), &options, &CancelFlag::default(), &mut |_| {}).unwrap();
    print_steps(analyzed.frames, &analyzed.sinks);
}

/// Frames decoded, and processor seconds of the analyzers together, as JSON.
fn print_steps(frames: u64, sinks: &[SinkReport]) {
    for sink in sinks {
        assert_eq!(sink.outcome, SinkOutcome::Finished, "{}", sink.name);
    }
    let analyzers = sinks.iter().filter(|sink| ANALYZERS.iter().any(|entry| entry.id == sink.name));
    let analyzers_s: f64 = analyzers.map(|sink| sink.cpu.as_secs_f64()).sum();
    println!("{}", json!({"frames": frames, "steps": {"analyzers": analyzers_s}}));
}
