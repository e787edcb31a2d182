// What components need of the browser.

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { RefObject } from "preact";
import type { Store } from "../model/store";

/** The store's value; the component is drawn again when it changes. */
export function useStore<T>(store: Store<T>): T {
  const [value, set] = useState(store.value);
  useLayoutEffect(() => {
    set(store.value); // it may have changed between drawing and watching
    return store.watch((fresh) => set(fresh));
  }, [store]);
  return value;
}

/** Focuses an element when it appears. */
export function useAutoFocus<T extends HTMLElement>(): RefObject<T | null> {
  const ref = useRef<T>(null);
  useEffect(() => ref.current?.focus(), []);
  return ref;
}

/** Whether the page is in full screen. */
export function useFullScreen(): boolean {
  const [full, set] = useState(document.fullscreenElement !== null);
  useEffect(() => {
    const changed = (): void => set(document.fullscreenElement !== null);
    document.addEventListener("fullscreenchange", changed);
    return () => document.removeEventListener("fullscreenchange", changed);
  }, []);
  return full;
}

/** The page's clock, told anew so often while `running`. */
export function useNow(everyMs: number, running: boolean): number {
  const [now, set] = useState(performance.now());
  useEffect(() => {
    if (!running) return;
    set(performance.now());
    const timer = window.setInterval(() => set(performance.now()), everyMs);
    return () => window.clearInterval(timer);
  }, [everyMs, running]);
  return now;
}
