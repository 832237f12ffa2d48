// The entries of the navigation.

import type { Route } from '../routes';
import type { IconName } from '../ui/icons';

export interface Place { href: string; label: string; icon: IconName; pages: readonly Route['page'][]; who?: 'uploaders'; /** Only on wide screens; otherwise linked from the settings. */ roomy?: true }
export const PLACES: readonly Place[] = [
  { href: '#/', label: 'Tracks', icon: 'tracks', pages: ['tracks', 'track'] },
  { href: '#/artists', label: 'Artists', icon: 'artists', pages: ['artists', 'artist'] },
  { href: '#/releases', label: 'Releases', icon: 'releases', pages: ['releases', 'release'] },
  { href: '#/mixtapes', label: 'Mixtapes', icon: 'mixtape', pages: ['mixtapes', 'mixtape'] },
  { href: '#/upload', label: 'Upload', icon: 'upload', pages: ['upload'], who: 'uploaders' },
  { href: '#/cache', label: 'Cache', icon: 'cache', pages: ['cache'], roomy: true },
  { href: '#/activity', label: 'Tasks', icon: 'activity', pages: ['activity'] },
  { href: '#/settings', label: 'Settings', icon: 'settings', pages: ['settings'] },
];
