//! `fanfare mixtape ...`: mixtapes and their public links, straight in the data folder (no server needed).

use std::{io::Read as _, path::Path};

use fanfare_model::{
    Error, ErrorKind, Mixtape, Result, Role, TrackId, UserId,
    m3u8::{self, Listed, Playlist},
    mixtape, words,
};
use fanfare_store::{MAX_PAGE, MixtapeChange, MixtapeQuery, NewMixtape, Store};
use serde_json::json;

use super::{
    command_line::{MixtapeArgs, MixtapeCommand, PlaceArgs},
    exit::{Exit, SOME_FAILED, SUCCESS},
    mixtape_share,
    named_mixtape::named,
    output::{self, Done, printable},
    user::in_store,
};
use crate::http::{
    clock::{now, rfc3339},
    routes::playlists::{listed, title_of},
};

/// Runs the command.
pub fn run(args: &MixtapeArgs) -> Done {
    match &args.command {
        MixtapeCommand::List { json, place } => list(*json, place),
        MixtapeCommand::Show { slug, json, place } => show(slug, *json, place),
        MixtapeCommand::Create { title, tracks, notes, owner, place } => {
            let slug = in_store(place, async |store| {
                let new = NewMixtape {
                    title: mixtape::checked_title(title)?.to_owned(),
                    notes: mixtape::checked_notes(notes)?.to_owned(),
                    owner: owner_of(&store, owner.as_deref()).await?,
                    tracks: tracks_of(&store, tracks).await?,
                };
                store.catalog().create_mixtape(&new, now()).await
            })?;
            output::line(slug)?;
            Ok(Exit(SUCCESS))
        }
        MixtapeCommand::Add { slug, tracks, place } => change(slug, place, async |store, mut list| {
            list.extend(tracks_of(store, tracks).await?);
            Ok(list)
        }),
        MixtapeCommand::Remove { slug, tracks, place } => change(slug, place, async |store, mut list| {
            let unwanted = tracks_of(store, tracks).await?;
            if let Some(other) = unwanted.iter().find(|track| !list.contains(track)) {
                return Err(Error::new(ErrorKind::NotFound, format!("track {other} is not in the mixtape")));
            }
            list.retain(|track| !unwanted.contains(track));
            Ok(list)
        }),
        MixtapeCommand::Delete { slug, place } => {
            in_store(place, async |store| {
                let id = named(&store, slug).await?.id;
                store.catalog().delete_mixtape(id).await
            })?;
            output::line("the mixtape is deleted, its tracks stay")?;
            Ok(Exit(SUCCESS))
        }
        MixtapeCommand::Export { slug, place } => {
            let text = in_store(place, async |store| {
                let tape = named(&store, slug).await?;
                let entries = store.catalog().mixtape_entries(tape.id).await?;
                let files = entries.into_iter().map(|(entry, row)| listed(entry, row)).collect();
                Ok(m3u8::write(&Playlist { title: Some(tape.title), files }))
            })?;
            output::write(text.as_bytes())?;
            Ok(Exit(SUCCESS))
        }
        MixtapeCommand::Import { file, title, owner, json, place } => {
            import(file, title.as_deref(), owner.as_deref(), *json, place)
        }
        MixtapeCommand::Share(args) => mixtape_share::run(args),
    }
}

fn list(as_json: bool, place: &PlaceArgs) -> Done {
    let tapes = in_store(place, async |store| {
        let mut tapes = Vec::new();
        loop {
            let query =
                MixtapeQuery { offset: tapes.len() as u64, limit: MAX_PAGE, ..MixtapeQuery::default() };
            let page = store.catalog().mixtapes(&query).await?;
            if page.items.is_empty() {
                return Ok(tapes);
            }
            tapes.extend(page.items);
        }
    })?;
    for tape in &tapes {
        if as_json {
            output::json_line(&described(tape))?;
        } else {
            let length = minutes(tape.duration_s);
            let title = printable(&tape.title);
            output::line(format_args!(
                "{:<32}  {:>11}  {length:>8}  {title}",
                tape.slug,
                words::count(tape.track_count, "track")
            ))?;
        }
    }
    Ok(Exit(SUCCESS))
}

fn show(slug: &str, as_json: bool, place: &PlaceArgs) -> Done {
    let (tape, entries) = in_store(place, async |store| {
        let tape = named(&store, slug).await?;
        let entries = store.catalog().mixtape_entries(tape.id).await?;
        Ok((tape, entries))
    })?;
    let entries: Vec<(TrackId, bool, Listed)> =
        entries.into_iter().map(|(entry, row)| (entry.track, row.is_none(), listed(entry, row))).collect();
    if as_json {
        let mut object = described(&tape);
        let tracks = entries.iter().map(|(id, gone, file)| {
            json!({"id": id, "label": file.label, "duration_s": file.duration_s, "path": file.path, "gone": gone})
        });
        object["tracks"] = tracks.collect();
        output::json_line(&object)?;
        return Ok(Exit(SUCCESS));
    }
    output::line(format_args!("{} ({})", printable(&tape.title), tape.slug))?;
    for line in tape.notes.lines() {
        output::line(format_args!("  {}", printable(line)))?;
    }
    for (place, (id, gone, file)) in entries.iter().enumerate() {
        let label = printable(file.label.as_deref().unwrap_or_default());
        let length = file.duration_s.map(minutes).unwrap_or_default();
        let gone = if *gone { "  (gone)" } else { "" };
        output::line(format_args!("{:>4}  {id}  {length:>8}  {label}{gone}", place + 1))?;
    }
    Ok(Exit(SUCCESS))
}

/// Gives a mixtape another list of tracks.
fn change(
    slug: &str,
    place: &PlaceArgs,
    make: impl AsyncFnOnce(&Store, Vec<TrackId>) -> Result<Vec<TrackId>>,
) -> Done {
    let length = in_store(place, async |store| {
        let id = named(&store, slug).await?.id;
        let entries = store.catalog().mixtape_entries(id).await?;
        let tracks = make(&store, entries.into_iter().map(|(entry, _)| entry.track).collect()).await?;
        let length = tracks.len();
        let change = MixtapeChange { tracks: Some(tracks), ..MixtapeChange::default() };
        store.catalog().change_mixtape(id, &change, now()).await?;
        Ok(length)
    })?;
    output::line(words::count(length as u64, "track"))?;
    Ok(Exit(SUCCESS))
}

fn import(file: &Path, title: Option<&str>, owner: Option<&str>, as_json: bool, place: &PlaceArgs) -> Done {
    let playlist = m3u8::read(&read(file)?)?;
    // Paths in a playlist begin in its own folder, or above it. Standard input lies nowhere.
    let folder = std::path::absolute(file).ok().filter(|_| file != Path::new("-"));
    let folder = folder.as_deref().and_then(Path::parent).map(|folder| folder.to_string_lossy().into_owned());
    mixtape::checked_count(playlist.files.len())?;
    let title = match title {
        Some(title) => mixtape::checked_title(title)?.to_owned(),
        None => title_of(&playlist, file.file_name().map(|name| name.to_string_lossy()).as_deref()),
    };
    let (slug, unmatched) = in_store(place, async |store| {
        let matched = store.catalog().match_playlist(&playlist, folder.as_deref()).await?;
        if matched.tracks.is_empty() {
            return Err(m3u8::nothing_found(&playlist));
        }
        let owner = owner_of(&store, owner).await?;
        let new = NewMixtape { title, notes: String::new(), owner, tracks: matched.tracks };
        Ok((store.catalog().create_mixtape(&new, now()).await?, matched.unmatched))
    })?;
    if as_json {
        output::json_line(&json!({"slug": slug, "unmatched": unmatched}))?;
    } else {
        for line in &unmatched {
            output::note(format_args!("fanfare: not in the library: {}", printable(line)));
        }
        output::line(slug)?;
    }
    Ok(Exit(if unmatched.is_empty() { SUCCESS } else { SOME_FAILED }))
}

/// The playlist's bytes, no more than are read of one.
fn read(file: &Path) -> Result<Vec<u8>> {
    let failed = |error| Error::from_io(format!("reading {}", file.display()), error);
    let source: Box<dyn std::io::Read> = if file == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        Box::new(std::fs::File::open(file).map_err(failed)?)
    };
    let mut bytes = Vec::new();
    source.take(m3u8::MAX_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

/// Whose a new mixtape is.
async fn owner_of(store: &Store, name: Option<&str>) -> Result<Option<UserId>> {
    let people = store.people().users().await?;
    let mut fitting = people.iter().filter(|user| match name {
        Some(name) => user.name == name,
        None => user.role == Role::Owner,
    });
    match (fitting.next(), fitting.next(), name) {
        (Some(user), None, _) => Ok(Some(user.id)),
        (None, _, None) => Ok(None),
        (None, _, Some(name)) => {
            Err(Error::new(ErrorKind::NotFound, format!("nobody is called {}", printable(name)))
                .remedy("`fanfare user list` shows everybody"))
        }
        (Some(_), Some(_), _) => Err(Error::new(ErrorKind::Invalid, "there are several owners")
            .remedy("say whose it is: --owner NAME")),
    }
}

/// The tracks of those ids or paths.
async fn tracks_of(store: &Store, texts: &[String]) -> Result<Vec<TrackId>> {
    let mut tracks = Vec::with_capacity(texts.len());
    for text in texts {
        if let Ok(id) = text.parse() {
            tracks.push(id);
            continue;
        }
        let files = vec![Listed { path: text.clone(), ..Listed::default() }];
        let matched = store.catalog().match_playlist(&Playlist { title: None, files }, None).await?;
        tracks.extend(matched.tracks);
        if !matched.unmatched.is_empty() {
            return Err(Error::new(
                ErrorKind::NotFound,
                format!("no track, or more than one, is at {}", printable(text)),
            )
            .remedy("name it by its id, or by more of its path"));
        }
    }
    Ok(tracks)
}

fn described(tape: &Mixtape) -> serde_json::Value {
    json!({
        "slug": tape.slug,
        "title": tape.title,
        "notes": tape.notes,
        "owner": tape.owner_name,
        "track_count": tape.track_count,
        "missing": tape.missing,
        "duration_s": tape.duration_s,
        "created": rfc3339(tape.created),
        "updated": rfc3339(tape.updated),
    })
}

/// `61:05`
fn minutes(seconds: f64) -> String {
    let seconds = seconds.round() as u64;
    format!("{}:{:02}", seconds / 60, seconds % 60)
}
