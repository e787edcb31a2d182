// All pictures of the page: of the target that is worked, and of those beside it.

import { placeOf } from "../model/heads";
import type { Settings } from "../model/settings";
import { Beside, canvasOf, type PictureSources } from "./beside";
import { Picture } from "./picture";
import type { Row } from "./row";

export class Pictures {
  /** Of the target that is worked. */
  readonly first: Picture;
  /** To the right of it, in order. */
  others: readonly Beside[] = [];

  constructor(
    readonly row: Row,
    private readonly sources: PictureSources,
  ) {
    const { model, settings, url } = sources;
    this.first = new Picture({ model, settings, screen: row.first, url: (codec) => url(model.value.chosen, codec) });
    model.watch(() => this.expect());
    this.arrange();
  }

  /** Others beside the first, as the model has them; one that stays goes on as it is. */
  arrange(): void {
    const { beside } = this.sources.model.value;
    const before = new Map(this.others.map((other) => [other.node, other]));
    for (const other of this.others) if (!beside.includes(other.node)) other.close();
    this.others = beside.map((node) => before.get(node) ?? new Beside(node, this.row.screenOn(canvasOf(node)), this.sources));
    this.row.beside(this.others.map(({ screen }) => screen));
    this.expect();
  }

  /** The node said hello. */
  greeted(): void {
    for (const picture of this.all()) picture.greeted();
  }

  /** The node is not heard any more. */
  disconnected(): void {
    for (const picture of this.all()) picture.disconnected();
  }

  /** Somebody can see them. */
  watch(): void {
    for (const picture of this.all()) picture.watch();
  }

  /** Nobody looks. */
  unwatch(): void {
    for (const picture of this.all()) picture.unwatch();
  }

  /** A person chose something. */
  configure(settings: Settings, change: Partial<Settings>): void {
    this.row.fit(settings);
    for (const picture of this.all()) picture.configure(change);
  }

  private all(): readonly Picture[] {
    return [this.first, ...this.others.map(({ picture }) => picture)];
  }

  /** Among others the first has its place also while it shows nothing; alone it needs none. */
  private expect(): void {
    const size = this.others.length > 0 ? placeOf(this.sources.model.value) : null;
    if (size !== null) this.row.first.expect(size);
  }
}
