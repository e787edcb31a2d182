// What the files in a virtual Pi are made of: this machine's own programs for User-mode Linux, or those of the real Pi's
// architecture for the emulated one.
import { execFileSync } from "node:child_process";
import { existsSync, realpathSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { armPlatform } from "./arm.ts";
import { umlDirectory } from "./kernel.ts";
import { LabError, labDirectory, repository } from "./lab.ts";

/** "uml": User-mode Linux, quick. "aarch64": QEMU with Debian's arm64 Linux and the binaries that a Pi runs. */
export type MachineKind = "uml" | "aarch64";

export interface Library {
  /** Where it is in the Pi. */
  path: string;
  source: string;
}

export interface Platform {
  busybox: string;
  /** Goes to /lib/modules. */
  modules: string;
  /** Holds the lab's own programs: the agent, the cables. */
  programs: string;
  /** One of our binaries. */
  binary(name: string): string;
  /** The shared libraries that a program needs. */
  libraries(program: string): Library[];
  /** More of /etc/lab.env. */
  environment: Record<string, string>;
}

export function platformOf(kind: MachineKind = "uml"): Platform {
  return kind === "aarch64" ? armPlatform() : umlPlatform();
}

function umlPlatform(): Platform {
  return {
    busybox: "/bin/busybox",
    modules: join(umlDirectory(), "lib/modules"),
    programs: join(labDirectory, "build"),
    binary: findBinary,
    libraries: librariesHere,
    environment: {},
  };
}

export function binaryDirectory(): string {
  const target = process.env["CARGO_TARGET_DIR"] ?? join(repository, "target");
  return process.env["DKVM_BIN_DIR"] ?? join(target, "release");
}

/** The static dkvm is built for an explicit target triple, the others for the host's default. */
export function findBinary(name: string): string {
  const directory = binaryDirectory();
  const places = [directory, join(directory, "../x86_64-unknown-linux-gnu", basename(directory))];
  const found = places.map((place) => join(place, name)).filter((path) => existsSync(path));
  const newest = found.sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)[0];
  if (newest === undefined) throw new LabError(`${name} is not built: run 'make build' (looked in ${places.join(" and ")})`);
  return newest;
}

function librariesHere(program: string): Library[] {
  try {
    const output = execFileSync("ldd", [program], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    return [...output.matchAll(/(?:=> )?(\/\S+) \(0x/g)].map((match) => ({ path: match[1]!, source: realpathSync(match[1]!) }));
  } catch {
    return []; // static
  }
}
