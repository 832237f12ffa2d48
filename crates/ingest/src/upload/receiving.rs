//! [`Receiving`]: one upload under way.

use std::{
    io::Seek as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use fanfare_audio::{Limits, TagReading};
use fanfare_channel::{clock, tag_limits::limits_here};
use fanfare_model::{ContentHash, Error, ErrorKind, Result, TaskId, UserId, job::Products};
use fanfare_store::{BlobKind, NewUpload, Store, Uploaded, fresh_id, of_storage};
use tokio::{
    fs::File,
    io::{AsyncWriteExt as _, BufWriter},
};

use super::{UploadOptions, UploadPictures};
use crate::{Ingest, pictures::Whose, task_tracker::TaskTracker};

/// The longest name that is kept of what the sender called the file, in characters.
const MAX_NAME_CHARS: usize = 200;
/// Bytes gathered before they are written: large against the cost of a write, small against memory.
const BUFFER_BYTES: usize = 256 * 1024;

/// How long an answer waits for the cover of its track, which is there and queued by then.
const COVER_WAIT: Duration = Duration::from_secs(1);

/// What taking in a file needs.
pub(crate) struct Receives {
    pub(crate) ingest: Ingest,
    pub(crate) store: Store,
    pub(crate) uploads: TaskTracker,
    pub(crate) options: Arc<UploadOptions>,
    pub(crate) products: Products,
    pub(crate) pictures: UploadPictures,
}

/// A file that is being sent. Dropped before [`finish`](Self::finish) succeeded, it leaves nothing behind.
pub struct Receiving {
    ingest: Ingest,
    store: Store,
    uploads: TaskTracker,
    pictures: UploadPictures,
    options: Arc<UploadOptions>,
    products: Products,
    name: String,
    uploader: UserId,
    file: BufWriter<File>,
    place: Place,
    hasher: blake3::Hasher,
    size_bytes: u64,
    /// Whether the bytes are a blob already, which stays whatever becomes of this.
    is_ours: bool,
}

/// Where the bytes are until they are adopted.
struct Place(PathBuf);

impl Drop for Place {
    fn drop(&mut self) {
        // Adopted files are not there any more; what cannot be removed is swept at the next start.
        let _ = std::fs::remove_file(&self.0);
    }
}

impl Receiving {
    pub(crate) async fn begin(needs: Receives, name: &str, uploader: UserId) -> Result<Self> {
        let Receives { ingest, store, uploads, options, products, pictures } = needs;
        if let Some(why) = store.only_reads() {
            return Err(why.error());
        }
        let random: String = fresh_id(clock::now()).iter().map(|byte| format!("{byte:02x}")).collect();
        let place = Place(store.blobs().staging().join(format!("upload-{random}")));
        let file = File::create_new(&place.0).await.map_err(failed)?;
        let receiving = Self {
            ingest,
            store,
            uploads,
            pictures,
            options,
            products,
            name: shown_name(name),
            uploader,
            file: BufWriter::with_capacity(BUFFER_BYTES, file),
            place,
            hasher: blake3::Hasher::new(),
            size_bytes: 0,
            is_ours: false,
        };
        // A person without room is told before the bytes are sent, not after.
        receiving.check_quota().await?;
        receiving.store.writable().await?;
        Ok(receiving)
    }

    /// An upload whose bytes are a blob already and whose row was lost. It is kept whatever becomes of it, and counts for
    /// no quota before it is a track: its bytes take that room anyway.
    pub(crate) async fn of_blob(mut needs: Receives, hash: ContentHash, uploader: UserId) -> Result<Self> {
        let bytes = needs.store.blobs().local(BlobKind::Upload, hash).await?;
        let bytes =
            bytes.ok_or_else(|| Error::new(ErrorKind::NotFound, "the bytes are not there any more"))?;
        needs.options =
            Arc::new(UploadOptions { quota_bytes: 0, keep_originals: true, ..(*needs.options).clone() });
        // What it was called is lost; its title comes from its tags.
        let name = format!("restored-{}", hash.to_string().get(..12).unwrap_or_default());
        let mut receiving = Self::begin(needs, &name, uploader).await?;
        receiving.is_ours = true;
        let (from, to) = (bytes, receiving.place.0.clone());
        let copied = tokio::task::spawn_blocking(move || copy(&from, &to)).await;
        let (hasher, size_bytes) = copied.unwrap_or_else(|ended| {
            Err(Error::new(ErrorKind::Internal, "copying an upload broke off").because(ended))
        })?;
        (receiving.hasher, receiving.size_bytes) = (hasher, size_bytes);
        if receiving.hasher.finalize().as_bytes() != hash.as_bytes() {
            return Err(Error::new(
                ErrorKind::Io,
                "the file is damaged: its bytes are not those that were sent",
            )
            .remedy("restore a backup (`fanfare restore DIR`) into another folder, and upload the file from there"));
        }
        Ok(receiving)
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// `LimitExceeded` when there are more than may be sent; `NoSpace`, `Io` from the disk, `Unavailable` while it is away.
    pub async fn write(&mut self, bytes: Bytes) -> Result<()> {
        self.size_bytes = self.size_bytes.saturating_add(bytes.len() as u64);
        if self.size_bytes > self.options.max_bytes {
            return Err(Error::limit("upload.max_bytes", self.size_bytes, self.options.max_bytes)
                .remedy("send a file that is smaller, or have `upload.max_bytes` raised"));
        }
        self.hasher.update(&bytes);
        self.file
            .write_all(&bytes)
            .await
            .map_err(failed)
            .inspect_err(|error| self.store.note_failed_write(error))
    }

    /// How many bytes came so far.
    #[must_use]
    pub const fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// Puts what was sent in the place of the same file of a track, if that is missing or damaged, and has done again what was
    /// given up without it.
    async fn mend(&self, hash: ContentHash) -> Result<()> {
        let blobs = self.store.blobs();
        let replaced = self.store.catalog().original_is_damaged(hash).await?;
        if replaced {
            // A file of the right length counts as whole where another one is to take its name.
            blobs.remove(BlobKind::Upload, hash).await?;
            blobs.adopt(BlobKind::Upload, &self.place.0).await?;
            tracing::info!(%hash, "an upload whose file was missing or damaged was sent again, and is whole");
        }
        if let Err(error) = self.ingest.sent_again(hash, replaced, COVER_WAIT).await {
            // The file is whole, which is what was asked for.
            tracing::warn!(%hash, %error, "what was given up of an upload is not tried again");
        }
        Ok(())
    }

    /// Looks at what was sent, keeps it and queues its processing; or gives the track that has the same bytes already.
    ///
    /// # Errors
    /// `NotAudio`, `Unsupported`, `Malformed`, `Empty` for what no track can be made of; `LimitExceeded` for a full
    /// quota; `NoSpace`, `Io`, `Busy`, `Unavailable`. Nothing is left then.
    pub async fn finish(mut self) -> Result<Uploaded> {
        self.file.flush().await.map_err(failed)?;
        if self.size_bytes == 0 {
            return Err(Error::new(ErrorKind::Empty, "the file is empty").remedy("choose another file"));
        }
        let hash = ContentHash::from_bytes(*self.hasher.finalize().as_bytes());
        if let Some(known) = self.store.catalog().track_of_bytes(hash).await? {
            self.mend(hash).await?;
            return Ok(Uploaded::Known(known));
        }
        let (reading, picture) = self.look().await?;
        let adopted = self.store.blobs().adopt(BlobKind::Upload, &self.place.0).await?;
        if adopted != hash {
            self.delete_unused(adopted).await;
            return Err(Error::new(ErrorKind::Io, "the bytes on disk are not those that were sent")
                .remedy("check the disk, and send the file again"));
        }
        // Only now: bytes that could not be kept are no task that anybody should see.
        let hold = self.uploads.hold();
        let announced = self.uploads.announce().await;
        if announced.is_err() {
            self.delete_unused(hash).await;
        }
        let task: TaskId = announced?;
        let new = NewUpload {
            name: self.name.clone(),
            hash,
            size_bytes: self.size_bytes,
            tags: reading.tags,
            audio: reading.audio,
            picture,
            uploader: self.uploader,
            keep: self.options.keep_originals,
            products: self.products.clone(),
        };
        let added =
            self.store.catalog().add_upload(&new, Some(task), self.options.quota_bytes, clock::now()).await;
        if !matches!(added, Ok(Uploaded::Added(_))) {
            self.delete_unused(hash).await;
        }
        drop(hold);
        self.uploads.queued().await;
        if let (Ok(Uploaded::Added(track)), true) = (&added, picture) {
            self.pictures.make_covers(&[*track], COVER_WAIT).await;
        }
        added
    }

    /// What the content says it is, without its picture, and whether it has one, or may have.
    async fn look(&self) -> Result<(TagReading, bool)> {
        let turn = self.pictures.reading.acquire().await;
        let path = self.place.0.clone();
        let looked = tokio::task::spawn_blocking(move || {
            fanfare_audio::read_tags(&path, &limits_here(&Limits::default()))
        });
        let broke_off = |_| Err(Error::new(ErrorKind::Internal, "reading the file's tags broke off"));
        let mut reading = looked.await.unwrap_or_else(broke_off)?;
        drop(turn);
        // The cover is made of the file itself, afterwards: its bytes are not held until then.
        let picture = reading.cover.take().is_some() || reading.cut;
        if reading.cut {
            // Tags of that size are read where memory has a bound.
            let whose = Whose::Person(self.uploader);
            match self.pictures.pictures.tags(whose, self.place.0.clone()).await {
                Ok(whole) => reading = whole,
                // It can be sent again, and all its tags are read then.
                Err(error) if matches!(error.kind(), ErrorKind::TooMany | ErrorKind::Busy) => {
                    return Err(error);
                }
                Err(error) => {
                    tracing::warn!(name = self.name, %error, "only a part of an upload's tags is read");
                }
            }
        }
        Ok((reading, picture))
    }

    async fn check_quota(&self) -> Result<()> {
        let quota = self.options.quota_bytes;
        if quota == 0 {
            return Ok(());
        }
        let used = self.store.catalog().uploaded_bytes(self.uploader).await?;
        if used < quota {
            return Ok(());
        }
        Err(Error::limit("upload.quota_bytes", used, quota)
            .remedy("delete uploads that are not needed, or have `upload.quota_bytes` raised"))
    }

    /// Removes bytes that no row points at; otherwise they are swept later.
    async fn delete_unused(&self, hash: ContentHash) {
        if self.is_ours {
            return;
        }
        if let Err(error) = self.store.catalog().delete_unused_upload(hash).await {
            tracing::warn!(%error, "bytes of an upload are left until they are swept");
        }
    }
}

/// Copies a file; gives the hash of what was read, and how much that was.
fn copy(from: &Path, to: &Path) -> Result<(blake3::Hasher, u64)> {
    let mut hasher = blake3::Hasher::new();
    let copied = std::fs::File::open(from).and_then(|mut from| {
        hasher.update_reader(&mut from)?;
        from.rewind()?;
        std::io::copy(&mut from, &mut std::fs::File::create(to)?)
    });
    Ok((hasher, copied.map_err(failed)?))
}

/// The sender's name for the file as people are shown it: its last part, without control characters, of bounded length.
fn shown_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = last.chars().filter(|letter| !is_hidden(*letter)).take(MAX_NAME_CHARS).collect();
    let clean = clean.trim();
    if clean.is_empty() { "upload".to_owned() } else { clean.to_owned() }
}

/// Control characters, and those that change the direction of what follows.
fn is_hidden(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

fn failed(error: std::io::Error) -> Error {
    let error = of_storage("storing what is sent", error);
    if error.kind() == ErrorKind::NoSpace {
        return error.remedy("make room on the disk of the data folder, and send the file again");
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_only_ever_shown() {
        for (name, shown) in [
            ("song.flac", "song.flac"),
            ("../../etc/passwd", "passwd"),
            ("C:\\music\\a b.mp3", "a b.mp3"),
            ("a\0b\n\u{202e}3pm.exe", "ab3pm.exe"),
            ("", "upload"),
            ("..", ".."),
            ("   ", "upload"),
        ] {
            assert_eq!(shown_name(name), shown, "{name:?}");
        }
        assert_eq!(shown_name(&"x".repeat(5_000)).len(), MAX_NAME_CHARS);
    }
}
