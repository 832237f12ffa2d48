//! The waveform: its outline from the extremes, filled with four bands from the bass at the centre outwards.
//!
//! Each band takes the part of the height that it has of the sum of all four (levels as amplitudes, the higher bands raised
//! by [`TILT`]), so that the outline stays the true one and nothing hides behind something else.

use std::fmt::Write as _;

use fanfare_model::features::{Waveform, WaveformDetail};

use super::{
    scale::Scale,
    style::{LEFT, RIGHT},
    svg::{Num, Path, Text},
};

/// Height of the panel.
pub const HEIGHT: f64 = 196.0;
/// Most columns: one per user unit.
const COLUMNS: usize = (RIGHT - LEFT) as usize;
/// By how much each band is raised over the one below. Music falls with frequency by about as much (between 3 and 6 dB per
/// octave, bands 2.3 octaves apart); without it everything above the bass would be a hairline.
const TILT: f64 = 2.0;
/// A column whose sample peak is that near to the largest is marked, as a factor (0.1 dB).
const NEAR_PEAK: f64 = 0.9886;
/// Quietest edge of the panel, in steps of 6 dB below full scale: what is quieter still looks like nearly nothing.
const MOST_STEPS: i32 = 6;
/// The bands, bass first, for the legend.
const BANDS: [&str; 4] = ["bass to 150 Hz", "to 800 Hz", "to 4 kHz", "above"];

/// One column of the drawing: where it is in seconds, and how far it goes down and up in parts of full scale.
struct Column {
    at_s: f64,
    low: f64,
    high: f64,
    /// Upper end of each band as a share of the height, ascending; the last is 1.
    shares: [f64; 4],
}

/// Draws the panel with its top at `top`.
pub fn draw(svg: &mut String, waveform: &Waveform, duration_s: f64, rate_hz: u32, time: &Scale, top: f64) {
    let (full, full_dbfs) = full_scale(waveform);
    let y = Scale::new((-full, full), (top + HEIGHT, top));
    match waveform
        .detail
        .as_ref()
        .map(|detail| columns(detail, duration_s, rate_hz))
        .filter(|columns| columns.len() > 1)
    {
        Some(columns) => {
            // The outermost first: each inner band covers the middle of what is there.
            for band in (0..4).rev() {
                let edge = |column: &Column, side: f64| y.within(side * column.shares[band]);
                let outline = mirrored(columns.iter().map(|column| {
                    (time.within(column.at_s), edge(column, column.high), edge(column, column.low))
                }));
                let _ = write!(svg, r#"<path class="b{band}" d="{}"/>"#, outline.as_str());
            }
            legend(svg, top - 15.0);
        }
        None => {
            for (class, values) in [("peaks", &waveform.peaks), ("rms", &waveform.rms)] {
                let step_s = duration_s / values.len().max(1) as f64;
                let outline = mirrored(values.iter().enumerate().map(|(index, value)| {
                    let x = time.within((index as f64 + 0.5) * step_s);
                    (x, y.within(f64::from(*value)), y.within(-f64::from(*value)))
                }));
                let _ = write!(svg, r#"<path class="{class}" d="{}"/>"#, outline.as_str());
            }
        }
    }
    if full_dbfs < 0 {
        let _ = write!(
            svg,
            r#"<text class="tiny soft end" x="{}" y="{}">{} dB</text>"#,
            Num(LEFT - 10.0),
            Num(top + 18.0),
            super::words::level(f64::from(full_dbfs), 0)
        );
    }
    let middle = Num(y.at(0.0));
    let _ = write!(svg, r#"<path class="rule" d="M{} {middle}H{}"/>"#, Num(LEFT), Num(RIGHT));
}

/// What the panel's edge stands for: full scale, or a whole number of steps of 6 dB below it for quiet music, as a factor and
/// in dBFS.
fn full_scale(waveform: &Waveform) -> (f64, i32) {
    let largest = match &waveform.detail {
        Some(detail) => {
            let size = |(low, high): &(i8, i8)| i16::from(*high).max(-i16::from(*low));
            f64::from(detail.extremes.iter().map(size).max().unwrap_or(0)) / 128.0
        }
        None => f64::from(waveform.peaks.iter().copied().fold(0.0_f32, f32::max)),
    };
    let mut steps = 0;
    while steps < MOST_STEPS && largest > 0.0 && largest < 0.98 * 0.5_f64.powi(steps + 1) {
        steps += 1;
    }
    (0.5_f64.powi(steps), -6 * steps)
}

/// Marks the places of the highest samples on a line at `top`; in colour when the true peak is above full scale.
pub fn draw_peaks(
    svg: &mut String,
    waveform: &Waveform,
    true_peak_dbtp: Option<f64>,
    time: &Scale,
    top: f64,
) {
    let largest = waveform.peaks.iter().copied().fold(0.0_f32, f32::max);
    if largest <= 0.0 {
        return;
    }
    let (class, says) = match true_peak_dbtp {
        Some(peak) if peak > 0.0 => ("hot", "loud"),
        _ => ("high", "soft"),
    };
    let step_s = time.end() / waveform.peaks.len().max(1) as f64;
    let mut marks = Path::default();
    let mut last = f64::MIN;
    for (index, _) in waveform
        .peaks
        .iter()
        .enumerate()
        .filter(|(_, peak)| f64::from(**peak) >= f64::from(largest) * NEAR_PEAK)
    {
        let x = time.within((index as f64 + 0.5) * step_s);
        // Marks side by side say no more than one.
        if x - last >= 4.0 {
            marks.start(x - 3.0, top);
            marks.line(x + 3.0, top);
            marks.line(x, top + 5.0);
            marks.close();
            last = x;
        }
    }
    let _ =
        write!(svg, r#"<path class="{class}" d="{}"><title>highest samples</title></path>"#, marks.as_str());
    let _ = write!(
        svg,
        r#"<text class="tiny end {says}" x="{}" y="{}">peaks</text>"#,
        Num(LEFT - 10.0),
        Num(top + 6.0)
    );
}

/// A closed outline from (x, upper y, lower y), left to right along the top and back along the bottom.
fn mirrored(points: impl Iterator<Item = (f64, f64, f64)>) -> Path {
    let mut path = Path::default();
    let mut back = Vec::new();
    for (x, upper, lower) in points {
        if path.is_empty() {
            path.start(x, upper);
        } else {
            path.line(x, upper);
        }
        back.push((x, lower));
    }
    for (x, lower) in back.into_iter().rev() {
        path.line(x, lower);
    }
    if !path.is_empty() {
        path.close();
    }
    path
}

/// The cells put together into as many columns as the sheet can show.
fn columns(detail: &WaveformDetail, duration_s: f64, rate_hz: u32) -> Vec<Column> {
    let cells = detail.extremes.len().min(detail.bands.len());
    let count = cells.min(COLUMNS);
    let cell_s = f64::from(detail.frames_per_cell) / f64::from(rate_hz.max(1));
    (0..count)
        .map(|column| {
            let (from, to) = (column * cells / count, ((column + 1) * cells / count).min(cells));
            let low = detail.extremes[from..to].iter().map(|(low, _)| *low).min().unwrap_or(0);
            let high = detail.extremes[from..to].iter().map(|(_, high)| *high).max().unwrap_or(0);
            Column {
                at_s: ((from + to) as f64 / 2.0 * cell_s).min(duration_s),
                low: f64::from(low) / 128.0,
                high: f64::from(high) / 127.0,
                shares: shares(&detail.bands[from..to]),
            }
        })
        .collect()
}

/// Where each band ends as a share of the height, from the mean amplitude of each over some cells.
fn shares(cells: &[[u8; 4]]) -> [f64; 4] {
    let mut sums = [0.0; 4];
    for cell in cells {
        let mut raise = 1.0;
        for (sum, level) in sums.iter_mut().zip(cell) {
            // 0 is -60 dBFS and less, 255 is 0 dBFS.
            let amplitude =
                if *level == 0 { 0.0 } else { 10f64.powf((f64::from(*level) / 255.0 - 1.0) * 3.0) };
            *sum += amplitude * raise;
            raise *= TILT;
        }
    }
    let whole: f64 = sums.iter().sum();
    if whole <= 0.0 {
        return [0.25, 0.5, 0.75, 1.0];
    }
    let mut end = 0.0;
    let mut ends = sums.map(|sum| {
        end += sum / whole;
        f64::min(end, 1.0)
    });
    ends[3] = 1.0;
    ends
}

fn legend(svg: &mut String, baseline: f64) {
    let mut right = RIGHT;
    for (band, name) in BANDS.iter().enumerate().rev() {
        let _ = write!(
            svg,
            r#"<text class="tiny soft end" x="{}" y="{}">{}</text>"#,
            Num(right),
            Num(baseline),
            Text(name)
        );
        right -= super::words::width(name, 10.0) + 14.0;
        let _ = write!(
            svg,
            r#"<rect class="b{band}" x="{}" y="{}" width="9" height="9" rx="2"/>"#,
            Num(right),
            Num(baseline - 8.0)
        );
        right -= 14.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bands_share_the_height() {
        assert_eq!(shares(&[[0; 4]]), [0.25, 0.5, 0.75, 1.0]);
        assert_eq!(shares(&[[255, 0, 0, 0]]), [1.0; 4]);
        let mixed = shares(&[[200, 180, 150, 90], [220, 10, 0, 255]]);
        assert!(mixed.windows(2).all(|pair| pair[0] <= pair[1]) && mixed[0] > 0.0, "{mixed:?}");
    }

    #[test]
    fn columns_cover_every_cell_and_stay_in_time() {
        for cells in [1, 2, 799, 1072, 1073, 8192] {
            let mut extremes = vec![(-3, 3); cells];
            extremes[cells - 1] = (-128, 127);
            let detail = WaveformDetail { frames_per_cell: 64, extremes, bands: vec![[9; 4]; cells] };
            let duration_s = (cells * 64) as f64 / 48_000.0;
            let columns = columns(&detail, duration_s, 48_000);
            assert!(columns.len() == cells.min(COLUMNS));
            assert_eq!(columns.last().map(|column| (column.low, column.high)), Some((-1.0, 1.0)));
            assert!(columns.iter().all(|column| (0.0..=duration_s).contains(&column.at_s)));
        }
    }
}
