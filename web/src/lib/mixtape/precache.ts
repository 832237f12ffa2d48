// A mixtape that was saved is made ready by the server itself, where it is set to: the window for such a run opens by itself.

import { activity } from '../stores/activity.svelte';
import { cacheStatus } from '../stores/cache.svelte';
import { runs } from '../stores/runs.svelte';
import { isCache } from '../tasks/progress';

const LOOKS = 4;
const BETWEEN_MS = 500;

/** To be called before saving; what it gives is to be called after. */
export function watchPrecache(slug: string, title: string): () => Promise<void> {
  const before = new Set(activity.tasks.map((task) => task.id));
  const settings = cacheStatus.load();
  return async () => {
    await settings;
    const status = cacheStatus.now;
    if (status === null || !status.enabled || !status.precache_on_upload || !status.encoder.available) return;
    for (let look = 0; look < LOOKS; look++) {
      const task = activity.tasks.find((one) => isCache(one) && !before.has(one.id));
      // Somebody may have opened another window meanwhile.
      if (task !== undefined) return runs.open === null ? runs.follow(task.id, { mixtape: slug }, title) : undefined;
      await new Promise((done) => setTimeout(done, BETWEEN_MS));
      await activity.load();
    }
  };
}
