// The way to each target: whoever works several counts the steps of each by itself, and lets go of one before the next.

import type { InputAck } from "../wire/InputAck";
import type { InputState } from "../wire/InputState";
import { OWN } from "../model/hash";
import { Engine } from "./engine";
import { Sender } from "./sender";

/** A target that is left and has not acknowledged by then lets go by itself: its node's lease is shorter, ms. */
const PARTING_MS = 1000;

interface Lane {
  readonly node: string;
  readonly engine: Engine;
  readonly sender: Sender;
}

export class Lanes {
  /** Never forgotten: a step's number is not used twice at a target. As many as a person chose nodes. */
  private readonly all = new Map<string, Lane>();
  private current: Lane;
  /** The one that was left and has not said yet that nothing is held there. */
  private left: Lane | null = null;
  private timer = 0;
  private open = false;

  constructor(
    private readonly holder: number,
    private readonly send: (node: string, state: InputState) => boolean,
    /** The one that was left has let go, or will by itself. */
    private readonly parted: () => void,
  ) {
    this.current = this.laneOf(OWN);
  }

  /** The target that is worked. */
  get node(): string {
    return this.current.node;
  }

  get engine(): Engine {
    return this.current.engine;
  }

  get sender(): Sender {
    return this.current.sender;
  }

  /** Something may still be held at the target that was left: the next one is not taken before. */
  get parting(): boolean {
    return this.left !== null;
  }

  /** Another target; what is held at this one is let go of. */
  turn(node: string): void {
    const before = this.current;
    if (before.node === node) return;
    before.engine.releaseAll();
    before.sender.pump();
    this.current = this.laneOf(node);
    if (this.left === this.current) this.stay();
    if (before.engine.pending > 0) this.part(before);
    else this.rest(before);
    if (this.open) this.sender.resume();
  }

  /** What the target that was left answered. */
  acked(node: string, ack: InputAck): void {
    if (this.left?.node !== node) return;
    const lost = this.left.engine.acked(ack);
    if (lost || this.left.engine.pending === 0) this.end();
  }

  /** The link to this node is open. */
  resume(): void {
    this.open = true;
    this.sender.resume();
    this.left?.sender.resume();
  }

  /** It is gone. */
  pause(): void {
    this.open = false;
    this.sender.pause();
    this.left?.sender.pause();
  }

  private laneOf(node: string): Lane {
    const known = this.all.get(node);
    if (known !== undefined) return known;
    const engine = new Engine(this.holder);
    const lane = { node, engine, sender: new Sender(engine, (state) => this.send(node, state)) };
    this.all.set(node, lane);
    return lane;
  }

  private part(lane: Lane): void {
    this.left = lane;
    this.timer = window.setTimeout(() => this.end(), PARTING_MS);
  }

  /** It is worked again before it had let go. */
  private stay(): void {
    window.clearTimeout(this.timer);
    this.left = null;
  }

  private end(): void {
    const { left } = this;
    this.stay();
    if (left !== null) this.rest(left);
    this.parted();
  }

  private rest({ engine, sender }: Lane): void {
    engine.abandon();
    sender.pause();
  }
}
