//! The shape of a track (of a published one for everybody): as audiowaveform has it, at any zoom, and in columns for drawing.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use fanfare_analysis::waveform::{Zoomed, band_columns, zoom};
use fanfare_model::{ErrorKind, TrackId, features::Waveform};
use fanfare_store::TrackRow;
use http::header;
use serde::Deserialize;
use utoipa::IntoParams;

use super::tracks;
use crate::http::{
    caller::MaybeCaller,
    dto::track::{AudioWaveformDto, TrackWaveformDto},
    extract::{Path, Query},
    open_to::track_for,
    problem::{Answer, Problem},
    state::HttpState,
};

/// How fine.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ZoomParams {
    /// Frames in a pixel. The answer has this number or the next smaller one there is (a multiple of a power of two from 64
    /// on, which grows with the track's length), never less than the finest; it says which. The finest unless said.
    #[param(minimum = 1, maximum = 2_147_483_647)]
    samples_per_pixel: Option<u32>,
}

/// The track's shape at any zoom, in audiowaveform's JSON form (version 2).
#[utoipa::path(
    get,
    path = "/api/v1/tracks/{id}/waveform",
    tag = "tracks",
    params(("id" = String, Path, description = "The track"), ZoomParams),
    responses((status = 200, body = AudioWaveformDto), (status = 404, description = "No such track, or not analyzed yet"))
)]
pub async fn waveform(
    State(state): State<HttpState>,
    caller: MaybeCaller,
    Path(id): Path<TrackId>,
    Query(params): Query<ZoomParams>,
) -> Answer<axum::Json<AudioWaveformDto>> {
    Ok(axum::Json(zoomed(&state, &caller, id, &params).await?.into()))
}

/// The same in audiowaveform's binary form (`.dat`, version 2).
#[utoipa::path(
    get,
    path = "/api/v1/tracks/{id}/waveform.dat",
    tag = "tracks",
    params(("id" = String, Path, description = "The track"), ZoomParams),
    responses(
        (status = 200, description = "Header and pairs of bytes", content_type = "application/octet-stream"),
        (status = 404, description = "No such track, or not analyzed yet"),
    )
)]
pub async fn waveform_dat(
    State(state): State<HttpState>,
    caller: MaybeCaller,
    Path(id): Path<TrackId>,
    Query(params): Query<ZoomParams>,
) -> Answer<Response> {
    let bytes = zoomed(&state, &caller, id, &params).await?.to_dat();
    Ok(([(header::CONTENT_TYPE, "application/octet-stream")], bytes).into_response())
}

/// The track's shape in 800 columns of equal length, for drawing: peaks and RMS of all channels, four frequency bands.
#[utoipa::path(
    get,
    path = "/api/v1/tracks/{id}/waveform/columns",
    tag = "tracks",
    params(("id" = String, Path, description = "The track")),
    responses((status = 200, body = TrackWaveformDto), (status = 404, description = "No such track, or not analyzed yet"))
)]
pub async fn waveform_columns(
    State(state): State<HttpState>,
    caller: MaybeCaller,
    Path(id): Path<TrackId>,
) -> Answer<axum::Json<TrackWaveformDto>> {
    let (row, waveform) = load(&state, &caller, id).await?;
    Ok(axum::Json(columns_of(row, waveform)))
}

/// The shape in columns.
pub(super) fn columns_of(row: TrackRow, waveform: Waveform) -> TrackWaveformDto {
    let columns = waveform.peaks.len();
    TrackWaveformDto {
        columns,
        bands: waveform.detail.map(|detail| band_columns(&detail, columns)).unwrap_or_default(),
        peaks: waveform.peaks,
        rms: waveform.rms,
        duration_s: row.track.audio.and_then(|audio| audio.duration_s()),
    }
}

async fn zoomed(state: &HttpState, caller: &MaybeCaller, id: TrackId, params: &ZoomParams) -> Answer<Zoomed> {
    let (row, waveform) = load(state, caller, id).await?;
    let (Some(audio), Some(detail)) = (row.track.audio, waveform.detail) else {
        return Err(Problem::new(
            ErrorKind::NotFound,
            "the track was analyzed before waveforms had this detail",
        )
        .remedy("it is analyzed again by itself; until then /waveform/columns has its shape"));
    };
    Ok(zoom(&detail, audio.sample_rate_hz, params.samples_per_pixel.unwrap_or(0)))
}

async fn load(state: &HttpState, caller: &MaybeCaller, id: TrackId) -> Answer<(TrackRow, Waveform)> {
    let row = track_for(state, caller, id).await?;
    Ok((row, load_waveform(state, id).await?))
}

/// The waveform of a track that the caller may see.
pub(super) async fn load_waveform(state: &HttpState, id: TrackId) -> Answer<Waveform> {
    tracks::load_features(state, id).await?.waveform.ok_or_else(|| {
        Problem::new(ErrorKind::NotFound, "the track has no waveform yet")
            .remedy("it appears when the track was analyzed; its state says how far that is")
    })
}
