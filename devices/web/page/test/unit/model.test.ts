import assert from "node:assert/strict";
import { test } from "node:test";
import { healthy } from "../../dev/mock.ts";
import * as states from "../../dev/states.ts";
import { sentence } from "../../src/api.ts";
import { backoff } from "../../src/link/backoff.ts";
import { emptyModel, type Model } from "../../src/model/model.ts";
import { ratesOf, sizesOf, withRate, withSize } from "../../src/model/modes.ts";
import { forgetNode, mergeDeaths, reduce } from "../../src/model/reduce.ts";
import { DEFAULTS, parseSettings } from "../../src/model/settings.ts";
import { bannerOf, coverOf, heldByAnother, workstation } from "../../src/model/status.ts";
import { bytes, duration, hertz } from "../../src/ui/format.ts";
import { parseHead } from "../../src/video/head.ts";
import { Meter } from "../../src/video/meter.ts";
import type { Signal } from "../../src/wire/Signal.ts";
import type { ToPage } from "../../src/wire/ToPage.ts";
import type { UsbState } from "../../src/wire/UsbState.ts";
import { frame } from "../../dev/frames.ts";

const HELLO: ToPage = { type: "hello", kernel: states.kernel(), viewers: 1 };

function told(...messages: ToPage[]): Model {
  return [HELLO, ...healthy(), ...messages].reduce((model, message) => reduce(model, message, 0), emptyModel(42));
}

function seen(...messages: ToPage[]): Model {
  const model = told(...messages);
  return { ...model, picture: { ...model.picture, frames: 9 } };
}

test("a healthy node has nothing to tell", () => {
  assert.equal(coverOf(seen(), 0), null);
  assert.equal(bannerOf(seen()), null);
});

test("each signal but a good one stands where the picture would be", () => {
  const ids = (["none", "unstable", "out_of_range", "absent"] satisfies Signal[]).map((signal) => coverOf(seen({ type: "video", state: states.video({ signal }) }), 0)?.id);
  assert.deepEqual(ids, ["no-signal", "unstable", "out-of-range", "capture-absent"]);
});

test("a detail of the device is told instead of our guess", () => {
  const video = states.video({ signal: "unstable", detail: "the cable is too long" });
  assert.equal(coverOf(seen({ type: "video", state: video }), 0)?.text, "The cable is too long.");
});

test("each USB state but a good one stands above the picture", () => {
  const all = ["no_udc", "unplugged", "not_attached", "enumerating", "suspended"] satisfies UsbState[];
  const ids = all.map((state) => bannerOf(seen({ type: "gadget", ...states.gadget({ state }) }))?.id);
  assert.deepEqual(ids, ["usb-no-udc", "usb-unplugged", "usb-not-attached", "usb-enumerating", "usb-suspended"]);
});

test("every notice has an action or ends by itself", () => {
  const down = (name: string, phase: "failed" | "backoff"): ToPage => ({ type: "device", ...states.device(name, { phase }) });
  const models = (["failed", "backoff"] as const).flatMap((phase) => [
    seen({ type: "video", state: null }, down("capture", phase)),
    seen({ type: "encode", state: null }, down("encode", phase)),
  ]);
  for (const model of models) {
    const notice = coverOf(model, 0);
    assert.ok(notice && (notice.remedy || notice.busy), notice?.id);
  }
});

test("a device: coming back, given up, stopped by a person, unknown", () => {
  const capture = (change: Parameters<typeof states.device>[1]): string | undefined => coverOf(seen({ type: "video", state: null }, { type: "device", ...states.device("capture", change) }), 0)?.id;
  assert.deepEqual([capture({ phase: "backoff" }), capture({ phase: "failed" }), capture({ phase: "stopped", desired: "down" })], ["capture-down", "capture-failed", "capture-stopped"]);
  assert.equal(coverOf(seen({ type: "video", state: null }, { type: "device_gone", name: "capture" }), 0)?.id, "capture-unknown");
});

test("the link comes first, with its countdown", () => {
  const model: Model = { ...forgetNode(seen()), link: { kind: "lost", retryAt: 2500, restarting: false } };
  assert.match(coverOf(model, 0)?.text ?? "", /again in 3 s/);
  assert.equal(bannerOf(model), null);
});

test("no picture yet is told, and not for ever black", () => {
  assert.equal(coverOf(told(), 0)?.id, "first-frame");
});

test("a stalled target and a full window of steps are the same to a person", () => {
  const stalled = seen({ type: "hid", state: states.hid({ keyboard: "stalled" }) });
  const full: Model = { ...seen(), focus: { holding: true, engaged: true, lost: false, full: true } };
  assert.deepEqual([bannerOf(stalled)?.id, bannerOf(full)?.id], ["hid-stalled", "hid-stalled"]);
});

test("another page holds the focus only when there is one", () => {
  const held = seen({ type: "hid", state: states.hid({ holder: 77 }) });
  assert.equal(heldByAnother(held), false, "a page that was closed");
  assert.equal(heldByAnother(reduce(held, { type: "viewers", count: 2 }, 0)), true);
  assert.equal(heldByAnother({ ...held, viewers: 2, holder: 77 }), false);
});

test("who works the target from another node is named, and is no obstacle while he does nothing", () => {
  const desk = { holder: 77, by: "desk/input" };
  const busy = seen({ type: "hid", state: states.hid({ ...desk, busy: true }) });
  assert.equal(workstation(busy), "desk");
  assert.equal(heldByAnother(busy), true);
  const idle = seen({ type: "hid", state: states.hid(desk) });
  assert.equal(heldByAnother(idle), false);
  const lost = { ...idle, focus: { ...idle.focus, lost: true } };
  assert.equal(heldByAnother(lost), true, "it was taken from this page, and that is told");
  assert.equal(workstation(seen({ type: "hid", state: states.hid({ by: "web" }) })), null);
});

test("a device that restarts is noticed, across a reconnect too, but not when the kernel is a new one", () => {
  const again: ToPage = { type: "device", ...states.device("hid", { generation: 2 }) };
  assert.deepEqual(reduce(told(), again, 5).restarts, { hid: 5 });
  assert.deepEqual(reduce(reduce(told(), HELLO, 6), again, 7).restarts, { hid: 7 });
  const restarted: ToPage = { ...HELLO, kernel: { ...states.kernel(), boot: "b2" } };
  assert.deepEqual(reduce(reduce(told(), restarted, 6), again, 7).restarts, {});
});

test("devices stand by name and are replaced in place", () => {
  const model = told({ type: "device", ...states.device("hid", { phase: "failed" }) });
  assert.deepEqual(model.devices.map((device) => device.name), [...states.DEVICES].sort());
});

test("deaths: newest first, each once", () => {
  const [first, second] = [states.death("hid", 1, "a"), states.death("hid", 2, "b")];
  assert.deepEqual(mergeDeaths([first], [first, second]).map((death) => death.generation), [2, 1]);
});

test("an unknown message changes nothing", () => {
  const model = told();
  assert.equal(reduce(model, { type: "from the future" } as unknown as ToPage, 0), model);
});

test("modes are two choices", () => {
  const video = states.video();
  assert.deepEqual(sizesOf(video), ["1920×1080", "1280×720", "640×480"]);
  assert.deepEqual(ratesOf(video), [60000, 59940, 25000]);
  assert.deepEqual(withSize(video, "1920×1080"), { width: 1920, height: 1080, millihertz: 60000 });
  assert.deepEqual(withRate(video, 25000), { width: 1280, height: 720, millihertz: 25000 });
});

test("stored settings that make no sense are the defaults", () => {
  for (const text of [null, "", "[]", "{", "null", '{"scale":"huge","render":3,"other":1}']) assert.deepEqual(parseSettings(text), DEFAULTS);
  assert.equal(parseSettings('{"scale":"fill"}').scale, "fill");
});

test("the wait grows to its cap and never explodes", () => {
  assert.deepEqual([0, 1, 2, 9, 5000].map((attempt) => backoff(attempt, 0.5)), [250, 500, 1000, 5000, 5000]);
  assert.deepEqual([backoff(0, 0), backoff(0, 1)], [200, 300]);
});

test("the head of a frame", () => {
  const message = frame(7, 640, 480, Buffer.from([0xff]));
  const copy = new Uint8Array(message).buffer;
  assert.deepEqual({ ...parseHead(copy), capturedNs: 0, sentNs: 0 }, { sequence: 7, capturedNs: 0, sentNs: 0, width: 640, height: 480 });
  assert.equal(parseHead(copy.slice(0, 32)), null, "no picture");
  assert.equal(parseHead(new Uint8Array(frame(1, 0, 480, Buffer.from([1]))).buffer), null, "no width");
});

test("the meter forgets after a second", () => {
  const meter = new Meter();
  for (let at = 0; at < 2000; at += 100) meter.frame(at, 20);
  assert.equal(meter.rate(1900), 10);
  assert.equal(meter.rate(5000), 0);
  assert.equal(meter.latencyMs, 20);
});

test("a picture that was kept for whoever comes does not count as slow", () => {
  const meter = new Meter();
  assert.equal(meter.latencyMs, null);
  for (const latency of [998, 21, 20]) meter.frame(0, latency);
  assert.equal(meter.latencyMs, 21);
});

test("figures for people", () => {
  assert.deepEqual([bytes(12), bytes(22_118_400), bytes(134_217_728)], ["12 B", "21.1 MB", "128 MB"]);
  assert.deepEqual([duration(400), duration(83_000), duration(754_000), duration(12_000_000), duration(200_000_000)], ["400 ms", "83 s", "12 min", "3 h 20 min", "2 d 7 h"]);
  assert.deepEqual([hertz(59_940), hertz(60_000)], ["59.94", "60"]);
  assert.equal(sentence("wrong password"), "Wrong password.");
});
