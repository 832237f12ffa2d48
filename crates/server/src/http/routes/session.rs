//! Signing in and out, and the first owner.

use std::time::Instant;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use fanfare_model::{Error, ErrorKind, User};
use http::{StatusCode, header};

use crate::http::{
    caller::{self, Caller, Proof, SESSION_DAYS},
    clock,
    dto::people::{LoginRequest, MeDto, PasswordRequest, SetupRequest},
    extract::{Json, Peer},
    problem::{Answer, Problem},
    secret,
    state::HttpState,
    token,
};

/// The longest name of a person or a key, in characters.
const LONGEST_NAME: usize = 64;

/// A name, trimmed: 1 to 64 characters, none of them a control character.
pub fn checked_name(name: &str) -> Answer<&str> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
        let message = format!("a name has 1 to {LONGEST_NAME} characters and no control characters");
        return Err(Problem::new(ErrorKind::Invalid, message));
    }
    Ok(name)
}

/// Creates the owner with the token of the one-time link, and signs them in.
#[utoipa::path(
    post,
    path = "/api/v1/setup",
    tag = "session",
    request_body = SetupRequest,
    responses(
        (status = 201, description = "The owner exists and is signed in", body = MeDto),
        (status = 403, description = "The token is wrong"),
        (status = 409, description = "There is an owner already"),
    )
)]
pub async fn setup(State(state): State<HttpState>, Json(body): Json<SetupRequest>) -> Answer<Response> {
    let people = state.store.people();
    if people.owner_exists().await? {
        return Err(Problem::new(ErrorKind::Conflict, "there is an owner already").remedy("sign in"));
    }
    if !token::is_right(&state.store, &body.token).await? {
        return Err(Problem::new(ErrorKind::Forbidden, "the link is not valid")
            .remedy("open the link that the server printed last; every start prints a new one"));
    }
    let name = checked_name(&body.name)?;
    let hash = state.passwords.hash(&body.password).await?;
    let owner = people.create_first_owner(name, &hash, clock::now()).await?;
    tracing::info!(user = %owner.id, "the owner was created");
    signed_in(&state, owner, StatusCode::CREATED).await
}

/// Signs in by name and password.
#[utoipa::path(
    post,
    path = "/api/v1/login",
    tag = "session",
    request_body = LoginRequest,
    responses(
        (status = 200, description = "Signed in by cookie", body = MeDto),
        (status = 401, description = "Name or password is wrong"),
        (status = 429, description = "Too many failures; Retry-After says how long to wait"),
    )
)]
pub async fn login(
    State(state): State<HttpState>,
    peer: Peer,
    Json(body): Json<LoginRequest>,
) -> Answer<Response> {
    let attempt = state.throttle.begin(peer.0.ip(), &body.name, Instant::now()).map_err(too_many)?;
    let found = state.store.people().credentials(&body.name).await?;
    let (user, hash) = found.unzip();
    let right = state.passwords.verify(&body.password, hash.as_deref()).await?;
    match user {
        Some(user) if right => {
            attempt.succeeded();
            signed_in(&state, user, StatusCode::OK).await
        }
        _ => {
            tracing::warn!(address = %peer.0.ip(), "a log-in failed");
            Err(Problem::new(ErrorKind::Unauthorized, "name or password is wrong"))
        }
    }
}

pub(super) fn too_many(wait: std::time::Duration) -> Problem {
    Problem::new(ErrorKind::TooMany, "too many failed log-ins")
        .remedy("wait a minute, then try again")
        .retry_after(wait.as_secs() + 1)
}

/// Ends the session. (With an API key there is none: nothing happens.)
#[utoipa::path(
    post,
    path = "/api/v1/logout",
    tag = "session",
    responses((status = 204, description = "The session is over"))
)]
pub async fn logout(State(state): State<HttpState>, caller: Caller) -> Answer<Response> {
    if let Proof::Cookie(session) = caller.proof {
        state.store.people().delete_session(session).await?;
    }
    let cookie = caller::set_cookie(None, state.settings.is_https());
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response())
}

/// Who is signed in.
#[utoipa::path(get, path = "/api/v1/me", tag = "session", responses((status = 200, body = MeDto)))]
pub async fn me(State(state): State<HttpState>, caller: Caller) -> axum::Json<MeDto> {
    axum::Json(MeDto::new(caller.user, &state.desk.current().upload))
}

/// Changes one's own password. Every other session ends: somebody else may have signed in with the old one.
#[utoipa::path(
    post,
    path = "/api/v1/me/password",
    tag = "session",
    request_body = PasswordRequest,
    responses(
        (status = 204, description = "The password is changed"),
        (status = 403, description = "The present password is wrong"),
        (status = 429, description = "Too many failures; Retry-After says how long to wait"),
    )
)]
pub async fn change_password(
    State(state): State<HttpState>,
    peer: Peer,
    caller: Caller,
    Json(body): Json<PasswordRequest>,
) -> Answer<StatusCode> {
    let people = state.store.people();
    let attempt = state.throttle.begin(peer.0.ip(), &caller.user.name, Instant::now()).map_err(too_many)?;
    let stored = people.credentials(&caller.user.name).await?.map(|(_, hash)| hash);
    if !state.passwords.verify(&body.current_password, stored.as_deref()).await? {
        return Err(Problem::new(ErrorKind::Forbidden, "the present password is wrong"));
    }
    attempt.succeeded();
    let hash = state.passwords.hash(&body.new_password).await?;
    people.set_password(caller.user.id, &hash).await?;
    let kept = match caller.proof {
        Proof::Cookie(session) => Some(session),
        Proof::Key => None,
    };
    people.delete_sessions(caller.user.id, kept).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn signed_in(state: &HttpState, user: User, status: StatusCode) -> Answer<Response> {
    let cookie = new_session(state, &user).await?;
    Ok((status, [(header::SET_COOKIE, cookie)], axum::Json(MeDto::new(user, &state.desk.current().upload)))
        .into_response())
}

/// Starts a session; gives the cookie.
async fn new_session(state: &HttpState, user: &User) -> Result<String, Error> {
    let session = secret::fresh("")?;
    let now = clock::now();
    if let Some(hash) = secret::hash(&session) {
        let expires = now.plus_ms(SESSION_DAYS * 86_400_000);
        state.store.people().create_session(user.id, hash, expires, now).await?;
    }
    Ok(caller::set_cookie(Some(&session), state.settings.is_https()))
}
