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

let refused = 0;

/** Refused, with the sentence that says why, and without a byte written. */
function refuse(bench: Bench, settings: Settings, sentence: RegExp, typed = ""): string {
  const { code, text } = flash(settings, typed);
  refused += 1;
  bench.check(code === 1 && sentence.test(text), `flash with ${JSON.stringify(settings)} ended with ${code} and not with ${sentence}:\n${text}`);
  return text;
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
  refuse(bench, { DEVICE: card, DKVM_FLASH_ALLOW_LOOP: "1", BOARD: "none" }, /no image for 'none' yet/);
  refuse(bench, { ...good, HOST_NAME: "-desk" }, /is no host name/);
  refuse(bench, { ...good, KEY: "/nonexistent/id.pub" }, /there is no key file/);
  refuse(bench, { ...good, KEY: bench.lab.path("secret") }, /private half/);
  refuse(bench, { ...good, KEY: bench.lab.path("cut.pub") }, /no public SSH key/);
  refuse(bench, good, /nothing was written/, "sda\n");
  refuse(bench, good, /nothing was written/);
}

/** What the node would not take: the card's name is typed all the same, so that only the setting can stop it. */
function settingRefusals(bench: Bench, image: string, card: string): void {
  const typed = `${card.slice("/dev/".length)}\n`;
  const not = (settings: Settings, sentence: RegExp): string => refuse(bench, { IMAGE: image, DEVICE: card, DKVM_FLASH_ALLOW_LOOP: "1", ...settings }, sentence, typed);
  for (const address of ["192.168.1.300", "192.168.1.50", "192.168.1.300/24", "192.168.1.50/33", "10.0.0.05/8", "fd00::1::2/64", "fd00::1/129", "desk/24"])
    not({ ADDRESS: address }, /is no address: write it as/);
  for (const address of ["127.0.0.2/8", "224.0.0.1/4", "0.0.0.0/8", "::1/128", "ff02::1/64"]) not({ ADDRESS: address }, /no machine can have/);
  not({ GATEWAY: "192.168.1.1" }, /for a fixed ADDRESS/);
  not({ ADDRESS: "192.168.1.50/24", GATEWAY: "nonsense" }, /no address of a gateway/);
  for (const gateway of ["192.168.2.1", "fd00::1", "0.0.0.0"]) not({ ADDRESS: "192.168.1.50/24", GATEWAY: gateway }, /not in the network/);
  not({ WIFI_COUNTRY: "Germany" }, /is no country/);
  not({ WIFI_SSID: "ü".repeat(17), WIFI_PASSWORD: "" }, /at most 32 bytes/);
  not({ HOST_NAME: "desk", WIFI_SSID: "a\tb", WIFI_PASSWORD: "" }, /'ssid' has a control character/);
  for (const password of ["short", "geheim\tgeheim", "geheim geheim\r", "pässwort1", "a".repeat(65), "g".repeat(64)]) {
    const text = not({ WIFI_SSID: "home", WIFI_PASSWORD: password }, /8 to 63 characters/);
    bench.check(!text.includes(password), "flash shows a Wi-Fi password");
  }
}

/** The disk that this machine runs from is never offered, whatever it is called. */
function refuseOwnDisks(bench: Bench, image: string): number {
  const disks = run("lsblk", "-dnpro", "NAME,TYPE,RM,TRAN").trim().split("\n").map((line) => line.split(" "));
  const inner = disks.filter(([name, type, removable, bus]) => type === "disk" && removable === "0" && bus !== "usb" && !name!.includes("mmcblk"));
  for (const [name] of inner) refuse(bench, { IMAGE: image, DEVICE: name! }, /built into this machine|there is no '|may not be written/);
  return inner.length;
}

/** The dkvm.txt of a card that was written. */
function write(bench: Bench, image: string, card: string, settings: Settings, typed = ""): string[] {
  const { code, text } = flash({ IMAGE: image, DEVICE: card, DKVM_FLASH_ALLOW_LOOP: "1", ...settings }, `${typed}${card.slice("/dev/".length)}\n`);
  bench.check(code === 0, `flash of ${card} with ${JSON.stringify(settings)} ended with ${code}:\n${text}`);
  return settingsOn(card);
}

function settingsOn(card: string): string[] {
  return run("mtype", "-i", `${card}@@1M`, "::/dkvm.txt").split("\r\n");
}

function hold(bench: Bench, settings: string[], lines: string[]): void {
  for (const line of lines) bench.check(settings.includes(line), `dkvm.txt on the card has no line ${line}:\n${settings.join("\n")}`);
}

/** As `make flash` hands it on, and what a node takes in more than one form. */
function otherSettings(bench: Bench, image: string, card: string): void {
  const raw = "0123456789abcdefABCDEF0123456789".repeat(2);
  const six = { KEY: bench.lab.path("windows.pub"), ADDRESS: "fd00::5/64", GATEWAY: "fe80::1", WIFI_SSID: "home", WIFI_PASSWORD: raw };
  hold(bench, write(bench, image, card, six), [`ssh_key = "${KEY}"`, 'address = "fd00::5/64"', 'gateway = "fe80::1"', 'ssid = "home"', `password = "${raw}"`]);
  hold(bench, write(bench, image, card, { WIFI_SSID: "asked" }, " geheim geheim \n"), ['ssid = "asked"', 'password = " geheim geheim "']);
  const none = '#password = "its password"';
  hold(bench, write(bench, image, card, { WIFI_SSID: "open" }, "\n"), ['ssid = "open"', none]);
  hold(bench, write(bench, image, card, { WIFI_SSID: "open", WIFI_PASSWORD: "" }), ['ssid = "open"', none]);
}

/** A `$` is make's own sign. */
function byMake(bench: Bench, image: string, card: string): void {
  const given = [`IMAGE=${image}`, `DEVICE=${card}`, "WIFI_SSID=a$b", "WIFI_PASSWORD=pa$word12345"];
  const { status, stdout, stderr } = spawnSync("make", ["-C", repository, "--no-print-directory", "flash", ...given], {
    encoding: "utf8",
    input: `${card.slice("/dev/".length)}\n`,
    env: { ...process.env, DKVM_FLASH_ALLOW_LOOP: "1" },
  });
  bench.check(status === 0, `make flash ended with ${status}:\n${stdout}${stderr}`);
  hold(bench, settingsOn(card), ['ssid = "a$b"', 'password = "pa$word12345"']);
}

export default scenario("flash", "make flash refuses what is no card, and writes, verifies and sets up what is one", async (bench) => {
  refused = 0;
  const image = makeImage(bench);
  writeFileSync(bench.lab.path("id.pub"), `${KEY}\n`);
  writeFileSync(bench.lab.path("cut.pub"), `${KEY.slice(0, 78)}\n`);
  writeFileSync(bench.lab.path("windows.pub"), `${KEY}\r\n`);
  writeFileSync(bench.lab.path("secret"), "-----BEGIN OPENSSH PRIVATE KEY-----\n");
  const loops = [attach(bench, "card", 80), attach(bench, "tiny", 8)];
  const card = loops[0]!;
  try {
    refusals(bench, image, card);
    settingRefusals(bench, image, card);
    refuse(bench, { IMAGE: image, DEVICE: loops[1]!, DKVM_FLASH_ALLOW_LOOP: "1" }, /too small/);
    const own = refuseOwnDisks(bench, image);
    bench.check(readFileSync(bench.lab.path("card")).every((byte) => byte === 0), "a refused flash wrote to the card");
    bench.tell(`${refused} refusals hold, ${own} of this machine's own disks among them`);
    const settings = { HOST_NAME: "desk", KEY: bench.lab.path("id.pub"), ADDRESS: "10.0.0.5/24", GATEWAY: "10.0.0.1", WIFI_SSID: 'a "b" \\c', WIFI_PASSWORD: "geheim geheim", WIFI_COUNTRY: "DE" };
    hold(bench, write(bench, image, card, settings), [
      'host_name = "desk"',
      `ssh_key = "${KEY}"`,
      'address = "10.0.0.5/24"',
      'gateway = "10.0.0.1"',
      'ssid = "a \\"b\\" \\\\c"',
      'password = "geheim geheim"',
      'country = "DE"',
    ]);
    const written = readFileSync(bench.lab.path("card")).subarray(MEGABYTE * 17, statSync(image).size);
    bench.check(written.equals(readFileSync(image).subarray(MEGABYTE * 17)), "the card does not hold the image");
    otherSettings(bench, image, card);
    byMake(bench, image, card);
  } finally {
    for (const loop of loops) run("losetup", "--detach", loop);
  }
  return `${refused} refusals, one card written, verified and set up, and 5 times more with other settings`;
});
