// One value and those who watch it. All changes of one turn are told once.

export class Store<T> {
  private readonly watchers = new Set<(value: T) => void>();
  private scheduled = false;

  constructor(private current: T) {}

  get value(): T {
    return this.current;
  }

  /** Replaces the value. */
  set(value: T): void {
    if (Object.is(value, this.current)) return;
    this.current = value;
    if (this.scheduled) return;
    this.scheduled = true;
    queueMicrotask(() => this.tell());
  }

  /** Replaces some of the fields. */
  patch(fields: Partial<T>): void {
    this.set({ ...this.current, ...fields });
  }

  /** Calls `watcher` after each change, until the returned function is called. */
  watch(watcher: (value: T) => void): () => void {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  }

  /** The first value, from now on, that fits. */
  until(fits: (value: T) => boolean): Promise<T> {
    if (fits(this.current)) return Promise.resolve(this.current);
    return new Promise((resolve) => {
      const stop = this.watch((value) => {
        if (!fits(value)) return;
        stop();
        resolve(value);
      });
    });
  }

  private tell(): void {
    this.scheduled = false;
    for (const watcher of this.watchers) watcher(this.current);
  }
}
