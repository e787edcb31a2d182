// `make flash` without a card: what it refuses, and a loop device that stands for one.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LabError, repository, run } from "../src/lab.ts";
import { scenario, type Bench } from "../src/scenario.ts";

const SCRIPT = join(repository, "board/flash.sh");
const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKr5iGmPOhVb3h2fQZ0q0Ve2GmXW3n1nGqf0w2mYh5pQ someone@desk";
const MEGABYTE = 1024 * 1024;

type Settings = Record<string, string>;

function flash(settings: Settings, typed = ""): { code: number | null; text: string } {
  const { status, stdout, stderr } = spawnSync(SCRIPT, [], { encoding: "utf8", input: typed, env: { PATH: process.env["PATH"], HOME: "/nonexistent", ...settings } });
  return { code: status, text: stdout + stderr };
}

/** Refused, with the sentence that says why, and without a byte written. */
function refuse(bench: Bench, settings: Settings, sentence: RegExp, typed = ""): void {
  const { code, text } = flash(settings, typed);
  bench.check(code === 1 && sentence.test(text), `flash with ${JSON.stringify(settings)} ended with ${code} and not with ${sentence}:\n${text}`);
}

/** A small card image, as card.sh makes them. */
function makeImage(bench: Bench): string {
  const boot = bench.lab.path("boot");
  mkdirSync(boot);
  writeFileSync(join(boot, "Image"), Buffer.alloc(100_000, 7));
  writeFileSync(bench.lab.path("root.squashfs"), Buffer.alloc(500_000, 9));
  const image = bench.lab.path("card.img");
  run(join(repository, "board/card.sh"), "--board", "qemu", "--boot", boot, "--root", bench.lab.path("root.squashfs"), "--out", image, "--boot-size", "16M", "--slot-size", "2M");
  return image;
}

function attach(bench: Bench, name: string, megabytes: number): string {
  const file = bench.lab.path(name);
  writeFileSync(file, "");
  run("truncate", "-s", String(megabytes * MEGABYTE), file);
  try {
    return execFileSync("losetup", ["--find", "--show", file], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim();
  } catch (error) {
    throw new LabError(`a loop device is needed to stand for a card, and losetup says: ${(error as { stderr?: string }).stderr?.trim()}. Run as root where loop devices are allowed`);
  }
}

function refusals(bench: Bench, image: string, card: string): void {
  const good = { IMAGE: image, DEVICE: card, DKVM_FLASH_ALLOW_LOOP: "1" };
  refuse(bench, { IMAGE: image }, /which card\?/);
  refuse(bench, { ...good, DEVICE: "/dev/sdzz" }, /there is no '\/dev\/sdzz'/);
  refuse(bench, { ...good, DEVICE: image }, /is no disk/);
  refuse(bench, { ...good, DEVICE: "/dev/null" }, /is no disk/);
  refuse(bench, { IMAGE: image, DEVICE: card }, /is a loop device/);
  refuse(bench, { ...good, IMAGE: bench.lab.path("none.img") }, /there is no image/);
  refuse(bench, { ...good, IMAGE: bench.lab.path("root.squashfs") }, /is no image of a dKVM/);
  refuse(bench, { DEVICE: card, DKVM_FLASH_ALLOW_LOOP: "1" }, /which board\?/);
  refuse(bench, { ...good, HOST_NAME: "-desk" }, /is no host name/);
  refuse(bench, { ...good, ADDRESS: "192.168.1.300" }, /is no address/);
  refuse(bench, { ...good, KEY: "/nonexistent/id.pub" }, /there is no key file/);
  refuse(bench, { ...good, KEY: bench.lab.path("secret") }, /private half/);
  refuse(bench, { ...good, WIFI_SSID: "home", WIFI_PASSWORD: "short" }, /8 to 63 characters/);
  refuse(bench, good, /nothing was written/, "sda\n");
  refuse(bench, good, /nothing was written/);
}

/** The disk that this machine runs from is never offered, whatever it is called. */
function refuseOwnDisks(bench: Bench, image: string): number {
  const disks = run("lsblk", "-dnpro", "NAME,TYPE,RM,TRAN").trim().split("\n").map((line) => line.split(" "));
  const inner = disks.filter(([name, type, removable, bus]) => type === "disk" && removable === "0" && bus !== "usb" && !name!.includes("mmcblk"));
  for (const [name] of inner) refuse(bench, { IMAGE: image, DEVICE: name! }, /built into this machine|there is no '|may not be written/);
  return inner.length;
}

function writeOne(bench: Bench, image: string, card: string): string {
  const settings = { IMAGE: image, DEVICE: card, DKVM_FLASH_ALLOW_LOOP: "1", HOST_NAME: "desk", KEY: bench.lab.path("id.pub"), ADDRESS: "10.0.0.5/24", WIFI_SSID: 'a "b" \\c', WIFI_COUNTRY: "DE" };
  const name = card.slice("/dev/".length);
  const { code, text } = flash({ ...settings, WIFI_PASSWORD: "geheim geheim" }, `${name}\n`);
  bench.check(code === 0, `flash of ${card} ended with ${code}:\n${text}`);
  return run("mtype", "-i", `${card}@@1M`, "::/dkvm.txt");
}

export default scenario("flash", "make flash refuses what is no card, and writes, verifies and sets up what is one", async (bench) => {
  const image = makeImage(bench);
  writeFileSync(bench.lab.path("id.pub"), `${KEY}\n`);
  writeFileSync(bench.lab.path("secret"), "-----BEGIN OPENSSH PRIVATE KEY-----\n");
  const loops = [attach(bench, "card", 80), attach(bench, "tiny", 8)];
  try {
    refusals(bench, image, loops[0]!);
    refuse(bench, { IMAGE: image, DEVICE: loops[1]!, DKVM_FLASH_ALLOW_LOOP: "1" }, /too small/);
    const own = refuseOwnDisks(bench, image);
    bench.check(readFileSync(bench.lab.path("card")).every((byte) => byte === 0), "a refused flash wrote to the card");
    bench.tell(`refusals hold, ${own} of this machine's own disks among them`);
    const settings = writeOne(bench, image, loops[0]!);
    for (const line of ['host_name = "desk"', `ssh_key = "${KEY}"`, 'address = "10.0.0.5/24"', 'ssid = "a \\"b\\" \\\\c"', 'password = "geheim geheim"', 'country = "DE"'])
      bench.check(settings.split("\n").includes(line), `dkvm.txt on the card has no line ${line}:\n${settings}`);
    const written = readFileSync(bench.lab.path("card")).subarray(MEGABYTE * 17, statSync(image).size);
    bench.check(written.equals(readFileSync(image).subarray(MEGABYTE * 17)), "the card does not hold the image");
  } finally {
    for (const loop of loops) run("losetup", "--detach", loop);
  }
  return "16 refusals, one card written, verified and set up";
});
