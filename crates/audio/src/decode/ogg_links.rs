//! The logical streams of a chained Ogg file (RFC 3533, section 4): where each begins and ends.
//!
//! Why: each one has its own headers and counts its own frames. Taken one by one, damage in each of them is found, said and
//! filled by the same rules as in a file of one stream.
//!
//! Invariants: streams that lie side by side (multiplexed) are not told apart here.

use std::{collections::HashSet, fs::File};

use fanfare_model::Result;

use super::ogg::{FIRST, LAST, NONE_ENDS, Page, Pages};
use crate::probe::AudioBytes;

/// Streams of one file; more than that are an attack.
const MAX_LINKS: usize = 1_000;
/// A stream whose first page of sound ends later than that began before it was recorded.
const LATE_GRANULES: u64 = 480_000;
/// Number of the last page that may hold headers only.
const HEAD_PAGES: u32 = 2;

/// A logical stream.
#[derive(Debug, Clone)]
pub(super) struct Link {
    /// Offset of its first page, and one past its last.
    pub start: u64,
    pub end: u64,
    /// Whether it begins with the page that says what it is.
    pub has_head: bool,
    /// Whether its last page says that the stream ends.
    pub is_end: bool,
    /// Granule positions of its first and of its last page with sound.
    granules: Option<(u64, u64)>,
    serial: u32,
    first_number: u32,
    has_sound: bool,
}

impl Link {
    fn of(start: u64, page: &Page) -> Self {
        let mut link = Self {
            start,
            end: start,
            has_head: page.flags & FIRST != 0,
            is_end: false,
            granules: None,
            serial: page.serial,
            first_number: page.number,
            has_sound: false,
        };
        link.add(start, page);
        link
    }

    fn add(&mut self, start: u64, page: &Page) {
        self.end = start + page.length as u64;
        self.is_end = page.flags & LAST != 0;
        if !matches!(page.granule, 0 | NONE_ENDS) {
            self.has_sound = true;
            self.granules = Some((self.granules.map_or(page.granule, |(first, _)| first), page.granule));
        }
    }

    /// How many granules its pages cover, as they say themselves, without those to skip at its start. `None` if they say
    /// nothing, or the stream began before its first page.
    pub(super) fn granules(&self, pre_skip: u64) -> Option<u64> {
        let (first, last) = self.granules?;
        match (self.has_head || self.first_number <= HEAD_PAGES, first > LATE_GRANULES) {
            (true, false) => Some(last.saturating_sub(pre_skip)),
            (true, true) => None,
            // Without its first pages only what is there counts.
            (false, _) => Some(last.saturating_sub(first)),
        }
    }
}

/// The streams of a file that follow each other; `None` for one stream, or for several side by side.
///
/// # Errors
/// I/O.
pub(super) fn links(file: &File, audio: AudioBytes) -> Result<Option<Vec<Link>>> {
    let mut pages = Pages::new(file, audio);
    let mut links: Vec<Link> = Vec::new();
    let mut serials = HashSet::new();
    while let Some((start, page)) = pages.next()? {
        let begins = page.flags & FIRST != 0;
        // A page of headers behind sound begins a stream whose first page is lost.
        let goes_on = |link: &&mut Link| {
            !begins && page.serial == link.serial && !(page.granule == 0 && link.has_sound)
        };
        if let Some(link) = links.last_mut().filter(goes_on) {
            link.add(start, &page);
            continue;
        }
        let known = !serials.insert(page.serial);
        let side_by_side = !begins && known && links.last().is_some_and(|link| link.serial != page.serial);
        if side_by_side || links.len() == MAX_LINKS {
            return Ok(None);
        }
        links.push(Link::of(start, &page));
    }
    Ok(Some(links).filter(|links| links.len() > 1 && !pages.gave_up()))
}
