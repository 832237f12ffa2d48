//! What `analyze` writes next to its answers: pictures (`--plot`) and waveforms (`--waveform`).
//!
//! Invariants: what is printed does not depend on it; a file that could not be analyzed gets none; names are given before
//! anything is analyzed, so they do not depend on which file is done first.

use std::path::Path;

use fanfare_analysis::waveform::zoom;
use fanfare_audio::{Limits, StreamFacts};
use fanfare_model::{Features, Result, SampleSpec, Tags};

use super::{
    files::Found,
    folder::Folder,
    names::Names,
    plot::{self, Sheet},
};
use crate::cli::command_line::AnalyzeArgs;

/// Frames per pixel of the waveforms: 0 is the finest that there is, from which readers make every other.
const FINEST: u32 = 0;

/// Where to write what.
#[derive(Debug)]
pub struct Outputs {
    plots: Option<Folder>,
    waveforms: Option<Folder>,
}

/// A file that was analyzed.
#[derive(Debug, Clone, Copy)]
pub struct AnalyzedFile<'a> {
    pub path: &'a Path,
    /// From [`Names`].
    pub name: &'a str,
    pub spec: SampleSpec,
    pub facts: &'a StreamFacts,
    pub frames: u64,
    /// With the curves.
    pub features: &'a Features,
    pub limits: &'a Limits,
}

impl Outputs {
    /// Makes the folders, and gives every input a name if there are any.
    ///
    /// # Errors
    /// A folder cannot be made or written to.
    pub fn open(args: &AnalyzeArgs, found: &mut [Found]) -> Result<Self> {
        let plots = args.plot.as_ref().map(|path| Folder::open(path, "--plot")).transpose()?;
        let waveforms = args.waveform.as_ref().map(|path| Folder::open(path, "--waveform")).transpose()?;
        if plots.is_some() || waveforms.is_some() {
            let mut names = Names::default();
            for item in found {
                item.name = names.give(&item.path);
            }
        }
        Ok(Self { plots, waveforms })
    }

    /// Writes what was asked for of one file.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&self, analyzed: &AnalyzedFile<'_>) -> Result<()> {
        if let Some(folder) = &self.plots {
            folder.write(&format!("{}.svg", analyzed.name), sheet_of(analyzed).as_bytes())?;
        }
        let detail = analyzed.features.waveform.as_ref().and_then(|waveform| waveform.detail.as_ref());
        if let (Some(folder), Some(detail)) = (&self.waveforms, detail) {
            let zoomed = zoom(detail, analyzed.spec.rate.hz(), FINEST);
            folder.write(&format!("{}.dat", analyzed.name), &zoomed.to_dat())?;
            folder.write(&format!("{}.json", analyzed.name), zoomed.to_json().as_bytes())?;
        }
        Ok(())
    }
}

fn sheet_of(analyzed: &AnalyzedFile<'_>) -> String {
    // A picture without a title is better than none.
    let tags = fanfare_audio::read_tags(analyzed.path, analyzed.limits)
        .map_or_else(|_| Tags::default(), |read| read.tags);
    plot::draw(&Sheet {
        file_name: &analyzed.path.file_name().unwrap_or_default().to_string_lossy(),
        title: tags.title.as_deref(),
        artist: tags.artist.as_deref(),
        album: tags.album.as_deref(),
        duration_s: analyzed.spec.rate.seconds(analyzed.frames),
        sample_rate_hz: analyzed.spec.rate.hz(),
        channels: analyzed.spec.channels(),
        codec: &analyzed.facts.codec,
        bit_depth: analyzed.facts.bit_depth,
        features: analyzed.features,
    })
}
