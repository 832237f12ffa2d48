//! The head of a request: whether it is one at all, before anybody looks at what it asks for.
//!
//! - An HTTP/1.1 request names its host once, by a name that can be one; HTTP/1.0 may leave it out (RFC 9112 section 3.2).
//!   Otherwise a proxy in front and this server may take it for requests to different hosts.
//! - Request line and header fields have at most [`HEAD_BYTES`] together, and the number that hyper was told
//!   ([`super::connection`]).

use axum::{
    extract::Request,
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use fanfare_model::ErrorKind;
use http::{HeaderMap, HeaderValue, StatusCode, Version, header, uri::Authority};

use super::problem::Problem;

/// The most bytes of a request before its body: request line, header fields and the empty line behind them.
pub const HEAD_BYTES: usize = 32 * 1024;

/// Answers requests whose head is not in order.
pub async fn check(request: Request, next: Next) -> Response {
    match refusal(&request) {
        None => next.run(request).await,
        Some(problem) => problem.into_response(),
    }
}

fn refusal<B>(request: &http::Request<B>) -> Option<Problem> {
    if bytes(request) > HEAD_BYTES {
        let message = format!("request line and header fields have more than {HEAD_BYTES} bytes");
        let problem = Problem::new(ErrorKind::LimitExceeded, message);
        return Some(problem.status(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE));
    }
    host_is_wrong(request.version(), request.headers()).map(|why| Problem::new(ErrorKind::Invalid, why))
}

/// As many as the shortest form of the head has: `METHOD TARGET HTTP/1.1`, then `name: value` in a line each.
fn bytes<B>(request: &http::Request<B>) -> usize {
    let target = request.uri().path_and_query().map_or(1, |target| target.as_str().len());
    let authority =
        request.uri().authority().map_or(0, |authority| authority.as_str().len() + "http://".len());
    let line = request.method().as_str().len() + " ".len() + authority + target + " HTTP/1.1\r\n".len();
    let fields = request.headers().iter();
    line + fields.map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len()).sum::<usize>()
        + "\r\n".len()
}

fn host_is_wrong(version: Version, headers: &HeaderMap) -> Option<&'static str> {
    let mut hosts = headers.get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (_, Some(_)) => Some("the request names its host twice"),
        // In HTTP/2 the target has it (RFC 9113 section 8.3.1).
        (None, None) => (version == Version::HTTP_11).then_some("the request does not name its host"),
        (Some(host), None) => (!is_host(host)).then_some("the host of the request is no host"),
    }
}

/// Empty is a host, too: of an address without one.
fn is_host(value: &HeaderValue) -> bool {
    let Ok(text) = value.to_str() else { return false };
    text.is_empty() || (!text.contains('@') && text.parse::<Authority>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_names_its_host_once() {
        for (version, hosts, passes) in [
            (Version::HTTP_11, &["localhost:4040"][..], true),
            (Version::HTTP_11, &["[::1]:4040"], true),
            (Version::HTTP_11, &[""], true),
            (Version::HTTP_11, &[], false),
            (Version::HTTP_11, &["localhost", "localhost"], false),
            (Version::HTTP_11, &["localhost", "evil.example"], false),
            (Version::HTTP_11, &["local host"], false),
            (Version::HTTP_11, &["user@localhost"], false),
            (Version::HTTP_11, &["localhost/path"], false),
            (Version::HTTP_10, &[], true),
            (Version::HTTP_10, &["localhost", "localhost"], false),
            (Version::HTTP_2, &[], true),
        ] {
            let mut headers = HeaderMap::new();
            for host in hosts {
                headers.append(header::HOST, host.parse().unwrap());
            }
            assert_eq!(host_is_wrong(version, &headers).is_none(), passes, "{version:?} {hosts:?}");
        }
    }
}
