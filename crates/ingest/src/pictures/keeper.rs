//! The server's side: keeps the child while there is work for it.

use std::{process::Stdio, sync::PoisonError, time::Duration};

use fanfare_channel::{
    pictures::{Answer, Answered, MAX_ANSWER_BYTES, Request, check_path, read},
    protocol::{line, next_message},
};
use fanfare_model::{Error, ErrorKind, Result};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    process::{Child, ChildStdin, ChildStdout, Command},
    sync::mpsc,
    time::Instant,
};

use super::ask::{Ask, PictureCommand, Waiting};

/// How long one request may take. The largest honest covers (40 million pixels of JPEG or of PNG with 16 bits, WebP of 9
/// million) take 0.5 to 2.2 seconds in a build without optimisation beside other work; the rest is for slow machines and
/// slow disks. It is what one hostile picture may cost each other person once.
pub(super) const PICTURE_WAIT: Duration = Duration::from_secs(10);
/// How long a child without work is kept.
pub(super) const IDLE: Duration = Duration::from_secs(5);
/// How long a child that has nothing to do any more gets to end by itself.
const END_WAIT: Duration = Duration::from_secs(1);

/// What takes requests and has the child answer them, one at a time.
pub(super) struct Keeper {
    command: PictureCommand,
    waiting: Waiting,
    running: Option<Running>,
}

/// A child that runs.
struct Running {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Keeper {
    pub(super) const fn new(command: PictureCommand, waiting: Waiting) -> Self {
        Self { command, waiting, running: None }
    }

    /// Answers until nobody can ask any more.
    pub(super) async fn run(mut self, mut woken: mpsc::Receiver<()>) {
        loop {
            while let Some(Ask { request, reply }) = self.next() {
                let _gave_up = reply.send(self.answer(request).await);
            }
            let far = Duration::from_secs(3_600);
            let wait = if self.running.is_some() { IDLE } else { far };
            match tokio::time::timeout(wait, woken.recv()).await {
                Ok(Some(())) => {}
                Ok(None) => break,
                Err(_) => self.end().await,
            }
        }
        self.end().await;
    }

    /// The next request. Requests without a waiting caller are skipped.
    fn next(&self) -> Option<Ask> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|ask| !ask.reply.is_closed());
        waiting.next()
    }

    async fn answer(&mut self, request: Request) -> Result<Answer> {
        check_path(&request)?;
        let mut running = match self.running.take() {
            Some(running) => running.still().map_or_else(|| self.start(), Ok)?,
            None => self.start()?,
        };
        let deadline = Instant::now() + PICTURE_WAIT;
        match tokio::time::timeout_at(deadline, running.talk(request)).await {
            Ok(Ok(answer)) => {
                self.running = Some(running);
                answer
            }
            Ok(Err(error)) => {
                let end = running.kill().await;
                tracing::warn!(%error, end, "the process that decodes pictures is replaced");
                Err(Error::new(
                    ErrorKind::LimitExceeded,
                    format!(
                        "the picture ended the process that decodes pictures ({end}): it needs too much memory, or it is damaged"
                    ),
                ))
            }
            Err(_) => {
                let end = running.kill().await;
                let seconds = PICTURE_WAIT.as_secs();
                tracing::warn!(
                    end,
                    seconds,
                    "the process that decodes pictures was too slow and is replaced"
                );
                Err(Error::new(ErrorKind::Timeout, format!("the picture was not decoded within {seconds} s")))
            }
        }
    }

    fn start(&self) -> Result<Running> {
        let PictureCommand { exe, args } = &self.command;
        let away =
            |what: String| Error::new(ErrorKind::Unavailable, format!("pictures cannot be decoded: {what}"));
        let mut child = Command::new(exe)
            .args(args)
            // Memory goes back to the system when it is free, and none is set aside for threads.
            .env("MALLOC_MMAP_THRESHOLD_", "131072")
            .env("MALLOC_ARENA_MAX", "1")
            .env("RAYON_NUM_THREADS", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // What a hostile picture makes it say is in nobody's log; its end is.
            .stderr(Stdio::null())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| away(format!("{} cannot be started: {error}", exe.display())))?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(away("the process has no pipes".to_owned()));
        };
        tracing::debug!(pid = child.id(), "the process that decodes pictures is started");
        Ok(Running { child, input, output: BufReader::new(output) })
    }

    /// Ends the child, if there is one.
    async fn end(&mut self) {
        let Some(Running { mut child, input, output }) = self.running.take() else { return };
        drop((input, output));
        if tokio::time::timeout(END_WAIT, child.wait()).await.is_err() {
            let _gone_already = child.start_kill();
        }
    }
}

impl Running {
    /// Itself, unless it ended while it had nothing to do.
    fn still(mut self) -> Option<Self> {
        matches!(self.child.try_wait(), Ok(None)).then_some(self)
    }

    /// Asks and reads the answer. The inner result is what the child says, the outer one whether it can be talked to.
    async fn talk(&mut self, request: Request) -> std::io::Result<Result<Answer>> {
        let (asked, parts) = request.into_parts();
        self.input.write_all(line(&asked).as_bytes()).await?;
        for part in parts {
            self.input.write_all(&part).await?;
        }
        self.input.flush().await?;
        let ended = || std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
        let Answered { picture_answer, bytes } = next_message(&mut self.output).await?.ok_or_else(ended)?;
        if bytes > MAX_ANSWER_BYTES {
            return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, "an answer is too long"));
        }
        let mut body = Vec::new();
        (&mut self.output).take(bytes).read_to_end(&mut body).await?;
        if body.len() as u64 != bytes {
            return Err(ended());
        }
        Ok(read(picture_answer, body))
    }

    /// Ends it by force; returns how it ended, in words.
    async fn kill(mut self) -> String {
        let mut killed = false;
        // One that closed its output is about to end by itself, which says more than our signal.
        let ended = tokio::time::timeout(Duration::from_millis(200), self.child.wait()).await;
        let status = match ended {
            Ok(status) => Ok(status),
            Err(_) => {
                killed = self.child.start_kill().is_ok();
                tokio::time::timeout(END_WAIT, self.child.wait()).await
            }
        };
        match status {
            Ok(Ok(status)) if !killed => status.to_string(),
            Ok(_) => "ended by force".to_owned(),
            Err(_) => "it cannot be ended".to_owned(),
        }
    }
}
