//! Cover images: always JPEGs that this program made.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use fanfare_delivery::{EntityTag, etag::TagList};
use fanfare_model::{ContentHash, ReleaseId, TrackId};
use fanfare_store::BlobKind;
use http::{HeaderMap, HeaderValue, StatusCode, header};

use crate::http::{
    caller::MaybeCaller,
    extract::Path,
    open_to::track_for,
    problem::{Answer, Problem},
    state::HttpState,
};

/// An hour without asking again. The address names the track, not the image, so a new image must get through some time.
const CACHE: &str = "private, max-age=3600";

/// The track's cover; of a published track for everybody.
#[utoipa::path(
    get,
    path = "/api/v1/tracks/{id}/cover",
    tag = "tracks",
    params(("id" = String, Path, description = "The track")),
    responses(
        (status = 200, description = "The image, at most 1000 pixels a side", content_type = "image/jpeg"),
        (status = 304, description = "The client has it"),
        (status = 404, description = "No such track, or it has no cover"),
    )
)]
pub async fn track_cover(
    State(state): State<HttpState>,
    caller: MaybeCaller,
    Path(id): Path<TrackId>,
    headers: HeaderMap,
) -> Answer<Response> {
    let cover = track_for(&state, &caller, id).await?.track.cover;
    image(&state, cover, &headers).await
}

/// The cover of the release's first track that has one.
#[utoipa::path(
    get,
    path = "/api/v1/releases/{id}/cover",
    tag = "library",
    params(("id" = String, Path, description = "The release")),
    responses(
        (status = 200, description = "The image, at most 1000 pixels a side", content_type = "image/jpeg"),
        (status = 304, description = "The client has it"),
        (status = 404, description = "No such release, or it has no cover"),
    )
)]
pub async fn release_cover(
    State(state): State<HttpState>,
    Path(id): Path<ReleaseId>,
    headers: HeaderMap,
) -> Answer<Response> {
    let release = state.store.catalog().release(id).await?.ok_or_else(|| Problem::not_found("release"))?;
    image(&state, release.cover, &headers).await
}

/// That cover, unless the client has it.
pub(super) async fn image(
    state: &HttpState,
    cover: Option<ContentHash>,
    request: &HeaderMap,
) -> Answer<Response> {
    let name = cover.ok_or_else(|| Problem::not_found("cover"))?;
    let tag = EntityTag::strong(&name.to_string());
    let known = TagList::parse(request.get_all(header::IF_NONE_MATCH).iter().map(HeaderValue::as_bytes));
    let fields = [(header::ETAG, tag.to_string()), (header::CACHE_CONTROL, CACHE.to_owned())];
    if known.has_weak(&tag) {
        return Ok((StatusCode::NOT_MODIFIED, fields).into_response());
    }
    let bytes =
        state.store.blobs().get(BlobKind::Cover, name).await?.ok_or_else(|| Problem::not_found("cover"))?;
    Ok((fields, [(header::CONTENT_TYPE, "image/jpeg")], bytes).into_response())
}
