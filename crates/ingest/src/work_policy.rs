//! How gently the worker works, decided from what goes on: [`WorkPolicy`].
//!
//! Three kinds of moments, in this order:
//! - Tracks wait that were just added (a scan found them, an owner asked): all slots, without a throttle. While something is
//!   being played, as gently as a nightly run: they go on, but slowly.
//! - A nightly run is under way: as gently as is set; while something is being played, it holds.
//! - Otherwise nothing waits.
//!
//! *Playing* lasts until [`LINGER`] after the last bytes were handed to a listener: a player reads in bursts; one that has
//! the whole track in its buffer cannot stutter any more; and one that is paused for the night keeps its connection
//! open, but keeps nobody from working.
//!
//! The ceiling: a nightly run takes at most the set share of the machine's processor time
//! ([`BackgroundOptions::cpu_share_percent`], 25 % by default), counted over any ten seconds, whatever its analyzers
//! cost; pacing keeps it far below that on any machine of the last ten years (`cargo xtask bench nightly` prints it).

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::watch;

use fanfare_channel::policy::Policy;
use fanfare_model::TrackId;

use crate::{BackgroundOptions, played::Played};

/// How long something counts as being played after its last byte was handed out.
pub const LINGER: Duration = Duration::from_secs(30);
/// How often it is noted that something is still being played.
const TELL_EVERY: Duration = Duration::from_secs(1);
/// The pacing of work that yields, where a nightly run would be flat out, in seconds per second of audio.
const YIELDING_PACING: f64 = 0.25;

/// What goes on.
#[derive(Debug, Clone)]
struct Situation {
    jobs: usize,
    options: BackgroundOptions,
    nightly: bool,
    /// Whether tracks wait that were just added.
    prompt: bool,
    /// When bytes were last handed to a listener.
    last_played: Option<Instant>,
}

impl Situation {
    fn playing(&self, now: Instant) -> bool {
        self.last_played.is_some_and(|last| now < last + LINGER)
    }

    fn policy(&self, now: Instant) -> Policy {
        let options = &self.options;
        let yields = options.yield_while_playing && self.playing(now);
        let gentle = Policy {
            slots: options.concurrency,
            pacing: options.pacing,
            cpu_share: options.cpu_share_percent,
            hold: false,
        };
        match (self.prompt, self.nightly) {
            (true, _) | (false, false) if yields => {
                Policy { slots: 1, pacing: gentle.pacing.max(YIELDING_PACING), ..gentle }
            }
            (false, true) => Policy { hold: yields, ..gentle },
            _ => Policy::prompt(self.jobs),
        }
    }

    /// When the policy changes by itself.
    fn changes_at(&self, now: Instant) -> Option<Instant> {
        let ends = self.last_played.map(|last| last + LINGER);
        ends.filter(|ends| *ends > now)
    }
}

/// Decides the policy. Cheap to clone.
#[derive(Clone)]
pub(crate) struct WorkPolicy {
    situation: Arc<watch::Sender<Situation>>,
}

impl WorkPolicy {
    pub(crate) fn new(jobs: usize, options: BackgroundOptions) -> Self {
        let situation = Situation { jobs, options, nightly: false, prompt: false, last_played: None };
        Self { situation: Arc::new(watch::channel(situation).0) }
    }

    pub(crate) fn options(&self) -> BackgroundOptions {
        self.situation.borrow().options.clone()
    }

    pub(crate) fn set_options(&self, options: BackgroundOptions) {
        self.situation.send_modify(|situation| situation.options = options);
    }

    /// Whether a nightly run is under way.
    pub(crate) fn nightly(&self, runs: bool) {
        self.situation.send_modify(|situation| situation.nightly = runs);
    }

    /// Whether tracks wait that were just added.
    pub(crate) fn prompt(&self, wait: bool) {
        self.situation.send_if_modified(|situation| std::mem::replace(&mut situation.prompt, wait) != wait);
    }

    /// Something is being played.
    pub(crate) fn playing(&self, track: Option<(Played, TrackId)>) -> Playing {
        let playing = Playing { work_policy: self.clone(), track, told: Instant::now() };
        playing.tell();
        playing
    }

    fn played(&self) {
        self.situation.send_modify(|situation| situation.last_played = Some(Instant::now()));
    }

    /// Resolves when options were changed.
    pub(crate) async fn options_changed(&self) {
        let before = self.options();
        let mut situation = self.situation.subscribe();
        // The sender lives in this very object.
        let _never_closed = situation.wait_for(|now| now.options != before).await;
    }

    /// Resolves once nothing is being played that background work stands back for; at once where it does not.
    pub(crate) async fn nothing_plays(&self) {
        let mut situation = self.situation.subscribe();
        loop {
            let now = Instant::now();
            let ends = {
                let situation = situation.borrow_and_update();
                if !situation.options.yield_while_playing { None } else { situation.changes_at(now) }
            };
            let Some(ends) = ends else { return };
            tokio::select! {
                () = tokio::time::sleep_until(ends.into()) => {}
                // The sender lives in this very object.
                _ = situation.changed() => {}
            }
        }
    }

    /// Passes the policy on, now and whenever it changes.
    pub(crate) async fn keep(&self, tell: watch::Sender<Policy>) {
        let mut situation = self.situation.subscribe();
        loop {
            let now = Instant::now();
            let (policy, again) = {
                let situation = situation.borrow_and_update();
                (situation.policy(now), situation.changes_at(now))
            };
            tell.send_if_modified(|told| std::mem::replace(told, policy) != policy);
            let wait = again.map(|again| again.saturating_duration_since(now));
            tokio::select! {
                changed = situation.changed() => if changed.is_err() { return },
                () = tokio::time::sleep(wait.unwrap_or(LINGER)), if wait.is_some() => {}
            }
        }
    }
}

/// Kept by a stream to a listener: background work is throttled while bytes flow.
pub struct Playing {
    work_policy: WorkPolicy,
    /// Which track is played, and where that is noted.
    track: Option<(Played, TrackId)>,
    told: Instant,
}

impl Playing {
    /// Bytes were handed to the listener. Cheap: to be called for each piece.
    pub fn go_on(&mut self) {
        if self.told.elapsed() >= TELL_EVERY {
            self.told = Instant::now();
            self.tell();
        }
    }

    fn tell(&self) {
        self.work_policy.played();
        if let Some((played, track)) = &self.track {
            played.note(*track);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn background_work_stands_back_for_listeners_and_for_nobody_else() {
        let now = Instant::now();
        let idle = Situation {
            jobs: 4,
            options: BackgroundOptions { concurrency: 2, ..BackgroundOptions::default() },
            nightly: false,
            prompt: false,
            last_played: None,
        };
        let nightly = Situation { nightly: true, ..idle.clone() };
        let prompt = Situation { prompt: true, ..nightly.clone() };
        let played = |situation: &Situation| Situation { last_played: Some(now), ..situation.clone() };
        let left =
            |situation: &Situation, ago| Situation { last_played: Some(now - ago), ..situation.clone() };
        let stubborn = |situation: &Situation| {
            let options = BackgroundOptions { yield_while_playing: false, ..situation.options.clone() };
            Situation { options, ..played(situation) }
        };
        let flat_out = |situation: &Situation| Situation {
            options: BackgroundOptions { pacing: 0.0, ..situation.options.clone() },
            ..situation.clone()
        };
        let told = |slots, pacing, cpu_share, hold| Policy { slots, pacing, cpu_share, hold };
        for (name, situation, expected) in [
            ("idle", idle.clone(), told(4, 0.0, 100, false)),
            ("brought", prompt.clone(), told(4, 0.0, 100, false)),
            ("brought while played", played(&prompt), told(1, 0.25, 25, false)),
            ("brought while played, flat out", flat_out(&played(&prompt)), told(1, 0.25, 25, false)),
            ("night", nightly.clone(), told(2, 0.25, 25, false)),
            ("night while played", played(&nightly), told(2, 0.25, 25, true)),
            ("night while played, not yielding", stubborn(&nightly), told(2, 0.25, 25, false)),
            ("brought while played, not yielding", stubborn(&prompt), told(4, 0.0, 100, false)),
            ("night just after", left(&nightly, LINGER / 2), told(2, 0.25, 25, true)),
            ("night later", left(&nightly, LINGER), told(2, 0.25, 25, false)),
            ("night flat out", flat_out(&nightly), told(2, 0.0, 25, false)),
        ] {
            assert_eq!(situation.policy(now), expected, "{name}");
        }
        assert_eq!(left(&nightly, LINGER / 2).changes_at(now), Some(now + LINGER / 2));
        assert_eq!(nightly.changes_at(now), None);
    }

    #[tokio::test]
    async fn the_policy_follows_what_goes_on() {
        let work_policy = WorkPolicy::new(3, BackgroundOptions::default());
        let (tell, mut told) = watch::channel(Policy::prompt(0));
        let keeping = tokio::spawn({
            let work_policy = work_policy.clone();
            async move { work_policy.keep(tell).await }
        });
        told.wait_for(|policy| *policy == Policy::prompt(3)).await.unwrap();
        work_policy.nightly(true);
        told.wait_for(|policy| policy.slots == 1 && !policy.hold).await.unwrap();
        let playing = work_policy.playing(None);
        told.wait_for(|policy| policy.hold).await.unwrap();
        work_policy.prompt(true);
        told.wait_for(|policy| !policy.hold && policy.pacing > 0.0).await.unwrap();
        work_policy
            .set_options(BackgroundOptions { yield_while_playing: false, ..BackgroundOptions::default() });
        told.wait_for(|policy| *policy == Policy::prompt(3)).await.unwrap();
        drop(playing);
        keeping.abort();
    }
}
