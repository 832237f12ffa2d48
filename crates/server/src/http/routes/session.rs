//! Signing in and out, and the first owner.

use std::time::Duration;

use axum::{
    extract::State,
    response::{AppendHeaders, IntoResponse, Response},
};
use fanfare_model::{Error, ErrorKind, User};
use fanfare_store::Keep;
use http::{HeaderMap, StatusCode, header};

use crate::http::{
    caller::{self, Caller, Proof, SESSION_DAYS},
    clock, device,
    dto::people::{LoginRequest, MeDto, PasswordRequest, SetupRequest},
    extract::{Json, Peer},
    problem::{Answer, Problem},
    secret,
    state::HttpState,
    throttle::Guess,
    token,
};

/// The name under which wrong tokens of the one-time link are counted. No user's name has a line break.
const SETUP: &str = "setup\n";
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
        (status = 429, description = "Too many wrong tokens; Retry-After says how long to wait"),
        (status = 409, description = "There is an owner already"),
    )
)]
pub async fn setup(
    State(state): State<HttpState>,
    peer: Peer,
    Json(body): Json<SetupRequest>,
) -> Answer<Response> {
    let people = state.store.people();
    if people.owner_exists().await? {
        return Err(Problem::new(ErrorKind::Conflict, "there is an owner already").remedy("sign in"));
    }
    if !token::is_right(&state.store, &body.token).await? {
        // A right token always passes: it cannot be guessed, and strangers must not keep the owner out.
        state.throttle.begin(Guess::of_name(peer.0.ip(), SETUP)).await.map_err(too_many)?.failed();
        return Err(Problem::new(ErrorKind::Forbidden, "the link is not valid")
            .remedy("open the link that the server printed last; every start prints a new one"));
    }
    let name = checked_name(&body.name)?;
    let hash = state.passwords.hash(&body.password).await?;
    let owner = people.create_first_owner(name, &hash, clock::now()).await?;
    tracing::info!(user = %owner.id, "the owner was created");
    signed_in(&state, owner, &hash, StatusCode::CREATED).await
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
    headers: HeaderMap,
    Json(body): Json<LoginRequest>,
) -> Answer<Response> {
    let found = state.store.people().credentials(&body.name).await?;
    let known = found.as_ref().and_then(|(user, hash)| device::known(&headers, user.id, hash));
    let guess = match known {
        Some(device) => Guess::of_known(&device),
        None => Guess::of_name(peer.0.ip(), &body.name),
    };
    let attempt = state.throttle.begin(guess).await.map_err(too_many)?;
    let right = state.passwords.verify(&body.password, found.as_ref().map(|(_, hash)| hash.as_str())).await?;
    match found {
        Some((user, hash)) if right => {
            attempt.succeeded();
            signed_in(&state, user, &hash, StatusCode::OK).await
        }
        _ => {
            attempt.failed();
            tracing::warn!(address = %peer.0.ip(), "a log-in failed");
            Err(Problem::new(ErrorKind::Unauthorized, "name or password is wrong"))
        }
    }
}

/// Wrong passwords came too often. The rule is in SECURITY.md.
pub(super) fn too_many(wait: Duration) -> Problem {
    let seconds = wait.as_secs() + 1;
    let when = if seconds < 60 { format!("{seconds} s") } else { format!("{} min", seconds.div_ceil(60)) };
    Problem::new(ErrorKind::TooMany, "too many wrong passwords")
        .remedy(format!("try again in {when}"))
        .retry_after(seconds)
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
        if state.unstored.end(session) {
            // It is remembered as the caller's for a second.
            state.store.note_rights_changed();
        } else {
            state.store.people().delete_session(session).await?;
        }
    }
    let cookie = caller::set_cookie(None, state.settings.is_https());
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response())
}

/// Who is signed in.
#[utoipa::path(get, path = "/api/v1/me", tag = "session", responses((status = 200, body = MeDto)))]
pub async fn me(State(state): State<HttpState>, caller: Caller) -> axum::Json<MeDto> {
    axum::Json(MeDto::new(caller.user, &state.live_settings.current().upload))
}

/// Changes one's own password. Every other session ends: somebody else may have signed in with the old one. API keys go
/// on working, unless `revoke_keys` says that they end too.
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
    caller: Caller,
    Json(body): Json<PasswordRequest>,
) -> Answer<StatusCode> {
    let people = state.store.people();
    // Who changes it is signed in already: only their own failures count, and nobody else's.
    let guess = Guess::of_known(&format!("change {}", caller.user.id));
    let attempt = state.throttle.begin(guess).await.map_err(too_many)?;
    let stored = people.credentials(&caller.user.name).await?.map(|(_, hash)| hash);
    if !state.passwords.verify(&body.current_password, stored.as_deref()).await? {
        attempt.failed();
        return Err(Problem::new(ErrorKind::Forbidden, "the present password is wrong"));
    }
    attempt.succeeded();
    let hash = state.passwords.hash(&body.new_password).await?;
    let session = match caller.proof {
        Proof::Cookie(session) => Some(session),
        Proof::Key(_) => None,
    };
    let keep = Keep { session, keys: !body.revoke_keys };
    let ended = people.change_password(caller.user.id, &hash, keep).await?;
    if let Some(session) = session {
        // One that could not be stored is valid with the password alone that it was made with.
        state.unstored.renew(session, &hash);
    }
    tracing::info!(user = %caller.user.id, sessions = ended.sessions, keys = ended.keys, "a password was changed");
    Ok(StatusCode::NO_CONTENT)
}

async fn signed_in(
    state: &HttpState,
    user: User,
    password_hash: &str,
    status: StatusCode,
) -> Answer<Response> {
    let session = new_session(state, &user, password_hash).await?;
    let device = device::set_cookie(user.id, password_hash, state.settings.is_https())?;
    let cookies = AppendHeaders([(header::SET_COOKIE, session), (header::SET_COOKIE, device)]);
    Ok((status, cookies, axum::Json(MeDto::new(user, &state.live_settings.current().upload))).into_response())
}

/// Starts a session; gives the cookie. While nothing can be stored it is kept in memory, so that people can sign in and listen.
async fn new_session(state: &HttpState, user: &User, password_hash: &str) -> Result<String, Error> {
    let session = secret::fresh("")?;
    let now = clock::now();
    if let Some(hash) = secret::hash(&session) {
        let expires = now.plus_ms(SESSION_DAYS * 86_400_000);
        match state.store.people().create_session(user.id, hash, expires, now).await {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::NoSpace || state.store.only_reads().is_some() => {
                tracing::warn!(%error, user = %user.id, "a session could not be stored and is kept in memory");
                state.unstored.keep(hash, user, password_hash);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(caller::set_cookie(Some(&session), state.settings.is_https()))
}
