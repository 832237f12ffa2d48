//! What counts as a failure, for whom, and for how long.

use std::net::IpAddr;

use super::*;

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// The wait that a guess is told, `None` when it may be made; nothing is left under way.
fn refused(throttle: &Throttle, guess: &Guess, now: Instant) -> Option<Duration> {
    match throttle.turn(guess, now) {
        Turn::Go => {
            drop(Try { inner: Arc::clone(&throttle.inner), keys: guess.keys.clone() });
            None
        }
        Turn::Wait => panic!("others are under way"),
        Turn::Refused(wait) => Some(wait),
    }
}

fn fail(throttle: &Throttle, guess: &Guess, at: Instant) {
    for key in &guess.keys {
        throttle.inner.entries()[key.0 as usize].entry(key.1.clone()).or_default().failures.push_back(at);
    }
}

#[test]
fn the_sixth_failure_in_a_minute_waits() {
    let throttle = Throttle::default();
    let (start, here) = (Instant::now(), address("127.0.0.1"));
    for second in 0..5 {
        fail(&throttle, &Guess::of_name(here, "Ann"), start + Duration::from_secs(second));
    }
    let later = start + Duration::from_secs(10);
    assert_eq!(refused(&throttle, &Guess::of_name(here, "aNN"), later), Some(Duration::from_secs(50)));
    assert_eq!(refused(&throttle, &Guess::of_name(here, "bob"), later), None);
    assert_eq!(refused(&throttle, &Guess::of_name(address("10.0.0.1"), "ann"), later), None);
    assert_eq!(refused(&throttle, &Guess::of_known("ann's browser"), later), None);
    assert_eq!(refused(&throttle, &Guess::of_name(here, "ann"), start + LIMITS[0].window), None);
}

/// Issue 12: guesses of one name from many addresses, and of many names from one.
#[test]
fn a_name_is_limited_whatever_the_address_and_an_address_whatever_the_name() {
    let (names, start) = (Throttle::default(), Instant::now());
    for number in 0..LIMITS[1].failures {
        let from = address(&format!("10.0.{number}.1"));
        assert_eq!(refused(&names, &Guess::of_name(from, "ann"), start), None, "failure {number}");
        fail(&names, &Guess::of_name(from, "ann"), start);
    }
    let fresh = address("192.0.2.1");
    assert_eq!(refused(&names, &Guess::of_name(fresh, "ann"), start), Some(LIMITS[1].window));
    assert_eq!(refused(&names, &Guess::of_name(fresh, "bob"), start), None);
    assert_eq!(
        refused(&names, &Guess::of_known("ann's browser"), start),
        None,
        "a known browser is not locked out"
    );
    assert_eq!(
        refused(&names, &Guess::of_name(fresh, "ann"), start + LIMITS[1].window),
        None,
        "later a new browser is not locked out either"
    );

    let addresses = Throttle::default();
    for number in 0..LIMITS[2].failures {
        let guess = Guess::of_name(fresh, &format!("name {number}"));
        assert_eq!(refused(&addresses, &guess, start), None, "failure {number}");
        fail(&addresses, &guess, start);
    }
    assert_eq!(refused(&addresses, &Guess::of_name(fresh, "ann"), start), Some(LIMITS[2].window));
    assert_eq!(refused(&addresses, &Guess::of_name(address("192.0.2.2"), "ann"), start), None);
}

/// Issue 12: a right password under way is no failure, and seven of them at once all pass.
#[tokio::test]
async fn guesses_at_once_wait_for_each_other_and_only_wrong_ones_count() {
    let throttle = Throttle::default();
    let guess = || Guess::of_name(address("127.0.0.1"), "ann");
    let mut first = Vec::new();
    for _ in 0..5 {
        first.push(throttle.begin(guess()).await.unwrap());
    }
    let waiting: Vec<_> = (0..2)
        .map(|_| {
            let throttle = throttle.clone();
            tokio::spawn(async move { throttle.begin(guess()).await.map(Try::succeeded) })
        })
        .collect();
    tokio::task::yield_now().await;
    assert!(waiting.iter().all(|task| !task.is_finished()), "five may still fail");
    // A right one, one whose client left, three wrong ones.
    first.pop().unwrap().succeeded();
    drop(first.pop());
    for wrong in first {
        wrong.failed();
    }
    for task in waiting {
        task.await.unwrap().unwrap();
    }
    // Those that were right made the pair's failures void.
    for _ in 0..5 {
        throttle.begin(guess()).await.unwrap().failed();
    }
    assert!(throttle.begin(guess()).await.is_err());
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
        for _ in 0..LIMITS[0].failures {
            fail(&throttle, &Guess::of_name(address(first), "ann"), now);
        }
        let refused = refused(&throttle, &Guess::of_name(address(second), "ann"), now).is_some();
        assert_eq!(refused, same, "{first} and {second}");
    }
}

#[test]
fn memory_is_bounded() {
    let (throttle, start) = (Throttle::default(), Instant::now());
    for number in 0..REMEMBERED as u32 + 50 {
        let from = IpAddr::from(number.to_be_bytes());
        let guess = Guess::of_name(from, &number.to_string());
        let at = start + Duration::from_micros(number.into());
        // What is under way takes its place before it fails.
        assert!(matches!(throttle.turn(&guess, at), Turn::Go));
        fail(&throttle, &guess, at);
        drop(Try { inner: Arc::clone(&throttle.inner), keys: guess.keys });
    }
    for kind in [Kind::Pair, Kind::Name, Kind::Address] {
        let kept = throttle.inner.entries()[kind as usize].len();
        assert!(kept <= REMEMBERED, "{kept} of {kind:?}");
    }
}
