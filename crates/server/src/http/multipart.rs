//! `multipart/form-data` with one file in it (RFC 7578), read as it comes.
//!
//! Vocabulary: the *head* of a part is its header fields; a *delimiter* is a line break, two hyphens and the boundary
//! (RFC 2046 section 5.1.1).
//!
//! Invariants: never more than one network read and one head is held in memory; a head has at most [`HEAD_BYTES`];
//! a sender that is slower than [`SLOWEST_BYTES_PER_S`] is disconnected; the declared name and type are only handed on, never
//! believed.

use std::time::{Duration, Instant};

use bytes::{Buf as _, Bytes, BytesMut};
use fanfare_model::ErrorKind;
use futures_util::{Stream, StreamExt as _};
use http::{HeaderMap, StatusCode, header};

use super::problem::{Answer, Problem};

/// The header fields of a part: a name of 200 characters with every one escaped, and room to spare.
const HEAD_BYTES: usize = 8 * 1024;
/// RFC 2046 section 5.1.1.
const LONGEST_BOUNDARY: usize = 70;
/// The least that a sender must manage (docs/guarantees.md R-17), measured over [`PATIENCE`] of waiting for it.
const SLOWEST_BYTES_PER_S: u64 = 1_000;
/// How long is waited between two looks at how fast a sender is.
const PATIENCE: Duration = Duration::from_secs(30);

/// The boundary that the request's type names.
///
/// # Errors
/// 415 for another type, 400 for one without a boundary.
pub fn boundary(headers: &HeaderMap) -> Answer<Vec<u8>> {
    let declared =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut parameters = parameters(declared);
    if !parameters.next().is_some_and(|(essence, _)| essence.eq_ignore_ascii_case("multipart/form-data")) {
        return Err(Problem::new(ErrorKind::Invalid, "the body must be multipart/form-data")
            .remedy("send the file in the field `file`, as `curl -F file=@song.flac` does")
            .status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
    }
    let named = parameters.find(|(name, _)| name.eq_ignore_ascii_case("boundary")).map(|(_, value)| value);
    match named {
        Some(boundary) if (1..=LONGEST_BOUNDARY).contains(&boundary.len()) => Ok(boundary.into_bytes()),
        _ => Err(wrong("its type names no boundary of 1 to 70 characters")),
    }
}

/// What a part says of itself.
#[derive(Debug, PartialEq, Eq)]
pub struct Head {
    /// Name of the form's field.
    pub field: String,
    /// The sender's name for the file.
    pub file_name: Option<String>,
}

/// A body under way.
pub struct Parts<S> {
    stream: S,
    delimiter: Vec<u8>,
    buffer: BytesMut,
    pace: Pace,
}

/// How fast a sender is, in stretches of [`PATIENCE`] of waiting.
#[derive(Debug, Default)]
struct Pace {
    waited: Duration,
    came: u64,
}

impl Pace {
    /// How long may be waited until the next look.
    fn patience(&self) -> Duration {
        PATIENCE.saturating_sub(self.waited)
    }

    /// Whether the sender is fast enough, after that much more waiting brought that many bytes.
    fn is_kept(&mut self, waited: Duration, came: u64) -> bool {
        self.waited += waited;
        self.came += came;
        if self.waited < PATIENCE {
            return true;
        }
        let enough = self.came >= SLOWEST_BYTES_PER_S * PATIENCE.as_secs();
        *self = Self::default();
        enough
    }
}

impl<S, E> Parts<S>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
{
    /// Begins to read.
    pub fn new(stream: S, boundary: &[u8]) -> Self {
        let delimiter = [b"\r\n--", boundary].concat();
        // The first delimiter has no line break before it: with this one it looks like the others.
        Self { stream, delimiter, buffer: BytesMut::from(&b"\r\n"[..]), pace: Pace::default() }
    }

    /// The head of the next part; `None` after the last. What was not read of the part before must have been.
    ///
    /// # Errors
    /// 400 for a body that is not what it says, 408 for one that comes too slowly or breaks off.
    pub async fn next(&mut self) -> Answer<Option<Head>> {
        while self.buffer.len() < self.delimiter.len() + 2 {
            self.more().await?;
        }
        if !self.buffer.starts_with(&self.delimiter) {
            return Err(wrong("it does not begin with its boundary"));
        }
        self.buffer.advance(self.delimiter.len());
        if self.buffer.starts_with(b"--") {
            return Ok(None);
        }
        if !self.buffer.starts_with(b"\r\n") {
            return Err(wrong("a boundary does not end its line"));
        }
        let end = loop {
            if let Some(at) = find(&self.buffer, b"\r\n\r\n") {
                break at;
            }
            if self.buffer.len() > HEAD_BYTES {
                return Err(wrong("the header fields of a part are longer than 8 KiB"));
            }
            self.more().await?;
        };
        let head = self.buffer.split_to(end + 4);
        read_head(&head).map(Some)
    }

    /// The next bytes of the part; `None` at its end.
    ///
    /// # Errors
    /// 408 for a body that comes too slowly or breaks off.
    pub async fn chunk(&mut self) -> Answer<Option<Bytes>> {
        loop {
            if let Some(at) = find(&self.buffer, &self.delimiter) {
                return Ok((at > 0).then(|| self.buffer.split_to(at).freeze()));
            }
            // The end may be the beginning of a delimiter.
            let certain = self.buffer.len().saturating_sub(self.delimiter.len() - 1);
            if certain > 0 {
                return Ok(Some(self.buffer.split_to(certain).freeze()));
            }
            self.more().await?;
        }
    }

    /// What was not read.
    pub fn into_stream(self) -> S {
        self.stream
    }

    /// Waits for more. Only waiting counts against the sender, not what is done with the bytes.
    async fn more(&mut self) -> Answer<()> {
        let begun = Instant::now();
        let came = match tokio::time::timeout(self.pace.patience(), self.stream.next()).await {
            Ok(Some(Ok(bytes))) => {
                self.buffer.extend_from_slice(&bytes);
                bytes.len() as u64
            }
            Ok(Some(Err(_)) | None) => {
                return Err(
                    Problem::new(ErrorKind::Invalid, "the body broke off").remedy("send the file again")
                );
            }
            Err(_) => 0,
        };
        // The timer may be a hair early, and then nothing would ever be decided.
        let waited = if came == 0 { self.pace.patience() } else { begun.elapsed() };
        if self.pace.is_kept(waited, came) {
            return Ok(());
        }
        Err(Problem::new(ErrorKind::Timeout, "the body came more slowly than 1 kB a second")
            .remedy("send the file again, over a better line")
            .status(StatusCode::REQUEST_TIMEOUT))
    }
}

fn wrong(what: &str) -> Problem {
    Problem::new(ErrorKind::Invalid, format!("the body is no multipart/form-data: {what}"))
        .remedy("send the file in the field `file`, as `curl -F file=@song.flac` does")
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    let first = *wanted.first()?;
    let mut from = 0;
    while let Some(at) = text[from..].iter().position(|byte| *byte == first) {
        let at = from + at;
        if text[at..].starts_with(wanted) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

fn read_head(bytes: &[u8]) -> Answer<Head> {
    // Names may be in any encoding (RFC 7578 section 5.1); they are only shown.
    let text = String::from_utf8_lossy(bytes);
    let disposition = text
        .split("\r\n")
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("content-disposition"))
        .map(|(_, value)| value.trim());
    let (mut field, mut file_name) = (None, None);
    for (name, value) in parameters(disposition.unwrap_or_default()).skip(1) {
        match name.to_ascii_lowercase().as_str() {
            "name" => field = Some(value),
            "filename" => file_name = Some(value),
            _ => {}
        }
    }
    let field = field.ok_or_else(|| wrong("a part has no name"))?;
    Ok(Head { field, file_name })
}

/// The parts of a field value such as `form-data; name="file"`: the first without value, then names and values.
fn parameters(text: &str) -> impl Iterator<Item = (String, String)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches([';', ' ', '\t']);
        if rest.is_empty() {
            return None;
        }
        let end = rest.find(['=', ';']).unwrap_or(rest.len());
        let name = rest[..end].trim().to_owned();
        rest = &rest[end..];
        let Some(value) = rest.strip_prefix('=') else { return Some((name, String::new())) };
        if let Some(quoted) = value.strip_prefix('"') {
            // Browsers escape a quotation mark as %22, other programs by a backslash.
            let mut taken = String::new();
            let mut letters = quoted.char_indices();
            let mut end = quoted.len();
            while let Some((at, letter)) = letters.next() {
                match letter {
                    '"' => {
                        end = at + 1;
                        break;
                    }
                    '\\' => match letters.clone().next() {
                        Some((_, next @ ('"' | '\\'))) => {
                            taken.push(next);
                            letters.next();
                        }
                        _ => taken.push(letter),
                    },
                    _ => taken.push(letter),
                }
            }
            rest = &quoted[end..];
            return Some((name, taken.replace("%22", "\"")));
        }
        let end = value.find(';').unwrap_or(value.len());
        rest = &value[end..];
        Some((name, value[..end].trim().to_owned()))
    })
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse as _;
    use futures_util::stream;

    use super::*;

    const BODY: &[u8] =
        b"--xx\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a \\\"b\\\" %22c%22.flac\"\r\n\
        Content-Type: audio/flac\r\n\r\nfLaC\r\n--x\r\n-\0--xx\r\n--xx--\r\n";

    async fn read(body: &[u8], chunk: usize) -> Answer<(Head, Vec<u8>, bool)> {
        let chunks: Vec<_> =
            body.chunks(chunk).map(|part| Ok::<_, ()>(Bytes::copy_from_slice(part))).collect();
        let mut parts = Parts::new(stream::iter(chunks), b"xx");
        let head = parts.next().await?.ok_or_else(|| wrong("nothing"))?;
        let mut bytes = Vec::new();
        while let Some(part) = parts.chunk().await? {
            bytes.extend_from_slice(&part);
        }
        Ok((head, bytes, parts.next().await?.is_none()))
    }

    #[tokio::test]
    async fn a_file_is_the_same_however_it_is_cut() {
        for chunk in 1..=BODY.len() {
            let (head, bytes, last) = read(BODY, chunk).await.unwrap();
            assert_eq!(head.field, "file");
            assert_eq!(head.file_name.as_deref(), Some("a \"b\" \"c\".flac"));
            assert_eq!(bytes, b"fLaC\r\n--x\r\n-\0--xx", "in parts of {chunk}");
            assert!(last);
        }
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_anywhere_is_refused() {
        for end in 0..BODY.len() - 4 {
            assert!(read(&BODY[..end], 7).await.is_err(), "cut at {end}");
        }
    }

    #[tokio::test]
    async fn what_is_no_form_is_refused_and_never_held_in_memory() {
        let endless = [&b"--xx\r\nContent-Disposition: "[..], &[b'a'; 20_000]].concat();
        for body in
            [&b"hello there"[..], b"--xy\r\n\r\n", b"--xxy", b"--xx\r\nX: y\r\n\r\nz\r\n--xx--", &endless]
        {
            let refused = read(body, 512).await.unwrap_err().into_response();
            assert_eq!(refused.status(), 400);
        }
        // A file that is all line breaks goes through in small pieces.
        let breaks = [
            &b"--xx\r\nContent-Disposition: form-data; name=file\r\n\r\n"[..],
            &b"\r\n".repeat(5_000),
            b"\r\n--xx--",
        ]
        .concat();
        let (head, bytes, _) = read(&breaks, 1_000).await.unwrap();
        assert_eq!((head.file_name, bytes.len()), (None, 10_000));
    }

    #[test]
    fn a_client_that_sends_too_slowly_is_disconnected() {
        for (bytes_per_s, waits_s, kept) in [
            // 1 byte a second; nothing at all; just enough; in one piece at the end of each half minute.
            (1, 1, false),
            (0, 30, false),
            (1_000, 1, true),
            (1_000, 30, true),
            (999, 1, false),
            // A fast one is hardly ever waited for.
            (1_000_000, 1, true),
        ] {
            let mut pace = Pace::default();
            let looks =
                (0..600 / waits_s).all(|_| pace.is_kept(Duration::from_secs(waits_s), bytes_per_s * waits_s));
            assert_eq!(looks, kept, "{bytes_per_s} bytes a second, in parts of {waits_s} s");
        }
        let mut pace = Pace::default();
        assert!(pace.is_kept(Duration::from_secs(29), 0), "a pause is no crime");
        assert_eq!(pace.patience(), Duration::from_secs(1));
    }

    #[test]
    fn the_boundary_is_read() {
        for (declared, expected) in [
            ("multipart/form-data; boundary=abc", Ok("abc")),
            ("Multipart/Form-Data;charset=utf-8; boundary=\"a b;c\"", Ok("a b;c")),
            ("multipart/form-data", Err(400)),
            ("multipart/form-data; boundary=", Err(400)),
            ("multipart/mixed; boundary=abc", Err(415)),
            ("application/json", Err(415)),
            ("", Err(415)),
        ] {
            let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, declared.parse().unwrap())]);
            let found = boundary(&headers).map_err(|problem| problem.into_response().status().as_u16());
            assert_eq!(found, expected.map(|text: &str| text.as_bytes().to_vec()), "{declared}");
        }
        let long = format!("multipart/form-data; boundary={}", "a".repeat(71));
        assert!(boundary(&HeaderMap::from_iter([(header::CONTENT_TYPE, long.parse().unwrap())])).is_err());
    }
}
