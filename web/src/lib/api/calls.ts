// Every call that the pages make, by name. Routes: GET /api/v1/openapi.json.

import { address, get, patch, timeout, post, put, remove } from './client';
import type {
  ApiKey, Artist, CacheCleared, CacheClearing, CacheExplanation, CacheRequest, CacheStatus, CacheVerified, CatalogQuery, CatalogTrack, DeletedFiles, Features, Folder, ImportedMixtape,
  LibraryCounts, Me, Mixtape, MixtapeChange, MixtapeWithTracks, NewApiKey, NewMixtape, NewShare, Page, Quality, Quarantine, QuarantinedFile, Release, ReleaseGain, Role, Schedule, Setting, SettingValue, Share, ShareWish,
  ParkedJobs, Status, Task, Track, TrackQuery, UploadedTrack, User, Waveform,
} from './types';

const id = encodeURIComponent;
/** A list that is always short. */
const list = async <T>(path: string): Promise<T[]> => (await get<{ items: T[] }>(path)).items;

export const status = () => get<Status>('/status', {}, timeout());
export const me = () => get<Me>('/me');
export const setup = (token: string, name: string, password: string) => post<Me>('/setup', { token, name, password });
export const login = (name: string, password: string) => post<Me>('/login', { name, password });
export const logout = () => post<void>('/logout', undefined, timeout());
export const changePassword = (current_password: string, new_password: string, revoke_keys: boolean) =>
  post<void>('/me/password', { current_password, new_password, revoke_keys });

export const library = (signal?: AbortSignal) => get<LibraryCounts>('/library', {}, signal);
export const tracks = (query: TrackQuery, offset: number, limit: number, signal?: AbortSignal) =>
  get<Page<Track>>('/tracks', { ...query, offset, limit }, signal);
export const track = (trackId: string) => get<Track>(`/tracks/${id(trackId)}`);
export const features = (trackId: string) => get<Features>(`/tracks/${id(trackId)}/features`);
export const waveform = (trackId: string) => get<Waveform>(`/tracks/${id(trackId)}/waveform/columns`);
export const retryTrack = (trackId: string) => post<Track>(`/tracks/${id(trackId)}/retry`);
export const publishTrack = (trackId: string, open: boolean) => patch<Track>(`/tracks/${id(trackId)}`, { state: open ? 'published' : 'ready' });
export const deleteTrack = (trackId: string) => remove(`/tracks/${id(trackId)}`);
export const catalog = (query: CatalogQuery, offset: number, limit: number, signal?: AbortSignal) =>
  get<Page<CatalogTrack>>('/catalog', { ...query, offset, limit }, signal);
export const artists = (search: string, offset: number, limit: number, signal?: AbortSignal) =>
  get<Page<Artist>>('/artists', { search, offset, limit }, signal);
export const artist = (artistId: string) => get<Artist>(`/artists/${id(artistId)}`);
export const releases = (
  query: { search?: string; artist?: string }, offset: number, limit: number, signal?: AbortSignal,
) => get<Page<Release>>('/releases', { ...query, offset, limit }, signal);
export const release = (releaseId: string) => get<Release>(`/releases/${id(releaseId)}`);
export const releaseGain = (releaseId: string) => get<ReleaseGain>(`/releases/${id(releaseId)}/gain`);

export const folders = () => list<Folder>('/folders');
export const addFolder = (path: string) => post<Folder>('/folders', { path });
export const removeFolder = (folderId: string) => remove(`/folders/${id(folderId)}`);
/** Permanently removes the missing tracks of a library folder, below that path in it; all of them with an empty path. */
export const removeMissing = (folderId: string, below: string) => remove(`/folders/${id(folderId)}/missing${below ? `?below=${encodeURIComponent(below)}` : ''}`);
export const scan = () => post<Task>('/scan');
/** Reads every file and compares its bytes. */
export const scanInFull = () => post<Task>('/scan?full=true');
export const tasks = () => list<Task>('/tasks');
export const task = (taskId: string) => get<Task>(`/tasks/${id(taskId)}`);
export const cancelTask = (taskId: string) => post<Task>(`/tasks/${id(taskId)}/cancel`);
export const retryTask = (taskId: string) => post<Task>(`/tasks/${id(taskId)}/retry`);

export const parkedJobs = (limit: number, cursor?: string) => get<ParkedJobs>('/jobs/parked', { limit, cursor });
export const retryParked = (jobId: string) => post<void>(`/jobs/parked/${id(jobId)}/retry`);
export const retryAllParked = () => post<void>('/jobs/parked/retry');
/** Removes the job; its track does not change. */
export const discardParked = (jobId: string) => remove(`/jobs/parked/${id(jobId)}`);

export const schedule = () => get<Schedule>('/tasks/schedule');
/** Starts a nightly run now; returns the running one if there is one. */
export const runSchedule = () => post<Task>('/tasks/schedule/run');
export const settings = () => list<Setting>('/settings');
export const changeSettings = async (values: Record<string, SettingValue>): Promise<Setting[]> =>
  (await patch<{ items: Setting[] }>('/settings', { values })).items;

export const cache = () => get<CacheStatus>('/cache');
export const warmCache = (run: CacheRequest) => post<Task>('/cache/warm', run);
export const refreshCache = (run: CacheRequest) => post<Task>('/cache/refresh', run);
export const verifyCache = (run: CacheRequest) => post<CacheVerified>('/cache/verify', run);
export const clearCache = (which: CacheClearing) => post<CacheCleared>('/cache/clear', which);
export const explainCache = (trackId: string) => get<CacheExplanation>(`/cache/explain/${id(trackId)}`);

export const quarantine = (offset: number, limit: number) => get<Quarantine>('/quarantine', { offset, limit });
export const emptyQuarantine = () => remove<DeletedFiles>('/quarantine');
export const deleteQuarantined = (kind: QuarantinedFile['kind'], name: string) => remove(`/quarantine/${kind}/${id(name)}`);
export const restoreUpload = (name: string) => post<UploadedTrack>(`/quarantine/upload/${id(name)}/restore`);

const tape = (slug: string): string => `/mixtapes/${id(slug)}`;
export const mixtapes = (offset: number, limit: number, signal?: AbortSignal) => get<Page<Mixtape>>('/mixtapes', { offset, limit }, signal);
export const mixtape = (slug: string) => get<MixtapeWithTracks>(tape(slug), {}, timeout());
export const addMixtape = (made: NewMixtape) => post<MixtapeWithTracks>('/mixtapes', made);
export const changeMixtape = (slug: string, change: MixtapeChange) => patch<MixtapeWithTracks>(tape(slug), change, timeout());
export const removeMixtape = (slug: string) => remove(tape(slug));
export const duplicateMixtape = (slug: string) => post<MixtapeWithTracks>(`${tape(slug)}/duplicate`);
export const coverMixtape = (slug: string, picture: Blob) => put<void>(`${tape(slug)}/cover`, picture);
export const uncoverMixtape = (slug: string) => remove(`${tape(slug)}/cover`);
export const importMixtape = (list: Blob) => post<ImportedMixtape>('/mixtapes/import', list);
/** Transcodes a mixtape ahead in the qualities that the server sets for mixtapes: for the user who made it. Owners use `warmCache`. */
export const warmMixtape = (slug: string) => post<Task>(`${tape(slug)}/cache`);
export const shares = (slug: string) => list<Share>(`${tape(slug)}/shares`);
export const addShare = (slug: string, wanted: ShareWish) => post<NewShare>(`${tape(slug)}/shares`, wanted);
export const removeShare = (slug: string, shareId: string) => remove(`${tape(slug)}/shares/${id(shareId)}`);

export const users = () => list<User>('/users');
export const addUser = (name: string, password: string, role: Role) => post<User>('/users', { name, password, role });
export const removeUser = (userId: string) => remove(`/users/${id(userId)}`);
export const keys = () => list<ApiKey>('/keys');
export const addKey = (name: string) => post<NewApiKey>('/keys', { name });
export const removeKey = (keyId: string) => remove(`/keys/${id(keyId)}`);

/** The audio of a track; without a quality, in the server's default quality. */
export const audioAddress = (trackId: string, quality?: Quality) => address(`/tracks/${id(trackId)}/audio`, { quality });
export const m3u8Address = (slug: string) => address(`${tape(slug)}/m3u8`);
export const hlsAddress = (trackId: string) => address(`/tracks/${id(trackId)}/hls/index.m3u8`);
export const trackCoverAddress = (trackId: string) => address(`/tracks/${id(trackId)}/cover`);
export const releaseCoverAddress = (releaseId: string) => address(`/releases/${id(releaseId)}/cover`);
/** Events after that one, if it is named. */
export const eventsAddress = (after: string | null) => address('/events', { after: after ?? undefined });
