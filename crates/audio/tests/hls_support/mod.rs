//! Making a ladder of a file in memory, and asking the checker about it.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)] // each test file uses a part of it

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex},
};

use fanfare_audio::{
    CancelFlag, FanOut, FanOutOptions, FanOutReport, OpenOptions, SinkOutcome,
    hls::{
        Ladder, LadderSinks, LadderSource, SegmentForm, SegmentWriter, ladder_sinks, media_playlist,
        multivariant_playlist,
    },
    open,
};
use fanfare_model::{Result, SegmentFacts, VariantFacts};
use fanfare_testkit::hls::{self, Expected, Report};

/// What was written of a variant.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Written {
    pub declared: Option<VariantFacts>,
    pub init: Vec<u8>,
    pub segments: Vec<(SegmentFacts, Vec<u8>)>,
    pub variant: Option<VariantFacts>,
}

/// What was written of all variants, by name.
pub type WrittenByName = Arc<Mutex<BTreeMap<String, Written>>>;

struct Keep {
    written: WrittenByName,
    name: String,
}

impl Keep {
    fn with(&self, change: impl FnOnce(&mut Written)) {
        change(self.written.lock().unwrap().entry(self.name.clone()).or_default());
    }
}

impl SegmentWriter for Keep {
    fn init(&mut self, declared: &VariantFacts, bytes: &[u8]) -> Result<()> {
        self.with(|written| {
            assert!(written.init.is_empty(), "one init section");
            written.declared = Some(declared.clone());
            written.init = bytes.to_vec();
        });
        Ok(())
    }

    fn segment(&mut self, segment: SegmentFacts, bytes: &[u8]) -> Result<()> {
        self.with(|written| {
            let end = written
                .segments
                .last()
                .map_or(written.init.len() as u64, |(last, _)| last.offset_bytes + last.len_bytes);
            assert_eq!((segment.offset_bytes, segment.len_bytes), (end, bytes.len() as u64));
            assert_eq!(segment.index as usize, written.segments.len());
            assert!(written.variant.is_none(), "nothing after the end");
            written.segments.push((segment, bytes.to_vec()));
        });
        Ok(())
    }

    fn finish(&mut self, variant: &VariantFacts) -> Result<()> {
        self.with(|written| written.variant = Some(variant.clone()));
        Ok(())
    }
}

/// A shelf and the sinks that fill it.
pub fn sinks(
    ladder: &Ladder,
    source: LadderSource<'_>,
    options: &OpenOptions,
) -> (WrittenByName, LadderSinks) {
    let written = WrittenByName::default();
    let mut writer = |facts: &VariantFacts| -> Result<Box<dyn SegmentWriter>> {
        Ok(Box::new(Keep { written: written.clone(), name: facts.name.clone() }))
    };
    let made = ladder_sinks(ladder, source, &options.ffmpeg, &options.limits, &mut writer).unwrap();
    (written, made)
}

/// A finished ladder.
pub struct Made {
    pub report: FanOutReport,
    pub variants: Vec<VariantFacts>,
    pub written: BTreeMap<String, Written>,
    pub rate_hz: u32,
    /// What was heard, as the sinks heard it.
    pub received: Vec<Vec<f32>>,
}

/// Makes a ladder of a file.
pub fn make(path: &Path, ladder: &Ladder, options: &OpenOptions) -> Made {
    let mut source = open(path, options).unwrap();
    let (spec, facts) = (source.spec(), source.facts().clone());
    let (written, made) = sinks(ladder, LadderSource { spec, facts: &facts, path: Some(path) }, options);
    assert!(made.left_out.is_empty(), "{:?}", made.left_out);
    let mut fan_out = FanOut::new(FanOutOptions::default());
    let received = Arc::new(Mutex::new(vec![Vec::new(); spec.channels()]));
    fan_out.add("heard", Box::new(Recorder(received.clone())));
    for (name, sink) in made.sinks {
        fan_out.add(name, sink);
    }
    let report = fan_out.run(&mut *source, &CancelFlag::default(), &mut |_| {}).unwrap();
    for sink in &report.sinks {
        assert_eq!(sink.outcome, SinkOutcome::Finished, "{}", sink.name);
    }
    let written = written.lock().unwrap().clone();
    let finished = |variant: &VariantFacts| written[&variant.name].variant.clone().unwrap();
    let variants = made.variants.iter().map(finished).collect();
    let received = received.lock().unwrap().clone();
    Made { report, variants, written, rate_hz: spec.rate.hz(), received }
}

struct Recorder(Arc<Mutex<Vec<Vec<f32>>>>);

impl fanfare_audio::PcmSink for Recorder {
    fn push(&mut self, chunk: &fanfare_audio::SharedChunk) -> Result<()> {
        let mut all = self.0.lock().unwrap();
        all.iter_mut().zip(chunk.planes()).for_each(|(all, plane)| all.extend(plane));
        Ok(())
    }

    fn finish(&mut self) -> Result<()> {
        Ok(())
    }
}

impl Made {
    /// Everything a client would fetch, by address.
    pub fn pages(&self) -> BTreeMap<String, Vec<u8>> {
        let mut pages = BTreeMap::new();
        let form = SegmentForm::Cmaf;
        pages.insert("index.m3u8".to_owned(), multivariant_playlist(&self.variants, form).into_bytes());
        for variant in &self.variants {
            let written = &self.written[&variant.name];
            let facts: Vec<SegmentFacts> = written.segments.iter().map(|(facts, _)| *facts).collect();
            let playlist = media_playlist(variant, &facts, true, form);
            pages.insert(format!("{}/index.m3u8", variant.name), playlist.into_bytes());
            pages.insert(format!("{}/init.mp4", variant.name), written.init.clone());
            for (facts, bytes) in &written.segments {
                pages.insert(format!("{}/{}.m4s", variant.name, facts.index), bytes.clone());
            }
        }
        pages
    }

    /// What the checker says.
    pub fn check(&self) -> Report {
        let pages = self.pages();
        let mut fetch = |uri: &str| pages.get(uri).cloned().ok_or(format!("{uri} is not there"));
        hls::check("index.m3u8", &mut fetch, Expected { frames: self.report.frames, rate_hz: self.rate_hz })
    }
}
