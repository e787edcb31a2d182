// How this page's sound stands.

export interface SoundUi {
  readonly listening: "off" | "starting" | "on";
  readonly volume: number;
  readonly muted: boolean;
  /** So much waits before it is played, ms: more for a network that is uneven. */
  readonly delayMs: number;
  /** Of the last tenth of a second, 0 to 1. */
  readonly peak: number;
  readonly gaps: number;
  readonly waitingMs: number;
  /** By how much the target's clock differs, millionths. */
  readonly ppm: number;
  readonly microphone: "off" | "asking" | "waiting" | "open";
  readonly microphonePeak: number;
  readonly problem: string | null;
}

export const SILENT: SoundUi = {
  listening: "off",
  volume: 1,
  muted: false,
  delayMs: 80,
  peak: 0,
  gaps: 0,
  waitingMs: 0,
  ppm: 0,
  microphone: "off",
  microphonePeak: 0,
  problem: null,
};
