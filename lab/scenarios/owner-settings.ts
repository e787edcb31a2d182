// What the owner writes into dkvm.txt on the card is what the node does on the network: the whole way, from the card.
import { readFileSync } from "node:fs";
import { until } from "../src/lab.ts";
import { resolve } from "../src/mdns.ts";
import { Node } from "../src/node.ts";
import { hostKey, login, newKey, ping, reaches, startNtp } from "../src/outside.ts";
import { scenario } from "../src/scenario.ts";
import { Viewer } from "../src/viewer.ts";

const NAME = "cellar";
const ADDRESS = "10.20.0.66";

export default scenario("owner-settings", "host name, fixed address, time server and SSH key in dkvm.txt hold at the first boot and after the next; the host key is kept", async (bench) => {
  const gateway = "10.20.0.1";
  const owner = newKey(bench.lab, "owner");
  const settings = `host_name = ${NAME}
[owner]
ssh_key = "${readFileSync(`${owner}.pub`, "utf8").trim()}"
[network]
address = "${ADDRESS}/24"
gateway = "${gateway}"
ntp = "${gateway}"
`;
  const programs = { "/usr/sbin/dropbear": "/usr/sbin/dropbear" };
  const { pi } = await bench.boot({ target: false, pi: { card: { settings }, addresses: "own", usb: "none", hdmi: false, programs } });
  startNtp(bench.lab, pi.network);
  const good = async (): Promise<string> => {
    await new Node(pi).awaitUp(["network", "ssh", "web"]);
    await until(`${ADDRESS} answers`, () => reaches(ADDRESS, 443), { every: 50 });
    await ping(ADDRESS);
    bench.check((await resolve(`${NAME}.local`, gateway)).includes(ADDRESS), `${NAME}.local is not told to be at ${ADDRESS}`);
    await until("dropbear answers", () => reaches(ADDRESS, 22), { every: 50 });
    bench.equal(await login(owner, ADDRESS, "hostname; id -un"), `${NAME}\nroot`, "what the owner gets by SSH");
    const viewer = await Viewer.open(pi.network.wireAddress);
    await until("the time came from the owner's server", () => viewer.network?.time_synced);
    viewer.close();
    return hostKey(ADDRESS);
  };
  const first = await good();
  bench.tell("the first boot");
  const boots = pi.boots;
  // The connection may end before the answer.
  await login(owner, ADDRESS, "reboot").catch(() => {});
  await pi.awaitRestart(boots);
  bench.equal(await good(), first, "the SSH host key after a restart");
  return `${NAME}.local at ${ADDRESS}, over a restart that the owner asked for by SSH`;
});
