//! A packet is decoded, and what it gave is checked.

use symphonia::core::{
    codecs::audio::well_known::{CODEC_ID_FLAC, CODEC_ID_MP3},
    packet::Packet,
};

use super::{
    cutter::{TOO_LOUD, too_loud},
    flac_end,
    guard::{Trouble, guarded},
    readers,
    source::Decode,
};
use crate::{
    Container,
    probe::mpeg::{self, MpegHeader},
};

impl Decode {
    /// Decodes a packet; the number of frames it gave.
    pub(super) fn decode(&mut self, packet: &Packet) -> Result<usize, Trouble> {
        if self.plan.params.codec == CODEC_ID_MP3 && mpeg::mixes_blocks(&packet.data) {
            return Err(Trouble::Wrong("MP3 with mixed blocks"));
        }
        // RFC 9639, section 9.3: a frame ends with a checksum over all of it. Of the demuxers only that of FLAC's own files
        // looks at it, and the decoder does not.
        if self.plan.params.codec == CODEC_ID_FLAC
            && self.origin.audio.container != Container::Flac
            && flac_end::crc16(&packet.data) != 0
        {
            return Err(Trouble::Damaged("the checksum of a FLAC frame is wrong".to_owned()));
        }
        let frames = match guarded(|| self.decoder.decode(packet).map(|buffer| buffer.frames())) {
            // Nothing of it may be used any more; a new one goes on with the next packet.
            Err(Trouble::Panicked) => {
                self.decoder = readers::decoder(&self.plan.params)?;
                return Err(Trouble::Damaged("the decoder was stopped by a damaged packet".to_owned()));
            }
            frames => frames?,
        };
        if !self.float_codec && too_loud(&self.decoder.last_decoded()) {
            return Err(Trouble::Wrong(TOO_LOUD));
        }
        Ok(frames)
    }

    pub(super) fn decoded_spec(&self) -> (u32, usize) {
        let decoded = self.decoder.last_decoded();
        (decoded.spec().rate(), decoded.spec().channels().count())
    }

    /// Whether an MPEG audio packet's own header differs from the stream's spec.
    pub(super) fn is_foreign(&self, packet: &Packet) -> bool {
        self.origin.audio.container == Container::Mp3
            && MpegHeader::read(&packet.data).is_some_and(|header| {
                header.rate_hz != self.spec.rate.hz() || usize::from(header.channels) != self.spec.channels()
            })
    }
}
