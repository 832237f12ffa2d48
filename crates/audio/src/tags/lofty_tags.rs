//! Tags through lofty: ID3v1, ID3v2, APEv2, Vorbis comments, MP4 items, RIFF and AIFF chunks.

use std::{
    cell::Cell,
    fs::File,
    io::{self, BufReader, Read, Seek, SeekFrom},
    os::unix::fs::FileExt,
    panic::{AssertUnwindSafe, catch_unwind},
};

use fanfare_model::Tags;
use lofty::{
    config::{GlobalOptions, ParseOptions, ParsingMode, apply_global_options},
    file::{FileType, TaggedFile, TaggedFileExt},
    picture::{Picture, PictureType},
    probe::Probe,
    tag::{ItemKey, Tag, TagType},
};

use super::{TagReading, packed::PackedFrames, text};
use crate::{Container, Limits, probe::AudioBytes};

/// Reads what lofty finds into the reading.
pub(super) fn read(file: &File, audio: AudioBytes, codec: &str, limits: &Limits, reading: &mut TagReading) {
    let Some(kind) = file_type(audio.container, codec) else { return };
    // Tags may lie behind the audio; DSF and DFF keep an ID3v2 tag at a place of their own.
    let window = match audio.container {
        Container::Dsf | Container::Dff => match super::headers::id3_place(file, audio) {
            Some(place) => place,
            None => return,
        },
        _ => 0..file.metadata().map_or(audio.end, |metadata| metadata.len()),
    };
    let (used_up, packed) = (Cell::new(false), Cell::new(false));
    let bytes = Budgeted {
        file,
        start: window.start,
        end: window.end,
        position: 0,
        // What is skipped is not counted, but some of it is read twice.
        budget: limits.max_tag_bytes.saturating_mul(2).saturating_add(limits.max_tag_bytes.min(4 << 20)),
        used_up: &used_up,
        packed: PackedFrames::default(),
        packed_met: &packed,
    };
    let allocation_limit = usize::try_from(limits.max_tag_bytes).unwrap_or(usize::MAX);
    let parsed = catch_unwind(AssertUnwindSafe(|| {
        let mut global = GlobalOptions::new();
        global.allocation_limit(allocation_limit).use_custom_resolvers(false);
        apply_global_options(global.preserve_format_specific_items(false));
        let mut options = ParseOptions::new();
        options.read_properties(false).parsing_mode(ParsingMode::BestAttempt);
        options.max_junk_bytes(limits.max_probe_bytes);
        Probe::with_file_type(BufReader::new(bytes), kind).options(options).read()
    }));
    // A limit ends the reading of a tag, or of one item that is passed over then.
    reading.cut |= used_up.get() || packed.get();
    match parsed {
        _ if packed.get() => {
            reading.warnings.push("tags were not read: a part of them is packed, to any size".to_owned());
        }
        Ok(Ok(tagged)) => take(tagged, limits, reading),
        Ok(Err(error)) => {
            reading.cut = true;
            reading.warnings.push(format!("tags were not read: {error}"));
        }
        Err(_) => reading.warnings.push("tags were not read: they are damaged".to_owned()),
    }
}

fn file_type(container: Container, codec: &str) -> Option<FileType> {
    Some(match (container, codec) {
        (Container::Wav, _) => FileType::Wav,
        (Container::Aiff, _) => FileType::Aiff,
        (Container::Flac, _) => FileType::Flac,
        (Container::Adts, _) => FileType::Aac,
        (Container::Mp4, _) => FileType::Mp4,
        (Container::Ogg, "opus") => FileType::Opus,
        (Container::Ogg, "speex") => FileType::Speex,
        (Container::Ogg, "vorbis") => FileType::Vorbis,
        (Container::Ape, _) => FileType::Ape,
        (Container::WavPack, _) => FileType::WavPack,
        (Container::Musepack7 | Container::Musepack8, _) => FileType::Mpc,
        // The same tags in the same places as around MPEG audio.
        (Container::Mp3 | Container::Tta | Container::Tak | Container::Dsf | Container::Dff, _) => {
            FileType::Mpeg
        }
        _ => return None,
    })
}

/// Takes the tags of a file, the richer kinds first: a value that one kind lacks the next may have.
fn take(mut tagged: TaggedFile, limits: &Limits, reading: &mut TagReading) {
    let primary = tagged.primary_tag_type();
    let kinds: Vec<TagType> = tagged.tags().iter().map(Tag::tag_type).collect();
    let mut tags: Vec<Tag> = kinds.into_iter().filter_map(|kind| tagged.remove(kind)).collect();
    drop(tagged);
    tags.sort_by_key(|tag| match tag.tag_type() {
        kind if kind == primary => 0,
        TagType::Id3v1 => 2,
        _ => 1,
    });
    for tag in &tags {
        merge(&mut reading.tags, tag, limits);
    }
    let front = |picture: &Picture| picture.pic_type() == PictureType::CoverFront;
    let place = |wanted: &dyn Fn(&Picture) -> bool| {
        tags.iter()
            .enumerate()
            .find_map(|(tag, it)| it.pictures().iter().position(wanted).map(|picture| (tag, picture)))
    };
    if let Some((tag, picture)) = place(&front).or_else(|| place(&|_| true)) {
        // Moved and not copied: a picture may be most of what a tag holds.
        reading.take_cover(tags.swap_remove(tag).remove_picture(picture).into_data(), limits);
    }
}

/// Fills what is still empty.
fn merge(tags: &mut Tags, tag: &Tag, limits: &Limits) {
    let first = |keys: &[ItemKey]| keys.iter().find_map(|key| tag.get_string(*key));
    let clean = |value: &str| text::clean(value, limits.max_text_chars);
    let one = |keys: &[ItemKey]| first(keys).and_then(clean);
    // Several values of one name are one credit.
    let all = |key: ItemKey, between: &str| {
        let values: Vec<&str> = tag.get_strings(key).take(64).collect();
        clean(&values.join(between))
    };
    let fill = |place: &mut Option<String>, value: Option<String>| {
        if place.is_none() {
            *place = value;
        }
    };
    fill(&mut tags.title, one(&[ItemKey::TrackTitle]));
    fill(&mut tags.artist, all(ItemKey::TrackArtist, ", "));
    fill(&mut tags.album_artist, all(ItemKey::AlbumArtist, ", "));
    fill(&mut tags.album, one(&[ItemKey::AlbumTitle]));
    fill(&mut tags.genre, all(ItemKey::Genre, "; "));
    fill(&mut tags.composer, all(ItemKey::Composer, ", "));
    fill(&mut tags.comment, one(&[ItemKey::Comment]));
    fill(&mut tags.musicbrainz_recording_id, one(&[ItemKey::MusicBrainzRecordingId]));
    fill(&mut tags.musicbrainz_release_id, one(&[ItemKey::MusicBrainzReleaseId]));
    fill(&mut tags.musicbrainz_artist_id, one(&[ItemKey::MusicBrainzArtistId]));
    let dates = [ItemKey::RecordingDate, ItemKey::Year, ItemKey::ReleaseDate, ItemKey::OriginalReleaseDate];
    tags.year =
        tags.year.or_else(|| dates.iter().filter_map(|key| tag.get_string(*key)).find_map(text::year));
    let position = |number: &mut Option<u32>, total: &mut Option<u32>, key: ItemKey, total_key: ItemKey| {
        let (position, of) = tag.get_string(key).map_or((None, None), text::number_of_total);
        *number = number.or(position);
        let declared = tag.get_string(total_key).and_then(|value| text::number_of_total(value).0);
        *total = total.or(declared).or(of);
    };
    position(&mut tags.track_number, &mut tags.track_total, ItemKey::TrackNumber, ItemKey::TrackTotal);
    position(&mut tags.disc_number, &mut tags.disc_total, ItemKey::DiscNumber, ItemKey::DiscTotal);
    let gain = |key: ItemKey, r128: ItemKey| {
        let replay_gain = tag.get_string(key).and_then(text::decibels);
        replay_gain.or_else(|| tag.get_string(r128).and_then(text::r128_decibels))
    };
    let peak = |key: ItemKey| tag.get_string(key).and_then(text::peak);
    let fill = |place: &mut Option<f64>, value: Option<f64>| *place = place.or(value);
    fill(&mut tags.replaygain_track_gain_db, gain(ItemKey::ReplayGainTrackGain, ItemKey::R128TrackGain));
    fill(&mut tags.replaygain_album_gain_db, gain(ItemKey::ReplayGainAlbumGain, ItemKey::R128AlbumGain));
    fill(&mut tags.replaygain_track_peak, peak(ItemKey::ReplayGainTrackPeak));
    fill(&mut tags.replaygain_album_peak, peak(ItemKey::ReplayGainAlbumPeak));
}

/// A window of a file that may be read only so much.
struct Budgeted<'a> {
    file: &'a File,
    start: u64,
    end: u64,
    position: u64,
    budget: u64,
    /// Set when the budget is used up: the parser may take that for damage and go on.
    used_up: &'a Cell<bool>,
    /// What looks out for frames that are packed.
    packed: PackedFrames,
    packed_met: &'a Cell<bool>,
}

impl Read for Budgeted<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let at = self.start.saturating_add(self.position);
        let room = self.end.saturating_sub(at).min(into.len() as u64) as usize;
        let count = self.file.read_at(&mut into[..room], at)?;
        self.position += count as u64;
        self.budget = self.budget.checked_sub(count as u64).ok_or_else(|| {
            self.used_up.set(true);
            io::Error::new(io::ErrorKind::InvalidData, "the tags are larger than the limit")
        })?;
        if self.packed.met_in(&into[..count]) {
            self.packed_met.set(true);
        }
        if self.packed_met.get() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a frame of the tags is packed"));
        }
        Ok(count)
    }
}

impl Seek for Budgeted<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => (self.end - self.start).checked_add_signed(by),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
        };
        self.position = target.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}
