// What components need of the browser.

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { RefObject } from "preact";
import type { App } from "../app";
import { Chord, type ChordName } from "../input/chord";
import { usageOf } from "../input/usage";
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

/** The chord that shows all targets, while the keyboard is this page's: what goes to the target is not heard here. */
export function useOverviewChord(app: App, name: ChordName): void {
  useEffect(() => {
    const chord = new Chord(name);
    const keyed = ({ code, type, repeat }: KeyboardEvent): void => {
      const usage = usageOf(code);
      if (usage === undefined || repeat) return;
      if (chord.feed({ usage, down: type === "keydown" }, performance.now())) app.overview(!app.ui.value.overview);
    };
    const reset = (): void => chord.reset();
    window.addEventListener("keydown", keyed);
    window.addEventListener("keyup", keyed);
    window.addEventListener("blur", reset);
    return () => {
      window.removeEventListener("keydown", keyed);
      window.removeEventListener("keyup", keyed);
      window.removeEventListener("blur", reset);
    };
  }, [app, name]);
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

/** When what is opened goes while the focus is in it, the focus returns to what had it before. */
export function useReturningFocus(panel: RefObject<HTMLElement | null>): void {
  const [before] = useState(() => document.activeElement);
  useLayoutEffect(() => {
    const element = panel.current;
    return () => {
      const inside = document.activeElement === document.body || element?.contains(document.activeElement);
      if (inside && before instanceof HTMLElement) before.focus({ preventScroll: true });
    };
  }, []);
}
