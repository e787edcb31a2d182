// The network to the target, against the same function without any of our software.
import { LabError, until } from "../src/lab.ts";
import { Node } from "../src/node.ts";
import type { Pi } from "../src/pi.ts";
import { quantile, scenario } from "../src/scenario.ts";
import { figure } from "../src/table.ts";
import { awaitUsbnet, DRIVERS, PROGRAMS, UsbHost, usbnet } from "../src/usb-network.ts";

const MEBIBYTES = Number(process.env["DKVM_NET_MIB"] ?? 512);
const ROUNDS = 3;
const BARE = "/sys/kernel/config/usb_gadget/bare";
const BARE_MAC = "02:00:00:00:00:02";
const BARE_NODE = "172.30.0.1";

/** f_ncm alone, as anybody would set it up. */
const BUILD = `mkdir ${BARE} && cd ${BARE} && echo 0x1d6b >idVendor && echo 0x0104 >idProduct
mkdir functions/ncm.0 configs/c.1 && echo ${BARE_MAC} >functions/ncm.0/host_addr && ln -s functions/ncm.0 configs/c.1/
ls /sys/class/udc >UDC && ip addr add ${BARE_NODE}/29 dev $(cat functions/ncm.0/ifname) && ip link set $(cat functions/ncm.0/ifname) up`;

export default scenario("net", "MiB/s through the network to the target, both ways, against the bare f_ncm in the same run", async (bench) => {
  const { pi } = await bench.boot({ target: false, pi: { usb: "self", hdmi: false, modules: DRIVERS, programs: PROGRAMS } });
  await new Node(pi).awaitUp(["gadget", "usbnet"]);
  const host = await UsbHost.open(pi);
  await pi.must("iperf3 -s -D; dkvm usb profile desk --yes");
  const ours = await measure(host, await attachOurs(pi, host));
  bench.tell("ours");
  await pi.must("dkvm usb unplug");
  await pi.must(BUILD);
  await host.attach(BARE_MAC);
  await host.must(`/usr/lib/lab/ip addr add ${BARE_NODE.replace(/1$/, "2")}/29 dev ${host.name}`);
  await until("the bare function carries", async () => (await host.sh(`ping -c 1 -W 1 ${BARE_NODE}`)).code === 0 || undefined, { every: 100 });
  const bare = await measure(host, BARE_NODE);
  bench.tell("bare");
  for (const way of ["to node", "from node"] as const) {
    bench.row({
      what: `network by USB, ${way === "to node" ? "target to node" : "node to target"}; peer: f_ncm alone`,
      ours: figure(ours[way], "MiB/s"), peer: figure(bare[way], "MiB/s"), aim: "the same: packets meet none of our processes",
      note: `${MEBIBYTES} MiB by iperf3, median of ${ROUNDS}, both ends on the lab's one processor`,
    });
  }
  return `${ours["to node"].toFixed(1)} and ${ours["from node"].toFixed(1)} MiB/s; f_ncm alone ${bare["to node"].toFixed(1)} and ${bare["from node"].toFixed(1)} MiB/s`;
});

async function attachOurs(pi: Pi, host: UsbHost): Promise<string> {
  const mac = await until("the node has a network to the target", async () => (await usbnet(pi)).target_mac, { every: 50 });
  await host.attach(mac);
  const { address } = await awaitUsbnet(pi, "ncm");
  const lease = await host.lease();
  if (lease.address === "") throw new LabError("the target got no address");
  return address!.split("/")[0]!;
}

async function measure(host: UsbHost, address: string): Promise<Record<"to node" | "from node", number>> {
  const rates = { "to node": [] as number[], "from node": [] as number[] };
  for (let round = 0; round < ROUNDS; round++) {
    for (const way of ["to node", "from node"] as const) rates[way].push(await host.transfer(address, MEBIBYTES, way));
  }
  return { "to node": quantile(rates["to node"], 0.5), "from node": quantile(rates["from node"], 0.5) };
}
