//! The transcode cache: its state, making files ahead, removing them, and why a file is as it is.

use axum::extract::State;
use fanfare_delivery::Examiner;
use fanfare_ingest::{WarmOptions, WarmScope, Which};
use fanfare_model::{ErrorKind, Profile, Quality, Role, Slug, TaskId, TrackId, TranscodeCodec};
use fanfare_store::{Look, TrackQuery};
use http::StatusCode;

use super::{mixtapes, tasks};
use crate::http::{
    caller::Caller,
    clock::{now, rfc3339},
    dto::{
        cache::{
            CacheQualityDto, CacheRequestDto, CacheStatusDto, ClearDto, ClearedDto, EncoderDto,
            ExplainedSourceDto, ExplanationDto, ScopeDto, VerifiedDto,
        },
        page::MAX_SEARCH,
        task::TaskDto,
    },
    extract::{Json, Path},
    problem::{Answer, Problem},
    state::HttpState,
};

/// Tracks that are shown one by one.
const SHOWN: usize = 500;
/// The most tracks that a request may name.
const MAX_NAMED: usize = 10_000;
/// Tracks at a time, at most.
const MAX_WORKERS: usize = 64;
const DAY_MS: i64 = 86_400_000;

/// How the cache stands.
#[utoipa::path(get, path = "/api/v1/cache", tag = "cache", responses((status = 200, body = CacheStatusDto)))]
pub async fn cache(State(state): State<HttpState>, caller: Caller) -> Answer<axum::Json<CacheStatusDto>> {
    let options = state.ingest.cache();
    let catalog = state.store.catalog();
    let counts = catalog.cached_counts().await?;
    let all = catalog.transcode_counts().await?;
    let bytes: u64 = counts.iter().map(|count| count.bytes).sum();
    let (hits, misses) = state.delivery.hits_and_misses();
    let kept = all.bytes.saturating_sub(all.pinned_bytes);
    let oldest = counts.iter().filter_map(|count| count.oldest).min();
    let quality = |quality: &Quality| {
        let count = counts.iter().find(|count| count.quality == *quality);
        CacheQualityDto {
            quality: (*quality).into(),
            bitrate_bps: Profile::of(*quality, options.codec).map_or(0, Profile::bitrate_bps),
            files: count.map_or(0, |count| count.files),
            bytes: count.map_or(0, |count| count.bytes),
        }
    };
    Ok(axum::Json(CacheStatusDto {
        enabled: options.enabled,
        folder: (caller.role() == Role::Owner).then(|| catalog.cache().root().display().to_string()),
        codec: options.codec.as_str().to_owned(),
        default_quality: options.default_quality.into(),
        on_miss: if options.encode_on_miss { "encode" } else { "original" }.to_owned(),
        precache_on_upload: options.precache,
        cap_bytes: options.cap_bytes,
        size_bytes: kept,
        free_bytes: free_bytes(&state).await,
        hls_bytes: kept.saturating_sub(bytes),
        files: counts.iter().map(|count| count.files).sum(),
        hits,
        misses,
        encoding: state.delivery.listened_to() as u64,
        oldest_used: oldest.map(rfc3339),
        qualities: Quality::TRANSCODED.iter().map(quality).collect(),
        max_workers: options.workers as u64,
        encoder: encoder(&state, options.codec).await,
    }))
}

/// How many bytes are free on the disk of the cache folder.
async fn free_bytes(state: &HttpState) -> Option<u64> {
    let cache = state.store.catalog().cache().clone();
    tokio::task::spawn_blocking(move || cache.free_bytes()).await.ok().flatten()
}

/// Whether transcodes of that codec can be made here.
async fn encoder(state: &HttpState, codec: TranscodeCodec) -> EncoderDto {
    let ffmpeg = state.live_settings.current().ffmpeg_use();
    let looked = tokio::task::spawn_blocking(move || EncoderDto::look(codec, &ffmpeg)).await;
    looked.unwrap_or_else(|ended| std::panic::resume_unwind(ended.into_panic()))
}

/// Makes transcodes ahead of time, as a task. Existing files are skipped, unless `overwrite` is true. A run stops when the
/// cap of the cache is reached, and says so.
#[utoipa::path(
    post,
    path = "/api/v1/cache/warm",
    tag = "cache",
    request_body = CacheRequestDto,
    responses(
        (status = 202, description = "The task that shows how far it is", body = TaskDto),
        (status = 404, description = "No such mixtape"),
        (status = 409, description = "The cache is switched off"),
    )
)]
pub async fn warm(
    State(state): State<HttpState>,
    Json(request): Json<CacheRequestDto>,
) -> Answer<(StatusCode, axum::Json<TaskDto>)> {
    let which = if request.overwrite { Which::All } else { Which::Missing };
    run(&state, request, which).await
}

/// Makes transcodes again that are damaged (every byte is read for that), older than their source, or made by an older
/// version, as a task.
#[utoipa::path(
    post,
    path = "/api/v1/cache/refresh",
    tag = "cache",
    request_body = CacheRequestDto,
    responses((status = 202, description = "The task that shows how far it is", body = TaskDto))
)]
pub async fn refresh(
    State(state): State<HttpState>,
    Json(request): Json<CacheRequestDto>,
) -> Answer<(StatusCode, axum::Json<TaskDto>)> {
    if request.overwrite {
        let said = "what is refreshed is what is outdated or damaged; `overwrite` belongs to `/cache/warm`";
        return Err(Problem::new(ErrorKind::Invalid, said));
    }
    run(&state, request, Which::Outdated).await
}

async fn run(
    state: &HttpState,
    request: CacheRequestDto,
    which: Which,
) -> Answer<(StatusCode, axum::Json<TaskDto>)> {
    if request.workers.is_some_and(|workers| !(1..=MAX_WORKERS).contains(&workers)) {
        return Err(Problem::new(ErrorKind::Invalid, format!("workers is a number from 1 to {MAX_WORKERS}")));
    }
    let options = WarmOptions {
        qualities: request.qualities.into_iter().map(Into::into).collect(),
        which,
        workers: request.workers,
    };
    let task = state.ingest.warm(scope(state, request.scope).await?, options).await?;
    accepted(state, task).await
}

/// The answer with a task that was begun.
pub(super) async fn accepted(state: &HttpState, task: TaskId) -> Answer<(StatusCode, axum::Json<TaskDto>)> {
    Ok((StatusCode::ACCEPTED, axum::Json(tasks::find(state, task).await?.into())))
}

/// Looks whether transcodes are there, whole by their checksums, and made of what their sources are now. Every byte is read.
#[utoipa::path(
    post,
    path = "/api/v1/cache/verify",
    tag = "cache",
    request_body = CacheRequestDto,
    responses((status = 200, body = VerifiedDto))
)]
pub async fn verify(
    State(state): State<HttpState>,
    Json(request): Json<CacheRequestDto>,
) -> Answer<axum::Json<VerifiedDto>> {
    let qualities: Vec<Quality> = request.qualities.into_iter().map(Into::into).collect();
    let scope = scope(&state, request.scope).await?;
    Ok(axum::Json(verified(&state, scope, &qualities, Look::Bytes).await?))
}

/// What there is of those tracks; of the qualities of the settings when none are named.
pub(super) async fn verified(
    state: &HttpState,
    scope: WarmScope,
    qualities: &[Quality],
    look: Look,
) -> Answer<VerifiedDto> {
    let options = state.ingest.cache();
    let qualities = if qualities.is_empty() { &options.precache_qualities } else { qualities };
    let mut found = VerifiedDto::default();
    let ffmpeg = state.live_settings.current().ffmpeg_use();
    let examiner = Examiner::new(&state.store, &options, &ffmpeg, look).await;
    let mut pages = scope.pages(&state.store);
    while let Some(rows) = pages.next().await? {
        for row in rows {
            let explained = examiner.track(&row, qualities).await?;
            found.take(&row.track, &explained, SHOWN);
        }
    }
    Ok(found)
}

/// Removes transcodes: all, or only old ones, those of a quality, or those of some tracks. A listener who plays one hears
/// it to its end.
#[utoipa::path(
    post,
    path = "/api/v1/cache/clear",
    tag = "cache",
    request_body = ClearDto,
    responses((status = 200, body = ClearedDto))
)]
pub async fn clear(
    State(state): State<HttpState>,
    Json(request): Json<ClearDto>,
) -> Answer<axum::Json<ClearedDto>> {
    let before = request.older_than_days.map(|days| now().plus_ms(-i64::from(days) * DAY_MS));
    let quality = request.quality.map(Quality::from);
    if quality == Some(Quality::Original) {
        return Err(Problem::new(ErrorKind::Invalid, "originals are not in the cache"));
    }
    let catalog = state.store.catalog();
    let (mut removed, mut bytes) = (0, 0);
    match request.scope {
        None => (removed, bytes) = catalog.clear_cached(before, quality, None).await?,
        Some(of) => {
            let mut pages = scope(&state, of).await?.pages(&state.store);
            while let Some(rows) = pages.next().await? {
                let tracks: Vec<TrackId> = rows.iter().map(|row| row.track.id).collect();
                let cleared = catalog.clear_cached(before, quality, Some(&tracks)).await?;
                (removed, bytes) = (removed + cleared.0, bytes + cleared.1);
            }
        }
    }
    Ok(axum::Json(ClearedDto { removed, bytes }))
}

/// Which files the cache should have of a track, which it has, and why.
#[utoipa::path(
    get,
    path = "/api/v1/cache/explain/{track}",
    tag = "cache",
    params(("track" = String, Path, description = "The track")),
    responses((status = 200, body = ExplanationDto), (status = 404, description = "No such track"))
)]
pub async fn explain(
    State(state): State<HttpState>,
    Path(id): Path<TrackId>,
) -> Answer<axum::Json<ExplanationDto>> {
    let row = super::tracks::find(&state, id).await?;
    let options = state.ingest.cache();
    let ffmpeg = state.live_settings.current().ffmpeg_use();
    let explained = state.delivery.explain(&row, &options, &ffmpeg).await?;
    let audio = row.track.audio.as_ref();
    Ok(axum::Json(ExplanationDto {
        track: id.to_string(),
        source: ExplainedSourceDto {
            codec: audio.map(|audio| audio.codec.clone()),
            lossless: audio.map(|audio| audio.is_lossless()),
            hash: row.track.hash.map(|hash| hash.to_string()),
            size_bytes: row.track.size_bytes,
        },
        title: row.track.title,
        qualities: explained.into_iter().map(Into::into).collect(),
    }))
}

/// Whether the tracks of a mixtape are ready, in the qualities that saved mixtapes are made ready in.
#[utoipa::path(
    get,
    path = "/api/v1/mixtapes/{slug}/cache",
    tag = "mixtapes",
    params(("slug" = String, Path, description = "The mixtape")),
    responses((status = 200, body = VerifiedDto), (status = 404, description = "No such mixtape"))
)]
pub async fn mixtape_cache(
    State(state): State<HttpState>,
    Path(slug): Path<Slug>,
) -> Answer<axum::Json<VerifiedDto>> {
    let mixtape = mixtapes::find(&state, &slug).await?;
    let tracks = state.store.catalog().mixtape_tracks(mixtape.id).await?;
    Ok(axum::Json(verified(&state, WarmScope::Tracks(tracks), &[], Look::Size).await?))
}

/// Makes the tracks of a mixtape ready, as a task. For who made it, and owners.
#[utoipa::path(
    post,
    path = "/api/v1/mixtapes/{slug}/cache",
    tag = "mixtapes",
    params(("slug" = String, Path, description = "The mixtape")),
    responses(
        (status = 202, description = "The task that shows how far it is", body = TaskDto),
        (status = 404, description = "No such mixtape"),
        (status = 409, description = "The cache is switched off"),
    )
)]
pub async fn warm_mixtape(
    State(state): State<HttpState>,
    caller: Caller,
    Path(slug): Path<Slug>,
) -> Answer<(StatusCode, axum::Json<TaskDto>)> {
    let mixtape = mixtapes::changeable(&state, &caller, &slug).await?;
    let tracks = state.store.catalog().mixtape_tracks(mixtape.id).await?;
    let options = WarmOptions { qualities: Vec::new(), which: Which::Missing, workers: None };
    let task = state.ingest.warm(WarmScope::Tracks(tracks), options).await?;
    accepted(&state, task).await
}

/// The tracks that a request means.
async fn scope(state: &HttpState, scope: ScopeDto) -> Answer<WarmScope> {
    let one = Problem::new(
        ErrorKind::Invalid,
        "the scope is exactly one of tracks, release, artist, mixtape, search, all",
    );
    let query = |query| Ok(WarmScope::Query(query));
    let id = || Problem::new(ErrorKind::Invalid, "this is no id").remedy("an id has 32 hexadecimal digits");
    match scope {
        ScopeDto {
            tracks: Some(tracks),
            release: None,
            artist: None,
            mixtape: None,
            search: None,
            all: None,
        } => {
            if tracks.len() > MAX_NAMED {
                return Err(Problem::new(
                    ErrorKind::Invalid,
                    format!("at most {MAX_NAMED} tracks at a time"),
                ));
            }
            let tracks =
                tracks.iter().map(|text| text.parse().map_err(|_| id())).collect::<Result<_, _>>()?;
            Ok(WarmScope::Tracks(tracks))
        }
        ScopeDto {
            tracks: None,
            release: Some(release),
            artist: None,
            mixtape: None,
            search: None,
            all: None,
        } => query(TrackQuery { release: Some(release.parse().map_err(|_| id())?), ..TrackQuery::default() }),
        ScopeDto {
            tracks: None,
            release: None,
            artist: Some(artist),
            mixtape: None,
            search: None,
            all: None,
        } => query(TrackQuery { artist: Some(artist.parse().map_err(|_| id())?), ..TrackQuery::default() }),
        ScopeDto {
            tracks: None,
            release: None,
            artist: None,
            mixtape: Some(slug),
            search: None,
            all: None,
        } => {
            let slug: Slug = slug.parse().map_err(|_| Problem::not_found("mixtape"))?;
            let mixtape = mixtapes::find(state, &slug).await?;
            Ok(WarmScope::Tracks(state.store.catalog().mixtape_tracks(mixtape.id).await?))
        }
        ScopeDto {
            tracks: None,
            release: None,
            artist: None,
            mixtape: None,
            search: Some(text),
            all: None,
        } if text.chars().count() <= MAX_SEARCH => {
            query(TrackQuery { search: Some(text), ..TrackQuery::default() })
        }
        ScopeDto {
            tracks: None,
            release: None,
            artist: None,
            mixtape: None,
            search: None,
            all: Some(true),
        } => query(TrackQuery::default()),
        _ => Err(one),
    }
}
