//! Who sends a request, and by what they are known.

use axum::extract::FromRequestParts;
use fanfare_model::{ErrorKind, Mixtape, Role, User};
use fanfare_store::SecretHash;
use http::{HeaderMap, header, request::Parts};

use super::problem::Problem;

/// The session cookie's name.
pub const COOKIE: &str = "fanfare_session";
/// How long a session lasts.
pub const SESSION_DAYS: i64 = 30;
/// The header that state-changing requests with a cookie must carry: a form of another site cannot set it.
pub const CSRF_HEADER: &str = "x-fanfare";

/// How a caller is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// By the session cookie, which browsers send along by themselves.
    Cookie(SecretHash),
    /// By an API key, which only code that knows it can send.
    Key(SecretHash),
}

/// A signed-in caller. The gate has checked the route's access by the time a handler sees one.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Who it is.
    pub user: User,
    /// By what.
    pub proof: Proof,
}

impl Caller {
    /// The caller's role.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.user.role
    }

    /// Whether the caller may change that mixtape, and give it away: its maker may, and owners of the server.
    #[must_use]
    pub fn may_change(&self, mixtape: &Mixtape) -> bool {
        self.user.role == Role::Owner || mixtape.owner == Some(self.user.id)
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get().cloned().ok_or_else(unauthorized)
    }
}

/// A caller, if there is one: for public routes that answer both.
pub struct MaybeCaller(pub Option<Caller>);

impl<S: Sync> FromRequestParts<S> for MaybeCaller {
    type Rejection = std::convert::Infallible;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(parts.extensions.get().cloned()))
    }
}

/// Nobody is signed in.
pub fn unauthorized() -> Problem {
    Problem::new(ErrorKind::Unauthorized, "nobody is signed in")
        .remedy("sign in, or send an API key as a bearer token")
}

/// The value of the cookie of that name (RFC 6265 section 4.2.1).
pub fn cookie<'a>(headers: &'a HeaderMap, wanted: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(name, value)| (name == wanted).then_some(value))
}

/// The `Set-Cookie` value that starts a session, or ends it when `secret` is `None`.
pub fn set_cookie(secret: Option<&str>, secure: bool) -> String {
    let (value, age) = secret.map_or(("", 0), |secret| (secret, SESSION_DAYS * 86_400));
    let secure = if secure { "; Secure" } else { "" };
    format!("{COOKIE}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={age}{secure}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_is_found_among_others() {
        for (line, found) in [
            ("fanfare_session=abc", Some("abc")),
            ("a=b; fanfare_session=abc; c=d", Some("abc")),
            ("xfanfare_session=abc", None),
            ("fanfare_session", None),
            ("fanfare_session=", Some("")),
        ] {
            let headers = HeaderMap::from_iter([(header::COOKIE, line.parse().unwrap())]);
            assert_eq!(cookie(&headers, COOKIE), found, "{line}");
        }
    }
}
