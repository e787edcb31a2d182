// A device written from docs/wire-protocol.md alone, in another language: it joins, receives and sends.
import { join } from "node:path";
import { readFileSync } from "node:fs";
import { repository, until } from "../src/lab.ts";
import { Node } from "../src/node.ts";
import { scenario } from "../src/scenario.ts";

const EXAMPLE = "docs/examples/python-device";
/** This machine's Python, seen from the Pi through hostfs. */
const START = `#!/bin/sh
export PYTHONHOME=/host/usr LD_LIBRARY_PATH=/host/usr/lib/x86_64-linux-gnu:/host/lib/x86_64-linux-gnu PYTHONDONTWRITEBYTECODE=1
exec /host/usr/bin/python3 /usr/lib/lab/device.py
`;

/** Two of it: the first hears capture, the second hears the first. */
const DEVICE = `
[device.python]
command = ["/usr/bin/python-device"]
user = "dkvm-guest"
read = ["/host", "/usr/lib/lab"]

[device.python-reader]
command = ["/usr/bin/python-device"]
user = "dkvm-guest"
read = ["/host", "/usr/lib/lab"]

[[route]]
topic = "python.heard"
from = "python"
to = ["python-reader"]

[[route]]
topic = "video.state"
from = "capture"
to = ["python"]
`;

export default scenario("python-device", "a device in Python joins the kernel, receives events, sends events, answers, and ends when told", async (bench) => {
  const config = readFileSync(join(repository, "rootfs/etc/dkvm/dkvm.toml"), "utf8") + DEVICE;
  const rig = await bench.boot({
    pi: { hostfs: true, config, files: {
      "/usr/bin/python-device": { data: START, mode: 0o755 },
      "/usr/lib/lab/device.py": readFileSync(join(repository, EXAMPLE, "device.py")),
    } },
    target: false,
  });
  const node = new Node(rig.pi);
  await node.awaitUp(["capture", "python", "python-reader"]);
  const joined = await node.device("python");
  const reader = await node.device("python-reader");
  // it sends only when it has heard, and the reader hears only what it sends
  await until("it hears capture and tells its reader", async () => (await node.device("python-reader")).events_in > 0);
  const before = (await node.deaths("python")).length; // of a busy machine's 3 s without a hello
  await rig.pi.kill(joined.pid!, "KILL");
  await node.awaitUp(["python"], { after: new Map([["python", joined.generation]]) });
  await rig.pi.must("dkvm stop python");
  bench.equal((await node.device("python")).phase, "stopped", "its phase after dkvm stop");
  bench.equal((await node.deaths("python")).length, before + 1, "its deaths: one more, by SIGKILL");
  bench.equal((await node.device("python-reader")).generation, reader.generation, "the generation of its reader");
  return "joined, heard, spoke, was killed and came back, ended on goodbye";
});
