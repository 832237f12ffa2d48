// Collects what must be undone when a part of the page is removed, and undoes it in one call.

export class Scope {
  #undo: (() => void)[] = [];

  add(undo: () => void): void {
    this.#undo.push(undo);
  }

  listen<K extends keyof WindowEventMap>(target: Window, type: K, handler: (event: WindowEventMap[K]) => void): void;
  listen(target: EventTarget, type: string, handler: (event: Event) => void): void;
  listen(target: EventTarget, type: string, handler: (event: never) => void): void {
    target.addEventListener(type, handler as EventListener);
    this.add(() => target.removeEventListener(type, handler as EventListener));
  }

  every(period_ms: number, run: () => void): void {
    const timer = setInterval(run, period_ms);
    this.add(() => clearInterval(timer));
  }

  close(): void {
    for (const undo of this.#undo.splice(0).reverse()) undo();
  }
}
