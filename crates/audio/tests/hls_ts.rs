//! Transport streams made of stored segments, as `ffprobe` and `ffmpeg` read them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod hls_support;
mod support;

use std::{fs, process::Command};

use fanfare_audio::{OpenOptions, mux::ts_segment};
use fanfare_model::ErrorKind;
use hls_support::make;
use support::{decode_file, music, snr_db, write_wav};
use tempfile::TempDir;

/// Presentation times of all packets in ticks of 90 kHz, and what `ffprobe` complains about.
fn times(path: &std::path::Path) -> (Vec<i64>, String) {
    let output = Command::new("ffprobe")
        .args(["-v", "warning", "-show_entries", "packet=pts", "-of", "csv=p=0", path.to_str().unwrap()])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let times = text.split([',', '\n']).filter_map(|word| word.trim().parse().ok()).collect();
    (times, String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn every_segment_is_a_transport_stream_of_its_own_and_all_together_are_one() {
    for (rate_hz, channels) in [(44_100, 2), (48_000, 1), (8_000, 2)] {
        let folder = TempDir::new().unwrap();
        let planes = music(rate_hz, rate_hz as usize * 20 + 7, channels);
        let path = write_wav(folder.path(), "source.wav", rate_hz, &planes);
        let made = make(&path, &"low=aac:128".parse().unwrap(), &OpenOptions::default());
        let (variant, written) = (&made.variants[0], &made.written["low"]);
        let ts_path = folder.path().join("all.ts");
        let mut all = Vec::new();
        for (facts, bytes) in &written.segments {
            let ts = ts_segment(variant, bytes).unwrap();
            fs::write(&ts_path, &ts).unwrap();
            let (times, complaints) = times(&ts_path);
            assert_eq!(complaints, "", "segment {}", facts.index);
            // One second is presentation time 0; the first segment has the priming packet in front.
            let lead = if facts.index == 0 { u64::from(variant.priming_frames) } else { 0 };
            let first = 90_000 + (facts.first_frame as i64 - lead as i64) * 90_000 / i64::from(rate_hz);
            assert!((times[0] - first).abs() <= 1, "segment {}: {} {first}", facts.index, times[0]);
            assert_eq!(times.len() as u64, (facts.frames + lead).div_ceil(1_024), "segment {}", facts.index);
            all.extend(ts);
        }
        // issue 12: what the playlist says of its rate is what it has.
        let told = variant.transport.unwrap();
        let seconds = variant.frames as f64 / f64::from(rate_hz);
        let average = (all.len() as f64 * 8.0 / seconds).ceil() as u64;
        assert!(told.average_bandwidth_bps.abs_diff(average) <= 1, "{rate_hz}: {told:?}, {average}");
        assert!(told.bandwidth_bps >= told.average_bandwidth_bps, "{told:?}");
        let mut unmeasured = variant.clone();
        unmeasured.transport = None;
        let said =
            fanfare_audio::hls::multivariant_playlist(&[unmeasured], fanfare_audio::hls::SegmentForm::MpegTs);
        let most = said.split("BANDWIDTH=").nth(1).and_then(|rest| rest.split(',').next()).unwrap();
        let most: u64 = most.parse().unwrap();
        assert!(most >= told.bandwidth_bps, "{rate_hz}: {most} is less than {told:?}");

        fs::write(&ts_path, &all).unwrap();
        let (times, complaints) = times(&ts_path);
        assert_eq!(complaints, "", "no jump of a continuity counter");
        // Within a PES packet the reader counts on by itself, in whole ticks.
        let step = 1_024.0 * 90_000.0 / f64::from(rate_hz);
        for pair in times.windows(2) {
            assert!(((pair[1] - pair[0]) as f64 - step).abs() < 4.0, "{rate_hz}: {pair:?}");
        }

        let wav = support::encode(&ts_path, "heard.wav", &["-c:a", "pcm_s16le"]);
        let decoded = decode_file(&wav, &OpenOptions::default()).unwrap();
        let snr = snr_db(&made.received[0], &decoded.planes[0], variant.priming_frames as isize);
        assert!(snr > 10.0, "{rate_hz}: {snr:.1} dB");
    }
}

#[test]
fn what_is_no_aac_or_no_segment_is_refused() {
    let folder = TempDir::new().unwrap();
    let path = write_wav(folder.path(), "source.wav", 44_100, &music(44_100, 50_000, 2));
    let made = make(&path, &"low=aac:128,high=flac".parse().unwrap(), &OpenOptions::default());
    let segment = &made.written["low"].segments[0].1;
    let error = ts_segment(&made.variants[1], &made.written["high"].segments[0].1).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.remedy_text().is_some());
    for cut in (0..segment.len()).step_by(13) {
        let error = ts_segment(&made.variants[0], &segment[..cut]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Malformed, "{cut}");
    }
    for at in 0..200 {
        let mut bytes = segment.clone();
        bytes[at] ^= 0x81;
        // Anything but a panic.
        let _ = ts_segment(&made.variants[0], &bytes);
    }
}
