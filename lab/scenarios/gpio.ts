// The target's front panel on simulated lines, the status LED on a LED in user space, Wake-on-LAN on the lab's own network.
import { createSocket, type Socket } from "node:dgram";
import { sleep, until } from "../src/lab.ts";
import { Node } from "../src/node.ts";
import type { Pi } from "../src/pi.ts";
import { quantile, scenario, type Bench } from "../src/scenario.ts";
import type { Stream } from "../src/agent.ts";
import { Viewer } from "../src/viewer.ts";
import type { PowerState } from "../../devices/web/page/src/wire/PowerState.ts";

const KILLS = Number(process.env["DKVM_ROUNDS"] ?? 20);
/** The power LED is told as off when it has been dark for 3 s. */
const DARK_MS = 2500;
const MAC = "02:00:5e:10:00:01";

/** What follows `broken`: a device that fails when it is started, for the LED's sake. */
const CONFIG = `
[device.nodes]
command = ["dkvm-device", "service"]
user = "root"
capabilities = ["MKNOD", "SYS_MODULE"]
write = ["/sys/devices"]
config = { program = ["/usr/libexec/dkvm/nodes"] }

[device.hid]
command = ["dkvm-device", "hid"]
user = "dkvm-hid"
config = { backend = "dummy" }

[device.power]
command = ["dkvm-device", "power"]
user = "dkvm-power"
groups = ["gpio"]
network = true

[device.power.config]
press_ms = 2000  # long enough to be seen by whoever looks now and then
power_button = { line = "PANEL_POWER" }
reset_button = { line = "PANEL_RESET", active = "low" }
power_led = { line = "PANEL_PLED" }
disk_led = { line = "PANEL_HDD" }
wake = [{ name = "server", mac = "${MAC}", interface = "vec0" }]

[device.led]
command = ["dkvm-device", "led"]
user = "dkvm-led"
groups = ["leds"]
write = ["/sys/devices"]

[device.web]
command = ["dkvm-device", "web"]
user = "dkvm-web"
network = true
calls = ["control", "power"]
config = { listen = "[::]:443" }

[device.broken]
command = ["dkvm-device", "encode"]
enabled = false
user = "dkvm-encode"
config = { no_such_key = 1 }

[[route]]
topic = "input.hid"
from = "web"
to = ["hid"]

[[route]]
topic = "input.ack"
from = "hid"
to = ["web"]

[[route]]
topic = "hid.state"
from = "hid"
to = ["web", "led"]

[[route]]
topic = "power.state"
from = "power"
to = ["web"]
`;

export default scenario("gpio", `press, hold and LED sense on simulated lines, ${KILLS} deaths while a button is held, the status LED, Wake-on-LAN as bytes`, async (bench) => {
  const rig = await bench.boot({ pi: { config: CONFIG, usb: "none", hdmi: false }, target: false });
  const { pi } = rig;
  const node = new Node(pi);
  await node.awaitUp(["hid", "power", "led", "web"]);

  await panelComesLate(bench, node, pi);
  const panel = await Panel.find(pi);
  await presses(bench, panel, pi);
  await senses(bench, panel, pi);
  const released = await deaths(bench, panel, node, pi);
  await wakes(bench, pi);
  const blinks = await statusLed(bench, node, pi);
  return `press, hold, LEDs right; ${released.length} deaths while held (${KILLS} SIGKILL, 1 with the kernel stopped, 1 SIGSTOP, 1 of the kernel), released after SIGKILL within median ${quantile(released.slice(0, KILLS), 0.5).toFixed(0)} ms as seen by polling; 3 magic packets, byte for byte; ${blinks} blinks by Linux alone`;
});

/** The device tells what is missing, and finds it when it comes. */
async function panelComesLate(bench: Bench, node: Node, pi: Pi): Promise<void> {
  const before = await node.device("power");
  bench.equal(before.phase, "degraded", "power without a GPIO chip");
  bench.check(before.detail?.includes("there is no GPIO chip"), `power says what is missing, not: ${before.detail}`);
  await pi.must(`
    modprobe gpio-sim
    mkdir -p /sys/kernel/config && { mountpoint -q /sys/kernel/config || mount -t configfs configfs /sys/kernel/config; }
    cd /sys/kernel/config/gpio-sim && mkdir panel panel/bank0 && cd panel/bank0 && echo 8 >num_lines
    i=0; for name in PANEL_POWER PANEL_RESET PANEL_PLED PANEL_HDD; do mkdir line$i; echo $name >line$i/name; i=$((i + 1)); done
    echo 1 >../live`);
  await until("power finds its lines", async () => (await node.device("power")).phase === "running", { every: 100 });
  bench.equal((await power(pi)).buttons, ["power", "reset"], "buttons wired");
  bench.tell("a chip that comes late is found");
}

const LINES = { power: 0, reset: 1, powerLed: 2, diskLed: 3 } as const;
type Line = keyof typeof LINES;

/** The far end of the wires. */
class Panel {
  private constructor(readonly pi: Pi, readonly folder: string) {}

  static async find(pi: Pi): Promise<Panel> {
    const folder = await pi.must("cd /sys/kernel/config/gpio-sim/panel && echo /sys/devices/platform/$(cat dev_name)/$(cat bank0/chip_name)");
    return new Panel(pi, folder);
  }

  /** The voltage on a line. */
  async level(line: Line): Promise<number> {
    return Number(await this.pi.readText(`${this.folder}/sim_gpio${LINES[line]}/value`));
  }

  /** As an optocoupler does: lit pulls to ground. */
  async light(line: "powerLed" | "diskLed", on: boolean): Promise<void> {
    await this.pi.write(`${this.folder}/sim_gpio${LINES[line]}/pull`, on ? "pull-down" : "pull-up");
  }

  /** The levels of a line, one after the other, while something happens; how long it was not at rest at most. */
  async watch<T>(line: Line, work: () => Promise<T>): Promise<{ levels: number[]; result: T; held: number }> {
    let before = performance.now();
    const levels = [await this.level(line)];
    const idle = levels[0];
    let done = false;
    let from = 0;
    let held = 0;
    const ended = work().finally(() => { done = true; });
    ended.catch(() => {});
    while (!done) {
      const asked = performance.now();
      const now = await this.level(line);
      if (now !== levels.at(-1)) {
        levels.push(now);
        // since the look before it was at rest: a look may come late
        if (now !== idle) from = before;
        else held = performance.now() - from;
      }
      before = asked;
      await sleep(1);
    }
    return { levels, result: await ended, held };
  }
}

async function power(pi: Pi): Promise<PowerState> {
  return JSON.parse(await pi.must("dkvm power --json")) as PowerState;
}

async function presses(bench: Bench, panel: Panel, pi: Pi): Promise<void> {
  const short = await panel.watch("power", () => pi.must("dkvm power press --yes"));
  bench.equal(short.levels, [0, 1, 0], "levels of the power line at a short press");
  const reset = await panel.watch("reset", () => pi.must("dkvm power reset --yes"));
  bench.equal(reset.levels, [1, 0, 1], "levels of the reset line (active low)");

  const watched = panel.watch("power", () => pi.must("dkvm power hold --seconds 5 --yes"));
  await until("the button is down", async () => (await power(pi)).pressed === "power");
  const second = await pi.sh("dkvm power reset --yes");
  bench.check(second.code === 1 && second.stderr.includes("the power button is being pressed"), `a second press is refused: ${second.stderr}`);
  const { levels, held } = await watched;
  bench.equal(levels, [0, 1, 0], "levels of the power line at a hold");
  bench.check(held > 4500, `the button was held for ${held.toFixed(0)} ms, not 5 s`);
  bench.equal(await panel.level("reset"), 1, "the reset line at the end");

  const unasked = await pi.sh("dkvm power reset </dev/null");
  bench.check(unasked.code === 1 && unasked.stderr.includes("what is not saved is lost") && unasked.stderr.includes("--yes"), `without --yes it says what it would do: ${unasked.stderr}`);
  bench.tell(`short press, hold (${held.toFixed(0)} ms), one at a time, nothing without consent`);
}

async function senses(bench: Bench, panel: Panel, pi: Pi): Promise<void> {
  bench.equal([(await power(pi)).power_led, (await power(pi)).disk_led], [false, false], "LEDs of a PC that is off");
  await panel.light("powerLed", true);
  await until("the power LED is seen", async () => (await power(pi)).power_led === true);
  const judged = await blinking(bench, panel, pi);
  await panel.light("powerLed", false);
  await until("the power LED is off", async () => (await power(pi)).power_led === false);

  // lit for a moment and told for half a second: a look may come too late for one flicker
  await until("the disk LED is seen", async () => {
    await panel.light("diskLed", true);
    await panel.light("diskLed", false);
    return (await power(pi)).disk_led === true;
  });
  await until("the disk LED decays", async () => (await power(pi)).disk_led === false);
  bench.tell(`LEDs: lit, blinking (${judged} looks), off; disk with decay`);
}

/** A LED that blinks is on. Says how many looks came in time: a machine that stands makes the darkness as long as that of a LED that is off. */
async function blinking(bench: Bench, panel: Panel, pi: Pi): Promise<number> {
  let judged = 0;
  let since = 0;
  for (let i = 0; i < 20 && judged < 6; i++) {
    const isLit = i % 2 === 1;
    if (!isLit) since = performance.now();
    await panel.light("powerLed", isLit);
    await sleep(500);
    const seen = (await power(pi)).power_led;
    if (performance.now() - since > DARK_MS) continue;
    bench.equal(seen, true, "the power LED while it blinks");
    judged++;
  }
  bench.check(judged > 0, "each look at a LED that blinks came too late: the scenario shows nothing of it");
  return judged;
}

/** Milliseconds from each death to the release of the button. */
async function deaths(bench: Bench, panel: Panel, node: Node, pi: Pi): Promise<number[]> {
  const released: number[] = [];
  const die = async (what: string, kill: () => Promise<void>): Promise<void> => {
    const { generation } = await node.device("power");
    const hold = pi.sh("dkvm power hold --seconds 15 --yes");
    await until("the button is held", async () => (await panel.level("power")) === 1);
    const started = performance.now();
    await kill();
    await until(`the button is released after ${what}`, async () => (await panel.level("power")) === 0, { every: 1 });
    released.push(performance.now() - started);
    const told = await hold;
    bench.check(told.code !== 0, `${what} while holding is told to whoever held`);
    if (what !== "the kernel's death") await node.awaitUp(["power"], { after: new Map([["power", generation]]) });
    else await node.awaitUp(["power"]);
    bench.equal([await panel.level("power"), await panel.level("reset")], [0, 1], `lines after the restart that followed ${what}`);
    bench.equal((await power(pi)).pressed, null, `pressed after ${what}`);
  };
  const pid = async (): Promise<number> => (await node.device("power")).pid ?? 0;
  for (let i = 0; i < KILLS; i++) await die("SIGKILL", async () => pi.kill(await pid(), "KILL"));
  await die("SIGKILL while nobody can start it anew", async () => {
    const [victim, kernel] = [await pid(), await node.kernelPid()];
    await pi.kill(kernel, "STOP");
    await pi.kill(victim, "KILL");
    await until("Linux takes the line back", async () => (await panel.level("power")) === 0, { every: 1 });
    await pi.kill(kernel, "CONT");
  });
  await die("SIGSTOP", async () => pi.kill(await pid(), "STOP"));
  await die("the kernel's death", async () => pi.kill(await node.kernelPid(), "KILL"));
  bench.tell(`${released.length} deaths while a button was held: released each time`);
  return released;
}

/** Listens on the lab's end of the Pi's networks. */
async function listen(): Promise<{ socket: Socket; packets: { from: string; bytes: Buffer }[] }> {
  const socket = createSocket("udp4");
  const packets: { from: string; bytes: Buffer }[] = [];
  socket.on("message", (bytes, from) => packets.push({ from: from.address, bytes }));
  await new Promise<void>((done, fail) => socket.once("error", fail).bind(9, done));
  return { socket, packets };
}

async function wakes(bench: Bench, pi: Pi): Promise<void> {
  const magic = Buffer.concat([Buffer.alloc(6, 0xff), ...Array<Buffer>(16).fill(Buffer.from(MAC.replaceAll(":", ""), "hex"))]);
  const { socket, packets } = await listen();
  try {
    await pi.must("dkvm power wake server");
    await until("three packets arrive", () => packets.length >= 3);
    bench.equal(packets.map(({ bytes }) => bytes.equals(magic)), [true, true, true], "the packets' bytes");
    bench.equal(new Set(packets.map(({ from }) => from)).size, 1, "senders, by one interface");
    packets.length = 0;
    await pi.must(`dkvm power wake ${MAC.toUpperCase().replaceAll(":", "-")}`);
    await until("packets leave by every interface", () => new Set(packets.map(({ from }) => from)).size === 2);
    bench.check(packets.every(({ bytes }) => bytes.equals(magic)), "packets for an address are as for a name");
  } finally {
    socket.close();
  }
  for (const nobody of ["sever", "ff:ff:ff:ff:ff:ff", "02:00:5e:10:00"]) {
    const refused = await pi.sh(`dkvm power wake ${nobody}`);
    bench.check(refused.code === 1 && refused.stderr.includes("server"), `${nobody} is refused with the names there are: ${refused.stderr}`);
  }
  bench.tell("Wake-on-LAN: by name and by address");
}

/** A LED in user space: one line for each brightness that its driver is told. */
async function makeLed(pi: Pi): Promise<Stream> {
  const request = Buffer.alloc(68);
  request.write("ACT");
  request.writeInt32LE(1, 64);
  await pi.write("/tmp/led", request);
  await pi.must("modprobe uleds; mknod /dev/uleds c 10 $(sed -n 's/ uleds$//p' /proc/misc) 2>/dev/null; [ -c /dev/uleds ]");
  return pi.stream("exec 3<>/dev/uleds; dd if=/tmp/led bs=68 count=1 >&3 2>/dev/null; while dd bs=4 count=1 <&3 2>/dev/null | od -An -tu1; do :; done");
}

const BOOTING = "1 100 1 0 0 100 0 0";
const READY = "1 100 1 0 0 1900 0 0";
const CONTROLLED = "1 100 1 0 0 150 0 0 1 100 1 0 0 1650 0 0";
const FAULT = "1 500 1 0 0 250 0 0 1 500 1 0 0 250 0 0 1 500 1 0 0 1500 0 0";

async function statusLed(bench: Bench, node: Node, pi: Pi): Promise<number> {
  const stream = await makeLed(pi);
  const count = counting(stream);
  const shows = (what: string, pattern: string): Promise<unknown> =>
    until(`the LED shows ${what}`, async () => (await pi.readText("/sys/class/leds/ACT/pattern")) === pattern, { every: 50 });
  // Given to the device by mdev, with the sign for booting; the device finds it within its 5 s.
  await until("the LED belongs to its device", async () => (await pi.sh("[ $(stat -c %G /sys/class/leds/ACT/pattern) = leds ]")).code === 0);
  await shows("ready", READY);
  bench.check((await pi.readText("/sys/class/leds/ACT/trigger")).includes("[pattern]"), "Linux blinks it by itself");

  const viewer = await Viewer.open(pi.network.address);
  await viewer.takeFocus();
  await shows("controlled", CONTROLLED);
  viewer.close();
  // Nobody gives the focus back: half a minute without input says it.
  await shows("ready after the viewer left", READY);
  await pi.must("dkvm start broken");
  await shows("fault", FAULT);
  await pi.must("dkvm stop broken");
  await shows("ready again", READY);

  const [before, began] = [count.lit, performance.now()];
  await until("the LED flashes twice", () => count.lit >= before + 2);
  const blinks = count.lit - before;
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  await pi.kill((await node.device("led")).pid ?? 0, "KILL");
  await node.awaitUp(["led"]);
  await shows("ready after the device's death", READY);
  await pi.must("dkvm stop led");
  await shows("booting while nobody looks after it", BOOTING);
  stream.close();
  bench.tell(`status LED: every sign, ${blinks} flashes in ${seconds} s`);
  return blinks;
}

/** Counts, from now on, how often the driver is told to light it. */
function counting(stream: Stream): { lit: number } {
  const count = { lit: 0 };
  const work = (async () => {
    for await (const line of stream.lines) if (line.trim().startsWith("1")) count.lit++;
  })();
  work.catch(() => {});
  return count;
}
