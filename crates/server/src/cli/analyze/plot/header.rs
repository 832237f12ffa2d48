//! The top of a sheet: title, the wheel of keys, and six figures with what belongs to them.

use std::fmt::Write as _;

use fanfare_model::features::{Dynamics, Loudness, Rhythm, TempoStability};

use super::{
    keys,
    scale::clock,
    sheet::Sheet,
    style::{LEFT, RIGHT},
    svg::{Num, Text},
    words::{cut, key_name, level, percent, signed, tempo, width},
};

/// Height of the header, from the top of the sheet.
pub const HEIGHT: f64 = 212.0;
/// Radius of the wheel.
const WHEEL: f64 = 48.0;
/// Sizes of the fonts, as in the style sheet.
const TITLE: f64 = 30.0;
const SUBTITLE: f64 = 16.0;
const VALUE: f64 = 25.0;

/// One of the figures.
struct Figure {
    head: &'static str,
    value: String,
    unit: &'static str,
    below: [String; 2],
    /// The first line below is a warning.
    warns: bool,
}

/// Draws the header.
pub fn draw(svg: &mut String, sheet: &Sheet<'_>) {
    let key = sheet.features.key.as_ref();
    let room = RIGHT - LEFT - if key.is_some() { WHEEL * 2.0 + 24.0 } else { 0.0 };
    let (title, subtitle) = names(sheet);
    let line = |svg: &mut String, class: &str, size: f64, y: f64, text: &str| {
        let text = cut(text, size, room);
        let _ =
            write!(svg, r#"<text class="{class}" x="{}" y="{}">{}</text>"#, Num(LEFT), Num(y), Text(&text));
    };
    // A title alone stands in the middle of the two lines.
    line(svg, "title", TITLE, if subtitle.is_some() { 62.0 } else { 76.0 }, &title);
    if let Some(subtitle) = subtitle {
        line(svg, "artist", SUBTITLE, 91.0, &subtitle);
    }
    if let Some(key) = key {
        keys::draw_wheel(svg, key, (RIGHT - WHEEL, 70.0), WHEEL);
    }
    let figures = figures(sheet);
    let step = (RIGHT - LEFT) / figures.len() as f64;
    for (index, figure) in figures.iter().enumerate() {
        draw_figure(svg, figure, LEFT + index as f64 * step, step - 12.0);
    }
}

/// The large line and the one below it.
pub fn names(sheet: &Sheet<'_>) -> (String, Option<String>) {
    let given = |text: Option<&str>| text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    let by = match (given(sheet.artist), given(sheet.album)) {
        (Some(artist), Some(album)) => Some(format!("{artist} · {album}")),
        (artist, album) => artist.or(album),
    };
    given(sheet.title).map_or_else(|| (sheet.file_name.to_owned(), by.clone()), |title| (title, by.clone()))
}

fn draw_figure(svg: &mut String, figure: &Figure, x: f64, room: f64) {
    let _ = write!(svg, r#"<text class="head soft" x="{}" y="134">{}</text>"#, Num(x), figure.head);
    // A figure is never cut short of its unit.
    let unit = if figure.unit.is_empty() { 0.0 } else { width(figure.unit, 13.0) + 6.0 };
    let value = cut(&figure.value, VALUE, room - unit);
    let _ = write!(svg, r#"<text class="value" x="{}" y="163">{}"#, Num(x), Text(&value));
    if !figure.unit.is_empty() {
        let _ = write!(svg, r#" <tspan class="unit">{}</tspan>"#, figure.unit);
    }
    svg.push_str("</text>");
    for (index, text) in figure.below.iter().enumerate().filter(|(_, text)| !text.is_empty()) {
        let class = if index == 0 && figure.warns { "small warn" } else { "small soft" };
        let text = cut(text, 11.0, room);
        let y = 183.0 + index as f64 * 15.5;
        let _ = write!(svg, r#"<text class="{class}" x="{}" y="{}">{}</text>"#, Num(x), Num(y), Text(&text));
    }
}

const UNKNOWN: &str = "–";

fn or_unknown(text: Option<String>) -> String {
    text.unwrap_or_else(|| UNKNOWN.to_owned())
}

fn figures(sheet: &Sheet<'_>) -> [Figure; 6] {
    let features = sheet.features;
    let (loudness, dynamics) = (features.loudness.as_ref(), features.dynamics.as_ref());
    [
        Figure {
            head: "LENGTH",
            value: clock(sheet.duration_s, if sheet.duration_s < 10.0 { 0.1 } else { 1.0 }),
            unit: "",
            below: format_of(sheet),
            warns: false,
        },
        loudness_figure(loudness),
        range_figure(loudness, dynamics),
        peak_figure(loudness, dynamics),
        tempo_figure(features.rhythm.as_ref()),
        Figure {
            head: "KEY",
            value: or_unknown(features.key.as_ref().map(|key| key_name(&key.tonic, key.mode))),
            unit: "",
            below: features.key.as_ref().map_or_else(Default::default, |key| {
                [
                    format!("{} · {} sure", key.camelot, percent(key.confidence)),
                    key.tuning_cents.map(tuning).unwrap_or_default(),
                ]
            }),
            warns: false,
        },
    ]
    .map(|mut figure| {
        if figure.value == UNKNOWN {
            figure.unit = "";
        }
        if figure.below[0].is_empty() {
            figure.below.swap(0, 1);
            figure.warns = false;
        }
        figure
    })
}

/// A line below a figure: up to which value it goes at most.
fn up_to(what: &str, value: Option<f64>) -> String {
    value.map(|value| format!("{what} {}", level(value, 1))).unwrap_or_default()
}

fn loudness_figure(loudness: Option<&Loudness>) -> Figure {
    Figure {
        head: "LOUDNESS",
        value: or_unknown(
            loudness.and_then(|loudness| loudness.integrated_lufs).map(|whole| level(whole.0, 1)),
        ),
        unit: "LUFS",
        below: [
            up_to("momentary to", loudness.and_then(|loudness| loudness.momentary_max_lufs).map(|max| max.0)),
            loudness
                .and_then(|loudness| loudness.replaygain_track_gain_db)
                .map(|gain| format!("ReplayGain {} dB", signed(gain, 1)))
                .unwrap_or_default(),
        ],
        warns: false,
    }
}

fn range_figure(loudness: Option<&Loudness>, dynamics: Option<&Dynamics>) -> Figure {
    Figure {
        head: "LOUDNESS RANGE",
        value: or_unknown(loudness.and_then(|loudness| loudness.range_lu).map(|range| level(range.0, 1))),
        unit: "LU",
        below: [
            up_to(
                "short-term to",
                loudness.and_then(|loudness| loudness.short_term_max_lufs).map(|max| max.0),
            ),
            dynamics
                .and_then(|dynamics| dynamics.crest_db)
                .map(|crest| format!("crest {} dB", level(crest, 1)))
                .unwrap_or_default(),
        ],
        warns: false,
    }
}

fn peak_figure(loudness: Option<&Loudness>, dynamics: Option<&Dynamics>) -> Figure {
    let true_peak = loudness.and_then(|loudness| loudness.true_peak_dbtp).map(|peak| peak.0);
    let clipped = dynamics.map_or(0, |dynamics| dynamics.clipped_frames);
    Figure {
        head: "TRUE PEAK",
        value: or_unknown(true_peak.map(|peak| level(peak, 1))),
        unit: "dBTP",
        below: [
            match (true_peak, clipped) {
                (_, 1..) => format!("{clipped} clipped frames"),
                (Some(peak), _) if peak > 0.0 => "above full scale".to_owned(),
                _ => String::new(),
            },
            loudness
                .and_then(|loudness| loudness.sample_peak_dbfs)
                .map(|peak| format!("samples {} dBFS", level(peak.0, 1)))
                .unwrap_or_default(),
        ],
        warns: true,
    }
}

fn tempo_figure(rhythm: Option<&Rhythm>) -> Figure {
    let steadiness = rhythm.and_then(|rhythm| rhythm.tempo_stability).map(|stability| match stability {
        TempoStability::Steady => "steady".to_owned(),
        TempoStability::Drifting => "drifting".to_owned(),
        TempoStability::Rubato => "rubato".to_owned(),
    });
    let bar = rhythm.and_then(|rhythm| rhythm.beats_per_bar).map(|beats| format!("{beats} beats a bar"));
    let others: Vec<_> = rhythm.map_or_else(Vec::new, |rhythm| {
        rhythm
            .tempo_candidates
            .iter()
            .skip(1)
            .take(2)
            .map(|other| format!("{} ({})", tempo(other.tempo_bpm.0), percent(other.confidence)))
            .collect()
    });
    let confidence = rhythm
        .and_then(|rhythm| rhythm.tempo_confidence)
        .filter(|_| rhythm.is_some_and(|rhythm| rhythm.tempo_bpm.is_some()))
        .map(|confidence| format!("{} sure", percent(confidence)));
    Figure {
        head: "TEMPO",
        value: or_unknown(rhythm.and_then(|rhythm| rhythm.tempo_bpm).map(|bpm| tempo(bpm.0))),
        unit: "BPM",
        below: [
            [steadiness, bar].into_iter().flatten().collect::<Vec<_>>().join(", "),
            if others.is_empty() {
                confidence.unwrap_or_default()
            } else {
                format!("or {}", others.join(", "))
            },
        ],
        warns: false,
    }
}

/// The tuning in cents and as the frequency of the tuning fork.
fn tuning(cents: f64) -> String {
    let cents = if cents.is_finite() { cents.clamp(-50.0, 50.0) } else { 0.0 };
    format!("{} cents (A = {:.1} Hz)", signed(cents, 0), 440.0 * (cents / 1200.0).exp2())
}

fn format_of(sheet: &Sheet<'_>) -> [String; 2] {
    let rate = level(f64::from(sheet.sample_rate_hz) / 1000.0, 3);
    let rate = rate.trim_end_matches('0').trim_end_matches('.');
    let depth = sheet.bit_depth.map(|bits| format!(" / {bits} bit")).unwrap_or_default();
    let channels = match sheet.channels {
        1 => "mono".to_owned(),
        2 => "stereo".to_owned(),
        more => format!("{more} channels"),
    };
    [format!("{rate} kHz{depth}"), format!("{} · {channels}", sheet.codec)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tuning_is_shown_as_cents_and_as_a_fork() {
        for (cents, expected) in [
            (0.0, "0 cents (A = 440.0 Hz)"),
            (-31.8, "−32 cents (A = 432.0 Hz)"),
            (f64::INFINITY, "0 cents (A = 440.0 Hz)"),
        ] {
            assert_eq!(tuning(cents), expected);
        }
    }
}
