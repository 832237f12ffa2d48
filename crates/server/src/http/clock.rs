//! The present time, and how times are written for clients.

use std::time::{SystemTime, UNIX_EPOCH};

use fanfare_model::Timestamp;

const MS_PER_DAY: i64 = 86_400_000;
/// The first and last instants that RFC 3339 has a notation for: years 0000 to 9999.
const FIRST_MS: i64 = -62_167_219_200_000;
const LAST_MS: i64 = 253_402_300_799_999;

/// Now, by the system's clock.
pub fn now() -> Timestamp {
    let ms = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
    Timestamp(i64::try_from(ms).unwrap_or(i64::MAX))
}

/// That time in UTC after RFC 3339, for example `2026-11-21T07:40:00.000Z`; clamped to the years 0 to 9999.
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

/// The time that such a text names, with any offset; `None` for other texts.
pub fn parse_rfc3339(text: &str) -> Option<Timestamp> {
    text.parse::<jiff::Timestamp>().ok().map(|time| Timestamp(time.as_millisecond()))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_utc() {
        for (ms, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (951_868_800_000, "2000-03-01T00:00:00.000Z"),
            (978_220_800_000, "2000-12-31T00:00:00.000Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (1_732_174_800_123, "2024-11-21T07:40:00.123Z"),
            (i64::MIN, "0000-01-01T00:00:00.000Z"),
            (i64::MAX, "9999-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(rfc3339(Timestamp(ms)), text);
            // (The last day of the year 9999 is more than it reads.)
            let same = Timestamp(ms.clamp(FIRST_MS, LAST_MS));
            assert!(parse_rfc3339(text).is_none_or(|time| time == same), "{text}");
        }
    }

    #[test]
    fn times_are_read_with_their_offset() {
        for (text, ms) in [
            ("2024-11-21T07:40:00.123Z", Some(1_732_174_800_123)),
            ("2024-11-21T08:40:00.123+01:00", Some(1_732_174_800_123)),
            ("2024-11-21", None),
            ("2024-11-21T07:40:00", None),
            ("tomorrow", None),
            ("", None),
        ] {
            assert_eq!(parse_rfc3339(text), ms.map(Timestamp), "{text}");
        }
    }

    #[test]
    fn every_day_of_a_cycle_follows_the_day_before() {
        let mut last = rfc3339(Timestamp(FIRST_MS));
        for day in 1..146_097 {
            let next = rfc3339(Timestamp(FIRST_MS + day * MS_PER_DAY));
            assert!(next > last, "{next} after {last}");
            last = next;
        }
        assert_eq!(last, "0399-12-31T00:00:00.000Z");
    }
}
