//! As much HTTP as the measuring needs: one request on a connection, and readers of two speeds.

use std::{
    io::{self, ErrorKind, Read as _, Write as _},
    net::TcpStream,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use rustix::net::sockopt::set_socket_recv_buffer_size;

/// Bytes a second that a slow reader takes (issue 5, "Speed and size").
const SLOW_BYTES_PER_S: usize = 10_000;
/// How many times a second it takes some.
const TICKS_PER_S: usize = 10;
/// What a slow reader's own end buffers: on this machine it would be counted with the server's, and is not what is measured.
const RECEIVE_BYTES: usize = 64 * 1024;
/// How long an answer may stay away.
const PATIENCE: Duration = Duration::from_secs(20);

/// An address, and who asks there.
#[derive(Debug, Clone)]
pub struct Source {
    /// Host and port.
    pub address: String,
    /// Path of the file.
    pub path: String,
    /// Header fields that the server wants, each with its line's end.
    pub fields: String,
}

impl Source {
    /// The same server, at another path.
    pub fn at(&self, path: &str) -> Self {
        Self { path: path.to_owned(), ..self.clone() }
    }

    /// The whole address.
    pub fn url(&self) -> String {
        format!("http://{}{}", self.address, self.path)
    }

    fn ask(&self, method: &str, body: &str) -> io::Result<TcpStream> {
        let mut stream = TcpStream::connect(&self.address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let kind = if body.is_empty() { "" } else { "content-type: application/json\r\n" };
        let length = body.len();
        // In one piece, so that one packet carries it.
        let request = format!(
            "{method} {} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n{}{kind}content-length: {length}\r\n\r\n{body}",
            self.path, self.address, self.fields
        );
        stream.write_all(request.as_bytes())?;
        Ok(stream)
    }

    /// Sends a request; gives header fields and content as text.
    pub fn call(&self, method: &str, body: &str) -> Result<(String, String), String> {
        let what = |error: io::Error| format!("{method} {}: {error}", self.url());
        let mut answer = Vec::new();
        self.ask(method, body).and_then(|mut stream| stream.read_to_end(&mut answer)).map_err(what)?;
        let text = String::from_utf8_lossy(&answer).into_owned();
        let (head, content) =
            text.split_once("\r\n\r\n").ok_or_else(|| format!("{} broke off", self.url()))?;
        let status = head.split(' ').nth(1).unwrap_or_default();
        if status.starts_with('2') {
            Ok((head.to_owned(), content.to_owned()))
        } else {
            Err(format!("{method} {}: {status} {content}", self.url()))
        }
    }

    /// Reads the file once; returns how long that took, and checks that it was `len` bytes.
    pub fn time(&self, len: u64) -> Result<f64, String> {
        let what = |error: io::Error| format!("a fast reader of {}: {error}", self.url());
        let begun = Instant::now();
        let mut stream = self.ask("GET", "").map_err(what)?;
        let (mut buffer, mut got) = (vec![0; 256 * 1024], 0);
        loop {
            match stream.read(&mut buffer).map_err(what)? {
                0 => break,
                read => got += read as u64,
            }
        }
        // The header fields are a part of what came.
        if got < len || got > len + 4096 {
            return Err(format!("{} gave {got} bytes instead of {len}", self.url()));
        }
        Ok(begun.elapsed().as_secs_f64())
    }
}

/// Many readers of [`SLOW_BYTES_PER_S`] each, on a thread.
pub struct SlowReaders {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<usize>,
}

impl SlowReaders {
    /// Begins so many downloads. Every one has its header fields when this returns.
    pub fn begin(source: &Source, count: usize) -> Result<Self, String> {
        let what = |error: io::Error| format!("a slow reader of {}: {error}", source.url());
        let mut streams = Vec::with_capacity(count);
        for _ in 0..count {
            let mut stream = source.ask("GET", "").map_err(what)?;
            set_socket_recv_buffer_size(&stream, RECEIVE_BYTES).map_err(|error| what(error.into()))?;
            let mut begin = [0; 12];
            stream.read_exact(&mut begin).map_err(what)?;
            if !begin.ends_with(b"200") {
                return Err(format!("{} refused a slow reader", source.url()));
            }
            stream.set_nonblocking(true).map_err(what)?;
            streams.push(stream);
        }
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            let mut buffer = [0; SLOW_BYTES_PER_S / TICKS_PER_S];
            while !stopped.load(Ordering::Relaxed) {
                // The ones whose connection ended are out.
                streams.retain_mut(|stream| match stream.read(&mut buffer) {
                    Ok(read) => read > 0,
                    Err(error) => error.kind() == ErrorKind::WouldBlock,
                });
                thread::sleep(Duration::from_secs(1) / TICKS_PER_S as u32);
            }
            streams.len()
        });
        Ok(Self { stop, thread })
    }

    /// Ends them; returns how many had lasted until then.
    pub fn end(self) -> usize {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap_or_default()
    }
}
