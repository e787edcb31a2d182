// What the browser does beside showing the page: files that are saved, and full screen.

/** What is saved may be read for so long, ms. */
const KEPT_MS = 10_000;

/** Saves something as a file. */
export function save(name: string, content: Blob): void {
  const anchor = document.createElement("a");
  anchor.href = URL.createObjectURL(content);
  anchor.download = name;
  anchor.click();
  window.setTimeout(() => URL.revokeObjectURL(anchor.href), KEPT_MS);
}

/** Full screen, where the browser lets a page have the system's shortcuts too; or back from it. */
export async function toggleFullScreen(): Promise<void> {
  if (document.fullscreenElement) return document.exitFullscreen();
  await document.documentElement.requestFullscreen({ navigationUI: "hide" });
  const { keyboard } = navigator as { keyboard?: { lock?(): Promise<void> } };
  await keyboard?.lock?.().catch(() => undefined); // needs a secure context; without it Escape leaves
}

/** `20260102-030405`, local time. */
export function stamp(date: Date): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  const day = `${date.getFullYear()}${two(date.getMonth() + 1)}${two(date.getDate())}`;
  return `${day}-${two(date.getHours())}${two(date.getMinutes())}${two(date.getSeconds())}`;
}
