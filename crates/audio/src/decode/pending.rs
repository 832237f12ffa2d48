//! [`Pending`]: frames that wait to be cut into chunks.

/// The longest gap in frames that is filled with silence to keep the timeline: about 10 s.
pub(super) const MAX_GAP_FRAMES: u64 = 480_000;

/// Frames that wait to be cut.
#[derive(Debug)]
pub(super) enum Pending {
    /// From that frame to that one of what the decoder gave last.
    Decoded { from: usize, to: usize },
    /// That many frames of silence.
    Silence(u64),
    /// Frames that waited: those from that one on.
    Kept { planes: Vec<Vec<f32>>, from: usize },
}

impl Pending {
    /// How many frames they are.
    pub(super) fn frames(&self) -> u64 {
        match self {
            Self::Decoded { from, to } => to.saturating_sub(*from) as u64,
            Self::Silence(frames) => *frames,
            Self::Kept { planes, from } => {
                planes.first().map_or(0, |plane| plane.len().saturating_sub(*from)) as u64
            }
        }
    }

    /// The largest sample of frames that waited.
    pub(super) fn peak(&self) -> f32 {
        let Self::Kept { planes, .. } = self else { return 0.0 };
        planes.iter().flatten().fold(0.0, |peak, sample| sample.abs().max(peak))
    }
}
