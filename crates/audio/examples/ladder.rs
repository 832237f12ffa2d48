//! Makes a ladder of a file: `ladder FILE FOLDER [LADDER]` writes playlists and one file per variant, and
//! prints how long it took.
#![allow(clippy::print_stdout, clippy::unwrap_used)] // an example for developers

use std::{env, fs, fs::File, io::Write, path::PathBuf, time::Instant};

use fanfare_audio::{
    CancelFlag, FanOut, FanOutOptions, OpenOptions,
    hls::{
        Ladder, LadderSource, SegmentForm, SegmentWriter, ladder_sinks, media_playlist, multivariant_playlist,
    },
    mux::ts_segment,
    open,
};
use fanfare_model::{Result, SegmentFacts, VariantFacts};

/// A folder per variant, a file per segment.
struct Folder {
    folder: PathBuf,
    segments: Vec<SegmentFacts>,
    declared: Option<VariantFacts>,
}

impl SegmentWriter for Folder {
    fn init(&mut self, declared: &VariantFacts, bytes: &[u8]) -> Result<()> {
        fs::create_dir_all(&self.folder).unwrap();
        fs::write(self.folder.join("init.mp4"), bytes).unwrap();
        fs::write(self.folder.join("whole.mp4"), bytes).unwrap();
        self.declared = Some(declared.clone());
        Ok(())
    }

    fn segment(&mut self, segment: SegmentFacts, bytes: &[u8]) -> Result<()> {
        fs::write(self.folder.join(format!("{}.m4s", segment.index)), bytes).unwrap();
        let mut whole = File::options().append(true).open(self.folder.join("whole.mp4")).unwrap();
        whole.write_all(bytes).unwrap();
        let declared = self.declared.as_ref().unwrap();
        if declared.codecs.starts_with("mp4a") {
            let ts = ts_segment(declared, bytes).unwrap();
            fs::write(self.folder.join(format!("{}.ts", segment.index)), ts).unwrap();
        }
        self.segments.push(segment);
        Ok(())
    }

    fn finish(&mut self, variant: &VariantFacts) -> Result<()> {
        for (form, name) in [(SegmentForm::Cmaf, "index.m3u8"), (SegmentForm::MpegTs, "ts.m3u8")] {
            fs::write(self.folder.join(name), media_playlist(variant, &self.segments, true, form)).unwrap();
        }
        fs::write(self.folder.join("variant.json"), serde_json::to_string(variant).unwrap()).unwrap();
        Ok(())
    }
}

fn main() {
    let words: Vec<String> = env::args().skip(1).collect();
    let [file, folder, rest @ ..] = words.as_slice() else { return println!("ladder FILE FOLDER [LADDER]") };
    let ladder: Ladder = rest.first().map_or_else(Ladder::default, |text| text.parse().unwrap());
    let options = OpenOptions::default();
    let since = Instant::now();
    let mut source = open(file.as_ref(), &options).unwrap();
    let facts = source.facts().clone();
    let ladder_source = LadderSource { spec: source.spec(), facts: &facts, path: Some(file.as_ref()) };
    let folder = PathBuf::from(folder);
    let mut writer = |facts: &VariantFacts| -> Result<Box<dyn SegmentWriter>> {
        Ok(Box::new(Folder { folder: folder.join(&facts.name), segments: Vec::new(), declared: None }))
    };
    let made = ladder_sinks(&ladder, ladder_source, &options.ffmpeg, &options.limits, &mut writer).unwrap();
    for left in &made.left_out {
        println!("left out {}: {}", left.name, left.reason);
    }
    let mut fan_out = FanOut::new(FanOutOptions::default());
    for (name, sink) in made.sinks {
        fan_out.add(name, sink);
    }
    let report = fan_out.run(&mut *source, &CancelFlag::default(), &mut |_| {}).unwrap();
    for sink in &report.sinks {
        println!("{} {:?} cpu {:.2} s", sink.name, sink.outcome, sink.cpu.as_secs_f64());
    }
    println!("{} frames in {:.2} s", report.frames, since.elapsed().as_secs_f64());
    let mut variants = Vec::new();
    for variant in made.variants {
        let json = fs::read_to_string(folder.join(&variant.name).join("variant.json")).unwrap();
        variants.push(serde_json::from_str::<VariantFacts>(&json).unwrap());
    }
    for variant in &variants {
        println!("{variant:?}");
    }
    fs::write(folder.join("index.m3u8"), multivariant_playlist(&variants, SegmentForm::Cmaf)).unwrap();
    fs::write(folder.join("ts.m3u8"), multivariant_playlist(&variants, SegmentForm::MpegTs)).unwrap();
}
