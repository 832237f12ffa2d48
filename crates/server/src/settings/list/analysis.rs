//! The settings of analysis: when it runs, and how much of the machine it takes.

use fanfare_channel::policy::MAX_CONCURRENCY;
use fanfare_ingest::{BackgroundOptions, QuietHours};
use serde_json::json;

use super::setting::{Setting, complaint};
use crate::settings::ValueType;

pub(super) const ON_ARRIVAL: Setting = Setting {
    name: "analysis.on_arrival",
    value_type: ValueType::Switch,
    default: "true",
    unit: "",
    help: "Whether tracks are analyzed as soon as a scan finds them; otherwise the next nightly run analyzes them.",
    example: "false",
    page: true,
    get: |settings| json!(settings.analysis.on_arrival),
    set: |settings, given| given.switch().map(|value| settings.analysis.on_arrival = value),
};

pub(super) const SCHEDULE: Setting = Setting {
    name: "analysis.schedule",
    value_type: ValueType::Schedule,
    default: "00:00",
    unit: "",
    help: "When the nightly run starts, in local time: it analyzes every track that lacks a result, and failed ones that are due again. `off`: never by itself.",
    example: "\"03:30\"",
    page: true,
    get: |settings| json!(settings.analysis.schedule.to_string()),
    set: |settings, given| {
        settings.analysis.schedule = given.text()?.parse().map_err(complaint)?;
        Ok(())
    },
};

pub(super) const QUIET_HOURS: Setting = Setting {
    name: "analysis.quiet_hours",
    value_type: ValueType::Hours,
    default: "off",
    unit: "",
    help: "The only hours in which a nightly run may work, in local time; they may go over midnight. A run that is missed is caught up inside them.",
    example: "\"22:00-06:00\"",
    page: true,
    get: |settings| match settings.analysis.quiet_hours {
        Some(hours) => json!(hours.to_string()),
        None => json!("off"),
    },
    set: |settings, given| {
        settings.analysis.quiet_hours = QuietHours::parse_setting(&given.text()?).map_err(complaint)?;
        Ok(())
    },
};

pub(super) const BUDGET_H: Setting = Setting {
    name: "analysis.budget_h",
    value_type: ValueType::Number { min: 0.1, max: 24.0 },
    default: "4",
    unit: "hours",
    help: "How long a nightly run starts new tracks; those under way are analyzed to their end.",
    example: "2.5",
    page: true,
    get: |settings| json!(settings.analysis.budget_h),
    set: |settings, given| given.number(0.1..=24.0).map(|value| settings.analysis.budget_h = value),
};

pub(super) const CONCURRENCY: Setting = Setting {
    name: "analysis.concurrency",
    value_type: ValueType::Count { min: 1, max: MAX_CONCURRENCY as u64 },
    default: "1",
    unit: "tracks",
    help: "How many tracks a nightly run analyzes at the same time. Numbers outside 1 to 8 are brought into that range.",
    example: "2",
    page: true,
    get: |settings| json!(settings.analysis.concurrency),
    set: |settings, given| {
        let wanted = given.count(0..=u64::MAX)?;
        let concurrency = usize::try_from(wanted).unwrap_or(usize::MAX);
        let checked = BackgroundOptions { concurrency, ..settings.analysis.clone() }.checked();
        settings.analysis = checked.map_err(complaint)?;
        Ok(())
    },
};

pub(super) const PACING: Setting = Setting {
    name: "analysis.pacing",
    value_type: ValueType::Number { min: 0.0, max: 10.0 },
    default: "0.25",
    unit: "seconds per second of audio",
    help: "How slowly a nightly run goes: each second of audio takes at least this long. 0: as fast as the machine can.",
    example: "0.5",
    page: true,
    get: |settings| json!(settings.analysis.pacing),
    set: |settings, given| given.number(0.0..=10.0).map(|value| settings.analysis.pacing = value),
};

pub(super) const CPU_SHARE_PERCENT: Setting = Setting {
    name: "analysis.cpu_share_percent",
    value_type: ValueType::Count { min: 1, max: 100 },
    default: "25",
    unit: "percent",
    help: "How much of the machine's processor time a nightly run takes at most.",
    example: "50",
    page: true,
    get: |settings| json!(settings.analysis.cpu_share_percent),
    set: |settings, given| {
        let percent = given.count(1..=100)?;
        settings.analysis.cpu_share_percent = u8::try_from(percent).unwrap_or(100);
        Ok(())
    },
};

pub(super) const YIELD_WHILE_PLAYING: Setting = Setting {
    name: "analysis.yield_while_playing",
    value_type: ValueType::Switch,
    default: "true",
    unit: "",
    help: "Whether background work stands back while anything is being played.",
    example: "false",
    page: true,
    get: |settings| json!(settings.analysis.yield_while_playing),
    set: |settings, given| given.switch().map(|value| settings.analysis.yield_while_playing = value),
};
