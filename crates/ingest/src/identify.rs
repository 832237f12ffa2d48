//! [`AcoustId`]: asks AcoustID which recording a fingerprint is of. Off unless there is a key.
//!
//! What leaves the house is a fingerprint, a length in seconds and the owner's key, in the body of the request, never
//! in its address. The key is in no log and in no error.
//!
//! Being offline is no error: the answer is [`Lookup::NotReached`], and who asked asks again another time. What the
//! service answers is untrusted: it is bounded, and everything taken from it is checked ([`answer`]).

mod answer;
mod hook;
mod pace;

use std::{fmt, io::Read as _, io::Write as _, time::Duration};

use fanfare_model::{Error, ErrorKind, Result, enrichment::AcoustIdMatch, features::Fingerprint};
use flate2::{Compression, write::GzEncoder};

pub use hook::{Asked, Identify};
use pace::Pace;

/// Bytes of an answer at most: the largest that were seen have 100 KiB.
const MAX_ANSWER_BYTES: u64 = 1 << 20;
/// Bytes of a fingerprint at most: 120 s make some 4 KiB.
const MAX_FINGERPRINT_BYTES: usize = 64 << 10;
/// The time until a connection is there, and until the whole answer is.
const CONNECT_TIME: Duration = Duration::from_secs(10);

/// How AcoustID is asked.
#[derive(Clone, PartialEq, Eq)]
pub struct AcoustIdOptions {
    /// Where: an `http` or `https` address, `https://api.acoustid.org/v2/lookup` for the service itself.
    pub endpoint: String,
    /// The application's key, from `https://acoustid.org/new-application`.
    pub key: String,
    /// How long one question may take in all.
    pub time: Duration,
}

impl fmt::Debug for AcoustIdOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AcoustIdOptions")
            .field("endpoint", &self.endpoint)
            .field("key", &"(secret)")
            .field("time", &self.time)
            .finish()
    }
}

/// What came of a question.
#[derive(Debug, Clone, PartialEq)]
pub enum Lookup {
    /// What the service knows, the best match first; empty where it knows nothing.
    Answered(Vec<AcoustIdMatch>),
    /// Nobody answered, with the reason in a sentence. To be asked again later.
    NotReached(String),
}

/// A client of the service. One for all: it keeps to the three questions a second that AcoustID asks for (acoustid.org,
/// "Web Service").
pub struct AcoustId {
    agent: ureq::Agent,
    options: AcoustIdOptions,
    pace: Pace,
}

impl AcoustId {
    /// A client.
    ///
    /// # Errors
    /// `Invalid` for an address that is none, or without a key.
    pub fn new(options: AcoustIdOptions) -> Result<Self> {
        let plain = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        let host = ["https://", "http://"].iter().find_map(|scheme| options.endpoint.strip_prefix(scheme));
        if !host.is_some_and(|host| plain(host) && !host.starts_with('/')) {
            return Err(Error::new(
                ErrorKind::Invalid,
                "the endpoint of AcoustID is no http or https address",
            ));
        }
        if !plain(&options.key) {
            return Err(Error::new(ErrorKind::Invalid, "there is no key for AcoustID")
                .remedy("get one at https://acoustid.org/new-application"));
        }
        let config = ureq::Agent::config_builder()
            .timeout_connect(Some(CONNECT_TIME.min(options.time)))
            .timeout_global(Some(options.time))
            // The key goes where it was meant to go, and nowhere else.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .user_agent(concat!("fanfare/", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(Self { agent: config.new_agent(), options, pace: Pace::default() })
    }

    /// Asks for a fingerprint of a track of that length in seconds. Blocks: for a thread of its own.
    ///
    /// # Errors
    /// `Invalid` when the service refuses the question or the key, `TooMany` when it wants to be asked less,
    /// `Unavailable` when it is in trouble itself; `Malformed` and `LimitExceeded` for an answer that is none.
    pub fn look_up(&self, fingerprint: &Fingerprint, duration_s: f64) -> Result<Lookup> {
        let body = self.question(&fingerprint.chromaprint, duration_s)?;
        self.pace.wait();
        let request = self
            .agent
            .post(&self.options.endpoint)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("content-encoding", "gzip")
            .header("accept", "application/json");
        let mut response = match request.send(&body[..]) {
            Ok(response) => response,
            Err(error) => return not_reached(error),
        };
        let status = response.status().as_u16();
        let mut answer = Vec::new();
        let read = response.body_mut().as_reader().take(MAX_ANSWER_BYTES + 1).read_to_end(&mut answer);
        if let Err(error) = read {
            return not_reached(ureq::Error::from(error));
        }
        if answer.len() as u64 > MAX_ANSWER_BYTES {
            return Err(Error::limit("acoustid_answer_bytes", answer.len() as u64, MAX_ANSWER_BYTES));
        }
        answer::read(status, &answer).map(Lookup::Answered)
    }

    /// The body of the question: a form, compressed as the service asks for.
    fn question(&self, chromaprint: &str, duration_s: f64) -> Result<Vec<u8>> {
        let web_safe = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if chromaprint.is_empty() || !chromaprint.bytes().all(web_safe) {
            return Err(Error::new(ErrorKind::Invalid, "that is no fingerprint"));
        }
        if chromaprint.len() > MAX_FINGERPRINT_BYTES {
            let (length, most) = (chromaprint.len() as u64, MAX_FINGERPRINT_BYTES as u64);
            return Err(Error::limit("fingerprint_bytes", length, most));
        }
        // The service knows lengths of up to nine hours.
        if !(1.0..32_768.0).contains(&duration_s) {
            return Err(Error::new(ErrorKind::Invalid, "a track of that length cannot be looked up"));
        }
        let form = format!(
            "format=json&client={}&meta=recordings+releasegroups+compress&duration={}&fingerprint={chromaprint}",
            escaped(&self.options.key),
            duration_s.round(),
        );
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        let compressed = encoder.write_all(form.as_bytes()).and_then(|()| encoder.finish());
        compressed.map_err(|error| Error::from_io("compressing a question", error))
    }
}

/// Trouble on the way is no error; a request that could not be made is.
fn not_reached(error: ureq::Error) -> Result<Lookup> {
    use ureq::Error as Trouble;
    match error {
        Trouble::BadUri(_) | Trouble::Http(_) | Trouble::InvalidProxyUrl => {
            Err(Error::new(ErrorKind::Invalid, "the endpoint of AcoustID is no address"))
        }
        // No text of the request is in these: an address at most, and the key is not in it.
        other => Ok(Lookup::NotReached(format!("AcoustID was not reached: {other}"))),
    }
}

/// Percent-encoding (RFC 3986, section 2.1) of everything that is not unreserved.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
#[path = "identify/tests.rs"]
mod tests;
