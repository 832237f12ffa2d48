//! The data folder, opened for a command of `fanfare cache`, and what such a command is asked for.

use fanfare_model::{Error, ErrorKind, Quality, Result};
use fanfare_store::{Store, StoreOptions};

use crate::{
    cli::{command_line::PlaceArgs, serve},
    settings::{Layers, Settings, of_server},
};

/// Opens the data folder as it is, with the settings as its server has them, and closes it.
pub(in crate::cli) fn in_store<T>(
    place: &PlaceArgs,
    run: impl AsyncFnOnce(&Settings, &Store) -> Result<T>,
) -> Result<T> {
    let layers = Layers::read(&place.request())?;
    serve::block_on(async {
        let (settings, store) = open(&layers, false).await?;
        let result = run(&settings, &store).await;
        store.close().await;
        result
    })
}

/// Opens the store; the settings are those of the running server, else of this shell and the page. `migrate`: only with the lock of the data folder.
pub(super) async fn open(layers: &Layers, migrate: bool) -> Result<(Settings, Store)> {
    let mut settings = layers.settle(&Default::default());
    serve::has_library(&settings)?;
    let beside = !migrate && of_server(&mut settings);
    let options = StoreOptions { migrate, ..StoreOptions::default() };
    let store = Store::open_with_cache(&settings.data_dir, &settings.cache_dir(), &options).await?;
    if !beside {
        settings = layers.settle(&store.catalog().settings().await?);
    }
    Ok((settings, store))
}

/// The qualities asked for, else those of the settings.
pub(super) fn qualities(asked: &[Quality], settings: &Settings) -> Result<Vec<Quality>> {
    if asked.contains(&Quality::Original) {
        return Err(Error::new(ErrorKind::Invalid, "originals are not in the cache")
            .remedy("name some of high, medium, low"));
    }
    Ok(if asked.is_empty() { settings.cache.precache_qualities.clone() } else { asked.to_vec() })
}
