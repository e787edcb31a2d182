// Sound from the target to a page: how old a sample is when web sends it, and when Chromium's page plays it.
import { Listener } from "../src/listener.ts";
import { PATIENCE_MS, until } from "../src/lab.ts";
import { Node } from "../src/node.ts";
import { scenario } from "../src/scenario.ts";
import { testWave, toWav } from "../src/sound.ts";
import { spread } from "../src/table.ts";
import { PASSWORD, Viewer } from "../src/viewer.ts";

const SECONDS = Number(process.env["DKVM_SOUND_SECONDS"] ?? 20);
const PROFILE = "\n[device.gadget.config.profiles.sound]\nfunctions = [\"keyboard\", \"absolute\", \"relative\", \"audio\"]\n";
/** A piece is sent when its last sample is there: so old is its first one, ms. */
const PIECE_MS = 20;

export default scenario("sound", "sound: age of a sample from the target when web sends it, and what waits in Chromium's page", async (bench) => {
  const programs = { "/usr/bin/aplay": "/usr/bin/aplay" };
  const { pi } = await bench.boot({ pi: { usb: "self", hdmi: false, modules: ["snd-usb-audio"], programs }, target: false });
  await new Node(pi).awaitUp(["gadget", "audio", "web"]);
  await pi.must(`cat >>/etc/dkvm/dkvm.toml <<'END'\n${PROFILE}END\ndkvm reload`);
  const viewer = await Viewer.open(pi.network.address);
  await pi.must("dkvm usb profile sound --yes");
  await until("the target has its sound card", async () => (await pi.must("cat /proc/asound/cards")).includes("[dKVM"));
  await pi.write("/tmp/play.wav", toWav(testWave(SECONDS)));
  const { page, close } = await listening(bench, pi.network.address);
  const listener = new Listener(viewer);
  await until("the listener is connected", () => listener.isOpen);
  const playing = pi.must("aplay -q -D hw:CARD=dKVM --buffer-time=400000 /tmp/play.wav");
  const waits: number[] = [];
  await until("it was played", async () => {
    const { peak, waitingMs } = await page();
    if (peak > 0.3) waits.push(waitingMs);
    return listener.pieces.length > SECONDS * 40;
  }, { timeout: SECONDS * 4000, every: 200 });
  await playing;
  const ages = listener.pieces.map(({ capturedNs, sentNs }) => Number(sentNs - capturedNs) / 1e6 + PIECE_MS);
  const [age, waiting] = [spread(ages, "ms"), spread(waits, "ms")];
  const note = `${ages.length} pieces of 20 ms, ${listener.gaps} gaps; the Pi is its own target; the oldest sample of each piece`;
  bench.row({ what: "sound, target to web's socket", ours: age, note });
  bench.row({ what: "sound, what waits in Chromium's page, at a delay of 80 ms", ours: waiting, note: "added to the above, and to what the browser's own output takes" });
  listener.close();
  viewer.close();
  await close();
  return `${age.value.toFixed(1)} ms (median) to web's socket, ${waiting.value.toFixed(0)} ms more in the page`;
});

interface Heard {
  peak: number;
  waitingMs: number;
}

async function listening(bench: Parameters<Parameters<typeof scenario>[2]>[0], address: string): Promise<{ page: () => Promise<Heard>; close: () => Promise<void> }> {
  const browser = await bench.openBrowser();
  const { page } = browser;
  page.setDefaultTimeout(PATIENCE_MS);
  await page.goto(`https://${address}/`);
  await page.getByTestId("login-password").fill(PASSWORD);
  await page.getByTestId("login-submit").click();
  await page.getByTestId("open-sound").click();
  await page.getByTestId("sound-listen").click();
  return { page: () => page.evaluate("window.dkvm.sound") as Promise<Heard>, close: () => browser.close() };
}
