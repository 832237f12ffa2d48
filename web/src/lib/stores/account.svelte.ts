// Who is signed in.

import * as calls from '../api/calls';
import { asProblem, type Problem } from '../api/problem';
import type { Me } from '../api/types';

type Standing = 'asking' | 'setup' | 'out' | 'in' | 'unknown';

class Account {
  standing = $state<Standing>('asking');
  me = $state<Me | null>(null);
  trouble = $state<Problem | null>(null);
  version = $state('');
  owner = $derived(this.me?.role === 'owner');

  async start(): Promise<void> {
    this.trouble = null;
    try {
      const status = await calls.status();
      this.version = status.version;
      if (status.setup_needed) this.standing = 'setup';
      else if (!status.signed_in) this.standing = 'out';
      else this.enter(await calls.me());
    } catch (error) {
      this.standing = 'unknown';
      this.trouble = asProblem(error);
    }
  }

  enter(me: Me): void {
    this.me = me;
    this.standing = 'in';
  }

  /** The session ended on the server. */
  dropped(): void {
    if (this.standing === 'in') this.standing = 'out';
    this.me = null;
  }

  /** Signs out on the server. After success it calls `gone`, before the pages change. Throws if the user is still signed in. */
  async leave(gone: () => void): Promise<void> {
    try {
      await calls.logout();
    } catch (error) {
      // Without a session the user is signed out.
      if (asProblem(error).status !== 401) throw error;
    }
    gone();
    this.dropped();
  }
}
export const account = new Account();
