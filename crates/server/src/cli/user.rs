//! `fanfare user ...`: accounts and API keys, straight in the data folder (no server needed).

use fanfare_ingest::DataLock;
use fanfare_model::{ApiKeyId, Error, ErrorKind, Result, Role, User};
use fanfare_store::{DATABASE_FILE, Keep, Store, StoreOptions};

use super::{
    command_line::{KeyCommand, PlaceArgs, UserArgs, UserCommand},
    exit::{Exit, SUCCESS},
    output::{self, Done, printable},
    password, serve,
};
use crate::{
    http::{clock::now, password::Passwords, secret},
    settings::{self, Settings},
};

/// How API keys begin, so that a leaked one is recognised.
const KEY_PREFIX: &str = "ff_";

/// Runs the command.
pub fn run(args: &UserArgs) -> Done {
    match &args.command {
        UserCommand::Add { name, owner, place } => {
            let role = if *owner { Role::Owner } else { Role::Listener };
            let password = password::read()?;
            let user = in_new_store(place, async |store| {
                let hash = Passwords::new().hash(&password).await?;
                store.people().create_user(name, &hash, role, now()).await
            })?;
            output::line(format_args!("{} may sign in as {}", printable(&user.name), role.as_str()))?;
        }
        UserCommand::Password { name, revoke_keys, place } => {
            let password = password::read()?;
            let ended = in_store(place, async |store| {
                let user = named(&store, name).await?;
                let hash = Passwords::new().hash(&password).await?;
                // Somebody else may have signed in with the old one.
                let keep = Keep { session: None, keys: !revoke_keys };
                store.people().change_password(user.id, &hash, keep).await
            })?;
            output::line("the new password takes effect at once; every session of that person has ended")?;
            match (ended.keys, ended.keys_left) {
                (0, 0) => {}
                (0, left) => output::note(format_args!(
                    "{left} API keys go on working; `fanfare user password --revoke-keys` or `fanfare user key remove` end them"
                )),
                (gone, _) => output::line(format_args!("{gone} API keys are revoked"))?,
            }
        }
        UserCommand::List { place } => {
            for user in in_store(place, async |store| store.people().users().await)? {
                output::line(format_args!(
                    "{}  {:<8}  {}",
                    user.id,
                    user.role.as_str(),
                    printable(&user.name)
                ))?;
            }
        }
        UserCommand::Remove { name, place } => {
            in_store(place, async |store| {
                let user = named(&store, name).await?;
                store.people().delete_user(user.id).await
            })?;
            output::line(format_args!("{} is removed", printable(name)))?;
        }
        UserCommand::Key { command } => key(command)?,
    }
    Ok(Exit(SUCCESS))
}

fn key(command: &KeyCommand) -> Result<(), output::Stop> {
    match command {
        KeyCommand::Add { name, label, place } => {
            let secret = secret::fresh(KEY_PREFIX)?;
            let hash = secret::hash(&secret)
                .ok_or_else(|| Error::new(ErrorKind::Internal, "a fresh secret is not acceptable"))?;
            let key = in_store(place, async |store| {
                let user = named(&store, name).await?;
                store.people().create_key(user.id, label, hash, now()).await
            })?;
            output::note(format_args!("key {} for {}; it is shown this once:", key.id, printable(name)));
            output::line(secret)
        }
        KeyCommand::List { name, place } => {
            let keys = in_store(place, async |store| {
                let user = named(&store, name).await?;
                store.people().keys(user.id).await
            })?;
            for key in keys {
                output::line(format_args!("{}  {}", key.id, printable(&key.name)))?;
            }
            Ok(())
        }
        KeyCommand::Remove { name, id, place } => {
            let id: ApiKeyId = id.parse()?;
            in_store(place, async |store| {
                let user = named(&store, name).await?;
                store.people().delete_key(user.id, id).await
            })?;
            output::line("the key no longer opens anything")
        }
    }
}

async fn named(store: &Store, name: &str) -> Result<User> {
    store.people().credentials(name).await?.map(|(user, _)| user).ok_or_else(|| {
        Error::new(ErrorKind::NotFound, format!("nobody is called {}", printable(name)))
            .remedy("`fanfare user list` shows everybody")
    })
}

/// Opens the data folder, runs that, closes it. One without a library is refused: a mistyped name should say so.
pub(super) fn in_store<T>(place: &PlaceArgs, run: impl AsyncFnOnce(Store) -> Result<T>) -> Result<T> {
    let settings = settings::load(&place.request())?;
    serve::has_library(&settings)?;
    opened(&settings, run)
}

/// The same, but makes the data folder where it is missing.
fn in_new_store<T>(place: &PlaceArgs, run: impl AsyncFnOnce(Store) -> Result<T>) -> Result<T> {
    let settings = settings::load(&place.request())?;
    serve::make_data_folder(&settings.data_dir)?;
    opened(&settings, run)
}

fn opened<T>(settings: &Settings, run: impl AsyncFnOnce(Store) -> Result<T>) -> Result<T> {
    // A running server owns the data folder: only where there is none yet may this command make one.
    let migrate = !settings.data_dir.join(DATABASE_FILE).is_file();
    let _lock = if migrate { Some(DataLock::acquire(&settings.data_dir)?) } else { None };
    serve::block_on(async {
        let store = Store::open_with_cache(
            &settings.data_dir,
            &settings.cache_dir(),
            &StoreOptions { migrate, ..StoreOptions::default() },
        )
        .await?;
        let result = run(store.clone()).await;
        store.close().await;
        result
    })
}
