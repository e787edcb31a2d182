// Bundles for a virtual Pi: good ones, and each kind of bad one.
import { copyFileSync, existsSync, mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { copySparse, slotImages, type SlotImages } from "./card.ts";
import { cache, repository, run, type Lab } from "./lab.ts";
import type { PiNetwork } from "./network.ts";
import { findBinary } from "./platform.ts";
import type { PiOptions } from "./pi.ts";

/** Files of all workshops. */
let made = 0;

/** As large as a slot's boot partition, so that files can be put in. */
const BOOT_SIZE = 64 * 1024 * 1024;

export interface BundleOptions {
  version: string;
  board?: string;
  key?: string;
  images?: SlotImages;
}

/** How long a trial may take, for a person who waits for many of them. */
export interface Trial {
  settleMs: number;
  deadlineMs: number;
}

/** The image's own configuration with a short trial. `change` spoils it. */
export function configuration({ settleMs, deadlineMs }: Trial, change: (text: string) => string = (text) => text): string {
  const text = readFileSync(join(repository, "rootfs/etc/dkvm/dkvm.toml"), "utf8");
  return change(text)
    .replace("[kernel]\n", "[kernel]\ncrash_limit = 1000\n")
    .replace("[device.network.config]\n", '[device.network.config]\nignore = ["vec0", "vec1"]\n')
    .replace("[device.update.config]\n", `[device.update.config]\nsettle_ms = ${settleMs}\ndeadline_ms = ${deadlineMs}\n`);
}

/** Only what an update needs: a machine that starts soon. */
export function smallConfiguration(trial: Trial): string {
  const text = configuration(trial);
  const devices = text.split(/^(?=\[)/m).filter((section) => {
    const device = /^\[device\.([a-z]+)/.exec(section)?.[1];
    return !/^\[\[route|^\[grants/.test(section) && (device === undefined || device === "nodes" || device === "update");
  });
  return devices.join("");
}

export class Workshop {
  readonly key: string;
  readonly #tool = findBinary("dkvm-bundle");

  /** `keyName`: each has a key of its own, the same at each run so that cards can be kept. */
  constructor(readonly lab: Lab, keyName = "update") {
    const place = join(cache, "keys");
    mkdirSync(place, { recursive: true });
    this.key = join(place, `${keyName}.key`);
    run(this.#tool, "keygen", "--key", this.key, "--public", lab.path(`${keyName}.pub`));
    this.publicKey = readFileSync(lab.path(`${keyName}.pub`), "utf8");
  }

  readonly publicKey: string;

  /** The images of a Pi like this one, but for its version or configuration. */
  images(options: PiOptions, network: PiNetwork, version: string): SlotImages {
    const card = { ...(typeof options.card === "object" ? options.card : {}), version };
    const kept = slotImages(this.lab, { ...options, card }, network);
    // the cache keeps few cards
    const own = { boot: this.#file("vfat"), root: this.#file("squashfs") };
    copySparse(kept.boot, own.boot);
    copySparse(kept.root, own.root);
    return own;
  }

  bundle(images: SlotImages, { version, board = "lab", key = this.key }: BundleOptions): string {
    const out = this.#file("dkvm");
    run(this.#tool, "create", "--board", board, "--version", version, "--boot", images.boot, "--root", images.root, "--key", key, "--out", out);
    return out;
  }

  /** The same boot image with other files. */
  withBootFiles(images: SlotImages, files: Record<string, string>): SlotImages {
    const boot = this.#file("vfat");
    copyFileSync(images.boot, boot);
    truncateSync(boot, BOOT_SIZE);
    for (const [name, text] of Object.entries(files)) {
      const source = this.#file("txt");
      writeFileSync(source, text);
      run("mcopy", "-o", "-i", boot, source, `::${name}`);
    }
    return { boot, root: images.root };
  }

  truncated(bundle: string): string {
    const out = this.#file("dkvm");
    copyFileSync(bundle, out);
    truncateSync(out, Math.floor(statSync(bundle).size / 2));
    return out;
  }

  /** One bit of the root image is another. */
  damaged(bundle: string): string {
    const out = this.#file("dkvm");
    const bytes = readFileSync(bundle);
    const at = bytes.length - 1000;
    bytes[at] = bytes[at]! ^ 1;
    writeFileSync(out, bytes);
    return out;
  }

  #file(ending: string): string {
    const path = this.lab.path(`update-${made++}.${ending}`);
    if (existsSync(path)) throw new Error(`${path} is there already`);
    return path;
  }
}
