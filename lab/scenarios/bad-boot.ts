// What an owner, or a dying card, does to the card: the node comes up all the same, and says what it ignored or lost.
import { awaitPage, bootInfo, type BootInfo } from "../src/boot-info.ts";
import { DATA, checkData } from "../src/image-check.ts";
import { until } from "../src/lab.ts";
import { Node } from "../src/node.ts";
import { scenario, type Bench } from "../src/scenario.ts";
import type { Card } from "../src/card.ts";
import type { Pi } from "../src/pi.ts";
import { PASSWORD, Viewer } from "../src/viewer.ts";

const SECTOR = 512;
const KIB = 1024;
const MIB = 1024 * KIB;
const SMART = `\ufeffhost_name = \u201cmistaken\u201d\r
hostnam = "x"\r
colour\r
[owner]\r
ssh_key = "ssh-ed25519 AAAAC3Nz"\r
[network]\r
adress = "10.0.0.2/24"\r
gateway = 10.20.0.1\r
ntp = time.example.org\r
[wifi]\r
ssid = "caf\u00e9"\r
password = "kurz"\r
[wlan]\r
ssid = "x"\r
[time\r
zone = CET-1CEST,M3.5.0,M10.5.0/3\r
`;

export default scenario("bad-boot", "mistakes in dkvm.txt, a damaged first partition, a data partition that does not mount, is missing or is garbage: the node comes up and says so", async (bench) => {
  const { pi } = await bench.boot({ pi: { card: { settings: SMART }, usb: "none", hdmi: false }, target: false });
  await mistakes(bench, pi);
  (await Viewer.open(pi.network.address)).close();
  await pi.must("echo kept >/var/lib/dkvm/kept && sync");
  await pi.powerCut();
  const good = pi.card!.copyTo(pi.lab.path("good.img"));
  let cases = 0;
  for (const { what, damage, expect } of CASES) {
    good.copyTo(pi.card!.path);
    let before = "";
    // After the firmware: without a first partition it would not get this far.
    pi.afterFirmware = (card) => {
      damage(card);
      before = card.hash(DATA);
    };
    await pi.powerOn();
    const info = await bootInfo(pi);
    await expect({ bench, pi, info, what });
    await awaitPage(pi);
    await pi.powerCut();
    if (info.image?.persistent === false) bench.equal(pi.card!.hash(DATA), before, `${what}: the data partition's bytes`);
    bench.tell(`${what}: ${info.notices.filter((text) => !/^dkvm.txt(:|, line)/.test(text)).join(" ") || "nothing to say"}`);
    cases++;
  }
  return `mistakes told by line, ${cases} kinds of damage survived`;
});

async function mistakes(bench: Bench, pi: Pi): Promise<void> {
  const { notices } = await bootInfo(pi);
  for (const line of [2, 3, 5, 7, 12, 14, 15]) bench.check(notices.some((notice) => notice.startsWith(`dkvm.txt, line ${line} `)), `no notice of line ${line}: ${JSON.stringify(notices)}`);
  bench.check(notices.some((notice) => notice.includes("`gateway` below [network] is ignored")), "no notice of the gateway");
  bench.check(!JSON.stringify(notices).includes("kurz"), "a notice shows the password");
  bench.equal(await pi.must("hostname"), "mistaken", "the host name, which is right");
  bench.equal(await pi.readText("/run/dkvm/boot/zone"), "CET-1CEST,M3.5.0,M10.5.0/3", "the zone, which is right");
  bench.equal(await pi.must("ls /run/dkvm/boot | sort | tr '\\n' ' '"), "info.json network.toml peers zone", "what is left in /run/dkvm/boot");
  bench.check((await pi.readText("/run/dkvm/boot/network.toml")).includes('ntp = ["time.example.org"]'), "the time server, which is right, is not in network.toml");
  await awaitPage(pi);
  const { kernel } = JSON.parse(await pi.must("dkvm info --json")) as { kernel: { notices: string[] } };
  for (const notice of notices) bench.check(kernel.notices.includes(notice), `the kernel does not tell: ${notice}`);
  bench.tell(`${notices.length} mistakes told, the rest holds`);
}

interface Seen { bench: Bench; pi: Pi; info: BootInfo; what: string }
interface Case { what: string; damage(card: Card): void; expect(seen: Seen): Promise<void> }

const CASES: Case[] = [
  { what: "no dkvm.txt", damage: (card) => card.deleteFile(1, "dkvm.txt"), expect: silent },
  { what: "dkvm.txt of 300 kB of noise", damage: (card) => card.putFile(1, "dkvm.txt", noise(300 * KIB)), expect: (seen) => keeps(seen, /dkvm\.txt is no text/) },
  { what: "a first partition of noise", damage: (card) => put(card, 1, 0, noise(card.partition(1).length)), expect: (seen) => keeps(seen, /first partition.*cannot be read.*dkvm\.txt was ignored/) },
  { what: "a first partition of zeros", damage: (card) => put(card, 1, 0, Buffer.alloc(card.partition(1).length)), expect: (seen) => keeps(seen, /first partition.*cannot be read.*dkvm\.txt was ignored/) },
  { what: "a first partition whose files lead nowhere", damage: (card) => put(card, 1, card.sector(card.partition(1).start).readUInt16LE(14) * SECTOR + 4, Buffer.alloc(64 * KIB, 0xff)), expect: (seen) => keeps(seen, /first partition|autoboot/) },
  { what: "autoboot.txt that names no slot", damage: (card) => card.putFile(1, "autoboot.txt", "#".repeat(SECTOR)), expect: (seen) => keeps(seen, /autoboot\.txt/) },
  { what: "a superblock of noise", damage: (card) => put(card, DATA, KIB, noise(KIB)), expect: repaired },
  { what: "a data partition that turns read-only in use", damage: () => {}, expect: turnsReadOnly },
  { what: "a data partition of noise", damage: (card) => put(card, DATA, 0, noise(card.partition(DATA).length)), expect: inMemory },
  { what: "a data partition of zeros", damage: (card) => put(card, DATA, 0, Buffer.alloc(card.partition(DATA).length)), expect: inMemory },
  { what: "a data partition that is not in the table", damage: (card) => card.write(linkOf(card), Buffer.alloc(SECTOR)), expect: inMemory },
  { what: "a chain of partitions in a circle", damage: (card) => card.write(linkOf(card), card.sector(card.partition(5).start - MIB)), expect: inMemory },
  { what: "a data partition longer than the card", damage: longer, expect: comesUp },
];

/** Nothing to say, and all is kept. */
async function silent({ bench, pi, info, what }: Seen): Promise<void> {
  bench.equal(info.notices, [], `${what}: notices`);
  bench.equal(await pi.readText("/var/lib/dkvm/kept"), "kept", `${what}: what was kept`);
}

async function keeps({ bench, pi, info, what }: Seen, notice: RegExp): Promise<void> {
  bench.check(info.notices.some((text) => notice.test(text)), `${what}: no notice says so: ${JSON.stringify(info.notices)}`);
  bench.equal(info.image?.persistent, true, `${what}: what is kept is on the card`);
  bench.equal(await pi.readText("/var/lib/dkvm/kept"), "kept", `${what}: what was kept`);
}

async function repaired({ bench, pi, info, what }: Seen): Promise<void> {
  bench.equal(info.image?.persistent, true, `${what}: what is kept is on the card`);
  bench.equal(await pi.readText("/var/lib/dkvm/kept"), "kept", `${what}: what was kept`);
  await pi.must("sync");
  checkData(pi.lab, pi.card!);
}

/** As Linux leaves the data partition when writing to it fails: what dies comes back all the same. */
async function turnsReadOnly({ bench, pi, info, what }: Seen): Promise<void> {
  bench.equal(info.image?.persistent, true, `${what}: what is kept is on the card`);
  await awaitPage(pi);
  await pi.must("sync; mount -o remount,ro /var/lib/dkvm");
  const node = new Node(pi);
  const { pid, generation } = await node.device("web");
  await pi.kill(pid!, "KILL");
  await node.awaitUp(["web"], { after: new Map([["web", generation]]) });
  const stranger = await until("the page answers", () => Viewer.stranger(pi.network.address).catch(() => undefined), { every: 50 });
  const login = await stranger.fetch("/api/login", { method: "POST", timeout: 30_000 }, { password: PASSWORD });
  bench.equal(login.status, 200, `${what}: the answer to the password`);
}

async function inMemory({ bench, pi, info, what }: Seen): Promise<void> {
  bench.equal(info.image?.persistent, false, `${what}: what is kept is on the card`);
  bench.check(info.notices.some((text) => text.includes("in memory only")), `${what}: no notice says so: ${JSON.stringify(info.notices)}`);
  await pi.must("touch /var/lib/dkvm/works");
}

async function comesUp({ bench, pi, info, what }: Seen): Promise<void> {
  await pi.must("touch /var/lib/dkvm/works");
  bench.check(info.image?.persistent || info.notices.length > 0, `${what}: in memory, and nobody is told`);
}

function put(card: Card, partition: number, offset: number, bytes: Buffer): void {
  card.write(card.partition(partition).start + offset, bytes);
}

/** Where the sector of the data partition is. */
function linkOf(card: Card): number {
  return card.partition(DATA).start - MIB;
}

function longer(card: Card): void {
  const sector = card.sector(linkOf(card));
  sector.writeUInt32LE(0x7fff_0000, 446 + 12);
  card.write(linkOf(card), sector);
}

/** The same at each run. */
function noise(length: number): Buffer {
  let state = 20261121;
  const bytes = Buffer.alloc(length);
  for (let i = 0; i + 4 <= length; i += 4) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    bytes.writeInt32LE(state ^ (state >>> 15), i);
  }
  return bytes;
}
