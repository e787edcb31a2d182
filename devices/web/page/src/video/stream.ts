// The WebSocket of frames: decode off the main thread, show, give the credit back.

import { backoff } from "../link/backoff";
import type { Codec } from "./codec";
import { JpegDecoder, UnitDecoder, type Decoder, type Show } from "./decoder";
import { Tries, type Fault } from "./tries";

export interface StreamEvents {
  readonly show: Show;
  /** A message came, of so many bytes. */
  received(bytes: number): void;
  /** The browser cannot decode H.264 after all. */
  undecodable(why: string): void;
  /** The node closed it, and says why; `null`: it shows pictures again. */
  refused(why: string | null): void;
  /** The decoder was lost while nobody looks: there is time until somebody does. */
  unseen(): void;
}

export class VideoStream {
  private socket: WebSocket | null = null;
  private decoder: Decoder | null = null;
  private codec: Codec = "jpeg";
  private timer = 0;
  private attempt = 0;
  private tries = new Tries();

  constructor(
    private readonly url: (codec: Codec) => string,
    private readonly events: StreamEvents,
  ) {}

  /** Asks for frames of this codec, now and after each loss, until `stop`. */
  start(codec: Codec): void {
    if (this.codec !== codec) this.stop();
    this.codec = codec;
    // One that was refused waits for its turn: what a node says of its devices in between is no reason to come sooner.
    if (this.socket === null && this.timer === 0) this.connect(codec);
  }

  /** Another source: what failed of the one before says nothing of it. */
  anew(): void {
    this.stop();
    this.tries = new Tries();
  }

  /** No more frames: nobody watches. */
  stop(): void {
    window.clearTimeout(this.timer);
    this.timer = 0;
    const socket = this.socket;
    this.forget();
    this.attempt = 0;
    socket?.close(1000);
  }

  private connect(codec: Codec): void {
    this.timer = 0;
    const socket = new WebSocket(this.url(codec));
    const decoder = this.decoderFor(codec);
    socket.binaryType = "arraybuffer";
    socket.onmessage = (event: MessageEvent<unknown>) => {
      if (event.data instanceof ArrayBuffer) this.receive(socket, decoder, event.data).catch((error: unknown) => window.reportError(error));
    };
    socket.onclose = ({ reason }) => {
      if (this.socket === socket && reason !== "") this.events.refused(reason);
      this.lost(socket);
    };
    this.socket = socket;
    this.decoder = decoder;
    this.tries.begin(performance.now());
  }

  private decoderFor(codec: Codec): Decoder {
    const show: Show = (image, size, head, receivedAt) => {
      this.attempt = 0;
      this.tries.show();
      this.events.refused(null);
      this.events.show(image, size, head, receivedAt);
    };
    return codec === "jpeg" ? new JpegDecoder(show) : new UnitDecoder(show, (fault) => this.failed(fault));
  }

  /** A new decoder needs a key frame first: the node sends one to whoever comes. */
  private failed(fault: Fault): void {
    const { socket } = this;
    if (socket === null) return;
    if (document.hidden) return this.events.unseen();
    if (!this.tries.again(performance.now(), fault)) return this.events.undecodable(fault.message);
    this.lost(socket);
    socket.close(1000);
  }

  private forget(): void {
    this.decoder?.close();
    this.decoder = null;
    this.socket = null;
  }

  private lost(socket: WebSocket): void {
    if (this.socket !== socket) return;
    this.forget();
    this.timer = window.setTimeout(() => this.connect(this.codec), backoff(this.attempt++, Math.random()));
  }

  private async receive(socket: WebSocket, decoder: Decoder, message: ArrayBuffer): Promise<void> {
    this.events.received(message.byteLength);
    try {
      await decoder.receive(message, performance.now());
    } finally {
      // Credit in any case: a frame that does not decode must not stop the picture.
      if (socket.readyState === WebSocket.OPEN) socket.send(new ArrayBuffer(0));
    }
  }
}
