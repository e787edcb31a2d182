// What the image of the qemu board weighs, and how long it takes to build: from what `make image BOARD=qemu` left.
import { existsSync, readFileSync } from "node:fs";
import { BuiltPi, builtImage, outDirectory } from "../src/built-image.ts";
import { LabError } from "../src/lab.ts";
import { scenario, type Bench } from "../src/scenario.ts";
import { figure, spread } from "../src/table.ts";

const MEGA = 1_000_000;
const BOOTS = Number(process.env["DKVM_BOOTS"] ?? 3);
const AIMS: Record<string, string> = { "root (squashfs)": "24 MB" };

/** Name and number of each line. */
function sizes(): [string, number][] {
  const path = builtImage().replace(/\.img$/, ".sizes.txt");
  const lines = readFileSync(path, "utf8").trim().split("\n");
  return lines.map((line) => {
    const [, name, value] = /^(.*?)\s+(\d+)$/.exec(line) ?? [];
    if (name === undefined || value === undefined) throw new LabError(`${path} has a line without a number: ${line}`);
    return [name, Number(value)];
  });
}

async function boot(bench: Bench): Promise<number> {
  const pi = BuiltPi.start(bench.lab, "virt");
  try {
    const viewer = await pi.openPage();
    const seconds = (performance.now() - pi.started) / 1000;
    viewer.close();
    return seconds;
  } finally {
    await pi.end();
  }
}

const image = scenario("image", "The qemu image: sizes, build time, QEMU's start to the page", async (bench) => {
  for (const [name, value] of sizes()) {
    if (name.endsWith("seconds")) bench.row({ what: `image: ${name}`, ours: figure(value, "s") });
    else bench.row({ what: `image: ${name}`, ours: figure(value / MEGA, "MB"), ...(AIMS[name] ? { aim: AIMS[name] } : {}) });
  }
  const samples = [];
  for (let i = 0; i < BOOTS; i++) samples.push(await boot(bench));
  bench.row({ what: "image: QEMU virt, power-on to the page logged in", ours: spread(samples, "s"), note: `${BOOTS} first boots of the built image, data partition made in each; emulated` });
  return `${sizes().length} sizes, ${BOOTS} boots`;
});

export default existsSync(outDirectory) ? image : undefined;
