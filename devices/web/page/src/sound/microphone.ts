// This browser's microphone for the target: opened by a press alone, with a sign in the bar as long as it is open.

import type { Store } from "../model/store";
import { backoff } from "../link/backoff";
import { SOUND_RATE } from "../wire/constants";
import { openContext } from "./context";
import { MICROPHONE, type FromMicrophone } from "./messages";
import type { SoundUi } from "./state";

interface Open {
  readonly context: AudioContext;
  readonly stream: MediaStream;
}

/** The close code of a refusal: its reason is a sentence. */
const REFUSED = 1008;
/** What waits in the socket: half a second; beyond it pieces are left out, so that the target does not hear them late. */
const MOST_WAITING = 48_000;

export class Microphone {
  private open: Open | null = null;
  private socket: WebSocket | null = null;
  private timer = 0;
  private attempt = 0;
  /** Raised by each start and stop: who waited meanwhile sees that it is not meant any more. */
  private turn = 0;

  constructor(
    private readonly url: () => string,
    private readonly ui: Store<SoundUi>,
  ) {}

  /** Asks the browser for the microphone, which asks the person. */
  async start(): Promise<void> {
    if (this.ui.value.microphone !== "off") return;
    const turn = ++this.turn;
    this.ui.patch({ microphone: "asking", problem: null });
    try {
      const open = await this.build(turn);
      if (turn !== this.turn) return letGo(open);
      this.open = open;
    } catch (error) {
      if (turn === this.turn) this.ui.patch({ microphone: "off", problem: refusalOf(error) });
      return;
    }
    this.again();
  }

  stop(problem: string | null = null): void {
    this.turn++;
    this.hangUp();
    if (this.open !== null) letGo(this.open);
    this.open = null;
    this.ui.patch({ microphone: "off", microphonePeak: 0, problem });
  }

  /** Speaks over another socket at once: the link to the node is new, and this one may be dead without knowing it. */
  again(): void {
    if (this.open === null) return;
    this.hangUp();
    this.attempt = 0;
    this.connect();
  }

  private hangUp(): void {
    window.clearTimeout(this.timer);
    const { socket } = this;
    this.socket = null;
    socket?.close(1000);
  }

  private async build(turn: number): Promise<Open> {
    // As it is: what improves speech spoils everything else.
    const audio = { channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: false };
    const stream = await navigator.mediaDevices.getUserMedia({ audio });
    stream.getTracks().forEach((track) => (track.onended = () => this.ended(turn)));
    try {
      const context = await this.hearing(stream, SOUND_RATE).catch((error: unknown) => {
        // Firefox takes a microphone at the system's own rate only.
        if (nameOf(error) !== "NotSupportedError") throw error;
        return this.hearing(stream);
      });
      return { context, stream };
    } catch (error) {
      silence(stream);
      throw error;
    }
  }

  private async hearing(stream: MediaStream, rate?: number): Promise<AudioContext> {
    const context = await openContext(rate);
    try {
      const node = new AudioWorkletNode(context, MICROPHONE, { numberOfOutputs: 0, channelCount: 1, channelCountMode: "explicit" });
      context.createMediaStreamSource(stream).connect(node);
      node.port.onmessage = ({ data }: MessageEvent<FromMicrophone>) => this.heard(data);
    } catch (error) {
      void context.close();
      throw error;
    }
    return context;
  }

  private ended(turn: number): void {
    if (turn === this.turn) this.stop("The browser closed the microphone.");
  }

  private heard({ samples, peak }: FromMicrophone): void {
    const { socket } = this;
    if (this.open === null) return;
    this.ui.patch({ microphonePeak: peak });
    if (socket?.readyState === WebSocket.OPEN && socket.bufferedAmount < MOST_WAITING) socket.send(samples);
  }

  private connect(): void {
    const socket = new WebSocket(this.url());
    socket.onmessage = () => {
      if (this.socket !== socket) return;
      this.attempt = 0;
      this.ui.patch({ microphone: "open" });
    };
    socket.onclose = ({ code, reason }) => {
      if (this.socket !== socket) return;
      if (code === REFUSED) return this.stop(reason === "" ? "The node refused the microphone." : reason);
      this.ui.patch({ microphone: "waiting" });
      this.timer = window.setTimeout(() => this.connect(), backoff(this.attempt++, Math.random()));
    };
    this.ui.patch({ microphone: "waiting" });
    this.socket = socket;
  }
}

function letGo({ context, stream }: Open): void {
  silence(stream);
  void context.close();
}

function silence(stream: MediaStream): void {
  stream.getTracks().forEach((track) => track.stop());
}

function nameOf(error: unknown): string {
  return error instanceof DOMException ? error.name : "";
}

function refusalOf(error: unknown): string {
  const name = nameOf(error);
  if (name === "NotAllowedError") return "The browser was not allowed to use the microphone: allow it for this address.";
  if (name === "NotFoundError") return "This machine has no microphone.";
  if (name === "NotSupportedError") return "This browser takes sound only at the system's own rate: set the system's sound to 48 kHz, or use Chrome.";
  return "The microphone could not be opened: another program may have it.";
}
