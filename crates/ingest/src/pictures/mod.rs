//! [`Pictures`]: pictures from outside, decoded in a child process of their own.
//!
//! Purpose: whatever a picture declares, the server's memory stays as it is. The child is this program again
//! (`fanfare_worker::run_pictures`), confined like a worker and held to 72 MiB of data by the system; it decodes one picture
//! at a time. Tags that are larger than the server reads ([`fanfare_channel::tag_limits`]) are read there too, for they hold pictures.
//!
//! Why not in the worker: what ends a worker costs an attempt of every running job, and a cover that a person sends should
//! not wait for an analysis.
//!
//! Invariants: everybody's requests wait in a bounded line of their own ([`Whose`]), the lines take turns, and none waits
//! longer than [`QUEUE_WAIT`]; one takes at most [`PICTURE_WAIT`](keeper::PICTURE_WAIT); a child that ends, hangs or says
//! what is no answer costs the picture in work and is replaced; one that nobody needs ends after [`IDLE`](keeper::IDLE),
//! with its memory.

mod ask;
mod keeper;
mod turns;

use std::{
    path::PathBuf,
    sync::{Arc, PoisonError},
    time::Duration,
};

use fanfare_audio::{Cover, TagReading};
use fanfare_channel::pictures::{Answer, Request};
use fanfare_model::{ContentHash, Error, ErrorKind, Result};
use tokio::sync::{mpsc, oneshot};

pub use self::{ask::PictureCommand, turns::Whose};
use self::{
    ask::{Ask, Waiting},
    keeper::Keeper,
};

/// How long a request waits for its turn.
const QUEUE_WAIT: Duration = Duration::from_secs(60);

/// The picture in a file, as a cover.
#[derive(Debug)]
pub(crate) struct Embedded {
    /// Hash of the picture's bytes as they are in the file.
    pub(crate) hash: ContentHash,
    /// What became of it.
    pub(crate) cover: Result<Cover>,
}

/// Where pictures are decoded. Cheap to clone.
#[derive(Clone)]
pub struct Pictures {
    waiting: Waiting,
    /// Says that something waits; one word is enough for all of it.
    wake: mpsc::Sender<()>,
}

impl Pictures {
    /// Starts no child yet: the first picture does. Must be called within a runtime.
    #[must_use]
    pub fn start(command: PictureCommand) -> Self {
        let (wake, woken) = mpsc::channel(1);
        let waiting = Waiting::default();
        tokio::spawn(Keeper::new(command, Arc::clone(&waiting)).run(woken));
        Self { waiting, wake }
    }

    /// The picture as a cover.
    ///
    /// # Errors
    /// `Unsupported`, `Malformed`, `LimitExceeded` for a picture that no cover is made of; `Timeout` for one that takes too
    /// long; `Busy` when too many wait, `TooMany` when too many of theirs do; `Unavailable` when no child can be started.
    pub async fn normalise(&self, whose: Whose, picture: Vec<u8>) -> Result<Cover> {
        cover(self.ask(whose, Request::Normalise { picture }).await?)
    }

    /// The picture file as a cover; its bytes never come into this process.
    ///
    /// # Errors
    /// As [`Self::normalise`], and those of reading the file.
    pub async fn normalise_file(&self, whose: Whose, path: PathBuf) -> Result<Cover> {
        cover(self.ask(whose, Request::PictureFile { path }).await?)
    }

    /// One cover made of several.
    ///
    /// # Errors
    /// `Empty` when none of them can be read, and as [`Self::normalise`].
    pub async fn compose(&self, whose: Whose, covers: Vec<Vec<u8>>) -> Result<Cover> {
        cover(self.ask(whose, Request::Compose { covers }).await?)
    }

    /// The picture in an audio file as a cover; `None` when it has none.
    ///
    /// # Errors
    /// Those of reading the file, and of asking. What is wrong with the picture is in the answer.
    pub(crate) async fn embedded(&self, whose: Whose, path: PathBuf) -> Result<Option<Embedded>> {
        match self.ask(whose, Request::Embedded { path }).await? {
            Answer::NoPicture => Ok(None),
            Answer::Embedded { hash, cover } => Ok(Some(Embedded { hash, cover })),
            _ => Err(no_answer()),
        }
    }

    /// The tags of an audio file, however large, without its picture.
    ///
    /// # Errors
    /// Those of reading the file, and of asking.
    pub(crate) async fn tags(&self, whose: Whose, path: PathBuf) -> Result<TagReading> {
        match self.ask(whose, Request::Tags { path }).await? {
            Answer::Tags { reading } => Ok(*reading),
            _ => Err(no_answer()),
        }
    }

    async fn ask(&self, whose: Whose, request: Request) -> Result<Answer> {
        let (reply, answered) = oneshot::channel();
        {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            waiting.retain(|ask| !ask.reply.is_closed());
            waiting.push(whose, Ask { request, reply })?;
        }
        // A word that was not taken yet stands for this one, too.
        let _said_already = self.wake.try_send(());
        let answered = tokio::time::timeout(QUEUE_WAIT, answered).await.map_err(|_| {
            Error::new(ErrorKind::Busy, "too many pictures are being decoded").remedy("try again in a minute")
        })?;
        answered.map_err(|_| no_answer())?
    }
}

fn cover(answer: Answer) -> Result<Cover> {
    match answer {
        Answer::Cover { cover } => Ok(cover),
        _ => Err(no_answer()),
    }
}

fn no_answer() -> Error {
    Error::new(ErrorKind::Unavailable, "the process that decodes pictures gives no answer")
}
