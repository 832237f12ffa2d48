//! In which order tracks are listed.

use fanfare_model::ErrorKind;
use fanfare_store::TrackSort;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::http::problem::{Answer, Problem};

/// What tracks are sorted by.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = TrackSort)]
pub enum TrackSortDto {
    /// Title.
    Title,
    /// Artist's name.
    Artist,
    /// Release's title, then disc and number.
    Album,
    /// When it was first seen.
    Added,
    /// How long it plays.
    Duration,
    /// Tempo.
    Tempo,
    /// Integrated loudness.
    Loudness,
    /// Random order, which follows from `seed`; the tracks of each artist are spread over the list.
    Shuffled,
}

impl TrackSortDto {
    /// What the list is sorted by: by title unless said.
    ///
    /// # Errors
    /// `Invalid`: random order without a seed, or a seed for another order.
    pub fn checked(sort: Option<Self>, seed: Option<u32>) -> Answer<TrackSort> {
        let sort = match (sort.unwrap_or(Self::Title), seed) {
            (Self::Shuffled, Some(seed)) => return Ok(TrackSort::Shuffled(u64::from(seed))),
            (Self::Shuffled, None) => {
                return Err(Problem::new(
                    ErrorKind::Invalid,
                    "`sort=shuffled` needs `seed`, a number from 0 to 4294967295: pages of one seed fit together",
                ));
            }
            (_, Some(_)) => {
                return Err(Problem::new(ErrorKind::Invalid, "`seed` belongs to `sort=shuffled`"));
            }
            (Self::Title, None) => TrackSort::Title,
            (Self::Artist, None) => TrackSort::Artist,
            (Self::Album, None) => TrackSort::Album,
            (Self::Added, None) => TrackSort::Added,
            (Self::Duration, None) => TrackSort::Duration,
            (Self::Tempo, None) => TrackSort::Tempo,
            (Self::Loudness, None) => TrackSort::Loudness,
        };
        Ok(sort)
    }
}

/// Upwards or downwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SortOrder)]
pub enum SortOrderDto {
    /// Smallest first.
    Asc,
    /// Largest first.
    Desc,
}
