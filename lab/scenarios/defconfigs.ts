// Kconfig drops what it does not know, or whose dependencies are not met, without a word. Here nothing is dropped.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { LabError, repository, run } from "../src/lab.ts";
import { scenario } from "../src/scenario.ts";

const BOARDS = ["rpi4", "zero2w", "qemu"] as const;
const TARBALL = "/usr/src/linux-source-6.12.tar.xz";
const buildroot = process.env["BUILDROOT"];

/** Lines of Buildroot's own check: what the defconfig asks for and the configuration does not have. */
function droppedByBuildroot(board: string, work: string): string {
  const defconfig = join(repository, `board/configs/dkvm_${board}_defconfig`);
  mkdirSync(work);
  run("make", "-s", "-C", buildroot!, `O=${work}`, `BR2_EXTERNAL=${join(repository, "board")}`, `BR2_DEFCONFIG=${defconfig}`, "defconfig");
  return execFileSync(join(buildroot!, "support/scripts/check-dotconfig.py"), [join(work, ".config"), defconfig], { encoding: "utf8" }).trim();
}

/** What Kconfig needs of a Linux tree, and no more of it. */
function unpackKconfig(into: string): string {
  if (!existsSync(TARBALL)) throw new LabError(`${TARBALL} is missing: run 'lab/setup.sh'`);
  mkdirSync(into);
  run("tar", "-xf", TARBALL, "-C", into, "--strip-components=1", "--wildcards", "*/Kconfig*", "*/Makefile*", "linux-source-6.12/scripts", "linux-source-6.12/arch/arm64/configs");
  return into;
}

function resolveLinux(tree: string, board: string, config: string): void {
  const fragments = run(join(repository, "kernel-config/check.sh"), "--fragments", board).trim().split("\n");
  const base = board === "qemu" ? [] : [join(tree, "arch/arm64/configs/defconfig")];
  // The board's own come first, as in its defconfig where it is the base.
  const order = board === "qemu" ? [fragments.at(-1)!, ...fragments.slice(0, -1)] : fragments;
  const options = { cwd: tree, encoding: "utf8" as const, env: { ...process.env, KCONFIG_CONFIG: config, ARCH: "arm64", CROSS_COMPILE: "aarch64-linux-gnu-" } };
  execFileSync("scripts/kconfig/merge_config.sh", ["-m", ...base, ...order], { ...options, stdio: "ignore" });
  execFileSync("make", ["-s", "olddefconfig"], { ...options, stdio: "ignore" });
}

function knownSymbols(tree: string): Set<string> {
  const text = run("grep", "-rhoE", "--include=Kconfig*", "^[[:space:]]*(menu)?config [A-Z0-9a-z_]+", tree);
  return new Set(text.split("\n").map((line) => line.trim().split(" ")[1] ?? ""));
}

/** Symbols that the check names, those that this Linux has and those that it has not. */
function lost(known: Set<string>, board: string, config: string): { lines: string[]; elsewhere: string[] } {
  const { stderr } = spawnSync(join(repository, "kernel-config/check.sh"), [board, config], { encoding: "utf8" });
  const named = [...stderr.matchAll(/^ {4}(CONFIG_(\w+).*)$/gm)];
  return {
    lines: named.filter(([, , symbol]) => known.has(symbol!)).map(([, line]) => line!),
    elsewhere: [...new Set(named.map(([, , symbol]) => symbol!).filter((symbol) => !known.has(symbol)))],
  };
}

/** A line that nobody could have met, so that a check that sees nothing is seen. */
function checkTheCheck(known: Set<string>, config: string): void {
  const text = readFileSync(config, "utf8").replace("CONFIG_USB_CONFIGFS_F_HID=y", "# CONFIG_USB_CONFIGFS_F_HID is not set");
  const broken = `${config}.broken`;
  execFileSync("tee", [broken], { input: text, stdio: ["pipe", "ignore", "inherit"] });
  if (lost(known, "qemu", broken).lines.length !== 2) throw new LabError("a configuration without the HID function passed kernel-config/check.sh");
}

const defconfigs = scenario("defconfigs", "Every board's defconfig and Linux fragments resolve with each symbol kept", async (bench) => {
  for (const board of BOARDS) {
    const dropped = droppedByBuildroot(board, bench.lab.path(`defconfig-${board}`));
    bench.check(dropped === "", `Buildroot drops lines of dkvm_${board}_defconfig:\n${dropped}`);
  }
  bench.tell("Buildroot keeps every line of the three defconfigs");
  const tree = unpackKconfig(bench.lab.path("linux"));
  const known = knownSymbols(tree);
  let checked = 0;
  for (const board of ["qemu", "rpi4"]) {
    const config = bench.lab.path(`linux-${board}`);
    resolveLinux(tree, board, config);
    const { lines, elsewhere } = lost(known, board, config);
    bench.check(lines.length === 0, `Linux drops symbols of ${board}:\n${lines.join("\n")}`);
    bench.check(board !== "qemu" || elsewhere.length === 0, `Linux has no such symbols: ${elsewhere.join(", ")}`);
    if (elsewhere.length) bench.tell(`only in raspberrypi/linux, so not checked here: ${elsewhere.join(", ")}`);
    checked++;
  }
  checkTheCheck(known, bench.lab.path("linux-qemu"));
  return `${BOARDS.length} defconfigs, ${checked} Linux configurations, nothing dropped`;
});

export default buildroot ? defconfigs : undefined;
