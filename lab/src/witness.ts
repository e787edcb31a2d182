// A virtual Pi that is its own target (`usb: "self"`): what arrives at the input devices of its USB host, and at any others.
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { labDirectory, until } from "./lab.ts";
import { Observer } from "./observer.ts";
import type { Pi } from "./pi.ts";

const PORT = 1025;
const PROGRAM = "/usr/lib/lab/reporter";

/** What a Pi needs to be booted with. */
export const WITNESS = { programs: { [PROGRAM]: join(labDirectory, "build/reporter") } };

export class Witness extends Observer {
  static async of(pi: Pi): Promise<Witness> {
    await pi.must(`${PROGRAM} ${PORT} >/dev/null 2>&1 </dev/null &`);
    const witness = new Witness();
    witness.listenTo(await until("the witness can be reached", () => open(pi.network.wireAddress).catch(() => undefined)));
    await until("the witness tells", () => witness.log.up);
    return witness;
  }

  /** Of the gadget's devices: what the target got. */
  keysOfGadget(since = 0): { code: number; value: number }[] {
    const ours = new Set([...this.log.devices.values()].filter(({ name }) => /dKVM/.test(name)).map(({ number }) => number));
    return this.log.keys(since).filter(({ device }) => ours.has(device)).map(({ code, value }) => ({ code, value }));
  }
}

function open(host: string): Promise<Socket> {
  return new Promise((done, failed) => {
    const socket = connect({ host, port: PORT, noDelay: true }, () => done(socket));
    socket.once("error", failed);
  });
}
