//! `fanfare worker`: the child process in which tracks are analyzed.

use std::{path::Path, sync::Arc};

use async_trait::async_trait;
use fanfare_analysis::AnalysisSlots;
use fanfare_channel::PostAnalysis;
use fanfare_ingest::{Identify, WriteReplayGain};
use fanfare_model::{Features, Result, Track};
use fanfare_store::Store;
use fanfare_worker::{WorkerParts, WorkerProcessOptions, run_worker_with};

use super::{
    command_line::WorkerArgs,
    exit::{Exit, SUCCESS},
    logging,
    output::Done,
    serve::block_on,
};
use crate::settings::{self, Layers, PageValues};

/// Runs the command.
pub fn run(args: &WorkerArgs) -> Done {
    let layers = Layers::read(&args.request())?;
    let settings = layers.settle(&PageValues::new());
    logging::start(&settings.log);
    let options = WorkerProcessOptions {
        // More would only wait for each other; jobs that are not claimed stay queued, for other workers too.
        jobs: settings.jobs.min(AnalysisSlots::for_cores(settings::default_jobs()).most()),
        ffmpeg: settings.ffmpeg_use(),
        cache_dir: Some(settings.cache_dir()),
        data_dir: settings.data_dir,
    };
    let mut parts = WorkerParts::default();
    parts.post_analysis.push(Arc::new(WhileKeySet { layers: layers.clone(), hook: Identify::default() }));
    parts.post_analysis.push(Arc::new(WhileSet { layers, hook: WriteReplayGain::default() }));
    block_on(run_worker_with(options, parts))?;
    Ok(Exit(SUCCESS))
}

/// A hook that writes into files only while `replaygain.write_tags` says so: the page may change that at any time.
struct WhileSet<H> {
    layers: Layers,
    hook: H,
}

#[async_trait]
impl<H: PostAnalysis> PostAnalysis for WhileSet<H> {
    fn name(&self) -> &'static str {
        self.hook.name()
    }

    async fn after(&self, track: &Track, path: &Path, features: &Features, store: &Store) -> Result<()> {
        if !self.layers.settle(&store.catalog().settings().await?).replaygain_write_tags {
            return Ok(());
        }
        self.hook.after(track, path, features, store).await
    }

    async fn catch_up(&self, failed: Option<&Track>, store: &Store) -> Result<()> {
        if !self.layers.settle(&store.catalog().settings().await?).replaygain_write_tags {
            return Ok(());
        }
        self.hook.catch_up(failed, store).await
    }
}

/// A hook that asks AcoustID only while there is a key for it.
struct WhileKeySet {
    layers: Layers,
    hook: Identify,
}

#[async_trait]
impl PostAnalysis for WhileKeySet {
    fn name(&self) -> &'static str {
        "acoustid"
    }

    async fn after(&self, track: &Track, _path: &Path, features: &Features, store: &Store) -> Result<()> {
        let settings = self.layers.settle(&store.catalog().settings().await?).acoustid;
        let Some(options) = settings.options() else { return Ok(()) };
        self.hook.ask(options, track, features, store).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use fanfare_model::{Tags, Timestamp};
    use fanfare_store::{ScanChange, ScannedFile, StoreOptions, TrackQuery};
    use serde_json::{Value, json};

    use super::*;
    use crate::{Settings, settings::SettingsRequest};

    #[derive(Clone, Default)]
    struct Counting(Arc<AtomicU32>);

    #[async_trait]
    impl PostAnalysis for Counting {
        fn name(&self) -> &'static str {
            "counting"
        }

        async fn after(&self, _: &Track, _: &Path, _: &Features, _: &Store) -> Result<()> {
            self.0.fetch_add(1, Ordering::Relaxed);
            Ok(())
        }
    }

    #[tokio::test]
    async fn tags_are_written_only_while_that_is_set() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), &StoreOptions::default()).await.unwrap();
        let home = store.catalog().add_folder("/music".as_ref(), Timestamp(1)).await.unwrap();
        let file = ScannedFile {
            relative_path: "a.flac".into(),
            size_bytes: 1,
            modified: Timestamp(1),
            changed_ns: None,
            tags: Tags::default(),
            audio: None,
            cover: None,
            cover_error: None,
        };
        store.catalog().apply_scan(home.id, None, vec![ScanChange::Added(file)], Timestamp(1)).await.unwrap();
        let page = store.catalog().tracks(&TrackQuery { limit: 1, ..TrackQuery::default() }).await.unwrap();
        let track = &page.items[0].track;

        let by = |environment: &[(&str, &str)]| {
            let environment = environment.iter().map(|(name, value)| (name.into(), value.into())).collect();
            let data_dir = Some(folder.path().to_path_buf());
            Layers::read(&SettingsRequest { data_dir, environment, ..SettingsRequest::default() }).unwrap()
        };
        let set = async |value: Value| {
            let changes = [("replaygain.write_tags".to_owned(), value)].into();
            store.catalog().change_settings(&changes, Timestamp(1)).await.unwrap();
        };
        let hook = Counting::default();
        let written = async |layers: Layers| {
            let before = hook.0.load(Ordering::Relaxed);
            let gate = WhileSet { layers, hook: hook.clone() };
            gate.after(track, Path::new("/music/a.flac"), &Features::default(), &store).await.unwrap();
            hook.0.load(Ordering::Relaxed) > before
        };
        assert!(!written(Layers::over(Settings::defaults(folder.path().into()))).await, "off by default");
        set(json!(true)).await;
        assert!(written(by(&[])).await);
        assert!(!written(by(&[("FANFARE_REPLAYGAIN_WRITE_TAGS", "off")])).await, "the environment decides");
        set(Value::Null).await;
        assert!(!written(by(&[])).await);
        assert!(written(by(&[("FANFARE_REPLAYGAIN_WRITE_TAGS", "on")])).await);
    }
}
