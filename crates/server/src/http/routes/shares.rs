//! Public links of mixtapes: made, listed, removed by who may change the mixtape.

use axum::extract::State;
use fanfare_model::{ErrorKind, ShareId, Slug, Timestamp};
use fanfare_store::NewShare;
use http::{HeaderMap, StatusCode, Uri};

use super::mixtapes::changeable;
use crate::http::{
    caller::Caller,
    clock,
    dto::{
        ListDto,
        share::{NewShareDto, NewShareRequest, ShareDto},
    },
    extract::{Json, Path},
    links,
    problem::{Answer, Problem},
    qr, secret,
    state::HttpState,
};

/// The longest life of a link that is to end by itself.
const MAX_DAYS: i64 = 3_650;
const DAY_MS: i64 = 86_400_000;

/// The mixtape's public links, without what opens them.
#[utoipa::path(
    get,
    path = "/api/v1/mixtapes/{slug}/shares",
    tag = "mixtapes",
    params(("slug" = String, Path, description = "The mixtape")),
    responses(
        (status = 200, body = ListDto<ShareDto>),
        (status = 403, description = "The mixtape is somebody else's"),
        (status = 404, description = "No such mixtape"),
    )
)]
pub async fn shares(
    State(state): State<HttpState>,
    caller: Caller,
    Path(slug): Path<Slug>,
) -> Answer<axum::Json<ListDto<ShareDto>>> {
    let mixtape = changeable(&state, &caller, &slug).await?;
    let (shares, now) = (state.store.catalog().shares(mixtape.id).await?, clock::now());
    Ok(axum::Json(ListDto { items: shares.iter().map(|share| ShareDto::new(share, now)).collect() }))
}

/// Makes a public link. Its token and address are in this answer and nowhere else.
#[utoipa::path(
    post,
    path = "/api/v1/mixtapes/{slug}/shares",
    tag = "mixtapes",
    params(("slug" = String, Path, description = "The mixtape")),
    request_body = NewShareRequest,
    responses(
        (status = 201, description = "The link", body = NewShareDto),
        (status = 400, description = "An end that is not in the future, or a password that is too short"),
        (status = 403, description = "The mixtape is somebody else's"),
        (status = 404, description = "No such mixtape"),
        (status = 413, description = "More than 100 links of one mixtape"),
    )
)]
pub async fn add_share(
    State(state): State<HttpState>,
    caller: Caller,
    Path(slug): Path<Slug>,
    uri: Uri,
    headers: HeaderMap,
    Json(body): Json<NewShareRequest>,
) -> Answer<(StatusCode, axum::Json<NewShareDto>)> {
    let mixtape = changeable(&state, &caller, &slug).await?;
    let now = clock::now();
    let expires = end_of(&body, now)?;
    let password_hash = match &body.password {
        Some(password) => Some(state.passwords.hash(password).await?),
        None => None,
    };
    let token = secret::fresh("")?;
    let secret = secret::hash(&token).ok_or_else(|| Problem::not_found("link"))?;
    let new = NewShare {
        mixtape: mixtape.id,
        secret,
        maker: Some(caller.user.id),
        password_hash,
        download: body.download,
        expires,
    };
    let share = state.store.catalog().add_share(&new, now).await?;
    let url = links::shared_url(&links::base_url_for(&state.settings, &uri, &headers), &token);
    let qr_svg = qr::svg(&url)?;
    let answer = NewShareDto { share: ShareDto::new(&share, now), token, url, qr_svg };
    Ok((StatusCode::CREATED, axum::Json(answer)))
}

/// Removes a public link; guests who opened it lose access at once.
#[utoipa::path(
    delete,
    path = "/api/v1/mixtapes/{slug}/shares/{id}",
    tag = "mixtapes",
    params(
        ("slug" = String, Path, description = "The mixtape"),
        ("id" = String, Path, description = "The link"),
    ),
    responses(
        (status = 204, description = "It opens nothing any more"),
        (status = 403, description = "The mixtape is somebody else's"),
        (status = 404, description = "No such mixtape, or no such link of it"),
    )
)]
pub async fn remove_share(
    State(state): State<HttpState>,
    caller: Caller,
    Path((slug, id)): Path<(Slug, ShareId)>,
) -> Answer<StatusCode> {
    let mixtape = changeable(&state, &caller, &slug).await?;
    state.store.catalog().delete_share(mixtape.id, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// When the link is to end, if it is.
fn end_of(body: &NewShareRequest, now: Timestamp) -> Answer<Option<Timestamp>> {
    let expires = match (body.expires_in_days, &body.expires) {
        (None, None) => return Ok(None),
        (Some(days), None) => now.plus_ms(i64::from(days) * DAY_MS),
        (None, Some(text)) => clock::parse_rfc3339(text).ok_or_else(|| {
            Problem::new(ErrorKind::Invalid, "the end of the link is no time")
                .remedy("write it like 2030-12-31T18:00:00Z")
        })?,
        (Some(_), Some(_)) => {
            return Err(Problem::new(ErrorKind::Invalid, "the end of the link is given twice"));
        }
    };
    if expires <= now || expires > now.plus_ms(MAX_DAYS * DAY_MS) {
        let message = format!("a link ends in the future, within {MAX_DAYS} days, or not by itself");
        return Err(Problem::new(ErrorKind::Invalid, message));
    }
    Ok(Some(expires))
}
