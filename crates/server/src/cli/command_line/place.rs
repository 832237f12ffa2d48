//! Where settings are kept, as all commands say it that read them.

use std::path::PathBuf;

use clap::Args;

use crate::settings::SettingsRequest;

/// Where settings are kept: shared by all commands that read them.
#[derive(Debug, Clone, Default, Args)]
pub struct PlaceArgs {
    /// Data folder [default: $FANFARE_DATA, else fanfare in the XDG data home]
    #[arg(long = "data", value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Settings file [default: fanfare.toml in the data folder]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

impl PlaceArgs {
    /// The request for settings with this process's environment.
    #[must_use]
    pub fn request(&self) -> SettingsRequest {
        SettingsRequest {
            data_dir: self.data.clone(),
            config_file: self.config.clone(),
            ..SettingsRequest::from_process()
        }
    }
}
