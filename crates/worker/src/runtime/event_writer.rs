//! The worker's ends of the two pipes.

use std::{
    io::{BufRead, BufReader, Read as _, Write as _},
    time::Duration,
};

use fanfare_channel::protocol::{MAX_LINE_BYTES, WorkerCommand, WorkerEvent, line, parse};
use fanfare_model::{Error, ErrorKind, Result};
use tokio::sync::{mpsc, oneshot};

use super::throttle::Throttle;

/// Events that wait to be written at most; further ones are left out, because commits never wait for a
/// server that does not read (it counts jobs in the database).
const WAITING_EVENTS: usize = 1_024;
/// Commands that wait at most.
const WAITING_COMMANDS: usize = 64;
/// From the end of stdin to the end of the process, whatever hangs.
const END_BY_FORCE: Duration = Duration::from_secs(10);
/// The exit code of that end.
const FORCED_EXIT: i32 = 70;

/// How long it is waited until something is said.
const SAID_WAIT: Duration = Duration::from_secs(1);

/// What waits to be written.
enum Utterance {
    Event(WorkerEvent),
    /// Everything before is written.
    Mark(oneshot::Sender<()>),
}

/// Says things to the server. Cheap to clone.
#[derive(Clone)]
pub(crate) struct EventWriter {
    sender: mpsc::Sender<Utterance>,
}

/// Resolves when everything is said.
pub(crate) struct AllSaid(oneshot::Receiver<()>);

impl EventWriter {
    /// Starts the writer to stdout, on a thread of its own (a server that does not read blocks only that).
    ///
    /// # Errors
    /// `Unavailable` when no thread can be started.
    pub(crate) fn open() -> Result<(Self, AllSaid)> {
        let (sender, mut receiver) = mpsc::channel::<Utterance>(WAITING_EVENTS);
        let (end, ended) = oneshot::channel();
        let writing = move || {
            let mut out = std::io::stdout().lock();
            while let Some(utterance) = receiver.blocking_recv() {
                let event = match utterance {
                    Utterance::Event(event) => event,
                    Utterance::Mark(mark) => {
                        let _nobody_waits = mark.send(());
                        continue;
                    }
                };
                let said = out.write_all(line(&event).as_bytes()).and_then(|()| out.flush());
                if said.is_err() {
                    break; // the server is gone; the end of stdin says so as well
                }
            }
            let _nobody_waits = end.send(());
        };
        std::thread::Builder::new().name("say".to_owned()).spawn(writing).map_err(|error| {
            Error::new(ErrorKind::Unavailable, "cannot talk to the server").because(error)
        })?;
        Ok((Self { sender }, AllSaid(ended)))
    }

    /// Says it, or leaves it out when too much waits.
    pub(crate) fn say(&self, event: &WorkerEvent) {
        if self.sender.try_send(Utterance::Event(event.clone())).is_err() {
            tracing::debug!("an event was left out");
        }
    }

    /// Says it and waits until the pipe has it, or a second: the server should know of it even if the process dies
    /// next.
    pub(crate) async fn say_for_sure(&self, event: &WorkerEvent) {
        self.say(event);
        let (mark, said) = oneshot::channel();
        if self.sender.try_send(Utterance::Mark(mark)).is_ok() {
            let _late = tokio::time::timeout(SAID_WAIT, said).await;
        }
    }
}

impl AllSaid {
    /// Waits at most a second, after every [`EventWriter`] was dropped.
    pub(crate) async fn wait(self) {
        let _late = tokio::time::timeout(Duration::from_secs(1), self.0).await;
    }
}

/// Listens on stdin, on a thread of its own: when stdin ends, `Stop` is passed on, and if the process still
/// lives 10 s later it is ended from here, even if everything else hangs. (The kernel's own signal on a
/// parent's death is not used: it comes when the spawning *thread* ends, and it leaves no time to give jobs
/// back.)
///
/// `take_in` sees every command but `stop` first, and says whether that was all that had to be done about it.
///
/// # Errors
/// `Unavailable` when no thread can be started.
pub(crate) fn listen(
    throttle: Throttle,
    take_in: impl Fn(&WorkerCommand) -> bool + Send + 'static,
) -> Result<mpsc::Receiver<WorkerCommand>> {
    let (sender, receiver) = mpsc::channel(WAITING_COMMANDS);
    let listening = move || {
        pass_on(BufReader::new(std::io::stdin()), sender, &throttle, &take_in);
        std::thread::sleep(END_BY_FORCE);
        std::process::exit(FORCED_EXIT);
    };
    std::thread::Builder::new()
        .name("listen".to_owned())
        .spawn(listening)
        .map_err(|error| Error::new(ErrorKind::Unavailable, "cannot listen to the server").because(error))?;
    Ok(receiver)
}

/// Passes commands on until `stop` or the end of the input, both of which end the channel.
///
/// Never waits for the other side: one that hangs must not keep `stop` from being read. What finds no place is a
/// `wake` behind others.
fn pass_on(
    mut input: impl BufRead,
    sender: mpsc::Sender<WorkerCommand>,
    throttle: &Throttle,
    take_in: &dyn Fn(&WorkerCommand) -> bool,
) {
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        match (&mut input).take(MAX_LINE_BYTES).read_until(b'\n', &mut bytes) {
            Ok(read) if read > 0 && bytes.ends_with(b"\n") => match parse(&bytes) {
                Some(WorkerCommand::Stop) => return,
                Some(command) => {
                    // A policy is never left out: it is set here, and only told besides.
                    if let WorkerCommand::Policy { policy } = &command {
                        throttle.set(*policy);
                    }
                    if !take_in(&command) {
                        drop(sender.try_send(command));
                    }
                }
                None => {}
            },
            _ => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fanfare_channel::{policy::Policy, protocol::WorkerRole};

    #[test]
    fn a_stop_is_read_however_many_commands_wait() {
        for end in ["", &line(&WorkerCommand::Stop)] {
            let (sender, mut receiver) = mpsc::channel(WAITING_COMMANDS);
            let mut input =
                line(&WorkerCommand::Start { owner: "a".to_owned(), slots: 1, role: WorkerRole::Background });
            input.push_str(&line(&WorkerCommand::Wake).repeat(10 * WAITING_COMMANDS));
            input.push_str(end);
            // Nobody takes anything meanwhile; this would never return if it waited for that.
            let throttle = Throttle::new(Policy::prompt(1));
            let told = Policy { hold: true, ..Policy::prompt(5) };
            let input = line(&WorkerCommand::Policy { policy: told }) + &input;
            pass_on(input.as_bytes(), sender, &throttle, &|_| false);
            assert_eq!(throttle.policy(), told);
            let _policy = receiver.blocking_recv();
            let first = receiver.blocking_recv();
            assert!(matches!(first, Some(WorkerCommand::Start { .. })), "{first:?}");
            while let Some(command) = receiver.blocking_recv() {
                assert_eq!(command, WorkerCommand::Wake);
            }
        }
    }
}
