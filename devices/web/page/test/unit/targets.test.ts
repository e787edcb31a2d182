// Other nodes' targets in this page: what is known of them, what is wrong with them, and where the choice is kept.

import assert from "node:assert/strict";
import { test } from "node:test";
import { target, thumb } from "../../dev/far.ts";
import { healthy } from "../../dev/mock.ts";
import * as states from "../../dev/states.ts";
import { hashOf, OWN, targetIn } from "../../src/model/hash.ts";
import { emptyModel, type Model } from "../../src/model/model.ts";
import { forgetNode, reduce } from "../../src/model/reduce.ts";
import { parseSettings } from "../../src/model/settings.ts";
import { bannerOf, coverOf, heldByAnother } from "../../src/model/status.ts";
import { mayType, pageOf, tilesOf, worked } from "../../src/model/targets.ts";
import { chooseCodec } from "../../src/video/codec.ts";
import { parseThumb } from "../../src/video/thumbs.ts";
import type { PeerInfo } from "../../src/wire/PeerInfo.ts";
import type { Signal } from "../../src/wire/Signal.ts";
import type { ToPage } from "../../src/wire/ToPage.ts";

const HELLO: ToPage = { type: "hello", kernel: states.kernel(), viewers: 1 };

/** The page with a picture of office's target. */
function far(...messages: ToPage[]): Model {
  const model = [HELLO, ...healthy(), ...messages].reduce((model, message) => reduce(model, message, 0), { ...emptyModel(42), chosen: "office" });
  return { ...model, picture: { ...model.picture, frames: 9 } };
}

const told = (change: Parameters<typeof target>[1]): ToPage => ({ type: "target", ...target("office", change) });
const linked = (change: Partial<PeerInfo>): ToPage => ({ type: "peers", state: states.peers({ peers: [states.peer("office", change)] }) });
const cover = (...messages: ToPage[]): string | undefined => coverOf(worked(far(...messages)), 0)?.id;
const banner = (...messages: ToPage[]): string | undefined => bannerOf(worked(far(...messages)))?.id;

test("the address keeps the choice, whatever a node is called", () => {
  for (const node of ["office", "büro 2", "a&b=c", "50%"]) assert.equal(targetIn(hashOf(node)), node);
  assert.equal(hashOf(OWN), "");
  for (const hash of ["", "#", "#something", "#target=", "#target=%20"]) assert.equal(targetIn(hash), OWN, hash);
});

test("what a node tells replaces all that was known of it, and is forgotten with it", () => {
  const model = far(told({ video: null }));
  assert.equal(model.targets["office"]?.video, null);
  assert.equal("type" in (model.targets["office"] ?? {}), false);
  assert.deepEqual(reduce(model, { type: "target_gone", node: "office" }, 0).targets, {});
  assert.deepEqual(reduce(model, { type: "target_gone", node: "attic" }, 0).targets, model.targets);
  assert.deepEqual(forgetNode(model).targets, {});
  assert.equal(forgetNode(model).chosen, "office", "a break of the link changes no choice");
});

test("the stage and the bar show what the chosen target tells, and nothing of this node's own", () => {
  const shown = worked(far(told({ gadget: null, power: null })));
  assert.deepEqual([shown.video?.mode.width, shown.gadget, shown.power, shown.typist], [800, null, null, null]);
  assert.deepEqual([shown.node, shown.devices.length > 0], ["rack3-db1", true], "whose page it is stays");
  const own = { ...far(), chosen: OWN };
  assert.equal(worked(own), own);
  assert.equal(worked({ ...far(), chosen: "attic" }).video, null);
});

test("a healthy target has nothing to tell", () => {
  assert.deepEqual([cover(), banner()], [undefined, undefined]);
});

test("each thing that is missing on the way to a picture has its words, the nearest first", () => {
  assert.equal(cover({ type: "peers", state: null }), "far-no-peer");
  assert.equal(cover({ type: "peers", state: null }, { type: "device_gone", name: "peer" }), "far-waiting");
  assert.equal(cover({ type: "peers", state: states.peers({ peers: [] }) }), "far-unpaired");
  assert.equal(cover(linked({ link: "connecting", granted: [] })), "far-unlinked");
  assert.equal(cover(linked({ link: "refused", granted: [], detail: "it has forgotten this node" })), "far-refused");
  assert.equal(cover(linked({ granted: ["type"] })), "far-not-granted");
  assert.equal(cover({ type: "target_gone", node: "office" }), "far-untold");
  assert.equal(cover(told({ video: null })), "far-no-capture");
  const signal = (signal: Signal): string | undefined => cover(told({ video: states.video({ signal }) }));
  assert.deepEqual(["none", "unstable", "out_of_range", "absent"].map((one) => signal(one as Signal)), ["far-none", "far-unstable", "far-out_of_range", "far-absent"]);
  const model = worked(far());
  assert.equal(coverOf({ ...model, picture: { ...model.picture, frames: 0 } }, 0)?.id, "far-first-frame");
});

test("the link to this node comes before all that", () => {
  const model: Model = { ...forgetNode(far()), link: { kind: "lost", retryAt: 2500, restarting: false } };
  assert.equal(coverOf(worked(model), 0)?.id, "link-lost");
  assert.equal(bannerOf(worked(model)), null);
});

test("the way of keys to it is told above the picture", () => {
  assert.equal(banner(linked({ granted: ["view"] })), "far-view-only");
  assert.equal(banner(linked({ link: "stalled" })), "far-stalled");
  assert.equal(banner(told({ hid: null })), "far-no-hid");
  assert.equal(banner(linked({ granted: ["type"] }), told({ hid: null })), undefined, "that is told in place of the picture");
  assert.equal(banner(told({ hid: states.hid({ keyboard: "stalled" }) })), "far-hid-stalled");
  assert.equal(banner(told({ gadget: states.gadget({ state: "suspended" }) })), "far-usb-suspended");
  assert.equal(banner(told({ gadget: null })), undefined, "a node that does not tell it is not broken");
});

test("every notice of another node's target has an action, and none that would act on this node's", () => {
  const all = [
    [linked({ granted: [] })],
    [linked({ link: "connecting" })],
    [{ type: "peers", state: null } satisfies ToPage],
    [told({ video: null })],
    [told({ video: states.video({ signal: "absent" }) })],
    [told({ gadget: states.gadget({ state: "no_udc" }) })],
    [told({ hid: null })],
  ];
  for (const messages of all) {
    const model = worked(far(...messages));
    const notice = coverOf(model, 0) ?? bannerOf(model);
    assert.ok(["own", "page", "targets"].includes(notice?.remedy?.kind ?? ""), `${notice?.id}: ${notice?.remedy?.kind}`);
  }
});

test("without a signal a key may wake it, where this node may type", () => {
  const dark = told({ video: states.video({ signal: "none" }) });
  assert.equal(coverOf(worked(far(dark)), 0)?.remedy?.kind, "take");
  assert.equal(coverOf(worked(far(dark, linked({ granted: ["view"] }))), 0)?.remedy?.kind, "page");
});

test("what this node may there decides on keys; of its own target nobody asks", () => {
  assert.equal(mayType(far()), true);
  assert.equal(mayType(far(linked({ granted: ["view"] }))), false);
  for (const unknown of [{ type: "peers", state: null } satisfies ToPage, linked({ link: "connecting", granted: [] })]) assert.equal(mayType(far(unknown)), true, "nobody says so without a link");
  assert.equal(mayType({ ...far({ type: "peers", state: null }), chosen: OWN }), true);
});

test("who is at work there has it; who is not, or was this page, has not", () => {
  const held = (change: Parameters<typeof states.hid>[0]): boolean => heldByAnother(worked(far(told({ hid: states.hid(change) }))));
  assert.equal(held({ holder: 7, by: "web", busy: true }), true);
  assert.equal(held({ holder: 7, by: "web", busy: false }), false);
  assert.equal(held({ holder: 42, by: "rack3-db1/web", busy: true }), false);
  assert.equal(held({ holder: 0 }), false);
});

test("a tile for each target: this node's own first, with who types, and why there is no picture", () => {
  const hid = states.hid({ holder: 7, by: "desk/input", busy: true });
  const [own, bench, office, ...more] = tilesOf(far(told({ hid })));
  assert.deepEqual([own?.node, own?.name, own?.why, own?.mode, own?.power?.words], [OWN, "rack3-db1", null, "1280×720, 60 Hz", "power on"]);
  assert.deepEqual([bench?.name, bench?.why, bench?.mode, bench?.usb], ["lab-bench", "It has forgotten this node: pair both again.", "", null]);
  assert.deepEqual([office?.name, office?.why, office?.mode, office?.typing, office?.usb?.tone], ["office", null, "800×600, 60 Hz", "desk types", "good"]);
  assert.deepEqual(more, []);
  assert.match(tilesOf(far(linked({ granted: ["type"] })))[1]?.why ?? "", /does not grant “view”/);
  assert.match(tilesOf(far({ type: "target_gone", node: "office" }))[2]?.why ?? "", /tells nothing of its target yet/);
  assert.match(tilesOf(far(linked({ link: "connecting" })))[1]?.why ?? "", /link to office is down/);
  assert.match(tilesOf(far(told({ video: states.video({ signal: "none" }) })))[2]?.why ?? "", /No signal/);
});

test("a node's page is where its link is, without that link's port", () => {
  const page = (address: string): string | null => pageOf(states.peer("office", { address }));
  assert.equal(page("192.0.2.31:23586"), "https://192.0.2.31/");
  assert.equal(page("[2001:db8::7]:23586"), "https://[2001:db8::7]/");
  assert.equal(page("office.local:23586"), "https://office.local/");
  for (const address of ["", "[fe80::1%eth0]:23586", "javascript:alert(1)", "a/b", "x y"]) assert.equal(page(address), null, address);
  assert.equal(pageOf(null), null);
});

test("a small picture is found in its message, and nothing else is", () => {
  const buffer = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer;
  const office = parseThumb(buffer(thumb("büro", 3)));
  assert.deepEqual([office?.node, office?.jpeg[0], office?.jpeg[1]], ["büro", 0xff, 0xd8]);
  assert.deepEqual([parseThumb(buffer(thumb("", null)))?.node, parseThumb(buffer(thumb("", null)))?.jpeg.length], ["", 0]);
  for (const broken of [[], [5, 97], [2, 0xff, 0xfe]]) assert.equal(parseThumb(buffer(new Uint8Array(broken))), null);
});

test("a chord does one thing: letting go comes first", () => {
  assert.deepEqual([parseSettings(null).chord, parseSettings(null).overview], ["ctrl-alt-shift", "both-shifts"]);
  assert.equal(parseSettings('{"chord":"both-shifts"}').overview, "ctrl-alt-shift");
  assert.equal(parseSettings('{"chord":"both-ctrls","overview":"both-ctrls"}').overview, "both-shifts");
});

test("another node's encoder is waited for as long as it may come back, and its own word counts", () => {
  const facts = { choice: "auto", decodes: true, failure: null, devices: null } as const;
  assert.equal(chooseCodec({ ...facts, h264: null, away: false }).codec, "h264");
  assert.equal(chooseCodec({ ...facts, h264: null, away: true }).codec, "jpeg");
  assert.deepEqual(chooseCodec({ ...facts, h264: states.h264({ detail: "the source compresses by itself" }), away: false }), { codec: "jpeg", why: "the source compresses by itself" });
});
