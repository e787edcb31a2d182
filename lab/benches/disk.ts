// A drive of ours as the target works it, against the same file in a gadget made by hand that nobody looks after; and a key meanwhile.
import { LabError, until } from "../src/lab.ts";
import { Node } from "../src/node.ts";
import { findBinary } from "../src/pi-image.ts";
import type { Pi } from "../src/pi.ts";
import { scenario, type Bench } from "../src/scenario.ts";
import { spread, type Figure } from "../src/table.ts";
import { PASSWORD, Viewer } from "../src/viewer.ts";

const SIZE_MIB = Number(process.env["DKVM_DISK_MIB"] ?? 128);
/** One after the other, so that what else this machine does falls on both. */
const ROUNDS = Number(process.env["DKVM_ROUNDS"] ?? 5);
const KEYS = Number(process.env["DKVM_KEYS"] ?? 500);
const KEY_PROGRAM = "/usr/bin/dkvm-bench-key";
const IMAGE = "/var/lib/dkvm/storage/images/disk.img";
const BARE = "/sys/kernel/config/usb_gadget/bare";
/** As many polled endpoints as the bare gadget has: each one more costs the disk of the lab's USB port its turns. */
const PROFILE = "\n[device.gadget.config.profiles.disk]\nfunctions = [\"keyboard\", \"storage\"]\n";
const LONG_MS = 600_000;

interface Speeds {
  read: number[];
  write: number[];
}

export default scenario("disk", "a drive read and written by the target, against a bare f_mass_storage on the same file; keys while it is busy", async (bench) => {
  const programs = { [KEY_PROGRAM]: findBinary("dkvm-bench-key"), "/usr/bin/gnu-dd": "/usr/bin/dd" };
  const modules = ["usb-storage", "sd_mod"];
  const rig = await bench.boot({ pi: { usb: "self", hdmi: false, card: { size: `${SIZE_MIB + 900}M` }, programs, modules }, target: false });
  const { pi } = rig;
  await new Node(pi).awaitUp(["gadget", "hid", "web", "storage"]);
  await pi.must(`echo 0 >/sys/module/usb_storage/parameters/delay_use; cd /var/lib/dkvm && mkdir -p config && { cat /etc/dkvm/dkvm.toml; printf '%s' '${PROFILE}'; } >config/dkvm.toml && dkvm reload`);
  await until("the gadget knows the profile", async () => (await pi.sh("dkvm usb")).stdout.includes("disk"));
  await pi.must("dkvm usb profile disk --yes");
  await until("the node has drives", async () => (await pi.sh("dkvm storage")).stdout.includes("0"));
  await pi.must(`dkvm storage drive disk.img ${SIZE_MIB} && dkvm storage attach disk.img --lun 0 --writable`);
  const ours: Speeds = { read: [], write: [] };
  const bare: Speeds = { read: [], write: [] };
  for (let round = 0; round < ROUNDS; round++) {
    await measure(pi, ours);
    await withBareGadget(pi, () => measure(pi, bare));
    bench.tell(`read ${ours.read.at(-1)!.toFixed(1)} of ${bare.read.at(-1)!.toFixed(1)}, written ${ours.write.at(-1)!.toFixed(1)} of ${bare.write.at(-1)!.toFixed(1)} MiB/s`);
  }
  const note = `${SIZE_MIB} MiB with O_DIRECT, ${ROUNDS} times by turns; the Pi is its own target`;
  for (const way of ["read", "write"] as const) {
    bench.row({ what: `disk, ${way}; peer: bare f_mass_storage`, ours: median(ours[way]), peer: median(bare[way]), aim: "95 % of it", note });
  }
  const keys = await keysBeside(bench, pi);
  return `read ${ratio(ours.read, bare.read)}, written ${ratio(ours.write, bare.write)} of a bare gadget's; ${keys}`;
});

function median(samples: number[]): Figure {
  return { value: spread(samples, "MiB/s").value, unit: "MiB/s" };
}

function ratio(ours: number[], bare: number[]): string {
  return (median(ours).value / median(bare).value).toFixed(2);
}

/** The target's name of the disk of our size. */
function diskOf(pi: Pi): Promise<string> {
  // Linux looks whether a medium has come when a drive is opened, and not before.
  const find = `for d in /sys/block/sd*; do : </dev/\${d##*/}; [ "$(cat $d/size 2>/dev/null)" = ${SIZE_MIB * 2048} ] && echo /dev/\${d##*/}; done 2>/dev/null`;
  return until("the Pi's own USB host has the disk", async () => (await pi.sh(find)).stdout.trim() || undefined);
}

async function measure(pi: Pi, speeds: Speeds): Promise<void> {
  const disk = await diskOf(pi);
  // What the file's pages hold in memory is the same for both: none.
  speeds.write.push(await dd(pi, `if=/dev/zero of=${disk} oflag=direct conv=fsync`));
  await pi.must("sync; echo 3 >/proc/sys/vm/drop_caches");
  speeds.read.push(await dd(pi, `if=${disk} of=/dev/null iflag=direct`));
}

/** MiB/s as GNU dd itself counts them. */
async function dd(pi: Pi, what: string): Promise<number> {
  const answer = await pi.sh(`LC_ALL=C gnu-dd ${what} bs=1M count=${SIZE_MIB}`, LONG_MS);
  const seconds = /copied, ([\d.e+-]+) s/.exec(answer.stderr)?.[1];
  if (answer.code !== 0 || seconds === undefined) throw new LabError(`dd ${what} ended with ${answer.code}: ${answer.stderr}`);
  return SIZE_MIB / Number(seconds);
}

/** A keyboard of the smallest kind: eight modifiers. */
const DESCRIPTOR = String.raw`\005\001\011\006\241\001\005\007\031\340\051\347\025\000\045\001\165\001\225\010\201\002\300`;

/** The one HID function beside it: the lab's USB port serves a disk three times slower once anything else is polled. */
const HID = `mkdir functions/hid.0
  for a in no_out_endpoint=1 protocol=1 subclass=1 report_length=1; do echo \${a#*=} >functions/hid.0/\${a%=*}; done
  printf '${DESCRIPTOR}' >functions/hid.0/report_desc
  ln -s functions/hid.0 configs/c.1/`;

/** Ours is unplugged meanwhile, as its owner could: the one port is free then. */
async function withBareGadget(pi: Pi, act: () => Promise<void>): Promise<void> {
  const udc = (await pi.must("ls /sys/class/udc")).trim();
  await pi.must("dkvm storage eject --lun 0 && dkvm usb unplug");
  await pi.must(`set -e; mkdir ${BARE}; cd ${BARE}; echo 0x1d6b >idVendor; echo 0x0104 >idProduct; mkdir -p configs/c.1 functions/mass_storage.0
    ${HID}
    echo ${IMAGE} >functions/mass_storage.0/lun.0/file; ln -s functions/mass_storage.0 configs/c.1/; echo ${udc} >UDC`);
  await act();
  await pi.must(`cd ${BARE} && echo >UDC; rm configs/c.1/*.0; rmdir configs/c.1 functions/*; cd / && rmdir ${BARE}`);
  await pi.must("dkvm usb plug && dkvm storage attach disk.img --lun 0 --writable");
}

/** Keys by the page's way while dd reads and writes without a pause. */
async function keysBeside(bench: Bench, pi: Pi): Promise<string> {
  const viewer = await Viewer.open(pi.network.address);
  viewer.close();
  const disk = await diskOf(pi);
  const idle = await keys(pi);
  const busy = `while :; do gnu-dd if=/dev/zero of=${disk} oflag=direct bs=64k count=400; gnu-dd if=${disk} of=/dev/null iflag=direct bs=64k count=400; done >/dev/null 2>&1`;
  await pi.must(`sh -c '${busy}' >/dev/null 2>&1 & echo $! >/tmp/busy`);
  const figure = await keys(pi);
  await pi.must("kill $(cat /tmp/busy)");
  bench.row({ what: "key while the disk is busy; peer: while it is idle", ours: figure, peer: idle, aim: "median < 5 ms", note: "the disk's both ends and the key's share one processor" });
  return `a key beside it ${(figure.value / 1000).toFixed(2)} ms (median)`;
}

async function keys(pi: Pi): Promise<Figure> {
  const answer = await pi.sh(`${KEY_PROGRAM} --count ${KEYS} page --password '${PASSWORD}'`, LONG_MS);
  if (answer.code !== 0) throw new LabError(`in the Pi dkvm-bench-key ended with ${answer.code}: ${answer.stderr.trim()}`);
  const { median_us, p99_us } = JSON.parse(answer.stdout) as { median_us: number; p99_us: number };
  return { value: median_us, p99: p99_us, unit: "µs" };
}
