// Addresses and taps inside the lab's network namespace.
//
// Each Pi has two interfaces: `vec0` is its network, which a scenario may cut or slow down; `vec1`
// carries the cables and the agent, which stand for copper and fingers and always work.
import { LabError, run } from "./lab.ts";
import { accessSync, constants } from "node:fs";

export interface PiNetwork {
  tap: string;
  wireTap: string;
  address: string;
  gateway: string;
  wireAddress: string;
  /** The lab's own end of the wires: the target PC listens here. */
  wireHost: string;
}

let loopbackUp = false;
/** Those made already: a Pi that boots again finds its own. */
const networks = new Map<number, PiNetwork>();

export function createPiNetwork(index: number): PiNetwork {
  const network = networks.get(index) ?? newPiNetwork(index);
  networks.set(index, network);
  return network;
}

function newPiNetwork(index: number): PiNetwork {
  requireTun();
  if (!loopbackUp) {
    run("ip", "link", "set", "lo", "up");
    loopbackUp = true;
  }
  const network = {
    tap: `lan${index}`,
    wireTap: `wire${index}`,
    address: `10.20.${index}.2`,
    gateway: `10.20.${index}.1`,
    wireAddress: `10.99.${index}.2`,
    wireHost: `10.99.${index}.1`,
  };
  createTap(network.tap, network.gateway);
  createTap(network.wireTap, network.wireHost);
  return network;
}

const BRIDGE = "shared";
/** The lab's own address where all Pis of it are. */
export const SHARED_HOST = "10.20.100.1";

/** A network that Pis with other numbers are on too: they reach one another, and hear one another's multicast. */
export function createSharedNetwork(index: number): PiNetwork {
  const known = networks.get(index);
  if (known) return known;
  const own = newPiNetwork(index);
  if (![...networks.values()].some(({ gateway }) => gateway === SHARED_HOST)) {
    addBridge(BRIDGE);
    run("ip", "addr", "add", `${SHARED_HOST}/24`, "dev", BRIDGE);
  }
  run("ip", "addr", "flush", "dev", own.tap);
  run("ip", "link", "set", own.tap, "master", BRIDGE);
  const network = { ...own, address: `10.20.100.${index + 2}`, gateway: SHARED_HOST };
  networks.set(index, network);
  return network;
}

/** A second bridge that leads nowhere: what is on it has lost the others, and not its own link. */
const ASIDE = "aside";

/** The shared network falls into two: these Pis reach one another still, and nobody else. */
export function splitOff(...indexes: number[]): void {
  if (!bridges.has(ASIDE)) addBridge(ASIDE);
  for (const index of indexes) run("ip", "link", "set", `lan${index}`, "master", ASIDE);
}

/** They are where they were. */
export function rejoin(...indexes: number[]): void {
  for (const index of indexes) run("ip", "link", "set", `lan${index}`, "master", BRIDGE);
}

const bridges = new Set<string>();

function addBridge(name: string): void {
  run("ip", "link", "add", "name", name, "type", "bridge", "mcast_snooping", "0");
  run("ip", "link", "set", name, "up");
  bridges.add(name);
}

function createTap(name: string, address: string): void {
  run("ip", "tuntap", "add", "dev", name, "mode", "tap");
  run("ip", "addr", "add", `${address}/24`, "dev", name);
  run("ip", "link", "set", name, "up");
}

function requireTun(): void {
  try {
    accessSync("/dev/net/tun", constants.R_OK | constants.W_OK);
  } catch {
    throw new LabError("/dev/net/tun cannot be opened: load the module with 'sudo modprobe tun' and allow it with 'sudo chmod 666 /dev/net/tun'");
  }
}
