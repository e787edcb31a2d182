// `make image` says at once what is missing, before it fetches or builds anything.
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { repository } from "../src/lab.ts";
import { scenario, type Bench } from "../src/scenario.ts";

const SCRIPT = join(repository, "board/image.sh");
const PLACES = ["/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"];

type Settings = Record<string, string>;

function refuse(bench: Bench, settings: Settings, sentence: RegExp): void {
  const env = { PATH: PLACES.join(":"), HOME: bench.lab.path("home"), ...settings };
  const { status, stdout, stderr } = spawnSync("/bin/bash", [SCRIPT, "check"], { encoding: "utf8", env });
  bench.check(status === 1 && sentence.test(stderr), `image.sh with ${JSON.stringify(settings)} ended with ${status} and not with ${sentence}:\n${stdout}${stderr}`);
}

/** A directory of this machine's programs without one of them. */
function programsWithout(bench: Bench, gone: string): string {
  const folder = bench.lab.path(`without-${gone}`);
  mkdirSync(folder);
  for (const place of PLACES.filter((path) => existsSync(path))) {
    for (const name of readdirSync(place)) {
      if (name !== gone && !existsSync(join(folder, name))) symlinkSync(join(place, name), join(folder, name));
    }
  }
  return folder;
}

/** A directory that stands before all others, with one program that answers as given. */
function programThatSays(bench: Bench, name: string, script: string): string {
  const folder = bench.lab.path(`fake-${name}`);
  mkdirSync(folder);
  writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, name), 0o755);
  return [folder, ...PLACES].join(":");
}

export default scenario("image-refusals", "make image names a wrong board, a missing tool, a full disk, no network, a wrong Buildroot", async (bench) => {
  refuse(bench, {}, /which board\?/);
  refuse(bench, { BOARD: "pi9" }, /there is no board 'pi9'/);
  refuse(bench, { BOARD: "rpi4", CONSOLE: "usb" }, /CONSOLE is 'usb'/);
  refuse(bench, { BOARD: "rpi4", OFFLINE: "yes" }, /OFFLINE is 'yes'/);
  refuse(bench, { BOARD: "rpi4", BUILDROOT: "/tmp" }, /is no Buildroot tree/);
  refuse(bench, { BOARD: "rpi4", BUILDROOT: "/nonexistent" }, /is no Buildroot tree/);
  refuse(bench, { BOARD: "zero2w", PATH: programThatSays(bench, "df", "echo head; echo disk 10000 9500 500 90% /") }, /wants \d GB and .* has 500 MB/);
  refuse(bench, { BOARD: "zero2w", PATH: programThatSays(bench, "git", "exit 128") }, /cannot be reached: check the network/);
  refuse(bench, { BOARD: "rpi4", PATH: programsWithout(bench, "rsync") }, /missing: rsync\. On Debian/);
  return "9 refusals, nothing fetched or built";
});
