// Macros as a text file, as `dkvm macro export` writes it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { keptWords, ofText, overwriteWords, overwritten, toText } from "../../src/model/macros.ts";

test("what is exported can be imported", () => {
  const macros = [{ name: "bios", text: "Del\n\nwait 1s" }, { name: "log in", text: "text a\nEnter" }];
  const text = toText(macros);
  assert.equal(text, "[bios]\nDel\n\nwait 1s\n\n[log in]\ntext a\nEnter\n");
  assert.deepEqual(ofText(text), macros);
  assert.deepEqual(ofText(text.replaceAll("\n", "\r\n")), macros);
});

test("what is no such file is told", () => {
  assert.match(String(ofText("# mine\nTab\n[a]")), /Line 2 belongs to no macro/);
  assert.match(String(ofText("")), /no macro in this file/);
});

test("what other steps take the place of is asked about", () => {
  const known = [{ name: "bios", text: "Del\n" }, { name: "log in", text: "Enter" }, { name: "shell", text: "Tab" }];
  const fresh = [{ name: "bios", text: "Del" }, { name: "log in", text: "Tab" }, { name: "new", text: "Tab" }];
  assert.deepEqual(overwritten(known, fresh), ["log in"]);
  assert.deepEqual(overwritten(known, []), []);
  assert.match(overwriteWords(["a"]), /^There is a macro a already/);
  assert.match(overwriteWords(["a", "b", "c"]), /^There are macros a, b and c already/);
});

test("an import that fails says how many were kept", () => {
  assert.equal(keptWords(1, 1), "One macro is kept.");
  assert.equal(keptWords(3, 3), "3 macros are kept.");
  assert.equal(keptWords(2, 5, { name: "shell", why: "It is too long." }), "shell is not kept: It is too long. 2 of 5 macros are kept.");
});
