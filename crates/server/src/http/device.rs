//! Browsers in which a user signed in before: a cookie that says so, for the limits on guesses alone.
//!
//! Who guesses a name from many addresses uses up the guesses that the name has ([`super::throttle`]). The person whose
//! name it is signs in from a browser that has this cookie, and is limited by it alone (the "device cookie" of
//! OWASP's page on slowing down password guessing). It opens nothing: the password is asked for all the same.
//!
//! The cookie is a random number and its keyed hash (BLAKE3). The key is made of the stored hash of the password, so
//! nothing is stored, a new password makes all of them void, and nobody can make one who does not have the database.

use fanfare_model::{Result, UserId};
use http::HeaderMap;

use super::{caller, secret};

/// How long a browser is remembered after the last sign-in.
const DAYS: i64 = 180;
/// What the key is for (BLAKE3's `derive_key` wants a sentence that nothing else uses).
const CONTEXT: &str = "fanfare 2026 the cookie of a browser in which a person signed in before";
/// Where browsers send it.
const PATH: &str = "/api/v1/login";

/// The `Set-Cookie` value for a browser in which that person has just signed in.
///
/// # Errors
/// `Unavailable` when the system gives no random numbers.
pub fn set_cookie(user: UserId, password_hash: &str, secure: bool) -> Result<String> {
    let number = secret::fresh("")?;
    let proof = proof(password_hash, &number).to_hex();
    let (name, age) = (name(user), DAYS * 86_400);
    let secure = if secure { "; Secure" } else { "" };
    Ok(format!("{name}={number}.{proof}; Path={PATH}; HttpOnly; SameSite=Strict; Max-Age={age}{secure}"))
}

/// The number of the browser, when its cookie is a good one for that person.
pub fn known(headers: &HeaderMap, user: UserId, password_hash: &str) -> Option<String> {
    let (number, given) = caller::cookie(headers, &name(user))?.split_once('.')?;
    let given = blake3::Hash::from_hex(given).ok()?;
    // This comparison takes the same time for any content.
    (proof(password_hash, number) == given).then(|| number.to_owned())
}

/// One for each person: several may use a browser.
fn name(user: UserId) -> String {
    format!("fanfare_device_{user}")
}

fn proof(password_hash: &str, number: &str) -> blake3::Hash {
    blake3::keyed_hash(&blake3::derive_key(CONTEXT, password_hash.as_bytes()), number.as_bytes())
}

#[cfg(test)]
mod tests {
    use http::header;

    use super::*;

    #[test]
    fn a_cookie_is_good_for_its_person_and_password_alone() {
        let (ann, bob) = (UserId::from_bytes([1; 16]), UserId::from_bytes([2; 16]));
        let set = set_cookie(ann, "hash of a password", true).unwrap();
        assert!(set.ends_with("; Path=/api/v1/login; HttpOnly; SameSite=Strict; Max-Age=15552000; Secure"));
        let pair = set.split(';').next().unwrap();
        let headers = |cookie: &str| HeaderMap::from_iter([(header::COOKIE, cookie.parse().unwrap())]);
        let good = known(&headers(pair), ann, "hash of a password").unwrap();
        assert!(pair.contains(&good));
        let forged = pair.replace(&good, "another-number");
        for (cookie, user, hash) in [
            (pair, ann, "hash of another"),
            (pair, bob, "hash of a password"),
            (&pair.replace(&ann.to_string(), &bob.to_string()), bob, "hash of bob's"),
            (&forged, ann, "hash of a password"),
            (&format!("{}=", name(ann)), ann, "hash of a password"),
            (&format!("{}=a.b", name(ann)), ann, "hash of a password"),
        ] {
            assert_eq!(known(&headers(cookie), user, hash), None, "{cookie}");
        }
    }
}
