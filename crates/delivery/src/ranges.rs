//! What a request for a representation gets: whole, a part, several parts, nothing new, or a refusal.
//!
//! Purpose: [`plan`], a pure function from method, header fields and representation to a [`Plan`], after RFC 9110
//! section 13.2.2 (order of preconditions), 13.1.1 to 13.1.5 (each of them) and 14.1.2, 14.2 (byte ranges).
//!
//! Invariants: `Range` counts for `GET` alone (14.2: a server must ignore it for other methods, so a `HEAD` with `Range`
//! is answered like one without); a field that cannot be read is ignored, except `If-Match`, `If-Unmodified-Since` with a
//! date, and `If-Range`, which then are false; every range of a plan lies inside the representation and is not empty.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::{HeaderMap, Method, header};

use crate::etag::{EntityTag, TagList};

/// More ranges than this in one request get the whole representation (RFC 9110 section 14.2 allows to ignore `Range`,
/// 17.15 names many small or overlapping ranges as an attack).
pub const MAX_RANGES: usize = 4;

/// What the function needs to know of the representation.
#[derive(Debug, Clone)]
pub struct Representation {
    /// Its length in bytes.
    pub len: u64,
    /// Its entity tag.
    pub etag: EntityTag,
    /// When it last changed, in whole seconds since the Unix epoch (HTTP dates have no finer step), if that is known.
    pub last_modified_s: Option<u64>,
    /// Whether that time is long enough ago that no second change can hide in the same second (8.8.2.2).
    pub date_is_strong: bool,
}

/// An inclusive run of bytes inside a representation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteRange {
    /// First byte.
    pub first: u64,
    /// Last byte, at least `first`.
    pub last: u64,
}

impl ByteRange {
    /// How many bytes it has, at least 1.
    #[must_use]
    pub const fn size(self) -> u64 {
        self.last - self.first + 1
    }

    /// The value of `Content-Range` for a representation of that length.
    #[must_use]
    pub fn content_range(self, len: u64) -> String {
        format!("bytes {}-{}/{len}", self.first, self.last)
    }
}

/// What the request gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plan {
    /// 200 with everything.
    Whole,
    /// 206 with one part.
    Part(ByteRange),
    /// 206 as `multipart/byteranges`: two to [`MAX_RANGES`] parts, none overlapping, in the order asked.
    Parts(Vec<ByteRange>),
    /// 304.
    NotModified,
    /// 412.
    PreconditionFailed,
    /// 416.
    Unsatisfiable,
}

/// Decides what a `GET` or `HEAD` with these header fields gets.
#[must_use]
pub fn plan(method: &Method, headers: &HeaderMap, representation: &Representation) -> Plan {
    // 13.2.2 step 1 and 2.
    if headers.contains_key(header::IF_MATCH) {
        if !tag_list(headers, &header::IF_MATCH).has_strong(&representation.etag) {
            return Plan::PreconditionFailed;
        }
    } else if let (Some(date), Some(modified)) =
        (date_field(headers, &header::IF_UNMODIFIED_SINCE), representation.last_modified_s)
        && modified > date
    {
        return Plan::PreconditionFailed;
    }
    // Step 3 and 4.
    let safe = method == Method::GET || method == Method::HEAD;
    if headers.contains_key(header::IF_NONE_MATCH) {
        if tag_list(headers, &header::IF_NONE_MATCH).has_weak(&representation.etag) {
            return if safe { Plan::NotModified } else { Plan::PreconditionFailed };
        }
    } else if safe
        && let (Some(date), Some(modified)) =
            (date_field(headers, &header::IF_MODIFIED_SINCE), representation.last_modified_s)
        && modified <= date
    {
        return Plan::NotModified;
    }
    // Step 5.
    if method != Method::GET
        || !headers.contains_key(header::RANGE)
        || !if_range_holds(headers, representation)
    {
        return Plan::Whole;
    }
    let Some(field) = only_line(headers, &header::RANGE) else { return Plan::Whole };
    match parse_range(field) {
        Some(specs) => select(&specs, representation.len),
        None => Plan::Whole,
    }
}

/// 13.1.5: true when absent, or equal to the current validator by the strong comparison.
fn if_range_holds(headers: &HeaderMap, representation: &Representation) -> bool {
    if !headers.contains_key(header::IF_RANGE) {
        return true;
    }
    let Some(field) = only_line(headers, &header::IF_RANGE) else { return false };
    if let Some(tag) = EntityTag::parse(field) {
        return tag.matches_strong(&representation.etag);
    }
    // A date must match exactly and must itself be a strong validator.
    representation.date_is_strong
        && representation.last_modified_s.is_some()
        && parse_date(field) == representation.last_modified_s
}

fn tag_list(headers: &HeaderMap, name: &header::HeaderName) -> TagList {
    TagList::parse(headers.get_all(name).iter().map(http::HeaderValue::as_bytes))
}

/// The value of a field that is no list: `None` when it is absent or was sent more than once.
fn only_line<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> Option<&'a [u8]> {
    let mut lines = headers.get_all(name).iter();
    let line = lines.next()?;
    lines.next().is_none().then(|| line.as_bytes())
}

/// The date in that field; `None` when it is absent, sent twice or no HTTP date (such a field is ignored, 13.1.3, 13.1.4).
fn date_field(headers: &HeaderMap, name: &header::HeaderName) -> Option<u64> {
    parse_date(only_line(headers, name)?)
}

fn parse_date(field: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(field).ok()?;
    let time = httpdate::parse_http_date(text).ok()?;
    time.duration_since(UNIX_EPOCH).ok().map(|since| since.as_secs())
}

/// That time as an HTTP date (5.6.7). Times after the year 9999 are clamped: the format has no place for them.
#[must_use]
pub fn http_date(unix_s: u64) -> String {
    const LAST_SECOND_OF_9999: u64 = 253_402_300_799;
    let time: SystemTime = UNIX_EPOCH + Duration::from_secs(unix_s.min(LAST_SECOND_OF_9999));
    httpdate::fmt_http_date(time)
}

/// One `range-spec`. Positions beyond `u64` are kept as the largest: they are beyond any file too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spec {
    From { first: u64, last: Option<u64> },
    Suffix(u64),
}

/// Reads `bytes=` and its set (14.1.1, 14.1.2). `None` when the unit is another or anything in the set is invalid.
fn parse_range(field: &[u8]) -> Option<Vec<Spec>> {
    let text = std::str::from_utf8(field).ok()?;
    let (unit, set) = text.split_once('=')?;
    if !unit.eq_ignore_ascii_case("bytes") {
        return None;
    }
    let mut specs = Vec::new();
    for element in set.split(',') {
        let element = element.trim_matches([' ', '\t']);
        // Empty list elements do not count (5.6.1.2).
        if !element.is_empty() {
            specs.push(parse_spec(element)?);
        }
    }
    (!specs.is_empty()).then_some(specs)
}

fn parse_spec(text: &str) -> Option<Spec> {
    let (first, last) = text.split_once('-')?;
    if first.is_empty() {
        return digits(last).map(|digits| Spec::Suffix(saturating(digits)));
    }
    let first = digits(first)?;
    if last.is_empty() {
        return Some(Spec::From { first: saturating(first), last: None });
    }
    let last = digits(last)?;
    // "An int-range is invalid if the last-pos value is present and less than first-pos" (14.1.2), at any size.
    if (last.len(), last) < (first.len(), first) {
        return None;
    }
    Some(Spec::From { first: saturating(first), last: Some(saturating(last)) })
}

/// `1*DIGIT` without its leading zeros.
fn digits(text: &str) -> Option<&str> {
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.trim_start_matches('0'))
}

fn saturating(digits: &str) -> u64 {
    if digits.is_empty() { 0 } else { digits.parse().unwrap_or(u64::MAX) }
}

/// Clamps to the representation, leaves out what lies beyond it, and refuses what is costly.
fn select(specs: &[Spec], len: u64) -> Plan {
    if specs.len() > MAX_RANGES {
        return Plan::Whole;
    }
    let mut parts = Vec::with_capacity(specs.len());
    for spec in specs {
        match *spec {
            Spec::From { first, last } if first < len => {
                parts.push(ByteRange { first, last: last.unwrap_or(u64::MAX).min(len - 1) });
            }
            // Satisfiable by 14.1.2, but an empty representation has no byte a Content-Range could name.
            Spec::Suffix(size) if size > 0 && len == 0 => return Plan::Whole,
            Spec::Suffix(size) if size > 0 => {
                parts.push(ByteRange { first: len.saturating_sub(size), last: len - 1 });
            }
            _ => {}
        }
    }
    let mut sorted = parts.clone();
    sorted.sort_unstable();
    if sorted.windows(2).any(|pair| pair[1].first <= pair[0].last) {
        return Plan::Whole;
    }
    match parts.as_slice() {
        [] => Plan::Unsatisfiable,
        [part] => Plan::Part(*part),
        _ => Plan::Parts(parts),
    }
}

#[cfg(test)]
#[path = "ranges_tests.rs"]
mod tests;
