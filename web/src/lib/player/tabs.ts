// One tab of a browser plays at a time: the tab that starts tells the others, and they pause.

const NAME = 'fanfare.plays';

export interface Tabs {
  /** Tells the other tabs that this one plays now. */
  begin: () => void;
}

/** Listens for other tabs; `taken` is called when one of them begins to play. */
export function joinTabs(taken: () => void, open: (name: string) => BroadcastChannel = (name) => new BroadcastChannel(name)): Tabs {
  try {
    const channel = open(NAME);
    channel.onmessage = () => taken();
    return { begin: () => channel.postMessage('') };
  } catch {
    // Without broadcast channels, every tab plays.
    return { begin: () => {} };
  }
}
