// Runs on the browser's audio thread: a script of its own, served by the node like the rest.

import { SOUND_FRAMES, SOUND_RATE } from "../wire/constants";
import { MICROPHONE, SPEAKERS, type FromMicrophone, type FromSpeakers, type ToSpeakers } from "./messages";
import { Player } from "./player";
import { Converter } from "./sinc";

declare const sampleRate: number;
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(name: string, processor: new () => AudioWorkletProcessor): void;

/** The page is told how it stands so often, frames: ten times a second. */
const TELL = 4800;
/** Until the page says otherwise, ms. */
const DELAY_MS = 80;

class Speakers extends AudioWorkletProcessor {
  private readonly player = new Player(sampleRate, DELAY_MS);
  private told = 0;
  private peak = 0;
  private recording: Int16Array | null = null;
  private recorded = 0;

  constructor() {
    super();
    this.port.onmessage = ({ data }: MessageEvent<ToSpeakers>) => this.obey(data);
  }

  process(_: Float32Array[][], outputs: Float32Array[][]): boolean {
    const [left, right] = outputs[0] ?? [];
    if (left === undefined) return true;
    this.player.pull(left, right ?? new Float32Array(left.length));
    this.record(left);
    for (const value of left) this.peak = Math.max(this.peak, Math.abs(value));
    this.told += left.length;
    if (this.told >= TELL) this.tell();
    return true;
  }

  private obey(message: ToSpeakers): void {
    if (message.kind === "piece") this.player.push(message.stream, message.position, message.samples);
    else if (message.kind === "delay") this.player.delay(message.ms);
    else this.recording = new Int16Array(message.frames);
  }

  private tell(): void {
    this.say({ kind: "stats", ...this.player.stats, peak: this.peak });
    this.told = 0;
    this.peak = 0;
  }

  private record(left: Float32Array): void {
    if (this.recording === null) return;
    for (const value of left) {
      if (this.recorded < this.recording.length) this.recording[this.recorded++] = toInteger(value);
    }
    if (this.recorded < this.recording.length) return;
    this.say({ kind: "recorded", samples: this.recording });
    this.recording = null;
    this.recorded = 0;
  }

  private say(message: FromSpeakers): void {
    this.port.postMessage(message);
  }
}

class Microphone extends AudioWorkletProcessor {
  private readonly converter = sampleRate === SOUND_RATE ? null : new Converter(sampleRate, SOUND_RATE);
  private piece = new Int16Array(SOUND_FRAMES);
  private filled = 0;
  private peak = 0;

  process(inputs: Float32Array[][]): boolean {
    const heard = inputs[0]?.[0];
    if (heard === undefined) return true;
    if (this.converter === null) heard.forEach((value) => this.add(value));
    else this.converter.take(heard, (value) => this.add(value));
    return true;
  }

  private add(value: number): void {
    this.peak = Math.max(this.peak, Math.abs(value));
    this.piece[this.filled++] = toInteger(value);
    if (this.filled === this.piece.length) this.send();
  }

  private send(): void {
    const message: FromMicrophone = { samples: this.piece, peak: this.peak };
    this.port.postMessage(message, [this.piece.buffer]);
    this.piece = new Int16Array(SOUND_FRAMES);
    this.filled = 0;
    this.peak = 0;
  }
}

function toInteger(value: number): number {
  return Math.round(Math.max(-1, Math.min(1, value)) * 32767);
}

registerProcessor(SPEAKERS, Speakers);
registerProcessor(MICROPHONE, Microphone);
