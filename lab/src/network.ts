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
