//! [`Conversation`]: a worker process that was just started, and the ends of what connects it to the server.

use std::{
    process::{ExitStatus, Stdio},
    time::Duration,
};

use fanfare_channel::{
    ChannelError, Handover, IncomingStream, LiveReceiver,
    protocol::{WorkerCommand, WorkerEvent, line, next_message},
};
use tokio::{
    io::{AsyncWriteExt as _, BufReader},
    net::UnixStream,
    process::{Child, ChildStdout, Command},
    sync::mpsc,
};

use super::keeper::WorkerCommandLine;

/// How long writing one line to the worker may take.
const WRITE_WAIT: Duration = Duration::from_secs(2);
/// Events that wait to be taken in.
const WAITING_EVENTS: usize = 256;

/// A worker process and what connects it to the server.
pub(super) struct Conversation {
    pub(super) child: Child,
    /// For commands.
    pub(super) input: UnixStream,
    pub(super) events: mpsc::Receiver<WorkerEvent>,
    pub(super) live: LiveReceiver,
}

impl Conversation {
    /// Starts a worker, or says why it cannot be started.
    pub(super) fn start(command: &WorkerCommandLine) -> Result<Self, String> {
        let Handover { stdin, commands, live } = Handover::new().map_err(|error| error.to_string())?;
        // The command has the child's end of its input: it is dropped with this statement, so that the end of the child is noticed.
        let mut child = Command::new(&command.exe)
            .args(&command.args)
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            // Ctrl-C on a terminal reaches the server only, which stops its worker in order.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("{} cannot be started: {error}", command.exe.display()))?;
        let output = child.stdout.take().ok_or("it has no pipe for events")?;
        let input = commands
            .set_nonblocking(true)
            .and_then(|()| UnixStream::from_std(commands))
            .map_err(|error| format!("its input cannot be used: {error}"))?;
        let live = LiveReceiver::new(live).map_err(|error| error.to_string())?;
        Ok(Self { child, input, events: read_events(output), live })
    }
}

/// The next stream that the worker opens; without a live channel, this waits for ever.
pub(super) async fn next_stream(live: &mut Option<LiveReceiver>) -> Result<IncomingStream, ChannelError> {
    match live {
        Some(live) => live.next().await,
        None => std::future::pending().await,
    }
}

/// Reads events in a task of its own, so that a select never cuts a line in two.
fn read_events(output: ChildStdout) -> mpsc::Receiver<WorkerEvent> {
    let (sender, receiver) = mpsc::channel(WAITING_EVENTS);
    tokio::spawn(async move {
        let mut reader = BufReader::new(output);
        loop {
            match next_message(&mut reader).await {
                Ok(Some(event)) => {
                    if sender.send(event).await.is_err() {
                        return;
                    }
                }
                Ok(None) => return,
                Err(error) => return tracing::warn!(%error, "the worker cannot be understood"),
            }
        }
    });
    receiver
}

/// Says it to the worker; one that does not listen is noticed by its silence or its end.
pub(super) async fn tell(input: &mut Option<UnixStream>, command: &WorkerCommand) {
    let Some(pipe) = input else { return };
    let text = line(command);
    let said = tokio::time::timeout(WRITE_WAIT, async {
        pipe.write_all(text.as_bytes()).await?;
        pipe.flush().await
    });
    if !matches!(said.await, Ok(Ok(()))) {
        tracing::debug!(?command, "the worker does not listen");
    }
}

/// Ends it by force, without waiting for that.
pub(super) fn kill(child: &mut Child) {
    if let Err(error) = child.start_kill() {
        tracing::warn!(%error, "the worker cannot be ended");
    }
}

/// How a process ended; `None` for one that does not end.
pub(super) fn in_words(status: Option<std::io::Result<ExitStatus>>) -> String {
    use std::os::unix::process::ExitStatusExt as _;
    let status = match status {
        Some(Ok(status)) => status,
        Some(Err(error)) => return format!("its end cannot be told: {error}"),
        None => {
            return "it cannot be ended (it waits for storage that gives no answer?) and is left behind"
                .to_owned();
        }
    };
    match (status.code(), status.signal()) {
        (Some(0), _) => "it ended by itself".to_owned(),
        (Some(code), _) => format!("it ended with exit code {code}"),
        (None, Some(signal)) => format!("it was ended by signal {signal}"),
        (None, None) => "it ended".to_owned(),
    }
}
