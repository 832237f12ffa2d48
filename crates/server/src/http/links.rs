//! Addresses of this server to give to others.

use std::net::SocketAddr;

use http::{HeaderMap, Uri, header, uri::Authority};

use crate::Settings;

/// Where the page for guests is; the token follows. What stands behind `#` never leaves the browser.
const SHARED_PAGE: &str = "/s/#";

/// The address for links: the public one if set, else the listener's, with loopback for "all addresses".
pub fn base_url(settings: &Settings, address: SocketAddr) -> String {
    if let Some(url) = &settings.public_url {
        return url.trim_end_matches('/').to_owned();
    }
    let mut address = address;
    if address.ip().is_unspecified() {
        address.set_ip(if address.is_ipv4() {
            std::net::Ipv4Addr::LOCALHOST.into()
        } else {
            std::net::Ipv6Addr::LOCALHOST.into()
        });
    }
    format!("http://{address}")
}

/// The address by which the client knows this server: the public one if set, else that of the request.
pub fn base_url_for(settings: &Settings, uri: &Uri, headers: &HeaderMap) -> String {
    let named = headers.get(header::HOST).and_then(|host| host.to_str().ok()?.parse::<Authority>().ok());
    // RFC 9110 section 4.2.4: a user's name in an authority is only there to deceive.
    let named = uri.authority().cloned().or(named).filter(|named| !named.as_str().contains('@'));
    match (&settings.public_url, named) {
        (None, Some(named)) => format!("http://{named}"),
        _ => base_url(settings, settings.listen),
    }
}

/// The address that opens a public link.
pub fn shared_url(base: &str, token: &str) -> String {
    format!("{base}{SHARED_PAGE}{token}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_to_where_a_browser_can_go() {
        let mut settings = Settings::defaults("data".into());
        assert_eq!(base_url(&settings, ([0, 0, 0, 0], 4040).into()), "http://127.0.0.1:4040");
        assert_eq!(base_url(&settings, "[::]:80".parse().unwrap()), "http://[::1]:80");
        let asked_at = |settings: &Settings, host: &str| {
            let headers = HeaderMap::from_iter([(header::HOST, host.parse().unwrap())]);
            base_url_for(settings, &Uri::from_static("/x"), &headers)
        };
        assert_eq!(asked_at(&settings, "nas.local:4040"), "http://nas.local:4040");
        for odd in ["a b", "", "music.example@evil.example", "x/y"] {
            assert_eq!(asked_at(&settings, odd), "http://127.0.0.1:4040", "{odd}");
        }
        settings.public_url = Some("https://music.example/".into());
        assert_eq!(base_url(&settings, ([0, 0, 0, 0], 4040).into()), "https://music.example");
        assert_eq!(asked_at(&settings, "nas.local:4040"), "https://music.example");
        assert_eq!(shared_url("https://music.example", "abc"), "https://music.example/s/#abc");
    }
}
