import assert from "node:assert/strict";
import { test } from "node:test";
import * as states from "../../dev/states.ts";
import { chooseWords, profileWords, usbWords } from "../../src/model/usb.ts";

test("a profile is told in a person's words, and an unknown function by its name", () => {
  const profile = (name: string, functions: string[]): string => profileWords({ name, functions, unfit: null });
  assert.equal(profile("install", ["keyboard", "absolute", "storage"]), "keyboard, mouse, drives; to start and install systems");
  assert.equal(profile("mine", ["keyboard", "braille"]), "keyboard, braille");
});

test("a choice says to whom it is done, and what the target loses", () => {
  assert.match(chooseWords(states.gadget(), "the target of db1"), /^To the target of db1 the keyboard is unplugged for a second, [^.]*\.$/);
  const drives = states.gadget({ functions: [{ name: "storage", device: "" }] });
  assert.match(chooseWords(drives, "it"), /drive that it has open/);
  assert.match(chooseWords(states.gadget({ state: "unplugged" }), "the target"), /when it is plugged in/);
  assert.match(chooseWords(states.gadget({ state: "not_attached" }), "the target"), /No target is there/);
});

test("where USB stands leaves out what is not known", () => {
  assert.equal(usbWords(states.gadget({ state: "not_attached", speed: "" })), "not attached, dummy_udc.0.");
});
