// What makes pictures of messages: one for each codec.

import { VIDEO_HEAD_LEN, VIDEO_UNIT_HEAD_LEN } from "../wire/constants";
import { codecName } from "./codec";
import { parseHead, parseUnitHead, type UnitHead, type VideoHead } from "./head";
import type { Size } from "./layout";
import type { Fault } from "./tries";

/** Shows a picture of this size, which may be larger by a line or column that is none; it is closed afterwards. */
export type Show = (image: ImageBitmap | VideoFrame, size: Size, head: VideoHead, receivedAt: number) => void;

export interface Decoder {
  /** Takes a message; done when it was shown or never will be. */
  receive(message: ArrayBuffer, receivedAt: number): Promise<void>;
  close(): void;
}

export class JpegDecoder implements Decoder {
  /** Messages received and the newest one shown: not the frames' own numbers, which begin anew with capture. */
  private arrived = 0;
  private shown = 0;

  constructor(private readonly show: Show) {}

  async receive(message: ArrayBuffer, receivedAt: number): Promise<void> {
    const arrival = ++this.arrived;
    const head = parseHead(message);
    if (head === null) return;
    const jpeg = new Blob([new Uint8Array(message, VIDEO_HEAD_LEN)], { type: "image/jpeg" });
    const bitmap = await createImageBitmap(jpeg).catch(() => null);
    if (bitmap === null) return;
    try {
      // Two frames may be decoded at once, and the later one be ready first.
      if (arrival <= this.shown) return;
      this.shown = arrival;
      this.show(bitmap, bitmap, head, receivedAt);
    } finally {
      bitmap.close();
    }
  }

  close(): void {
    this.shown = Infinity;
  }
}

/** A decoder that takes units and shows none for so long never will, ms: some say nothing of what they cannot decode. */
const STUCK_MS = 3000;

/** A unit in the decoder. */
interface Waiting {
  readonly timestamp: number;
  readonly head: UnitHead;
  readonly receivedAt: number;
  readonly done: () => void;
}

export class UnitDecoder implements Decoder {
  private decoder: VideoDecoder | null = null;
  /** What the decoder was made for. */
  private form = "";
  private count = 0;
  private watchdog = 0;
  private waiting: Waiting[] = [];

  constructor(
    private readonly show: Show,
    /** It works no more: another decoder is needed, or another codec. */
    private readonly fail: (fault: Fault) => void,
  ) {}

  receive(message: ArrayBuffer, receivedAt: number): Promise<void> {
    const head = parseUnitHead(message);
    if (head === null) return Promise.resolve();
    const unit = new Uint8Array(message, VIDEO_UNIT_HEAD_LEN);
    try {
      if (head.key) this.prepare(unit, head);
      // The node sends no unit before a key frame; a newer one might.
      if (this.decoder === null) return Promise.resolve();
      return this.decode(this.decoder, unit, head, receivedAt).catch((error: unknown) => this.failed(error));
    } catch (error) {
      this.failed(error);
      return Promise.resolve();
    }
  }

  close(): void {
    this.rested();
    if (this.decoder !== null && this.decoder.state !== "closed") this.decoder.close();
    this.decoder = null;
    for (const { done } of this.waiting.splice(0)) done();
  }

  private decode(decoder: VideoDecoder, unit: Uint8Array, head: UnitHead, receivedAt: number): Promise<void> {
    // Not a time: what comes out is found again by it.
    const timestamp = this.count++;
    const chunk = new EncodedVideoChunk({ type: head.key ? "key" : "delta", timestamp, data: unit });
    return new Promise((done) => {
      this.waiting.push({ timestamp, head, receivedAt, done });
      this.watchdog ||= window.setTimeout(() => this.failed(new Error("it shows nothing")), STUCK_MS);
      decoder.decode(chunk);
    });
  }

  /** A decoder for what this key frame says it is. */
  private prepare(unit: Uint8Array, { width, height }: UnitHead): void {
    const name = codecName(unit);
    if (name === null) throw new Error("a key frame came without its parameters");
    const form = `${name} ${width}x${height}`;
    if (this.decoder !== null && form === this.form) return;
    this.close();
    this.form = form;
    this.decoder = new VideoDecoder({ output: (frame) => this.shown(frame), error: (error) => this.failed(error) });
    // Without this, one frame is always held back.
    this.decoder.configure({ codec: name, optimizeForLatency: true });
  }

  private rested(): void {
    window.clearTimeout(this.watchdog);
    this.watchdog = 0;
  }

  private shown(frame: VideoFrame): void {
    this.rested();
    const at = this.waiting.findIndex(({ timestamp }) => timestamp === frame.timestamp);
    const out = this.waiting.splice(0, at + 1);
    const last = out.at(-1);
    try {
      if (last !== undefined) this.show(frame, last.head, last.head, last.receivedAt);
    } finally {
      frame.close();
      for (const { done } of out) done();
    }
  }

  private failed(error: unknown): void {
    this.close();
    this.fail(error instanceof Error ? error : new Error(String(error)));
  }
}
