// A Pi that restarts while a target PC is plugged in: what every update does.
import { until } from "../src/lab.ts";
import { Node } from "../src/node.ts";
import { scenario } from "../src/scenario.ts";
import { Viewer } from "../src/viewer.ts";

const RESTARTS = 3;

export default scenario("restart-at-target", `the Pi restarts ${RESTARTS} times under a running target PC: its keyboard is there again each time, and every key arrives`, async (bench) => {
  const rig = await bench.boot({ pi: { card: true }, target: { system: "linux" } });
  const { pi, target } = rig;
  const took: number[] = [];
  await target.awaitInput(/dKVM/);
  for (let turn = 0; turn <= RESTARTS; turn++) {
    await new Node(pi).awaitUp();
    const started = performance.now();
    await until("USB is configured", async () => (await rig.usb.udcState()) === "configured", { every: 50 });
    const viewer = await Viewer.open(pi.network.address);
    await viewer.takeFocus();
    const mark = target.log.mark();
    await viewer.type(`turn ${turn}`);
    await target.awaitTyped(`turn ${turn}`, mark);
    viewer.close();
    took.push(performance.now() - started);
    bench.tell(`turn ${turn}: typed`);
    if (turn === RESTARTS) break;
    const boots = pi.boots;
    await pi.sh("dkvm reboot --yes || dkvm reboot").catch(() => {});
    await pi.awaitRestart(boots);
  }
  return `${RESTARTS} restarts under the target; devices ready to typed ${took.map((ms) => `${Math.round(ms)} ms`).join(", ")}`;
});
