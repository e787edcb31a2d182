// What the page and its two audio processors say to each other.

export const SPEAKERS = "dkvm-speakers";
export const MICROPHONE = "dkvm-microphone";

export type ToSpeakers =
  | { readonly kind: "piece"; readonly stream: number; readonly position: number; readonly samples: Int16Array }
  | { readonly kind: "delay"; readonly ms: number }
  /** Tests hear what is played: left, as it goes to the sound card, for so many frames. */
  | { readonly kind: "record"; readonly frames: number };

export type FromSpeakers =
  | { readonly kind: "stats"; readonly gaps: number; readonly waitingMs: number; readonly ppm: number; readonly peak: number }
  | { readonly kind: "recorded"; readonly samples: Int16Array };

/** Of the microphone: a piece of one channel, and how loud it is. */
export interface FromMicrophone {
  readonly samples: Int16Array<ArrayBuffer>;
  readonly peak: number;
}
