// What the page knows of the node itself, and how an update is sent.

import assert from "node:assert/strict";
import { test } from "node:test";
import { healthy } from "../../dev/mock.ts";
import * as states from "../../dev/states.ts";
import { Refused, sentence } from "../../src/api.ts";
import { emptyModel, type Model } from "../../src/model/model.ts";
import { newsOf, unread } from "../../src/model/news.ts";
import { absentWords, cleanMac, pressWords, releasedWords } from "../../src/model/power.ts";
import { forgetNode, reduce } from "../../src/model/reduce.ts";
import { bannerOf, coverOf } from "../../src/model/status.ts";
import { canGoBack, flowing, freshOutcome, otherSlot, outcomeWords, slotlessWords, slotWords, trialLeft } from "../../src/model/update.ts";
import { Speed, timeLeft } from "../../src/upload/speed.ts";
import { Uploader, verdict, type Part, type UploadView } from "../../src/upload/uploader.ts";
import type { KernelInfo } from "../../src/wire/KernelInfo.ts";
import type { Stage } from "../../src/wire/Stage.ts";
import type { ToPage } from "../../src/wire/ToPage.ts";
import type { Upload } from "../../src/wire/Upload.ts";

function told(change: Partial<KernelInfo>, ...messages: ToPage[]): Model {
  const hello: ToPage = { type: "hello", kernel: states.kernel(change), viewers: 1 };
  return [hello, ...healthy(), ...messages].reduce((model, message) => reduce(model, message, 0), emptyModel(42));
}

const receiving = (bytes: number): ToPage => ({ type: "update", state: states.update({ stage: "receiving", version: "2", bytes, size: 100 }) });

test("states of the node are kept, and forgotten without a link", () => {
  const model = told({});
  assert.deepEqual([model.power?.buttons, model.network?.mdns, model.update?.stage.stage], [["power", "reset"], "rack3-db1.local", "idle"]);
  const alone = forgetNode(model);
  assert.deepEqual([alone.power, alone.network, alone.update], [null, null, null]);
  assert.equal(alone.outcome, null, "how the last update ended is known over a restart");
});

test("news: what is not kept, what did not hold, and the notices as sentences", () => {
  assert.deepEqual(newsOf(told({})), []);
  const image = { board: "rpi4", version: "1", slot: "a", committed: "a", persistent: false } as const;
  const failed: ToPage = { type: "update", state: states.update({ stage: "idle" }, { last: { version: "2", committed: false, reason: "no page" } }) };
  const model = told({ image, notices: ["the clock is not set", "dkvm.txt, line 3: ignored"] }, failed);
  const news = newsOf(model);
  assert.deepEqual(news.map(({ tone }) => tone), ["warn", "warn", "quiet", "quiet"]);
  assert.equal(news[2]?.text, "The clock is not set.");
  assert.match(news[1]?.text ?? "", /did not hold: 2 was not kept.*No page\./);
  assert.equal(unread(news, new Set(["not-kept", "the clock is not set"])).length, 2);
  assert.deepEqual(newsOf({ ...model, link: { kind: "lost", retryAt: 0, restarting: false } }), [], "one thing at a time");
});

test("the names of files stay as they are written", () => {
  assert.equal(sentence("dkvm.txt, line 3: ignored"), "dkvm.txt, line 3: ignored.");
  assert.equal(sentence("the clock"), "The clock.");
});

test("safe mode is one notice, and a trial is a quiet one", () => {
  const safe = told({ safe_mode: true }, { type: "video", state: null }, { type: "hid", state: null });
  assert.deepEqual([coverOf(safe, 0)?.id, coverOf(safe, 0)?.remedy?.kind, bannerOf(safe)], ["safe-mode", "system", null]);
  assert.equal(bannerOf(told({}, { type: "update", state: states.trial() }))?.id, "trial");
});

test("slots in words", () => {
  const update = states.update();
  assert.equal(otherSlot(update)?.slot, "b");
  assert.equal(otherSlot(states.update({ stage: "none" }, { slots: [], running: null })), null);
  assert.deepEqual(["0.0.9, was healthy", "2, not tried yet", "no whole image"], [slotWords({ slot: "b", version: "0.0.9", healthy: true }), slotWords({ slot: "b", version: "2", healthy: false }), slotWords({ slot: "b", version: null, healthy: false })]);
  assert.equal(canGoBack(update), true);
  const never: Array<[Stage, boolean]> = [[{ stage: "staged", version: "2" }, true], [{ stage: "idle" }, false]];
  for (const [stage, healthy] of never) assert.equal(canGoBack(states.update(stage, { slots: [{ slot: "b", version: "2", healthy }] })), false);
});

test("no slots: no card, or one that cannot be used", () => {
  assert.match(slotlessWords(told({})), /does not run from a card/);
  const broken: ToPage = { type: "device", ...states.device("update", { phase: "degraded", detail: "the card cannot be read" }) };
  assert.equal(slotlessWords(told({}, broken)), "The card cannot be read.");
});

test("a trial is counted down on the page's clock", () => {
  const model = reduce(told({}), { type: "update", state: states.trial() }, 1000);
  assert.deepEqual([trialLeft(model, 1000), trialLeft(model, 11_000), trialLeft(model, 999_000)], [85_000, 75_000, 0]);
});

test("an upload that moves is somebody's, one that stands is offered to go on", () => {
  const first = reduce(told({}), receiving(10), 1000);
  assert.equal(flowing(first, 1000), false, "the first that is told says nothing");
  const more = reduce(first, receiving(20), 2000);
  assert.deepEqual([flowing(more, 3000), flowing(more, 8000)], [true, false]);
});

test("an end is fresh once, over a restart too, and not on a new page", () => {
  const last = { version: "2", committed: true, reason: "" };
  const ended: ToPage = { type: "update", state: states.update({ stage: "idle" }, { last }) };
  const before = forgetNode(told({}));
  const after = reduce(before, ended, 0);
  assert.deepEqual(freshOutcome(before, after), last);
  assert.equal(freshOutcome(after, reduce(after, ended, 1)), null);
  assert.equal(freshOutcome(emptyModel(1), after), null);
  assert.equal(outcomeWords(last), "2 passed its checks and is kept.");
});

test("power in words", () => {
  assert.match(pressWords(true, "x"), /is on/);
  assert.match(pressWords(false, "x"), /and starts/);
  assert.match(pressWords(null, "x"), /when it is off it starts/);
  assert.equal(releasedWords("reset", null, true), "The reset button was pressed.");
  assert.deepEqual([null, true, false].map((lit) => releasedWords("power", 6000, lit).split(" 6 s")[1]), [".", ", and the power LED is still on.", ": the target is off."]);
  assert.equal(cleanMac(" 02-00-5E-10-00-aA "), "02:00:5e:10:00:aa");
  for (const text of ["", "02:00", "02:00:5e:10:00:ag", "02:00:5e:10:00:aa:bb"]) assert.equal(cleanMac(text), null, text);
});

test("why a drawer is empty", () => {
  const model = told({});
  assert.match(absentWords(model, "power", "docs/power.md"), /not running yet/);
  assert.match(absentWords(told({}, { type: "device_gone", name: "power" }), "power", "docs/power.md"), /no power device: docs\/power\.md/);
  assert.match(absentWords({ ...model, link: { kind: "connecting" } }, "power", ""), /no link/);
});

test("speed is that of the last seconds", () => {
  const speed = new Speed();
  assert.equal(speed.rate, null);
  for (let at = 0; at <= 20_000; at += 1000) speed.note(at, at < 10_000 ? at : 10_000 + (at - 10_000) * 2);
  assert.equal(speed.rate, 2000);
  speed.note(21_000, 5);
  assert.equal(speed.rate, null, "it began anew");
  assert.deepEqual([timeLeft(1000, 500), timeLeft(1000, 0), timeLeft(1000, null)], [2000, null, null]);
});

// -- the uploader against a node that keeps what it gets

const SIZE = 1_400_000;
const CONTENT = Uint8Array.from({ length: SIZE }, (_, index) => (index * 13) % 251);
const file = (): File => new File([CONTENT], "new.dkvm");

class Node {
  kept: number[] = [];
  parts: Part[] = [];
  waits: number[] = [];
  clock = 0;
  /** What goes wrong with the nth request. */
  readonly faults = new Map<number, unknown>();

  readonly uploader = new Uploader({
    send: (part) => this.take(part),
    wait: async (ms) => void this.waits.push(ms),
    now: () => (this.clock += 500),
  });

  private async take(part: Part): Promise<Upload> {
    const fault = this.faults.get(this.parts.push(part));
    if (fault !== undefined) throw fault;
    const bytes = new Uint8Array(await part.bytes.arrayBuffer());
    const known = this.kept.length - part.offset;
    if (known < 0 || (part.offset > 0 && (known > 0 || part.id !== "u1"))) throw new Refused("conflict", "wrong place", 0);
    for (const byte of bytes.subarray(Math.max(0, known))) this.kept.push(byte);
    return { id: "u1", offset: this.kept.length };
  }

  isWhole(): boolean {
    return this.kept.length === SIZE && this.kept.every((byte, at) => byte === CONTENT[at]);
  }
}

function views(node: Node): UploadView[] {
  const seen: UploadView[] = [];
  const set = node.uploader.view.set.bind(node.uploader.view);
  node.uploader.view.set = (view) => {
    seen.push(view);
    set(view);
  };
  return seen;
}

test("a file goes head first and then in parts, with its progress", async () => {
  const node = new Node();
  const seen = views(node);
  await node.uploader.start(file(), true);
  assert.ok(node.isWhole());
  assert.deepEqual(node.parts.map(({ offset, bytes }) => [offset, bytes.size]), [[0, 16_384], [16_384, 524_288], [540_672, 524_288], [1_064_960, 335_040]]);
  assert.ok(node.parts.every(({ downgrade, size }) => downgrade && size === SIZE));
  assert.ok(seen.some((view) => view.kind === "sending" && view.rate !== null && view.offset > 0));
  assert.equal(seen.at(-1)?.kind, "none");
});

test("whatever breaks, the head asks where it stands, and nothing is sent twice or left out", async () => {
  const broken = [new TypeError("network"), new Refused("unavailable", "Update is not running now.", 0), new Refused("conflict", "Byte 5 is wanted.", 0), new Refused("unauthorized", "", 0), new DOMException("", "AbortError")];
  for (const fault of broken) {
    for (let nth = 1; nth <= 4; nth++) {
      const node = new Node();
      node.faults.set(nth, fault);
      await node.uploader.start(file(), false);
      assert.ok(node.isWhole(), `${String(fault)} at ${nth}`);
      assert.equal(node.waits.length, 1);
      assert.equal(node.parts[nth]?.offset, 0);
    }
  }
});

test("an upload that was there in part goes on", async () => {
  const node = new Node();
  node.kept = [...CONTENT.subarray(0, 900_000)];
  await node.uploader.start(file(), false);
  assert.ok(node.isWhole());
  assert.deepEqual(node.parts.map(({ offset }) => offset), [0, 900_000]);
});

test("a refusal is the end, in the node's words", async () => {
  const node = new Node();
  node.faults.set(1, new Refused("forbidden", "The signature is not the owner's.", 0));
  await node.uploader.start(file(), false);
  assert.deepEqual(node.uploader.view.value, { kind: "refused", name: "new.dkvm", why: "The signature is not the owner's." });
  assert.equal(node.parts.length, 1);
});

test("a node that stays away is given up in the end, and told how to go on", async () => {
  const node = new Node();
  for (let nth = 3; nth < 500; nth++) node.faults.set(nth, new TypeError("network"));
  await node.uploader.start(file(), false);
  assert.match(node.uploader.view.value.kind === "refused" ? node.uploader.view.value.why : "", /choose the same file to go on/);
  assert.ok(Math.max(...node.waits) <= 5000);
});

test("cancelled is silent", async () => {
  const node = new Node();
  const done = node.uploader.start(file(), false);
  node.uploader.cancel();
  await done;
  assert.equal(node.uploader.view.value.kind, "none");
  assert.ok(node.parts.length <= 1);
});

test("verdicts", () => {
  assert.deepEqual(verdict(new DOMException("", "NotReadableError"), 1).end, true);
  assert.deepEqual([verdict(new Refused("conflict", "x", 0), 1).end, verdict(new Refused("conflict", "x", 0), 4).end], [false, true]);
  assert.equal(verdict(new Refused("bad_request", "x", 0), 1).end, true);
});
