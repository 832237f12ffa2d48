//! [`Exchange`]: a boxed child that turns bytes into other bytes.
//!
//! Purpose: feeding a child and reading from it at the same time, on one thread: each push also takes what is ready, so
//! neither side can wait for the other for ever, and no buffer grows between them.
//!
//! Invariants: no wait without a limit; the child is gone when this is dropped.

use std::{
    io::{self, Read, Write},
    os::fd::AsFd,
    path::{Path, PathBuf},
    process::{Child, ChildStderr, ChildStdin, ChildStdout, Stdio},
    time::{Duration, Instant},
};

use fanfare_model::{Error, ErrorKind, Result};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
};

use crate::{
    Limits,
    external::{end, last_line, launch, refused},
};

/// Bytes read at once: what Linux gives a pipe by default.
const BLOCK_BYTES: usize = 64 << 10;
/// How long the child may live on behind the end of its output.
const LAST_WORDS_TIME: Duration = Duration::from_secs(2);

/// A running child with its three pipes.
pub(super) struct Exchange {
    program: PathBuf,
    child: Child,
    input: Option<ChildStdin>,
    output: Option<ChildStdout>,
    errors: Option<ChildStderr>,
    /// What it said last on its error output.
    tail: Vec<u8>,
    most_tail: usize,
    silence: Duration,
    block: Vec<u8>,
}

impl Exchange {
    /// Starts a child.
    ///
    /// # Errors
    /// `Unsupported` when the program cannot be started, I/O.
    pub(super) fn start(program: &Path, arguments: &[String], limits: &Limits) -> Result<Self> {
        let mut child = launch(program, arguments, Stdio::piped(), limits)?;
        let (input, output, errors) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let exchange = Self {
            program: program.to_owned(),
            child,
            input,
            output,
            errors,
            tail: Vec::new(),
            most_tail: limits.child_stderr_bytes,
            silence: Duration::from_secs(limits.child_silence_s),
            block: vec![0; BLOCK_BYTES],
        };
        for pipe in [exchange.input.as_ref().map(AsFd::as_fd), exchange.output.as_ref().map(AsFd::as_fd)]
            .into_iter()
            .chain([exchange.errors.as_ref().map(AsFd::as_fd)])
            .flatten()
        {
            rustix::io::ioctl_fionbio(pipe, true)
                .map_err(|error| Error::from_io("preparing a pipe", error.into()))?;
        }
        Ok(exchange)
    }

    /// Gives the child those bytes and appends what it gave meanwhile.
    ///
    /// # Errors
    /// `Unavailable` when it ended, `Timeout` when it neither takes nor gives anything, I/O.
    pub(super) fn give(&mut self, mut bytes: &[u8], received: &mut Vec<u8>) -> Result<()> {
        while !bytes.is_empty() {
            if !self.wait(true)? {
                return Err(self.hung());
            }
            self.take(received)?;
            let Some(input) = &mut self.input else { return Err(self.died()) };
            match input.write(bytes) {
                Ok(count) => bytes = &bytes[count..],
                Err(error) if again(&error) => {}
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Err(self.died()),
                Err(error) => return Err(Error::from_io("feeding ffmpeg", error)),
            }
        }
        self.take(received)
    }

    /// Tells the child that nothing follows, and appends all that it still gives.
    ///
    /// # Errors
    /// As [`give`](Self::give); `Unavailable` too when it ends with a complaint.
    pub(super) fn finish(&mut self, received: &mut Vec<u8>) -> Result<()> {
        self.input = None;
        while self.output.is_some() {
            if !self.wait(false)? {
                return Err(self.hung());
            }
            self.take(received)?;
        }
        if self.ended_well() { Ok(()) } else { Err(self.died()) }
    }

    /// Waits until a pipe is ready: false if none was for the time that silence may last.
    fn wait(&self, to_write: bool) -> Result<bool> {
        let mut pipes = Vec::with_capacity(3);
        if let Some(input) = self.input.as_ref().filter(|_| to_write) {
            pipes.push(PollFd::new(input, PollFlags::OUT));
        }
        pipes.extend(self.output.as_ref().map(|output| PollFd::new(output, PollFlags::IN)));
        pipes.extend(self.errors.as_ref().map(|errors| PollFd::new(errors, PollFlags::IN)));
        let limit =
            Timespec { tv_sec: i64::try_from(self.silence.as_secs()).unwrap_or(i64::MAX), tv_nsec: 0 };
        loop {
            match poll(&mut pipes, Some(&limit)) {
                Ok(ready) => return Ok(ready > 0),
                Err(Errno::INTR) => {}
                Err(error) => return Err(Error::from_io("waiting for ffmpeg", error.into())),
            }
        }
    }

    /// Takes what is ready at both outputs.
    fn take(&mut self, received: &mut Vec<u8>) -> Result<()> {
        if let Some(output) = &mut self.output
            && !drain(output, &mut self.block, received)
                .map_err(|error| Error::from_io("reading from ffmpeg", error))?
        {
            self.output = None;
        }
        if let Some(errors) = &mut self.errors {
            // What cannot be read of its complaints is not worth failing for.
            if !drain(errors, &mut self.block, &mut self.tail).unwrap_or(false) {
                self.errors = None;
            }
            let surplus = self.tail.len().saturating_sub(self.most_tail);
            self.tail.drain(..surplus);
        }
        Ok(())
    }

    fn ended_well(&mut self) -> bool {
        let deadline = Instant::now() + LAST_WORDS_TIME;
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return status.success(),
                Ok(None) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(1)),
                _ => return false,
            }
        }
    }

    fn hung(&mut self) -> Error {
        end(&mut self.child);
        let silence_s = self.silence.as_secs();
        Error::new(ErrorKind::Timeout, format!("ffmpeg did nothing for {silence_s} s and was stopped"))
    }

    fn died(&mut self) -> Error {
        // One that never was ffmpeg ends by itself at once.
        let _ended = self.ended_well();
        let status = end(&mut self.child);
        let mut rest = Vec::new();
        let _ = self.take(&mut rest);
        let said = last_line(&self.tail);
        if let Some(error) = refused(&self.program, status, said.as_deref()) {
            return error;
        }
        let said = said.unwrap_or_else(|| "it does not say why".to_owned());
        Error::new(ErrorKind::Unavailable, format!("ffmpeg stopped encoding: {said}"))
            .remedy("try again; if it persists, reinstall ffmpeg")
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// Appends what is ready: false at the end of the pipe.
fn drain(pipe: &mut impl Read, block: &mut [u8], received: &mut Vec<u8>) -> io::Result<bool> {
    loop {
        match pipe.read(block) {
            Ok(0) => return Ok(false),
            Ok(count) => received.extend_from_slice(&block[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(true),
            Err(error) => return Err(error),
        }
    }
}

fn again(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}
