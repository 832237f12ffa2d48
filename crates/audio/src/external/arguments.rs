//! The child's arguments: constants only.

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
pub(super) struct Recipe {
    /// Name of `ffmpeg`'s demuxer.
    pub demuxer: &'static str,
    /// Names of its decoders that may run, comma between them.
    pub decoders: &'static str,
    /// How it gets the file.
    pub input: Input,
    /// Rate to convert to, where the decoder's own makes no sense.
    pub rate: Option<&'static str>,
}

const PCM: &str = "pcm_s8,pcm_u8,pcm_s16le,pcm_s16be,pcm_s24le,pcm_s24be,pcm_s32le,pcm_s32be,pcm_f32le,pcm_f32be,\
                   pcm_f64le,pcm_f64be,pcm_alaw,pcm_mulaw,adpcm_ms,adpcm_ima_wav,gsm_ms";
const AAC: &str = "aac,aac_fixed,aac_latm";
const MP4: &str = "aac,aac_fixed,alac,mp3,mp3float,ac3,eac3,opus,libopus,flac,pcm_s16le,pcm_s16be,pcm_s24le,\
                   pcm_s24be,pcm_s32le,pcm_s32be,pcm_f32le,pcm_f32be,pcm_alaw,pcm_mulaw";
const OGG: &str = "vorbis,libvorbis,opus,libopus,flac,speex,libspeex";
const MATROSKA: &str = "vorbis,libvorbis,opus,libopus,flac,aac,mp3,mp3float,mp2,mp2float,ac3,eac3,alac,wavpack,tta,\
                        truehd,dca,pcm_s16le,pcm_s16be,pcm_s24le,pcm_s32le,pcm_f32le,pcm_u8";

impl Recipe {
    /// The recipe for a container; `rate` is that of its DSD stream, for formats that hold one.
    pub(super) fn of(container: Container, dsd_rate_hz: Option<u32>) -> Self {
        let recipe = |demuxer, decoders| Self { demuxer, decoders, input: Input::Pipe, rate: None };
        let dsd = |demuxer| {
            // The decoder gives an eighth of the bit rate: 352,800 Hz at the least, of which most is shaped noise.
            let rate = if dsd_rate_hz == Some(96_000) { "96000" } else { "88200" };
            let decoders = "dsd_lsbf,dsd_msbf,dsd_lsbf_planar,dsd_msbf_planar,dst";
            Self { demuxer, decoders, input: Input::Pipe, rate: Some(rate) }
        };
        match container {
            Container::Wav | Container::Rf64 => recipe("wav", PCM),
            Container::Wave64 => recipe("w64", PCM),
            Container::Aiff => recipe("aiff", PCM),
            Container::Caf => recipe("caf", MP4),
            Container::Au => recipe("au", PCM),
            Container::Flac => recipe("flac", "flac"),
            Container::Mp3 => recipe("mp3", "mp1,mp2,mp3,mp1float,mp2float,mp3float"),
            Container::Adts => recipe("aac", AAC),
            Container::Mp4 => Self { input: Input::File, ..recipe("mov", MP4) },
            Container::Ogg => recipe("ogg", OGG),
            Container::Matroska => recipe("matroska", MATROSKA),
            Container::Ape => recipe("ape", "ape"),
            Container::WavPack => recipe("wv", "wavpack"),
            Container::Asf => recipe("asf", "wmav1,wmav2,wmapro,wmalossless,wmavoice,mp3,mp3float,aac"),
            Container::Dsf => dsd("dsf"),
            Container::Dff => dsd("iff"),
            Container::Tta => recipe("tta", "tta"),
            Container::Tak => recipe("tak", "tak"),
            Container::Musepack7 => recipe("mpc", "mpc7"),
            Container::Musepack8 => recipe("mpc8", "mpc8"),
        }
    }

    /// The whole argument list.
    pub(super) fn arguments(&self) -> Vec<&'static str> {
        let (protocol, input) = match self.input {
            Input::Pipe => ("pipe", "pipe:0"),
            // `file` lets the child open this one path again; the demuxer follows no reference to another
            // file (`enable_drefs` is off by default, and said so here).
            Input::File => ("file", "file:/dev/stdin"),
        };
        let mut arguments = vec!["-nostdin", "-hide_banner", "-v", "error", "-threads", "1"];
        arguments.extend(["-max_alloc", "268435456", "-protocol_whitelist", protocol]);
        arguments.extend(["-format_whitelist", self.demuxer, "-codec_whitelist", self.decoders]);
        if self.input == Input::File {
            arguments.extend(["-enable_drefs", "0", "-use_absolute_path", "0"]);
        }
        arguments.extend(["-f", self.demuxer, "-i", input]);
        arguments.extend([
            "-map",
            "0:a:0",
            "-vn",
            "-sn",
            "-dn",
            "-map_metadata",
            "-1",
            "-map_chapters",
            "-1",
        ]);
        if let Some(rate) = self.rate {
            arguments.extend(["-ar", rate]);
        }
        arguments.extend(["-threads", "1", "-c:a", "pcm_f32be", "-f", "au", "pipe:1"]);
        arguments
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_container_has_one_forced_demuxer_and_no_open_protocol() {
        for container in Container::ALL {
            let arguments = Recipe::of(*container, None).arguments();
            let after = |name: &str| {
                let at = arguments.iter().position(|argument| *argument == name).unwrap();
                arguments[at + 1]
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
