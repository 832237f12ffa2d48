//! A figure beside what it should be.

/// Which way is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sense {
    /// Less is better.
    AtMost,
    /// More is better.
    AtLeast,
}

/// One figure with its target.
#[derive(Debug, Clone)]
pub struct Target {
    /// What was measured.
    pub figure: String,
    /// What came out; `None` when something that it needs was not there.
    pub measured: Option<f64>,
    /// Which way is better.
    pub sense: Sense,
    /// What the issue asks for.
    pub limit: f64,
    /// What the issue aims at beyond that.
    pub aim: Option<f64>,
    /// Decimals worth printing.
    pub decimals: usize,
    /// Unit, with its leading space where it has one.
    pub unit: &'static str,
}

impl Target {
    /// At most so much.
    pub fn at_most(figure: &str, measured: Option<f64>, limit: f64, unit: &'static str) -> Self {
        Self::new(figure, measured, Sense::AtMost, limit, unit)
    }

    /// At least so much.
    pub fn at_least(figure: &str, measured: Option<f64>, limit: f64, unit: &'static str) -> Self {
        Self::new(figure, measured, Sense::AtLeast, limit, unit)
    }

    fn new(figure: &str, measured: Option<f64>, sense: Sense, limit: f64, unit: &'static str) -> Self {
        Self { figure: figure.to_owned(), measured, sense, limit, aim: None, decimals: 2, unit }
    }

    /// Aimed at beyond the target.
    pub fn aiming_at(mut self, aim: f64) -> Self {
        self.aim = Some(aim);
        self
    }

    /// Printed with so many decimals.
    pub fn decimals(mut self, decimals: usize) -> Self {
        self.decimals = decimals;
        self
    }

    /// Whether the target is met; `None` when nothing was measured.
    pub fn met(&self) -> Option<bool> {
        self.measured.map(|measured| self.reaches(measured, self.limit))
    }

    fn reaches(&self, measured: f64, limit: f64) -> bool {
        match self.sense {
            Sense::AtMost => measured <= limit,
            Sense::AtLeast => measured >= limit,
        }
    }

    /// Cells of its row: figure, measured, target, verdict.
    pub fn cells(&self) -> Vec<String> {
        let number = |value: f64| format!("{value:.*}{}", self.decimals, self.unit);
        let sign = if self.sense == Sense::AtMost { "<=" } else { ">=" };
        let aim = self.aim.map(|aim| format!(" (aim {})", number(aim))).unwrap_or_default();
        vec![
            self.figure.clone(),
            self.measured.map_or_else(|| "-".to_owned(), number),
            format!("{sign} {}{aim}", number(self.limit)),
            self.verdict(),
        ]
    }

    /// Met or missed, and by how much, in words.
    fn verdict(&self) -> String {
        let Some(measured) = self.measured else { return "not measured".to_owned() };
        let away = (measured - self.limit).abs();
        let by = format!("{away:.*}{}", self.decimals, self.unit);
        if !self.reaches(measured, self.limit) {
            return format!("MISSED by {by}");
        }
        match self.aim {
            Some(aim) if self.reaches(measured, aim) => format!("met, and the aim ({by} to spare)"),
            Some(_) => format!("met ({by} to spare), the aim not"),
            None => format!("met ({by} to spare)"),
        }
    }
}

/// The header of a table of targets.
pub const HEADER: [&str; 4] = ["figure", "measured", "target", "verdict"];

/// How many are met, missed, and not measured, in one line.
pub fn sum(targets: &[Target]) -> String {
    let count = |wanted: Option<bool>| targets.iter().filter(|target| target.met() == wanted).count();
    format!("{} met, {} missed, {} not measured", count(Some(true)), count(Some(false)), count(None))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_say_by_how_much() {
        for (target, met, verdict) in [
            (Target::at_most("a", Some(0.25), 0.35, " s"), Some(true), "met (0.10 s to spare)"),
            (Target::at_most("a", Some(0.35), 0.35, " s"), Some(true), "met (0.00 s to spare)"),
            (Target::at_most("a", Some(0.5), 0.35, " s"), Some(false), "MISSED by 0.15 s"),
            (Target::at_most("a", None, 0.35, " s"), None, "not measured"),
            (Target::at_least("a", Some(87.5), 88.0, " %").decimals(1), Some(false), "MISSED by 0.5 %"),
            (Target::at_least("a", Some(99.0), 88.0, " %").decimals(1), Some(true), "met (11.0 % to spare)"),
            (
                Target::at_most("a", Some(3.5), 4.0, " x").aiming_at(3.0),
                Some(true),
                "met (0.50 x to spare), the aim not",
            ),
            (
                Target::at_most("a", Some(2.5), 4.0, " x").aiming_at(3.0),
                Some(true),
                "met, and the aim (1.50 x to spare)",
            ),
        ] {
            assert_eq!(target.met(), met, "{target:?}");
            assert_eq!(target.verdict(), verdict, "{target:?}");
        }
    }

    #[test]
    fn a_row_shows_measured_and_target_with_units() {
        let row = Target::at_most("everything", Some(3.456), 4.0, " x").aiming_at(3.0).cells();
        assert_eq!(row[..3], ["everything", "3.46 x", "<= 4.00 x (aim 3.00 x)"]);
        let targets = [Target::at_least("a", Some(1.0), 2.0, ""), Target::at_least("b", Some(3.0), 2.0, "")];
        assert_eq!(sum(&targets), "1 met, 1 missed, 0 not measured");
    }
}
