//! What AcoustID answers, as far as it is of use here (acoustid.org, "Web Service", lookup by fingerprint).

use fanfare_model::{
    Error, ErrorKind, Result,
    enrichment::{AcoustIdMatch, RecordingMatch},
};
use serde::Deserialize;

/// Matches taken of one answer, recordings of one match, releases of one recording: the first are the likeliest.
const MOST: usize = 20;
/// Characters of a title or name, as of a tag.
const MAX_TEXT_CHARS: usize = 1_000;
/// Characters of the service's own words in an error.
const MAX_EXCERPT_CHARS: usize = 200;
/// The service's number for a key that it does not know, and for too many questions.
const UNKNOWN_KEY: i64 = 4;
const TOO_MANY: i64 = 14;

#[derive(Deserialize)]
struct Answer {
    status: String,
    #[serde(default)]
    results: Vec<Match>,
    error: Option<Trouble>,
}

#[derive(Deserialize)]
struct Trouble {
    #[serde(default)]
    code: i64,
    #[serde(default)]
    message: String,
}

#[derive(Deserialize)]
struct Match {
    id: String,
    score: f64,
    #[serde(default)]
    recordings: Vec<Recording>,
}

#[derive(Deserialize)]
struct Recording {
    id: String,
    title: Option<String>,
    #[serde(default)]
    artists: Vec<Credit>,
    #[serde(default)]
    releasegroups: Vec<Named>,
}

#[derive(Deserialize)]
struct Credit {
    #[serde(default)]
    name: String,
    joinphrase: Option<String>,
}

#[derive(Deserialize)]
struct Named {
    id: String,
}

/// The matches in an answer with that status, the best first.
///
/// # Errors
/// What the service says is wrong, by its number, else by its status; `Malformed` for what is no answer.
pub(super) fn read(status: u16, body: &[u8]) -> Result<Vec<AcoustIdMatch>> {
    let answer: Answer = match serde_json::from_slice(body) {
        Ok(answer) => answer,
        Err(_) if status != 200 => return Err(refusal(status, None)),
        Err(error) => {
            let message = format!("AcoustID gave an answer that is none (line {})", error.line());
            return Err(Error::new(ErrorKind::Malformed, message));
        }
    };
    if status != 200 || answer.status != "ok" {
        return Err(refusal(status, answer.error.as_ref()));
    }
    let mut matches: Vec<AcoustIdMatch> = answer.results.into_iter().filter_map(usable).collect();
    matches.sort_by(|one, other| other.score.total_cmp(&one.score));
    matches.truncate(MOST);
    Ok(matches)
}

fn refusal(status: u16, trouble: Option<&Trouble>) -> Error {
    let said = trouble.and_then(|trouble| text(&trouble.message, MAX_EXCERPT_CHARS));
    let said = said.map_or_else(|| format!("status {status}"), |said| said.escape_debug().to_string());
    let code = trouble.map_or(0, |trouble| trouble.code);
    match (code, status) {
        (UNKNOWN_KEY, _) => Error::new(ErrorKind::Invalid, "AcoustID does not know the key")
            .remedy("get one at https://acoustid.org/new-application"),
        (TOO_MANY, _) | (_, 429) => {
            Error::new(ErrorKind::TooMany, format!("AcoustID wants to be asked less often: {said}"))
        }
        (_, 500..) => Error::new(ErrorKind::Unavailable, format!("AcoustID is in trouble: {said}")),
        (_, 300..400) => Error::new(ErrorKind::Invalid, "the endpoint of AcoustID leads elsewhere"),
        _ => Error::new(ErrorKind::Invalid, format!("AcoustID refused the question: {said}")),
    }
}

fn usable(found: Match) -> Option<AcoustIdMatch> {
    let recordings = found.recordings.into_iter().filter_map(recording).take(MOST).collect();
    let score = (0.0..=1.0).contains(&found.score).then_some(found.score)?;
    Some(AcoustIdMatch { acoustid: uuid(&found.id)?, score, recordings })
}

fn recording(found: Recording) -> Option<RecordingMatch> {
    let credit: String = found
        .artists
        .iter()
        .enumerate()
        .map(|(n, artist)| {
            let last = n + 1 == found.artists.len();
            let between = artist.joinphrase.as_deref().unwrap_or(if last { "" } else { ", " });
            format!("{}{between}", artist.name)
        })
        .collect();
    Some(RecordingMatch {
        musicbrainz_recording_id: uuid(&found.id)?,
        title: found.title.and_then(|title| text(&title, MAX_TEXT_CHARS)),
        artist: text(&credit, MAX_TEXT_CHARS),
        musicbrainz_release_group_ids: found
            .releasegroups
            .iter()
            .filter_map(|group| uuid(&group.id))
            .take(MOST)
            .collect(),
    })
}

/// An identifier as it is written: 8-4-4-4-12 hexadecimal digits, made lower case.
fn uuid(text: &str) -> Option<String> {
    let groups: Vec<&str> = text.split('-').collect();
    let lengths = groups.iter().map(|group| group.len());
    let digits = groups.iter().all(|group| group.bytes().all(|byte| byte.is_ascii_hexdigit()));
    (digits && lengths.eq([8, 4, 4, 4, 12])).then(|| text.to_ascii_lowercase())
}

/// A text fit to show: one line, bounded; `None` when nothing is left.
fn text(text: &str, most: usize) -> Option<String> {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(most).collect();
    let line = line.trim();
    (!line.is_empty()).then(|| line.to_owned())
}
