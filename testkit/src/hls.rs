//! An HLS checker that shares no code with the muxer: it reads playlists and boxes by the standards.
//!
//! Purpose: [`check`] fetches a multivariant playlist and all that hangs on it, and lists what is wrong: by RFC 8216, by
//! ISO/IEC 14496-12, and by what a track of known length must come to, to the frame. [`second`] asks `ffmpeg`.
//!
//! Vocabulary: a *finding* is a sentence about one thing that is wrong; no findings is what a test wants.

pub mod boxes;
pub mod playlist;
pub mod second;
pub mod transport;

use boxes::{Init, Segment};
use playlist::{Media, Stream};

/// What the track is known to be.
#[derive(Debug, Clone, Copy)]
pub struct Expected {
    /// Its frames.
    pub frames: u64,
    /// Its rate.
    pub rate_hz: u32,
}

/// What was fetched of a variant, and what it says of itself.
#[derive(Debug, Clone)]
pub struct Checked {
    /// Its entry in the multivariant playlist.
    pub stream: Stream,
    /// Its playlist.
    pub media: Media,
    /// Its init section.
    pub init: Init,
    /// The init section's bytes.
    pub init_bytes: Vec<u8>,
    /// Its segments.
    pub segments: Vec<Segment>,
    /// Their bytes.
    pub segment_bytes: Vec<Vec<u8>>,
}

impl Checked {
    /// Init section and all segments in a row.
    #[must_use]
    pub fn whole(&self) -> Vec<u8> {
        let mut whole = self.init_bytes.clone();
        self.segment_bytes.iter().for_each(|bytes| whole.extend(bytes));
        whole
    }

    /// Audible frames up to the end of each segment.
    #[must_use]
    pub fn cuts(&self) -> Vec<u64> {
        self.segments.iter().map(|segment| segment.end().saturating_sub(self.init.priming)).collect()
    }

    /// Audible frames.
    #[must_use]
    pub fn frames(&self) -> u64 {
        self.cuts().last().copied().unwrap_or(0)
    }
}

/// What came of a check.
#[derive(Debug, Default)]
pub struct Report {
    /// The variants, as far as they could be read.
    pub variants: Vec<Checked>,
    /// What is wrong.
    pub findings: Vec<String>,
}

/// Fetches an address relative to the first one.
pub type Fetch<'a> = dyn FnMut(&str) -> Result<Vec<u8>, String> + 'a;

/// Checks everything that hangs on a multivariant playlist with CMAF segments.
pub fn check(start: &str, fetch: &mut Fetch<'_>, expected: Expected) -> Report {
    let mut report = Report::default();
    let streams = match text(start, fetch).and_then(|text| playlist::multivariant(&text)) {
        Ok(streams) => streams,
        Err(finding) => {
            report.findings.push(format!("{start}: {finding}"));
            return report;
        }
    };
    for stream in streams {
        match variant(start, stream.clone(), fetch) {
            Ok(checked) => {
                let findings = findings(&checked, expected);
                report.findings.extend(findings.into_iter().map(|found| format!("{}: {found}", stream.uri)));
                report.variants.push(checked);
            }
            Err(finding) => report.findings.push(format!("{}: {finding}", stream.uri)),
        }
    }
    report.findings.extend(unequal_cuts(&report.variants));
    report
}

fn variant(start: &str, stream: Stream, fetch: &mut Fetch<'_>) -> Result<Checked, String> {
    let page = resolve(start, &stream.uri);
    let media = playlist::media(&text(&page, fetch)?)?;
    let map = media.map.as_ref().ok_or("no EXT-X-MAP")?;
    let init_bytes = fetch(&resolve(&page, map))?;
    let init = boxes::init(&init_bytes)?;
    let (mut segments, mut segment_bytes) = (Vec::new(), Vec::new());
    for entry in &media.segments {
        let bytes = fetch(&resolve(&page, &entry.uri))?;
        let segment = boxes::segment(&bytes, &init).map_err(|finding| format!("{}: {finding}", entry.uri))?;
        segments.push(segment);
        segment_bytes.push(bytes);
    }
    Ok(Checked { stream, media, init, init_bytes, segments, segment_bytes })
}

fn text(uri: &str, fetch: &mut Fetch<'_>) -> Result<String, String> {
    String::from_utf8(fetch(uri)?).map_err(|_| "is not UTF-8".to_owned())
}

/// A relative address beside another.
fn resolve(base: &str, uri: &str) -> String {
    match base.rfind('/') {
        Some(at) if !uri.starts_with('/') && !uri.contains("://") => format!("{}{uri}", &base[..=at]),
        _ => uri.to_owned(),
    }
}

fn findings(checked: &Checked, expected: Expected) -> Vec<String> {
    let mut found = Vec::new();
    let mut must = |holds: bool, what: String| {
        if !holds {
            found.push(what);
        }
    };
    let (init, media, stream) = (&checked.init, &checked.media, &checked.stream);
    must(
        init.codecs == stream.codecs,
        format!("CODECS is {}, the init section holds {}", stream.codecs, init.codecs),
    );
    must(init.durations_unknown, "the init section tells a duration".to_owned());

    // The length: to the frame, by the boxes and by the playlist alike.
    let rate = u64::from(init.timescale);
    let frames = (u128::from(expected.frames) * u128::from(rate)).div_ceil(expected.rate_hz.into());
    must(
        u128::from(checked.frames()) == frames,
        format!("{} frames, the track has {frames}", checked.frames()),
    );
    let told: f64 = media.segments.iter().map(|entry| entry.seconds).sum();
    let sum = (told * rate as f64).round() as u128;
    must(sum == frames, format!("the EXTINFs add up to {sum} frames, the track has {frames}"));

    // Segments follow each other.
    let mut next = 0;
    for (at, (segment, entry)) in checked.segments.iter().zip(&media.segments).enumerate() {
        let uri = &entry.uri;
        must(segment.media_time == next, format!("{uri} begins at {}, not at {next}", segment.media_time));
        next = segment.end();
        let lead = if at == 0 { init.priming } else { 0 };
        let audible = segment.frames().saturating_sub(lead);
        let said = (entry.seconds * rate as f64).round() as u64;
        must(said == audible, format!("{uri} says {said} frames and has {audible}"));
        must(
            segment.sequence == at as u32 + 1,
            format!("{uri} has the sequence number {}", segment.sequence),
        );
        let whole = entry.seconds.round() as u64;
        must(whole <= media.target_s, format!("{uri} is longer than the target duration {}", media.target_s));
        must(segment.packets.iter().all(|packet| packet.bytes > 0), format!("{uri} has an empty packet"));
    }
    let longest = media.segments.iter().map(|entry| entry.seconds).fold(0.0, f64::max);
    must(
        media.target_s as f64 <= longest + 2.0,
        format!("the target duration {} is far above the longest segment's {longest}", media.target_s),
    );
    must(media.complete, "no EXT-X-ENDLIST".to_owned());

    found.extend(wrong_rates(stream, media, &checked.segment_bytes));
    found
}

/// What is wrong with the rates in a multivariant playlist, compared with what was fetched.
fn wrong_rates(stream: &Stream, media: &Media, bytes: &[Vec<u8>]) -> Vec<String> {
    let mut found = Vec::new();
    let (peak, average) = measured(media, bytes);
    if stream.bandwidth_bps < peak {
        found.push(format!("BANDWIDTH is {}, measured {peak}", stream.bandwidth_bps));
    }
    if stream.bandwidth_bps > peak + peak / 20 + 1 {
        found.push(format!("BANDWIDTH is {}, more than 5 % above the measured {peak}", stream.bandwidth_bps));
    }
    if stream.average_bps.abs_diff(average) > 1 + average / 1_000 {
        found.push(format!("AVERAGE-BANDWIDTH is {}, measured {average}", stream.average_bps));
    }
    found
}

/// Peak segment bit rate and average (RFC 8216, section 4.1), by way of seconds.
fn measured(media: &Media, bytes: &[Vec<u8>]) -> (u64, u64) {
    let parts: Vec<(f64, f64)> = bytes
        .iter()
        .zip(&media.segments)
        .map(|(bytes, entry)| (bytes.len() as f64 * 8.0, entry.seconds))
        .collect();
    let rate = |run: &[(f64, f64)]| {
        let (bits, seconds) = run.iter().fold((0.0, 0.0), |(a, b), (c, d)| (a + c, b + d));
        if seconds > 0.0 { bits / seconds } else { 0.0 }
    };
    let target = media.target_s as f64;
    let mut peak = rate(&parts);
    for first in 0..parts.len() {
        for last in first..parts.len() {
            let seconds: f64 = parts[first..=last].iter().map(|(_, seconds)| seconds).sum();
            if (target * 0.5..=target * 1.5).contains(&seconds) {
                peak = peak.max(rate(&parts[first..=last]));
            }
        }
    }
    (peak.floor() as u64, rate(&parts).round() as u64)
}

/// Where variants are cut at different instants. The end may differ by less than a frame of the slower rate.
fn unequal_cuts(variants: &[Checked]) -> Vec<String> {
    let Some((first, others)) = variants.split_first() else { return Vec::new() };
    let mut found = Vec::new();
    for other in others {
        let (mine, theirs) = (first.cuts(), other.cuts());
        if mine.len() != theirs.len() {
            found.push(format!(
                "{} has {} segments, {} has {}",
                first.stream.uri,
                mine.len(),
                other.stream.uri,
                theirs.len()
            ));
            continue;
        }
        let (my_rate, their_rate) = (u128::from(first.init.timescale), u128::from(other.init.timescale));
        for (at, (mine, theirs)) in mine.iter().zip(&theirs).enumerate() {
            let apart = (u128::from(*mine) * their_rate).abs_diff(u128::from(*theirs) * my_rate);
            let allowed = if at + 1 == first.segments.len() { my_rate.max(their_rate) } else { 0 };
            if apart > allowed {
                found.push(format!(
                    "{} and {} are cut apart at the end of segment {at}",
                    first.stream.uri, other.stream.uri
                ));
            }
        }
    }
    found
}
