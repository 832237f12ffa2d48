//! What the server and the process that decodes pictures say to each other: a line of JSON that tells how many bytes follow it, and
//! those bytes.
//!
//! A line that is no message is passed over, so that a stray print can never confuse the other side; every length is
//! compared with its limit before it is believed.

use std::{
    ffi::OsString,
    os::unix::ffi::{OsStrExt as _, OsStringExt as _},
    path::PathBuf,
};

use fanfare_audio::{Cover, Limits, TagReading};
use fanfare_model::{AudioProperties, ContentHash, Error, ErrorKind, Result, Tags, error::LimitHit};
use serde::{Deserialize, Serialize};

/// The longest path that is passed, in bytes (PATH_MAX of Linux).
const MAX_PATH_BYTES: usize = 4_096;
/// Covers that one is made of at most, as they come.
const MAX_COVERS: usize = 16;
/// The largest answer: a cover, or what tags say in words.
pub const MAX_ANSWER_BYTES: u64 = 16 << 20;

/// What the child is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// A picture as a cover.
    Normalise {
        /// The bytes of the picture.
        picture: Vec<u8>,
    },
    /// A picture file as a cover.
    PictureFile {
        /// Where the file lies.
        path: PathBuf,
    },
    /// One cover made of several.
    Compose {
        /// The bytes of each.
        covers: Vec<Vec<u8>>,
    },
    /// The picture in an audio file as a cover.
    Embedded {
        /// Where the file lies.
        path: PathBuf,
    },
    /// The tags of an audio file, without its picture.
    Tags {
        /// Where the file lies.
        path: PathBuf,
    },
}

/// What it answers.
#[derive(Debug)]
pub enum Answer {
    /// The cover.
    Cover {
        /// It.
        cover: Cover,
    },
    /// The file has no picture.
    NoPicture,
    /// The picture of a file.
    Embedded {
        /// The hash of its bytes as they are in the file.
        hash: ContentHash,
        /// The cover, or why there is none.
        cover: Result<Cover>,
    },
    /// The tags of a file.
    Tags {
        /// What was read.
        reading: Box<TagReading>,
    },
}

/// The line before the bytes of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Which request.
    pub picture_request: Kind,
    /// How many bytes each part has that follows.
    pub parts: Vec<u64>,
}

/// Which request: a [`Request`] without its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)] // as in `Request`
pub enum Kind {
    Normalise,
    PictureFile,
    Compose,
    Embedded,
    Tags,
}

/// The line before the bytes of an answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answered {
    /// Which answer.
    pub picture_answer: Said,
    /// How many bytes follow: of the cover, or of the tags.
    pub bytes: u64,
}

/// Which answer: an [`Answer`] without its bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)] // as in `Answer`
pub enum Said {
    Cover { width: u32, height: u32, of: Option<String> },
    NoPicture,
    Refused { of: Option<String>, why: Failure },
    Tags,
}

/// An error on its way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    kind: ErrorKind,
    message: String,
    remedy: Option<String>,
    limit: Option<LimitHit>,
}

impl From<&Error> for Failure {
    fn from(error: &Error) -> Self {
        Self {
            kind: error.kind(),
            message: error.message().to_owned(),
            remedy: error.remedy_text().map(str::to_owned),
            limit: error.limit_hit().cloned(),
        }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        let error = match failure.limit {
            Some(limit) => Self::limit(&limit.name, limit.value, limit.max),
            None => Self::new(failure.kind, failure.message),
        };
        match failure.remedy {
            Some(remedy) => error.remedy(remedy),
            None => error,
        }
    }
}

/// Tags on their way, as JSON.
#[derive(Serialize, Deserialize)]
struct Reading {
    tags: Tags,
    audio: Option<AudioProperties>,
    warnings: Vec<String>,
}

impl Request {
    /// Its line and its parts.
    pub fn into_parts(self) -> (Asked, Vec<Vec<u8>>) {
        let path = |path: PathBuf| vec![path.into_os_string().into_vec()];
        let (kind, parts) = match self {
            Self::Normalise { picture } => (Kind::Normalise, vec![picture]),
            Self::PictureFile { path: file } => (Kind::PictureFile, path(file)),
            Self::Compose { covers } => (Kind::Compose, covers),
            Self::Embedded { path: file } => (Kind::Embedded, path(file)),
            Self::Tags { path: file } => (Kind::Tags, path(file)),
        };
        let lengths = parts.iter().map(|part| part.len() as u64).collect();
        (Asked { picture_request: kind, parts: lengths }, parts)
    }

    /// The request of those parts; `None` when they are not what it has.
    pub fn of(kind: Kind, mut parts: Vec<Vec<u8>>) -> Option<Self> {
        if kind == Kind::Compose {
            return Some(Self::Compose { covers: parts });
        }
        let only = parts.pop().filter(|_| parts.is_empty())?;
        let path = |bytes: Vec<u8>| PathBuf::from(OsString::from_vec(bytes));
        Some(match kind {
            Kind::Normalise => Self::Normalise { picture: only },
            Kind::PictureFile => Self::PictureFile { path: path(only) },
            Kind::Embedded => Self::Embedded { path: path(only) },
            Kind::Tags => Self::Tags { path: path(only) },
            Kind::Compose => return None,
        })
    }
}

impl Asked {
    /// The lengths of the parts, if they may be that long.
    ///
    /// # Errors
    /// `LimitExceeded`.
    pub fn lengths(&self, limits: &Limits) -> Result<Vec<usize>> {
        let most = match self.picture_request {
            Kind::Normalise | Kind::Compose => limits.max_cover_bytes,
            Kind::PictureFile | Kind::Embedded | Kind::Tags => MAX_PATH_BYTES as u64,
        };
        if self.parts.len() > MAX_COVERS {
            return Err(Error::limit("covers", self.parts.len() as u64, MAX_COVERS as u64));
        }
        match self.parts.iter().find(|length| **length > most) {
            Some(length) => Err(Error::limit("cover_bytes", *length, most)),
            None => Ok(self.parts.iter().map(|length| *length as usize).collect()),
        }
    }
}

/// The line and the bytes of an answer.
pub fn written(answer: Result<Answer>) -> (Said, Vec<u8>) {
    let of_cover =
        |cover: Cover, of| (Said::Cover { width: cover.width, height: cover.height, of }, cover.jpeg);
    match answer {
        Err(error) => (Said::Refused { of: None, why: (&error).into() }, Vec::new()),
        Ok(Answer::NoPicture) => (Said::NoPicture, Vec::new()),
        Ok(Answer::Cover { cover }) => of_cover(cover, None),
        Ok(Answer::Embedded { hash, cover: Ok(cover) }) => of_cover(cover, Some(hash.to_string())),
        Ok(Answer::Embedded { hash, cover: Err(error) }) => {
            (Said::Refused { of: Some(hash.to_string()), why: (&error).into() }, Vec::new())
        }
        Ok(Answer::Tags { reading }) => {
            let TagReading { tags, audio, warnings, .. } = *reading;
            let reading = Reading { tags, audio, warnings };
            // Plain data of strings and numbers: serialising cannot fail.
            (Said::Tags, serde_json::to_vec(&reading).unwrap_or_default())
        }
    }
}

/// The answer of that line and those bytes.
///
/// # Errors
/// What it says is wrong; `Internal` for what is no answer.
pub fn read(said: Said, bytes: Vec<u8>) -> Result<Answer> {
    let wrong = || Error::new(ErrorKind::Internal, "the process that decodes pictures cannot be understood");
    let hash = |of: String| of.parse::<ContentHash>().map_err(|_| wrong());
    match said {
        Said::NoPicture => Ok(Answer::NoPicture),
        Said::Cover { width, height, of } => {
            let cover = Cover { jpeg: bytes, width, height };
            match of {
                Some(of) => Ok(Answer::Embedded { hash: hash(of)?, cover: Ok(cover) }),
                None => Ok(Answer::Cover { cover }),
            }
        }
        Said::Refused { of: None, why } => Err(why.into()),
        Said::Refused { of: Some(of), why } => {
            Ok(Answer::Embedded { hash: hash(of)?, cover: Err(why.into()) })
        }
        Said::Tags => {
            let Reading { tags, audio, warnings } = serde_json::from_slice(&bytes).map_err(|_| wrong())?;
            let reading = TagReading { tags, audio, warnings, ..TagReading::default() };
            Ok(Answer::Tags { reading: Box::new(reading) })
        }
    }
}

/// Whether a path is short enough to be passed.
///
/// # Errors
/// `LimitExceeded`.
pub fn check_path(request: &Request) -> Result<()> {
    match request {
        Request::PictureFile { path } | Request::Embedded { path } | Request::Tags { path }
            if path.as_os_str().as_bytes().len() > MAX_PATH_BYTES =>
        {
            Err(Error::limit("path_bytes", path.as_os_str().len() as u64, MAX_PATH_BYTES as u64))
        }
        _ => Ok(()),
    }
}
