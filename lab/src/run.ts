// `make run`: both machines for a person, until Ctrl-C.
import { readFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { LabError, sleep, until, type Lab } from "./lab.ts";
import { Rig } from "./rig.ts";

const HTTPS_PORT = 443;

export async function runForPerson(lab: Lab): Promise<boolean> {
  console.log("lab: booting a virtual Pi and its target PC …");
  const rig = await Rig.boot(lab, { usbFirst: false, pi: { card: { size: "2G" } } });
  await openDoor(lab, rig.pi.network.address);
  await until("the Pi serves its page", () => answers(rig.pi.network.address), { every: 50 });
  const port = readFileSync(lab.path("port"), "utf8").trim();
  console.log(`lab: the Pi took ${(rig.pi.bootMilliseconds / 1000).toFixed(1)} s to boot`);
  console.log(`\n    https://localhost:${port}/\n`);
  console.log("    The certificate is the Pi's own: let the browser accept it, then choose a password.");
  console.log("    The screen is a PC with nothing installed but a shell. Ctrl-C here ends all.\n");
  return stayUntilSomethingEnds(rig);
}

// The outer network namespace reaches in through a socket file: files have no network namespace.
function openDoor(lab: Lab, address: string): Promise<void> {
  const server = createServer((outside) => {
    const inside = connect({ host: address, port: HTTPS_PORT, noDelay: true });
    outside.pipe(inside).pipe(outside);
    outside.on("error", () => inside.destroy());
    inside.on("error", () => outside.destroy());
  });
  return new Promise((done) => server.listen(lab.path("https.sock"), done));
}

function answers(address: string): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect({ host: address, port: HTTPS_PORT });
    socket.once("connect", () => { socket.destroy(); done(true); }).once("error", () => done(false));
  });
}

async function stayUntilSomethingEnds(rig: Rig): Promise<boolean> {
  for (;;) {
    await sleep(500);
    if (rig.pi.machine.exitCode !== null || rig.pi.machine.signalCode !== null) {
      throw new LabError(`the virtual Pi has ended; its last words:\n${rig.pi.console().slice(-2000)}`);
    }
    if (!rig.target.isOn) throw new LabError("the target PC has ended");
  }
}
