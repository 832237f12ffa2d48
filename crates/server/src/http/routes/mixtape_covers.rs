//! Covers of mixtapes: set by a user, or composed of the covers of their tracks.

use axum::{body::Body, extract::State, response::Response};
use fanfare_audio::Limits;
use fanfare_ingest::Whose;
use fanfare_model::{ContentHash, Mixtape, Slug};
use fanfare_store::BlobKind;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    covers::image,
    mixtapes::{changeable, find},
};
use crate::http::{
    body,
    caller::Caller,
    clock,
    dto::mixtape::ImageRequest,
    extract::{Path, Query},
    problem::Answer,
    state::HttpState,
};

/// Covers that a composed one is made of, at most.
const TILES: usize = 4;
/// What the hash of a composed cover's parts begins with: another way of composing needs another word.
const WAY: &[u8] = b"two by two, 1";

/// Which state of the cover.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CoverParams {
    /// Any text: it makes a changed cover a new address, so that an old one is not shown from a cache.
    #[serde(rename = "v")]
    #[param(max_length = 32)]
    _v: Option<String>,
}

/// The mixtape's cover: the one it was given, else one composed of the covers of its first tracks.
#[utoipa::path(
    get,
    path = "/api/v1/mixtapes/{slug}/cover",
    tag = "mixtapes",
    params(("slug" = String, Path, description = "The mixtape"), CoverParams),
    responses(
        (status = 200, description = "The image, at most 1000 pixels a side", content_type = "image/jpeg"),
        (status = 304, description = "The client has it"),
        (status = 404, description = "No such mixtape, or neither it nor its tracks have a cover"),
    )
)]
pub async fn mixtape_cover(
    State(state): State<HttpState>,
    Path(slug): Path<Slug>,
    Query(_): Query<CoverParams>,
    headers: HeaderMap,
) -> Answer<Response> {
    let mixtape = find(&state, &slug).await?;
    image(&state, cover_of(&state, &mixtape).await?, &headers).await
}

/// Gives the mixtape a cover. The image is decoded and encoded again.
#[utoipa::path(
    put,
    path = "/api/v1/mixtapes/{slug}/cover",
    tag = "mixtapes",
    params(("slug" = String, Path, description = "The mixtape")),
    request_body(content = ImageRequest, content_type = "image/*"),
    responses(
        (status = 204, description = "It is the cover now"),
        (status = 403, description = "The mixtape is somebody else's"),
        (status = 404, description = "No such mixtape"),
        (status = 408, description = "The image came too slowly"),
        (status = 413, description = "More than 16 MiB, than 40 million pixels, or than can be decoded in 56 MiB of memory"),
        (status = 422, description = "No image, a damaged one, or none of JPEG, PNG, WebP, GIF and BMP"),
        (status = 429, description = "Too many of the caller's images are being sent or wait to be decoded; see `Retry-After`"),
        (status = 503, description = "Too many images are being taken in at once; see `Retry-After`"),
        (status = 504, description = "Decoding the image took too long"),
    )
)]
pub async fn give_cover(
    State(state): State<HttpState>,
    caller: Caller,
    Path(slug): Path<Slug>,
    headers: HeaderMap,
    sent: Body,
) -> Answer<StatusCode> {
    let mixtape = changeable(&state, &caller, &slug).await?;
    let picture =
        body::staged(&state, caller.user.id, sent, &headers, Limits::default().max_cover_bytes).await?;
    let cover = state
        .ingest
        .pictures()
        .normalise_file(Whose::Person(caller.user.id), picture.path().to_owned())
        .await?;
    drop(picture);
    let name = state.store.blobs().put(BlobKind::Cover, &cover.jpeg).await?;
    state.store.catalog().set_mixtape_cover(mixtape.id, Some(name), clock::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes the given cover away: the composed one shows again.
#[utoipa::path(
    delete,
    path = "/api/v1/mixtapes/{slug}/cover",
    tag = "mixtapes",
    params(("slug" = String, Path, description = "The mixtape")),
    responses(
        (status = 204, description = "It has none of its own now"),
        (status = 403, description = "The mixtape is somebody else's"),
        (status = 404, description = "No such mixtape"),
    )
)]
pub async fn take_cover(
    State(state): State<HttpState>,
    caller: Caller,
    Path(slug): Path<Slug>,
) -> Answer<StatusCode> {
    let mixtape = changeable(&state, &caller, &slug).await?;
    state.store.catalog().set_mixtape_cover(mixtape.id, None, clock::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Name of the mixtape's cover: given, or composed now or before.
pub(super) async fn cover_of(state: &HttpState, mixtape: &Mixtape) -> Answer<Option<ContentHash>> {
    if mixtape.cover.is_some() || !mixtape.has_art {
        return Ok(mixtape.cover);
    }
    let mut parts: Vec<ContentHash> = Vec::new();
    for (_, row) in state.store.catalog().mixtape_entries(mixtape.id).await? {
        let cover = row.and_then(|row| row.track.cover);
        parts.extend(cover.filter(|cover| parts.len() < TILES && !parts.contains(cover)));
    }
    // One alone is shown as it is.
    if parts.len() < 2 {
        return Ok(parts.first().copied());
    }
    let mut hash = blake3::Hasher::new();
    hash.update(WAY);
    for part in &parts {
        hash.update(part.as_bytes());
    }
    let of = ContentHash::from_bytes(*hash.finalize().as_bytes());
    let catalog = state.store.catalog();
    if let Some(composed) = catalog.composed_cover(mixtape.id, of).await? {
        return Ok(Some(composed));
    }
    let mut covers = Vec::with_capacity(parts.len());
    for part in &parts {
        covers.extend(state.store.blobs().get(BlobKind::Cover, *part).await?);
    }
    // In the queue of its owner, not of the viewer: pages of other people are not delayed.
    let whose = mixtape.owner.map_or(Whose::Nobody, Whose::Person);
    let cover = state.ingest.pictures().compose(whose, covers).await?;
    let name = state.store.blobs().put(BlobKind::Cover, &cover.jpeg).await?;
    catalog.note_composed_cover(mixtape.id, of, name).await?;
    Ok(Some(name))
}
