//! What stands in front of a transcode: the track's tags, its cover, its ReplayGain.
//!
//! Purpose: a phone shows the same title and cover as the original, and plays it as loud.
//!
//! Invariant: the same tags and cover give the same bytes.

use fanfare_model::{Error, ErrorKind, Result, Tags};
use lofty::{
    config::WriteOptions,
    picture::{MimeType, Picture, PictureInformation, PictureType},
    tag::{ItemKey, Tag, TagExt as _, TagType},
};

/// The largest cover that goes along, in bytes: normalised ones have a third of that, and a larger one would be a good part
/// of a small file.
const MOST_COVER_BYTES: usize = 512 << 10;

/// Bytes of an ID3v2 header (ID3v2.3, section 3.1).
const ID3_HEADER_BYTES: usize = 10;

/// An ID3v2.3 tag: what the most players read.
///
/// Its frames are written one by one: the library keeps those of one tag in no order, and the same tags have to give
/// the same bytes.
///
/// # Errors
/// `Internal` when the tag cannot be written.
pub(super) fn id3(tags: &Tags, cover: Option<&[u8]>) -> Result<Vec<u8>> {
    let mut frames = Vec::new();
    for texts in texts(tags) {
        let mut tag = Tag::new(TagType::Id3v2);
        for (key, value) in texts {
            tag.insert_text(key, value);
        }
        frames.extend(id3_frames(&tag)?);
    }
    if let Some(picture) = cover.and_then(small) {
        let mut tag = Tag::new(TagType::Id3v2);
        tag.push_picture(picture);
        frames.extend(id3_frames(&tag)?);
    }
    if frames.is_empty() {
        return Ok(frames);
    }
    // Version 2.3, no flags, the size in four bytes of seven bits.
    let mut bytes = b"ID3\x03\0\0".to_vec();
    bytes.extend([21, 14, 7, 0].map(|shift| (frames.len() >> shift & 0x7f) as u8));
    bytes.append(&mut frames);
    Ok(bytes)
}

/// The frames of a tag, without its header.
fn id3_frames(tag: &Tag) -> Result<Vec<u8>> {
    if tag.is_empty() {
        return Ok(Vec::new());
    }
    let mut bytes = Vec::new();
    let options = WriteOptions::new().preferred_padding(0).use_id3v23(true);
    tag.dump_to(&mut bytes, options)
        .map_err(|error| Error::new(ErrorKind::Internal, "the tags cannot be written").because(error))?;
    Ok(bytes.split_off(ID3_HEADER_BYTES.min(bytes.len())))
}

/// The texts of a tag, in one order; those together that share a frame.
fn texts(tags: &Tags) -> Vec<Vec<(ItemKey, String)>> {
    let of = |number: Option<u32>| number.map(|number| number.to_string());
    let gain = |gain: Option<f64>| gain.map(|gain| format!("{gain:+.2} dB"));
    let peak = |peak: Option<f64>| peak.map(|peak| format!("{peak:.6}"));
    let one = |key, value: Option<String>| vec![(key, value)];
    let all = [
        one(ItemKey::TrackTitle, tags.title.clone()),
        one(ItemKey::TrackArtist, tags.artist.clone()),
        one(ItemKey::AlbumTitle, tags.album.clone()),
        one(ItemKey::AlbumArtist, tags.album_artist.clone()),
        one(ItemKey::Genre, tags.genre.clone()),
        one(ItemKey::Composer, tags.composer.clone()),
        one(ItemKey::Comment, tags.comment.clone()),
        one(ItemKey::RecordingDate, tags.year.map(|year| year.to_string())),
        vec![(ItemKey::TrackNumber, of(tags.track_number)), (ItemKey::TrackTotal, of(tags.track_total))],
        vec![(ItemKey::DiscNumber, of(tags.disc_number)), (ItemKey::DiscTotal, of(tags.disc_total))],
        one(ItemKey::ReplayGainTrackGain, gain(tags.replaygain_track_gain_db)),
        one(ItemKey::ReplayGainTrackPeak, peak(tags.replaygain_track_peak)),
        one(ItemKey::ReplayGainAlbumGain, gain(tags.replaygain_album_gain_db)),
        one(ItemKey::ReplayGainAlbumPeak, peak(tags.replaygain_album_peak)),
        one(ItemKey::MusicBrainzRecordingId, tags.musicbrainz_recording_id.clone()),
        one(ItemKey::MusicBrainzReleaseId, tags.musicbrainz_release_id.clone()),
        one(ItemKey::MusicBrainzArtistId, tags.musicbrainz_artist_id.clone()),
    ];
    let given = |(key, value): (ItemKey, Option<String>)| Some((key, value?));
    all.into_iter().map(|texts| texts.into_iter().filter_map(given).collect()).collect()
}

/// The comments of an Opus header (RFC 7845, section 5.2), the cover among them. ReplayGain stands there in both conventions.
pub(super) fn vorbis_comments(tags: &Tags, cover: Option<&[u8]>) -> Vec<String> {
    let mut comments = Vec::new();
    for (key, value) in texts(tags).into_iter().flatten() {
        if let Some(name) = key.map_key(TagType::VorbisComments) {
            comments.push(format!("{name}={value}"));
        }
    }
    // R128 gains are to -23 LUFS and ReplayGain to -18, in 256ths of a dB (RFC 7845, section 5.2.1).
    let r128 = |gain: f64| ((gain - 5.0) * 256.0).round().clamp(-32_768.0, 32_767.0) as i32;
    let gains = [("TRACK", tags.replaygain_track_gain_db), ("ALBUM", tags.replaygain_album_gain_db)];
    for (of, gain) in gains {
        comments.extend(gain.map(|gain| format!("R128_{of}_GAIN={}", r128(gain))));
    }
    if let Some(picture) = cover.and_then(small) {
        let block = picture.as_flac_bytes(PictureInformation::default(), true);
        comments.extend(String::from_utf8(block).ok().map(|block| format!("METADATA_BLOCK_PICTURE={block}")));
    }
    comments
}

/// The cover as it goes along: a small JPEG or PNG. Nothing is decoded here.
fn small(bytes: &[u8]) -> Option<Picture> {
    let kind = match bytes {
        [0xff, 0xd8, 0xff, ..] => MimeType::Jpeg,
        [0x89, b'P', b'N', b'G', ..] => MimeType::Png,
        _ => return None,
    };
    let bytes = (bytes.len() <= MOST_COVER_BYTES).then(|| bytes.to_vec())?;
    let picture = Picture::unchecked(bytes).pic_type(PictureType::CoverFront).mime_type(kind);
    Some(picture.build())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_come_back_as_they_went_in() {
        let tags = Tags {
            title: Some("Größer als \u{6771}\u{4eac}".to_owned()),
            artist: Some("A, B".to_owned()),
            year: Some(1_999),
            track_number: Some(3),
            track_total: Some(12),
            replaygain_track_gain_db: Some(-7.31),
            ..Tags::default()
        };
        let bytes = id3(&tags, None).unwrap();
        assert_eq!(&bytes[..4], b"ID3\x03");
        assert_eq!(bytes, id3(&tags, None).unwrap());
        assert!(id3(&Tags::default(), None).unwrap().is_empty());
    }
}
