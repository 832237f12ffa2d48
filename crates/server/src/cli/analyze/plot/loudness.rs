//! The loudness over time: momentary as a surface, short-term as a line, the whole as a dashed line, the range as a band.

use std::fmt::Write as _;

use fanfare_model::features::{Loudness, LoudnessSeries};

use super::{
    scale::{Scale, round_step, ticks},
    style::{LEFT, RIGHT},
    svg::{Num, Path},
    words::level,
};

/// Height of the panel.
pub const HEIGHT: f64 = 168.0;
/// Half of a window: a value is drawn in the middle of what it measures, below the sound it belongs to.
const HALF_MOMENTARY_S: f64 = 0.2;
const HALF_SHORT_TERM_S: f64 = 1.5;
/// Least extent of the axis in LU, so that steady music looks steady.
const LEAST_EXTENT_LU: f64 = 25.0;
/// Lowest level on the axis: the absolute gate of BS.1770-5.
const FLOOR_LUFS: f64 = -70.0;
/// Share of the momentary values that may fall below the axis: fades and pauses need not be drawn to their ground.
const BELOW: f64 = 0.03;

/// Draws the panel with its top at `top`; `false` when there is nothing to draw.
pub fn draw(svg: &mut String, loudness: &Loudness, time: &Scale, top: f64) -> bool {
    let Some(series) = loudness.series.as_ref().filter(|series| series.step_s > 0.0) else { return false };
    let Some((low, high)) = extent(series) else { return false };
    let y = Scale::new((low, high), (top + HEIGHT, top));
    let (left, right) = (Num(LEFT), Num(RIGHT));
    let step = round_step(high - low, 6).max(5.0);
    for tick in ticks(low, high, step) {
        let place = y.at(tick);
        let _ = write!(svg, r#"<path class="grid" d="M{left} {}H{right}"/>"#, Num(place));
        let _ = write!(
            svg,
            r#"<text class="tiny soft end" x="{}" y="{}">{}</text>"#,
            Num(LEFT - 10.0),
            Num(place + 3.5),
            level(tick, 0)
        );
    }
    if let Some((from, to)) = band(loudness, series) {
        let (upper, lower) = (y.within(to), y.within(from));
        let _ = write!(
            svg,
            r#"<rect class="lra" x="{left}" y="{}" width="{}" height="{}"><title>loudness range</title></rect>"#,
            Num(upper),
            Num(RIGHT - LEFT),
            Num(lower - upper)
        );
    }
    surface(svg, series, time, &y);
    line(svg, series, time, &y);
    if let Some(whole) = loudness.integrated_lufs {
        let place = y.within(whole.0);
        let _ = write!(svg, r#"<path class="whole" d="M{left} {}H{right}"/>"#, Num(place));
        let _ = write!(
            svg,
            r#"<text class="small loud" x="{}" y="{}">{}</text>"#,
            Num(RIGHT + 7.0),
            Num(place + 4.0),
            level(whole.0, 1)
        );
    }
    true
}

/// The surface under the momentary loudness.
fn surface(svg: &mut String, series: &LoudnessSeries, time: &Scale, y: &Scale) {
    let ground = y.within(f64::MIN);
    let mut path = Path::default();
    let mut last = None;
    for (x, value) in places(&series.momentary_lufs, series.step_s, HALF_MOMENTARY_S, time) {
        match (value, last) {
            (Some(value), None) => {
                path.start(x, ground);
                path.line(x, y.within(value));
            }
            (Some(value), Some(_)) => path.line(x, y.within(value)),
            (None, Some(before)) => {
                path.line(before, ground);
                path.close();
            }
            (None, None) => {}
        }
        last = value.map(|_| x);
    }
    if let Some(before) = last {
        path.line(before, ground);
        path.close();
    }
    let _ = write!(svg, r#"<path class="moment" d="{}"/>"#, path.as_str());
}

/// The line of the short-term loudness, broken where there is none.
fn line(svg: &mut String, series: &LoudnessSeries, time: &Scale, y: &Scale) {
    let mut path = Path::default();
    let mut drawing = false;
    for (x, value) in places(&series.short_term_lufs, series.step_s, HALF_SHORT_TERM_S, time) {
        match value {
            Some(value) if drawing => path.line(x, y.within(value)),
            Some(value) => path.start(x, y.within(value)),
            None => {}
        }
        drawing = value.is_some();
    }
    let _ = write!(svg, r#"<path class="short" d="{}"/>"#, path.as_str());
}

/// Where each step is on the sheet, and its value if it has one.
fn places<'a>(
    values: &'a [Option<f32>],
    step_s: f64,
    half_s: f64,
    time: &'a Scale,
) -> impl Iterator<Item = (f64, Option<f64>)> + 'a {
    let most = LoudnessSeries::MOST;
    values.iter().take(most).enumerate().map(move |(index, value)| {
        let at_s = (index as f64 + 1.0) * step_s - half_s;
        (time.within(at_s), value.map(f64::from).filter(|value| value.is_finite()))
    })
}

/// The axis: from below nearly everything to above everything, in whole fives.
fn extent(series: &LoudnessSeries) -> Option<(f64, f64)> {
    let values = sorted(&series.momentary_lufs);
    let (least, most) = (quantile(&values, BELOW)?, *values.last()?);
    let high = (most / 5.0).ceil() * 5.0;
    let low = ((least - 1.0) / 5.0).floor() * 5.0;
    // Nothing outside of what a meter shows, whatever the numbers say.
    let high = high.clamp(FLOOR_LUFS + LEAST_EXTENT_LU, 30.0);
    Some((low.min(high - LEAST_EXTENT_LU).max(FLOOR_LUFS), high))
}

/// Where the band of the loudness range lies. EBU Tech 3342 takes the 10th and the 95th percentile of the gated short-term
/// values; from a series whose steps hold maxima they come out a little high, so only their middle is used and the
/// extent is the measured one.
fn band(loudness: &Loudness, series: &LoudnessSeries) -> Option<(f64, f64)> {
    let range = loudness.range_lu?.0;
    let gate = loudness.integrated_lufs?.0 - 20.0;
    let values = sorted(&series.short_term_lufs);
    let gated = &values[values.partition_point(|value| *value < gate)..];
    let middle = f64::midpoint(quantile(gated, 0.10)?, quantile(gated, 0.95)?);
    (range > 0.0).then_some((middle - range / 2.0, middle + range / 2.0))
}

fn sorted(values: &[Option<f32>]) -> Vec<f64> {
    let mut values: Vec<f64> =
        values.iter().flatten().map(|value| f64::from(*value)).filter(|value| value.is_finite()).collect();
    values.sort_by(f64::total_cmp);
    values
}

fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let index = (share * sorted.len().saturating_sub(1) as f64).round() as usize;
    sorted.get(index).copied()
}

#[cfg(test)]
mod tests {
    use fanfare_model::{Lu, Lufs};

    use super::*;

    fn steady(level: f32) -> Loudness {
        let values = vec![Some(level); 300];
        Loudness {
            integrated_lufs: Some(Lufs(f64::from(level))),
            range_lu: Some(Lu(4.0)),
            series: Some(LoudnessSeries {
                step_s: 0.1,
                momentary_lufs: values.clone(),
                short_term_lufs: values,
            }),
            ..Loudness::default()
        }
    }

    #[test]
    fn the_axis_has_room_for_everything() {
        for (level, expected) in
            [(-14.2, (-35.0, -10.0)), (-69.9, (-70.0, -45.0)), (4.0, (-20.0, 5.0)), (3e38, (5.0, 30.0))]
        {
            let loudness = steady(level);
            assert_eq!(extent(loudness.series.as_ref().unwrap()), Some(expected), "{level}");
        }
        assert_eq!(extent(&LoudnessSeries { step_s: 0.1, ..LoudnessSeries::default() }), None);
    }

    #[test]
    fn the_band_is_as_wide_as_the_range() {
        let loudness = steady(-20.0);
        assert_eq!(band(&loudness, loudness.series.as_ref().unwrap()), Some((-22.0, -18.0)));
    }

    #[test]
    fn pauses_break_the_curves() {
        let mut loudness = steady(-20.0);
        let series = loudness.series.as_mut().unwrap();
        for values in [&mut series.momentary_lufs, &mut series.short_term_lufs] {
            values[100..120].fill(None);
        }
        let mut svg = String::new();
        assert!(draw(&mut svg, &loudness, &Scale::new((0.0, 30.0), (LEFT, RIGHT)), 0.0));
        for class in ["moment", "short"] {
            let path =
                svg.split(&format!("class=\"{class}\" d=\"")).nth(1).unwrap().split('"').next().unwrap();
            assert_eq!(path.matches('M').count(), 2, "{class}");
        }
    }
}
