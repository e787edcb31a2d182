// What `dkvm boot` found, and what the kernel tells of it.
import { connect } from "node:net";
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
  await until("the page answers", () => answers(pi.network.address), { every: 50 });
}

function answers(host: string): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect({ host, port: 443, timeout: 2000 });
    const end = (good: boolean): void => { socket.destroy(); done(good); };
    socket.once("connect", () => end(true)).once("error", () => end(false)).once("timeout", () => end(false));
  });
}
