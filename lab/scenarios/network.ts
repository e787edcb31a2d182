// The node's own network, with the programs that it meets outside: dnsmasq, chrony, ssh, hostapd.
import type { ChildProcess } from "node:child_process";
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { LabError, run, until, type Lab } from "../src/lab.ts";
import { occupy, resolve } from "../src/mdns.ts";
import { Node } from "../src/node.ts";
import type { Pi } from "../src/pi.ts";
import { scenario, type Bench } from "../src/scenario.ts";
import { Viewer } from "../src/viewer.ts";
import type { Interface } from "../../devices/web/page/src/wire/Interface.ts";

const SETTINGS = "/run/dkvm/boot/network.toml";
const FIXED = "10.20.0.77";
const PING_EVERY_S = 0.02;

const PROGRAMS = {
  "/usr/sbin/dropbear": "/usr/sbin/dropbear",
  "/usr/sbin/wpa_supplicant": "/usr/sbin/wpa_supplicant",
  "/usr/sbin/hostapd": "/usr/sbin/hostapd",
  "/usr/sbin/iw": "/usr/sbin/iw",
};

export default scenario("network", "DHCP, link-local and fixed addresses, mDNS, NTP, SSH and Wi-Fi, with real servers that come, go and come back", async (bench) => {
  const rig = await bench.boot({ target: false, pi: { addresses: "own", usb: "none", hdmi: false, programs: PROGRAMS } });
  const stage = await Stage.open(bench, rig.pi);
  await withoutServer(stage);
  await withServer(stage);
  return "held";
});

/** All that the acts need. */
class Stage {
  readonly node: Node;
  #servers: ChildProcess[] = [];

  private constructor(readonly bench: Bench, readonly pi: Pi, readonly viewer: Viewer) {
    this.node = new Node(pi);
  }

  static async open(bench: Bench, pi: Pi): Promise<Stage> {
    await new Node(pi).awaitUp(["network", "web"]);
    return new Stage(bench, pi, await Viewer.open(pi.network.wireAddress));
  }

  get lab(): Lab {
    return this.bench.lab;
  }

  /** Waits until `network.state`, as a page is told it, is so. */
  async interface(name: string, what: string, is: (it: Interface) => unknown, timeout = 40_000): Promise<Interface> {
    const find = (): Interface | undefined => this.viewer.network?.interfaces.find((one) => one.name === name);
    return until(`${name}: ${what}`, () => (find() && is(find()!) ? find() : undefined), { timeout })
      .catch(async (error: Error) => { throw new LabError(`${error.message}; it is ${JSON.stringify(this.viewer.network)}; log:\n${await this.log()}`); });
  }

  async address(name: string, range: RegExp, timeout?: number): Promise<string> {
    const found = await this.interface(name, `an address like ${range}`, (it) => it.addresses.some((one) => range.test(one)), timeout);
    return found.addresses.find((one) => range.test(one))!.split("/")[0]!;
  }

  async log(): Promise<string> {
    return (await this.pi.sh("dkvm logs network -n 40; ip a; ps")).stdout;
  }

  serve(name: string, command: string, args: string[]): ChildProcess {
    const child = this.lab.start(`${name}.log`, command, args);
    this.#servers.push(child);
    return child;
  }

  /** Restarts a device, as a person does who has changed the card's settings. */
  async restart(device: string): Promise<void> {
    const { generation } = await this.node.device(device);
    await this.pi.must(`dkvm restart ${device}`);
    await this.node.awaitUp([device], { after: new Map([[device, generation]]) });
  }
}

/** A cable straight into a laptop: an address of its own, and a name. */
async function withoutServer(stage: Stage): Promise<void> {
  const address = await stage.address("vec0", /^169\.254\./);
  stage.bench.tell(`no DHCP server: the Pi took ${address}`);
  run("ip", "addr", "add", "169.254.7.7/16", "dev", stage.pi.network.tap);
  const name = stage.viewer.network!.mdns;
  const found = await resolve(name, "169.254.7.7");
  stage.bench.check(found.includes(address), `${name} is told to be at ${found}, not ${address}`);
  run("ip", "addr", "del", "169.254.7.7/16", "dev", stage.pi.network.tap);
}

/** The server comes late. */
async function withServer(stage: Stage): Promise<void> {
  startDhcp(stage);
  const address = await stage.address("vec0", /^10\.20\.0\.5\d\//);
  stage.bench.tell(`a DHCP server came: ${address}`);
  await stage.interface("vec0", "one address", (it) => it.addresses.length === 1);
}

function startDhcp(stage: Stage): ChildProcess {
  return stage.serve("dnsmasq", "/usr/sbin/dnsmasq", [
    "--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--user=root", "--log-facility=-", "--log-dhcp", "--no-ping",
    `--interface=${stage.pi.network.tap}`, "--bind-interfaces", "--dhcp-authoritative", "--dhcp-range=10.20.0.50,10.20.0.59,255.255.255.0,2m",
    `--dhcp-option=option:ntp-server,${stage.pi.network.gateway}`, `--dhcp-leasefile=${stage.lab.path("leases")}`, `--pid-file=${stage.lab.path("dnsmasq.pid")}`,
  ]);
}
