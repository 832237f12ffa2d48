//! The child's arguments: constants, and at most one number of bytes.

use std::borrow::Cow;

use crate::Container;

/// How the child gets the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Input {
    /// Bytes on a pipe.
    Pipe,
    /// The file itself as standard input, to seek in.
    File,
}

/// How one container is decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ChildArguments {
    /// Name of `ffmpeg`'s demuxer.
    pub demuxer: &'static str,
    /// Names of its decoders that may run, comma between them.
    pub decoders: &'static str,
    /// How it gets the file.
    pub input: Input,
    /// Rate to convert to, where the decoder's own makes no sense.
    pub rate: Option<&'static str>,
    /// What becomes of frames that are damaged.
    pub damaged: Damaged,
}

/// What becomes of frames that are damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Damaged {
    /// The decoder conceals them as it can, and says so.
    Concealed,
    /// The same; where frames are missing by their times, silence takes their place.
    Filled,
    /// Silence: the codec has checksums, and its frames have exact times.
    Silent,
}

const PCM: &str = "pcm_s8,pcm_u8,pcm_s16le,pcm_s16be,pcm_s24le,pcm_s24be,pcm_s32le,pcm_s32be,pcm_s64le,pcm_s64be,\
                   pcm_f32le,pcm_f32be,pcm_f64le,pcm_f64be,pcm_alaw,pcm_mulaw";
/// RIFF may hold any codec that has a number there; these are the ones that music and recorders use.
const WAV: &str = "pcm_s8,pcm_u8,pcm_s16le,pcm_s24le,pcm_s32le,pcm_s64le,pcm_f32le,pcm_f64le,pcm_alaw,pcm_mulaw,\
                   adpcm_ms,adpcm_ima_wav,adpcm_yamaha,g722,g726,gsm_ms,truespeech,mp1,mp1float,mp2,mp2float,mp3,\
                   mp3float,aac,aac_latm,ac3,dca,wmav1,wmav2";
const AIFF: &str = "pcm_s8,pcm_u8,pcm_s16le,pcm_s16be,pcm_s24le,pcm_s24be,pcm_s32le,pcm_s32be,pcm_f32le,pcm_f32be,\
                    pcm_f64le,pcm_f64be,pcm_alaw,pcm_mulaw,adpcm_ima_qt,mace3,mace6,gsm,qdm2,qdmc,qcelp";
const AAC: &str = "aac,aac_fixed,aac_latm";
const MP4: &str = "aac,aac_fixed,alac,mp1,mp1float,mp2,mp2float,mp3,mp3float,ac3,eac3,dca,opus,libopus,vorbis,flac,\
                   pcm_s8,pcm_u8,pcm_s16le,pcm_s16be,pcm_s24le,pcm_s24be,pcm_s32le,pcm_s32be,pcm_s64le,pcm_f32le,\
                   pcm_f32be,pcm_f64le,pcm_f64be,pcm_alaw,pcm_mulaw,adpcm_ima_qt,adpcm_ms,adpcm_ima_wav,mace3,mace6,\
                   amrnb,amrwb,gsm,ilbc,qdm2,qdmc";
const OGG: &str = "vorbis,libvorbis,opus,libopus,flac,speex,libspeex";
const MATROSKA: &str = "vorbis,libvorbis,opus,libopus,flac,aac,mp1,mp1float,mp2,mp2float,mp3,mp3float,ac3,eac3,alac,\
                        wavpack,tta,truehd,mlp,dca,pcm_u8,pcm_s16le,pcm_s16be,pcm_s24le,pcm_s24be,pcm_s32le,pcm_s32be,\
                        pcm_f32le,pcm_f64le";

impl ChildArguments {
    /// The arguments for a container; `dsd_rate_hz` is the PCM rate to which its DSD is decoded, if it holds DSD.
    ///
    /// A demuxer that must seek gets the file. A format that can be read from front to end gets a pipe: then our own probe
    /// decides where the audio begins and ends.
    pub(super) fn of(container: Container, dsd_rate_hz: Option<u32>) -> Self {
        let pipe = |demuxer, decoders| Self {
            demuxer,
            decoders,
            input: Input::Pipe,
            rate: None,
            damaged: Damaged::Concealed,
        };
        let file = |demuxer, decoders| Self { input: Input::File, ..pipe(demuxer, decoders) };
        let checked = |demuxer, decoders| Self { damaged: Damaged::Silent, ..file(demuxer, decoders) };
        let filled = |demuxer, decoders| Self { damaged: Damaged::Filled, ..pipe(demuxer, decoders) };
        // The decoder gives an eighth of the bit rate: 352,800 Hz at the least, of which most is shaped noise.
        let rate = dsd_rate_hz.map(|rate_hz| if rate_hz == 96_000 { "96000" } else { "88200" });
        let dsd = |demuxer| {
            let decoders = "dsd_lsbf,dsd_msbf,dsd_lsbf_planar,dsd_msbf_planar,dst";
            Self { rate: rate.or(Some("88200")), ..file(demuxer, decoders) }
        };
        match container {
            Container::Wav | Container::Rf64 => file("wav", WAV),
            // In a file it looks for chunks behind the samples, and refuses the file for other bytes there.
            Container::Wave64 => pipe("w64", WAV),
            Container::Aiff => file("aiff", AIFF),
            Container::Caf => file("caf", MP4),
            Container::Au => pipe("au", PCM),
            Container::Flac => pipe("flac", "flac"),
            Container::Mp3 => pipe("mp3", "mp1,mp2,mp3,mp1float,mp2float,mp3float"),
            Container::Adts => pipe("aac", AAC),
            Container::Amr => pipe("amr", "amrnb,amrwb"),
            Container::Mp4 => file("mov", MP4),
            Container::Ogg => pipe("ogg", OGG),
            Container::Matroska => filled("matroska", MATROSKA),
            Container::Ape => checked("ape", "ape"),
            Container::WavPack => Self { rate, ..checked("wv", "wavpack") },
            Container::Asf => filled(
                "asf",
                "wmav1,wmav2,wmapro,wmalossless,wmavoice,mp3,mp3float,aac,pcm_s16le,adpcm_ima_wav",
            ),
            Container::Dsf => dsd("dsf"),
            Container::Dff => dsd("iff"),
            Container::Tta => checked("tta", "tta"),
            Container::Tak => checked("tak", "tak"),
            Container::Musepack7 => file("mpc", "mpc7"),
            Container::Musepack8 => file("mpc8", "mpc8"),
        }
    }

    /// The whole list. `left_out_bytes`: how many bytes at the start of the file the demuxer leaves out.
    pub(super) fn list(&self, left_out_bytes: u64) -> Vec<Cow<'static, str>> {
        let (protocol, input) = match self.input {
            Input::Pipe => ("pipe", "pipe:0"),
            // `file` lets the child open this one path again. Of these demuxers only that of MP4 knows references to
            // other files; it follows none (`enable_drefs` is off by default, and said so here).
            Input::File => ("file", "file:/dev/stdin"),
        };
        let mut arguments: Vec<Cow<'static, str>> = Vec::with_capacity(48);
        let mut add = |more: &[&'static str]| arguments.extend(more.iter().copied().map(Cow::Borrowed));
        add(&["-nostdin", "-hide_banner", "-v", "error", "-threads", "1"]);
        // Decoders say so when the checksum of a frame is wrong, or give no sound of it.
        add(&["-err_detect", if self.damaged == Damaged::Silent { "crccheck+explode" } else { "crccheck" }]);
        add(&["-max_alloc", "268435456", "-protocol_whitelist", protocol]);
        add(&["-format_whitelist", self.demuxer, "-codec_whitelist", self.decoders]);
        if self.demuxer == "mov" {
            add(&["-enable_drefs", "0", "-use_absolute_path", "0"]);
        }
        if left_out_bytes > 0 {
            arguments.extend(["-skip_initial_bytes".into(), left_out_bytes.to_string().into()]);
        }
        let mut add = |more: &[&'static str]| arguments.extend(more.iter().copied().map(Cow::Borrowed));
        add(&["-f", self.demuxer, "-i", input]);
        add(&["-map", "0:a:0", "-vn", "-sn", "-dn", "-map_metadata", "-1", "-map_chapters", "-1"]);
        // Silence where a tenth of a second and more is missing; nothing is stretched.
        match self.damaged {
            Damaged::Concealed => {}
            Damaged::Filled => add(&["-af", "aresample=async=1"]),
            // The times of these formats begin with 0: what is missing before the first frame is silence, too.
            Damaged::Silent => add(&["-af", "aresample=async=1:first_pts=0"]),
        }
        if let Some(rate) = self.rate {
            add(&["-ar", rate]);
        }
        add(&["-threads", "1", "-c:a", "pcm_f32be", "-f", "au", "pipe:1"]);
        arguments
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_container_has_one_forced_demuxer_and_no_open_protocol() {
        for container in Container::ALL {
            let arguments = ChildArguments::of(*container, None).list(0);
            let after = |name: &str| {
                let at = arguments.iter().position(|argument| argument == name).unwrap();
                &*arguments[at + 1]
            };
            assert_eq!(after("-f"), after("-format_whitelist"));
            assert!(matches!(
                (after("-protocol_whitelist"), after("-i")),
                ("pipe", "pipe:0") | ("file", "file:/dev/stdin")
            ));
            assert!(arguments.iter().all(|argument| argument.is_ascii() && !argument.contains(' ')));
        }
    }
}
