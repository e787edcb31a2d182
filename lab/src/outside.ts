// What a Pi meets on its network: servers, and somebody who pings and logs in. All real programs.
import { execFile, type ChildProcess } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { LabError, labDirectory, run, type Lab } from "./lab.ts";
import type { PiNetwork } from "./network.ts";

const execute = promisify(execFile);
const PING_EVERY_MS = 20;
const CONNECT_MS = 2000;
/** The names that the lab's name server knows: its own end of the network. */
export const TIME_SERVER = "time.lab";
export const IMAGE_SERVER = "images.lab";

/** Pings for so long; returns how many there were. Each must come back. */
export async function ping(address: string, milliseconds = 1000): Promise<number> {
  const count = Math.ceil(milliseconds / PING_EVERY_MS);
  const { stdout } = await execute("ping", ["-n", "-q", "-i", String(PING_EVERY_MS / 1000), "-c", String(count), "-W", "5", address])
    .catch((error: Error & { stdout?: string }) => ({ stdout: error.stdout || error.message }));
  if (!stdout.includes(`${count} packets transmitted, ${count} received`)) throw new LabError(`not every ping of ${address} came back: ${stdout.trim()}`);
  return count;
}

/** Whether somebody listens there. */
export function reaches(address: string, port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect({ host: address, port, timeout: CONNECT_MS });
    const end = (open: boolean) => (): void => { socket.destroy(); done(open); };
    socket.on("connect", end(true)).on("error", end(false)).on("timeout", end(false));
  });
}

/** A new SSH key; the public one is beside it, with `.pub`. */
export function newKey(lab: Lab, name: string): string {
  const path = lab.path(name);
  run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", path);
  return path;
}

/** Runs a command as root by SSH; a refusal is an error with ssh's own words. */
export async function login(key: string, address: string, command: string): Promise<string> {
  const options = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "IdentitiesOnly=yes", "BatchMode=yes", "ConnectTimeout=10", "ServerAliveInterval=2", "LogLevel=ERROR"];
  const { stdout } = await execute("ssh", ["-F", "none", "-i", key, ...options.flatMap((option) => ["-o", option]), `root@${address}`, command]);
  return stdout.trim();
}

export async function hostKey(address: string): Promise<string> {
  const { stdout } = await execute("ssh-keyscan", ["-t", "ed25519", address]);
  if (!stdout.includes("ssh-ed25519")) throw new LabError(`${address} shows no SSH host key`);
  return stdout.trim();
}

/** dnsmasq on the lab's end of a Pi's network: addresses .50 to .59 for two minutes, itself as time server, and two names. */
export function startDhcp(lab: Lab, network: PiNetwork): ChildProcess {
  const range = [50, 59].map((host) => network.gateway.replace(/\d+$/, String(host)));
  return lab.start("dnsmasq.log", "/usr/sbin/dnsmasq", [
    "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", `--address=/${TIME_SERVER}/${IMAGE_SERVER}/${network.gateway}`, "--user=root", "--log-facility=-", "--log-dhcp", "--no-ping",
    `--interface=${network.tap}`, "--bind-interfaces", "--dhcp-authoritative", `--dhcp-range=${range.join(",")},255.255.255.0,2m`,
    `--dhcp-option=option:ntp-server,${network.gateway}`, `--dhcp-leasefile=${lab.path("leases")}`, `--pid-file=${lab.path("dnsmasq.pid")}`,
  ]);
}

/** chrony on the same end. It does not touch this machine's clock, and tells what that says. */
export function startNtp(lab: Lab, network: PiNetwork): ChildProcess {
  const settings = lab.path("chrony.conf");
  writeFileSync(settings, `local stratum 3\nallow\ncmdport 0\nbindaddress ${network.gateway}\npidfile ${lab.path("chrony.pid")}\n`);
  const program = join(labDirectory, "build/chronyd");
  if (!existsSync(program)) throw new LabError(`${program} is missing: run 'lab/setup.sh'`);
  return lab.start("chrony.log", program, ["-d", "-x", "-u", "root", "-f", settings]);
}
