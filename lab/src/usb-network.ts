// The target's end of the network by USB: Linux's own drivers in the Pi, in a network namespace of their own, so that what
// comes out there went over the cable.
import { LabError, until } from "./lab.ts";
import type { Pi } from "./pi.ts";
import type { UsbnetState } from "../../devices/web/page/src/wire/UsbnetState.ts";

/** What a Pi needs for it, besides `usb: "self"`. */
export const PROGRAMS = {
  "/usr/sbin/dnsmasq": "/usr/sbin/dnsmasq",
  "/usr/sbin/nft": "/usr/sbin/nft",
  "/usr/bin/iperf3": "/usr/bin/iperf3",
  // BusyBox' own knows no namespaces.
  "/usr/lib/lab/ip": "/bin/ip",
};
export const DRIVERS = ["cdc_ncm", "cdc_ether", "rndis_host"];

/** What iperf3 has sent but not counted as received when it ends, MiB. */
const IN_FLIGHT = 8;
const SCRIPT = "/tmp/leased";
/** Tells what it got and takes it, as a PC does. */
const LEASED = `#!/bin/sh
[ "$1" = bound ] || [ "$1" = renew ] || exit 0
set >/tmp/lease
/usr/lib/lab/ip addr flush dev $interface
/usr/lib/lab/ip addr add $ip/$mask dev $interface
for one in $router; do /usr/lib/lab/ip route replace default via $one dev $interface; done
`;

export interface Lease {
  address: string;
  router: string;
  dns: string;
}

export class UsbHost {
  name = "";

  private constructor(readonly pi: Pi) {}

  static async open(pi: Pi): Promise<UsbHost> {
    // ip keeps its namespaces nowhere else; a card's root is read-only.
    await pi.must(`mkdir -p /var/run/netns 2>/dev/null || { mount -t tmpfs run /var/run && mkdir /var/run/netns; }; /usr/lib/lab/ip netns add target && /usr/lib/lab/ip -n target link set lo up`);
    await pi.write(SCRIPT, LEASED, 0o755);
    return new UsbHost(pi);
  }

  /** Waits for the interface that the target's drivers make, and takes it over there. */
  async attach(mac: string): Promise<string> {
    const find = `for one in /sys/class/net/*; do grep -q DEVTYPE=gadget $one/uevent && continue; [ "$(cat $one/address)" = ${mac} ] && basename $one; done; true`;
    this.name = await until(`the target has an interface ${mac}`, async () => (await this.pi.must(find)) || undefined, { every: 50 });
    await this.pi.must(`/usr/lib/lab/ip link set ${this.name} netns target && /usr/lib/lab/ip -n target link set ${this.name} up`);
    return this.name;
  }

  sh(script: string, timeout?: number): ReturnType<Pi["sh"]> {
    return this.pi.sh(`/usr/lib/lab/ip netns exec target sh -c '${script}'`, timeout);
  }

  async must(script: string, timeout?: number): Promise<string> {
    const answer = await this.sh(script, timeout);
    if (answer.code !== 0) throw new LabError(`at the target '${script}' ended with ${answer.code}: ${answer.stderr.trim() || answer.stdout.trim()}`);
    return answer.stdout.trim();
  }

  /** Asks for an address, as a PC whose cable was put in. */
  async lease(): Promise<Lease> {
    await this.must(`rm -f /tmp/lease; /usr/lib/lab/ip route flush default; udhcpc -i ${this.name} -n -q -t 10 -T 1 -x hostname:lab-pc -s ${SCRIPT}`);
    const said = await this.pi.readText("/tmp/lease");
    const value = (key: string): string => new RegExp(`^${key}='?([^'\\n]*)'?$`, "m").exec(said)?.[1] ?? "";
    return { address: value("ip"), router: value("router"), dns: value("dns") };
  }

  /** Whether somebody answers there, seen from the target, in so many seconds. */
  async reaches(address: string, port: number, patience = 10): Promise<boolean> {
    return (await this.sh(`nc -w ${patience} ${address} ${port} </dev/null`)).code === 0;
  }

  /** MiB/s of at least so many MiB from the target to the node, or back. */
  async transfer(address: string, mebibytes: number, way: "to node" | "from node" = "to node"): Promise<number> {
    const options = way === "to node" ? "" : "-R";
    const said = await this.must(`iperf3 -J -c ${address} -n ${mebibytes + IN_FLIGHT}M ${options}`, 600_000);
    const result = JSON.parse(said) as { error?: string; end: { sum_received: { bytes: number; seconds: number } } };
    if (result.error) throw new LabError(`iperf3: ${result.error}`);
    const { bytes, seconds } = result.end.sum_received;
    if (bytes < mebibytes * 2 ** 20) throw new LabError(`iperf3 took ${bytes} bytes of ${mebibytes} MiB`);
    return bytes / 2 ** 20 / seconds;
  }
}

export async function usbnet(pi: Pi): Promise<UsbnetState> {
  return JSON.parse(await pi.must("dkvm usbnet --json")) as UsbnetState;
}

/** Waits until the node has opened its end. */
export function awaitUsbnet(pi: Pi, kind: string): Promise<UsbnetState> {
  return until(`the node has a network by ${kind} to the target`, async () => {
    const state = await usbnet(pi).catch(() => undefined);
    return state?.kind === kind && state.address && state.carrier ? state : undefined;
  }, { every: 50 });
}
