//! Keys in colour: the strip of segments, and the wheel of fifths in the header.
//!
//! A key's colour is its place on the wheel: keys that go well together have neighbouring hues, a minor key is the
//! darker shade of its relative major.

use std::{f64::consts::TAU, fmt::Write as _};

use fanfare_model::features::{Key, KeySegment, Mode};

use super::{
    scale::{Scale, clock},
    svg::{Num, Text},
    words::{key_name, percent, width},
};

/// Height of the strip.
pub const HEIGHT: f64 = 24.0;
/// Shorter segments are not drawn, in user units.
const SHORTEST: f64 = 1.0;

/// Colours of the places 1 to 12 on the Camelot wheel, in major (B) and in minor (A): even steps of hue at OKLCH lightness
/// 0.80 and 0.68, chroma 0.115, place 1 at hue 30 (red), in sRGB.
const COLOURS: [[&str; 2]; 12] = [
    ["#ffa191", "#d67c6d"],
    ["#f4ac6f", "#cc8649"],
    ["#daba61", "#b49539"],
    ["#b4c972", "#8fa34c"],
    ["#86d396", "#60ac72"],
    ["#5ad6c0", "#27af9b"],
    ["#50d2e6", "#13abbf"],
    ["#74c7ff", "#4da1d8"],
    ["#a1baff", "#7d94df"],
    ["#c9adfd", "#a387d5"],
    ["#e8a2e1", "#c07dba"],
    ["#fb9ebb", "#d27995"],
];

/// The place of a Camelot code on the wheel: 0 to 11, and whether it is a minor key.
fn place(camelot: &str) -> Option<(usize, bool)> {
    let minor = match camelot.chars().next_back()? {
        'A' => true,
        'B' => false,
        _ => return None,
    };
    let number: usize = camelot[..camelot.len() - 1].parse().ok()?;
    (1..=12).contains(&number).then(|| (number - 1, minor))
}

/// The colour of a Camelot code; grey for what is none.
fn colour(camelot: &str) -> &'static str {
    place(camelot).map_or("#9a9a9a", |(number, minor)| COLOURS[number][usize::from(minor)])
}

/// One stretch of the strip.
struct Stretch<'a> {
    from: f64,
    to: f64,
    tonic: &'a str,
    mode: Mode,
    camelot: &'a str,
    title: String,
}

/// Draws the strip with its top at `top`. A key without segments is one stretch.
pub fn draw(svg: &mut String, key: &Key, time: &Scale, top: f64) {
    let whole = KeySegment {
        start_s: 0.0,
        end_s: time.end(),
        tonic: key.tonic.clone(),
        mode: key.mode,
        confidence: key.confidence,
        camelot: key.camelot.clone(),
    };
    let segments = if key.segments.is_empty() { std::slice::from_ref(&whole) } else { &key.segments[..] };
    for stretch in stretches(segments, time) {
        let room = stretch.to - stretch.from;
        let _ = write!(
            svg,
            r#"<rect x="{}" y="{}" width="{}" height="{}" rx="3" fill="{}"><title>{}</title></rect>"#,
            Num(stretch.from),
            Num(top),
            // A hair of paper between neighbours.
            Num((room - 1.0).max(SHORTEST)),
            Num(HEIGHT),
            colour(stretch.camelot),
            Text(&stretch.title),
        );
        let name = key_name(stretch.tonic, stretch.mode);
        let labels = [format!("{name} · {}", stretch.camelot), name, stretch.camelot.to_owned()];
        if let Some(label) = labels.iter().find(|label| width(label, 12.0) + 14.0 <= room) {
            let _ = write!(
                svg,
                r#"<text class="onkey" x="{}" y="{}">{}</text>"#,
                Num(stretch.from + 8.0),
                Num(top + 16.2),
                Text(label)
            );
        }
    }
}

/// The segments as far as they can be seen, neighbours of the same key as one.
fn stretches<'a>(segments: &'a [KeySegment], time: &Scale) -> Vec<Stretch<'a>> {
    let mut stretches: Vec<Stretch<'_>> = Vec::new();
    for segment in segments {
        let start = stretches.last().map_or(f64::MIN, |last| last.to);
        let (from, to) = (time.within(segment.start_s).max(start), time.within(segment.end_s));
        match stretches.last_mut() {
            Some(last) if last.camelot == segment.camelot && from - last.to < SHORTEST => {
                last.to = last.to.max(to)
            }
            _ if to - from >= SHORTEST => stretches.push(Stretch {
                from,
                to,
                tonic: &segment.tonic,
                mode: segment.mode,
                camelot: &segment.camelot,
                title: format!(
                    "{} ({}), {} to {}, {} sure",
                    key_name(&segment.tonic, segment.mode),
                    segment.camelot,
                    clock(segment.start_s, 1.0),
                    clock(segment.end_s, 1.0),
                    percent(segment.confidence)
                ),
            }),
            _ => {}
        }
    }
    stretches
}

/// Draws the wheel around a centre: major keys outside, minor inside, every key that the track visits in full colour.
pub fn draw_wheel(svg: &mut String, key: &Key, centre: (f64, f64), radius: f64) {
    let visited: Vec<_> = std::iter::once(key.camelot.as_str())
        .chain(key.segments.iter().map(|segment| segment.camelot.as_str()))
        .filter_map(place)
        .collect();
    let home = place(&key.camelot);
    let _ = write!(svg, "<g>");
    for (number, colours) in COLOURS.iter().enumerate() {
        for (minor, colour) in [false, true].into_iter().zip(colours) {
            let (outer, inner) = if minor { (0.66, 0.36) } else { (1.0, 0.70) };
            let here = Some((number, minor)) == home;
            let opacity = match (here, visited.contains(&(number, minor))) {
                (true, _) => "1",
                (_, true) => ".8",
                _ => ".26",
            };
            sector(svg, centre, (outer * radius, inner * radius), number, colour, opacity);
        }
    }
    let _ = write!(
        svg,
        r#"<text class="small mid" font-weight="650" x="{}" y="{}">{}</text></g>"#,
        Num(centre.0),
        Num(centre.1 + 4.0),
        Text(&key.camelot)
    );
}

/// One key of the wheel, as on a clock: place 12 is at the top.
fn sector(
    svg: &mut String,
    centre: (f64, f64),
    (outer, inner): (f64, f64),
    number: usize,
    colour: &str,
    opacity: &str,
) {
    // A gap of paper between neighbours.
    let (from, to) = ((number as f64 + 0.54) / 12.0 * TAU, (number as f64 + 1.46) / 12.0 * TAU);
    let point = |angle: f64, radius: f64| {
        (Num(centre.0 + radius * angle.sin()), Num(centre.1 - radius * angle.cos()))
    };
    let corners = [point(from, outer), point(to, outer), point(to, inner), point(from, inner)];
    let [a, b, c, d] = corners;
    let (outer, inner) = (Num(outer), Num(inner));
    let _ = write!(
        svg,
        r#"<path fill="{colour}" opacity="{opacity}" d="M{} {}A{outer} {outer} 0 0 1 {} {}L{} {}A{inner} {inner} 0 0 0 {} {}z"/>"#,
        a.0, a.1, b.0, b.1, c.0, c.1, d.0, d.1
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_a_colour_of_its_own() {
        let mut seen = std::collections::HashSet::new();
        for pitch_class in 0..12 {
            for mode in [Mode::Major, Mode::Minor] {
                assert!(seen.insert(colour(&Key::new(pitch_class, mode, 1.0).camelot)));
            }
        }
        for nonsense in ["", "8", "A", "0B", "13A", "8C", "é", "99999999999999999999A"] {
            assert_eq!(colour(nonsense), "#9a9a9a", "{nonsense}");
        }
    }

    #[test]
    fn neighbours_of_one_key_are_one_stretch_and_slivers_go() {
        let segment = |start_s: f64, end_s: f64, camelot: &str| KeySegment {
            start_s,
            end_s,
            tonic: "A".to_owned(),
            mode: Mode::Minor,
            confidence: 0.5,
            camelot: camelot.to_owned(),
        };
        let segments = [
            segment(0.0, 30.0, "8A"),
            segment(30.0, 60.0, "8A"),
            segment(60.0, 60.01, "9A"),
            segment(60.01, 90.0, "3B"),
        ];
        let time = Scale::new((0.0, 90.0), (0.0, 900.0));
        let found: Vec<_> = stretches(&segments, &time)
            .iter()
            .map(|stretch| (stretch.from, stretch.to, stretch.camelot.to_owned()))
            .collect();
        assert_eq!(found, [(0.0, 600.0, "8A".to_owned()), (600.1, 900.0, "3B".to_owned())]);
    }
}
