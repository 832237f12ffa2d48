//! Playlists, read by RFC 8216.

/// A variant of a multivariant playlist.
#[derive(Debug, Clone, PartialEq)]
pub struct Stream {
    /// `BANDWIDTH` in bits per second.
    pub bandwidth_bps: u64,
    /// `AVERAGE-BANDWIDTH` in bits per second.
    pub average_bps: u64,
    /// `CODECS`.
    pub codecs: String,
    /// Where its playlist is.
    pub uri: String,
}

/// A media playlist.
#[derive(Debug, Clone, PartialEq)]
pub struct Media {
    /// `EXT-X-VERSION`.
    pub version: u32,
    /// `EXT-X-TARGETDURATION` in seconds.
    pub target_s: u64,
    /// The address in `EXT-X-MAP`.
    pub map: Option<String>,
    /// Its segments.
    pub segments: Vec<Entry>,
    /// Whether `EXT-X-ENDLIST` ends it.
    pub complete: bool,
    /// `EXT-X-PLAYLIST-TYPE`.
    pub kind: Option<String>,
}

/// One segment of a playlist.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// `EXTINF` in seconds.
    pub seconds: f64,
    /// Its address.
    pub uri: String,
}

fn lines(text: &str) -> Result<impl Iterator<Item = &str>, String> {
    let mut lines = text.lines();
    if lines.next() != Some("#EXTM3U") {
        return Err("does not begin with #EXTM3U".to_owned());
    }
    Ok(lines.filter(|line| !line.is_empty()))
}

/// Reads a multivariant playlist.
///
/// # Errors
/// A finding.
pub fn multivariant(text: &str) -> Result<Vec<Stream>, String> {
    let mut streams: Vec<Stream> = Vec::new();
    let mut open: Option<Stream> = None;
    for line in lines(text)? {
        if let Some(list) = line.strip_prefix("#EXT-X-STREAM-INF:") {
            let attributes = attributes(list)?;
            let get = |name: &str| {
                let found = attributes.iter().find(|(key, _)| key == name);
                found.map(|(_, value)| value.clone()).ok_or(format!("EXT-X-STREAM-INF without {name}"))
            };
            let number = |name: &str| get(name)?.parse().map_err(|_| format!("{name} is no number"));
            open = Some(Stream {
                bandwidth_bps: number("BANDWIDTH")?,
                average_bps: number("AVERAGE-BANDWIDTH")?,
                codecs: get("CODECS")?,
                uri: String::new(),
            });
        } else if line.starts_with("#EXTINF") || line.starts_with("#EXT-X-TARGETDURATION") {
            return Err("has tags of a media playlist".to_owned());
        } else if !line.starts_with('#') {
            let mut stream = open.take().ok_or(format!("{line} without EXT-X-STREAM-INF"))?;
            line.clone_into(&mut stream.uri);
            streams.push(stream);
        }
    }
    match (open, streams.is_empty()) {
        (Some(_), _) => Err("EXT-X-STREAM-INF without an address".to_owned()),
        (None, true) => Err("no variants".to_owned()),
        (None, false) => Ok(streams),
    }
}

/// Reads a media playlist.
///
/// # Errors
/// A finding.
pub fn media(text: &str) -> Result<Media, String> {
    let mut found =
        Media { version: 1, target_s: 0, map: None, segments: Vec::new(), complete: false, kind: None };
    let mut target = None;
    let mut seconds: Option<f64> = None;
    for line in lines(text)? {
        if found.complete {
            return Err("something follows EXT-X-ENDLIST".to_owned());
        }
        let (tag, value) = line.split_once(':').unwrap_or((line, ""));
        match tag {
            "#EXT-X-VERSION" => found.version = value.parse().map_err(|_| "EXT-X-VERSION is no number")?,
            "#EXT-X-TARGETDURATION" => {
                target = Some(value.parse().map_err(|_| "EXT-X-TARGETDURATION is no whole number")?);
            }
            "#EXT-X-PLAYLIST-TYPE" => found.kind = Some(value.to_owned()),
            "#EXT-X-MEDIA-SEQUENCE" if value != "0" => return Err("does not begin with segment 0".to_owned()),
            "#EXT-X-MAP" => {
                if !found.segments.is_empty() {
                    return Err("EXT-X-MAP behind a segment".to_owned());
                }
                found.map = attributes(value)?.into_iter().find(|(key, _)| key == "URI").map(|(_, uri)| uri);
            }
            "#EXTINF" => {
                let number = value.split(',').next().unwrap_or_default();
                let exact =
                    number.parse::<f64>().ok().filter(|seconds| seconds.is_finite() && *seconds > 0.0);
                seconds = Some(exact.ok_or(format!("EXTINF is {value}"))?);
            }
            "#EXT-X-ENDLIST" => found.complete = true,
            _ if line.starts_with('#') => {}
            _ => {
                let seconds = seconds.take().ok_or(format!("{line} without EXTINF"))?;
                found.segments.push(Entry { seconds, uri: line.to_owned() });
            }
        }
    }
    found.target_s = target.ok_or("no EXT-X-TARGETDURATION")?;
    let needed = if found.map.is_some() { 6 } else { 3 };
    if found.version < needed {
        return Err(format!("EXT-X-VERSION is {}, what is used needs {needed}", found.version));
    }
    Ok(found)
}

/// An attribute list (RFC 8216, section 4.2), quotes taken off.
fn attributes(list: &str) -> Result<Vec<(String, String)>, String> {
    let mut found = Vec::new();
    let mut rest = list;
    while !rest.is_empty() {
        let (name, value) = rest.split_once('=').ok_or(format!("no attribute: {rest}"))?;
        let (value, behind) = match value.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').ok_or("an open quote")?,
            None => value.split_at(value.find(',').unwrap_or(value.len())),
        };
        found.push((name.to_owned(), value.to_owned()));
        rest = behind.strip_prefix(',').unwrap_or(behind);
    }
    Ok(found)
}
