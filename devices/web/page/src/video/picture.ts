// The picture: asked for in the codec that is right by now, shown, and measured.

import { NO_PICTURE, type Model } from "../model/model";
import type { Settings } from "../model/settings";
import type { Store } from "../model/store";
import { isFar, mayView, worked } from "../model/targets";
import { browserDecodes, chooseCodec, type Codec } from "./codec";
import type { Show } from "./decoder";
import { Meter } from "./meter";
import type { Screen } from "./screen";
import { VideoStream } from "./stream";

/** The figures in the bar change so often, ms. */
const FIGURES_MS = 500;
/** After its hello the node tells all that it knows: then it is clear in which codec the picture comes, ms. */
const TOLD_MS = 100;
/** The encoder of H.264 is waited for when it restarts, but not for longer, ms. */
const AWAY_MS = 5_000;

/** What it works on. */
export interface PictureParts {
  readonly model: Store<Model>;
  readonly settings: Store<Settings>;
  readonly screen: Pick<Screen, "draw">;
  url(codec: Codec): string;
}

export class Picture {
  /** Frames shown since the page was opened or another target chosen, and the number of the last. */
  frames = 0;
  sequence = 0;
  private readonly model: Store<Model>;
  private readonly stream: VideoStream;
  private meter = new Meter();
  /** Frames are asked for. */
  private watching = false;
  private told = 0;
  /** The encoder of H.264 has been away for a while; the timer of that. */
  private away = false;
  private missed = 0;
  /** Why the browser's decoder of H.264 was given up. */
  private failure: string | null = null;
  private readonly figuring: number;

  constructor(private readonly parts: PictureParts) {
    this.model = parts.model;
    this.stream = new VideoStream((codec) => parts.url(codec), {
      show: (...shown) => this.show(...shown),
      received: (bytes) => this.meter.received(performance.now(), bytes),
      undecodable: (why) => this.undecodable(why),
      refused: (why) => this.refused(why),
      unseen: () => this.unwatch(),
    });
    this.figuring = window.setInterval(() => this.figures(), FIGURES_MS);
  }

  /** It is not shown any more. */
  close(): void {
    window.clearInterval(this.figuring);
    this.disconnected();
  }

  /** The node said hello. */
  greeted(): void {
    this.disconnected();
    this.told = window.setTimeout(() => {
      this.begin();
      this.watch();
    }, TOLD_MS);
  }

  /** Another target is chosen: nothing that was shown or measured is its. */
  turned(): void {
    this.stream.anew();
    this.failure = null;
    this.frames = 0;
    this.sequence = 0;
    this.meter = new Meter();
    const { codec, why } = this.model.value.picture;
    this.model.patch({ picture: { ...NO_PICTURE, codec, why } });
    this.begin();
  }

  /** An encoder of another node that tells nothing at first is not waited for: there may be none. */
  private begin(): void {
    this.reckon(isFar(this.model.value));
  }

  /** The node is not heard any more. */
  disconnected(): void {
    window.clearTimeout(this.told);
    window.clearTimeout(this.missed);
    this.away = false;
    this.unwatch();
  }

  /** Asks for frames, while somebody can see them. */
  watch(): void {
    this.watching = !document.hidden && this.model.value.link.kind === "open";
    this.tune();
  }

  /** No more frames: nobody looks. */
  unwatch(): void {
    this.watching = false;
    this.stream.stop();
  }

  /** The encoder of H.264 said where it stands, or is gone. */
  h264Told(): void {
    this.reckon(false);
  }

  /** Whether H.264 is there; waited for where that is not waived. */
  private reckon(waived: boolean): void {
    window.clearTimeout(this.missed);
    const missing = worked(this.model.value).h264 === null;
    this.away = missing && waived;
    if (missing && !waived) this.missed = window.setTimeout(() => this.h264Missed(), AWAY_MS);
    this.tune();
  }

  /** A person chose something. */
  configure(change: Partial<Settings>): void {
    // Who chooses again wants it tried again.
    if (change.codec !== undefined) this.failure = null;
    this.tune();
  }

  /** The picture in the codec that is right by now. */
  tune(): void {
    if (!this.watching) return;
    if (!mayView(this.model.value)) return this.stream.stop(); // it is asked for at once when it can be had, and not before
    const { devices, h264, picture } = worked(this.model.value);
    const facts = { decodes: browserDecodes(), failure: this.failure, devices: isFar(this.model.value) ? null : devices, h264, away: this.away };
    const { codec, why } = chooseCodec({ choice: this.parts.settings.value.codec, ...facts });
    if (codec !== picture.codec || why !== picture.why) this.model.patch({ picture: { ...picture, codec, why } });
    this.stream.start(codec);
  }

  private h264Missed(): void {
    this.away = true;
    this.tune();
  }

  private undecodable(why: string): void {
    this.failure = why;
    this.tune();
  }

  private refused(refusal: string | null): void {
    const { picture } = this.model.value;
    if (refusal !== picture.refusal) this.model.patch({ picture: { ...picture, refusal } });
  }

  private show(...[image, { width, height }, head, receivedAt]: Parameters<Show>): void {
    this.parts.screen.draw(image, { width, height });
    const now = performance.now();
    const onNode = (head.sentNs - head.capturedNs) / 1e6;
    this.meter.frame(now, isFar(this.model.value) ? null : onNode + (this.model.value.rttMs ?? 0) / 2 + (now - receivedAt));
    this.frames += 1;
    this.sequence = head.sequence;
    const { picture } = this.model.value;
    const news = picture.frames === 0 || picture.width !== width || picture.height !== height;
    if (news) this.model.patch({ picture: { ...picture, frames: this.frames, width, height } });
  }

  /** What changes with every frame is shown at a pace that people read at. */
  private figures(): void {
    const { picture, link } = this.model.value;
    const { frames } = this;
    const rate = this.meter.rate(performance.now());
    const latencyMs = this.meter.latencyMs;
    const bytes = this.meter.bytes(performance.now());
    const news = frames !== picture.frames || rate !== picture.rate || bytes !== picture.bytes;
    if (news) this.model.patch({ picture: { ...picture, frames, rate, latencyMs, bytes } });
    else if (link.kind === "lost") this.model.patch({ link: { ...link } }); // the countdown goes on
  }
}
