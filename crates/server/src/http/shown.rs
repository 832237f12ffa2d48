//! What is shown of the server's paths, and to whom.
//!
//! Owners see paths as they are: they need them to find a file. Listeners see where a file lies in the library: its
//! path from the library folder's own name on. Sentences that name other paths of the server (of a folder that is not
//! in the library any more, of a program) name only their last part.

use fanfare_ingest::TaskEvent;
use fanfare_model::{Result, Role, Task, library::Folder, words::last_part};

use super::{caller::Caller, state::HttpState};

/// What a caller may see of paths.
#[derive(Debug, Clone)]
pub enum Shown {
    /// Everything.
    Everything,
    /// Paths from the names of these library folders on.
    Inside(Vec<Root>),
}

/// A library folder: its path, and what it is called.
#[derive(Debug, Clone)]
pub struct Root {
    path: String,
    name: String,
}

impl Shown {
    /// What that caller may see.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn to(caller: &Caller, state: &HttpState) -> Result<Self> {
        if caller.role() == Role::Owner {
            return Ok(Self::Everything);
        }
        Ok(Self::inside(&state.store.catalog().folders().await?))
    }

    fn inside(folders: &[Folder]) -> Self {
        // Written as everywhere else, so that names that are no Unicode are met again.
        let roots = folders.iter().map(|folder| Root {
            path: folder.path.display().to_string(),
            name: folder
                .path
                .file_name()
                .map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
        });
        let mut roots: Vec<Root> = roots.filter(|root| root.path.len() > 1).collect();
        roots.sort_by_key(|root| std::cmp::Reverse(root.path.len()));
        Self::Inside(roots)
    }

    /// The task as the caller may see it.
    #[must_use]
    pub fn task(&self, mut task: Task) -> Task {
        if let Self::Inside(_) = self {
            task.current_item = task.current_item.map(|item| self.path(&item));
            task.message = self.text(&task.message);
            for failure in &mut task.failures {
                failure.subject = self.path(&failure.subject);
                failure.message = self.text(&failure.message);
            }
            // Its lines hold whole paths between words, and where folders lie is the owner's business.
            task.log.clear();
        }
        task
    }

    /// The event as the caller may see it.
    #[must_use]
    pub fn event(&self, mut event: TaskEvent) -> TaskEvent {
        event.task = self.task(event.task);
        event
    }

    /// Whether the item that a task is at lies outside every folder known here: one may have joined since.
    #[must_use]
    pub fn is_strange(&self, task: &Task) -> bool {
        let Self::Inside(roots) = self else { return false };
        task.current_item.as_deref().is_some_and(|item| {
            item.starts_with('/') && !roots.iter().any(|root| below(item, &root.path).is_some())
        })
    }

    /// A text that is a path, or no path at all.
    fn path(&self, path: &str) -> String {
        let Self::Inside(roots) = self else { return path.to_owned() };
        if !path.starts_with('/') {
            return path.to_owned();
        }
        match roots.iter().find_map(|root| below(path, &root.path).map(|below| (root, below))) {
            Some((root, below)) => format!("{}{below}", root.name),
            None => last_part(path).to_owned(),
        }
    }

    /// A sentence that may name paths.
    #[must_use]
    pub fn text(&self, text: &str) -> String {
        let Self::Inside(roots) = self else { return text.to_owned() };
        let mut shown = String::with_capacity(text.len());
        let mut rest = text;
        let mut before = ' ';
        while let Some(next) = rest.chars().next() {
            let begins =
                next == '/' && !(before.is_alphanumeric() || matches!(before, '/' | ':' | '.' | '_' | '-'));
            if begins {
                if let Some((root, behind)) =
                    roots.iter().find_map(|root| below(rest, &root.path).map(|behind| (root, behind)))
                {
                    shown.push_str(&root.name);
                    (rest, before) = (behind, 'x');
                    continue;
                }
                // Where a path that is not known ends nobody can tell: at the next space.
                let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
                let (path, behind) = rest.split_at(end);
                shown.push_str(last_part(path));
                (rest, before) = (behind, 'x');
                continue;
            }
            shown.push(next);
            (rest, before) = (&rest[next.len_utf8()..], next);
        }
        shown
    }
}

/// What follows the folder in a text that begins with its path: nothing, or something that cannot be more of its
/// last name.
fn below<'a>(text: &'a str, folder: &str) -> Option<&'a str> {
    let behind = text.strip_prefix(folder)?;
    let more_of_the_name = |next: char| next.is_alphanumeric() || matches!(next, '_' | '-' | '.');
    (!behind.starts_with(more_of_the_name)).then_some(behind)
}

#[cfg(test)]
mod tests {
    use fanfare_model::{FolderId, Timestamp};

    use super::*;

    fn shown(paths: &[&str]) -> Shown {
        let folder = |path: &&str| Folder {
            id: FolderId::from_bytes([1; 16]),
            path: path.into(),
            added: Timestamp(0),
            scanned: None,
        };
        Shown::inside(&paths.iter().map(folder).collect::<Vec<_>>())
    }

    #[test]
    fn a_listener_sees_where_in_the_library_and_not_where_on_the_server() {
        let shown = shown(&["/srv/media/My Music", "/srv/media/My Music 2", "/home/ann/songs"]);
        for (text, expected) in [
            (
                "/srv/media/My Music/a b/c.flac is tried again later: no",
                "My Music/a b/c.flac is tried again later: no",
            ),
            ("/srv/media/My Music 2/x.mp3", "My Music 2/x.mp3"),
            ("the folder /home/ann/songs is away", "the folder songs is away"),
            ("the folder /home/ann/songs: away", "the folder songs: away"),
            ("`/home/ann/songs/a.wav`", "`songs/a.wav`"),
            ("the folder /home/ann/songs-old is away", "the folder songs-old is away"),
            ("/usr/lib/fanfare cannot be started", "fanfare cannot be started"),
            (
                "see https://example.org/a/b, and/or AC/DC at 3 /s",
                "see https://example.org/a/b, and/or AC/DC at 3 s",
            ),
            ("nothing changed", "nothing changed"),
        ] {
            assert_eq!(shown.text(text), expected);
            assert_eq!(Shown::Everything.text(text), text);
        }
        for (path, expected) in [
            ("/home/ann/songs/a/b.wav", "songs/a/b.wav"),
            ("/home/ann/songs", "songs"),
            ("a/b.wav", "a/b.wav"),
            ("track 0123", "track 0123"),
            ("/mnt/gone by now/a/b c.wav", "b c.wav"),
            ("/", ""),
        ] {
            assert_eq!(shown.path(path), expected);
            assert_eq!(Shown::Everything.path(path), path);
        }
    }
}
