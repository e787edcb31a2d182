// The runner's side of lab/pi/agent.c: commands, signals and files inside the virtual Pi.
import { connect, type Socket } from "node:net";
import { LabError, MachineEnded, PATIENCE_MS } from "./lab.ts";

const PORT = 1023;

export interface Answer {
  code: number;
  stdout: string;
  stderr: string;
}

export interface AgentRecord {
  kind: "o" | "e" | "x";
  data: Buffer;
}

/** A command that goes on: its lines as they come, until `close`. */
export interface Stream {
  lines: AsyncIterable<string>;
  close(): void;
}

export class Agent {
  readonly #sockets = new Set<Socket>();

  constructor(readonly address: string) {}

  /** The machine has ended: what is under way is answered by nobody. */
  gone(): void {
    for (const socket of this.#sockets) socket.destroy(new MachineEnded());
  }

  async exec(script: string, timeout = PATIENCE_MS): Promise<Answer> {
    const body = Buffer.from(script);
    const { stdout, stderr, code } = await this.#ask([`exec ${body.length}\n`, body], timeout);
    return { code, stdout: stdout.toString(), stderr: stderr.toString() };
  }

  /** One line per user process: /proc's stat, a tab, the command line. */
  async processes(): Promise<string[]> {
    return (await this.#ask(["ps\n"])).stdout.toString().split("\n");
  }

  /** Sends a signal; the errno, or 0. */
  async kill(pid: number, signal: number): Promise<number> {
    return (await this.#ask([`kill ${signal} ${pid}\n`])).code;
  }

  async read(path: string): Promise<Buffer | undefined> {
    const answer = await this.#ask([`read ${path}\n`]);
    return answer.code === 0 ? answer.stdout : undefined;
  }

  async write(path: string, data: Buffer | string, mode = 0o644): Promise<void> {
    const body = Buffer.from(data);
    const answer = await this.#ask([`write ${mode.toString(8)} ${body.length} ${path}\n`, body]);
    if (answer.code !== 0) throw new LabError(`cannot write ${path} in the Pi: errno ${answer.code}`);
  }

  stream(script: string): Stream {
    const socket = this.#open();
    const body = Buffer.from(script);
    socket.write(`exec ${body.length}\n`);
    socket.write(body);
    return { lines: readLines(socket), close: () => socket.destroy() };
  }

  #open(): Socket {
    const socket = connect({ host: this.address, port: PORT, noDelay: true });
    this.#sockets.add(socket);
    socket.on("error", () => {}); // whoever reads is told, and nobody else need be
    socket.once("close", () => this.#sockets.delete(socket));
    return socket;
  }

  async #ask(request: (string | Buffer)[], timeout = PATIENCE_MS): Promise<{ code: number; stdout: Buffer; stderr: Buffer }> {
    const socket = this.#open();
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      socket.destroy();
    }, timeout);
    for (const part of request) socket.write(part);
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    try {
      for await (const record of readRecords(socket)) {
        if (record.kind === "o") out.push(record.data);
        else if (record.kind === "e") err.push(record.data);
        else return { code: Number(record.data), stdout: Buffer.concat(out), stderr: Buffer.concat(err) };
      }
    } catch (error) {
      if (error instanceof MachineEnded) throw error;
      if (!late) throw new LabError(`the Pi does not answer: ${(error as Error).message}`);
    } finally {
      clearTimeout(timer);
      socket.destroy();
    }
    const what = request.map(String).join("").trim().replace(/^exec \d+\n/, "");
    throw new LabError(late ? `the Pi took longer than ${timeout / 1000} s for: ${what}` : "the Pi's agent hung up");
  }
}

async function* readRecords(socket: Socket): AsyncGenerator<AgentRecord> {
  let pending: Buffer = Buffer.alloc(0);
  for await (const chunk of socket) {
    pending = Buffer.concat([pending, chunk as Buffer]);
    while (pending.length >= 5) {
      const length = pending.readUInt32BE(1);
      if (pending.length < 5 + length) break;
      const kind = String.fromCharCode(pending[0]!) as AgentRecord["kind"];
      yield { kind, data: pending.subarray(5, 5 + length) };
      pending = pending.subarray(5 + length);
    }
  }
}

async function* readLines(socket: Socket): AsyncGenerator<string> {
  let pending = "";
  try {
    for await (const record of readRecords(socket)) {
      if (record.kind === "x") return;
      pending += record.data.toString();
      const lines = pending.split("\n");
      pending = lines.pop() ?? "";
      yield* lines;
    }
  } catch {
    // closed by us, or the Pi is gone: the stream ends
  }
}
