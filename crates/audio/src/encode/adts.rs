//! ADTS, the framing in which AAC packets come out of the child (ISO/IEC 14496-3, 1.A.2.2).
//!
//! Invariant: only packets of the expected rate and channels pass; what comes from a child is checked like
//! what comes from a file.

use fanfare_model::{Error, ErrorKind, Result};

/// Bytes of a header without a checksum.
pub(crate) const HEADER_BYTES: usize = 7;
/// The longest packet that the header's 13 bits can tell, with the header.
pub(crate) const MAX_FRAME_BYTES: usize = (1 << 13) - 1;

/// Rates by their index (ISO/IEC 14496-3, table 1.18), in Hz.
pub(crate) const RATES_HZ: [u32; 12] =
    [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000];

/// The index of a rate, if AAC has it.
pub(crate) fn rate_index(rate_hz: u32) -> Option<u8> {
    RATES_HZ.iter().position(|rate| *rate == rate_hz).and_then(|index| u8::try_from(index).ok())
}

/// Takes bytes apart into packets.
pub(super) struct Splitter {
    bytes: Vec<u8>,
    rate_index: u8,
    channels: u8,
}

impl Splitter {
    pub(super) const fn new(rate_index: u8, channels: u8) -> Self {
        Self { bytes: Vec::new(), rate_index, channels }
    }

    /// Where more bytes are to be appended.
    pub(super) const fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Takes every packet that is complete.
    ///
    /// # Errors
    /// `Internal` when the bytes are something else.
    pub(super) fn take(&mut self, mut each: impl FnMut(Vec<u8>)) -> Result<()> {
        let mut at = 0;
        while let Some(header) = self.bytes.get(at..at + HEADER_BYTES) {
            let sync = u16::from_be_bytes([header[0], header[1]]) & 0xfff6 == 0xfff0;
            let profile = header[2] >> 6;
            let rate_index = header[2] >> 2 & 15;
            let channels = (header[2] & 1) << 2 | header[3] >> 6;
            let length =
                usize::from(header[3] & 3) << 11 | usize::from(header[4]) << 3 | usize::from(header[5] >> 5);
            let head = if header[1] & 1 == 1 { HEADER_BYTES } else { HEADER_BYTES + 2 };
            let more_blocks = header[6] & 3;
            // Profile 1 is LC: the audio object type less one.
            if !sync
                || profile != 1
                || rate_index != self.rate_index
                || channels != self.channels
                || length <= head
                || more_blocks != 0
            {
                return Err(Error::new(ErrorKind::Internal, "ffmpeg gave something else than AAC packets"));
            }
            let Some(packet) = self.bytes.get(at + head..at + length) else { break };
            each(packet.to_vec());
            at += length;
        }
        self.bytes.drain(..at);
        Ok(())
    }

    /// Whether nothing is left over.
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
}

/// The header for a packet of that many bytes; `None` if it is longer than a header can tell.
pub(crate) fn header(rate_index: u8, channels: u8, packet_bytes: usize) -> Option<[u8; HEADER_BYTES]> {
    let length = packet_bytes + HEADER_BYTES;
    if length > MAX_FRAME_BYTES {
        return None;
    }
    let bits = length as u32;
    // The buffer fullness is all ones: variable rate.
    Some([
        0xff,
        0xf1,
        1 << 6 | (rate_index & 15) << 2 | channels >> 2 & 1,
        (channels & 3) << 6 | (bits >> 11) as u8,
        (bits >> 3) as u8,
        (bits << 5) as u8 | 0x1f,
        0xfc,
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_come_out_as_they_went_in_whatever_the_pieces() {
        let packets: Vec<Vec<u8>> = (1..40_usize).map(|n| vec![n as u8; n * 200]).collect();
        let mut stream = Vec::new();
        for packet in &packets {
            stream.extend(header(4, 2, packet.len()).unwrap());
            stream.extend(packet);
        }
        for piece in [1, 7, 1_000, stream.len()] {
            let (mut splitter, mut found) = (Splitter::new(4, 2), Vec::new());
            for bytes in stream.chunks(piece) {
                splitter.buffer().extend(bytes);
                splitter.take(|packet| found.push(packet)).unwrap();
            }
            assert!(splitter.is_empty());
            assert_eq!(found, packets, "{piece}");
        }
    }

    #[test]
    fn what_is_no_packet_of_the_stream_is_refused() {
        let good = header(4, 2, 100).unwrap();
        for (at, bits) in [(0, 0x80), (1, 0x02), (2, 0xc0), (2, 0x04), (3, 0x40), (6, 0x01)] {
            let mut bytes = good;
            bytes[at] ^= bits;
            let mut splitter = Splitter::new(4, 2);
            splitter.buffer().extend(bytes);
            assert_eq!(splitter.take(|_| {}).unwrap_err().kind(), ErrorKind::Internal, "{at} {bits:x}");
        }
        assert_eq!(header(4, 2, MAX_FRAME_BYTES), None);
    }
}
