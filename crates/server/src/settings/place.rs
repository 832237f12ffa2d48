//! The host and port of a web address.

use std::net::{Ipv4Addr, Ipv6Addr};

/// The longest name of a host, and of a part of one, in characters (RFC 1035, 2.3.4).
const LONGEST_HOST: usize = 253;
const LONGEST_LABEL: usize = 63;

/// Checks that a `host` or `host:port` can be one.
///
/// # Errors
/// What would be right, to be said behind "is not".
pub(super) fn check(place: &str) -> Result<(), &'static str> {
    let (host, port) = match place.rsplit_once(':') {
        // The colons of an IPv6 address stand in brackets (RFC 3986, 3.2.2).
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (place, None),
    };
    if !is_host(host) {
        return Err("an address with the name of a host or its IP address, as in https://music.example.org");
    }
    match port {
        Some(port) if !is_port(port) => {
            Err("an address with a port from 1 to 65535, or none, as in https://music.example.org:8443")
        }
        _ => Ok(()),
    }
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok_and(|port| port > 0)
}

fn is_host(host: &str) -> bool {
    if let Some(inner) = host.strip_prefix('[') {
        return inner.strip_suffix(']').is_some_and(|address| address.parse::<Ipv6Addr>().is_ok());
    }
    let host = host.strip_suffix('.').unwrap_or(host);
    let last = host.rsplit('.').next().unwrap_or_default();
    // A name that ends with a number is an IPv4 address (WHATWG URL, "ends in a number").
    if !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit()) {
        return host.parse::<Ipv4Addr>().is_ok();
    }
    host.len() <= LONGEST_HOST && host.split('.').all(is_label)
}

fn is_label(label: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=LONGEST_LABEL).contains(&label.len())
        && label.bytes().all(known)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Issue 12: port 99999 was taken, and links to it led nowhere.
    #[test]
    fn a_host_and_a_port_are_those_that_there_can_be() {
        for (place, said) in [
            ("music.example.org", None),
            ("music.example.org.", None),
            ("nas:4040", None),
            ("my_nas:1", None),
            ("192.168.1.2:65535", None),
            ("[::1]:4040", None),
            ("[fd00::2]", None),
            ("xn--mller-kva.example", None),
            ("nas:99999", Some("port")),
            ("nas:65536", Some("port")),
            ("nas:0", Some("port")),
            ("nas:", Some("port")),
            ("nas:+80", Some("port")),
            ("nas:http", Some("port")),
            ("[::1]:99999", Some("port")),
            ("", Some("host")),
            (":4040", Some("host")),
            ("::1", Some("host")),
            ("[::1", Some("host")),
            ("[nas]", Some("host")),
            ("1.2.3", Some("host")),
            ("192.168.1.256", Some("host")),
            ("a..b", Some("host")),
            ("-nas", Some("host")),
            ("müller.example", Some("host")),
        ] {
            let found = check(place).err();
            assert_eq!(found.is_some(), said.is_some(), "{place}: {found:?}");
            assert!(said.is_none_or(|said| found.unwrap().contains(said)), "{place}: {found:?}");
        }
    }
}
