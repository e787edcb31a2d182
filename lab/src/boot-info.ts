// What `dkvm boot` found, and what the kernel tells of it.
import type { ImageInfo } from "../../devices/web/page/src/wire/ImageInfo.ts";
import { LabError, until } from "./lab.ts";
import type { Pi } from "./pi.ts";

export interface BootInfo {
  image: ImageInfo | null;
  notices: string[];
  unhealthy_boots: number;
  card: string | null;
}

export async function bootInfo(pi: Pi): Promise<BootInfo> {
  const text = await pi.readText("/run/dkvm/boot/info.json");
  if (!text) throw new LabError(`there is no /run/dkvm/boot/info.json in the Pi:\n${pi.console().slice(-2000)}`);
  return JSON.parse(text) as BootInfo;
}

/** The page answers: the kernel is up, and web is. */
export async function awaitPage(pi: Pi): Promise<void> {
  await until("the page answers", async () => (await pi.sh("wget -q -T 2 -O /dev/null http://127.0.0.1/ 2>&1; nc -z 127.0.0.1 443")).code === 0, { timeout: 40_000, every: 100 });
}
