//! AAC-LC by `ffmpeg`'s own encoder in a boxed child: PCM goes in, ADTS comes out.
//!
//! Which coder, measured with ffmpeg 5.1 on recorded music (44.1 kHz stereo, 40 s each; waveform SNR against
//! the source, so that noise that only sounds alike counts as error; seconds for 40 s):
//!
//! | options | 256 kbit/s | 512 kbit/s |
//! |---|---|---|
//! | `twoloop` (default) | 37.2, 35.6, 23.7, 35.4 dB; 1.0 to 1.3 s | 48.7, 42.9, 30.9, 44.2 dB; 3.1 to 4.5 s |
//! | `fast` | 31.7, 36.9, 19.6, 36.1 dB; 0.6 s | 58.5, 45.5, 30.6, 45.4 dB; 1.2 to 3.0 s |
//! | **`fast` without PNS and intensity stereo** | **49.8, 38.6, 25.4, 38.5 dB; 0.5 s** | **58.5, 45.5, 30.7, 45.4 dB; 1.1 to 3.0 s** |
//!
//! Noise substitution and intensity stereo are tools for low rates: from 128 kbit/s for two channels on they are off.
//! The bandwidth stays the encoder's own: up to 20 kHz at 256 and 22 kHz at 512 kbit/s.
//!
//! Invariants: arguments are constants and numbers of ours; the first packet is priming, of 1,024 frames
//! (checked against what comes out: a test correlates decoded and source signal).

use fanfare_model::{ChannelLayout, Error, ErrorKind, Result, SampleSpec};

use super::{
    CodecConfig, EncodedStream, Encoder, Packet,
    adts::{Splitter, rate_index},
    exchange::Exchange,
};
use crate::{FfmpegUse, Limits, external};

/// Frames of an AAC-LC packet (ISO/IEC 14496-3).
pub(crate) const PACKET_FRAMES: u32 = 1_024;
/// Frames that the encoder puts in front: one packet, the overlap of its transform.
const PRIMING_FRAMES: u32 = 1_024;
/// The most bits that a packet can hold for one channel: the decoder's input buffer (ISO/IEC 14496-3, 4.5.3).
const MAX_PACKET_BITS: u64 = 6_144;
/// Share of that which may be asked for: at the very limit the encoder cannot hold its rate.
const MAX_FILL_PERCENT: u64 = 98;
/// Bits per second and channel from which on tools for low rates do more harm than good (table above).
const TRANSPARENT_BPS: u64 = 64_000;
/// How far above full scale a sample may go: lossy sources decode to some dB above it, and the rest is damage.
const MAX_SAMPLE: f32 = 4.0;
/// Frames handed over at once: as many as a pipe holds in stereo.
const PIECE_FRAMES: usize = 8_192;

/// Whether AAC-LC can carry that spec as it is: one of its twelve rates, one or two channels.
#[must_use]
pub fn carries(spec: SampleSpec) -> bool {
    rate_index(spec.rate.hz()).is_some() && matches!(spec.layout, ChannelLayout::Mono | ChannelLayout::Stereo)
}

/// The index of its rate; that of 44.1 kHz for one that AAC lacks, which no encoder is made for.
pub(crate) fn index_of(spec: SampleSpec) -> u8 {
    rate_index(spec.rate.hz()).unwrap_or(4)
}

/// The bit rate that is really asked for: AAC-LC at that rate and with those channels cannot carry more.
pub(crate) fn possible_bps(spec: SampleSpec, wanted_bps: u64) -> u64 {
    let most =
        MAX_PACKET_BITS * spec.channels() as u64 * u64::from(spec.rate.hz()) / u64::from(PACKET_FRAMES);
    wanted_bps.min(most * MAX_FILL_PERCENT / 100)
}

/// An AAC-LC encoder.
pub struct AacEncoder {
    stream: EncodedStream,
    exchange: Exchange,
    splitter: Splitter,
    pcm: Vec<u8>,
    frames: u64,
    packets: u64,
}

impl AacEncoder {
    /// Starts the child. `wanted_bps` is lowered to what the codec can carry.
    ///
    /// # Errors
    /// `Unsupported` with a remedy when there is no `ffmpeg`; `Invalid` for a spec that AAC-LC cannot
    /// [carry](carries).
    pub fn start(spec: SampleSpec, wanted_bps: u64, ffmpeg: &FfmpegUse, limits: &Limits) -> Result<Self> {
        let Some(rate_index) = rate_index(spec.rate.hz()).filter(|_| carries(spec)) else {
            let (channels, rate) = (spec.channels(), spec.rate);
            return Err(Error::new(
                ErrorKind::Invalid,
                format!("AAC-LC does not carry {channels} channels at {rate}"),
            ));
        };
        let program = external::find(ffmpeg)?;
        let rate_bps = possible_bps(spec, wanted_bps);
        let exchange = Exchange::start(&program, &arguments(spec, rate_bps), limits)?;
        let stream = EncodedStream {
            spec,
            config: CodecConfig::AacLc,
            packet_frames: PACKET_FRAMES,
            priming_frames: PRIMING_FRAMES,
            average_bps: rate_bps,
            // Stretches of some seconds vary by this much around the average (same music as above).
            peak_bps: rate_bps + rate_bps / 10,
            lossless: false,
        };
        let splitter = Splitter::new(rate_index, spec.channels() as u8);
        Ok(Self { stream, exchange, splitter, pcm: Vec::new(), frames: 0, packets: 0 })
    }

    fn take(&mut self, packets: &mut Vec<Packet>) -> Result<()> {
        let before = packets.len();
        self.splitter.take(|bytes| packets.push(Packet { bytes, frames: PACKET_FRAMES }))?;
        self.packets += (packets.len() - before) as u64;
        Ok(())
    }
}

fn arguments(spec: SampleSpec, rate_bps: u64) -> Vec<String> {
    let fixed = |words: &str| words.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let (rate, channels) = (spec.rate.hz().to_string(), spec.channels().to_string());
    let mut arguments = fixed("-nostdin -hide_banner -v error -threads 1 -protocol_whitelist pipe");
    // Raw PCM needs no probing, and what is probed is held back.
    arguments
        .extend(fixed("-probesize 32 -analyzeduration 0 -format_whitelist f32le -codec_whitelist pcm_f32le"));
    arguments.extend(fixed("-f f32le -ar"));
    arguments.extend([rate, "-ac".to_owned(), channels]);
    arguments
        .extend(fixed("-i pipe:0 -map 0:a:0 -map_metadata -1 -threads 1 -c:a aac -profile:a aac_low -b:a"));
    arguments.extend([rate_bps.to_string()]);
    arguments.extend(fixed("-aac_coder fast"));
    if rate_bps >= TRANSPARENT_BPS * spec.channels() as u64 {
        arguments.extend(fixed("-aac_pns 0 -aac_is 0"));
    }
    // Without the encoder's name in a filler element the same sound gives the same bytes.
    arguments.extend(fixed("-flags +bitexact -flush_packets 1 -f adts pipe:1"));
    arguments
}

impl Encoder for AacEncoder {
    fn stream(&self) -> &EncodedStream {
        &self.stream
    }

    fn push(&mut self, planes: &[Vec<f32>], packets: &mut Vec<Packet>) -> Result<()> {
        let frames = planes.first().map_or(0, Vec::len);
        for from in (0..frames).step_by(PIECE_FRAMES) {
            let to = frames.min(from + PIECE_FRAMES);
            self.pcm.clear();
            match planes {
                [one] => self.pcm.extend(one[from..to].iter().flat_map(|sample| le_bytes(*sample))),
                [left, right] => {
                    let pairs = left[from..to].iter().zip(&right[from..to]);
                    self.pcm.extend(pairs.flat_map(|(left, right)| {
                        let ([a, b, c, d], [e, f, g, h]) = (le_bytes(*left), le_bytes(*right));
                        [a, b, c, d, e, f, g, h]
                    }));
                }
                _ => return Err(Error::new(ErrorKind::Internal, "AAC was given channels it does not carry")),
            }
            self.exchange.give(&self.pcm, self.splitter.buffer())?;
            self.take(packets)?;
        }
        self.frames += frames as u64;
        Ok(())
    }

    fn finish(&mut self, packets: &mut Vec<Packet>) -> Result<()> {
        self.exchange.finish(self.splitter.buffer())?;
        self.take(packets)?;
        let enough = self.packets * u64::from(PACKET_FRAMES) >= self.frames + u64::from(PRIMING_FRAMES);
        if self.splitter.is_empty() && (enough || self.frames == 0) {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Internal, "ffmpeg gave fewer AAC packets than it was given sound for"))
    }
}

fn le_bytes(sample: f32) -> [u8; 4] {
    sample.clamp(-MAX_SAMPLE, MAX_SAMPLE).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use fanfare_model::SampleRate;

    use super::*;

    fn spec(rate_hz: u32, layout: ChannelLayout) -> SampleSpec {
        SampleSpec { rate: SampleRate::new(rate_hz).unwrap(), layout }
    }

    #[test]
    fn only_what_aac_has_is_carried_and_only_as_fast_as_it_can() {
        assert!(carries(spec(44_100, ChannelLayout::Stereo)) && carries(spec(8_000, ChannelLayout::Mono)));
        assert!(
            !carries(spec(44_101, ChannelLayout::Stereo)) && !carries(spec(192_000, ChannelLayout::Mono))
        );
        assert!(!carries(spec(48_000, ChannelLayout::Surround5_1)));
        for (rate_hz, layout, wanted, given) in [
            (44_100, ChannelLayout::Stereo, 512_000, 512_000),
            (44_100, ChannelLayout::Stereo, 256_000, 256_000),
            (48_000, ChannelLayout::Mono, 512_000, 282_240),
            (8_000, ChannelLayout::Mono, 96_000, 47_040),
        ] {
            assert_eq!(possible_bps(spec(rate_hz, layout), wanted), given, "{rate_hz}");
        }
    }

    #[test]
    fn arguments_are_words_of_ours() {
        let arguments = arguments(spec(48_000, ChannelLayout::Stereo), 256_000);
        assert!(arguments.iter().all(|word| word.is_ascii() && !word.contains([' ', '/', '|'])));
        assert!(arguments.windows(2).any(|pair| pair == ["-aac_pns", "0"]));
    }
}
