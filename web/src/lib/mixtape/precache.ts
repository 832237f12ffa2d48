// The server may be set to transcode saved mixtapes ahead: then the dialog of that run opens by itself.

import { activity } from '../stores/activity.svelte';
import { cacheStatus } from '../stores/cache.svelte';
import { runs } from '../stores/runs.svelte';
import { isCache } from '../tasks/progress';

const LOOKS = 4;
const BETWEEN_MS = 500;

/** Call this before saving, and the returned function afterwards. */
export function watchPrecache(slug: string, title: string): () => Promise<void> {
  const before = new Set(activity.tasks.map((task) => task.id));
  const settings = cacheStatus.load();
  return async () => {
    await settings;
    const status = cacheStatus.now;
    if (status === null || !status.enabled || !status.precache_on_upload || !status.encoder.available) return;
    for (let look = 0; look < LOOKS; look++) {
      const task = activity.tasks.find((one) => isCache(one) && !before.has(one.id));
      // The user may have opened another dialog meanwhile.
      if (task !== undefined) return runs.open === null ? runs.follow(task.id, { mixtape: slug }, title) : undefined;
      await new Promise((done) => setTimeout(done, BETWEEN_MS));
      await activity.load();
    }
  };
}
