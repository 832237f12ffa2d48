//! What an owner may set about background analysis: [`BackgroundOptions`].

use std::{fmt, str::FromStr};

use fanfare_channel::policy::MAX_CONCURRENCY;
use fanfare_model::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};

/// How many it analyzes at a time when nothing (sensible) is set.
const DEFAULT_CONCURRENCY: usize = 1;
/// Hours in which a nightly run may start new tracks.
const DEFAULT_BUDGET_H: f64 = 4.0;
/// The longest budget: a run that is not over when the next one is due is the next one.
const MAX_BUDGET_H: f64 = 24.0;
/// Seconds of wall-clock time per second of audio of a nightly run.
const DEFAULT_PACING: f64 = 0.25;
/// Ten times slower than playing: beyond that a track would take hours.
const MAX_PACING: f64 = 10.0;
/// Processor time of a nightly run, in percent of the machine: analysis at the default pacing needs a tenth of
/// that on one core of a small machine, so this bound is for machines that are slower still.
const DEFAULT_CPU_SHARE_PERCENT: u8 = 25;
/// Minutes of a day.
const DAY_MIN: u16 = 24 * 60;

/// What runs by itself, when, and how gently.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BackgroundOptions {
    /// Whether tracks that a scan finds are analyzed at once; otherwise the next nightly run analyzes them.
    pub on_arrival: bool,
    /// When a nightly run starts, in local time.
    pub schedule: Schedule,
    /// The only hours in which it may run, if any are set.
    pub quiet_hours: Option<QuietHours>,
    /// How long it starts new tracks, in hours: more than 0, 24 at most.
    pub budget_h: f64,
    /// How many tracks it analyzes at a time, 1 to [`MAX_CONCURRENCY`].
    pub concurrency: usize,
    /// Seconds of wall-clock time that each second of audio takes at least; 0 is flat out, 10 the most.
    pub pacing: f64,
    /// Processor time in percent of the whole machine that it takes at most, 1 to 100.
    pub cpu_share_percent: u8,
    /// Whether background work stands back while anything is being played.
    pub yield_while_playing: bool,
}

impl Default for BackgroundOptions {
    fn default() -> Self {
        Self {
            on_arrival: true,
            schedule: Schedule::Daily(DailyTime::MIDNIGHT),
            quiet_hours: None,
            budget_h: DEFAULT_BUDGET_H,
            concurrency: DEFAULT_CONCURRENCY,
            pacing: DEFAULT_PACING,
            cpu_share_percent: DEFAULT_CPU_SHARE_PERCENT,
            yield_while_playing: true,
        }
    }
}

impl BackgroundOptions {
    /// The same with [`concurrency`](Self::concurrency) brought into its range, if the rest makes sense.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] names the value that is out of its range, with the range as remedy.
    pub fn checked(mut self) -> Result<Self> {
        let refuse = |name: &str, value: &dyn fmt::Display, range: String| {
            Err(Error::new(ErrorKind::Invalid, format!("{name} is {value}")).remedy(range))
        };
        if !(self.budget_h > 0.0 && self.budget_h <= MAX_BUDGET_H) {
            return refuse("budget_h", &self.budget_h, format!("hours above 0 and up to {MAX_BUDGET_H}"));
        }
        if !(self.pacing >= 0.0 && self.pacing <= MAX_PACING) {
            return refuse("pacing", &self.pacing, format!("seconds per second of audio, 0 to {MAX_PACING}"));
        }
        if !(1..=100).contains(&self.cpu_share_percent) {
            return refuse("cpu_share_percent", &self.cpu_share_percent, "percent, 1 to 100".to_owned());
        }
        self.concurrency = clamp_concurrency(Some(self.concurrency));
        Ok(self)
    }
}

/// How many tracks a nightly run analyzes at a time: what is set, brought into 1 to [`MAX_CONCURRENCY`]; the default when
/// nothing is set.
fn clamp_concurrency(set: Option<usize>) -> usize {
    set.map_or(DEFAULT_CONCURRENCY, |set| set.clamp(1, MAX_CONCURRENCY))
}

/// A time of day on the wall clock, to the minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DailyTime {
    minute_of_day: u16,
}

impl DailyTime {
    /// 00:00.
    pub const MIDNIGHT: Self = Self { minute_of_day: 0 };

    /// The hour, 0 to 23.
    #[must_use]
    pub const fn hour(self) -> u8 {
        (self.minute_of_day / 60) as u8
    }

    /// The minute, 0 to 59.
    #[must_use]
    pub const fn minute(self) -> u8 {
        (self.minute_of_day % 60) as u8
    }

    /// Minutes since midnight, as the clock shows them.
    #[must_use]
    pub const fn minute_of_day(self) -> u16 {
        self.minute_of_day
    }
}

impl FromStr for DailyTime {
    type Err = Error;

    /// Reads `HH:MM`, from `00:00` to `23:59`.
    fn from_str(text: &str) -> Result<Self> {
        let digits = |part: &str| {
            let plain = matches!(part.len(), 1 | 2) && part.bytes().all(|byte| byte.is_ascii_digit());
            part.parse::<u16>().ok().filter(|_| plain)
        };
        text.trim()
            .split_once(':')
            .filter(|(_, minute)| minute.len() == 2)
            .and_then(|(hour, minute)| Some((digits(hour)?, digits(minute)?)))
            .filter(|(hour, minute)| *hour < 24 && *minute < 60)
            .map(|(hour, minute)| Self { minute_of_day: hour * 60 + minute })
            .ok_or_else(|| unreadable("a time of day", text, "write it as HH:MM, from 00:00 to 23:59"))
    }
}

impl fmt::Display for DailyTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.hour(), self.minute())
    }
}

/// When nightly runs start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Schedule {
    /// Never by themselves.
    Off,
    /// Every day at that local time.
    Daily(DailyTime),
}

impl FromStr for Schedule {
    type Err = Error;

    /// Reads `HH:MM` or `off`.
    fn from_str(text: &str) -> Result<Self> {
        if text.trim().eq_ignore_ascii_case("off") {
            return Ok(Self::Off);
        }
        text.parse()
            .map(Self::Daily)
            .map_err(|_| unreadable("a schedule", text, "write a time of day as HH:MM, or `off`"))
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("off"),
            Self::Daily(time) => time.fmt(f),
        }
    }
}

/// Hours of the day, by local time: from the start, which belongs to them, to the end, which does not. They may
/// go over midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct QuietHours {
    start: DailyTime,
    end: DailyTime,
}

impl QuietHours {
    /// From that time to that time; equal times are the whole day.
    #[must_use]
    pub const fn new(start: DailyTime, end: DailyTime) -> Self {
        Self { start, end }
    }

    /// When they begin.
    #[must_use]
    pub const fn start(self) -> DailyTime {
        self.start
    }

    /// When they are over.
    #[must_use]
    pub const fn end(self) -> DailyTime {
        self.end
    }

    /// Whether that time of day is one of them.
    #[must_use]
    pub const fn contains(self, time: DailyTime) -> bool {
        let from_start = (DAY_MIN + time.minute_of_day - self.start.minute_of_day) % DAY_MIN;
        from_start < self.length_min()
    }

    /// How long they are, in minutes on the clock's face.
    const fn length_min(self) -> u16 {
        match (DAY_MIN + self.end.minute_of_day - self.start.minute_of_day) % DAY_MIN {
            0 => DAY_MIN,
            length => length,
        }
    }

    /// Reads `HH:MM-HH:MM`, and `off` as none.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] for anything else.
    pub fn parse_setting(text: &str) -> Result<Option<Self>> {
        let text = text.trim();
        if text.is_empty() || text.eq_ignore_ascii_case("off") { Ok(None) } else { text.parse().map(Some) }
    }
}

impl FromStr for QuietHours {
    type Err = Error;

    /// Reads `HH:MM-HH:MM`.
    fn from_str(text: &str) -> Result<Self> {
        text.split_once('-')
            .and_then(|(start, end)| Some(Self { start: start.parse().ok()?, end: end.parse().ok()? }))
            .ok_or_else(|| unreadable("quiet hours", text, "write them as HH:MM-HH:MM, or `off`"))
    }
}

impl fmt::Display for QuietHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.start, self.end)
    }
}

/// As strings in JSON and in settings.
macro_rules! as_string {
    ($($type:ty),*) => {$(
        impl TryFrom<String> for $type {
            type Error = Error;

            fn try_from(text: String) -> Result<Self> {
                text.parse()
            }
        }

        impl From<$type> for String {
            fn from(value: $type) -> Self {
                value.to_string()
            }
        }
    )*};
}
as_string!(DailyTime, Schedule, QuietHours);

fn unreadable(what: &str, text: &str, remedy: &str) -> Error {
    let shown: String = text.chars().take(40).flat_map(char::escape_default).collect();
    Error::new(ErrorKind::Invalid, format!("`{shown}` is not {what}")).remedy(remedy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_schedules_and_quiet_hours_are_read_and_written() {
        for (text, shown) in [
            ("00:00", Some("00:00")),
            (" 7:05 ", Some("07:05")),
            ("23:59", Some("23:59")),
            ("24:00", None),
            ("12:60", None),
            ("12:5", None),
            ("+1:05", None),
            ("1205", None),
            ("", None),
        ] {
            assert_eq!(
                text.parse::<DailyTime>().ok().map(|time| time.to_string()).as_deref(),
                shown,
                "{text}"
            );
            let schedule = text.parse::<Schedule>();
            assert_eq!(schedule.ok().map(|schedule| schedule.to_string()).as_deref(), shown, "{text}");
        }
        assert_eq!("Off".parse::<Schedule>().unwrap(), Schedule::Off);
        let error = "at night".parse::<Schedule>().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert_eq!(error.to_string(), "`at night` is not a schedule; write a time of day as HH:MM, or `off`");
        assert_eq!(QuietHours::parse_setting("off").unwrap(), None);
        assert_eq!(QuietHours::parse_setting("22:00-6:30").unwrap().unwrap().to_string(), "22:00-06:30");
        assert!(QuietHours::parse_setting("22:00").is_err());
    }

    #[test]
    fn quiet_hours_may_go_over_midnight_or_be_the_whole_day() {
        for (hours, inside, outside) in [
            ("00:00-06:00", &["00:00", "03:30", "05:59"][..], &["06:00", "12:00", "23:59"][..]),
            ("22:00-06:00", &["22:00", "23:59", "00:00", "05:59"], &["06:00", "21:59"]),
            ("09:00-09:01", &["09:00"], &["08:59", "09:01"]),
            ("08:00-08:00", &["08:00", "07:59", "00:00"], &[]),
        ] {
            let hours: QuietHours = hours.parse().unwrap();
            for (times, expected) in [(inside, true), (outside, false)] {
                for time in times {
                    assert_eq!(hours.contains(time.parse().unwrap()), expected, "{hours} {time}");
                }
            }
        }
    }

    #[test]
    fn concurrency_is_clamped_and_the_rest_is_checked() {
        for (set, used) in [(None, 1), (Some(0), 1), (Some(1), 1), (Some(5), 5), (Some(8), 8), (Some(99), 8)]
        {
            assert_eq!(clamp_concurrency(set), used, "{set:?}");
        }
        let options = BackgroundOptions::default();
        assert_eq!(options.clone().checked().unwrap(), options);
        assert_eq!((options.concurrency, options.budget_h), (1, 4.0));
        for (wrong, name) in [
            (BackgroundOptions { budget_h: 0.0, ..options.clone() }, "budget_h"),
            (BackgroundOptions { budget_h: f64::NAN, ..options.clone() }, "budget_h"),
            (BackgroundOptions { pacing: -0.1, ..options.clone() }, "pacing"),
            (BackgroundOptions { pacing: 11.0, ..options.clone() }, "pacing"),
            (BackgroundOptions { cpu_share_percent: 0, ..options.clone() }, "cpu_share_percent"),
            (BackgroundOptions { cpu_share_percent: 101, ..options.clone() }, "cpu_share_percent"),
        ] {
            let error = wrong.checked().unwrap_err();
            assert!(error.to_string().starts_with(name), "{error}");
        }
        let text = serde_json::to_string(&options).unwrap();
        assert!(text.contains(r#""schedule":"00:00","quiet_hours":null"#), "{text}");
        assert_eq!(serde_json::from_str::<BackgroundOptions>(&text).unwrap(), options);
        assert!(serde_json::from_str::<BackgroundOptions>(r#"{"unknown":1}"#).is_err());
    }
}
