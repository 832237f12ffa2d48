//! DNS rebinding: a page of another site must not reach a server that listens on loopback by way of its visitor's browser.
//!
//! Such a page has its own name resolve to 127.0.0.1; the request then names that host. So, while the server listens
//! on loopback, only loopback names and the host of `public_url` are answered. Requests with an `Authorization` field
//! are exempt (a page that knows a key needs no trick). On other addresses any name is answered: names in a
//! home network cannot be known, and there is nothing for such a page to use, as neither the session cookie nor the setup token is its own.

use std::net::IpAddr;

use fanfare_model::ErrorKind;
use http::{HeaderMap, StatusCode, Uri, header, uri::Authority};

use super::problem::Problem;
use crate::Settings;

/// Refuses a host name that does not belong to this server.
pub fn check_host(settings: &Settings, uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
    if !settings.listen.ip().is_loopback() || headers.contains_key(header::AUTHORIZATION) {
        return Ok(());
    }
    let field = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let Some(named) = uri.authority().map(Authority::as_str).or(field) else {
        // Only HTTP/1.0 may leave it out, and no browser does.
        return Ok(());
    };
    if host_of(named).is_some_and(|host| is_ours(settings, &host)) {
        return Ok(());
    }
    Err(Problem::new(ErrorKind::Forbidden, "this server is not known under that host name")
        .remedy("open it at its own address, or set public_url to the address you use")
        .status(StatusCode::MISDIRECTED_REQUEST))
}

fn is_ours(settings: &Settings, host: &str) -> bool {
    let is_loopback = host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    let public = settings.public_url.as_deref().and_then(|url| url.parse::<Uri>().ok());
    let public =
        public.as_ref().and_then(|url| url.authority()).and_then(|authority| host_of(authority.as_str()));
    // RFC 6761 section 6.3: localhost and names below it always mean the machine itself.
    is_loopback
        || host == "localhost"
        || host.ends_with(".localhost")
        || public.is_some_and(|public| public == host)
}

/// The host without port and brackets, in lower case and without the root's dot.
fn host_of(authority: &str) -> Option<String> {
    let authority: Authority = authority.parse().ok()?;
    let host = authority.host().trim_start_matches('[').trim_end_matches(']');
    Some(host.trim_end_matches('.').to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_names_are_refused_on_loopback_only() {
        let mut settings = Settings::defaults("data".into());
        settings.public_url = Some("https://Music.example.org:8443/".into());
        let check = |settings: &Settings, host: &str| {
            let headers = HeaderMap::from_iter([(header::HOST, host.parse().unwrap())]);
            check_host(settings, &Uri::from_static("/"), &headers).is_ok()
        };
        for (host, passes) in [
            ("localhost:4040", true),
            ("LOCALHOST", true),
            ("127.0.0.1:4040", true),
            ("[::1]:4040", true),
            ("app.localhost.", true),
            ("music.example.org", true),
            ("evil.example", false),
            ("127.0.0.1.evil.example", false),
            ("localhost.evil.example", false),
            ("192.168.0.1", false),
            ("a b", false),
            ("", false),
        ] {
            assert_eq!(check(&settings, host), passes, "{host}");
        }
        settings.listen = ([0, 0, 0, 0], 4040).into();
        assert!(check(&settings, "nas.local"));
    }
}
