//! Where a track stands: its states.

use fanfare_model::{EnrichmentState, Presence, TrackHome, TrackState, UploadedBytes};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where a track stands.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = TrackState)]
pub enum TrackStateDto {
    /// Waiting to be analyzed.
    Queued,
    /// Being analyzed.
    Processing,
    /// Analyzed; enrichment runs.
    Enriching,
    /// Analyzed.
    Ready,
    /// In the public catalog.
    Published,
    /// Cannot be read.
    Failed,
}

impl From<TrackState> for TrackStateDto {
    fn from(state: TrackState) -> Self {
        match state {
            TrackState::Queued => Self::Queued,
            TrackState::Processing => Self::Processing,
            TrackState::Enriching => Self::Enriching,
            TrackState::Ready => Self::Ready,
            TrackState::Published => Self::Published,
            TrackState::Failed => Self::Failed,
        }
    }
}

impl From<TrackStateDto> for TrackState {
    fn from(state: TrackStateDto) -> Self {
        match state {
            TrackStateDto::Queued => Self::Queued,
            TrackStateDto::Processing => Self::Processing,
            TrackStateDto::Enriching => Self::Enriching,
            TrackStateDto::Ready => Self::Ready,
            TrackStateDto::Published => Self::Published,
            TrackStateDto::Failed => Self::Failed,
        }
    }
}

/// Whether a track's bytes are there.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Presence)]
pub enum PresenceDto {
    /// They are.
    Here,
    /// The file is not where it was. The track is in no list unless that asks for it, and whole again when the file is back.
    Missing,
    /// They are in quarantine until the owner decides.
    Quarantined,
}

impl From<Presence> for PresenceDto {
    fn from(presence: Presence) -> Self {
        match presence {
            Presence::Here => Self::Here,
            Presence::Missing => Self::Missing,
            Presence::Quarantined => Self::Quarantined,
        }
    }
}

impl From<PresenceDto> for Presence {
    fn from(presence: PresenceDto) -> Self {
        match presence {
            PresenceDto::Here => Self::Here,
            PresenceDto::Missing => Self::Missing,
            PresenceDto::Quarantined => Self::Quarantined,
        }
    }
}

/// Where a track's bytes are.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = TrackHome)]
pub enum TrackHomeDto {
    /// A file in a library folder.
    Folder,
    /// An upload, whose bytes are there.
    Upload,
    /// An upload whose file was deleted when everything was made of it: it plays by HLS only.
    UploadLetGo,
}

impl From<TrackHome> for TrackHomeDto {
    fn from(home: TrackHome) -> Self {
        match home {
            TrackHome::Folder(_) => Self::Folder,
            TrackHome::Upload(UploadedBytes::Gone) => Self::UploadLetGo,
            TrackHome::Upload(UploadedBytes::Incoming | UploadedBytes::Original) => Self::Upload,
        }
    }
}

/// How far enrichment came. Playing never waits for it.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = EnrichmentState)]
pub enum EnrichmentStateDto {
    /// Not asked for.
    None,
    /// Waiting or running.
    Pending,
    /// Done.
    Completed,
    /// Given up, with a reason.
    Failed,
}

impl From<EnrichmentState> for EnrichmentStateDto {
    fn from(state: EnrichmentState) -> Self {
        match state {
            EnrichmentState::None => Self::None,
            EnrichmentState::Pending => Self::Pending,
            EnrichmentState::Completed => Self::Completed,
            EnrichmentState::Failed => Self::Failed,
        }
    }
}
