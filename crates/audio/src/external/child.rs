//! The boxed child process and the threads at its pipes.

use std::{
    collections::VecDeque,
    ffi::OsStr,
    fs::File,
    io::{self, Read, Write},
    os::unix::{fs::FileExt, process::CommandExt},
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

use fanfare_model::{Error, ErrorKind, Result};
use rustix::process::{Pid, Signal, kill_process_group};

use super::arguments::{Input, Recipe};
use crate::{Limits, probe::AudioBytes, tags::text};

/// Bytes moved at once through a pipe: what Linux gives a pipe by default.
const BLOCK_BYTES: usize = 64 << 10;
/// Blocks of output that may wait: memory in flight stays under half a megabyte.
const BLOCKS: usize = 6;
/// How long a child may live on behind the end of its output.
const LAST_WORDS_TIME: Duration = Duration::from_secs(2);
/// Descriptors a child may have open: its three pipes and what its libraries need while loading.
#[cfg(target_os = "linux")]
const OPEN_FILES: u64 = 32;

/// What the child says last on its error output.
type Tail = Arc<Mutex<VecDeque<u8>>>;

/// A running child.
pub(super) struct Boxed {
    child: Child,
    blocks: Receiver<Vec<u8>>,
    silence: Duration,
    tail: Tail,
    /// Gives notice when the error output has ended.
    tail_end: Receiver<()>,
    file: Arc<File>,
    audio: AudioBytes,
    /// Whether the child reads the file itself.
    reads_itself: bool,
    /// The error that stopped reading the file for the child.
    unread: Arc<Mutex<Option<io::Error>>>,
}

impl Boxed {
    /// Starts a child over the audio bytes of a file.
    ///
    /// # Errors
    /// `Unsupported` when the program cannot be started, I/O.
    pub(super) fn start(
        program: &Path,
        recipe: &Recipe,
        file: &Arc<File>,
        audio: AudioBytes,
        limits: &Limits,
    ) -> Result<Self> {
        let input = match recipe.input {
            Input::Pipe => Stdio::piped(),
            Input::File => Stdio::from(
                file.try_clone().map_err(|error| Error::from_io("opening the file again", error))?,
            ),
        };
        let mut child = launch(program, recipe.arguments(), input, limits)?;
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
            let (file, unread) = (file.clone(), Arc::clone(&unread));
            thread::spawn(move || feed(&file, audio, pipe, &unread));
        }
        let silence = Duration::from_secs(limits.child_silence_s);
        let (file, reads_itself) = (file.clone(), matches!(recipe.input, Input::File));
        Ok(Self { child, blocks, silence, tail, tail_end, file, audio, reads_itself, unread })
    }

    /// Checks whether the system failed to read the file: the child takes such an error for the end of the file or for
    /// damage. Call it when the output has ended and something is missing.
    ///
    /// # Errors
    /// The system's error, as `Io`.
    pub(super) fn check_reading(&self) -> Result<()> {
        let unread = self.unread.lock().unwrap_or_else(PoisonError::into_inner).take();
        let unread = match unread {
            None if self.reads_itself => read_through(&self.file, self.audio).err(),
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
                Ok(Some(status)) => return status.success(),
                Ok(None) if Instant::now() < deadline => thread::sleep(Duration::from_millis(1)),
                _ => {
                    end(&mut self.child);
                    return false;
                }
            }
        }
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

/// Starts the program in its box: no environment, a process group of its own, limits in force before a byte
/// goes down its input.
///
/// # Errors
/// `Unsupported` when the program cannot be started, I/O.
pub(crate) fn launch(
    program: &Path,
    arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
    input: Stdio,
    limits: &Limits,
) -> Result<Child> {
    let mut child = Command::new(program)
        .args(arguments)
        .env_clear()
        .current_dir("/")
        .stdin(input)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
        .map_err(|error| {
            Error::new(ErrorKind::Unsupported, format!("ffmpeg cannot be started: {error}"))
                .remedy("reinstall ffmpeg")
                .because(error)
        })?;
    // The limits are in force before the first byte of the file goes down the pipe. (A child that opens
    // the file itself still loads its libraries while they are set.)
    if let Err(error) = confine(&child, limits) {
        end(&mut child);
        return Err(Error::from_io("limiting ffmpeg", error.into()));
    }
    Ok(child)
}

/// The last line that says something, cleaned and without what differs from run to run.
pub(crate) fn last_line(bytes: &[u8]) -> Option<String> {
    // Lines look like "[wv @ 0x55..] Invalid block header."; addresses differ from run to run.
    let text = String::from_utf8_lossy(bytes);
    let line = text.lines().rev().map(without_address).find(|line| says_something(line))?;
    text::clean(line.trim_end_matches('.'), 200)
}

/// Whether a line is about the file. ffmpeg counts repeated lines instead of writing them (`av_log`), ends with lines that only
/// say that it ended, and shows how far it is.
fn says_something(line: &str) -> bool {
    const NOTHING: [&str; 7] = [
        "Last message repeated",
        "Conversion failed",
        "Exiting normally",
        "Press [q]",
        "frame=",
        "size=",
        "Nothing was written into output file",
    ];
    line.contains(char::is_alphanumeric) && !NOTHING.iter().any(|start| line.trim_start().starts_with(start))
}

fn without_address(line: &str) -> &str {
    let line = line.trim();
    line.strip_prefix('[').and_then(|rest| rest.split_once("] ")).map_or(line, |(_, rest)| rest.trim())
}

impl Drop for Boxed {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// Kills the child and whatever it started, and reaps it.
pub(crate) fn end(child: &mut Child) {
    if matches!(child.try_wait(), Ok(Some(_))) {
        return; // its number may belong to another process already
    }
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        let _ = kill_process_group(group, Signal::KILL);
    }
    let _ = child.kill();
    let _ = child.wait();
}

#[cfg(target_os = "linux")]
fn confine(child: &Child, limits: &Limits) -> rustix::io::Result<()> {
    use rustix::process::{Resource, Rlimit, prlimit};
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    for (resource, most) in [
        (Resource::As, limits.child_memory_bytes),
        (Resource::Cpu, limits.child_cpu_s),
        (Resource::Fsize, 0),
        (Resource::Nofile, OPEN_FILES),
        (Resource::Core, 0),
    ] {
        let limit = Rlimit { current: Some(most), maximum: Some(most) };
        match prlimit(pid, resource, limit) {
            // A child that has ended needs no limit.
            Ok(_) | Err(rustix::io::Errno::SRCH) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn confine(_child: &Child, _limits: &Limits) -> rustix::io::Result<()> {
    // Other systems have no call that limits a process from outside; the rest of the box holds there too.
    Ok(())
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

fn feed(file: &File, audio: AudioBytes, mut pipe: ChildStdin, unread: &Mutex<Option<io::Error>>) {
    // A child that stops reading its input says why on its error output.
    if let Err(error) = read_blocks_of(file, audio, |block| pipe.write_all(block).is_ok()) {
        // Before the pipe is closed, so that the error is here when the child ends.
        *unread.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    }
}

/// Reads the audio bytes once more, to see whether they can be.
fn read_through(file: &File, audio: AudioBytes) -> io::Result<()> {
    read_blocks_of(file, audio, |_| true)
}

/// Reads the audio bytes for as long as `take` wants more.
fn read_blocks_of(file: &File, audio: AudioBytes, mut take: impl FnMut(&[u8]) -> bool) -> io::Result<()> {
    let mut block = vec![0; BLOCK_BYTES];
    let mut at = audio.start;
    while at < audio.end {
        let room = (audio.end - at).min(BLOCK_BYTES as u64) as usize;
        match file.read_at(&mut block[..room], at) {
            Ok(count @ 1..) if take(&block[..count]) => at += count as u64,
            Ok(_) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Issue 13: "Last message repeated 2 times" was given as a cause.
    #[test]
    fn the_last_words_are_those_that_say_something() {
        for (said, expected) in [
            (
                "[wv @ 0x55d0] Invalid block header.\n    Last message repeated 2 times\n",
                Some("Invalid block header"),
            ),
            (
                "[aac @ 0x1] channel element 1.0 is not allocated\nLast message repeated 1 times\n\nConversion failed!\n",
                Some("channel element 1.0 is not allocated"),
            ),
            (
                "Error opening input files: Invalid data found\n\nExiting normally, received signal 15.\n",
                Some("Error opening input files: Invalid data found"),
            ),
            ("[x @ 0x1] broken\r\nsize=       0kB time=00:00:00.00 bitrate=N/A\n---\n", Some("broken")),
            ("    Last message repeated 2 times\n", None),
            ("", None),
        ] {
            assert_eq!(last_line(said.as_bytes()).as_deref(), expected, "{said}");
        }
    }
}
