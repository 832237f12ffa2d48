// All calls that a guest may make.

import { address, get, timeout, post } from '../api/client';
import type { SharedMixtape, ShareOpening, Waveform } from '../api/types';

const id = encodeURIComponent;
export const open = (token: string, password: string | null) => post<SharedMixtape>('/shared/open', { token, password } satisfies ShareOpening, timeout());
export const audioAddress = (trackId: string) => address(`/shared/tracks/${id(trackId)}/audio`);
export const downloadAddress = (trackId: string) => address(`/shared/tracks/${id(trackId)}/audio`, { download: 1 });
export const trackCoverAddress = (trackId: string) => address(`/shared/tracks/${id(trackId)}/cover`);
export const waveform = (trackId: string) => get<Waveform>(`/shared/tracks/${id(trackId)}/waveform/columns`);
