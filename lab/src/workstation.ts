// A desk of several machines on the shared network: workstations with somebody's hands at them, and Pis that are their own targets.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { DeskState } from "../../devices/web/page/src/wire/DeskState.ts";
import type { DeskTarget } from "../../devices/web/page/src/wire/DeskTarget.ts";
import type { PeerState } from "../../devices/web/page/src/wire/PeerState.ts";
import { BAD_NETWORK } from "./bad-network.ts";
import { only, withConfig } from "./config.ts";
import { Hands, HANDS, type Keyboard, type Mouse } from "./hands.ts";
import { LabError, PATIENCE_MS, repository, until, type Lab } from "./lab.ts";
import { createSharedNetwork } from "./network.ts";
import { Node } from "./node.ts";
import { imageConfig } from "./pi-image.ts";
import { Pi, type PiOptions } from "./pi.ts";
import { Witness, WITNESS } from "./witness.ts";


export const WORKSTATION = "desk";

/** What is common to all of them. */
function machine(index: number, { modules = [], programs = {}, ...more }: PiOptions = {}): PiOptions {
  const all = { ...HANDS.programs, ...WITNESS.programs, ...BAD_NETWORK.programs, ...programs };
  return { index, network: createSharedNetwork(index), hdmi: false, modules: [...HANDS.modules, ...BAD_NETWORK.modules, ...modules], programs: all, memory: "256M", ...more };
}

/** The configuration of a workstation, with these lines for `input`; the hands of the lab are made by a program. */
export function workstationConfig(name: string, input = ""): string {
  const text = readFileSync(join(repository, "board/workstation/dkvm.toml"), "utf8").replace("[kernel]\n", "[kernel]\ncrash_limit = 1000\n");
  return withConfig(withConfig(only(text, ["peer", "input"]), "peer", `name = "${name}"`), "input", `virtual_devices = true\n${input}`);
}

/** The image's, with what it takes to be worked from another node. */
export function piConfig(name: string, more: readonly string[] = []): string {
  return withConfig(only(imageConfig(), ["nodes", "gadget", "hid", "peer", "network", ...more]), "peer", `name = "${name}"`);
}

/** One that is a workstation too: `input` and its routes beside all else. */
export function ringConfig(name: string): string {
  const paragraphs = workstationConfig(name).split(/\n\n/);
  const own = paragraphs.filter((text) => /^\[device\.input(\.config)?\]/m.test(text) || (text.startsWith("[[route]]") && /"(input|\*\/hid)"/.test(text) && !/input\.state/.test(text)));
  return `${piConfig(name)}\n${own.join("\n\n").replaceAll(', "screen"', "").replaceAll('["input", "screen"]', '["input"]')}\n`;
}

/** One that has a gadget, and is itself the machine at the other end of its USB cable. */
export class TargetPi {
  private constructor(readonly name: string, readonly pi: Pi, readonly node: Node, readonly witness: Witness) {}

  static async boot(lab: Lab, index: number, name: string, { config = piConfig(name), options = {} as PiOptions } = {}): Promise<TargetPi> {
    const pi = await Pi.boot(lab, { ...machine(index, options), usb: "self", config });
    const node = new Node(pi);
    await node.awaitUp(["gadget", "hid", "peer"]);
    const witness = await Witness.of(pi);
    await witness.awaitInput(/dKVM/);
    return new TargetPi(name, pi, node, witness);
  }
}

/** Keyboard and mouse at a node with `input`, which may be a target as well. */
export class Workstation {
  private constructor(readonly name: string, readonly pi: Pi, readonly node: Node, readonly hands: Hands, readonly keyboard: Keyboard, readonly mouse: Mouse) {}

  /** `input`: more lines of its configuration. */
  static async boot(lab: Lab, index: number, { input = "", options = {} as PiOptions } = {}): Promise<Workstation> {
    const name = WORKSTATION;
    const pi = await Pi.boot(lab, { ...machine(index, options), usb: "none", config: workstationConfig(name, input) });
    return Workstation.at(name, pi, new Node(pi));
  }

  /** Sits somebody down at it. */
  static async at(name: string, pi: Pi, node: Node): Promise<Workstation> {
    const hands = await Hands.of(pi);
    const [keyboard, mouse] = [await hands.keyboard(), await hands.mouse()];
    await node.awaitUp(["peer"]);
    // a machine without any input device has no place where they come, so that `input` waits for longer than a scenario
    await pi.must("dkvm restart input");
    await node.awaitUp(["input"]);
    return new Workstation(name, pi, node, hands, keyboard, mouse);
  }

  /** What `input` says. */
  async state(): Promise<DeskState> {
    return JSON.parse(await this.pi.must("dkvm focus --json")) as DeskState;
  }

  async await(what: string, wanted: (state: DeskState) => boolean, timeout = PATIENCE_MS): Promise<DeskState> {
    let last = "nothing";
    return until(`${this.name}: ${what}`, async () => {
      const answer = await this.pi.sh("dkvm focus --json");
      last = answer.stdout || answer.stderr;
      if (answer.code !== 0) return undefined;
      const state = JSON.parse(answer.stdout) as DeskState;
      return wanted(state) ? state : undefined;
    }, { timeout, every: 20 }).catch((error: Error) => { throw new LabError(`${error.message}; it said last: ${last.trim()}`); });
  }

  /** A target that can be worked now. */
  async awaitTarget(name: string): Promise<DeskTarget> {
    const isUp = ({ node, up }: DeskTarget): boolean => node === name && up;
    return (await this.await(`${name} can be worked`, ({ targets }) => targets.some(isUp))).targets.find(isUp)!;
  }
}

export async function peers(pi: Pi): Promise<PeerState> {
  return JSON.parse(await pi.must("dkvm peers --json")) as PeerState;
}

/** Two machines by their names; `there`: what the first may do at the second, `here`: the other way. */
export async function pair(first: { name: string; pi: Pi }, second: { name: string; pi: Pi }, { there = "view,type", here = "view" } = {}): Promise<void> {
  const [one, two] = await Promise.all([peers(first.pi), peers(second.pi)]);
  await second.pi.must(`dkvm peers authorise ${first.name} ${one.fingerprint} --grants ${there}`);
  await first.pi.must(`dkvm peers authorise ${second.name} ${two.fingerprint} --grants ${here} --address ${second.pi.network.address}`);
  for (const [from, to] of [[first, second], [second, first]] as const) {
    await until(`the link from ${from.name} to ${to.name} is up`, async () => (await peers(from.pi)).peers.find((peer) => peer.node === to.name)?.link === "up");
  }
}
