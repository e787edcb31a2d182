// The second tier: what a Pi runs, binary for binary, on the instruction set of a Pi and on a stock Linux that nobody built for us.
import { scenario } from "../src/scenario.ts";
import { killEverything, rounds } from "./kill-everything.ts";
import { typeInBrowser } from "./type-in-browser.ts";

/** Fewer than on this machine's own instruction set: emulated, all takes ten times as long. */
const ROUNDS = rounds(30, 3);

/** A small screen: emulated, each pixel of the picture costs, and it is not pixels that this is about. */
const MACHINES = { pi: { machine: "aarch64" }, target: { width: 640, height: 480 } } as const;

export default scenario("aarch64", `the aarch64 binaries on an emulated Pi: type-in-browser, and kill-everything with ${ROUNDS.devices} devices and ${ROUNDS.kernels} kernels`, async (bench) => {
  const typed = await typeInBrowser(bench, MACHINES);
  bench.tell(typed);
  const killed = await killEverything(bench, ROUNDS, { ...MACHINES, pi: { ...MACHINES.pi, index: 2 } });
  return `${typed}; ${killed}`;
});
