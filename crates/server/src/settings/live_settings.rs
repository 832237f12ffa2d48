//! [`LiveSettings`]: the settings while a server runs, and their changes on the web page.

use std::sync::{Arc, PoisonError, RwLock};

use fanfare_model::{Error, ErrorKind, Result};
use fanfare_store::Patience;
use serde_json::Value;

use super::{
    Given, Layers, Running, SETTINGS, Setting, Settings, Source,
    load::{PageValues, unknown},
};

/// The most characters of a value of the page.
const LONGEST_VALUE: usize = 4096;

/// The settings while a server runs.
pub struct LiveSettings {
    layers: Layers,
    /// As the server was started: folders are brought into shape there.
    start: Settings,
    now: RwLock<Now>,
    turn: tokio::sync::Mutex<()>,
    /// What commands beside this server are told by.
    running: std::sync::Mutex<Option<Running>>,
}

#[derive(Clone)]
struct Now {
    settings: Arc<Settings>,
    page: PageValues,
}

/// One setting as the page shows it.
#[derive(Clone)]
pub struct SettingRow {
    /// Its row in the list.
    pub setting: &'static Setting,
    /// Its value; of a secret only whether there is one.
    pub value: Value,
    /// What it is when nobody sets it, likewise.
    pub default: Value,
    /// Who set it.
    pub source: Source,
    /// Why it cannot be changed here; `None` when it can.
    pub fixed: Option<String>,
}

impl LiveSettings {
    /// The settings that were given, as the server was started with them.
    #[must_use]
    pub fn new(layers: Layers, start: Settings) -> Self {
        let now = Now { settings: Arc::new(start.clone()), page: PageValues::new() };
        let running = std::sync::Mutex::default();
        Self { layers, start, now: RwLock::new(now), turn: tokio::sync::Mutex::default(), running }
    }

    /// Settings that were made by a program.
    #[must_use]
    pub fn over(settings: Settings) -> Self {
        Self::new(Layers::over(settings.clone()), settings)
    }

    /// The right to change settings: held from reading the present ones until the new ones are stored and taken up, so that
    /// of two changes at once neither undoes the other.
    ///
    /// # Errors
    /// `Busy` when others are at it for too long.
    pub async fn turn(&self) -> Result<tokio::sync::MutexGuard<'_, ()>> {
        Patience::turn("changing settings", self.turn.lock()).await
    }

    /// The settings as they are now.
    #[must_use]
    pub fn current(&self) -> Arc<Settings> {
        Arc::clone(&self.now.read().unwrap_or_else(PoisonError::into_inner).settings)
    }

    /// What the page changed.
    #[must_use]
    pub fn page(&self) -> PageValues {
        self.now.read().unwrap_or_else(PoisonError::into_inner).page.clone()
    }

    /// The settings as they would be with those values of the page.
    #[must_use]
    pub fn with(&self, page: &PageValues) -> Settings {
        let mut settings = self.layers.settle(page);
        settings.folders.clone_from(&self.start.folders);
        settings
    }

    /// Tells commands beside this server what it goes by, now and after every change.
    pub fn tell(&self, running: Running) {
        self.say(&running);
        *self.running.lock().unwrap_or_else(PoisonError::into_inner) = Some(running);
    }

    fn say(&self, running: &Running) {
        if let Err(error) = running.say(&self.current()) {
            tracing::warn!(%error, "commands beside this server do not know what it goes by");
        }
    }

    /// Takes up those values of the page.
    pub fn take(&self, page: PageValues) -> Arc<Settings> {
        let settings = self.take_up(page);
        if let Some(running) = &*self.running.lock().unwrap_or_else(PoisonError::into_inner) {
            self.say(running);
        }
        settings
    }

    fn take_up(&self, page: PageValues) -> Arc<Settings> {
        let settings = Arc::new(self.with(&page));
        let now = Now { settings: Arc::clone(&settings), page };
        *self.now.write().unwrap_or_else(PoisonError::into_inner) = now;
        settings
    }

    /// The page's values after a change of some; `null` removes one. Nothing is applied yet.
    ///
    /// # Errors
    /// `Invalid` for an unknown name and for a value that does not fit; `Conflict` for one that cannot be changed here.
    pub fn changed(&self, changes: &PageValues) -> Result<PageValues> {
        let mut page = self.page();
        for (name, value) in changes {
            let Some(setting) = SETTINGS.iter().find(|setting| setting.name == name) else {
                let names = SETTINGS.iter().filter(|setting| setting.page);
                return Err(unknown(name, "", names.map(|setting| setting.name.to_owned())));
            };
            if let Some(reason) = self.fixed(setting) {
                return Err(Error::new(
                    ErrorKind::Conflict,
                    format!("{name} cannot be changed here: {reason}"),
                ));
            }
            if value.is_null() {
                page.remove(name);
                continue;
            }
            if value.as_str().is_some_and(|text| text.chars().count() > LONGEST_VALUE) {
                return Err(Error::new(
                    ErrorKind::Invalid,
                    format!("{name} has more than {LONGEST_VALUE} characters"),
                ));
            }
            let mut scratch = self.with(&page);
            (setting.set)(&mut scratch, &Given::from_json(value))
                .map_err(|complaint| Error::new(ErrorKind::Invalid, format!("{name}: {complaint}")))?;
            page.insert(name.clone(), value.clone());
        }
        Ok(page)
    }

    /// Every setting in the order of the list.
    #[must_use]
    pub fn rows(&self) -> Vec<SettingRow> {
        let now = self.now.read().unwrap_or_else(PoisonError::into_inner).clone();
        let defaults = self.layers.defaults();
        let row = |setting: &'static Setting| {
            let given = self.layers.source(setting.name);
            let on_page = setting.page && now.page.contains_key(setting.name);
            SettingRow {
                setting,
                value: (setting.get)(&now.settings),
                default: (setting.get)(&defaults),
                source: if on_page { given.max(Source::Page) } else { given },
                fixed: self.fixed(setting),
            }
        };
        SETTINGS.iter().map(row).collect()
    }

    fn fixed(&self, setting: &Setting) -> Option<String> {
        match self.layers.source(setting.name) {
            Source::Environment => {
                Some(format!("{} in the server's environment decides", setting.variable()))
            }
            Source::Flag => Some("a flag on the server's command line decides".to_owned()),
            _ if !setting.page => Some("it is read when the server starts".to_owned()),
            _ => None,
        }
    }
}
