// The target's sound in this browser: off until somebody asks for it.

import { backoff } from "../link/backoff";
import { SOUND_HEAD_LEN, SOUND_RATE } from "../wire/constants";
import { openContext } from "./context";
import { SPEAKERS, type FromSpeakers, type ToSpeakers } from "./messages";
import type { SoundUi } from "./state";
import type { Store } from "../model/store";

/** The close code of a refusal: its reason is a sentence. */
const REFUSED = 1008;

interface Open {
  readonly context: AudioContext;
  readonly node: AudioWorkletNode;
  readonly gain: GainNode;
}

export class Speakers {
  private open: Open | null = null;
  private socket: WebSocket | null = null;
  private timer = 0;
  private attempt = 0;
  /** Raised by each start and stop: who waited meanwhile sees that it is not meant any more. */
  private turn = 0;
  private refused = false;
  private recorded: ((samples: Int16Array) => void) | null = null;

  constructor(
    private readonly url: () => string,
    private readonly ui: Store<SoundUi>,
  ) {}

  /** By a press of a button alone. */
  async listen(): Promise<void> {
    if (this.ui.value.listening !== "off") return;
    const turn = ++this.turn;
    this.ui.patch({ listening: "starting", problem: null });
    try {
      const open = await this.build();
      if (turn !== this.turn) return void open.context.close();
      this.open = open;
    } catch {
      if (turn === this.turn) this.ui.patch({ listening: "off", problem: "This browser does not play sound here: it may be too old, or forbid it." });
      return;
    }
    this.configure();
    this.ui.patch({ listening: "on" });
    this.again();
  }

  stop(): void {
    this.turn++;
    this.hangUp();
    void this.open?.context.close();
    this.open = null;
    this.ui.patch({ listening: "off", peak: 0, gaps: 0, waitingMs: 0, ppm: 0 });
  }

  /** Listens over another socket at once: the link to the node is new, and this one may be dead without knowing it. */
  again(): void {
    if (this.open === null) return;
    this.hangUp();
    if (this.refused) this.ui.patch({ problem: null });
    this.refused = false;
    this.attempt = 0;
    this.connect();
  }

  private hangUp(): void {
    window.clearTimeout(this.timer);
    const { socket } = this;
    this.socket = null;
    socket?.close(1000);
  }

  /** Volume, mute and delay as they are chosen. */
  configure(): void {
    if (this.open === null) return;
    const { volume, muted, delayMs } = this.ui.value;
    this.open.gain.gain.value = muted ? 0 : volume;
    this.tell({ kind: "delay", ms: delayMs });
  }

  /** For tests: what is played from now on. */
  record(frames: number): Promise<Int16Array> {
    return new Promise((resolve) => {
      this.recorded = resolve;
      this.tell({ kind: "record", frames });
    });
  }

  private async build(): Promise<Open> {
    const context = await openContext(SOUND_RATE);
    try {
      const node = new AudioWorkletNode(context, SPEAKERS, { numberOfInputs: 0, outputChannelCount: [2] });
      const gain = context.createGain();
      node.connect(gain).connect(context.destination);
      node.port.onmessage = ({ data }: MessageEvent<FromSpeakers>) => this.told(data);
      return { context, node, gain };
    } catch (error) {
      void context.close();
      throw error;
    }
  }

  private told(message: FromSpeakers): void {
    if (message.kind === "recorded") return this.recorded?.(message.samples);
    const { gaps, waitingMs, ppm, peak } = message;
    if (this.open !== null) this.ui.patch({ gaps, waitingMs, ppm, peak });
  }

  private tell(message: ToSpeakers): void {
    this.open?.node.port.postMessage(message, message.kind === "piece" ? [message.samples.buffer] : []);
  }

  private connect(): void {
    const socket = new WebSocket(this.url());
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (this.socket === socket && data instanceof ArrayBuffer && data.byteLength > SOUND_HEAD_LEN) this.receive(data);
    };
    socket.onclose = ({ code, reason }) => {
      if (this.socket !== socket) return;
      if (code === REFUSED) this.refuse(reason);
      else this.timer = window.setTimeout(() => this.connect(), backoff(this.attempt++, Math.random()));
    };
    this.socket = socket;
  }

  /** It stays so until somebody does something: then it is asked again. */
  private refuse(reason: string): void {
    this.refused = true;
    this.ui.patch({ peak: 0, problem: reason === "" ? "The node refused to give the target's sound." : reason });
  }

  private receive(message: ArrayBuffer): void {
    this.attempt = 0;
    const head = new DataView(message);
    const samples = new Int16Array(message.slice(SOUND_HEAD_LEN));
    this.tell({ kind: "piece", stream: head.getUint32(24, true), position: Number(head.getBigUint64(0, true)), samples });
  }
}
