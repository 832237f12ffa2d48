//! The throttle: keeps the analysis of tracks to its [`Policy`], chunk by chunk.
//!
//! Blocking work passes the throttle after every chunk, on its own thread, and is kept there for as long as the policy
//! wants: while it says *hold*, until the audio so far has taken its *pacing*, until the whole process is back within its
//! *share* of the processors. What happens on other threads meanwhile (leases, events) goes on.
//!
//! Decoders in child processes are paced, because their pipe is full, but their processor time is not counted.

use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use fanfare_audio::CancelFlag;
use fanfare_channel::policy::Policy;
use rustix::time::{ClockId, clock_gettime};

/// How often a held thread looks whether it was cancelled, and sends a heartbeat.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How far behind its pacing a blocking_work may catch up with, in seconds: a slow disk for a moment, not a whole track.
const MAX_CREDIT_S: f64 = 1.0;
/// Processor time that may be used at once after a rest, in seconds per processor of the share.
const BURST_S: f64 = 0.25;
/// The longest that a used-up share keeps a blocking_work, in seconds: so long the share is exceeded at most.
const MAX_DEBT_S: f64 = 10.0;

/// The throttle of a worker. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Throttle {
    inner: Arc<Inner>,
}

struct Inner {
    policy: Mutex<Policy>,
    changed: Condvar,
    share: Mutex<Share>,
    cores: f64,
}

impl Throttle {
    pub(crate) fn new(policy: Policy) -> Self {
        let cores = std::thread::available_parallelism().map_or(1.0, |cores| cores.get() as f64);
        let share = Mutex::new(Share { used_s: cpu_time_s(), at: Instant::now(), stock_s: 0.0 });
        let inner = Inner { policy: Mutex::new(policy), changed: Condvar::new(), share, cores };
        Self { inner: Arc::new(inner) }
    }

    /// Changes the policy: who is kept at the throttle notices at once.
    pub(crate) fn set(&self, policy: Policy) {
        *self.inner.locked() = policy;
        self.inner.changed.notify_all();
    }

    pub(crate) fn policy(&self) -> Policy {
        *self.inner.locked()
    }

    /// Begins a blocking_work.
    pub(crate) fn begin(&self) -> Throttled {
        Throttled {
            inner: Arc::clone(&self.inner),
            pace: Pace { owed_s: 0.0, audio_s: 0.0 },
            last: Instant::now(),
        }
    }
}

impl Inner {
    /// Nothing can fail under this lock.
    fn locked(&self) -> MutexGuard<'_, Policy> {
        self.policy.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A blocking_work on its way.
pub(crate) struct Throttled {
    inner: Arc<Inner>,
    pace: Pace,
    last: Instant,
}

impl Throttled {
    /// Keeps the caller for as long as the policy wants, now that so many seconds of audio are done in all; sends a
    /// heartbeat now and then.
    pub(crate) fn pass(&mut self, audio_s: f64, cancel: &CancelFlag, alive: &mut dyn FnMut()) {
        let worked_s = self.last.elapsed().as_secs_f64();
        let policy = *self.inner.locked();
        let mut left_s = self.pace.step(policy.pacing, audio_s, worked_s);
        if policy.cpu_share < 100 {
            let mut share = self.inner.share.lock().unwrap_or_else(PoisonError::into_inner);
            let rate = f64::from(policy.cpu_share) / 100.0 * self.inner.cores;
            left_s = left_s.max(share.step(rate, cpu_time_s(), Instant::now()));
        }
        let rests = Instant::now();
        self.rest(left_s, policy, cancel, alive);
        self.pace.rested(rests.elapsed().as_secs_f64());
        self.last = Instant::now();
    }

    /// Waits that long, or until the policy is another one; for as long as it takes while that says hold.
    fn rest(&self, seconds: f64, began_with: Policy, cancel: &CancelFlag, alive: &mut dyn FnMut()) {
        let until = Instant::now() + Duration::from_secs_f64(seconds.clamp(0.0, 3_600.0));
        let mut policy = self.inner.locked();
        loop {
            let now = Instant::now();
            let done = now >= until
                || policy.pacing != began_with.pacing
                || policy.cpu_share != began_with.cpu_share;
            if cancel.is_cancelled() || (done && !policy.hold) {
                return;
            }
            let wait = if policy.hold { LOOK_EVERY } else { (until - now).min(LOOK_EVERY) };
            policy = self.inner.changed.wait_timeout(policy, wait).unwrap_or_else(PoisonError::into_inner).0;
            drop(policy);
            alive();
            policy = self.inner.locked();
        }
    }
}

/// How much wall-clock time a blocking_work owes for its audio.
struct Pace {
    owed_s: f64,
    audio_s: f64,
}

impl Pace {
    /// How long to rest, now that it has worked that long since it last rested.
    fn step(&mut self, pacing: f64, audio_s: f64, worked_s: f64) -> f64 {
        let new_s = (audio_s - self.audio_s).max(0.0);
        self.audio_s = audio_s;
        self.owed_s = (self.owed_s + pacing * new_s - worked_s).max(-MAX_CREDIT_S);
        if pacing <= 0.0 {
            self.owed_s = 0.0;
        }
        self.owed_s.max(0.0)
    }

    fn rested(&mut self, rested_s: f64) {
        self.owed_s = (self.owed_s - rested_s).max(-MAX_CREDIT_S);
    }
}

/// How much processor time the process may use: a stock that fills up at the share's rate.
struct Share {
    /// Processor time at the last look.
    used_s: f64,
    at: Instant,
    /// What may be used; below zero it is a debt.
    stock_s: f64,
}

impl Share {
    /// How long to rest at that rate (processor seconds per second).
    fn step(&mut self, rate: f64, used_s: f64, now: Instant) -> f64 {
        let passed_s = now.saturating_duration_since(self.at).as_secs_f64();
        let used_now_s = (used_s - self.used_s).max(0.0);
        let most = BURST_S * rate;
        // What came in while nobody looked fills the stock at most.
        self.stock_s = (self.stock_s + passed_s * rate).min(most + used_now_s) - used_now_s;
        self.stock_s = self.stock_s.clamp(-MAX_DEBT_S * rate, most);
        (self.used_s, self.at) = (used_s, now);
        if self.stock_s >= 0.0 { 0.0 } else { -self.stock_s / rate.max(0.001) }
    }
}

/// Processor time of the whole process so far, in seconds.
fn cpu_time_s() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn audio_takes_its_pacing_no_more_and_no_less() {
        // (pacing, audio so far, worked since the last rest) -> rest; each rest is taken in full.
        for (name, steps) in [
            ("quick work rests", &[(0.25, 1.0, 0.01, 0.24), (0.25, 2.0, 0.05, 0.2)][..]),
            ("slow work does not", &[(0.25, 1.0, 0.5, 0.0), (0.25, 2.0, 0.5, 0.0)]),
            (
                "a moment is caught up with",
                &[(0.25, 1.0, 0.75, 0.0), (0.25, 3.0, 0.0, 0.0), (0.25, 4.0, 0.0, 0.25)],
            ),
            ("an hour is not", &[(0.25, 1.0, 3_600.0, 0.0), (0.25, 5.0, 0.0, 0.0), (0.25, 9.0, 0.0, 1.0)]),
            ("flat out", &[(0.0, 100.0, 0.0, 0.0), (0.25, 101.0, 0.0, 0.25)]),
        ] {
            let mut pace = Pace { owed_s: 0.0, audio_s: 0.0 };
            for (pacing, audio_s, worked_s, rest_s) in steps {
                let rest = pace.step(*pacing, *audio_s, *worked_s);
                assert!((rest - rest_s).abs() < 1e-9, "{name} {audio_s}: {rest}");
                pace.rested(rest);
            }
        }
    }

    #[test]
    fn a_share_is_kept_over_any_time_whatever_the_work_costs() {
        for (rate, cost_s) in [(0.5, 0.1), (0.1, 0.5), (2.0, 0.01), (0.02, 0.2)] {
            let start = Instant::now();
            let mut share = Share { used_s: 0.0, at: start, stock_s: 0.0 };
            let (mut used_s, mut passed_s) = (0.0, 0.0);
            for _ in 0..1_000 {
                // One processor, which the work keeps busy until it rests.
                used_s += cost_s;
                passed_s += cost_s;
                passed_s += share.step(rate, used_s, start + Duration::from_secs_f64(passed_s));
            }
            let allowed = passed_s * rate + BURST_S * rate + cost_s;
            assert!(used_s <= allowed + 1e-6, "{rate} {cost_s}: {used_s} of {allowed}");
            let wanted = passed_s.min(passed_s * rate);
            assert!(used_s >= wanted * 0.95, "{rate} {cost_s}: {used_s} of {wanted}");
        }
    }

    #[test]
    fn who_is_held_goes_on_when_told_and_gives_signs_of_life() {
        let throttle = Throttle::new(Policy { hold: true, ..Policy::prompt(1) });
        let (mut throttled, cancel) = (throttle.begin(), CancelFlag::default());
        let mut signs = 0;
        throttled.pass(1.0, &cancel, &mut || {
            signs += 1;
            if signs == 2 {
                throttle.set(Policy::prompt(1));
            }
        });
        assert_eq!(signs, 2);
        // A pause of an hour ends when it is no longer wanted, or when everything is.
        for end in ["policy", "cancel"] {
            throttle.set(Policy { pacing: 3_600.0, ..Policy::prompt(1) });
            let mut throttled = throttle.begin();
            throttled.pass(1.0, &cancel, &mut || match end {
                "policy" => throttle.set(Policy::prompt(1)),
                _ => cancel.cancel(),
            });
        }
    }
}
