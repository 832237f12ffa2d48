//! When the next nightly run starts, and when it must not begin anything new any more. No clock is read here.
//!
//! Without quiet hours a run starts at the daily time, and one that was missed (the server was off) is left out.
//! Within quiet hours it starts at the daily time if that is one of them, at their beginning otherwise; when
//! a server starts in the middle of quiet hours that have not seen a run yet, the run is caught up with at once.
//!
//! Days are days on the wall clock: a time that a change of summer time leaves out comes as much later, one that it brings
//! twice counts the first time.

use fanfare_model::Timestamp;
use jiff::{
    civil::{Date, Time},
    tz::TimeZone,
};

use super::{BackgroundOptions, DailyTime, QuietHours, Schedule};

/// How far back the beginning of quiet hours is looked for, in days: they are a day long at most.
const DAYS_BACK: usize = 2;

/// When the next run starts: later than `now`, or just `now` when there is something to catch up with. `None` for
/// never. `last` is when the last run started.
pub(crate) fn next_start(
    now: Timestamp,
    zone: &TimeZone,
    options: &BackgroundOptions,
    last: Option<Timestamp>,
) -> Option<Timestamp> {
    let Schedule::Daily(daily) = options.schedule else { return None };
    let Some(hours) = options.quiet_hours else { return next_time(now, zone, daily) };
    let start = if hours.contains(daily) { daily } else { hours.start() };
    if let Some(began) = current(now, zone, hours)
        && last.is_none_or(|last| last < began)
        && next_time(began.plus_ms(-1), zone, start).is_some_and(|due| due <= now)
    {
        return Some(now);
    }
    next_time(now, zone, start)
}

/// Until when a run that starts then may begin new tracks.
pub(crate) fn deadline(start: Timestamp, zone: &TimeZone, options: &BackgroundOptions) -> Timestamp {
    let budget = start.plus_ms((options.budget_h * 3_600_000.0) as i64);
    // Quiet hours that are the whole day never end.
    let end = options
        .quiet_hours
        .filter(|hours| hours.start() != hours.end())
        .and_then(|hours| next_time(start, zone, hours.end()));
    end.map_or(budget, |end| end.min(budget))
}

/// When the quiet hours began that it is now, if it is.
fn current(now: Timestamp, zone: &TimeZone, hours: QuietHours) -> Option<Timestamp> {
    let today = local_date(now, zone)?;
    let began = std::iter::successors(Some(today), |date| date.yesterday().ok())
        .take(DAYS_BACK)
        .filter_map(|date| instant(date, zone, hours.start()))
        .find(|began| *began <= now)?;
    let end = next_time(began, zone, hours.end())?;
    (now < end).then_some(began)
}

/// The first time after `now` at which clocks show that time of day.
fn next_time(now: Timestamp, zone: &TimeZone, time: DailyTime) -> Option<Timestamp> {
    let yesterday = local_date(now, zone)?.yesterday().ok()?;
    // From the day before: a time that does not exist there comes later, and may fall on this day.
    std::iter::successors(Some(yesterday), |date| date.tomorrow().ok())
        .take(4)
        .filter_map(|date| instant(date, zone, time))
        .find(|at| *at > now)
}

fn local_date(at: Timestamp, zone: &TimeZone) -> Option<Date> {
    Some(jiff::Timestamp::from_millisecond(at.0).ok()?.to_zoned(zone.clone()).date())
}

fn instant(date: Date, zone: &TimeZone, time: DailyTime) -> Option<Timestamp> {
    let clock = Time::new(time.hour() as i8, time.minute() as i8, 0, 0).ok()?;
    let at = zone.to_ambiguous_timestamp(date.to_datetime(clock)).compatible().ok()?;
    Some(Timestamp(at.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Summer time from the last Sunday of March, 02:00, to the last of October, 03:00.
    fn berlin() -> TimeZone {
        TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap()
    }

    /// Changes at midnight: 00:00 does not exist on the Sunday on or after 8 March.
    fn midnight_changer() -> TimeZone {
        TimeZone::posix("CST5CDT,M3.2.0/0,M11.1.0/1").unwrap()
    }

    fn at(text: &str, zone: &TimeZone) -> Timestamp {
        let local: jiff::civil::DateTime = text.parse().unwrap();
        Timestamp(zone.to_ambiguous_timestamp(local).compatible().unwrap().as_millisecond())
    }

    fn shown(at: Timestamp, zone: &TimeZone) -> String {
        let zoned = jiff::Timestamp::from_millisecond(at.0).unwrap().to_zoned(zone.clone());
        zoned.datetime().strftime("%Y-%m-%dT%H:%M").to_string()
    }

    fn options(schedule: &str, quiet_hours: &str) -> BackgroundOptions {
        BackgroundOptions {
            schedule: schedule.parse().unwrap(),
            quiet_hours: QuietHours::parse_setting(quiet_hours).unwrap(),
            ..BackgroundOptions::default()
        }
    }

    #[test]
    fn runs_start_daily_and_within_quiet_hours() {
        let zone = berlin();
        let night = "2026-05-10T02:00";
        for (schedule, quiet, now, last, expected) in [
            // Daily; what was missed is left out.
            ("00:00", "off", "2026-05-10T13:00", None, Some("2026-05-11T00:00")),
            ("00:00", "off", "2026-05-10T00:00", Some("2026-05-10T00:00"), Some("2026-05-11T00:00")),
            ("00:00", "off", "2026-05-09T23:59", None, Some("2026-05-10T00:00")),
            ("03:30", "off", night, None, Some("2026-05-10T03:30")),
            ("off", "off", night, None, None),
            ("off", "00:00-06:00", night, None, None),
            // In the middle of quiet hours: caught up with once, also over midnight and when they are the whole day.
            ("00:00", "00:00-06:00", night, None, Some(night)),
            ("00:00", "00:00-06:00", night, Some("2026-05-09T00:00"), Some(night)),
            ("00:00", "00:00-06:00", night, Some("2026-05-10T00:00"), Some("2026-05-11T00:00")),
            ("00:00", "22:00-06:00", night, Some("2026-05-09T00:00"), Some(night)),
            ("00:00", "22:00-06:00", night, Some("2026-05-09T23:00"), Some("2026-05-11T00:00")),
            ("04:00", "22:00-06:00", night, None, Some("2026-05-10T04:00")),
            ("00:00", "05:00-05:00", night, None, Some(night)),
            ("00:00", "05:00-05:00", night, Some("2026-05-09T05:00"), Some("2026-05-11T00:00")),
            // Outside, and at the ends.
            ("00:00", "00:00-06:00", "2026-05-10T06:00", None, Some("2026-05-11T00:00")),
            ("00:00", "00:00-06:00", "2026-05-10T05:59", None, Some("2026-05-10T05:59")),
            ("12:00", "22:00-06:00", "2026-05-10T12:00", None, Some("2026-05-10T22:00")),
            ("12:00", "22:00-06:00", "2026-05-10T22:00", None, Some("2026-05-10T22:00")),
        ] {
            let last = last.map(|last| at(last, &zone));
            let start = next_start(at(now, &zone), &zone, &options(schedule, quiet), last);
            let start = start.map(|start| shown(start, &zone));
            assert_eq!(start.as_deref(), expected, "{schedule} {quiet} {now} {last:?}");
        }
    }

    #[test]
    fn summer_time_neither_skips_a_run_nor_doubles_one() {
        for (zone, time, days) in [
            // 02:30 is not there on 29 March, and twice on 25 October.
            (berlin(), "02:30", ["2026-03-28T02:30", "2026-03-29T03:30", "2026-03-30T02:30"]),
            (berlin(), "02:30", ["2026-10-24T02:30", "2026-10-25T02:30", "2026-10-26T02:30"]),
            (midnight_changer(), "00:00", ["2026-03-07T00:00", "2026-03-08T01:00", "2026-03-09T00:00"]),
        ] {
            let options = options(time, "off");
            for pair in days.windows(2) {
                let start = next_start(at(pair[0], &zone), &zone, &options, None).unwrap();
                assert_eq!(shown(start, &zone), pair[1]);
            }
        }
        // The night in which clocks go back has an hour more, and its quiet hours, too.
        let (zone, options) = (berlin(), options("01:00", "01:00-05:00"));
        let start = at("2026-10-25T01:00", &zone);
        let long = BackgroundOptions { budget_h: 24.0, ..options };
        assert_eq!(deadline(start, &zone, &long).0 - start.0, 5 * 3_600_000);
    }

    #[test]
    fn a_run_begins_nothing_after_its_budget_or_its_quiet_hours() {
        let zone = berlin();
        for (quiet, budget_h, start, end) in [
            ("off", 4.0, "2026-05-10T00:00", "2026-05-10T04:00"),
            ("off", 0.5, "2026-05-10T23:45", "2026-05-11T00:15"),
            ("00:00-03:00", 4.0, "2026-05-10T00:00", "2026-05-10T03:00"),
            ("22:00-06:00", 4.0, "2026-05-10T22:00", "2026-05-11T02:00"),
            ("22:00-06:00", 4.0, "2026-05-11T05:00", "2026-05-11T06:00"),
            ("05:00-05:00", 4.0, "2026-05-11T04:00", "2026-05-11T08:00"),
        ] {
            let options = BackgroundOptions { budget_h, ..options("00:00", quiet) };
            let end_found = deadline(at(start, &zone), &zone, &options);
            assert_eq!(shown(end_found, &zone), end, "{quiet} {budget_h} {start}");
        }
    }

    proptest! {
        /// Whatever the settings: the next start is not before now, is within quiet hours, less than two days away, and
        /// having run there is nothing left to catch up with.
        #[test]
        fn the_next_start_is_soon_and_allowed(
            minutes in 0_i64..(3 * 365 * 24 * 60),
            daily in 0_u16..1_440,
            quiet in prop::option::of((0_u16..1_440, 0_u16..1_440)),
            zone in prop::sample::select(vec!["UTC0", "CET-1CEST,M3.5.0,M10.5.0/3", "CST5CDT,M3.2.0/0,M11.1.0/1"]),
        ) {
            let zone = TimeZone::posix(zone).unwrap();
            let time = |minute: u16| -> DailyTime { format!("{:02}:{:02}", minute / 60, minute % 60).parse().unwrap() };
            let options = BackgroundOptions {
                schedule: Schedule::Daily(time(daily)),
                quiet_hours: quiet.map(|(start, end)| QuietHours::new(time(start), time(end))),
                ..BackgroundOptions::default()
            };
            let now = at("2026-01-01T00:00", &zone).plus_ms(minutes * 60_000);
            let start = next_start(now, &zone, &options, None).unwrap();
            prop_assert!(start >= now && start.0 - now.0 < 48 * 3_600_000);
            prop_assert!(deadline(start, &zone, &options) > start);
            let next = next_start(start, &zone, &options, Some(start)).unwrap();
            prop_assert!(next > start);
        }
    }
}
