// What a healthy node says, to be changed by each test.

import type { ConfigEntry } from "../src/wire/ConfigEntry.ts";
import type { ConfigState } from "../src/wire/ConfigState.ts";
import type { AudioState } from "../src/wire/AudioState.ts";
import type { DeathRecord } from "../src/wire/DeathRecord.ts";
import type { DeviceInfo } from "../src/wire/DeviceInfo.ts";
import type { EncodeState } from "../src/wire/EncodeState.ts";
import type { H264State } from "../src/wire/H264State.ts";
import type { FetchState } from "../src/wire/FetchState.ts";
import type { GadgetState } from "../src/wire/GadgetState.ts";
import type { HidState } from "../src/wire/HidState.ts";
import type { KernelInfo } from "../src/wire/KernelInfo.ts";
import type { MacroState } from "../src/wire/MacroState.ts";
import type { MemoryStats } from "../src/wire/MemoryStats.ts";
import type { NetworkState } from "../src/wire/NetworkState.ts";
import type { Pairing } from "../src/wire/Pairing.ts";
import type { PeerInfo } from "../src/wire/PeerInfo.ts";
import type { PeerState } from "../src/wire/PeerState.ts";
import type { PowerState } from "../src/wire/PowerState.ts";
import type { SerialState } from "../src/wire/SerialState.ts";
import type { Stage } from "../src/wire/Stage.ts";
import type { StorageState } from "../src/wire/StorageState.ts";
import type { TypistState } from "../src/wire/TypistState.ts";
import type { UsbnetState } from "../src/wire/UsbnetState.ts";
import type { UpdateState } from "../src/wire/UpdateState.ts";
import type { VideoState } from "../src/wire/VideoState.ts";

export function device(name: string, change: Partial<DeviceInfo> = {}): DeviceInfo {
  return {
    name,
    desired: "up",
    phase: "running",
    detail: null,
    generation: 1,
    pid: 200 + name.length,
    uptime_ms: 754_000,
    deaths: 0,
    events_out: 18_233,
    events_in: 90_121,
    frames_out: name === "capture" || name === "encode" ? 45_120 : 0,
    dropped: 0,
    rss: 3_400_000 + name.length * 310_000,
    leases: name === "capture" ? 3 : 1,
    ...change,
  };
}

export const DEVICES = ["gadget", "hid", "capture", "encode", "web", "nodes", "network", "update", "power", "led", "ssh", "storage", "typist", "serial", "usbnet", "audio", "peer"];

export const kernel = (change: Partial<KernelInfo> = {}): KernelInfo => ({
  version: "0.1.0",
  node: "rack3-db1",
  uptime_ms: 812_000,
  boot: "b1",
  image: { board: "rpi4", version: "0.1.0", slot: "a", committed: "a", persistent: true },
  notices: [],
  safe_mode: false,
  ...change,
});

export const update = (stage: Stage = { stage: "idle" }, change: Partial<UpdateState> = {}): UpdateState => ({
  stage,
  slots: [
    { slot: "a", version: "0.1.0", healthy: true },
    { slot: "b", version: "0.0.9", healthy: true },
  ],
  running: "a",
  committed: "a",
  last: null,
  ...change,
});

/** The first start of a new image, on trial. */
export const trial = (): UpdateState =>
  update(
    {
      stage: "trial",
      left_ms: 85_000,
      checks: [
        { name: "gadget", ok: true, detail: "configured" },
        { name: "hid", ok: true, detail: "the target takes keys" },
        { name: "capture", ok: true, detail: "no dongle, as before" },
        { name: "page", ok: false, detail: "not asked yet" },
        { name: "devices", ok: false, detail: "encode restarts" },
      ],
    },
    { running: "b", slots: [{ slot: "a", version: "0.1.0", healthy: true }, { slot: "b", version: "0.2.0", healthy: false }] },
  );

export const power = (change: Partial<PowerState> = {}): PowerState => ({
  buttons: ["power", "reset"],
  pressed: null,
  power_led: true,
  disk_led: false,
  wake: [{ name: "backup-server", mac: "02:00:5e:10:00:01" }],
  ...change,
});

export const typist = (change: Partial<TypistState> = {}): TypistState => ({
  holder: 4242,
  typing: null,
  last: null,
  layouts: [
    { id: "us", title: "English (US)" },
    { id: "de", title: "German" },
    { id: "jp", title: "Japanese (106 keys)" },
  ],
  layout: "us",
  ...change,
});

export const audio = (change: Partial<AudioState> = {}): AudioState => ({
  source: "gadget",
  sources: [
    { id: "gadget", title: "the target's USB speakers" },
    { id: "MS2109", title: "USB3.0 HDMI" },
  ],
  usb: true,
  playing: 48_000,
  recording: 0,
  heard: false,
  microphone: null,
  lost: 0,
  starved: 0,
  message: null,
  ...change,
});

export const storage = (change: Partial<StorageState> = {}): StorageState => ({
  images: [
    { name: "debian-12.5.0-amd64-netinst.iso", size: 659_554_304, sha256: "013f5b44670d81280b5b1bc02455842b250df2f0c6763398feb69af1a805a14f", modified: false, fat: false },
    { name: "files.img", size: 67_108_864, sha256: null, modified: true, fat: true },
  ],
  incoming: [],
  luns: [
    { index: 0, image: "debian-12.5.0-amd64-netinst.iso", medium: "cdrom", access: "read_only", problem: null },
    { index: 1, image: null, medium: "disk", access: "read_only", problem: null },
  ],
  reason: null,
  free: 24_410_000_000,
  total: 31_250_000_000,
  ...change,
});

export const usbnet = (change: Partial<UsbnetState> = {}): UsbnetState => ({
  interface: "usb0",
  kind: "ncm",
  mac: "02:64:6b:00:00:0a",
  target_mac: "02:64:6b:00:00:0b",
  carrier: true,
  address: "172.31.7.1/29",
  lease: { address: "172.31.7.2", mac: "02:64:6b:00:00:0b", host: "db1" },
  nat: false,
  uplink: null,
  isolate: false,
  sent: 1_250_000,
  received: 48_000,
  problem: null,
  ...change,
});

export const network = (change: Partial<NetworkState> = {}): NetworkState => ({
  mdns: "rack3-db1.local",
  interfaces: [
    { name: "eth0", kind: "wired", carrier: true, addresses: ["192.0.2.7/24", "2001:db8::7/64", "fe80::ba27:ebff:fe00:7/64"], ssid: null, detail: null },
    { name: "wlan0", kind: "wireless", carrier: true, addresses: ["192.0.2.61/24"], ssid: "workshop", detail: null },
    { name: "usb0", kind: "gadget", carrier: false, addresses: [], ssid: null, detail: null },
  ],
  time_synced: true,
  ...change,
});

export const gadget = (change: Partial<GadgetState> = {}): GadgetState => ({
  state: "configured",
  udc: "dummy_udc.0",
  speed: "high-speed",
  binding: 1,
  functions: [
    { name: "keyboard", device: "/dev/hidg0" },
    { name: "absolute", device: "/dev/hidg1" },
    { name: "relative", device: "/dev/hidg2" },
  ],
  profile: "bios",
  profiles: [
    { name: "bios", functions: ["keyboard", "absolute", "relative"], unfit: null },
    { name: "install", functions: ["keyboard", "absolute", "relative", "storage"], unfit: null },
    { name: "desk", functions: ["keyboard", "absolute", "relative", "storage"], unfit: null },
    {
      name: "everything",
      functions: ["keyboard", "absolute", "relative", "storage", "serial"],
      unfit: "it needs 6 endpoints to the target (keyboard 1, absolute 1, relative 1, storage 1, serial 2) where the USB controller has 5; leave out serial",
    },
  ],
  ...change,
});

export const hid = (change: Partial<HidState> = {}): HidState => ({
  keyboard: "ok",
  absolute: "ok",
  relative: "ok",
  leds: { num: true, caps: false, scroll: false, compose: false, kana: false },
  focus: 4,
  holder: 0,
  ...change,
});

export const video = (change: Partial<VideoState> = {}): VideoState => ({
  signal: "ok",
  mode: { width: 1280, height: 720, millihertz: 60_000 },
  format: "YUYV",
  source: "vivid",
  modes: [
    { width: 1920, height: 1080, millihertz: 60_000 },
    { width: 1920, height: 1080, millihertz: 30_000 },
    { width: 1280, height: 720, millihertz: 60_000 },
    { width: 1280, height: 720, millihertz: 59_940 },
    { width: 1280, height: 720, millihertz: 25_000 },
    { width: 640, height: 480, millihertz: 60_000 },
  ],
  streaming: true,
  rate: 60,
  detail: null,
  ...change,
});

export const h264 = (change: Partial<H264State> = {}): H264State => ({ settings: { max_rate: 0, max_kbit: 0 }, rate: 58, kbit: 940, quantiser: 24, detail: null, ...change });

export const encode = (change: Partial<EncodeState> = {}): EncodeState => ({ settings: { quality: 80, max_rate: 0 }, passthrough: false, rate: 58, ...change });

export const memory = (): MemoryStats => ({ bytes: 22_118_400, budget: 134_217_728, pools: 2, leases: 9, granted: 6 });

export const death = (name: string, generation: number, cause: string): DeathRecord => ({
  name,
  generation,
  at_unix_ms: Date.UTC(2026, 4, 3, 9, 20 + generation, 7),
  at_uptime_ms: 60_000 * generation,
  lived_ms: 83_000 * generation,
  cause,
  log: [`<info> ${name} 0.1.0 starts`, "<info> 1280x720 at 60.00 Hz, YUYV, USERPTR", "<warn> 3 frames dropped: no free slot"],
});

export const serial = (change: Partial<SerialState> = {}): SerialState => ({ log: 7, said: 0, kept: 0, waiting: 0, problem: null, ...change });

export const macros = (): MacroState => ({ macros: [{ name: "log in", text: "Ctrl+Alt+F2\nwait 500ms\ntext root\nEnter" }] });

export const fetching = (change: Partial<FetchState> = {}): FetchState => ({ fetching: null, last: null, ...change });

export const DIGEST = "ab".repeat(32);
export const config = (over: Partial<ConfigState> = {}): ConfigState => ({ digest: DIGEST, origin: "owner", number: 4, trial: null, last: null, ...over });
export const CONFIG_TEXT = '[kernel]\nrealtime = true\n\n[device.web]\ncommand = ["dkvm-device", "web"]\nuser = "dkvm-web"\n\n[device.web.config]\nlisten = "[::]:443"\n';
export const entry = (over: Partial<ConfigEntry> = {}): ConfigEntry => ({ number: 3, at_unix_ms: 1_700_000_000_000, who: "root", comment: "as it was found", digest: DIGEST, bytes: 100, outcome: "found", why: null, ...over });

export const peer = (node: string, change: Partial<PeerInfo> = {}): PeerInfo => ({
  node,
  fingerprint: "3f9a".repeat(16),
  address: "192.0.2.31:23586",
  grants: ["view", "type"],
  granted: ["view", "type", "power"],
  link: "up",
  detail: null,
  rtt_us: 840,
  version: "0.1.0",
  ...change,
});

export const pairing = (change: Partial<Pairing> = {}): Pairing => ({
  id: 3,
  node: "attic",
  address: "192.0.2.44:23586",
  code: "482913",
  incoming: true,
  grants: [],
  step: "compare",
  detail: null,
  ...change,
});

export const peers = (change: Partial<PeerState> = {}): PeerState => ({
  node: "rack3-db1",
  fingerprint: "a1b2c3d4".repeat(8),
  port: 23586,
  peers: [
    peer("office"),
    peer("lab-bench", { link: "refused", detail: "it has forgotten this node: pair both again", grants: [], granted: [], rtt_us: 0 }),
  ],
  seen: [{ node: "attic", addresses: ["192.0.2.44:23586"], fingerprint: "77".repeat(32), version: "0.1.0" }],
  pairings: [],
  refused: { strangers: 0, versions: 0, garbage: 0, rights: 0 },
  ...change,
});
