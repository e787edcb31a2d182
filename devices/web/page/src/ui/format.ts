// Figures for people.

const KIB = 1024;

/** `12.3 MB`. */
export function bytes(value: number): string {
  if (value < KIB) return `${value} B`;
  const units = ["kB", "MB", "GB"];
  const power = Math.min(Math.floor(Math.log(value) / Math.log(KIB)), units.length);
  const scaled = value / KIB ** power;
  return `${scaled >= 100 ? scaled.toFixed(0) : scaled.toFixed(1)} ${units[power - 1]}`;
}

/** `4 ms`, `12 s`, `5 min`, `3 h 20 min`, `2 d 4 h`. */
export function duration(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (seconds < 100) return `${seconds} s`;
  if (minutes < 60) return `${minutes} min`;
  if (hours < 24) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** `59.94`, `60`: frames per second of a rate in millihertz. */
export function hertz(millihertz: number): string {
  return String(Math.round(millihertz / 10) / 100);
}

/** Wall clock of a record, `2026-01-02 03:04:05`, local time. */
export function moment(unixMs: number): string {
  const date = new Date(unixMs - new Date(unixMs).getTimezoneOffset() * 60_000);
  return date.toISOString().slice(0, 19).replace("T", " ");
}
