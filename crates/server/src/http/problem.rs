//! Errors as clients see them: problem documents (RFC 9457), and the one table from error kind to status.

use axum::{
    extract::rejection::{BytesRejection, PathRejection, QueryRejection},
    response::{IntoResponse, Response},
};
use fanfare_model::{Error, ErrorKind};
use http::{HeaderValue, StatusCode, header};

use super::dto::problem::ProblemDto;

/// What a handler fails with.
#[derive(Debug)]
pub struct Problem {
    // Boxed: it travels in the result of every handler and is there only when things went wrong.
    error: Box<Error>,
    status: StatusCode,
    retry_after_s: Option<u64>,
    allow: Option<String>,
}

/// What a handler returns.
pub type Answer<T> = Result<T, Problem>;

/// The status of an error kind.
#[must_use]
pub const fn status_of(kind: ErrorKind) -> StatusCode {
    match kind {
        ErrorKind::Invalid => StatusCode::BAD_REQUEST,
        ErrorKind::Unauthorized => StatusCode::UNAUTHORIZED,
        ErrorKind::Forbidden => StatusCode::FORBIDDEN,
        ErrorKind::NotFound => StatusCode::NOT_FOUND,
        ErrorKind::Conflict | ErrorKind::Cancelled => StatusCode::CONFLICT,
        ErrorKind::LimitExceeded => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorKind::NotAudio
        | ErrorKind::Unsupported
        | ErrorKind::NoDecoder
        | ErrorKind::Malformed
        | ErrorKind::Empty => StatusCode::UNPROCESSABLE_ENTITY,
        ErrorKind::TooMany => StatusCode::TOO_MANY_REQUESTS,
        ErrorKind::Busy | ErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        ErrorKind::Timeout => StatusCode::GATEWAY_TIMEOUT,
        ErrorKind::NoSpace => StatusCode::INSUFFICIENT_STORAGE,
        // Io, PermissionDenied (the system refuses the server, not the caller), Internal, and kinds to come.
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// When to come back after a refusal that passes by itself.
const RETRY_SOON_S: u64 = 2;

impl Problem {
    /// The problem of that kind with a sentence.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Error::new(kind, message).into()
    }

    /// What kind of trouble it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.error.kind()
    }

    /// Nothing is there, or nothing that this caller may see.
    #[must_use]
    pub fn not_found(what: &str) -> Self {
        Self::new(ErrorKind::NotFound, format!("there is no such {what}"))
    }

    /// Adds what the client can do.
    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.error = Box::new(self.error.remedy(remedy));
        self
    }

    /// Adds `Retry-After`.
    #[must_use]
    pub const fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// The method does not exist at this address; `allow` lists those that do.
    #[must_use]
    pub fn method_not_allowed(allow: String) -> Self {
        let message = format!("this address knows only {allow}");
        let mut problem = Self::new(ErrorKind::Invalid, message).status(StatusCode::METHOD_NOT_ALLOWED);
        problem.allow = Some(allow);
        problem
    }

    /// Gives another status than the kind's.
    #[must_use]
    pub const fn status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let status = status_of(error.kind());
        let retry_after_s =
            matches!(error.kind(), ErrorKind::Busy | ErrorKind::Unavailable | ErrorKind::TooMany)
                .then_some(RETRY_SOON_S);
        Self { error: Box::new(error), status, retry_after_s, allow: None }
    }
}

impl From<PathRejection> for Problem {
    fn from(_: PathRejection) -> Self {
        // An address with something else than an id in its place is an address that does not exist.
        Self::new(ErrorKind::NotFound, "there is nothing at this address")
            .remedy("an id has 32 hexadecimal digits")
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Self {
        Self::new(ErrorKind::Invalid, excerpt(&plain(&rejection.body_text())))
    }
}

impl From<BytesRejection> for Problem {
    fn from(rejection: BytesRejection) -> Self {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            return Self::new(ErrorKind::LimitExceeded, "the request's body is too large");
        }
        Self::new(ErrorKind::Invalid, excerpt(&rejection.body_text()))
    }
}

/// What the parser of addresses says of a parameter, in a sentence for people: `sort: unknown variant ...` becomes "`sort` is one
/// of ...".
fn plain(said: &str) -> String {
    let said = said.strip_prefix("Failed to deserialize query string: ").unwrap_or(said);
    if let Some((_, names)) = variants(said) {
        return match said.split_once(": unknown variant") {
            Some((parameter, _)) => format!("`{parameter}` has an unknown value; it is one of {names}"),
            None => format!("a parameter has an unknown value; it is one of {names}"),
        };
    }
    let (parameter, what) = match said.split_once(": ") {
        Some((parameter, what)) if !parameter.contains(' ') => (format!("`{parameter}`"), what),
        _ => ("a parameter".to_owned(), said),
    };
    if let Some(name) = what.strip_prefix("missing field ") {
        format!("the parameter {name} is missing")
    } else if ["invalid digit", "number too", "cannot parse integer", "invalid value: integer"]
        .iter()
        .any(|start| what.starts_with(start))
    {
        format!("{parameter} is a whole number within its range")
    } else if what.contains("`true` or `false`") || what.contains("a boolean") {
        format!("{parameter} is `true` or `false`")
    } else {
        format!("{parameter}: {what}")
    }
}

/// The unknown word and the known ones, of a sentence of serde about a word that is none of them.
pub fn variants(said: &str) -> Option<(&str, String)> {
    let (_, rest) = said.split_once("unknown variant `")?;
    let (word, names) = rest.rsplit_once("`, expected ")?;
    let names = names.strip_prefix("one of ").unwrap_or(names);
    // serde_json puts the position behind it.
    let names = names.split(" at line ").next().unwrap_or(names);
    Some((word, names.replace("` or `", "`, `")))
}

/// A library's sentence, cut and without control characters: it may quote the request.
pub fn excerpt(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let kind = self.error.kind();
        let detail = if self.status.is_server_error() {
            // The log says of a damaged database once that it is.
            let is_known = fanfare_store::is_unreadable_database(&self.error);
            if is_known {
                tracing::debug!(%kind, error = %self.error, "request failed");
            } else {
                tracing::warn!(%kind, error = %self.error, "request failed");
            }
            match kind {
                _ if is_known => self.error.message().to_owned(),
                // Sentences about our own insides help nobody outside.
                ErrorKind::Internal => {
                    "something went wrong in the server; its log has the reason".to_owned()
                }
                ErrorKind::Io => "reading or writing failed in the server; its log has the reason".to_owned(),
                _ => self.error.message().to_owned(),
            }
        } else {
            self.error.message().to_owned()
        };
        let body = ProblemDto {
            problem_type: "about:blank".to_owned(),
            title: self.status.canonical_reason().unwrap_or("Error").to_owned(),
            status: self.status.as_u16(),
            detail,
            kind: kind.as_str().to_owned(),
            remedy: self.error.remedy_text().map(ToOwned::to_owned),
        };
        let mut response = (self.status, axum::Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(allow) = self.allow.and_then(|allow| HeaderValue::from_str(&allow).ok()) {
            headers.insert(header::ALLOW, allow);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Issue 13: answers quoted the parser's own words.
    #[test]
    fn parameters_are_refused_in_sentences() {
        for (said, told) in [
            (
                "Failed to deserialize query string: sort: unknown variant `x`, expected one of `title`, `artist`",
                "`sort` has an unknown value; it is one of `title`, `artist`",
            ),
            (
                "order: unknown variant ``, expected `asc` or `desc`",
                "`order` has an unknown value; it is one of `asc`, `desc`",
            ),
            ("unknown variant `x`, expected `a`", "a parameter has an unknown value; it is one of `a`"),
            (
                "Failed to deserialize query string: limit: invalid digit found in string",
                "`limit` is a whole number within its range",
            ),
            ("offset: number too large to fit in target type", "`offset` is a whole number within its range"),
            ("missing field `q`", "the parameter `q` is missing"),
            ("all: provided string was not `true` or `false`", "`all` is `true` or `false`"),
            ("artist: an id has 32 hexadecimal digits", "`artist`: an id has 32 hexadecimal digits"),
        ] {
            assert_eq!(plain(said), told);
        }
    }
}
