import assert from "node:assert/strict";
import { SpecialKeys, specialOf } from "../../src/input/special.ts";
import { test } from "node:test";
import { Chord, type ChordName } from "../../src/input/chord.ts";
import { strokes } from "../../src/input/combos.ts";
import { Keyboard, platformOf, type KeyPress, type Platform } from "../../src/input/keyboard.ts";
import { Sticky } from "../../src/input/sticky.ts";
import { Usage, usageOf } from "../../src/input/usage.ts";
import { MODIFIERS, ROWS } from "../../src/ui/keys.ts";

const press = (code: string, down: boolean, at = 0): KeyPress => ({ code, down, repeat: false, at });
/** `+` and `-` of usages, in hex. */
function played(platform: Platform, presses: KeyPress[]): string {
  const keyboard = new Keyboard(platform);
  return presses.flatMap((one) => keyboard.handle(one)).map(({ usage, down }) => `${down ? "+" : "-"}${usage.toString(16)}`).join(" ");
}

test("physical keys have the usages of the HID tables", () => {
  const known: Record<string, number> = {
    KeyA: 0x04, KeyZ: 0x1d, Digit1: 0x1e, Digit0: 0x27, Enter: 0x28, Escape: 0x29, Backspace: 0x2a, Tab: 0x2b, Space: 0x2c, Minus: 0x2d, Equal: 0x2e,
    BracketLeft: 0x2f, BracketRight: 0x30, Backslash: 0x31, Semicolon: 0x33, Quote: 0x34, Backquote: 0x35, Comma: 0x36, Period: 0x37, Slash: 0x38,
    CapsLock: 0x39, F1: 0x3a, F12: 0x45, PrintScreen: 0x46, ScrollLock: 0x47, Pause: 0x48, Insert: 0x49, Home: 0x4a, PageUp: 0x4b, Delete: 0x4c,
    End: 0x4d, PageDown: 0x4e, ArrowRight: 0x4f, ArrowLeft: 0x50, ArrowDown: 0x51, ArrowUp: 0x52, NumLock: 0x53, NumpadDivide: 0x54,
    NumpadMultiply: 0x55, NumpadSubtract: 0x56, NumpadAdd: 0x57, NumpadEnter: 0x58, Numpad1: 0x59, Numpad0: 0x62, NumpadDecimal: 0x63,
    IntlBackslash: 0x64, ContextMenu: 0x65, NumpadEqual: 0x67, F13: 0x68, F24: 0x73, NumpadComma: 0x85, IntlRo: 0x87, KanaMode: 0x88, IntlYen: 0x89,
    Convert: 0x8a, NonConvert: 0x8b, Lang1: 0x90, Lang2: 0x91, Lang5: 0x94, ControlLeft: 0xe0, ShiftLeft: 0xe1, AltLeft: 0xe2, MetaLeft: 0xe3,
    ControlRight: 0xe4, ShiftRight: 0xe5, AltRight: 0xe6, MetaRight: 0xe7,
  };
  for (const [code, usage] of Object.entries(known)) assert.equal(usageOf(code), usage, code);
  assert.equal(usageOf("BrowserBack"), undefined);
});

test("each key of the on-screen keyboard is there once", () => {
  const usages = [...MODIFIERS, ...ROWS.flat()].map((cap) => cap.usage);
  assert.equal(new Set(usages).size, usages.length);
  assert.ok(!usages.includes(0));
});

test("a plain key is a press and a release; repeats and unknown keys are nothing", () => {
  assert.equal(played("other", [press("KeyA", true), { ...press("KeyA", true), repeat: true }, press("KeyA", false), press("Fn", true)]), "+4 -4");
});

test("macOS swallows the keyup under Command: the key is tapped", () => {
  assert.equal(played("mac", [press("MetaLeft", true), press("KeyC", true), press("MetaLeft", false)]), "+e3 +6 -6 -e3");
});

test("macOS: a key held before Command goes up with it at the latest", () => {
  assert.equal(played("mac", [press("KeyC", true), press("MetaLeft", true), press("MetaLeft", false)]), "+6 +e3 -6 -e3");
});

test("elsewhere the Super key is a key like any other", () => {
  assert.equal(played("other", [press("MetaLeft", true), press("KeyC", true), press("KeyC", false), press("MetaLeft", false)]), "+e3 +6 -6 -e3");
});

test("macOS tells Caps Lock's state: each event is a tap", () => {
  assert.equal(played("mac", [press("CapsLock", true), press("CapsLock", false)]), "+39 -39 +39 -39");
  assert.equal(played("other", [press("CapsLock", true), press("CapsLock", false)]), "+39 -39");
});

test("Windows' AltGr is AltRight alone, a real Ctrl+AltGr is both", () => {
  assert.equal(played("windows", [press("ControlLeft", true, 50), press("AltRight", true, 50.5), press("ControlLeft", false, 90), press("AltRight", false, 90)]), "+e0 -e0 +e6 -e6");
  assert.equal(played("windows", [press("ControlLeft", true, 50), press("AltRight", true, 120)]), "+e0 +e6");
});

test("Print Screen, which Windows tells only by its keyup", () => {
  assert.equal(played("windows", [press("PrintScreen", false)]), "+46 -46");
  assert.equal(played("other", [press("PrintScreen", true), press("PrintScreen", false)]), "+46 -46");
});

test("language keys, which many systems never tell the keyup of, are tapped", () => {
  assert.equal(played("other", [press("Lang1", true), press("Lang1", false), press("Lang2", true)]), "+90 -90 +91 -91");
});

test("a keyup of a key that was never pressed here is nothing", () => {
  assert.equal(played("other", [press("KeyA", false)]), "");
});

test("platforms", () => {
  assert.deepEqual(["Macintosh; Intel Mac OS X", "Windows NT 10.0", "X11; Linux x86_64"].map(platformOf), ["mac", "windows", "other"]);
});

/** Plays usages, `+` pressed and `-` released, 10 ms apart; after which of them the chord was complete. */
function chord(name: ChordName, keys: string): number[] {
  const watch = new Chord(name);
  const codes: Record<string, number> = { c: Usage.control, C: Usage.controlRight, a: Usage.alt, s: Usage.shift, S: Usage.shiftRight, x: 0x1b, l: Usage.scrollLock };
  return keys.split(" ").flatMap((key, index) => (watch.feed({ usage: codes[key[1] ?? ""] ?? 0, down: key[0] === "+" }, index * 10) ? [index] : []));
}

test("the chord is complete when it is let go, in any order", () => {
  assert.deepEqual(chord("ctrl-alt-shift", "+c +a +s -a -c -s"), [3]);
  assert.deepEqual(chord("ctrl-alt-shift", "+S +C +a -S -C -a"), [3]);
  assert.deepEqual(chord("both-shifts", "+s +S -s -S"), [2]);
});

test("with another key among them they are a shortcut of the target", () => {
  assert.deepEqual(chord("ctrl-alt-shift", "+c +a +s +x -x -s -a -c"), []);
  assert.deepEqual(chord("ctrl-alt-shift", "+c +a +s +x -x -s -a -c +c +a +s -s"), [11]);
  assert.deepEqual(chord("ctrl-alt-shift", "+c +a -a +s -s -c"), []);
});

test("a key twice: in time, and nothing between", () => {
  assert.deepEqual(chord("right-ctrl-twice", "+C -C +C -C"), [3]);
  assert.deepEqual(chord("right-ctrl-twice", "+C -C +x -x +C -C"), []);
  const late = new Chord("scroll-lock-twice");
  const tap = (now: number): boolean => late.feed({ usage: Usage.scrollLock, down: true }, now) || late.feed({ usage: Usage.scrollLock, down: false }, now);
  assert.deepEqual([tap(0), tap(600), tap(900)], [false, false, true]);
});

test("a combination is released backwards", () => {
  assert.deepEqual(strokes([1, 2]), [
    { usage: 1, down: true },
    { usage: 2, down: true },
    { usage: 2, down: false },
    { usage: 1, down: false },
  ]);
});

test("a sticky modifier holds for one key, locked until it is tapped again", () => {
  const sticky = new Sticky();
  assert.deepEqual(sticky.tap(Usage.shift), [{ usage: Usage.shift, down: true }]);
  assert.deepEqual(sticky.after({ usage: 4, down: true }), []);
  assert.deepEqual(sticky.after({ usage: 4, down: false }), [{ usage: Usage.shift, down: false }]);
  sticky.tap(Usage.shift);
  assert.deepEqual(sticky.tap(Usage.shift), []);
  assert.deepEqual(sticky.after({ usage: 4, down: false }), []);
  assert.equal(sticky.grip(Usage.shift), "locked");
  assert.deepEqual(sticky.tap(Usage.shift), [{ usage: Usage.shift, down: false }]);
});

test("media and system keys are told as such where the target has them", () => {
  const all = new Set(["consumer", "system"]);
  assert.deepEqual(specialOf("AudioVolumeUp", all), { kind: "consumer", usage: 0xe9 });
  assert.deepEqual(specialOf("Sleep", all), { kind: "system", usage: 0x82 });
  assert.equal(specialOf("Sleep", new Set(["consumer"])), undefined);
  assert.equal(specialOf("KeyA", all), undefined);
});

test("a key goes up as what it went down as, whatever the target has by then", () => {
  const [full, plain] = [new Set(["consumer"]), new Set<string>()];
  const keys = new SpecialKeys();
  const event = (down: boolean, repeat = false): { code: string; down: boolean; repeat: boolean; at: number } => ({ code: "AudioVolumeUp", down, repeat, at: 0 });
  const volume = { kind: "consumer", usage: 0xe9 };
  assert.deepEqual(keys.handle(event(true), full), volume);
  assert.deepEqual(keys.handle(event(true, true), plain), volume);
  assert.deepEqual(keys.handle(event(false), plain), volume);
  assert.equal(keys.handle(event(true), plain), undefined);
  assert.equal(keys.handle(event(true, true), full), undefined);
  assert.equal(keys.handle(event(false), full), undefined);
  keys.handle(event(true), full);
  keys.forget();
  assert.equal(keys.handle(event(false), full), undefined);
});
