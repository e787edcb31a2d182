// mDNS on the lab's end of a Pi's network: asks for a name as any computer does (RFC 6762, 5.1), and owns one.
import { createSocket, type Socket } from "node:dgram";
import { isIPv4 } from "node:net";
import { PATIENCE_MS, until } from "./lab.ts";

const GROUP = "224.0.0.251";
const PORT = 5353;
const TYPE_A = 1;
const TYPE_ANY = 255;
const IN = 1;
const QUERY_EVERY_MS = 500;

/** The IPv4 addresses that whoever is called so on the network of `from` tells. */
export async function resolve(name: string, from: string, timeout = PATIENCE_MS): Promise<string[]> {
  const socket = createSocket("udp4");
  const found = new Set<string>();
  socket.on("message", (packet) => addresses(packet, name).forEach((address) => found.add(address)));
  await bound(socket, 0);
  socket.setMulticastInterface(from);
  const ask = (): void => socket.send(question(name), PORT, GROUP);
  ask();
  const timer = setInterval(ask, QUERY_EVERY_MS);
  try {
    return await until(`${name} is told by mDNS`, () => (found.size > 0 ? [...found] : undefined), { timeout });
  } finally {
    clearInterval(timer);
    socket.close();
  }
}

/** Has the name already: answers every question and probe for it, until it is closed. */
export async function occupy(name: string, on: string, address: string): Promise<Socket> {
  const socket = createSocket({ type: "udp4", reuseAddr: true });
  socket.on("message", (packet) => {
    if (questions(packet).some(({ asked, type }) => asked === name.toLowerCase() && (type === TYPE_A || type === TYPE_ANY))) {
      socket.send(answer(name, address), PORT, GROUP);
    }
  });
  await bound(socket, PORT);
  socket.addMembership(GROUP, on);
  socket.setMulticastInterface(on);
  return socket;
}

function bound(socket: Socket, port: number): Promise<void> {
  return new Promise((done) => socket.bind(port, () => done()));
}

function encoded(name: string): Buffer {
  const labels = name.split(".").map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]));
  return Buffer.concat([...labels, Buffer.from([0])]);
}

function header(flags: number, asked: number, answered: number): Buffer {
  return Buffer.from(Uint16Array.from([0, flags, asked, answered, 0, 0]).buffer).swap16();
}

function shorts(...values: number[]): Buffer {
  return Buffer.from(Uint16Array.from(values).buffer).swap16();
}

function question(name: string): Buffer {
  return Buffer.concat([header(0, 1, 0), encoded(name), shorts(TYPE_A, IN)]);
}

function answer(name: string, address: string): Buffer {
  const cacheFlush = 0x8000;
  const data = Buffer.from(address.split(".").map(Number));
  return Buffer.concat([header(0x8400, 0, 1), encoded(name), shorts(TYPE_A, IN | cacheFlush, 0, 120, data.length), data]);
}

interface Question {
  asked: string;
  type: number;
}

function questions(packet: Buffer): Question[] {
  const all: Question[] = [];
  if (packet.readUInt16BE(2) & 0x8000) return all;
  let at = 12;
  for (let left = packet.readUInt16BE(4); left > 0; left--) {
    const { text, end } = nameAt(packet, at);
    all.push({ asked: text, type: packet.readUInt16BE(end) });
    at = end + 4;
  }
  return all;
}

function addresses(packet: Buffer, name: string): string[] {
  const found: string[] = [];
  let at = 12;
  for (let left = packet.readUInt16BE(4); left > 0; left--) at = nameAt(packet, at).end + 4;
  for (let left = packet.readUInt16BE(6); left > 0; left--) {
    const { text, end } = nameAt(packet, at);
    const length = packet.readUInt16BE(end + 8);
    const address = [...packet.subarray(end + 10, end + 10 + length)].join(".");
    if (packet.readUInt16BE(end) === TYPE_A && text === name.toLowerCase() && isIPv4(address)) found.push(address);
    at = end + 10 + length;
  }
  return found;
}

/** A name, with the pointers that shorten it followed, and where what comes after it begins. */
function nameAt(packet: Buffer, start: number): { text: string; end: number } {
  const labels: string[] = [];
  let at = start;
  let end: number | undefined;
  for (let hops = 0; hops < packet.length; hops++) {
    const length = packet.readUInt8(at);
    if (length === 0) break;
    if (length >= 0xc0) {
      end ??= at + 2;
      at = packet.readUInt16BE(at) & 0x3fff;
      continue;
    }
    labels.push(packet.subarray(at + 1, at + 1 + length).toString());
    at += 1 + length;
  }
  return { text: labels.join(".").toLowerCase(), end: end ?? at + 1 };
}
