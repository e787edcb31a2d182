// Others that carry keys and motions from one machine to another: barrier and lan-mouse, run as they are in two virtual Pis over
// this machine's files, on the lab's own network.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Answer } from "./agent.ts";
import { machineCpu, processCpu } from "./cpu.ts";
import { LabError, labDirectory, sleep, until } from "./lab.ts";
import type { Kind, Times } from "./lag.ts";
import type { Pi } from "./pi.ts";

/** µs between events, and half of it more by chance. */
const GAP_US = 8000;
const PATIENCE_MS = 300_000;
const LAN_MOUSE = join(labDirectory, "build/lan-mouse/bin/lan-mouse");
/** sway does not run as root. */
const NOBODY = 65534;
const SCREEN = "800x600";

export interface Measured {
  made: Times;
  seen: Times;
  /** ms that the contender's own programs had, at both ends, as these machines count them. */
  cpu: number;
  /** ms that both machines had, all in all, as this machine counts them. */
  machines: number;
  /** Bytes on the workstation's network, both ways. */
  bytes: number;
  seconds: number;
}

/** Two machines with the same way between them, for whoever carries something on it. */
export abstract class Contender {
  abstract readonly name: string;
  /** Its programs, at either end. */
  protected abstract readonly programs: RegExp;
  protected count = 0;

  constructor(readonly desk: Pi, readonly office: Pi) {}

  /** Starts it, and brings input to the other machine. */
  abstract start(): Promise<void>;
  abstract stop(): Promise<void>;
  /** Makes events at the workstation once the file `go` is there. */
  protected abstract press(kind: Kind, count: number, go: string): Promise<Answer>;
  /** Sees them at the other machine. */
  protected abstract see(kind: Kind, count: number): Promise<Answer>;

  /** Both ends are. */
  protected async ready(): Promise<void> {
    await sleep(1500);
  }

  async measure(kind: Kind, count: number): Promise<Measured> {
    const go = `/tmp/go-${kind}-${this.count++}`;
    const pressed = this.press(kind, count, go);
    await this.ready();
    const seen = this.see(kind, count);
    await sleep(1000);
    const before = { cpu: await this.cpu(), machines: this.machines(), bytes: await this.bytes(), at: performance.now() };
    await this.desk.must(`touch ${go} /host${go}`);
    const [made, saw] = [read(await pressed), read(await seen)];
    const seconds = (performance.now() - before.at) / 1000;
    return { made, seen: saw, seconds, cpu: (await this.cpu()) - before.cpu, machines: this.machines() - before.machines, bytes: (await this.bytes()) - before.bytes };
  }

  /** ms of processor that its programs have had. */
  async cpu(): Promise<number> {
    const one = async (pi: Pi): Promise<number> => {
      const pids = (await pi.processes()).filter(({ command }) => this.programs.test(command));
      return (await Promise.all(pids.map(({ pid }) => processCpu(pi, pid)))).reduce((sum, milliseconds) => sum + milliseconds, 0);
    };
    return (await one(this.desk)) + (await one(this.office));
  }

  machines(): number {
    return machineCpu(this.desk).all + machineCpu(this.office).all;
  }

  async bytes(): Promise<number> {
    const counters = await Promise.all(["rx", "tx"].map((way) => this.desk.readText(`/sys/class/net/vec0/statistics/${way}_bytes`)));
    return counters.reduce((sum, counter) => sum + Number(counter), 0);
  }
}

function read({ code, stdout, stderr }: Answer): Times {
  if (code !== 0 || stdout === "") throw new LabError(`a program that measures ended with ${code}: ${stderr.trim()}`);
  return JSON.parse(stdout) as Times;
}

/** By evdev, at one end or both. */
export const lag = {
  press: (pi: Pi, kind: Kind | "right", count: number, go: string, gap = GAP_US): Promise<Answer> => pi.sh(`/usr/lib/lab/lag press ${kind} ${count} ${gap} ${go}`, PATIENCE_MS),
  see: (pi: Pi, kind: Kind, count: number, name: string): Promise<Answer> => pi.sh(`/usr/lib/lab/lag see ${kind} ${count} ${name}`, PATIENCE_MS),
};

/** What both machines are booted with, beside `hostfs`. */
export const LAG = { programs: { "/usr/lib/lab/lag": join(labDirectory, "build/lag") } };

/** Programs of this machine in a virtual one: its files, with the virtual machine's own devices and a /tmp of its own. */
class Room {
  constructor(readonly pi: Pi) {}

  async open(): Promise<void> {
    if ((await this.pi.sh("test -d /host/tmp/home")).code === 0) return;
    const bind = ["/dev", "/dev/pts", "/dev/shm", "/proc", "/sys"].map((path) => `mount --bind ${path} /host${path}`);
    await this.pi.must(["mount -t tmpfs tmp /host/tmp", "mount -t tmpfs run /host/run", ...bind, "mkdir -p /host/tmp/home/run /host/tmp/.X11-unix /host/run/udev/data",
      "chmod 1777 /host/tmp /host/tmp/.X11-unix", `chmod 700 /host/tmp/home/run && chown -R ${NOBODY} /host/tmp/home`].join(" && "));
    await this.put("/tmp/lag-x", readFileSync(join(labDirectory, "build/lag-x")), 0o755);
  }

  put(path: string, data: Buffer | string, mode = 0o644): Promise<void> {
    return this.pi.write(`/host${path}`, data, mode);
  }

  command(command: string, { as = "", env = "" } = {}): string {
    return `chroot /host ${as} /usr/bin/env HOME=/tmp/home DISPLAY=:7 PATH=/usr/bin:/bin:/usr/sbin XDG_RUNTIME_DIR=/tmp/home/run XDG_CONFIG_HOME=/tmp/home ${env} ${command}`;
  }

  /** Goes on; its process, and its log in the Pi. */
  async start(name: string, command: string, how: { as?: string; env?: string } = {}): Promise<number> {
    return Number(await this.pi.must(`${this.command(command, how)} >/tmp/${name}.log 2>&1 </dev/null & echo $!`));
  }

  async startX(): Promise<number> {
    const pid = await this.start("xvfb", `Xvfb :7 -screen 0 ${SCREEN}x24 -ac -noreset`);
    await until("the X server listens", async () => (await this.pi.sh("test -S /host/tmp/.X11-unix/X7")).code === 0);
    return pid;
  }

  lagX(words: string): Promise<Answer> {
    return this.pi.sh(this.command(`/tmp/lag-x ${words}`), PATIENCE_MS);
  }
}

abstract class Foreign extends Contender {
  protected readonly here = new Room(this.desk);
  protected readonly there = new Room(this.office);
  protected readonly started: [Pi, number][] = [];

  protected see(kind: Kind, count: number): Promise<Answer> {
    return this.there.lagX(`see ${kind} ${count}`);
  }

  async stop(): Promise<void> {
    for (const [pi, pid] of this.started.splice(0).reverse()) await pi.kill(pid, "KILL").catch(() => {});
    for (const pi of [this.desk, this.office]) await pi.must("rm -f /host/tmp/.X11-unix/X7 /host/tmp/.X7-lock");
  }
}

/** From X to X: it knows no other source. */
export class Barrier extends Foreign {
  readonly name = "barrier";
  protected readonly programs = /^barriers? |^barrier[sc] /;

  async start(): Promise<void> {
    for (const room of [this.here, this.there]) {
      await room.open();
      this.started.push([room.pi, await room.startX()]);
    }
    await this.here.put("/tmp/barrier.conf", "section: screens\n desk:\n office:\nend\nsection: links\n desk:\n  right = office\n office:\n  left = desk\nend\n");
    const { address } = this.desk.network;
    const common = "-f --no-tray --disable-crypto";
    this.started.push([this.desk, await this.here.start("barriers", `barriers ${common} --name desk -c /tmp/barrier.conf --address ${address}:24800`)]);
    this.started.push([this.office, await this.there.start("barrierc", `barrierc ${common} --name office ${address}`)]);
    await until("barrier is linked", async () => /connected to server/.test(await this.office.readText("/tmp/barrierc.log")));
    await sleep(500);
    await this.here.lagX("edge");
  }

  protected press(kind: Kind, count: number, go: string): Promise<Answer> {
    return this.here.lagX(`press ${kind} ${count} ${GAP_US} ${go}`);
  }
}

/** From evdev, by way of the compositor that it needs (sway, without a screen), to X. */
export class LanMouse extends Foreign {
  readonly name = "lan-mouse";
  protected readonly programs = /^\/tmp\/lan-mouse /;
  readonly #devices = new Map<string, Promise<Answer>>();

  static get isThere(): boolean {
    return existsSync(LAN_MOUSE);
  }

  /** sway hears of no device that comes later, as nobody here is udev: all are made now, and wait. */
  constructor(desk: Pi, office: Pi, readonly events: number, readonly kinds: readonly Kind[]) {
    super(desk, office);
  }

  async start(): Promise<void> {
    for (const room of [this.here, this.there]) {
      await room.open();
      await room.put("/tmp/lan-mouse", readFileSync(LAN_MOUSE), 0o755);
    }
    for (const kind of this.kinds) this.#devices.set(`right-${kind}`, lag.press(this.desk, "right", 200, `/tmp/go-right-${kind}`, 5000));
    for (const [index, kind] of this.kinds.entries()) this.#devices.set(kind, lag.press(this.desk, kind, this.events, `/tmp/go-${kind}-${this.count + index}`));
    await sleep(500);
    await this.#startSway();
    this.started.push([this.office, await this.there.startX()]);
    await this.#startBoth();
  }

  /** Over the edge again: it gives back by itself when the other side was silent for a moment. */
  protected override async ready(): Promise<void> {
    const kind = this.kinds[this.count - 1];
    await this.desk.must(`touch /tmp/go-right-${kind}`);
    await this.#devices.get(`right-${kind}`);
    await super.ready();
  }

  /** As udev would tell it of keyboards and mice. */
  async #startSway(): Promise<void> {
    const kind = "case $(cat $e/device/capabilities/rel) in 0) k=KEYBOARD;; *) k=MOUSE;; esac";
    await this.desk.must(`for e in /sys/class/input/event*; do ${kind}; printf 'I:1\\nE:ID_INPUT=1\\nE:ID_INPUT_'$k'=1\\nE:ID_SEAT=seat0\\nG:seat\\n' > /host/run/udev/data/c$(cat $e/dev); done`);
    this.started.push([this.desk, await this.here.start("seatd", "seatd -u nobody", { env: "SEATD_VTBOUND=0" })]);
    await until("seatd listens", async () => (await this.desk.sh("test -S /host/run/seatd.sock")).code === 0);
    await this.here.put("/tmp/home/sway.conf", `output HEADLESS-1 resolution ${SCREEN}\ninput * accel_profile flat\n`);
    const env = "WLR_BACKENDS=headless,libinput WLR_RENDERER=pixman LIBSEAT_BACKEND=seatd XDG_SEAT=seat0 SEATD_VTBOUND=0";
    this.started.push([this.desk, await this.here.start("sway", "sway -c /tmp/home/sway.conf", { as: this.#nobody, env })]);
    await until("sway listens", async () => (await this.desk.sh("ls /host/tmp/home/run/wayland-?")).code === 0);
    await sleep(1500);
  }

  readonly #nobody = `/usr/bin/setpriv --reuid ${NOBODY} --regid ${NOBODY} --clear-groups`;

  async #startBoth(): Promise<void> {
    const prints = await Promise.all([this.here, this.there].map((room) => this.#fingerprint(room)));
    await this.#startOne(this.here, { position: "right", peer: this.office.network.address, trusted: prints[1]!, backends: "--capture-backend layer-shell --emulation-backend dummy", env: "WAYLAND_DISPLAY=wayland-1" });
    await this.#startOne(this.there, { position: "left", peer: this.desk.network.address, trusted: prints[0]!, backends: "--capture-backend x11 --emulation-backend x11", env: "" });
    await sleep(2000);
  }

  async #startOne(room: Room, { position, peer, trusted, backends, env }: { position: string; peer: string; trusted: string; backends: string; env: string }): Promise<void> {
    await room.put("/tmp/home/lan-mouse/config.toml", `port = 4242\n[[clients]]\nposition = "${position}"\nips = ["${peer}"]\nport = 4242\nactivate_on_startup = true\n[authorized_fingerprints]\n"${trusted}" = "other"\n`);
    this.started.push([room.pi, await room.start("lan-mouse", `/tmp/lan-mouse ${backends} daemon`, { as: this.#nobody, env: `LAN_MOUSE_LOG_LEVEL=info ${env}` })]);
  }

  /** It makes its key at its first start. */
  async #fingerprint(room: Room): Promise<string> {
    const { pi } = room;
    await pi.sh(room.command("timeout 2 /tmp/lan-mouse --capture-backend dummy --emulation-backend dummy daemon"));
    await pi.must(`rm -f /host/tmp/home/run/lan-mouse-socket.sock && chown -R ${NOBODY} /host/tmp/home`);
    return (await pi.must(room.command("openssl x509 -noout -fingerprint -sha256 -in /tmp/home/lan-mouse/lan-mouse.pem"))).split("=")[1]!.toLowerCase();
  }

  protected press(kind: Kind): Promise<Answer> {
    return this.#devices.get(kind)!;
  }

  override async stop(): Promise<void> {
    await super.stop();
    await this.desk.must("rm -rf /host/tmp/home/run/* /host/run/seatd.sock /tmp/go-*");
  }
}
