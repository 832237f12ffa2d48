// Live tasks: the list once, then the event stream.

import * as calls from '../api/calls';
import { asProblem, type Problem } from '../api/problem';
import type { Task, TaskEvent } from '../api/types';
import { follow } from '../events/feed';
import type { FromHub } from '../events/hub';
import { Scope } from '../scope';
import { answered, applied, isOver, merged, overall, sorted } from '../tasks/progress';

/** Without the event stream, the list is polled this often. */
const POLL_MS = 5_000;
/** Pages that show tracks refresh at most this often while tasks run. */
const PULSE_MS = 2_000;

class Activity {
  #tasks = $state.raw(new Map<string, Task>());
  tasks = $derived(sorted(this.#tasks.values()));
  running = $derived(this.tasks.filter((task) => !isOver(task.state)));
  progress = $derived(overall(this.tasks));
  loaded = $state(false);
  live = $state(true);
  trouble = $state<Problem | null>(null);
  /** Grows when something about the library may have changed. */
  pulse = $state(0);
  #leave: () => void = () => {};
  #scope = new Scope();
  #pulseTimer: ReturnType<typeof setTimeout> | undefined;

  /** Starts to follow the events, as that user. */
  start(as: string): void {
    this.stop();
    this.#leave = follow(as, (message) => this.#receive(message));
    void this.load();
    this.#scope.every(POLL_MS, () => {
      if (!this.live) void this.load();
    });
  }

  stop(): void {
    this.#leave();
    this.#leave = () => {};
    this.#scope.close();
    clearTimeout(this.#pulseTimer);
    this.#pulseTimer = undefined;
  }

  async load(): Promise<void> {
    try {
      const tasks = await calls.tasks();
      this.#tasks = merged(this.#tasks, tasks);
      this.loaded = true;
      this.trouble = null;
      this.#beat();
    } catch (error) {
      this.trouble = asProblem(error);
    }
  }

  #put(task: Task): void {
    this.#tasks = new Map(this.#tasks).set(task.id, task);
  }

  #receive(message: FromHub): void {
    if (message.type === 'task') return this.#take(message.data);
    const open = message.type === 'open';
    // Events in between were not sent to this tab.
    if (open && !this.live) void this.load();
    this.live = open;
  }

  #take(text: string): void {
    let event: TaskEvent;
    try {
      event = JSON.parse(text) as TaskEvent;
    } catch {
      return;
    }
    const before = this.#tasks.get(event.task_id);
    const after = applied(before, event);
    this.#put(after);
    const ended = isOver(after.state) && (before === undefined || !isOver(before.state));
    // Events carry how many failed; the reasons are in the task itself.
    if (ended || after.failure_count > (before?.failure_count ?? 0)) void this.#detail(after.id);
    this.#beat();
  }

  async #detail(id: string): Promise<void> {
    try {
      const task = await calls.task(id);
      this.#put(answered(this.#tasks.get(id), task));
    } catch {
      // The count is shown; the reasons come with the next event or load.
    }
  }

  #beat(): void {
    if (this.#pulseTimer !== undefined) return;
    this.pulse += 1;
    this.#pulseTimer = setTimeout(() => {
      this.#pulseTimer = undefined;
      this.pulse += 1;
    }, PULSE_MS);
  }
}
export const activity = new Activity();
