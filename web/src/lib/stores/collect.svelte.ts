// The tracks to add to a mixtape, until the user chooses the mixtape.

export interface Collected {
  /** "Half Light", or "12 tracks of Still Water". */
  title: string;
  /** Their ids; requested only when they are needed. */
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
