// The node's own network, with the programs that it meets outside: dnsmasq, chrony, ssh, hostapd.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { LabError, PATIENCE_MS, repository, run, until, type Lab } from "../src/lab.ts";
import { occupy, resolve } from "../src/mdns.ts";
import { Node } from "../src/node.ts";
import { hostKey, login, newKey, ping, reaches, startDhcp, startNtp, TIME_SERVER } from "../src/outside.ts";
import type { Pi } from "../src/pi.ts";
import { scenario, type Bench } from "../src/scenario.ts";
import { Viewer } from "../src/viewer.ts";
import type { Interface } from "../../devices/web/page/src/wire/Interface.ts";

const SETTINGS = "/run/dkvm/boot/network.toml";
const LAPTOP = "169.254.7.7";
const FIXED = "10.20.0.77";
const LEASED = /^10\.20\.0\.5\d\//;
const KILLS = 5;

const PROGRAMS = {
  "/usr/sbin/dropbear": "/usr/sbin/dropbear",
  "/usr/sbin/wpa_supplicant": "/usr/sbin/wpa_supplicant",
  "/usr/sbin/hostapd": "/usr/sbin/hostapd",
  "/usr/sbin/iw": "/usr/sbin/iw",
  // BusyBox' own moves no interface to another namespace.
  "/usr/lib/lab/ip": "/bin/ip",
};

const ACTS: [string, (stage: Stage) => Promise<string>][] = [
  ["no DHCP server", withoutServer],
  ["the server comes late", serverComes],
  ["the device killed", killed],
  ["time", time],
  ["SSH", ssh],
  ["a cable that comes, goes and comes back", cable],
  ["a name that is taken", nameTaken],
  ["a fixed address", fixed],
  ["Wi-Fi", wifi],
];

export default scenario("network", "DHCP, link-local and fixed addresses, mDNS, NTP, SSH and Wi-Fi, with real servers that come, go and come back", async (bench) => {
  const rig = await bench.boot({ target: false, pi: { addresses: "own", usb: "none", hdmi: false, programs: PROGRAMS, files: { "/etc/dkvm/dkvm.toml": config() } } });
  const stage = await Stage.open(bench, rig.pi);
  for (const [what, act] of ACTS) bench.tell(`${what}: ${await act(stage)}`);
  return `${ACTS.length} acts; ${await stage.memory()}`;
});

/** The image's own, less what is not about the network and only costs time here. */
function config(): string {
  const text = readFileSync(join(repository, "rootfs/etc/dkvm/dkvm.toml"), "utf8");
  const absent = ["gadget", "hid", "capture", "encode"].map((device) => new RegExp(`(\\[device\\.${device}\\]\n)`));
  const off = absent.reduce((all, heading) => all.replace(heading, "$1enabled = false\n"), text);
  return off.replace("[device.network.config]\n", '[device.network.config]\nignore = ["vec1"]\n');
}

/** All that the acts need. */
class Stage {
  readonly node: Node;
  /** The Pi's address, once it has one. */
  leased = "";

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
  async interface(name: string, what: string, is: (it: Interface) => unknown, timeout = PATIENCE_MS): Promise<Interface> {
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

  /** dnsmasq's own lines: when each ends, for whom, which address. */
  async leases(): Promise<string[]> {
    return readFileSync(this.lab.path("leases"), "utf8").trim().split("\n");
  }

  /** Of the device, and of the programs that it runs for a cable and a Wi-Fi. */
  async memory(): Promise<string> {
    const { pid } = await this.node.device("network");
    const programs = (await this.pi.processes()).filter(({ parent }) => parent === pid);
    const sizes = await Promise.all([pid!, ...programs.map((program) => program.pid)].map((one) => this.pi.pss(one)));
    const [own = 0, ...others] = sizes.map((size) => size / 1024);
    return `PSS ${own.toFixed(0)} KiB and ${others.reduce((sum, size) => sum + size, 0).toFixed(0)} KiB in ${programs.length} programs`;
  }

  /** Restarts a device, as a person does who has changed the card's settings. */
  async restart(device: string): Promise<void> {
    const { generation } = await this.node.device(device);
    await this.pi.must(`dkvm restart ${device}`);
    await this.node.awaitUp([device], { after: new Map([[device, generation]]) });
  }
}

/** A cable straight into a laptop: an address of its own, and a name. */
async function withoutServer(stage: Stage): Promise<string> {
  const address = await stage.address("vec0", /^169\.254\./);
  run("ip", "addr", "add", `${LAPTOP}/16`, "dev", stage.pi.network.tap);
  const name = stage.viewer.network!.mdns;
  const found = await resolve(name, LAPTOP);
  stage.bench.check(found.includes(address), `${name} is told to be at ${found}, not ${address}`);
  await ping(address);
  run("ip", "addr", "del", `${LAPTOP}/16`, "dev", stage.pi.network.tap);
  return `${name} at ${address}`;
}

async function serverComes(stage: Stage): Promise<string> {
  startDhcp(stage.lab, stage.pi.network);
  stage.leased = await stage.address("vec0", LEASED);
  await stage.interface("vec0", "one address and nothing to complain of", (it) => it.addresses.length === 1 && it.detail === null);
  await ping(stage.leased);
  return `${stage.leased} in place of its own`;
}

/** Nobody outside notices: the address stays, and the lease goes on. */
async function killed(stage: Stage): Promise<string> {
  const [before] = await stage.leases();
  const pinging = ping(stage.leased, 6000);
  for (let round = 0; round < KILLS; round++) {
    const { pid, generation } = await stage.node.device("network");
    await stage.pi.kill(pid!);
    await stage.node.awaitUp(["network"], { after: new Map([["network", generation]]) });
  }
  const sent = await pinging;
  await stage.interface("vec0", "the same address", (it) => it.addresses.join() === `${stage.leased}/24`);
  const clients = await until("one DHCP client runs", async () => {
    const all = (await stage.pi.processes()).filter(({ command }) => command.startsWith("udhcpc"));
    return all.length === 1 ? all : undefined;
  });
  await until("the kernel collects what the device left behind", async () => (await stage.pi.processes()).every(({ state }) => state !== "Z"));
  stage.bench.check(clients[0]!.command.includes(`-r ${stage.leased}`), `it does not ask for what it had: ${clients[0]!.command}`);
  const after = await until("the lease is renewed", async () => {
    const [lease] = await stage.leases();
    return Number(lease?.split(" ")[0]) >= Number(before?.split(" ")[0]) ? lease : undefined;
  });
  stage.bench.equal(after.split(" ")[2], stage.leased, "the address leased");
  return `${KILLS} times, ${sent} pings, none lost`;
}

/** The server that DHCP names sets a clock that is years behind. */
async function time(stage: Stage): Promise<string> {
  stage.bench.check(!stage.viewer.network!.time_synced, "the time is said to be known before there is a server");
  await stage.pi.must(SET_TO_1970);
  startNtp(stage.lab, stage.pi.network);
  await until("the time is known", () => stage.viewer.network?.time_synced);
  await until("the Pi's clock is right", () => clockIsRight(stage.pi));
  return "a clock at 1970 set";
}

const SET_TO_1970 = "date -s @86400";

async function clockIsRight(pi: Pi): Promise<boolean> {
  const told = Number(await pi.must("date +%s"));
  return Math.abs(told - Date.now() / 1000) < 2;
}

async function ssh(stage: Stage): Promise<string> {
  const [owner, stranger] = [newKey(stage.lab, "owner"), newKey(stage.lab, "stranger")];
  stage.bench.equal(await reaches(stage.leased, 22), false, "a door for SSH without any key of the owner's");
  await stage.pi.write("/run/dkvm/boot/authorized_keys", readFileSync(`${owner}.pub`));
  await until("dropbear answers", () => reaches(stage.leased, 22), { every: 100 });
  stage.bench.equal(await login(owner, stage.leased, "id -u; cat /proc/1/comm"), "0\ninit", "what the owner gets");
  const refused = await login(stranger, stage.leased, "id").catch((error: Error) => error.message);
  stage.bench.check(/Permission denied \(publickey\)/.test(refused), `a stranger's key: ${refused}`);
  const before = await hostKey(stage.leased);
  await stage.restart("ssh");
  await until("dropbear answers again", () => reaches(stage.leased, 22), { every: 100 });
  stage.bench.equal(await hostKey(stage.leased), before, "the host key after a restart");
  return "the owner's key opens, another does not, passwords are not asked for";
}

/**
 * An Ethernet adapter on the USB port: its other end is a gadget of the Pi's own, in a network namespace with a DHCP server.
 * Before it goes there, that end is what the device sees of a gadget's network.
 */
async function cable(stage: Stage): Promise<string> {
  const { pi } = stage;
  const other = await otherNetwork(pi);
  await pi.must(ADAPTER);
  const gadget = await stage.interface("usb0", "it is told", (it) => it.kind === "gadget");
  stage.bench.check(gadget.addresses.length === 0 && (await pi.readText("/sys/class/net/usb0/operstate")) === "down", "the gadget's interface was touched");
  const inOther = (script: string): Promise<string> => pi.must(`nsenter -n -t ${other} sh -c '${script}'`);
  await pi.must(`/usr/lib/lab/ip link set usb0 netns ${other}`);
  await inOther("ip addr add 10.30.0.1/24 dev usb0; ip link set usb0 up");
  await serveIn(stage, other, "usb0", "10.30.0");
  await stage.address("eth0", /^10\.30\.0\.2/);
  await inOther("ip link set usb0 down");
  const lost = await stage.interface("eth0", "no carrier", (it) => !it.carrier);
  stage.bench.check(lost.addresses.some((one) => one.startsWith("10.30.0.2")), "the address went with the carrier");
  await inOther("killall udhcpd; ip addr flush dev usb0; ip addr add 10.31.0.1/24 dev usb0; ip link set usb0 up");
  await serveIn(stage, other, "usb0", "10.31.0");
  const moved = await stage.interface("eth0", "an address of the other network alone", (it) => it.carrier && it.addresses.length === 1 && it.addresses[0]!.startsWith("10.31.0.2"));
  await pi.must("echo '' >/sys/kernel/config/usb_gadget/adapter/UDC");
  await until("the adapter is gone", () => !stage.viewer.network!.interfaces.some(({ name }) => name === "eth0"));
  await until("its DHCP client is gone", async () => !(await pi.pidOf(/^udhcpc .*-i eth0/)));
  return `10.30.0.2x, then ${moved.addresses}, then unplugged`;
}

const ADAPTER = `
modprobe dummy_hcd
modprobe cdc_ncm
cd /sys/kernel/config/usb_gadget
mkdir adapter && cd adapter
echo 0x1d6b >idVendor
echo 0x0104 >idProduct
mkdir functions/ncm.0 configs/c.1
echo 02:00:00:00:01:01 >functions/ncm.0/dev_addr
echo 00:16:3e:00:01:02 >functions/ncm.0/host_addr
ln -s functions/ncm.0 configs/c.1
echo dummy_udc.0 >UDC`;

/** A network namespace in the Pi; the process that keeps it. */
async function otherNetwork(pi: Pi): Promise<number> {
  return Number(await pi.must("unshare -n sleep 100000 >/dev/null 2>&1 & echo $!"));
}

async function serveIn(stage: Stage, where: number, name: string, network: string): Promise<void> {
  const lines = [`interface ${name}`, `start ${network}.20`, `end ${network}.29`, "option subnet 255.255.255.0", `option router ${network}.1`, "option lease 120", `lease_file /tmp/${name}.leases`, `pidfile /tmp/${name}.pid`];
  await stage.pi.write(`/tmp/${name}.conf`, `${lines.join("\n")}\n`);
  await stage.pi.must(`: >/tmp/${name}.leases; nsenter -n -t ${where} udhcpd /tmp/${name}.conf`);
}

async function nameTaken(stage: Stage): Promise<string> {
  const name = stage.viewer.network!.mdns;
  const other = await occupy(name, stage.pi.network.gateway, "10.20.0.99");
  await stage.restart("network");
  const fresh = await until("another name is taken", () => (stage.viewer.network?.mdns !== name && stage.viewer.network?.mdns) || undefined);
  stage.bench.equal(fresh, name.replace(".local", "-2.local"), "the other name");
  const { detail } = await stage.node.device("network");
  stage.bench.check(detail?.includes(`another machine on this network is called ${name}`), `what is said: ${detail}`);
  const found = await resolve(fresh, stage.pi.network.gateway);
  stage.bench.check(found.includes(stage.leased), `${fresh} is told to be at ${found}`);
  other.close();
  return `${fresh} in place of ${name}`;
}

async function fixed(stage: Stage): Promise<string> {
  await stage.pi.must(SET_TO_1970);
  await stage.pi.write(SETTINGS, `ntp = "${TIME_SERVER}"\n[wired]\naddress = "${FIXED}/24"\ngateway = "${stage.pi.network.gateway}"\ndns = ["${stage.pi.network.gateway}"]\nhue = 1\n`);
  await stage.restart("network");
  await stage.interface("vec0", "the fixed address alone", (it) => it.addresses.join() === `${FIXED}/24`);
  await ping(FIXED);
  stage.bench.equal(await stage.pi.readText("/etc/resolv.conf"), `# Written by dKVM's network device.\nnameserver ${stage.pi.network.gateway}`, "the resolver");
  await until(`the time comes from ${TIME_SERVER}, by name`, () => clockIsRight(stage.pi), { every: 200 });
  stage.bench.check((await stage.log()).includes("there is no `wired.hue`"), "nothing is said of a key that is not known");
  await stage.pi.must(`rm ${SETTINGS}`);
  await stage.restart("network");
  await stage.address("vec0", LEASED);
  return `${FIXED}, and back to DHCP`;
}

/** Two radios in the Pi: one is the node's, the other an access point's in another network namespace. */
async function wifi(stage: Stage): Promise<string> {
  const { pi } = stage;
  const other = await otherNetwork(pi);
  await pi.must(`modprobe mac80211_hwsim radios=2 && iw phy phy1 set netns ${other}`);
  await pi.write("/tmp/hostapd.conf", ACCESS_POINT);
  const open = (): Promise<string> => pi.must(`nsenter -n -t ${other} hostapd -B -P /tmp/hostapd.pid /tmp/hostapd.conf`);
  await open();
  await pi.must(`nsenter -n -t ${other} ip addr add 10.40.0.1/24 dev wlan1`);
  await serveIn(stage, other, "wlan1", "10.40.0");
  const off = await stage.interface("wlan0", "it is told", (it) => it.kind === "wireless");
  stage.bench.check(!off.carrier && off.detail === null && !(await pi.pidOf(/wpa_supplicant/)), "a Wi-Fi that nobody set up was touched");

  await joinBy(stage, "not the password");
  await stage.interface("wlan0", "the wrong password is told", (it) => it.detail?.includes(`"${SSID}" refuses the password`));
  await joinBy(stage, PASSWORD);
  await stage.interface("wlan0", "joined", (it) => it.ssid === SSID && it.carrier && it.detail === null);
  const address = await stage.address("wlan0", /^10\.40\.0\.2/);
  await pi.must(`nsenter -n -t ${other} ping -c 1 -W 5 ${address}`);
  const cable = await pi.must("ip route show default | head -n 1");
  stage.bench.check(cable.includes("vec0"), `the first way out is not the cable: ${cable}`);

  await pi.must("kill $(cat /tmp/hostapd.pid)");
  await stage.interface("wlan0", "the access point is gone", (it) => !it.carrier && it.ssid === null);
  await open();
  await stage.interface("wlan0", "joined again", (it) => it.ssid === SSID && it.carrier && it.addresses.some((one) => one.startsWith(`${address}/`)));
  return `${SSID} refused with a wrong password, joined with the right one: ${address}; lost and joined again`;
}

/** What `dkvm boot` leaves. */
async function joinBy(stage: Stage, password: string): Promise<void> {
  const path = "/run/dkvm/boot/wpa_supplicant.conf";
  await stage.pi.write(path, `update_config=0\ncountry=DE\nnetwork={\n\tssid=${Buffer.from(SSID).toString("hex")}\n\tscan_ssid=1\n\tkey_mgmt=WPA-PSK\n\tpsk="${password}"\n}\n`, 0o600);
  await stage.pi.must(`chown dkvm-network:dkvm-network ${path}`);
  await stage.restart("network");
}

const SSID = "lab's own";
const PASSWORD = "correct horse";
const ACCESS_POINT = `interface=wlan1
driver=nl80211
ssid=${SSID}
hw_mode=g
channel=1
wpa=2
wpa_key_mgmt=WPA-PSK
rsn_pairwise=CCMP
wpa_passphrase=${PASSWORD}
`;
