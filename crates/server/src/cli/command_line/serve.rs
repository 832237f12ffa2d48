//! `fanfare serve` and `fanfare worker` as they are typed: the same flags decide how tracks are analyzed.

use std::path::PathBuf;

use clap::Args;

use super::place::PlaceArgs;
use crate::settings::{Given, SettingsRequest};

/// `fanfare serve`
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  fanfare serve ~/Music\n  \
                        fanfare serve ~/Music /media/more --listen 0.0.0.0:4040\n  \
                        fanfare serve --data /srv/fanfare --jobs 2 --log-format json\n\n\
                        The first start prints a link that creates the owner; it works once.\n\
                        Settings can also stand in fanfare.toml or in FANFARE_* variables; flags win.")]
pub struct ServeArgs {
    /// Folders of music that join the library
    #[arg(value_name = "DIR")]
    pub folders: Vec<PathBuf>,
    /// Where settings are kept.
    #[command(flatten)]
    pub place: PlaceArgs,
    /// Where to listen [default: 127.0.0.1:4040, this machine only]
    #[arg(long, value_name = "ADDR:PORT")]
    pub listen: Option<String>,
    /// Address of the proxy in front.
    #[arg(long, value_name = "URL", help = "Address of the proxy in front, as in https://music.example.org")]
    pub public_url: Option<String>,
    /// Do not watch the folders for changes
    #[arg(long)]
    pub no_watch: bool,
    /// Look through the folders every so many seconds [default: 0, never by the clock]
    #[arg(long, value_name = "SECONDS")]
    pub poll_interval_s: Option<String>,
    /// How tracks are analyzed.
    #[command(flatten)]
    pub analysis: AnalysisArgs,
}

impl ServeArgs {
    /// The request for settings, with the flags that were given.
    #[must_use]
    pub fn request(&self) -> SettingsRequest {
        let mut request = self.place.request();
        add_texts(
            &mut request,
            [
                ("listen", &self.listen),
                ("public_url", &self.public_url),
                ("poll_interval_s", &self.poll_interval_s),
            ],
        );
        self.analysis.add_to(&mut request);
        if self.no_watch {
            request.flags.push(("watch", Given::Switch(false)));
        }
        request
    }
}

/// `fanfare worker`
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  fanfare worker --data /srv/fanfare --jobs 2\n\n\
                        Started by `fanfare serve`; talks with it over standard input and output.")]
pub struct WorkerArgs {
    /// Where settings are kept.
    #[command(flatten)]
    pub place: PlaceArgs,
    /// How tracks are analyzed.
    #[command(flatten)]
    pub analysis: AnalysisArgs,
}

impl WorkerArgs {
    /// The request for settings, with the flags that were given.
    #[must_use]
    pub fn request(&self) -> SettingsRequest {
        let mut request = self.place.request();
        self.analysis.add_to(&mut request);
        request
    }
}

/// What a server hands on to its worker.
#[derive(Debug, Args)]
pub struct AnalysisArgs {
    /// Tracks analyzed at the same time [default: number of cores]
    #[arg(long, short = 'j', value_name = "N")]
    pub jobs: Option<String>,
    /// Decoder for rare formats: auto, off or a path [default: auto]
    #[arg(long, value_name = "WHICH")]
    pub ffmpeg: Option<String>,
    /// Log as text or json [default: text]
    #[arg(long, value_name = "FORMAT")]
    pub log_format: Option<String>,
    /// What to log: error, warn, info, debug, trace [default: info]
    #[arg(long, value_name = "LEVEL")]
    pub log_level: Option<String>,
}

impl AnalysisArgs {
    fn add_to(&self, request: &mut SettingsRequest) {
        add_texts(
            request,
            [
                ("jobs", &self.jobs),
                ("ffmpeg", &self.ffmpeg),
                ("log.format", &self.log_format),
                ("log.level", &self.log_level),
            ],
        );
    }
}

/// Adds the flags that were given, each as text.
fn add_texts<const N: usize>(request: &mut SettingsRequest, flags: [(&'static str, &Option<String>); N]) {
    let given = flags.into_iter().filter_map(|(name, flag)| Some((name, Given::Text(flag.clone()?))));
    request.flags.extend(given);
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::settings::{FfmpegSetting, LogFormat, Settings, load};

    #[derive(clap::Parser)]
    struct WorkerLine {
        #[command(flatten)]
        args: WorkerArgs,
    }

    /// What a worker makes of the arguments its server starts it with, whatever stands in the environment.
    fn as_worker(settings: &Settings) -> Settings {
        let line = WorkerLine::parse_from(settings.worker_args());
        load(&SettingsRequest { environment: Vec::new(), ..line.args.request() }).unwrap()
    }

    #[test]
    fn a_worker_works_by_the_settings_of_its_server() {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = Settings::defaults(folder.path().to_path_buf());
        assert_eq!(as_worker(&settings), settings);
        settings.jobs = 3;
        settings.log.format = LogFormat::Json;
        settings.log.level = "debug".to_owned();
        for ffmpeg in [FfmpegSetting::Off, FfmpegSetting::At("/opt/f/ffmpeg".into())] {
            settings.ffmpeg = ffmpeg;
            assert_eq!(as_worker(&settings), settings);
        }
        // The file in the data folder may name that folder when it was asked for by name.
        let text = format!("data_dir = {:?}\n", folder.path().to_str().unwrap());
        std::fs::write(&settings.config_file, text).unwrap();
        assert_eq!(as_worker(&settings), settings);
    }
}
