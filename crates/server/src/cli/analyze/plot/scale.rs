//! From seconds and levels to places on the sheet, and where an axis has its ticks.

use super::svg::FARTHEST;

/// A linear map of values onto the sheet.
#[derive(Debug, Clone, Copy)]
pub struct Scale {
    from: (f64, f64),
    to: (f64, f64),
}

impl Scale {
    /// Maps `from` onto `to`, end to end. Without an extent everything is at the start.
    pub const fn new(from: (f64, f64), to: (f64, f64)) -> Self {
        Self { from, to }
    }

    /// The place of a value; values outside are outside.
    pub fn at(&self, value: f64) -> f64 {
        let share = (value - self.from.0) / (self.from.1 - self.from.0);
        let place = self.to.0 + share * (self.to.1 - self.to.0);
        if place.is_finite() { place.clamp(-FARTHEST, FARTHEST) } else { self.to.0 }
    }

    /// The place of a value, or the end next to it.
    pub fn within(&self, value: f64) -> f64 {
        let (low, high) = if self.to.0 < self.to.1 { self.to } else { (self.to.1, self.to.0) };
        self.at(value).clamp(low, high)
    }

    /// The largest value.
    pub const fn end(&self) -> f64 {
        self.from.1
    }
}

/// Steps of a time axis that people read without counting, in seconds.
const TIME_STEPS_S: [f64; 20] = [
    0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0,
    1800.0, 3600.0, 7200.0,
];

/// The smallest readable step of a time axis with at most that many ticks.
pub fn time_step(duration_s: f64, most: usize) -> f64 {
    let least = duration_s / most.max(1) as f64;
    let step = TIME_STEPS_S.iter().copied().find(|step| *step >= least);
    // Beyond a day: whole days.
    step.unwrap_or_else(|| (least / 86_400.0).ceil().max(1.0) * 86_400.0)
}

/// Steps of a level or tempo axis.
const STEPS: [f64; 12] = [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0];

/// The smallest round step with at most that many ticks in the extent.
pub fn round_step(extent: f64, most: usize) -> f64 {
    let least = extent / most.max(1) as f64;
    STEPS.iter().copied().find(|step| *step >= least).unwrap_or(1000.0)
}

/// The multiples of a step between two values, at most 64 of them.
pub fn ticks(low: f64, high: f64, step: f64) -> impl Iterator<Item = f64> {
    let first = (low / step).ceil();
    // A hair beyond the end, for sums of tenths.
    (0..64)
        .map(move |index| (first + f64::from(index)) * step)
        .take_while(move |tick| *tick <= high + step * 1e-6)
}

/// A time as people read it, with as many decimals as the step between two of them needs.
pub fn clock(seconds: f64, step_s: f64) -> String {
    if step_s < 1.0 {
        let decimals = if step_s < 0.1 { 2 } else { 1 };
        return format!("{seconds:.decimals$} s");
    }
    // The cast saturates.
    let whole = seconds.round().max(0.0) as u64;
    let (hours, minutes, seconds) = (whole / 3600, whole / 60 % 60, whole % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_axes_have_steps_that_read_well() {
        for (duration_s, expected) in
            [(0.05, 0.005), (1.2, 0.1), (30.0, 2.5), (241.0, 20.1), (10_800.0, 900.0), (0.0, 0.01)]
        {
            let step = time_step(duration_s, 12);
            assert!(step >= expected && step <= expected * 2.0, "{duration_s}: {step}");
            assert!(ticks(0.0, duration_s, step).count() <= 13);
        }
        assert!(ticks(0.0, 1e18, time_step(1e18, 12)).count() <= 13);
    }

    #[test]
    fn clocks_show_what_the_step_needs() {
        for (seconds, step, expected) in
            [(0.25, 0.05, "0.25 s"), (2.0, 0.5, "2.0 s"), (90.0, 30.0, "1:30"), (7265.0, 5.0, "2:01:05")]
        {
            assert_eq!(clock(seconds, step), expected);
        }
    }

    #[test]
    fn scales_stay_on_the_sheet() {
        let scale = Scale::new((0.0, 10.0), (60.0, 160.0));
        assert_eq!((scale.at(5.0), scale.within(-3.0), scale.within(30.0)), (110.0, 60.0, 160.0));
        let empty = Scale::new((0.0, 0.0), (60.0, 160.0));
        assert_eq!((empty.at(0.0), empty.at(5.0)), (60.0, 60.0));
        assert!(Scale::new((0.0, 1e-300), (0.0, 1000.0)).at(1e300).is_finite());
        let falling = Scale::new((-60.0, 0.0), (300.0, 100.0));
        assert_eq!((falling.within(6.0), falling.within(-90.0)), (100.0, 300.0));
    }
}
