//! What is set, and changing it on the page.

use axum::extract::State;
use fanfare_model::ErrorKind;

use crate::http::{
    applied,
    caller::Caller,
    clock,
    dto::{
        ListDto,
        settings::{SettingDto, SettingsChangeRequest},
    },
    extract::Json,
    problem::{Answer, Problem},
    state::HttpState,
};

/// The most settings of one change.
const MOST_CHANGES: usize = 100;

/// Every setting: its value, who decides it, and whether it can be changed while the server runs.
#[utoipa::path(
    get,
    path = "/api/v1/settings",
    tag = "settings",
    responses((status = 200, body = ListDto<SettingDto>))
)]
pub async fn settings(State(state): State<HttpState>) -> axum::Json<ListDto<SettingDto>> {
    axum::Json(ListDto::of(state.live_settings.rows()))
}

/// Changes settings, all or none, at once. They win over the settings file and lose to environment and flags.
#[utoipa::path(
    patch,
    path = "/api/v1/settings",
    tag = "settings",
    request_body = SettingsChangeRequest,
    responses(
        (status = 200, description = "Every setting as it is now", body = ListDto<SettingDto>),
        (status = 400, description = "An unknown name or a value that does not fit; none is changed"),
        (status = 409, description = "One is decided elsewhere or read only at the start; none is changed"),
    )
)]
pub async fn change_settings(
    State(state): State<HttpState>,
    caller: Caller,
    Json(body): Json<SettingsChangeRequest>,
) -> Answer<axum::Json<ListDto<SettingDto>>> {
    if body.values.len() > MOST_CHANGES {
        let message = format!("one change has at most {MOST_CHANGES} settings");
        return Err(Problem::new(ErrorKind::Invalid, message));
    }
    let turn = state.live_settings.turn().await?;
    let page = state.live_settings.changed(&body.values)?;
    // Refused before anything is stored, should ingest and the list ever differ.
    applied::to(&state.ingest, &state.live_settings.with(&page))?;
    if let Err(error) = state.store.catalog().change_settings(&body.values, clock::now()).await {
        applied::to(&state.ingest, &state.live_settings.current())?;
        return Err(error.into());
    }
    state.live_settings.take(page);
    drop(turn);
    let names: Vec<&String> = body.values.keys().collect();
    tracing::info!(user = %caller.user.id, ?names, "settings were changed");
    Ok(settings(State(state)).await)
}
