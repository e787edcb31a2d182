// QEMU's control socket.
import { connect, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { LabError } from "./lab.ts";

type Json = Record<string, unknown>;

export class Qmp {
  readonly #waiting = new Map<number, { done: (value: unknown) => void; failed: (error: Error) => void }>();
  #next = 1;

  private constructor(readonly socket: Socket) {
    createInterface({ input: socket }).on("line", (line) => this.#receive(JSON.parse(line) as Json));
    socket.on("error", () => this.#hangUp());
    socket.on("close", () => this.#hangUp());
  }

  static async connect(path: string): Promise<Qmp> {
    const socket = await new Promise<Socket>((done, failed) => {
      const s = connect(path, () => done(s)).on("error", failed);
    });
    const qmp = new Qmp(socket);
    await qmp.ask("qmp_capabilities");
    return qmp;
  }

  ask(command: string, parameters: Json = {}): Promise<unknown> {
    const id = this.#next++;
    return new Promise((done, failed) => {
      this.#waiting.set(id, { done, failed });
      this.socket.write(JSON.stringify({ execute: command, arguments: parameters, id }) + "\n");
    });
  }

  #receive(message: Json): void {
    const waiting = this.#waiting.get(message["id"] as number);
    if (!waiting) return; // the greeting, or an event
    this.#waiting.delete(message["id"] as number);
    if ("error" in message) waiting.failed(new LabError(`QEMU: ${(message["error"] as Json)["desc"]}`));
    else waiting.done(message["return"]);
  }

  #hangUp(): void {
    for (const { failed } of this.#waiting.values()) failed(new LabError("QEMU has ended"));
    this.#waiting.clear();
  }
}
