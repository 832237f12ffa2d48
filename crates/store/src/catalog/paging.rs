//! Pages of lists.

/// The most rows of one page.
pub const MAX_PAGE: u32 = 500;

/// A page and how many there are in all.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// How many rows match, on all pages.
    pub total: u64,
}

/// A page's length and place as SQLite takes them.
pub(super) fn page_bounds(offset: u64, limit: u32) -> (i64, i64) {
    (i64::from(limit.clamp(1, MAX_PAGE)), crate::rows::int(offset))
}
