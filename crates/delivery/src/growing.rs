//! A transcode that is made while it is sent.
//!
//! Purpose: look like a file that is whole. Its length, its tag and the place of every byte are known before it exists
//! ([`BlockGrid`]), so ranges, `HEAD` and `If-Range` are answered as for any other; the body then waits for blocks that
//! are not made yet, and says which those are.
//!
//! Vocabulary: a *listener* is one body under way; a *word* is what the maker is told: which blocks listeners wait for.
//!
//! Invariants: one task per file follows its making, however many listen; it ends when the file is whole, its maker gave
//! up, or no listener is left; a listener whose block is not made in time is cut off, never sent other bytes.

use std::{
    collections::HashMap,
    fs::File,
    io,
    os::unix::fs::FileExt as _,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use fanfare_model::{BlockGrid, Error, ErrorKind, JobId, JobState, Profile, Result};
use fanfare_store::{Following, Store};
use futures_util::stream;
use http::{HeaderMap, Method};
use tokio::sync::{oneshot, watch};

use crate::{
    answer::{Answer, Body},
    content::{BUFFER_BYTES, ByteStream},
    etag::EntityTag,
    multipart::Piece,
    original::{Response, respond},
    ranges::{ByteRange, Representation},
};

/// How often the file is looked at while a listener waits.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// How often the maker is told that a listener plays, even if nothing changed.
const WORD_EVERY: Duration = Duration::from_millis(500);
/// How often the maker's job is asked after.
const ASK_EVERY: Duration = Duration::from_millis(250);
/// How long a listener waits for a block. One takes a tenth of a second; a machine that is busy with other things gets
/// the benefit of the doubt.
const BLOCK_WAIT: Duration = Duration::from_secs(30);
/// How long nobody may listen before the maker is told: a player closes one connection and opens the next.
const LEAVE_AFTER: Duration = Duration::from_millis(1_500);

/// Tells the maker of a file that a listener plays it, and waits for those blocks.
pub type RequestBlocks = Arc<dyn Fn(JobId, Vec<u32>) + Send + Sync>;
/// Tells the maker of a file that no listener plays it any more.
pub type Leave = Arc<dyn Fn(JobId) + Send + Sync>;

/// How far the file is.
#[derive(Debug, Clone)]
enum Progress {
    /// There is more than before.
    Growing,
    /// It is whole, or what there is of it will do.
    Whole,
    /// It will not be whole.
    Failed(String),
}

/// A file being made, as listeners share it.
pub struct GrowingFile {
    job: JobId,
    grid: BlockGrid,
    file: Arc<File>,
    etag: EntityTag,
    modified_s: Option<u64>,
    done: Mutex<Vec<bool>>,
    /// What each listener waits for.
    listeners: Mutex<Listeners>,
    progress: watch::Sender<Progress>,
}

#[derive(Default)]
struct Listeners {
    next: u64,
    /// The room is wanted for another file: it is given up as soon as no listener plays it.
    dismissed: bool,
    /// By listener: the block it waits for, if it waits.
    waiting: HashMap<u64, Option<u32>>,
    /// Notified when any of that changes.
    changed: Option<oneshot::Sender<()>>,
}

/// What a file that is made is known by.
pub(crate) struct Made {
    pub(crate) job: JobId,
    pub(crate) folder: PathBuf,
    pub(crate) profile: Profile,
    pub(crate) etag: EntityTag,
    pub(crate) modified_s: Option<u64>,
}

impl GrowingFile {
    /// Begins to follow a file that has begun; `None` while it has not.
    pub(crate) async fn follow(
        store: &Store,
        (want, leave): (RequestBlocks, Leave),
        made: Made,
    ) -> Result<Option<Arc<Self>>> {
        let Made { job, folder, profile, etag, modified_s } = made;
        let opened = tokio::task::spawn_blocking(move || {
            let Some(following) = Following::open(&folder, profile)? else { return Ok(None) };
            Ok(Some((following.file(), following)))
        });
        let Some((file, following)) = opened.await.map_err(interrupted)?? else { return Ok(None) };
        let grid = following.grid();
        let growing = Arc::new(Self {
            job,
            grid,
            file,
            etag,
            modified_s,
            done: Mutex::new((0..grid.blocks).map(|block| following.has(block)).collect()),
            listeners: Mutex::default(),
            progress: watch::channel(Progress::Growing).0,
        });
        tokio::spawn(Arc::clone(&growing).keep_following(store.clone(), want, leave, following));
        Ok(Some(growing))
    }

    /// Whether another listener can still play it.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        matches!(*self.progress.borrow(), Progress::Growing)
    }

    /// Whether everybody who listened has left.
    pub(crate) fn is_left(&self) -> bool {
        let listeners = self.listeners();
        listeners.next > 0 && listeners.waiting.is_empty()
    }

    /// Has it given up at once, unless a listener comes back before.
    pub(crate) fn dismiss(&self) {
        let mut listeners = self.listeners();
        listeners.dismissed = true;
        if let Some(ring) = listeners.changed.take() {
            let _gone = ring.send(());
        }
    }

    /// The answer to a `GET` or `HEAD` with these header fields.
    #[must_use]
    pub fn answer(
        self: &Arc<Self>,
        method: &Method,
        request: &HeaderMap,
        media_type: &'static str,
        boundary: &str,
    ) -> Answer {
        let representation = Representation {
            len: self.grid.len_bytes,
            etag: self.etag.clone(),
            last_modified_s: self.modified_s,
            date_is_strong: true,
        };
        let Response { status, headers, pieces } =
            respond(&representation, method, request, media_type, boundary);
        let pieces = pieces.filter(|_| method != Method::HEAD);
        let body = pieces.map_or(Body::Empty, |pieces| Body::Stream(self.stream(pieces)));
        Answer { status, headers, body }
    }

    fn stream(self: &Arc<Self>, pieces: Vec<Piece>) -> ByteStream {
        let listener = Listener::new(Arc::clone(self));
        let start = (listener, pieces.into_iter(), None::<ByteRange>);
        Box::pin(stream::try_unfold(start, |(listener, mut pieces, mut rest)| async move {
            loop {
                if let Some(range) = rest {
                    let bytes = listener.read(range).await?;
                    let first = range.first + bytes.len() as u64;
                    let rest = (first <= range.last).then_some(ByteRange { first, last: range.last });
                    return Ok(Some((bytes, (listener, pieces, rest))));
                }
                match pieces.next() {
                    None => return Ok(None),
                    Some(Piece::Text(text)) => return Ok(Some((text, (listener, pieces, None)))),
                    Some(Piece::File(range)) => rest = Some(range),
                }
            }
        }))
    }

    /// Follows the making, tells the maker who waits for what, and notices how it ends.
    async fn keep_following(
        self: Arc<Self>,
        store: Store,
        want: RequestBlocks,
        leave: Leave,
        mut following: Following,
    ) {
        let mut told: Option<(Vec<u32>, tokio::time::Instant)> = None;
        let mut asked = tokio::time::Instant::now();
        let mut alone_since: Option<tokio::time::Instant> = None;
        let end = loop {
            // Reads a few bytes that were just written: memory, not a disk.
            if let Err(error) = following.look() {
                break Progress::Failed(error.to_string());
            }
            if self.take_in(&following) {
                self.progress.send_replace(Progress::Growing);
            }
            if following.is_whole() {
                break Progress::Whole;
            }
            let now = tokio::time::Instant::now();
            // Before the look at who waits: a listener that begins to wait meanwhile is noticed.
            let changed = self.changed();
            let (count, wanted) = self.wanted();
            if count == 0 {
                let dismissed = self.listeners().dismissed;
                if dismissed || now - *alone_since.get_or_insert(now) >= LEAVE_AFTER {
                    leave(self.job);
                    break Progress::Failed("no listener was left".to_owned());
                }
            } else {
                alone_since = None;
            }
            let due = told.as_ref().is_none_or(|(said, at)| *said != wanted || now - *at >= WORD_EVERY);
            if due {
                want(self.job, wanted.clone());
                told = Some((wanted.clone(), now));
            }
            if now - asked >= ASK_EVERY {
                asked = now;
                if let Some(end) = self.ask_after(&store, &mut following).await {
                    break end;
                }
            }
            // While no listener waits, a slow check is enough; a listener that begins to wait is noticed at once.
            let pause = if wanted.is_empty() { WORD_EVERY / 2 } else { LOOK_EVERY };
            let _whichever = tokio::time::timeout(pause, changed).await;
        };
        self.progress.send_replace(end);
    }

    /// How the maker's job ended, if it did.
    async fn ask_after(&self, store: &Store, following: &mut Following) -> Option<Progress> {
        let row = match store.jobs().job(self.job).await {
            Ok(Some(row)) => row,
            Ok(None) => return Some(Progress::Failed("its job is gone".to_owned())),
            Err(_) => return None, // asked again
        };
        match row.state {
            JobState::Running => None,
            JobState::Done => {
                // Its last blocks were written before.
                let _ = following.look();
                self.take_in(following);
                Some(if following.is_whole() {
                    Progress::Whole
                } else {
                    Progress::Failed("it was given up".to_owned())
                })
            }
            JobState::Waiting | JobState::Cancelled => {
                Some(Progress::Failed("its encoder was interrupted".to_owned()))
            }
            JobState::Parked => Some(row.last_error.map_or_else(
                || Progress::Failed("it could not be encoded".to_owned()),
                |error| Progress::Failed(error.sentence()),
            )),
        }
    }

    fn take_in(&self, following: &Following) -> bool {
        let mut done = self.done();
        let mut new = false;
        for (block, done) in (0..).zip(done.iter_mut()) {
            if !*done && following.has(block) {
                (*done, new) = (true, true);
            }
        }
        new
    }

    /// How many listen, and the blocks that they wait for.
    fn wanted(&self) -> (usize, Vec<u32>) {
        let listeners = self.listeners();
        let mut wanted: Vec<u32> = listeners.waiting.values().filter_map(|block| *block).collect();
        wanted.sort_unstable();
        wanted.dedup();
        (listeners.waiting.len(), wanted)
    }

    /// Resolves when a listener comes, goes, or waits for something else.
    fn changed(&self) -> oneshot::Receiver<()> {
        let (notify, notified) = oneshot::channel();
        self.listeners().changed = Some(notify);
        notified
    }

    fn done(&self) -> MutexGuard<'_, Vec<bool>> {
        self.done.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn listeners(&self) -> MutexGuard<'_, Listeners> {
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One body under way.
struct Listener {
    growing: Arc<GrowingFile>,
    number: u64,
}

impl Listener {
    fn new(growing: Arc<GrowingFile>) -> Self {
        let number = {
            let mut listeners = growing.listeners();
            listeners.next += 1;
            let number = listeners.next;
            listeners.waiting.insert(number, None);
            number
        };
        let listener = Self { growing, number };
        listener.say(None);
        listener
    }

    fn say(&self, block: Option<u32>) {
        let mut listeners = self.growing.listeners();
        listeners.waiting.insert(self.number, block);
        if let Some(ring) = listeners.changed.take() {
            let _nobody_waits = ring.send(());
        }
    }

    /// The first bytes of a range, as soon as they are there.
    async fn read(&self, range: ByteRange) -> io::Result<Bytes> {
        let grid = self.growing.grid;
        let end = match grid.block_at(range.first) {
            None => grid.head_bytes,
            Some(block) => {
                self.wait_for(block).await?;
                grid.bytes_of(block).map_or(range.last + 1, |bytes| bytes.end)
            }
        };
        let size = (range.last + 1).min(end).saturating_sub(range.first).min(BUFFER_BYTES as u64);
        let (file, first) = (Arc::clone(&self.growing.file), range.first);
        let read = tokio::task::spawn_blocking(move || {
            let mut buffer = BytesMut::zeroed(usize::try_from(size).map_err(io::Error::other)?);
            file.read_exact_at(&mut buffer, first)?;
            Ok(buffer.freeze())
        });
        read.await.map_err(io::Error::other)?
    }

    async fn wait_for(&self, block: u32) -> io::Result<()> {
        let is_there = || self.growing.done().get(block as usize).copied().unwrap_or(false);
        if is_there() {
            return Ok(());
        }
        self.say(Some(block));
        let mut progress = self.growing.progress.subscribe();
        let made = tokio::time::timeout(BLOCK_WAIT, async {
            loop {
                let now = progress.borrow_and_update().clone();
                if is_there() {
                    return Ok(());
                }
                match now {
                    Progress::Growing => {}
                    Progress::Whole => {
                        return Err(io::Error::other("the file is not what it was said to be"));
                    }
                    Progress::Failed(message) => return Err(io::Error::other(message)),
                }
                if progress.changed().await.is_err() {
                    return Err(io::Error::other("nobody follows the file any more"));
                }
            }
        });
        let made = made.await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        self.say(None);
        made
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut listeners = self.growing.listeners();
        listeners.waiting.remove(&self.number);
        if let Some(ring) = listeners.changed.take() {
            let _nobody_waits = ring.send(());
        }
    }
}

fn interrupted(ended: tokio::task::JoinError) -> Error {
    Error::new(ErrorKind::Internal, "looking at a file that is being made was interrupted").because(ended)
}
