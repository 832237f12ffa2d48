//! The process that decodes pictures: one request after the other, until its input ends.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read as _, Write},
    path::Path,
};

use fanfare_audio::{Cover, Limits, compose_cover, normalise_cover, read_tags};
use fanfare_channel::pictures::{Answer, Answered, Asked, Request, written};
use fanfare_channel::{
    protocol::{MAX_LINE_BYTES, line, parse},
    regular_file::open_regular,
};
use fanfare_model::{ContentHash, Error, ErrorKind, Result};

use crate::confine::confine_pictures;

/// Memory for data that this process may have, in bytes: what decoding takes ([`Limits::max_cover_memory_bytes`]) and itself. The
/// system refuses more.
const CHILD_DATA_BYTES: u64 = 72 << 20;

/// The body of `fanfare pictures`: decodes pictures for the server until standard input ends.
///
/// Standard input and output belong to the conversation with the server.
///
/// # Errors
/// `Io` when the conversation breaks off; `LimitExceeded` for a request that is too long.
pub fn run_pictures() -> Result<()> {
    confine_pictures(CHILD_DATA_BYTES);
    let mut child = Child { limits: Limits::default(), last: None };
    let mut input = BufReader::new(io::stdin().lock());
    // Whatever was printed before is no part of the first answer.
    say(&mut io::stdout().lock(), "\n", &[])?;
    while let Some(request) = next(&mut input, &child.limits)? {
        let (said, bytes) = written(child.answer(request));
        say(
            &mut io::stdout().lock(),
            &line(&Answered { picture_answer: said, bytes: bytes.len() as u64 }),
            &bytes,
        )?;
    }
    Ok(())
}

fn say(output: &mut impl Write, line: &str, bytes: &[u8]) -> Result<()> {
    output
        .write_all(line.as_bytes())
        .and_then(|()| output.write_all(bytes))
        .and_then(|()| output.flush())
        .map_err(|error| Error::from_io("answering the server", error))
}

/// The next request; `None` at the end.
fn next(input: &mut impl BufRead, limits: &Limits) -> Result<Option<Request>> {
    let broken = |error| Error::from_io("reading a request", error);
    loop {
        let mut bytes = Vec::new();
        let read = input.by_ref().take(MAX_LINE_BYTES).read_until(b'\n', &mut bytes).map_err(broken)?;
        if read == 0 {
            return Ok(None);
        }
        let Some(asked) = parse::<Asked>(&bytes) else { continue };
        let mut parts = Vec::new();
        for length in asked.lengths(limits)? {
            let mut part = vec![0; length];
            input.read_exact(&mut part).map_err(broken)?;
            parts.push(part);
        }
        match Request::of(asked.picture_request, parts) {
            Some(request) => return Ok(Some(request)),
            None => {
                return Err(Error::new(ErrorKind::Invalid, "a request does not have the parts it should"));
            }
        }
    }
}

struct Child {
    limits: Limits,
    /// The picture decoded last, by its hash: the tracks of an album have the same one each.
    last: Option<(ContentHash, Cover)>,
}

impl Child {
    fn answer(&mut self, request: Request) -> Result<Answer> {
        let cover = |cover| Answer::Cover { cover };
        match request {
            Request::Normalise { picture } => normalise_cover(&picture, &self.limits).map(cover),
            Request::PictureFile { path } => normalise_cover(&self.file(&path)?, &self.limits).map(cover),
            Request::Compose { covers } => compose_cover(&covers, &self.limits).map(cover),
            Request::Tags { path } => {
                let mut reading = read_tags(&path, &self.limits)?;
                reading.cover = None;
                Ok(Answer::Tags { reading: Box::new(reading) })
            }
            Request::Embedded { path } => self.embedded(&path),
        }
    }

    fn embedded(&mut self, path: &Path) -> Result<Answer> {
        let reading = read_tags(path, &self.limits)?;
        let Some(picture) = reading.cover else {
            return match (reading.cover_error, reading.warnings.last()) {
                (Some(error), _) => Err(Error::new(ErrorKind::LimitExceeded, error)),
                // Tags that are too large, or damaged, may have had one.
                (None, Some(warning)) if reading.cut => {
                    Err(Error::new(ErrorKind::LimitExceeded, warning.clone()))
                }
                _ => Ok(Answer::NoPicture),
            };
        };
        let hash = ContentHash::from_bytes(*blake3::hash(&picture).as_bytes());
        if let Some((_, cover)) = self.last.as_ref().filter(|(last, _)| *last == hash) {
            return Ok(Answer::Embedded { hash, cover: Ok(cover.clone()) });
        }
        let cover = normalise_cover(&picture, &self.limits);
        if let Ok(cover) = &cover {
            self.last = Some((hash, cover.clone()));
        }
        Ok(Answer::Embedded { hash, cover })
    }

    fn file(&self, path: &Path) -> Result<Vec<u8>> {
        let file: File = open_regular(path)?;
        let (mut bytes, most) = (Vec::new(), self.limits.max_cover_bytes);
        let size = file.metadata().map_or(0, |metadata| metadata.len());
        if size > most {
            return Err(Error::limit("cover_bytes", size, most));
        }
        file.take(most + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| Error::from_io("read the picture", error))?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fanfare_channel::pictures::{Kind, read};

    #[test]
    fn requests_and_answers_come_over_as_they_were_said() {
        for request in [
            Request::Normalise { picture: vec![0, 10, 255] },
            Request::Compose { covers: vec![vec![1], Vec::new(), vec![2; 300]] },
            Request::Embedded { path: "/a b/\u{e9}\n.flac".into() },
            Request::Tags { path: "x".into() },
            Request::PictureFile { path: "y".into() },
        ] {
            let (asked, parts) = request.clone().into_parts();
            let mut bytes = b"running 1 test\n\n".to_vec();
            say(&mut bytes, &line(&asked), &parts.concat()).unwrap();
            let mut input = bytes.as_slice();
            assert_eq!(next(&mut input, &Limits::default()).unwrap(), Some(request));
            assert_eq!(next(&mut input, &Limits::default()).unwrap(), None);
        }
        let hash = ContentHash::from_bytes([7; 32]);
        let refused = Error::limit("cover_memory_bytes", 9, 8).remedy("a smaller one");
        let (said, bytes) = written(Ok(Answer::Embedded { hash, cover: Err(refused) }));
        match read(said, bytes).unwrap() {
            Answer::Embedded { hash: of, cover: Err(error) } => {
                assert_eq!((of, error.limit_hit().unwrap().max), (hash, 8));
                assert_eq!(error.remedy_text(), Some("a smaller one"));
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_request_that_is_too_long_is_refused_before_it_is_read() {
        for (picture_request, parts) in [
            (Kind::Normalise, vec![17 << 20]),
            (Kind::Embedded, vec![5_000]),
            (Kind::Compose, vec![1; 17]),
            (Kind::Compose, vec![u64::MAX]),
        ] {
            let text = line(&Asked { picture_request, parts });
            let error = next(&mut text.as_bytes(), &Limits::default()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::LimitExceeded);
        }
        let text = line(&Asked { picture_request: Kind::Tags, parts: Vec::new() });
        assert_eq!(next(&mut text.as_bytes(), &Limits::default()).unwrap_err().kind(), ErrorKind::Invalid);
    }
}
