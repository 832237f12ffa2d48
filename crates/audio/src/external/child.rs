//! The boxed child process and the threads at its pipes.

use std::{
    collections::VecDeque,
    io::{self, Read, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ExitStatus, Stdio},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

use fanfare_model::{Error, ErrorKind, Result};

use super::{
    arguments::{ChildArguments, Input},
    bytes::{BLOCK_BYTES, ChildBytes},
    clip::decodes,
    fault::{fault, interrupted},
    launch::{end, launch, refused},
    said::last_line,
    version::version_of,
};
use crate::Limits;

/// Blocks of output that may wait: memory in flight stays under half a megabyte.
const BLOCKS: usize = 6;
/// How long a child may live on behind the end of its output.
const LAST_WORDS_TIME: Duration = Duration::from_secs(2);

/// What the child says last on its error output.
type Tail = Arc<Mutex<VecDeque<u8>>>;

/// A running child.
pub(super) struct Boxed {
    program: PathBuf,
    child: Child,
    /// How it ended, once that is known.
    status: Option<ExitStatus>,
    blocks: Receiver<Vec<u8>>,
    silence: Duration,
    tail: Tail,
    /// Gives notice when the error output has ended.
    tail_end: Receiver<()>,
    bytes: ChildBytes,
    /// Whether the child reads the file itself.
    reads_itself: bool,
    /// The error that stopped reading the file for the child.
    unread: Arc<Mutex<Option<io::Error>>>,
}

impl Boxed {
    /// Starts a child over the audio bytes of a file.
    ///
    /// # Errors
    /// `NoDecoder` when no program can be started, I/O.
    pub(super) fn start(
        program: &Path,
        arguments: &ChildArguments,
        bytes: &ChildBytes,
        limits: &Limits,
    ) -> Result<Self> {
        let input = match arguments.input {
            Input::Pipe => Stdio::piped(),
            Input::File => Stdio::from(
                bytes.file.try_clone().map_err(|error| Error::from_io("opening the file again", error))?,
            ),
        };
        let arguments_list = arguments.list(bytes.left_out_bytes);
        let mut child = launch(program, arguments_list.iter().map(|argument| &**argument), input, limits)?;
        let (send, blocks) = sync_channel(BLOCKS);
        if let Some(output) = child.stdout.take() {
            thread::spawn(move || read_blocks(output, &send));
        }
        let tail = Tail::default();
        let (ended, tail_end) = sync_channel(1);
        if let Some(output) = child.stderr.take() {
            let (tail, most) = (tail.clone(), limits.child_stderr_bytes);
            thread::spawn(move || {
                read_tail(output, &tail, most);
                let _ = ended.send(());
            });
        }
        let unread = Arc::new(Mutex::new(None));
        if let Some(pipe) = child.stdin.take() {
            let (bytes, unread) = (bytes.clone(), Arc::clone(&unread));
            thread::spawn(move || feed(&bytes, pipe, &unread));
        }
        let silence = Duration::from_secs(limits.child_silence_s);
        let (bytes, reads_itself) = (bytes.clone(), matches!(arguments.input, Input::File));
        let program = program.to_owned();
        Ok(Self {
            program,
            child,
            status: None,
            blocks,
            silence,
            tail,
            tail_end,
            bytes,
            reads_itself,
            unread,
        })
    }

    /// Checks whether the system failed to read the file: the child takes such an error for the end of the file or for
    /// damage. Call it when the output has ended and something is missing.
    ///
    /// # Errors
    /// The system's error, as `Io`.
    pub(super) fn check_reading(&self) -> Result<()> {
        let unread = self.unread.lock().unwrap_or_else(PoisonError::into_inner).take();
        let unread = match unread {
            None if self.reads_itself => self.bytes.read_blocks(|_| true).err(),
            unread => unread,
        };
        unread.map_or(Ok(()), |error| Err(Error::from_io("reading the file", error)))
    }

    /// The next bytes of its output; `None` at the end.
    ///
    /// # Errors
    /// [`ErrorKind::Timeout`] when it stays silent too long.
    pub(super) fn next_block(&mut self) -> Result<Option<Vec<u8>>> {
        match self.blocks.recv_timeout(self.silence) {
            Ok(block) => Ok(Some(block)),
            Err(RecvTimeoutError::Disconnected) => Ok(None),
            Err(RecvTimeoutError::Timeout) => {
                end(&mut self.child);
                let silence_s = self.silence.as_secs();
                Err(Error::new(
                    ErrorKind::Timeout,
                    format!("ffmpeg gave nothing for {silence_s} s and was stopped"),
                ))
            }
        }
    }

    /// Whether it ended by itself without complaint; to be asked after the end of its output. One that lives
    /// on although it closed its output is stopped.
    pub(super) fn ended_well(&mut self) -> bool {
        let deadline = Instant::now() + LAST_WORDS_TIME;
        // Its error output ends when it does, or it never will.
        let _ = self.tail_end.recv_timeout(LAST_WORDS_TIME);
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => {
                    self.status = Some(status);
                    return status.success();
                }
                Ok(None) if Instant::now() < deadline => thread::sleep(Duration::from_millis(1)),
                _ => {
                    self.status = end(&mut self.child);
                    return false;
                }
            }
        }
    }

    /// How it ended, if the file is not to blame; to be asked after [`ended_well`](Self::ended_well).
    pub(super) fn fault(&self) -> Option<String> {
        fault(self.status?)
    }

    /// The error for a program that could not be started at all; to be asked after [`ended_well`](Self::ended_well).
    pub(super) fn refused(&self) -> Option<Error> {
        refused(&self.program, self.status, self.last_words().as_deref())
    }

    /// Whether what ran is an `ffmpeg` that decodes: a shell runs an empty file or any text as a script, and a broken program
    /// ends as it does over a damaged file. Asked before a file is judged by a run that gave nothing; starts the program twice.
    ///
    /// # Errors
    /// `NoDecoder` when it is not; `Unavailable` when the run was ended from outside.
    pub(super) fn check_program(&self) -> Result<()> {
        version_of(&self.program)?;
        decodes(&self.program)?;
        self.fault().map_or(Ok(()), |how| Err(interrupted(&how)))
    }

    /// Whether the last lines of its error output contain this text.
    pub(super) fn said(&self, words: &str) -> bool {
        let tail = self.tail.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let bytes: Vec<u8> = tail.iter().copied().collect();
        String::from_utf8_lossy(&bytes).contains(words)
    }

    /// What it said last, cleaned, in one line; `None` for nothing.
    pub(super) fn last_words(&self) -> Option<String> {
        let tail = self.tail.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let bytes: Vec<u8> = tail.iter().copied().collect();
        last_line(&bytes)
    }
}

impl Drop for Boxed {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

fn read_blocks(mut output: impl Read, blocks: &SyncSender<Vec<u8>>) {
    loop {
        let mut block = vec![0; BLOCK_BYTES];
        match output.read(&mut block) {
            Ok(0) => return,
            Ok(count) => {
                block.truncate(count);
                if blocks.send(block).is_err() {
                    return;
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}

fn read_tail(mut output: impl Read, tail: &Tail, most: usize) {
    let mut block = [0; 1024];
    while let Ok(count @ 1..) = output.read(&mut block) {
        let mut tail = tail.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        tail.extend(&block[..count]);
        let surplus = tail.len().saturating_sub(most);
        tail.drain(..surplus);
    }
}

fn feed(bytes: &ChildBytes, mut pipe: ChildStdin, unread: &Mutex<Option<io::Error>>) {
    // A child that stops reading its input says why on its error output.
    if let Err(error) = bytes.read_blocks(|block| pipe.write_all(block).is_ok()) {
        // Before the pipe is closed, so that the error is here when the child ends.
        *unread.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    }
}
