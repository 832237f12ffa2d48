//! The present time, and how times are written for clients and read from them.

use std::time::{SystemTime, UNIX_EPOCH};

use fanfare_model::Timestamp;

pub use fanfare_model::time::rfc3339;

/// Now, by the system's clock.
pub fn now() -> Timestamp {
    let ms = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
    Timestamp(i64::try_from(ms).unwrap_or(i64::MAX))
}

/// The time that such a text names, with any offset; `None` for other texts.
pub fn parse_rfc3339(text: &str) -> Option<Timestamp> {
    text.parse::<jiff::Timestamp>().ok().map(|time| Timestamp(time.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use fanfare_model::time::{FIRST_MS, LAST_MS};

    use super::*;

    const MS_PER_DAY: i64 = 86_400_000;

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
