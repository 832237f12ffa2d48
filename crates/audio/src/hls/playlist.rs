//! Playlists (RFC 8216): pure functions from facts to text.
//!
//! Addresses are relative: beside the multivariant playlist lies a folder per variant with `index.m3u8`,
//! `init.mp4` and the segments `0.m4s`, `1.m4s`, ... (or, as a transport stream, `ts.m3u8` and `0.ts`, ...).

use std::fmt::Write;

use fanfare_model::{SegmentFacts, VariantFacts};

use crate::mux::ts_rate_at_most;

/// How segments are wrapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SegmentForm {
    /// CMAF: `init.mp4` and `{n}.m4s`.
    Cmaf,
    /// MPEG transport stream: `{n}.ts`, AAC only.
    MpegTs,
}

/// The version that each form needs (RFC 8216, section 7): 3 for decimals in `EXTINF`, 6 for `EXT-X-MAP`
/// outside of I-frame playlists.
const fn version(form: SegmentForm) -> u32 {
    match form {
        SegmentForm::Cmaf => 6,
        SegmentForm::MpegTs => 3,
    }
}

/// Decimals of a duration. A tick of 768 kHz is 1.3 us: nine decimals keep the sum of a day's segments exact to
/// the frame (each is rounded by half a nanosecond at most).
const DECIMALS: usize = 9;
/// How much longer than the first the last segment may be, in seconds: the shortest rest that is a segment of
/// its own.
const LONGEST_TAIL_S: u64 = 1;
/// How long a segment is, about, in seconds, where none is there yet.
const USUAL_SEGMENT_S: u64 = 6;

/// `EXT-X-TARGETDURATION` in seconds. It is the same for as long as a playlist grows: a client that sees one that grows
/// sees a first segment of the usual length, and none is longer than that and a tail.
pub(super) fn target_s(segments: &[SegmentFacts], rate_hz: u32, complete: bool) -> u64 {
    let rate = u64::from(rate_hz.max(1));
    let rounded = |frames: u64| (frames * 2 + rate) / (rate * 2);
    let longest = segments.iter().map(|segment| rounded(segment.frames)).max().unwrap_or(0);
    let usual = match segments.first() {
        Some(first) if !complete || segments.len() > 1 => rounded(first.frames + LONGEST_TAIL_S * rate),
        None if !complete => rounded((USUAL_SEGMENT_S + LONGEST_TAIL_S) * rate),
        _ => 0,
    };
    longest.max(usual).max(1)
}

/// The playlist of a variant. `complete`: whether all of its segments are there; if not, it is one that grows
/// (`EVENT`), which players are told to begin at its start.
#[must_use]
pub fn media_playlist(
    variant: &VariantFacts,
    segments: &[SegmentFacts],
    complete: bool,
    form: SegmentForm,
) -> String {
    let rate_hz = variant.sample_rate_hz;
    let mut text = format!("#EXTM3U\n#EXT-X-VERSION:{}\n", version(form));
    let mut line = |line: std::fmt::Arguments<'_>| {
        // Writing into a string cannot fail.
        let _ = writeln!(text, "{line}");
    };
    line(format_args!("#EXT-X-TARGETDURATION:{}", target_s(segments, rate_hz, complete)));
    line(format_args!("#EXT-X-MEDIA-SEQUENCE:0"));
    line(format_args!("#EXT-X-PLAYLIST-TYPE:{}", if complete { "VOD" } else { "EVENT" }));
    line(format_args!("#EXT-X-INDEPENDENT-SEGMENTS"));
    if !complete {
        line(format_args!("#EXT-X-START:TIME-OFFSET=0,PRECISE=YES"));
    }
    let suffix = match form {
        SegmentForm::Cmaf => {
            line(format_args!("#EXT-X-MAP:URI=\"init.mp4\""));
            "m4s"
        }
        SegmentForm::MpegTs => "ts",
    };
    for segment in segments {
        line(format_args!("#EXTINF:{},", seconds(segment.frames, rate_hz)));
        line(format_args!("{}.{suffix}", segment.index));
    }
    if complete {
        line(format_args!("#EXT-X-ENDLIST"));
    }
    text
}

/// Frames as seconds, rounded to the nearest in the last decimal.
fn seconds(frames: u64, rate_hz: u32) -> String {
    let scale = 10_u128.pow(DECIMALS as u32);
    let rate = u128::from(rate_hz.max(1));
    let ticks = (u128::from(frames) * scale * 2 + rate) / (rate * 2);
    format!("{}.{:0width$}", ticks / scale, ticks % scale, width = DECIMALS)
}

/// The playlist of all variants, in that order: players that measure nothing begin with the first.
///
/// Variants that are not finished are listed with their declared rates. A transport stream has more bytes than the stored
/// segments: its rates are the measured ones, or else the highest that are possible. Its playlist lists only the variants that
/// it can carry: none of a ladder without AAC.
#[must_use]
pub fn multivariant_playlist(variants: &[VariantFacts], form: SegmentForm) -> String {
    let mut text = format!("#EXTM3U\n#EXT-X-VERSION:{}\n#EXT-X-INDEPENDENT-SEGMENTS\n", version(form));
    let page = match form {
        SegmentForm::Cmaf => "index.m3u8",
        SegmentForm::MpegTs => "ts.m3u8",
    };
    for variant in
        variants.iter().filter(|variant| form == SegmentForm::Cmaf || fits_transport_stream(variant))
    {
        let (peak, average) = match form {
            SegmentForm::Cmaf => (variant.bandwidth_bps, variant.average_bandwidth_bps),
            SegmentForm::MpegTs => transport_rates(variant),
        };
        let _ = writeln!(
            text,
            "#EXT-X-STREAM-INF:BANDWIDTH={peak},AVERAGE-BANDWIDTH={average},CODECS=\"{}\"\n{}/{page}",
            variant.codecs, variant.name
        );
    }
    text
}

/// `BANDWIDTH` and `AVERAGE-BANDWIDTH` of a variant as transport stream.
fn transport_rates(variant: &VariantFacts) -> (u64, u64) {
    if let Some(rates) = variant.transport {
        return (rates.bandwidth_bps, rates.average_bandwidth_bps);
    }
    let usual_s = USUAL_SEGMENT_S as f64;
    let whole_s = variant.frames as f64 / f64::from(variant.sample_rate_hz.max(1));
    let segment_s = if variant.frames == 0 { usual_s } else { usual_s.min(whole_s) };
    let most = |bps| ts_rate_at_most(bps, variant.sample_rate_hz, segment_s);
    (most(variant.bandwidth_bps), most(variant.average_bandwidth_bps))
}

/// Whether an MPEG transport stream can carry it: AAC can be in one, FLAC cannot.
#[must_use]
pub fn fits_transport_stream(variant: &VariantFacts) -> bool {
    variant.codecs.starts_with("mp4a.")
}

#[cfg(test)]
mod tests {
    use fanfare_model::hls::TransportRates;

    use super::*;

    fn variant(name: &str, codecs: &str) -> VariantFacts {
        VariantFacts {
            name: name.to_owned(),
            codecs: codecs.to_owned(),
            sample_rate_hz: 44_100,
            channels: 2,
            frames: 300_000,
            priming_frames: 1_024,
            bandwidth_bps: 260_001,
            average_bandwidth_bps: 258_000,
            init_bytes: 700,
            lossless: false,
            transport: None,
        }
    }

    fn segments() -> Vec<SegmentFacts> {
        [(0, 266_240), (266_240, 33_760 + 44_100)]
            .into_iter()
            .enumerate()
            .map(|(index, (first_frame, frames))| SegmentFacts {
                index: index as u32,
                first_frame,
                frames,
                offset_bytes: 0,
                len_bytes: 1,
            })
            .collect()
    }

    #[test]
    fn a_finished_playlist_has_every_segment_and_an_end() {
        assert_eq!(
            media_playlist(&variant("low", "mp4a.40.2"), &segments(), true, SegmentForm::Cmaf),
            "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-TARGETDURATION:7\n#EXT-X-MEDIA-SEQUENCE:0\n\
             #EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-MAP:URI=\"init.mp4\"\n\
             #EXTINF:6.037188209,\n0.m4s\n#EXTINF:1.765532880,\n1.m4s\n#EXT-X-ENDLIST\n"
        );
    }

    #[test]
    fn a_growing_playlist_keeps_its_target_and_starts_at_the_start() {
        let growing =
            media_playlist(&variant("low", "mp4a.40.2"), &segments()[..1], false, SegmentForm::MpegTs);
        assert!(
            growing.contains("#EXT-X-TARGETDURATION:7\n") && growing.contains("TYPE:EVENT\n"),
            "{growing}"
        );
        assert!(growing.contains("#EXT-X-START:TIME-OFFSET=0,PRECISE=YES\n"), "{growing}");
        assert!(growing.ends_with("\n0.ts\n") && !growing.contains("ENDLIST"), "{growing}");
    }

    #[test]
    fn a_short_track_has_its_own_length_as_target() {
        for (frames, target) in [(1, 1), (44_100 * 3, 3), (44_100 * 3 + 22_050, 4)] {
            let only = SegmentFacts { index: 0, first_frame: 0, frames, offset_bytes: 0, len_bytes: 1 };
            assert_eq!(target_s(&[only], 44_100, true), target, "{frames}");
        }
        assert_eq!((target_s(&[], 44_100, true), target_s(&[], 44_100, false)), (1, 7));
    }

    #[test]
    fn the_multivariant_playlist_lists_what_the_form_can_carry() {
        let variants = [variant("low", "mp4a.40.2"), variant("high", "fLaC")];
        let cmaf = multivariant_playlist(&variants, SegmentForm::Cmaf);
        assert_eq!(
            cmaf,
            "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-INDEPENDENT-SEGMENTS\n\
             #EXT-X-STREAM-INF:BANDWIDTH=260001,AVERAGE-BANDWIDTH=258000,CODECS=\"mp4a.40.2\"\nlow/index.m3u8\n\
             #EXT-X-STREAM-INF:BANDWIDTH=260001,AVERAGE-BANDWIDTH=258000,CODECS=\"fLaC\"\nhigh/index.m3u8\n"
        );
    }

    /// issue 12: the form for players without fragmented MP4 has the rates of the segments that they fetch.
    #[test]
    fn the_multivariant_playlist_of_transport_streams_has_their_rates_and_no_flac() {
        let mut variants = [variant("low", "mp4a.40.2"), variant("high", "fLaC")];
        let rates = TransportRates { bandwidth_bps: 280_001, average_bandwidth_bps: 270_000 };
        variants[0].transport = Some(rates);
        let head = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-INDEPENDENT-SEGMENTS\n";
        assert_eq!(
            multivariant_playlist(&variants, SegmentForm::MpegTs),
            format!(
                "{head}#EXT-X-STREAM-INF:BANDWIDTH=280001,AVERAGE-BANDWIDTH=270000,CODECS=\"mp4a.40.2\"\nlow/ts.m3u8\n"
            )
        );
        // Not measured: more than the stored segments have, and not much more.
        variants[0].transport = None;
        let text = multivariant_playlist(&variants, SegmentForm::MpegTs);
        let told = text.split("BANDWIDTH=").nth(1).and_then(|rest| rest.split(',').next());
        let told: u64 = told.and_then(|told| told.parse().ok()).unwrap_or_default();
        assert!((260_001..=320_000).contains(&told), "{text}");
        assert_eq!(multivariant_playlist(&variants[1..], SegmentForm::MpegTs), head);
    }
}
