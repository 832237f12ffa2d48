//! The sheet as a whole: which panels there are, where they stand, the axis of time, and the small print.

use std::fmt::Write as _;

use super::{
    beats, header, keys, loudness,
    scale::{Scale, clock, ticks, time_step},
    sheet::Sheet,
    style::{LEFT, RIGHT, STYLE, SURFACE, WIDTH},
    svg::{Num, Text},
    waveform,
    words::{key_name, level, lines, percent, tempo},
};

/// Room for one row of captions over a panel.
const CAPTION: f64 = 28.0;
/// Most ticks on the axis of time.
const TIME_TICKS: usize = 13;
/// Most lines of small print.
const SMALL_PRINT: usize = 7;
/// Height of a line of small print, and its font's size.
const LINE: f64 = 15.0;
const SMALL: f64 = 10.0;
/// The longest track that an axis is made for, in seconds: some thirty years.
const LONGEST_S: f64 = 1e9;

/// Draws everything.
pub fn draw(sheet: &Sheet<'_>) -> String {
    let features = sheet.features;
    let duration_s =
        if sheet.duration_s.is_finite() { sheet.duration_s.clamp(1e-3, LONGEST_S) } else { LONGEST_S };
    let time = Scale::new((0.0, duration_s), (LEFT, RIGHT));
    // The panels are drawn first: how high the sheet is follows from which there are.
    let mut body = String::with_capacity(128 * 1024);
    let mut y = header::HEIGHT;
    if let Some(key) = &features.key {
        keys::draw(&mut body, key, &time, y);
        caption(&mut body, "key", y + 16.0);
        y += keys::HEIGHT;
    }
    y += CAPTION;
    let panel = (y, y + waveform::HEIGHT);
    // Where the hairlines of the time axis begin: the waveform has those of the bars, if there are any.
    let mut curves = if features.rhythm.as_ref().is_some_and(|rhythm| !rhythm.downbeats_s.is_empty()) {
        f64::MAX
    } else {
        y
    };
    if let Some(shape) = &features.waveform {
        waveform::draw(&mut body, shape, duration_s, sheet.sample_rate_hz, &time, y);
        let true_peak = features.loudness.as_ref().and_then(|loudness| loudness.true_peak_dbtp);
        waveform::draw_peaks(&mut body, shape, true_peak.map(|peak| peak.0), &time, y - 7.0);
        y += waveform::HEIGHT + 8.0;
    }
    if let Some(rhythm) = &features.rhythm {
        beats::draw(&mut body, rhythm, &time, panel, y);
        y += beats::LANE_HEIGHT;
        if beats::moves(rhythm) {
            y += CAPTION;
            curves = f64::min(curves, y);
            heading(&mut body, "LOCAL TEMPO, BPM", y - 8.0);
            beats::draw_tempo(&mut body, rhythm, &time, y);
            y += beats::TEMPO_HEIGHT;
        }
    }
    if let Some(level) = &features.loudness {
        let at = y + CAPTION;
        if loudness::draw(&mut body, level, &time, at) {
            heading(&mut body, "LOUDNESS, LUFS", at - 8.0);
            loudness_legend(&mut body, at - 8.0);
            y = at + loudness::HEIGHT;
            curves = f64::min(curves, at);
        }
    }
    let mut grid = String::new();
    axis(&mut grid, &mut body, &time, (curves, y));
    y += 42.0;
    y = small_print(&mut body, sheet, y);
    let height = Num(y + 18.0);

    let mut svg = String::with_capacity(body.len() + 8 * 1024);
    let (title, by) = header::names(sheet);
    let by = by.map(|by| format!(" – {by}")).unwrap_or_default();
    let _ = write!(
        svg,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{height}\" \
         viewBox=\"0 0 {0} {height}\" role=\"img\" aria-labelledby=\"title desc\"><title id=\"title\">{1}{2}</title>\
         <desc id=\"desc\">{3}</desc><style>{STYLE}</style>{SURFACE}<rect class=\"paper\" width=\"{0}\" height=\"{height}\"/>",
        Num(WIDTH),
        Text(&title),
        Text(&by),
        Text(&description(sheet)),
    );
    svg.push_str(&grid);
    header::draw(&mut svg, sheet);
    svg.push_str(&body);
    svg.push_str("</svg>\n");
    svg
}

/// A word in the left margin, beside what it names.
fn caption(svg: &mut String, text: &str, baseline: f64) {
    let _ = write!(
        svg,
        r#"<text class="tiny soft end" x="{}" y="{}">{text}</text>"#,
        Num(LEFT - 10.0),
        Num(baseline)
    );
}

/// A heading over a panel.
fn heading(svg: &mut String, text: &str, baseline: f64) {
    let _ = write!(svg, r#"<text class="head soft" x="{}" y="{}">{text}</text>"#, Num(LEFT), Num(baseline));
}

fn loudness_legend(svg: &mut String, baseline: f64) {
    let mut right = RIGHT;
    for (name, sign) in [
        ("loudness range", r#"class="lra" d="M0 -9h20v11h-20z""#),
        ("integrated", r#"class="whole" d="M0 -3h20""#),
        ("short-term", r#"class="short" d="M0 -3h20""#),
        ("momentary", r#"class="moment" d="M0 -9h20v11h-20z""#),
    ] {
        let _ = write!(
            svg,
            r#"<text class="tiny soft end" x="{}" y="{}">{name}</text>"#,
            Num(right),
            Num(baseline)
        );
        right -= super::words::width(name, SMALL) + 28.0;
        let _ = write!(svg, r#"<path {sign} transform="translate({} {})"/>"#, Num(right), Num(baseline));
        right -= 14.0;
    }
}

/// The axis of time below everything, with hairlines through all panels.
fn axis(grid: &mut String, labels: &mut String, time: &Scale, (top, bottom): (f64, f64)) {
    let step = time_step(time.end(), TIME_TICKS);
    let (top, base) = (Num(top.min(bottom)), Num(bottom + 8.0));
    let _ = write!(labels, r#"<path class="rule" d="M{} {base}H{}"/>"#, Num(LEFT), Num(RIGHT));
    for tick in ticks(0.0, time.end(), step) {
        let x = time.at(tick);
        let _ = write!(grid, r#"<path class="grid" d="M{} {top}V{base}"/>"#, Num(x));
        let _ = write!(
            labels,
            r#"<text class="small soft mid" x="{}" y="{}">{}</text>"#,
            Num(x),
            Num(bottom + 23.0),
            clock(tick, step)
        );
    }
}

/// Figures that have no panel, warnings, and who drew this; gives the baseline of the last line.
fn small_print(svg: &mut String, sheet: &Sheet<'_>, top: f64) -> f64 {
    let room = RIGHT - LEFT;
    let mut rows: Vec<(&str, String)> = Vec::new();
    let figures = figures(sheet);
    if !figures.is_empty() {
        rows.extend(lines(&figures, SMALL, room - 60.0, 2).into_iter().map(|line| ("tiny soft", line)));
    }
    let warnings = &sheet.features.warnings;
    for (index, warning) in warnings.iter().enumerate() {
        // Room is kept for the line that says how many more there are.
        if rows.len() + 1 >= SMALL_PRINT && warnings.len() - index > 1 {
            rows.push(("tiny soft", format!("and {} more warnings", warnings.len() - index)));
            break;
        }
        let left = SMALL_PRINT - rows.len();
        rows.extend(
            lines(warning, SMALL, room - 60.0, left.min(2)).into_iter().map(|line| ("tiny warn", line)),
        );
    }
    let mut y = top;
    for (index, (class, row)) in rows.iter().enumerate() {
        y = top + index as f64 * LINE;
        let _ = write!(svg, r#"<text class="{class}" x="{}" y="{}">{}</text>"#, Num(LEFT), Num(y), Text(row));
    }
    let _ = write!(svg, r#"<text class="tiny soft end" x="{}" y="{}">fanfare</text>"#, Num(RIGHT), Num(y));
    y
}

fn figures(sheet: &Sheet<'_>) -> String {
    let features = sheet.features;
    let mut figures = Vec::new();
    if let Some(rhythm) = &features.rhythm {
        figures.extend(rhythm.onset_rate_hz.map(|rate| format!("{} onsets a second", level(rate, 1))));
        figures.extend(rhythm.danceability.map(|dance| format!("danceability {}", level(dance, 2))));
    }
    if let Some(dynamics) = &features.dynamics {
        figures.extend(dynamics.rms_dbfs.map(|rms| format!("RMS {} dBFS", level(rms.0, 1))));
        figures.extend(
            dynamics
                .complexity_db
                .map(|complexity| format!("dynamic complexity {} dB", level(complexity, 1))),
        );
        for (name, silence_s) in [("before", dynamics.silence_head_s), ("after", dynamics.silence_tail_s)] {
            if silence_s >= 0.05 {
                figures.push(format!("{} s of silence {name}", level(silence_s, 1)));
            }
        }
    }
    if let Some(timbre) = &features.timbre {
        figures.extend(
            timbre.centroid_hz.map(|centroid| format!("spectral centroid {} Hz", level(centroid, 0))),
        );
    }
    if let Some(kind) = &features.speech_music {
        figures.push(format!("music {}, speech {}", percent(kind.music), percent(kind.speech)));
    }
    // The large line has the title where there is one.
    if header::names(sheet).0 != sheet.file_name {
        figures.push(sheet.file_name.to_owned());
    }
    figures.join("  ·  ")
}

/// The sheet in one paragraph, for those who cannot see it.
fn description(sheet: &Sheet<'_>) -> String {
    let features = sheet.features;
    let mut text = format!("What was analyzed in {}: {} long", sheet.file_name, clock(sheet.duration_s, 1.0));
    if let Some(loudness) = &features.loudness {
        if let Some(whole) = loudness.integrated_lufs {
            let _ = write!(text, ", {} LUFS", level(whole.0, 1));
        }
        if let Some(range) = loudness.range_lu {
            let _ = write!(text, ", loudness range {} LU", level(range.0, 1));
        }
        if let Some(peak) = loudness.true_peak_dbtp {
            let _ = write!(text, ", true peak {} dBTP", level(peak.0, 1));
        }
    }
    match features
        .rhythm
        .as_ref()
        .map(|rhythm| (rhythm.tempo_bpm, rhythm.beats_s.len(), rhythm.downbeats_s.len()))
    {
        Some((Some(bpm), beats, bars)) => {
            let _ = write!(text, ", {} BPM, {beats} beats in {bars} bars", tempo(bpm.0));
        }
        Some((None, ..)) => text.push_str(", no steady beat"),
        None => {}
    }
    if let Some(key) = &features.key {
        let _ = write!(text, ", in {} ({})", key_name(&key.tonic, key.mode), key.camelot);
        if key.segments.len() > 1 {
            let _ = write!(text, " with {} stretches of key", key.segments.len());
        }
    }
    text.push_str(". The panels show, over time: the keys in turn, the waveform coloured by frequency band, beats and bars, and loudness.");
    text
}
