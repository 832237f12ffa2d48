//! Points in time, as numbers from callers that may read a clock, and how they are written.

use serde::{Deserialize, Serialize};

const MS_PER_DAY: i64 = 86_400_000;
/// The first instant that RFC 3339 has a notation for: the years are 0000 to 9999.
pub const FIRST_MS: i64 = -62_167_219_200_000;
/// The last one.
pub const LAST_MS: i64 = 253_402_300_799_999;

/// Milliseconds since the Unix epoch (UTC).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// This time plus that many milliseconds, saturating.
    #[must_use]
    pub const fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }
}

/// That time in UTC after RFC 3339, for example `2026-11-21T07:40:00.000Z`; clamped to the years 0 to 9999.
#[must_use]
pub fn rfc3339(time: Timestamp) -> String {
    let ms = time.0.clamp(FIRST_MS, LAST_MS);
    // 719,528 days lie between 0000-01-01 and 1970-01-01 in the proleptic Gregorian calendar.
    let mut days = ms.div_euclid(MS_PER_DAY) + 719_528;
    let in_day = ms.rem_euclid(MS_PER_DAY);
    // 400 years have 146,097 days; within them the year is found by counting down from an estimate that is never too small.
    let cycles = days.div_euclid(146_097);
    days = days.rem_euclid(146_097);
    let mut year = days / 365;
    while days_before(year) > days {
        year -= 1;
    }
    days -= days_before(year);
    let mut month = 0;
    while days >= days_in(year, month) {
        days -= days_in(year, month);
        month += 1;
    }
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        cycles * 400 + year,
        month + 1,
        days + 1,
        in_day / 3_600_000,
        in_day / 60_000 % 60,
        in_day / 1_000 % 60,
        in_day % 1_000,
    )
}

const fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// Days from year 0 to that year, for years 0 to 400. Year 0 is a leap year.
const fn days_before(year: i64) -> i64 {
    if year == 0 { 0 } else { year * 365 + (year - 1) / 4 - (year - 1) / 100 + 1 }
}

const fn days_in(year: i64, month: usize) -> i64 {
    const DAYS: [i64; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    if month == 1 && is_leap(year) { 29 } else { DAYS[month] }
}
