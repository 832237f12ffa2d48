//! A WAV writer for tests: any rate, any channels, three sample formats, optional tags.

/// How samples are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WavFormat {
    /// 16-bit integers.
    I16,
    /// 24-bit integers.
    I24,
    /// 32-bit floats.
    F32,
}

impl WavFormat {
    const fn bytes(self) -> usize {
        match self {
            Self::I16 => 2,
            Self::I24 => 3,
            Self::F32 => 4,
        }
    }
}

/// The bytes of a WAV file. Integer samples are rounded and clipped to their range.
#[must_use]
pub fn wav(rate_hz: u32, planes: &[Vec<f32>], format: WavFormat) -> Vec<u8> {
    wav_with_tags(rate_hz, planes, format, &[])
}

/// The same with a `LIST INFO` chunk: four-letter ids (`INAM` title, `IART` artist, `IPRD` album) and texts.
///
/// # Panics
/// When there are no planes, or of different lengths.
#[must_use]
pub fn wav_with_tags(rate_hz: u32, planes: &[Vec<f32>], format: WavFormat, tags: &[(&str, &str)]) -> Vec<u8> {
    let channels = planes.len();
    let frames = planes.first().expect("at least one plane").len();
    assert!(planes.iter().all(|plane| plane.len() == frames), "planes of one length");
    let mut samples = Vec::with_capacity(frames * channels * format.bytes());
    for frame in 0..frames {
        for plane in planes {
            put_sample(&mut samples, plane[frame], format);
        }
    }
    let mut body = b"WAVE".to_vec();
    chunk(&mut body, b"fmt ", &format_chunk(rate_hz, channels, format));
    if !tags.is_empty() {
        let mut list = b"INFO".to_vec();
        for (id, text) in tags {
            let id: [u8; 4] = id.as_bytes().try_into().expect("an INFO id has four letters");
            chunk(&mut list, &id, &[text.as_bytes(), &[0]].concat());
        }
        chunk(&mut body, b"LIST", &list);
    }
    chunk(&mut body, b"data", &samples);
    let mut file = Vec::with_capacity(body.len() + 8);
    chunk(&mut file, b"RIFF", &body);
    file
}

fn put_sample(out: &mut Vec<u8>, sample: f32, format: WavFormat) {
    let integer = |full: f64| (f64::from(sample) * full).round().clamp(-full, full - 1.0) as i32;
    match format {
        WavFormat::I16 => out.extend_from_slice(&(integer(32_768.0) as i16).to_le_bytes()),
        WavFormat::I24 => out.extend_from_slice(&integer(8_388_608.0).to_le_bytes()[..3]),
        WavFormat::F32 => out.extend_from_slice(&sample.to_le_bytes()),
    }
}

/// `WAVEFORMATEX`, or `WAVEFORMATEXTENSIBLE` for more than two channels (Microsoft, mmreg.h).
fn format_chunk(rate_hz: u32, channels: usize, format: WavFormat) -> Vec<u8> {
    let width = format.bytes();
    let plain: u16 = if format == WavFormat::F32 { 3 } else { 1 };
    let tag = if channels > 2 { 0xFFFE } else { plain };
    let mut out = Vec::new();
    out.extend_from_slice(&tag.to_le_bytes());
    out.extend_from_slice(&(channels as u16).to_le_bytes());
    out.extend_from_slice(&rate_hz.to_le_bytes());
    out.extend_from_slice(&(rate_hz * (channels * width) as u32).to_le_bytes());
    out.extend_from_slice(&((channels * width) as u16).to_le_bytes());
    out.extend_from_slice(&((width * 8) as u16).to_le_bytes());
    if channels > 2 {
        let mask: u32 = match channels {
            4 => 0x33,
            6 => 0x3F,
            8 => 0x63F,
            _ => 0,
        };
        out.extend_from_slice(&22u16.to_le_bytes());
        out.extend_from_slice(&((width * 8) as u16).to_le_bytes());
        out.extend_from_slice(&mask.to_le_bytes());
        out.extend_from_slice(&plain.to_le_bytes());
        // The rest of the GUID KSDATAFORMAT_SUBTYPE_PCM / _IEEE_FLOAT.
        out.extend_from_slice(&[0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71]);
    }
    out
}

fn chunk(out: &mut Vec<u8>, id: &[u8; 4], body: &[u8]) {
    out.extend_from_slice(id);
    out.extend_from_slice(&(body.len() as u32).to_le_bytes());
    out.extend_from_slice(body);
    if body.len() % 2 == 1 {
        out.push(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_samples_are_where_the_format_says() {
        let planes = vec![vec![0.0, 0.5, -1.0, 1.0], vec![0.25; 4]];
        let file = wav(44_100, &planes, WavFormat::I16);
        assert_eq!(file.len(), 44 + 16);
        assert_eq!(u32::from_le_bytes(file[4..8].try_into().unwrap()) as usize, file.len() - 8);
        let left: Vec<i16> =
            file[44..].chunks(4).map(|frame| i16::from_le_bytes([frame[0], frame[1]])).collect();
        assert_eq!(left, [0, 16_384, -32_768, 32_767]);
        assert_eq!(wav(8_000, &vec![vec![0.0]; 8], WavFormat::F32).len(), 12 + 8 + 40 + 8 + 32);
        let tagged = wav_with_tags(8_000, &planes, WavFormat::I24, &[("INAM", "odd")]);
        assert_eq!(tagged.len() % 2, 0);
    }
}
