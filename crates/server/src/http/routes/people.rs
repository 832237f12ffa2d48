//! Accounts and API keys.

use axum::extract::State;
use fanfare_model::{ApiKeyId, UserId};
use http::StatusCode;

use super::session::checked_name;
use crate::http::{
    caller::Caller,
    clock,
    dto::{
        ListDto,
        people::{ApiKeyDto, NewApiKeyDto, NewKeyRequest, NewUserRequest, UserDto},
    },
    extract::{Json, Path},
    problem::{Answer, Problem},
    secret,
    state::HttpState,
};

/// The accounts.
#[utoipa::path(get, path = "/api/v1/users", tag = "people", responses((status = 200, body = ListDto<UserDto>)))]
pub async fn users(State(state): State<HttpState>) -> Answer<axum::Json<ListDto<UserDto>>> {
    Ok(axum::Json(ListDto::of(state.store.people().users().await?)))
}

/// Makes an account.
#[utoipa::path(
    post,
    path = "/api/v1/users",
    tag = "people",
    request_body = NewUserRequest,
    responses((status = 201, body = UserDto), (status = 409, description = "The name is taken"))
)]
pub async fn add_user(
    State(state): State<HttpState>,
    Json(body): Json<NewUserRequest>,
) -> Answer<(StatusCode, axum::Json<UserDto>)> {
    let name = checked_name(&body.name)?;
    let hash = state.passwords.hash(&body.password).await?;
    let user = state.store.people().create_user(name, &hash, body.role.into(), clock::now()).await?;
    Ok((StatusCode::CREATED, axum::Json(user.into())))
}

/// Removes an account with its sessions and keys. The last owner stays.
#[utoipa::path(
    delete,
    path = "/api/v1/users/{id}",
    tag = "people",
    params(("id" = String, Path, description = "The account")),
    responses((status = 204, description = "Removed"), (status = 409, description = "It is the last owner"))
)]
pub async fn remove_user(State(state): State<HttpState>, Path(id): Path<UserId>) -> Answer<StatusCode> {
    state.store.people().delete_user(id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// One's own API keys.
#[utoipa::path(get, path = "/api/v1/keys", tag = "people", responses((status = 200, body = ListDto<ApiKeyDto>)))]
pub async fn keys(State(state): State<HttpState>, caller: Caller) -> Answer<axum::Json<ListDto<ApiKeyDto>>> {
    Ok(axum::Json(ListDto::of(state.store.people().keys(caller.user.id).await?)))
}

/// Makes an API key. Its secret is in this answer and nowhere else.
#[utoipa::path(
    post,
    path = "/api/v1/keys",
    tag = "people",
    request_body = NewKeyRequest,
    responses((status = 201, body = NewApiKeyDto), (status = 413, description = "More than 100 keys of one person"))
)]
pub async fn add_key(
    State(state): State<HttpState>,
    caller: Caller,
    Json(body): Json<NewKeyRequest>,
) -> Answer<(StatusCode, axum::Json<NewApiKeyDto>)> {
    let name = checked_name(&body.name)?;
    let secret = secret::fresh("ff_")?;
    let Some(hash) = secret::hash(&secret) else { return Err(Problem::not_found("key")) };
    let key = state.store.people().create_key(caller.user.id, name, hash, clock::now()).await?;
    Ok((StatusCode::CREATED, axum::Json(NewApiKeyDto { id: key.id.to_string(), name: key.name, secret })))
}

/// Removes one of one's own API keys.
#[utoipa::path(
    delete,
    path = "/api/v1/keys/{id}",
    tag = "people",
    params(("id" = String, Path, description = "The key")),
    responses((status = 204, description = "Removed"), (status = 404, description = "No such key of one's own"))
)]
pub async fn remove_key(
    State(state): State<HttpState>,
    caller: Caller,
    Path(id): Path<ApiKeyId>,
) -> Answer<StatusCode> {
    state.store.people().delete_key(caller.user.id, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
