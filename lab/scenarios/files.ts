// Files onto a FAT drive: the target reads them byte for byte, and what it writes itself stays, over changes and the device's death.
import { LabError, sleep, until } from "../src/lab.ts";
import { Node } from "../src/node.ts";
import type { Pi } from "../src/pi.ts";
import type { Rig } from "../src/rig.ts";
import { scenario, type Bench } from "../src/scenario.ts";
import type { FileList } from "../../devices/web/page/src/wire/FileList.ts";
import type { StorageState } from "../../devices/web/page/src/wire/StorageState.ts";

const DRIVE = "files.img";
const DRIVE_MIB = 32;
const NAME = "Übung 1, a long name.bin";
const BYTES = 3_000_001;
/** So often the device dies while a file goes onto the drive. */
const DEATHS = 4;

export default scenario("files", "files that are put onto a FAT drive are read by the target byte for byte; what it wrote stays; a drive that it uses is left alone, and deaths leave no half of a change", async (bench) => {
  const rig = await bench.boot({ pi: { card: { size: "1G" }, hdmi: false }, target: { system: "linux" } });
  const node = new Node(rig.pi);
  await node.awaitUp(["gadget", "storage"]);
  const { pi, target } = rig;
  await target.awaitInput(/dKVM/, 60_000); // a target that is just setting the device up holds the switch up
  await pi.sh("dkvm usb profile install --yes"); // its answer may come too late on a busy machine; what counts is seen next
  await until("the node has drives", async () => (await storage(pi)).luns.length > 0);
  const first = await made(bench, pi);
  await deaths(bench, pi, node);
  await pi.must(`dkvm storage attach ${DRIVE} --lun 0 --writable`);
  const disk = await disked(rig);
  const disconnects = target.log.usbDisconnects();
  await used(bench, rig, disk, first);
  await changed(bench, rig, disk, first);
  bench.equal(target.log.usbDisconnects(), disconnects, "USB disconnects at the target");
  await target.powerOff();
  await pi.powerOff();
  return `${(BYTES / 2 ** 20).toFixed(1)} MiB onto a drive and into a folder that the target made, byte for byte; ${DEATHS} SIGKILLs in between; locked while it was mounted`;
});

async function storage(pi: Pi): Promise<StorageState> {
  return JSON.parse(await pi.must("dkvm storage --json")) as StorageState;
}

async function names(pi: Pi): Promise<string[]> {
  const list = JSON.parse(await pi.must(`dkvm storage files ${DRIVE} --json`)) as FileList;
  return list.files.map(({ name }) => name).sort();
}

async function refused(pi: Pi, command: string): Promise<string> {
  const { code, stderr } = await pi.sh(command, 60_000);
  if (code === 0) throw new LabError(`it was done: ${command}`);
  return stderr.trim();
}

/** A file of random bytes on the Pi; its hash. */
async function file(pi: Pi, path: string): Promise<string> {
  return (await pi.must(`head -c ${BYTES} /dev/urandom >${path} && sha256sum ${path}`)).slice(0, 64);
}

async function made(bench: Bench, pi: Pi): Promise<string> {
  const sum = await file(pi, "/tmp/first");
  await pi.must(`dkvm storage drive ${DRIVE} ${DRIVE_MIB}`);
  await pi.must(`dkvm storage copy /tmp/first ${DRIVE} --name '${NAME}'`);
  bench.equal(await names(pi), [NAME], "files on the drive");
  await pi.must("dd if=/dev/null of=/tmp/large bs=1 seek=40000000 2>/dev/null");
  for (const [command, says] of [
    [`dkvm storage copy /tmp/large ${DRIVE}`, /are free on it/],
    [`dkvm storage copy /tmp/first ${DRIVE} --name 'a:b'`, /FAT has not/],
    [`dkvm storage copy /tmp/first ${DRIVE} --name ../../x`, /another name/],
    [`dkvm storage copy /tmp/first ${DRIVE} --name '${NAME.toUpperCase()}'`, /already/],
    [`dkvm storage copy /tmp/first ${DRIVE}/none`, /no folder/],
    [`dkvm storage files ${DRIVE} rm none.txt`, /no file/],
  ] as const) {
    const answer = await refused(pi, command);
    bench.check(says.test(answer), `${command} is answered: ${answer}`);
  }
  await pi.must("rm /tmp/large");
  bench.equal(await names(pi), [NAME], "files after all the refusals");
  bench.tell("a file is on the drive; one too large, hostile names and a name that is taken are refused with a sentence");
  return sum;
}

/** At random moments of a change: the drive has the file whole, or not at all. */
async function deaths(bench: Bench, pi: Pi, node: Node): Promise<void> {
  let whole = 0;
  for (let round = 0; round < DEATHS; round++) {
    const command = pi.sh(`dkvm storage copy /tmp/first ${DRIVE} --name death-${round}`, 60_000);
    await sleep(Math.random() * 1500);
    const { pid, generation } = await node.device("storage");
    await pi.kill(pid!, "KILL");
    await command; // it lost its device and goes on with the next life, or says so
    await node.awaitUp(["storage"], { after: new Map([["storage", generation]]) });
    const there = await names(pi);
    bench.check(there.includes(NAME), `the drive lost a file: ${there.join(", ")}`);
    if (there.includes(`death-${round}`)) {
      whole++;
      await pi.must(`dkvm storage files ${DRIVE} rm death-${round}`);
    }
  }
  const { incoming } = await storage(pi);
  for (const { name } of incoming) await pi.must(`dkvm storage forget '${name}'`);
  bench.equal(await names(pi), [NAME], "files after the deaths");
  bench.tell(`${DEATHS} SIGKILLs while a file came: ${whole} times it was there whole in the end, else not at all`);
}

async function disked({ target }: Rig): Promise<string> {
  await target.sh("modprobe -a usb-storage sd_mod vfat nls_cp437 nls_ascii");
  return until("the target has the drive", async () => (await target.sh(`for d in /sys/block/sd*; do [ "$(cat $d/size 2>/dev/null)" = ${DRIVE_MIB * 2048} ] && echo /dev/\${d##*/}; done`)).text.trim() || undefined);
}

async function must({ target }: Rig, script: string): Promise<string> {
  const { code, text } = await target.sh(script, 60_000);
  if (code !== 0) throw new LabError(`the target says to '${script}': ${text}`);
  return text.trim();
}

function mounting(disk: string): string {
  return `mkdir -p /mnt && mount -t vfat -o utf8=1,iocharset=ascii,codepage=437 ${disk} /mnt`;
}

/** The target reads it, writes itself, and locks the drive meanwhile. */
async function used(bench: Bench, rig: Rig, disk: string, sum: string): Promise<void> {
  const { pi } = rig;
  await must(rig, mounting(disk));
  bench.equal((await must(rig, `sha256sum '/mnt/${NAME}'`)).slice(0, 64), sum, "the file as the target reads it");
  await must(rig, "mkdir /mnt/docs && echo of the target >/mnt/target.txt && sync");
  const asked = await refused(pi, `dkvm storage copy /tmp/first ${DRIVE} --name second`);
  bench.check(/--take-out/.test(asked), `a drive in use is answered: ${asked}`);
  const locked = await refused(pi, `dkvm storage copy /tmp/first ${DRIVE} --name second --take-out`);
  bench.check(/locked/.test(locked), `a locked drive is answered: ${locked}`);
  bench.equal((await must(rig, `sha256sum '/mnt/${NAME}'`)).slice(0, 64), sum, "the file after the refusals");
  await must(rig, "umount /mnt");
  await pi.must(`dkvm storage forget ${DRIVE}/second`);
  bench.tell(`the target reads the file byte for byte, and writes; meanwhile the drive is left alone: ${locked}`);
}

/** Taken out for the moment and put back: a change of the medium, and no new device. */
async function changed(bench: Bench, rig: Rig, disk: string, first: string): Promise<void> {
  const { pi } = rig;
  bench.equal(await names(pi), ["docs", "target.txt", NAME].sort(), "files as the node lists what the target wrote");
  const second = await file(pi, "/tmp/second");
  await pi.must(`dkvm storage copy /tmp/second ${DRIVE}/docs --take-out`);
  await pi.must(`dkvm storage files ${DRIVE} rm target.txt --take-out`);
  bench.equal((await storage(pi)).luns[0]?.image, DRIVE, "what is in the drive again");
  await until("the target sees the medium that was put back", async () => (await rig.target.sh(mounting(disk))).code === 0);
  bench.equal((await must(rig, "sha256sum /mnt/docs/second")).slice(0, 64), second, "the file in the folder as the target reads it");
  bench.equal((await must(rig, `sha256sum '/mnt/${NAME}'`)).slice(0, 64), first, "the first file after the changes");
  // how it shows strange letters is the target's affair
  bench.equal(await must(rig, "ls /mnt | wc -l; ls -d /mnt/docs /mnt/target.txt 2>/dev/null; true"), "2\n/mnt/docs", "what the target finds");
  await must(rig, "umount /mnt");
  bench.tell("a file into the target's folder and one of its files away, by a change of the medium");
}
