//! People, sessions, keys, and the first owner.
#![allow(clippy::unwrap_used)] // the whole file is test code, helpers included

mod support;

use std::time::Duration;

use fanfare_model::{ErrorKind, Role, UserId};
use fanfare_store::{Ended, Keep, Patience};
use support::*;

#[tokio::test]
async fn of_two_setups_at_once_one_wins() {
    let fixture = Fixture::new().await;
    let other = fixture.reopen().await;
    let people = fixture.store.people();
    assert!(!people.owner_exists().await.unwrap());
    people.set_setup_token([1; 32]).await.unwrap();
    people.set_setup_token([2; 32]).await.unwrap();
    assert_eq!(other.people().setup_token().await.unwrap(), Some([2; 32]));
    let tries = (0..8).map(|number| {
        let people = if number % 2 == 0 { people } else { other.people() };
        async move { people.create_first_owner(&format!("owner {number}"), "hash", NOW).await }
    });
    let outcomes = futures_util::future::join_all(tries).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    for outcome in outcomes {
        assert!(outcome.is_ok_and(|user| user.role == Role::Owner) || people.owner_exists().await.unwrap());
    }
    assert_eq!(people.users().await.unwrap().len(), 1);
    assert_eq!(people.setup_token().await.unwrap(), None, "the link is used up");
    assert_eq!(people.set_setup_token([3; 32]).await.unwrap_err().kind(), ErrorKind::Conflict);
}

#[tokio::test]
async fn names_are_exact_to_sign_in_and_unlike_to_each_other() {
    let fixture = Fixture::new().await;
    let people = fixture.store.people();
    let ada = people.create_user("Ada", "hash-1", Role::Listener, NOW).await.unwrap();
    for taken in ["Ada", "ada", " ADA "] {
        let error = people.create_user(taken, "x", Role::Owner, NOW).await.unwrap_err();
        assert_eq!((error.kind(), error.message()), (ErrorKind::Conflict, "the name is taken"));
    }
    assert_eq!(people.create_user(" ", "x", Role::Owner, NOW).await.unwrap_err().kind(), ErrorKind::Invalid);
    assert_eq!(people.credentials("Ada").await.unwrap(), Some((ada.clone(), "hash-1".to_owned())));
    for other in ["ada", "Ada ", "", "A%", "Ada' OR 1=1 --"] {
        assert_eq!(people.credentials(other).await.unwrap(), None);
    }
    people.change_password(ada.id, "hash-2", Keep::default()).await.unwrap();
    assert_eq!(people.credentials("Ada").await.unwrap().unwrap().1, "hash-2");
    let nobody = UserId::from_bytes([0; 16]);
    assert_eq!(
        people.change_password(nobody, "x", Keep::default()).await.unwrap_err().kind(),
        ErrorKind::NotFound
    );
}

#[tokio::test]
async fn the_last_owner_stays() {
    let fixture = Fixture::new().await;
    let people = fixture.store.people();
    let first = people.create_first_owner("first", "x", NOW).await.unwrap();
    let listener = people.create_user("listener", "x", Role::Listener, NOW).await.unwrap();
    assert_eq!(people.delete_user(first.id).await.unwrap_err().kind(), ErrorKind::Conflict);
    people.create_user("second", "x", Role::Owner, NOW).await.unwrap();
    people.delete_user(first.id).await.unwrap();
    people.delete_user(listener.id).await.unwrap();
    assert_eq!(people.delete_user(first.id).await.unwrap_err().kind(), ErrorKind::NotFound);
    assert!(people.owner_exists().await.unwrap());
}

#[tokio::test]
async fn sessions_end_by_time_by_hand_and_with_their_user() {
    let fixture = Fixture::new().await;
    let people = fixture.store.people();
    let user = people.create_user("u", "x", Role::Listener, NOW).await.unwrap();
    for number in 1..=4 {
        people.create_session(user.id, [number; 32], later(i64::from(number) * 10), NOW).await.unwrap();
    }
    assert_eq!(people.session([1; 32], later(9)).await.unwrap(), Some(user.clone()));
    assert_eq!(people.session([1; 32], later(10)).await.unwrap(), None);
    assert_eq!(people.session([9; 32], NOW).await.unwrap(), None);
    people.delete_session([2; 32]).await.unwrap();
    assert_eq!(people.session([2; 32], NOW).await.unwrap(), None);
    people.create_key(user.id, "phone", [7; 32], NOW).await.unwrap();
    let keep = Keep { session: Some([4; 32]), keys: true };
    let ended = people.change_password(user.id, "y", keep).await.unwrap();
    assert_eq!(ended, Ended { sessions: 2, keys: 0, keys_left: 1 });
    // Issue 12: keys end too, where that is asked for.
    let ended = people.change_password(user.id, "z", Keep { keys: false, ..keep }).await.unwrap();
    assert_eq!(ended, Ended { sessions: 0, keys: 1, keys_left: 0 });
    assert_eq!(people.key_user([7; 32], NOW).await.unwrap(), None);
    assert_eq!(people.session([4; 32], NOW).await.unwrap(), Some(user.clone()));
    people.delete_user(user.id).await.unwrap();
    assert_eq!(people.session([4; 32], NOW).await.unwrap(), None);
    let gone = people.create_session(user.id, [5; 32], later(1), NOW).await;
    assert_eq!(gone.unwrap_err().kind(), ErrorKind::NotFound);
}

/// Issue 12: a script that signs in, or makes a key, for every request filled the database.
#[tokio::test]
async fn nobody_has_sessions_or_keys_without_a_bound() {
    let fixture = Fixture::new().await;
    let people = fixture.store.people();
    let user = people.create_user("u", "x", Role::Listener, NOW).await.unwrap();
    let other = people.create_user("o", "x", Role::Listener, NOW).await.unwrap();
    let secret = |number: u8| [number; 32];
    people.create_session(other.id, [255; 32], later(9_000), NOW).await.unwrap();
    people.create_key(other.id, "k", [255; 32], NOW).await.unwrap();
    for number in 0..=100 {
        // Several begin in the same moment.
        let began = later(i64::from(number / 2));
        people.create_session(user.id, secret(number), later(9_000), began).await.unwrap();
        assert!(people.session(secret(number), began).await.unwrap().is_some(), "{number}");
    }
    let mut there = Vec::new();
    for number in 0..=100 {
        there.push(people.session(secret(number), later(60)).await.unwrap().is_some());
    }
    assert_eq!(there.iter().filter(|there| **there).count(), 100, "the oldest has ended");
    assert!(!(there[0] && there[1]));
    assert!(people.session([255; 32], later(60)).await.unwrap().is_some(), "of somebody else");
    for number in 0..100 {
        people.create_key(user.id, "k", secret(number), NOW).await.unwrap();
    }
    let refused = people.create_key(user.id, "k", secret(100), NOW).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::LimitExceeded);
    assert!(refused.to_string().contains("API keys"), "{refused}");
    let key = people.keys(user.id).await.unwrap()[0].id;
    people.delete_key(user.id, key).await.unwrap();
    people.create_key(user.id, "k", secret(100), NOW).await.unwrap();
}

/// Issue 12: an app that signs in for every request ended the session of a browser that was in use, as the oldest.
#[tokio::test]
async fn of_too_many_sessions_the_one_ends_that_was_used_longest_ago() {
    let fixture = Fixture::new().await;
    let people = fixture.store.people();
    let user = people.create_user("u", "x", Role::Listener, NOW).await.unwrap();
    let app = |number: u8| [number; 32];
    let (browser, forgotten) = ([254; 32], [255; 32]);
    for secret in [browser, forgotten] {
        people.create_session(user.id, secret, later(99_000), NOW).await.unwrap();
    }
    // The app, and the browser between: within the hour in which nothing is written.
    for number in 0..200 {
        let now = later(i64::from(number) + 1);
        people.create_session(user.id, app(number), later(99_000), now).await.unwrap();
        assert_eq!(people.session(browser, now).await.unwrap(), Some(user.clone()), "{number}");
    }
    let now = later(201);
    assert_eq!(people.session(forgotten, now).await.unwrap(), None);
    let mut left = Vec::new();
    for number in 0..200 {
        left.push(people.session(app(number), now).await.unwrap().is_some());
    }
    assert!(left[..101].iter().all(|left| !left) && left[101..].iter().all(|left| *left), "{left:?}");
    // What was used survives the end of the process, though it is written once an hour only.
    assert!(people.session(browser, later(4_000)).await.unwrap().is_some());
    fixture.store.write_uses().await.unwrap();
    let again = fixture.reopen().await;
    for number in 0..99 {
        again.people().create_session(user.id, app(number), later(99_000), later(3_999)).await.unwrap();
    }
    assert!(again.people().session(browser, later(4_001)).await.unwrap().is_some());
    assert!(again.people().session(app(199), later(4_001)).await.unwrap().is_none());
}

#[tokio::test]
async fn keys_belong_to_their_user_and_note_their_use() {
    let fixture = Fixture::new().await;
    let people = fixture.store.people();
    let user = people.create_user("u", "x", Role::Listener, NOW).await.unwrap();
    let other = people.create_user("o", "x", Role::Listener, NOW).await.unwrap();
    let key = people.create_key(user.id, "phone", [1; 32], NOW).await.unwrap();
    assert_eq!(people.keys(user.id).await.unwrap(), std::slice::from_ref(&key));
    assert!(people.keys(other.id).await.unwrap().is_empty());
    assert_eq!(people.key_user([2; 32], NOW).await.unwrap(), None);
    for (now, noted) in [(later(1), later(1)), (later(60), later(1)), (later(61), later(61))] {
        assert_eq!(people.key_user([1; 32], now).await.unwrap(), Some(user.clone()));
        assert_eq!(people.keys(user.id).await.unwrap()[0].last_used, Some(noted));
    }
    assert_eq!(people.delete_key(other.id, key.id).await.unwrap_err().kind(), ErrorKind::NotFound);
    people.delete_key(user.id, key.id).await.unwrap();
    assert_eq!(people.key_user([1; 32], NOW).await.unwrap(), None);
    let again = people.create_key(UserId::from_bytes([0; 16]), "x", [3; 32], NOW).await;
    assert_eq!(again.unwrap_err().kind(), ErrorKind::NotFound);
}

/// Issue 12: on a full disk, or while another process wrote, signing out failed and the session stayed valid.
#[tokio::test]
async fn a_session_whose_row_cannot_be_removed_is_over_at_once_and_removed_later() {
    let fixture = Fixture::new().await;
    let people = fixture.store.people();
    let user = people.create_user("u", "x", Role::Listener, NOW).await.unwrap();
    for secret in [[1; 32], [2; 32]] {
        people.create_session(user.id, secret, later(99_000), NOW).await.unwrap();
    }
    let store = fixture.reopen().await;
    let mut changes = store.rights_changes();
    let generation = store.write_generation();
    let held = fixture.store.hold().await.unwrap();
    let hasty = Patience::new(Duration::from_millis(1));
    hasty.over(store.people().delete_session([1; 32])).await.unwrap();
    assert!(changes.has_changed().unwrap() && store.write_generation() != generation);
    changes.mark_unchanged();
    assert_eq!(store.people().session([1; 32], NOW).await.unwrap(), None);
    assert!(people.session([1; 32], NOW).await.unwrap().is_some(), "its row is there");
    assert!(store.people().session([2; 32], NOW).await.unwrap().is_some());
    assert_eq!(store.write_uses().await.unwrap_err().kind(), ErrorKind::Busy);
    assert_eq!(store.people().session([1; 32], NOW).await.unwrap(), None, "still over");
    drop(held);
    // The connection's rollback may be under way.
    fixture.store.writable().await.unwrap();
    store.write_uses().await.unwrap();
    assert_eq!(people.session([1; 32], NOW).await.unwrap(), None, "for every process");
    store.people().delete_session([2; 32]).await.unwrap();
    assert_eq!(people.session([2; 32], NOW).await.unwrap(), None);
}

/// Issue 12: event streams of ended sessions went on. They follow this.
#[tokio::test]
async fn whatever_ends_a_right_is_told_and_nothing_else() {
    let fixture = Fixture::new().await;
    let people = fixture.store.people();
    let user = people.create_user("u", "x", Role::Listener, NOW).await.unwrap();
    let mut changes = fixture.store.rights_changes();
    people.create_session(user.id, [1; 32], later(99_000), NOW).await.unwrap();
    let key = people.create_key(user.id, "phone", [2; 32], NOW).await.unwrap();
    fixture.add(&["a.flac"]).await;
    assert!(!changes.has_changed().unwrap());
    let mut told = |what: &str| {
        assert!(changes.has_changed().unwrap(), "{what}");
        changes.mark_unchanged();
    };
    people.delete_session([1; 32]).await.unwrap();
    told("a session");
    people.delete_key(user.id, key.id).await.unwrap();
    told("a key");
    people.change_password(user.id, "y", Keep::default()).await.unwrap();
    told("a password");
    people.delete_user(user.id).await.unwrap();
    told("a person");
}

/// Issue 12: the first log-in while the clock was years ahead deleted the sessions of everybody.
#[tokio::test]
async fn a_clock_that_jumps_ends_no_session_that_is_valid_by_the_right_time() {
    let fixture = Fixture::new().await;
    let people = fixture.store.people();
    let user = people.create_user("u", "x", Role::Listener, NOW).await.unwrap();
    let other = people.create_user("o", "x", Role::Listener, NOW).await.unwrap();
    let month = 30 * 86_400;
    for (user, secret) in [(user.id, [201; 32]), (other.id, [202; 32])] {
        people.create_session(user, secret, later(month), NOW).await.unwrap();
    }
    let years = 5_000 * 86_400;
    for number in 0..98 {
        let now = later(years + i64::from(number));
        people.create_session(user.id, [number; 32], now.plus_ms(month * 1_000), now).await.unwrap();
        assert_eq!(people.session([201; 32], now).await.unwrap(), None, "by that clock");
    }
    // The clock is right again.
    for secret in [[201; 32], [202; 32]] {
        assert!(people.session(secret, later(60)).await.unwrap().is_some());
    }
    // Each new one takes the place of one of the wrong time, not of one that was used a moment ago.
    for number in 0..98 {
        let now = later(61 + i64::from(number));
        people.create_session(user.id, [100 + number; 32], now.plus_ms(month * 1_000), now).await.unwrap();
    }
    for secret in (100..198).chain([201, 202]) {
        assert!(people.session([secret; 32], later(200)).await.unwrap().is_some(), "{secret}");
    }
    let mut left = 0;
    for number in 0..98 {
        left += u32::from(people.session([number; 32], later(200)).await.unwrap().is_some());
    }
    assert_eq!(left, 1, "of 98");
}
