// The network to the target: what it gets, what it reaches, and what survives.
import { randomBytes } from "node:crypto";
import { createServer, type Server } from "node:net";
import { LabError, run, until } from "../src/lab.ts";
import { Node } from "../src/node.ts";
import type { Pi } from "../src/pi.ts";
import { scenario, type Bench } from "../src/scenario.ts";
import { awaitUsbnet, DRIVERS, PROGRAMS, UsbHost, usbnet, type Lease } from "../src/usb-network.ts";

const FULL = 1024;
const MEBIBYTES = Number(process.env["DKVM_NET_MIB"] ?? (process.env["CI"] ? 128 : FULL));
/** Of ECM and RNDIS. */
const SOME = 8;
/** While that flows, something is killed. */
const FLOW = 192;
const ATTEMPTS = 4;
/** Of iperf3, as /proc/net/tcp has it. */
const IPERF_PORT = (5201).toString(16).toUpperCase().padStart(4, "0");
/** Where the lab's own listener stands: what a target would reach on the node's network. */
const PORT = 7000;
/** How long is waited for an answer that must not come, seconds: one that comes takes milliseconds. */
const IN_VAIN = 1;
const RIG = { usb: "self", hdmi: false, modules: DRIVERS, programs: PROGRAMS } as const;

export default scenario("net-gadget", "the target gets an address by DHCP and nothing else, traffic and lease survive deaths and a restart, nat and isolate do what they say, ECM and RNDIS work", async (bench) => {
  const rate = await onTheBench(bench);
  await overARestart(bench);
  return `${MEBIBYTES} MiB at ${rate.toFixed(1)} MiB/s${MEBIBYTES < FULL ? ` (without CI and DKVM_NET_MIB ${FULL} MiB)` : ""}, nothing routed unless asked, the MAC kept over a restart of the Pi, NCM, ECM and RNDIS`;
});

async function onTheBench(bench: Bench): Promise<number> {
  const { pi } = await bench.boot({ target: false, pi: { ...RIG, hostfs: true } });
  await new Node(pi).awaitUp(["gadget", "usbnet", "web"]);
  const host = await UsbHost.open(pi);
  await pi.must("dkvm usb profile desk --yes");
  const { address, lease } = await connect(pi, host, "ncm");
  bench.check(lease.router === "" && lease.dns === "", `the target was given a route or a name server: ${JSON.stringify(lease)}`);
  const known = (await usbnet(pi)).lease;
  bench.equal([known?.address, known?.host], [lease.address, "lab-pc"], "the lease that the node tells");
  bench.tell(`NCM at ${host.name}: ${lease.address}, no route, no name server`);
  bench.tell(await osDescriptors(pi));
  await pi.must("iperf3 -s -D"); // is in the background before it listens
  await until("iperf3 listens", async () => new RegExp(`:${IPERF_PORT} [0-9A-F]+:0000 0A `).test((await pi.sh("cat /proc/net/tcp /proc/net/tcp6")).stdout));
  const rate = await host.transfer(address, MEBIBYTES);
  bench.tell(`${MEBIBYTES} MiB to the node, ${rate.toFixed(1)} MiB/s; ${(await host.transfer(address, SOME, "from node")).toFixed(1)} MiB/s back`);
  await deaths(bench, pi, host, address, lease);
  await routing(bench, pi, host, address);
  await isolation(bench, pi, host, address);
  bench.tell(await takenAddress(pi));
  for (const kind of ["ecm", "rndis"]) {
    await configure(pi, `kind = "${kind}"`);
    const other = await connect(pi, host, kind);
    bench.tell(`${kind.toUpperCase()}: ${other.lease.address}, ${(await host.transfer(other.address, SOME)).toFixed(1)} MiB/s`);
  }
  await pi.powerOff();
  return rate;
}

/** The gadget's part about the network, in place of what it was. */
async function configure(pi: Pi, lines: string): Promise<void> {
  await pi.must(`sed -i '/^\\[device.gadget.config.network\\]/,$d' /etc/dkvm/dkvm.toml; printf '%s\\n' '[device.gadget.config.network]' '${lines}' >>/etc/dkvm/dkvm.toml; dkvm reload`);
}

/** The hardware address of another interface is refused with a sentence, and the target keeps its keyboard. */
async function takenAddress(pi: Pi): Promise<string> {
  const taken = await pi.readText("/sys/class/net/vec0/address");
  await configure(pi, `host_addr = "${taken}"`);
  const node = new Node(pi);
  const detail = await until("the gadget says that the address is in use", async () => {
    const gadget = await node.device("gadget").catch(() => undefined);
    return gadget?.phase === "degraded" && /in use by this node's vec0/.test(gadget.detail ?? "") ? gadget.detail! : undefined;
  });
  if (!/bios is bound instead/.test(detail)) throw new LabError(`another profile is not bound in its place: ${detail}`);
  return `refused: ${detail}`;
}

/** The node's address and what the target was given, once both ends are there. */
async function connect(pi: Pi, host: UsbHost, kind: string): Promise<{ address: string; lease: Lease; mac: string }> {
  const mac = await until(`the function ${kind} is there`, async () => {
    const state = await usbnet(pi).catch(() => undefined);
    return state?.kind === kind ? state.target_mac : undefined;
  });
  await host.attach(mac);
  const state = await awaitUsbnet(pi, kind);
  if (state.problem) throw new LabError(`usbnet: ${state.problem}`);
  return { address: state.address!.split("/")[0]!, lease: await host.lease(), mac };
}

/** As Windows asks: the string 0xee, and by its vendor code what drives the interface. */
async function osDescriptors(pi: Pi): Promise<string> {
  const script = `
import fcntl, struct, ctypes, sys
def control(path, kind, request, value, index, length):
    data = ctypes.create_string_buffer(length)
    with open(path, "rb+", buffering=0) as file:
        got = fcntl.ioctl(file, 0xC0185500, bytearray(struct.pack("=BBHHHIxxxxQ", kind, request, value, index, length, 1000, ctypes.addressof(data))), True)
    return data.raw[:got]
path = sys.argv[1]
text = control(path, 0x80, 6, 0x03ee, 0, 18)
assert text[:2] == b"\\x12\\x03" and text[2:16].decode("utf-16le") == "MSFT100", text.hex()
ids = control(path, 0xc0, text[16], 0, 4, 40)
size, version, index, count = struct.unpack_from("<IHHB", ids)
assert (size, version, index, count) == (len(ids), 0x100, 4, 1), ids.hex()
print(ids[16], ids[18:26].rstrip(b"\\0").decode(), ids[26:34].rstrip(b"\\0").decode(), text[16])
`;
  await pi.must(`mount --bind /dev /host/dev && mkdir -p /host/tmp; cat >/host/dev/shm/os.py <<'END'\n${script}END`);
  const device = await pi.must(`d=$(grep -l dKVM /sys/bus/usb/devices/*/product | sed 's:/product::'); printf '/dev/bus/usb/%03d/%03d ' $(cat $d/busnum) $(cat $d/devnum); grep -l 0d $d/*:*/bInterfaceSubClass | head -n 1 | xargs dirname | sed 's/.*\\.//'`);
  const [path, first] = device.trim().split(" ");
  const said = await pi.must(`chroot /host /usr/bin/python3 /dev/shm/os.py ${path}`);
  await pi.must("umount /host/dev");
  const wanted = `${parseInt(first!, 16)} WINNCM  240`;
  if (said !== wanted) throw new LabError(`the OS descriptors say "${said}" in place of "${wanted}" (interface, compatible id, sub-id, vendor code)`);
  return `OS descriptors as Windows reads them: interface ${first} is WINNCM`;
}

/** usbnet, dnsmasq and gadget are killed while bytes flow: none is lost, and the lease and the binding are the same. */
async function deaths(bench: Bench, pi: Pi, host: UsbHost, address: string, lease: Lease): Promise<void> {
  const node = new Node(pi);
  const before = await node.device("usbnet");
  const server = await dnsmasq(pi);
  const bound = await pi.must("dkvm usb --json");
  await underTraffic(bench, host, address, () => pi.kill(before.pid!, "KILL"));
  await node.awaitUp(["usbnet"], { after: new Map([["usbnet", before.generation]]) });
  const second = await until("dnsmasq runs again", async () => otherThan(await dnsmasq(pi).catch(() => server), server));
  await underTraffic(bench, host, address, () => pi.kill(second, "KILL"));
  await until("dnsmasq runs once more", async () => otherThan(await dnsmasq(pi).catch(() => second), second));
  const gadget = await node.device("gadget");
  await underTraffic(bench, host, address, () => pi.kill(gadget.pid!, "KILL"));
  await node.awaitUp(["gadget"], { after: new Map([["gadget", gadget.generation]]) });
  bench.equal(await pi.must("dkvm usb --json"), bound, "what the gadget says after its death: it was not adopted");
  bench.equal((await host.lease()).address, lease.address, "the target's address after the deaths");
  bench.equal((await pi.processes()).filter(({ name }) => name === "dnsmasq").length, 1, "dnsmasqs that run");
  bench.tell("usbnet, dnsmasq and gadget killed under traffic: no byte lost, the same binding and address");
}

/** Does it while a transfer is under way, which must come through whole. Where it is through before that is seen, this machine stood, and there is another. */
async function underTraffic(bench: Bench, host: UsbHost, address: string, act: () => Promise<void>): Promise<void> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    let over = false;
    const flow = host.transfer(address, FLOW).finally(() => (over = true));
    await until("the transfer is under way", async () => over || (await host.must("cat /proc/net/tcp")).includes(`:${IPERF_PORT} 01`) || undefined);
    const seen = !over;
    if (seen) await act();
    const through = over;
    await flow;
    if (seen) return bench.check(!through, `${FLOW} MiB were through before anything was killed`);
  }
  throw new LabError(`${FLOW} MiB were through before that was seen, ${ATTEMPTS} times`);
}

function otherThan(pid: number, known: number): number | undefined {
  return pid === known ? undefined : pid;
}

async function dnsmasq(pi: Pi): Promise<number> {
  const found = (await pi.processes()).find(({ name }) => name === "dnsmasq");
  if (!found) throw new LabError("no dnsmasq runs");
  return found.pid;
}

/** Somebody on the node's network who answers, and knows the way back to the target. */
async function listen(pi: Pi, network: string): Promise<{ server: Server; peers: string[] }> {
  const peers: string[] = [];
  const server = createServer((socket) => { peers.push(socket.remoteAddress ?? ""); socket.on("error", () => {}).end("here\n"); });
  await new Promise<void>((done, failed) => server.on("error", failed).listen(PORT, pi.network.gateway, done));
  run("ip", "route", "replace", network, "via", pi.network.address);
  return { server, peers };
}

/** Nothing goes on from the target, whoever forwards; with nat it does, by the node's address; then no more. */
async function routing(bench: Bench, pi: Pi, host: UsbHost, address: string): Promise<void> {
  const { gateway } = pi.network;
  const { server, peers } = await listen(pi, address.replace(/\d+$/, "0/24"));
  const reached = (patience?: number): Promise<boolean> => host.reaches(gateway, PORT, patience);
  bench.equal((await pi.sh(`nc -w 2 ${gateway} ${PORT} </dev/null`)).code, 0, "the node's own way to the listener");
  await host.must(`/usr/lib/lab/ip route replace default via ${address}`);
  bench.check(!(await reached(IN_VAIN)), "the target reaches the node's network unasked");
  await pi.must("echo 1 >/proc/sys/net/ipv4/ip_forward");
  bench.check(!(await reached(IN_VAIN)), "the target reaches the node's network when somebody else makes Linux forward");
  await pi.must("echo 0 >/proc/sys/net/ipv4/ip_forward");
  bench.check((await pi.sh("dkvm usbnet nat on </dev/null")).code !== 0, "nat is not asked about");
  await pi.must("dkvm usbnet nat on --yes");
  const open = await host.lease();
  bench.equal([open.router, open.dns], [address, address], "router and name server with nat");
  peers.length = 0;
  bench.check(await reached(), "the target does not reach the node's network with nat");
  bench.equal(peers, [pi.network.address], "who the listener sees");
  const { uplink } = await usbnet(pi);
  bench.equal([uplink, await forwarding(pi)], ["vec0", "0 0 1 1"], "the uplink; what forwards with nat (all, vec1, vec0, the target's)");
  const usbnetDevice = await new Node(pi).device("usbnet");
  await pi.kill(usbnetDevice.pid!, "KILL");
  bench.check(await reached(), "a killed usbnet costs the way out");
  await new Node(pi).awaitUp(["usbnet"], { after: new Map([["usbnet", usbnetDevice.generation]]) });
  bench.check(await reached(), "the next life of usbnet takes the way out away");
  await pi.must("dkvm usbnet nat off");
  await host.must(`/usr/lib/lab/ip route replace default via ${address}`);
  bench.check(!(await reached(IN_VAIN)), "the target reaches the node's network after nat");
  bench.equal(await forwarding(pi), "0 0 0 0", "what forwards after nat");
  server.close();
  bench.tell("nothing routed unasked, not even with ip_forward; nat: by the node's address, over a SIGKILL; then closed again");
}

function forwarding(pi: Pi): Promise<string> {
  return pi.must(`cd /proc/sys/net/ipv4/conf; echo $(cat all/forwarding vec1/forwarding vec0/forwarding $(basename $(dirname $(grep -l DEVTYPE=gadget /sys/class/net/*/uevent)))/forwarding)`);
}

async function isolation(bench: Bench, pi: Pi, host: UsbHost, address: string): Promise<void> {
  const before = (await host.lease()).address;
  bench.check(await host.reaches(address, 443), "the target does not reach the page");
  await pi.must("dkvm usbnet isolate on");
  for (const to of [address, pi.network.address]) {
    await host.sh(`/usr/lib/lab/ip route replace default via ${address}`);
    bench.check(!(await host.reaches(to, 443, IN_VAIN)), `the target reaches port 443 of ${to} though it is isolated`);
  }
  bench.equal((await host.lease()).address, before, "the target's address when it is isolated");
  await pi.must("dkvm usbnet isolate off");
  bench.check(await host.reaches(address, 443), "the target does not reach the page again");
  bench.tell("isolate closes the node's ports, and DHCP is still answered");
}

/** From a card: the hardware address, the choice of the profile and the lease are the same. */
async function overARestart(bench: Bench): Promise<void> {
  const files = { "/var/run/.here": "", "/etc/machine-id": `${randomBytes(16).toString("hex")}\n` };
  const { pi } = await bench.boot({ target: false, pi: { ...RIG, files, card: true, index: 1 } });
  const devices = ["gadget", "usbnet"];
  await new Node(pi).awaitUp(devices);
  await pi.must("dkvm usb profile desk --yes");
  const before = await connect(pi, await UsbHost.open(pi), "ncm");
  const boots = pi.boots;
  await pi.sh("dkvm reboot").catch(() => {});
  await pi.awaitRestart(boots);
  await new Node(pi).awaitUp(devices);
  const after = await connect(pi, await UsbHost.open(pi), "ncm");
  bench.equal([after.mac, after.address, after.lease.address], [before.mac, before.address, before.lease.address], "MAC and addresses after a restart of the Pi");
  bench.tell(`${before.mac} and ${before.lease.address} over a restart of the Pi`);
}
