//! Settings as the page shows and changes them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::settings::{SettingRow, Source, ValueType};

/// Who decides a setting.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SettingSource)]
pub enum SettingSourceDto {
    /// Nobody: it is the default.
    Default,
    /// The settings file.
    File,
    /// This page.
    Page,
    /// An environment variable.
    Environment,
    /// A flag on the command line.
    Flag,
}

impl From<Source> for SettingSourceDto {
    fn from(source: Source) -> Self {
        match source {
            Source::Default => Self::Default,
            Source::File => Self::File,
            Source::Page => Self::Page,
            Source::Environment => Self::Environment,
            Source::Flag => Self::Flag,
        }
    }
}

/// One setting.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Setting)]
pub struct SettingDto {
    /// Its dotted name.
    #[schema(example = "analysis.pacing")]
    pub name: String,
    /// What kind of value it takes: `count`, `number`, `bytes`, `switch`, `choice`, `text`, `path`, `paths`, `address`, `url`,
    /// `schedule`, `hours`, `ladder` or `secret`.
    #[serde(rename = "type")]
    pub value_type: String,
    /// Its value now. Of a secret only whether there is one.
    #[schema(value_type = Value)]
    pub value: Value,
    /// Its value when nobody sets it.
    #[schema(value_type = Value)]
    pub default: Value,
    /// Who decides it.
    pub source: SettingSourceDto,
    /// Why it cannot be changed here; `null` when it can.
    pub fixed: Option<String>,
    /// Unit of a number.
    pub unit: Option<String>,
    /// The least a number may be.
    pub min: Option<f64>,
    /// The most a number may be.
    pub max: Option<f64>,
    /// The words to choose from.
    pub choices: Vec<String>,
    /// Its environment variable.
    pub variable: String,
    /// What it does.
    pub help: String,
}

impl From<SettingRow> for SettingDto {
    fn from(row: SettingRow) -> Self {
        let setting = row.setting;
        let range = setting.value_type.range();
        Self {
            name: setting.name.to_owned(),
            value_type: setting.value_type.name().to_owned(),
            value: row.value,
            // That a secret is not set says nothing of what it is.
            default: if setting.value_type == ValueType::Secret { Value::Null } else { row.default },
            source: row.source.into(),
            fixed: row.fixed,
            unit: Some(setting.unit.to_owned()).filter(|unit| !unit.is_empty()),
            min: range.map(|(min, _)| min),
            max: range.map(|(_, max)| max),
            choices: setting.value_type.choices().iter().map(ToString::to_string).collect(),
            variable: setting.variable(),
            help: setting.help.to_owned(),
        }
    }
}

/// Changes settings, all or none of them.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SettingsChangeRequest {
    /// New values by name; `null` removes one, so that the file or the default decides again.
    #[schema(value_type = Object)]
    pub values: BTreeMap<String, Value>,
}
