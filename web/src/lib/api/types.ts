// The types of the HTTP API, by the names that the pages use. They come from schema.gen.ts, which is generated from the
// server's own document: a field that the server drops or renames fails `npm run check`.

import type { components, operations } from './schema.gen';

type Schemas = components['schemas'];

export type Role = Schemas['Role'];
export type Me = Schemas['Me'];
export type Status = Schemas['Status'];
/** Why the server cannot store data. */
export type StorageTrouble = Schemas['Storage'];
export type LibraryCounts = Schemas['Library'];

export type TrackState = Schemas['TrackState'];
export type Track = Schemas['Track'];
/** The answer to `POST /tracks`: the track, and whether the server already had its bytes. */
export type UploadedTrack = Schemas['UploadedTrack'];
export type CatalogTrack = Schemas['CatalogTrack'];
export type Artist = Schemas['Artist'];
export type Release = Schemas['Release'];
export type ReleaseGain = Schemas['ReleaseGain'];
export interface Page<T> { items: T[]; total: number; offset: number }

export type Loudness = Schemas['Loudness'];
export type Rhythm = Schemas['Rhythm'];
export type Key = Schemas['Key'];
export type Dynamics = Schemas['Dynamics'];
export type Features = Schemas['Features'];
export type Enrichment = Schemas['Enrichment'];
export type Waveform = Schemas['TrackWaveform'];

export type Folder = Schemas['Folder'];
export type AwayFolder = Schemas['AwayFolder'];
export type Task = Schemas['Task'];
export type TaskFailure = Schemas['TaskFailure'];
export type TaskKind = Schemas['TaskKind'];
export type ParkedJob = Schemas['ParkedJob'];
export type ParkedJobs = Schemas['ParkedJobs'];
export type Schedule = Schemas['Schedule'];
export type Setting = Schemas['Setting'];
export type SettingValue = string | number | boolean | string[] | null;
export type TaskState = Schemas['TaskState'];
/** What `GET /events` sends as `event: task`. */
export type TaskEvent = Schemas['TaskEvent'];
export type User = Schemas['User'];
export type ApiKey = Schemas['ApiKey'];
export type NewApiKey = Schemas['NewApiKey'];
export type ProblemDocument = Partial<Schemas['Problem']>;

export type Quality = Schemas['Quality'];
export type CacheStatus = Schemas['CacheStatus'];
/** The tracks of a cache run: the server accepts exactly one of the fields. */
export type CacheScope = OneOf<Schemas['CacheScope']>;
type OneOf<T> = { [Name in keyof T]: { [Only in Name]: NonNullable<T[Name]> } }[keyof T];
export type CacheRequest = Omit<Schemas['CacheRequest'], 'scope'> & { scope: CacheScope };
export type CacheVerified = Schemas['CacheVerified'];
/** Fields of a body that have a default are optional. */
export type CacheClearing = Partial<Schemas['CacheClearing']>;
export type CacheCleared = Schemas['CacheCleared'];
export type CacheExplanation = Schemas['CacheExplanation'];

/** A page of the files in the data folder that belong to no track. */
export type Quarantine = Schemas['Quarantine'];
export type QuarantinedFile = Schemas['QuarantinedFile'];
export type DeletedFiles = Schemas['DeletedFiles'];

export type Mixtape = Schemas['Mixtape'];
export type MixtapeWithTracks = Schemas['MixtapeWithTracks'];
/** An entry whose track was deleted keeps its place. */
export type MixtapeEntry = Schemas['MixtapeEntry'];
export type NewMixtape = Schemas['NewMixtapeRequest'];
export type MixtapeChange = Schemas['MixtapeChangeRequest'];
export type ImportedMixtape = Schemas['ImportedMixtape'];
export type Share = Schemas['Share'];
/** Only the answer to its creation has the token and the QR code. */
export type NewShare = Schemas['NewShare'];
export type ShareWish = Schemas['NewShareRequest'];
export type SharedMixtape = Schemas['SharedMixtape'];
export type ShareOpening = Schemas['OpenShareRequest'];

/** The query parameters of the track list, without the page. */
export type TrackQuery = Omit<NonNullable<operations['tracks']['parameters']['query']>, 'offset' | 'limit'>;
export type CatalogQuery = Omit<NonNullable<operations['catalog']['parameters']['query']>, 'offset' | 'limit'>;
/** The sort orders of lists on pages; random order is for the player. */
export type TrackSort = Exclude<NonNullable<TrackQuery['sort']>, 'shuffled'>;
export type Order = NonNullable<TrackQuery['order']>;
