// Tracks on their way into a mixtape: which, until somebody says into which.

export interface Collected {
  /** "Half Light", or "12 tracks of Still Water". */
  title: string;
  /** Their ids; asked for only once they are wanted. */
  tracks: () => Promise<string[]>;
}

class Collect {
  open = $state.raw<Collected | null>(null);
  ask(title: string, tracks: Collected['tracks']): void {
    this.open = { title, tracks };
  }
  close(): void {
    this.open = null;
  }
}
export const collect = new Collect();
