//! A packet is decoded, and what it gave is checked.

use symphonia::core::{
    codecs::audio::well_known::{CODEC_ID_FLAC, CODEC_ID_MP3, CODEC_ID_OPUS},
    packet::Packet,
};

use super::{
    cutter::too_loud,
    flac_end,
    guard::{Trouble, guarded},
    pending::Pending,
    readers,
    source::Decode,
};
use crate::{
    Container,
    probe::mpeg::{self, MpegHeader},
    samples::TOO_LOUD,
};

/// Packets in a row that are too loud and mean that this decoder is wrong rather than the file damaged.
const MAX_TOO_LOUD: u32 = 40;
/// A packet of more zeros than this is no packet.
const LEAST_ZEROS: usize = 8;
/// What is said of a packet that gives noise.
const MUCH_LOUDER: &str = "a packet is far louder than those around it";

impl Decode {
    /// Decodes a packet; the number of frames it gave.
    pub(super) fn decode(&mut self, packet: &Packet) -> Result<usize, Trouble> {
        if self.plan.params.codec == CODEC_ID_MP3 && mpeg::mixes_blocks(&packet.data) {
            return Err(Trouble::Wrong("MP3 with mixed blocks"));
        }
        // Zeros are read as a shorter packet of another mode (RFC 6716, section 3.1), which no encoder writes like this.
        if self.plan.params.codec == CODEC_ID_OPUS
            && packet.data.len() > LEAST_ZEROS
            && packet.data.iter().all(|byte| *byte == 0)
        {
            return Err(Trouble::Damaged("a packet of zeros".to_owned()));
        }
        // RFC 9639, section 9.3: a frame ends with a checksum over all of it. Of the demuxers only that of FLAC's own files
        // looks at it, and the decoder does not.
        if self.plan.params.codec == CODEC_ID_FLAC
            && self.origin.audio.container != Container::Flac
            && flac_end::crc16(&packet.data) != 0
        {
            return Err(Trouble::Damaged("the checksum of a FLAC frame is wrong".to_owned()));
        }
        let fits = self.plan.params.codec != CODEC_ID_MP3 || self.main_data.fits(&packet.data);
        let frames = match guarded(|| self.decoder.decode(packet).map(|buffer| buffer.frames())) {
            // Nothing of it may be used any more; a new one goes on with the next packet.
            Err(Trouble::Panicked) => {
                self.decoder = readers::decoder(&self.plan.params)?;
                return Err(Trouble::Damaged("the decoder was stopped by a damaged packet".to_owned()));
            }
            frames => frames?,
        };
        if !fits {
            // The decoder has its bytes, which the frames behind it need.
            return Err(Trouble::Damaged("the data of a frame lies in that of another".to_owned()));
        }
        if !self.float_codec && too_loud(&self.decoder.last_decoded()) {
            self.too_loud += 1;
            // Behind sound it is damage; from the start on, or without end, this decoder's fault.
            let damaged = self.withheld.has_given() && self.too_loud <= MAX_TOO_LOUD;
            return Err(if damaged {
                Trouble::Damaged(TOO_LOUD.to_owned())
            } else {
                Trouble::Wrong(TOO_LOUD)
            });
        }
        self.too_loud = 0;
        Ok(frames)
    }

    /// Puts the frames `from..to` of what was decoded last behind those that wait to be cut.
    pub(super) fn put_decoded(&mut self, from: usize, to: usize) {
        if !self.withheld.is_used() {
            self.pending.push_back(Pending::Decoded { from, to });
            return;
        }
        let mut planes = vec![vec![0.0; to.saturating_sub(from)]; self.spec.channels()];
        if from < to {
            self.decoder.last_decoded().slice(from..to).copy_to_slice_planar::<f32, _>(&mut planes);
        }
        self.put(Pending::Kept { planes, from: 0 });
    }

    /// What lies between two packets is lost or damaged: that many frames of silence, where their number is known.
    pub(super) fn mark_error(&mut self, frames: u64) {
        if self.withheld.is_used() && !self.is_before_wanted() {
            self.withheld.take_error(frames, &mut self.pending);
        } else if frames > 0 {
            self.put(Pending::Silence(frames));
        }
    }

    /// Puts frames behind those that wait to be cut.
    pub(super) fn put(&mut self, frames: Pending) {
        if self.withheld.is_used() {
            self.withheld.take(frames, &mut self.pending);
            for _ in 0..self.withheld.take_found() {
                self.count_damage(MUCH_LOUDER);
            }
        } else {
            self.pending.push_back(frames);
        }
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
