//! HTTP on a bare socket: what a client sees when a server ends.

use std::{
    io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _},
    net::TcpStream,
};

/// How one request ended.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ended {
    /// A whole answer.
    Status(u16),
    /// No server listens, so no request was sent.
    Refused,
    /// An answer with this status, and some of its bytes are missing.
    Cut(u16),
    /// No status came.
    Nothing(String),
}

/// A client with at most one connection, which it uses again as long as the server keeps it.
pub struct RawClient {
    address: String,
    cookie: String,
    connection: Option<BufReader<TcpStream>>,
}

impl RawClient {
    /// A client of the server at `HOST:PORT`.
    #[must_use]
    pub fn new(address: &str, cookie: &str) -> Self {
        Self { address: address.to_owned(), cookie: cookie.to_owned(), connection: None }
    }

    /// Sends a request and reads its answer; `fields` are further header fields, each with its line end.
    pub fn ask(&mut self, method: &str, path: &str, fields: &str, body: &[u8]) -> Ended {
        let mut connection = match self.connect() {
            Ok(connection) => connection,
            Err(ended) => return ended,
        };
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nX-Fanfare: 1\r\nCookie: {}\r\n{fields}\r\n",
            self.cookie
        );
        let socket = connection.get_mut();
        // A server may answer before it has read everything: its answer counts, even if no more can be sent.
        let sent = socket.write_all(head.as_bytes()).and_then(|()| socket.write_all(body));
        let (ended, closes) = answer(&mut connection, &format!("{method} {path}, sent: {sent:?}"));
        if !closes {
            self.connection = Some(connection);
        }
        ended
    }

    fn connect(&mut self) -> Result<BufReader<TcpStream>, Ended> {
        if let Some(connection) = self.connection.take() {
            return Ok(connection);
        }
        match TcpStream::connect(&self.address) {
            Ok(socket) => Ok(BufReader::new(socket)),
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => Err(Ended::Refused),
            Err(error) => Err(Ended::Nothing(format!("connecting: {error}"))),
        }
    }
}

/// Reads an answer; returns how it ended, and whether the connection ends with it.
fn answer(connection: &mut BufReader<TcpStream>, what: &str) -> (Ended, bool) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match connection.read_until(b'\n', &mut head) {
            Ok(read) if read > 0 => {}
            other => {
                return (Ended::Nothing(format!("{what}, read: {other:?} after {} bytes", head.len())), true);
            }
        }
    }
    let head = String::from_utf8_lossy(&head).to_lowercase();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    let value = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    let whole = match value("content-length:").map(|length| length.parse::<u64>().expect("a length")) {
        Some(length) => {
            std::io::copy(&mut connection.take(length), &mut std::io::sink()).is_ok_and(|got| got == length)
        }
        None => chunks(connection),
    };
    let closes = !whole || value("connection:") == Some("close");
    (if whole { Ended::Status(status) } else { Ended::Cut(status) }, closes)
}

/// Reads a body in chunks (RFC 9112, 7.1); returns whether it was complete.
fn chunks(connection: &mut BufReader<TcpStream>) -> bool {
    loop {
        let mut line = String::new();
        if !connection.read_line(&mut line).is_ok_and(|read| read > 0) {
            return false;
        }
        let Ok(length) = u64::from_str_radix(line.trim(), 16) else { return false };
        let taken = std::io::copy(&mut connection.take(length + 2), &mut std::io::sink());
        if !taken.is_ok_and(|taken| taken == length + 2) {
            return false;
        }
        if length == 0 {
            return true;
        }
    }
}
