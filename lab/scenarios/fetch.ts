// An image by its URL: over cuts and the device's death, byte for byte; and what is not fetched.
import { createHash, randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import { LabError, run, until, type Lab } from "../src/lab.ts";
import { Node } from "../src/node.ts";
import { IMAGE_SERVER, startDhcp } from "../src/outside.ts";
import type { Pi } from "../src/pi.ts";
import { scenario, type Bench } from "../src/scenario.ts";
import type { StorageState } from "../../devices/web/page/src/wire/StorageState.ts";

const IMAGE = randomBytes(24 * 2 ** 20);
const HASH = createHash("sha256").update(IMAGE).digest("hex");
/** The server breaks its first answers off after so many bytes each. */
const CUTS = [5, 4, 6].map((mib) => mib * 2 ** 20 + 12345);
const PIECE = 256 * 1024;
const PORT = 8443;
/** Its own folder, the only one of the card that it may read. */
const CA = "/var/lib/dkvm/fetch/ca.pem";

export default scenario("fetch", "the node fetches an image over HTTPS by a server's name, over three cuts and a SIGKILL, byte for byte; itself, strange certificates and files without a size it does not fetch", async (bench) => {
  const rig = await bench.boot({ pi: { addresses: "own", card: { size: "1G" }, hdmi: false }, target: false });
  const { pi } = rig;
  startDhcp(bench.lab, pi.network);
  const site = await Site.open(bench.lab, pi.network.gateway);
  const node = new Node(pi);
  await node.awaitUp(["fetch", "storage"]);
  // By its own DHCP client, so that the name below is resolved as on a node at home: by a file that another device writes.
  await until("the node knows a name server", async () => (await pi.readText("/etc/resolv.conf").catch(() => "")).includes(site.address));
  try {
    await refusals(bench, pi, site);
    await pi.write(CA, readFileSync(site.authority));
    const own = "/var/lib/dkvm/config/dkvm.toml";
    await pi.must(`mkdir -p $(dirname ${own}) && sed 's|^\\[device.fetch.config\\]|&\\nca_file = "${CA}"|' /etc/dkvm/dkvm.toml >${own} && chmod 644 ${CA} ${own} && dkvm reload`);
    await until("fetch has the certificate", async () => (await node.device("fetch")).generation > 1);
    await node.awaitUp(["fetch"]);
    await fetched(bench, pi, node, site);
    await neverFetched(bench, pi, site);
    await cancelled(bench, pi, site);
  } finally {
    site.close();
  }
  await pi.powerOff();
  return `${IMAGE.length / 2 ** 20} MiB over ${CUTS.length} cuts and a SIGKILL of the device, byte for byte; each refusal a sentence`;
});

/** An HTTPS server in the lab's network. */
class Site {
  /** Where answers began. */
  readonly began: number[] = [];
  private constructor(readonly authority: string, readonly address: string, readonly server: Server) {}

  static async open(lab: Lab, address: string): Promise<Site> {
    const [ca, key, certificate] = [lab.path("ca.pem"), lab.path("site.key"), lab.path("site.pem")];
    const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    run("openssl", "req", "-x509", ...curve, "-days", "3650", "-subj", "/CN=lab authority", "-keyout", lab.path("ca.key"), "-out", ca);
    run("openssl", "req", ...curve, "-subj", "/CN=lab", "-keyout", key, "-out", lab.path("site.csr"));
    writeFileSync(lab.path("site.ext"), `subjectAltName=IP:${address},DNS:${IMAGE_SERVER}\n`);
    run("openssl", "x509", "-req", "-in", lab.path("site.csr"), "-CA", ca, "-CAkey", lab.path("ca.key"), "-CAcreateserial", "-days", "3650", "-extfile", lab.path("site.ext"), "-out", certificate);
    const server = createServer({ key: readFileSync(key), cert: readFileSync(certificate) });
    const site = new Site(ca, address, server);
    server.on("request", (request, response) => void site.#answer(request, response).catch(() => response.destroy()));
    await new Promise<void>((done) => server.listen(PORT, address, done));
    return site;
  }

  url(path: string, host = this.address): string {
    return `https://${host}:${PORT}/${path}`;
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? "";
    if (path === "/itself") return void response.writeHead(302, { location: "https://127.0.0.1/" }).end();
    if (path === "/plain") return void response.writeHead(302, { location: `http://${this.address}:${PORT}/image.iso` }).end();
    if (path === "/endless") return void response.writeHead(200, { "transfer-encoding": "chunked" }).end("some of it");
    if (path !== "/image.iso" && path !== "/slow.iso") return void response.writeHead(404).end();
    const from = Number(/^bytes=(\d+)-/.exec(String(request.headers.range))?.[1] ?? 0);
    if (from >= IMAGE.length) return void response.writeHead(416, { "content-range": `bytes */${IMAGE.length}` }).end();
    const cut = path === "/image.iso" ? (CUTS[this.began.length] ?? Infinity) : Infinity;
    this.began.push(from);
    const head = { "content-length": IMAGE.length - from, etag: '"one"', ...(from > 0 ? { "content-range": `bytes ${from}-${IMAGE.length - 1}/${IMAGE.length}` } : {}) };
    response.writeHead(from > 0 ? 206 : 200, head);
    for (let at = from; at < IMAGE.length; at += PIECE) {
      if (at - from > cut || response.destroyed) return void response.destroy();
      response.write(IMAGE.subarray(at, Math.min(at + PIECE, IMAGE.length)));
      await new Promise((done) => setTimeout(done, path === "/slow.iso" ? 200 : 10));
    }
    response.end();
  }
}

async function told(pi: Pi, url: string, options = ""): Promise<string> {
  const { code, stderr } = await pi.sh(`dkvm storage fetch '${url}' ${options}`, 60_000);
  if (code === 0) throw new LabError(`${url} was fetched`);
  return stderr.trim();
}

/** Before anything is sent, or at the first word of the server. */
async function refusals(bench: Bench, pi: Pi, site: Site): Promise<void> {
  for (const [url, says] of [
    ["https://127.0.0.1/x.iso", /this node itself/],
    ["https://[::1]:22/x.iso", /this node itself/],
    [`http://${site.address}/x.iso`, /SHA-256/],
    ["ftp://example/x.iso", /only https and http/],
    ["https://me:secret@example/x.iso", /name or password/],
    [site.url("image.iso"), /certificate is not trusted/],
  ] as const) {
    const answer = await told(pi, url);
    bench.check(says.test(answer), `${url} is answered: ${answer}`);
  }
  bench.equal(site.began, [], "answers to who does not trust the certificate");
  bench.tell("the node itself, http without a hash, a password in the address, a strange certificate: refused with a sentence");
}

/** Cut three times by the server, the device killed once: it goes on where it was. */
async function fetched(bench: Bench, pi: Pi, node: Node, site: Site): Promise<void> {
  const began = performance.now();
  const command = pi.sh(`dkvm storage fetch '${site.url("image.iso", IMAGE_SERVER)}' --sha256 ${HASH}`, 60_000);
  await until("the second answer began", () => site.began.length >= 2)
    .catch(async (error: Error) => { throw new LabError(`${error.message}: ${(await command).stderr}`); });
  const fetch = await node.device("fetch");
  await pi.kill(fetch.pid!, "KILL");
  const { code, stderr } = await command;
  bench.check(code === 0, `the command that saw its device restarted says: ${stderr}`);
  await until("the image is there", async () => (await storage(pi)).images.some(({ name }) => name === "image.iso"));
  const seconds = (performance.now() - began) / 1000;
  const sum = (await pi.must("sha256sum /var/lib/dkvm/storage/images/image.iso")).split(" ")[0];
  bench.equal(sum, HASH, "SHA-256 of the image on the card");
  bench.check(site.began.slice(1).some((from) => from > 0), `no answer began in the middle: ${site.began.join(", ")}`);
  const answers = site.began.length;
  // The device may take a moment to hear that its first one is done.
  await until("the same is fetched again", async () => (await pi.sh(`dkvm storage fetch '${site.url("image.iso", IMAGE_SERVER)}' --sha256 ${HASH}`, 60_000)).code === 0);
  bench.equal(site.began.slice(answers), [0], "answers to who asks again for what is there");
  bench.tell(`${IMAGE.length / 2 ** 20} MiB from ${IMAGE_SERVER} in ${seconds.toFixed(1)} s, answers from ${site.began.map((from) => (from / 2 ** 20).toFixed(1)).join(", ")} MiB on`);
}

async function storage(pi: Pi): Promise<StorageState> {
  return JSON.parse(await pi.must("dkvm storage --json")) as StorageState;
}

async function neverFetched(bench: Bench, pi: Pi, site: Site): Promise<void> {
  for (const [path, says] of [
    ["itself", /this node itself/],
    ["plain", /from https to http/],
    ["endless", /does not say how large/],
    ["nowhere.iso", /404/],
    ["image.iso", /is there already|exists|already/],
  ] as const) {
    const answer = await told(pi, site.url(path), path.includes(".") ? "" : "--name x.iso");
    bench.check(says.test(answer), `${path} is answered: ${answer}`);
  }
  const wrong = await told(pi, site.url("image.iso"), `--name wrong.iso --sha256 ${"0".repeat(64)}`);
  bench.check(/SHA-256|hash/i.test(wrong), `another hash is answered: ${wrong}`);
  bench.equal((await storage(pi)).images.map(({ name }) => name), ["image.iso"], "images");
  bench.tell(`sent to itself or to http, without a size, not there, a name that is taken, another hash: ${wrong}`);
}

async function cancelled(bench: Bench, pi: Pi, site: Site): Promise<void> {
  const command = pi.sh(`dkvm storage fetch '${site.url("slow.iso")}'`, 60_000);
  await until("some of it is there", async () => (await storage(pi)).incoming.some(({ name, offset }) => name === "slow.iso" && offset > 0));
  await pi.must("dkvm storage fetch --cancel");
  const { stderr } = await command;
  bench.check(/cancelled/.test(stderr), `a cancelled fetch says: ${stderr}`);
  await until("nothing of it is left", async () => (await storage(pi)).incoming.every(({ name }) => name !== "slow.iso"));
  bench.tell("cancelled, and nothing of it is left");
}
