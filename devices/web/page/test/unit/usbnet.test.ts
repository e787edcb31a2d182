// Words of the network to the target.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as states from "../../dev/states.ts";
import { emptyModel } from "../../src/model/model.ts";
import { forgetNode, reduce } from "../../src/model/reduce.ts";
import { leaseWords, linkWords, natWords, openWords } from "../../src/model/usbnet.ts";
import type { ToPage } from "../../src/wire/ToPage.ts";

test("what the target was given is told, and forgotten with the node", () => {
  const told: ToPage = { type: "usbnet", state: states.usbnet() };
  const model = reduce(emptyModel(1), told, 0);
  assert.equal(model.usbnet?.lease?.address, "172.31.7.2");
  assert.equal(forgetNode(model).usbnet, null);
});

test("each state has its words", () => {
  assert.equal(leaseWords(states.usbnet()), "172.31.7.2, db1");
  assert.match(leaseWords(states.usbnet({ lease: null })), /has not asked/);
  assert.match(linkWords(states.usbnet({ carrier: false })), /NCM, the target does not/);
  assert.equal(natWords(states.usbnet()), "nothing but this node");
  assert.match(natWords(states.usbnet({ nat: true, uplink: "eth0" })), /what eth0 leads to/);
  assert.match(natWords(states.usbnet({ nat: true })), /no way on/);
  assert.match(openWords("rack3"), /address of rack3/);
});
