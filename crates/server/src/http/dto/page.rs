//! Pages of lists.

use fanfare_model::ErrorKind;
use fanfare_store::Page;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::problem::Problem;

/// Rows of a page when the request does not say.
pub const DEFAULT_LIMIT: u32 = 50;
/// The most rows of a page.
pub const MAX_LIMIT: u32 = 500;
/// The largest offset: far beyond any library, far below what arithmetic on rows could overflow at.
pub const MAX_OFFSET: u64 = 1_000_000_000;
/// The longest search text, in characters.
pub const MAX_SEARCH: usize = 200;

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct PageDto<T: ToSchema> {
    /// The rows.
    pub items: Vec<T>,
    /// How many rows there are in all.
    pub total: u64,
    /// The first row's number.
    pub offset: u64,
}

impl<T: ToSchema> PageDto<T> {
    /// The page, row by row.
    pub fn of<R>(page: Page<R>, offset: u64, map: impl Fn(R) -> T) -> Self {
        Self { items: page.items.into_iter().map(map).collect(), total: page.total, offset }
    }
}

/// A list that is short by nature.
#[derive(Debug, Serialize, ToSchema)]
pub struct ListDto<T: ToSchema> {
    /// The rows.
    pub items: Vec<T>,
}

impl<T: ToSchema> ListDto<T> {
    /// The list, row by row.
    pub fn of<R: Into<T>>(rows: Vec<R>) -> Self {
        Self { items: rows.into_iter().map(Into::into).collect() }
    }
}

/// Where a page starts and how long it is, checked.
#[derive(Debug, Clone, Copy)]
pub struct Offset {
    /// First row.
    pub offset: u64,
    /// Rows, 1 to [`MAX_LIMIT`].
    pub limit: u32,
}

impl Offset {
    /// Checks the bounds: an offset up to [`MAX_OFFSET`], a limit of 1 to [`MAX_LIMIT`].
    pub fn checked(offset: Option<u64>, limit: Option<u32>) -> Result<Self, Problem> {
        let (offset, limit) = (offset.unwrap_or(0), limit.unwrap_or(DEFAULT_LIMIT));
        if offset > MAX_OFFSET || !(1..=MAX_LIMIT).contains(&limit) {
            let message = format!("offset goes from 0 to {MAX_OFFSET}, limit from 1 to {MAX_LIMIT}");
            return Err(Problem::new(ErrorKind::Invalid, message));
        }
        Ok(Self { offset, limit })
    }
}

/// Where a page begins, in a form that only this program reads.
pub mod cursor {
    use fanfare_model::{ErrorKind, Timestamp};

    use crate::http::problem::Problem;

    /// A time and an id as one text.
    pub fn write(time: Timestamp, id: &[u8; 16]) -> String {
        format!("{:016x}{:032x}", time.0, u128::from_be_bytes(*id))
    }

    /// Reads what [`write()`] wrote.
    pub fn read(text: &str) -> Result<(Timestamp, [u8; 16]), Problem> {
        let digits = text.len() == 48 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let read = || {
            let (time, id) = text.split_at_checked(16)?;
            let time = u64::from_str_radix(time, 16).ok()?.cast_signed();
            let id = u128::from_str_radix(id, 16).ok()?;
            Some((Timestamp(time), id.to_be_bytes()))
        };
        let known = if digits { read() } else { None };
        known.ok_or_else(|| Problem::new(ErrorKind::Invalid, "that is no cursor of this list"))
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_cursor_is_read_as_it_was_written_and_nothing_else_is() {
            for (time, id) in [(0, [0; 16]), (1_700_000_000_000, [7; 16]), (-1, [255; 16])] {
                let text = write(Timestamp(time), &id);
                assert_eq!(read(&text).ok(), Some((Timestamp(time), id)), "{text}");
            }
            let sound = write(Timestamp(5), &[1; 16]);
            for broken in [
                "",
                "0",
                &sound[1..],
                &format!("{sound}0"),
                &sound.replace('1', "+"),
                "\u{e4}".repeat(24).as_str(),
            ] {
                assert!(read(broken).is_err(), "{broken:?}");
            }
        }
    }
}

/// The search text: trimmed, `None` when empty, refused when too long. (A control character in it stands between words: the
/// catalog reads it so.)
pub fn search_text(text: Option<&str>) -> Result<Option<&str>, Problem> {
    let text = text.map(str::trim).filter(|text| !text.is_empty());
    if text.is_some_and(|text| text.chars().count() > MAX_SEARCH) {
        return Err(Problem::new(
            ErrorKind::Invalid,
            format!("a search has at most {MAX_SEARCH} characters"),
        ));
    }
    Ok(text)
}
