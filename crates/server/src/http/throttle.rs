//! Failed log-ins slow down: five failures in a minute for an address and a name, then a wait.
//!
//! Of an IPv6 address only the network counts (the first 64 bits, RFC 4291 section 2.5.1): whoever has one
//! address of it has all of them.

use std::{
    collections::{HashMap, VecDeque},
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Failures allowed in [`WINDOW`].
const FAILURES: usize = 5;
/// How long a failure counts.
const WINDOW: Duration = Duration::from_secs(60);
/// Pairs of address and name that are remembered; the one that failed longest ago is forgotten first.
const REMEMBERED: usize = 10_000;

type Who = (IpAddr, String);

/// Counts failures by address and name.
#[derive(Debug, Clone, Default)]
pub struct Throttle {
    failures: Arc<Mutex<HashMap<Who, VecDeque<Instant>>>>,
}

/// A try that counts as failed until [`Try::succeeded`] says otherwise, so that tries at the same time cannot slip through.
#[derive(Debug)]
pub struct Try {
    throttle: Throttle,
    who: Who,
}

impl Throttle {
    /// Begins a try, or says how long to wait first.
    pub fn begin(&self, address: IpAddr, name: &str, now: Instant) -> Result<Try, Duration> {
        // Names are compared without case, and long ones cut, so that spelling gives no new tries and memory is bounded.
        let who = (home(address), name.chars().take(64).flat_map(char::to_lowercase).collect::<String>());
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() >= REMEMBERED && !failures.contains_key(&who) {
            failures.retain(|_, times| times.back().is_some_and(|last| now.duration_since(*last) < WINDOW));
            while failures.len() >= REMEMBERED {
                let oldest = failures.iter().min_by_key(|(_, times)| times.back().copied());
                let Some(oldest) = oldest.map(|(who, _)| who.clone()) else { break };
                failures.remove(&oldest);
            }
        }
        let times = failures.entry(who.clone()).or_default();
        while times.front().is_some_and(|first| now.duration_since(*first) >= WINDOW) {
            times.pop_front();
        }
        if times.len() >= FAILURES
            && let Some(first) = times.front()
        {
            return Err(WINDOW.saturating_sub(now.duration_since(*first)));
        }
        times.push_back(now);
        drop(failures);
        Ok(Try { throttle: self.clone(), who })
    }
}

/// The address as far as its owner cannot choose it.
fn home(address: IpAddr) -> IpAddr {
    // An IPv4 address may come in the clothes of an IPv6 one (RFC 4291 section 2.5.5.2).
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
    }
}

impl Try {
    /// The password was right: earlier failures are forgotten.
    pub fn succeeded(self) {
        self.throttle.failures.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.who);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sixth_failure_in_a_minute_waits() {
        let throttle = Throttle::default();
        let (start, home) = (Instant::now(), IpAddr::from([127, 0, 0, 1]));
        for second in 0..5 {
            assert!(throttle.begin(home, "Ann", start + Duration::from_secs(second)).is_ok());
        }
        let later = start + Duration::from_secs(10);
        assert_eq!(throttle.begin(home, "aNN", later).unwrap_err(), Duration::from_secs(50));
        assert!(throttle.begin(home, "bob", later).is_ok());
        assert!(throttle.begin(IpAddr::from([10, 0, 0, 1]), "ann", later).is_ok());
        // After the wait one more try is free, and success forgets the failures.
        let free = start + WINDOW;
        throttle.begin(home, "ann", free).unwrap().succeeded();
        for _ in 0..5 {
            assert!(throttle.begin(home, "ann", free).is_ok());
        }
        assert!(throttle.begin(home, "ann", free).is_err());
    }

    #[test]
    fn an_address_counts_as_far_as_its_owner_cannot_choose_it() {
        for (first, second, same) in [
            ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true),
            ("2001:db8:1:2::1", "2001:db8:1:3::1", false),
            ("::ffff:192.0.2.1", "192.0.2.1", true),
            ("::ffff:192.0.2.1", "192.0.2.2", false),
            ("::1", "192.0.2.1", false),
        ] {
            let (throttle, now) = (Throttle::default(), Instant::now());
            for _ in 0..FAILURES {
                assert!(throttle.begin(first.parse().unwrap(), "ann", now).is_ok());
            }
            let refused = throttle.begin(second.parse().unwrap(), "ann", now).is_err();
            assert_eq!(refused, same, "{first} and {second}");
        }
    }

    #[test]
    fn memory_is_bounded() {
        let throttle = Throttle::default();
        let start = Instant::now();
        for name in 0..REMEMBERED as u64 + 50 {
            let at = start + Duration::from_micros(name);
            assert!(throttle.begin(IpAddr::from([127, 0, 0, 1]), &name.to_string(), at).is_ok());
        }
        assert!(throttle.failures.lock().unwrap().len() <= REMEMBERED);
    }
}
