//! The settings of files that belong to the program.

use serde_json::json;

use super::setting::Setting;
use crate::settings::ValueType;

/// The longest that files are kept that no track names: ten years.
const MAX_QUARANTINE_DAYS: u64 = 3_650;

pub(super) const QUARANTINE_DAYS: Setting = Setting {
    name: "storage.quarantine_days",
    value_type: ValueType::Count { min: 1, max: MAX_QUARANTINE_DAYS },
    default: "30",
    unit: "days",
    help: "How long uploads, covers and streams in the data folder are kept that no track names, as after an older database was put back. Transcodes, which can be made again, are kept 7 days at most.",
    example: "90",
    page: true,
    get: |settings| json!(settings.quarantine_days),
    set: |settings, given| {
        let days = given.count(1..=MAX_QUARANTINE_DAYS)?;
        settings.quarantine_days = u32::try_from(days).unwrap_or(u32::MAX);
        Ok(())
    },
};
