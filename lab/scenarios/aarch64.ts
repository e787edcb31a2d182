// The second tier: what a Pi runs, binary for binary, on the instruction set of a Pi and on a stock Linux that nobody built for us.
import { scenario, type Bench } from "../src/scenario.ts";
import { killEverything, rounds } from "./kill-everything.ts";
import { typeInBrowser } from "./type-in-browser.ts";

/** Fewer than on this machine's own instruction set: emulated, all takes ten times as long. */
const ROUNDS = rounds(30, 3);

export default scenario("aarch64", `the aarch64 binaries on an emulated Pi: type-in-browser, and kill-everything with ${ROUNDS.devices} devices and ${ROUNDS.kernels} kernels`, async (bench) => {
  const typed = await typeInBrowser(bench, "aarch64");
  bench.tell(typed);
  const killed = await killOnItsOwn(bench);
  return `${typed}; ${killed}`;
});

function killOnItsOwn(bench: Bench): Promise<string> {
  return killEverything(bench, { machine: "aarch64", index: 2 }, ROUNDS);
}
