// Somebody who tells what a machine's input devices say, and is asked about them: lab/target/reporter.c at the other end.
import type { Socket } from "node:net";
import { createInterface } from "node:readline";
import { LabError, PATIENCE_MS, until } from "./lab.ts";
import { TargetLog, type InputDevice } from "./target-log.ts";

export class Observer {
  readonly log = new TargetLog();
  #report: Socket | undefined;
  #nextCommand = 1;

  protected listenTo(report: Socket): void {
    report.on("error", () => {});
    createInterface({ input: report }).on("line", (line) => this.log.receive(line));
    this.#report = report;
  }

  protected hangUp(): void {
    this.#report?.destroy();
  }

  /** Runs a shell script there. */
  async sh(script: string, timeout = PATIENCE_MS): Promise<{ code: number; text: string }> {
    return this.#command(`run`, script.replaceAll("\n", "; "), timeout);
  }

  /** "DEVICE:CODE" of every key and button that the machine's kernel holds pressed. */
  async heldKeys(): Promise<string[]> {
    const { text } = await this.#command("held", "", PATIENCE_MS);
    return text.split(" ").filter((word) => word !== "");
  }

  /** A release may be on its way through the cable still when hid is rid of it; a key that stays held is a fault. */
  async awaitNothingHeld(when: string, timeout = PATIENCE_MS): Promise<void> {
    let held: string[] = [];
    await until(`nothing is held ${when}`, async () => (held = await this.heldKeys()).length === 0, { timeout, every: 50 })
      .catch((error: Error) => { throw new LabError(`${error.message}: held are ${held.join(", ")}`); });
  }

  /** Waits for a USB input device; a pattern picks by name. */
  async awaitInput(name: RegExp = /./, timeout = PATIENCE_MS): Promise<InputDevice> {
    return this.awaitLog(`the target has a USB input device ${name}`, () => this.log.usbInputs().find((device) => name.test(device.name)), timeout);
  }

  /** Waits until `probe`, tried at every line from there, gives something. */
  awaitLog<T>(what: string, probe: () => T | undefined, timeout = PATIENCE_MS): Promise<T> {
    return new Promise((done, failed) => {
      const finish = (act: () => void): void => {
        clearTimeout(timer);
        stop();
        act();
      };
      const timer = setTimeout(() => finish(() => failed(new LabError(`waited ${timeout / 1000} s in vain: ${what}`))), timeout);
      const stop = this.log.watch(() => look());
      const look = (): void => {
        const value = probe();
        if (value !== undefined && value !== false) finish(() => done(value));
      };
      look();
    });
  }

  /** Waits until exactly this text has been typed since the mark; longer or other text fails. */
  async awaitTyped(text: string, since = 0, timeout = PATIENCE_MS): Promise<void> {
    await this.awaitLog(`the target gets ${JSON.stringify(text)}`, () => this.log.typed(since).length >= text.length || undefined, timeout)
      .catch((error: Error) => { throw new LabError(`${error.message}; it got ${JSON.stringify(this.log.typed(since))}`); });
    const typed = this.log.typed(since);
    if (typed !== text) throw new LabError(`the target got ${JSON.stringify(typed)} in place of ${JSON.stringify(text)}`);
  }

  async #command(verb: string, rest: string, timeout: number): Promise<{ code: number; text: string }> {
    const id = `c${this.#nextCommand++}`;
    return new Promise((done, failed) => {
      const timer = setTimeout(() => failed(new LabError(`the target did not answer '${verb} ${rest}' in ${timeout / 1000} s`)), timeout);
      this.log.expectAnswer(id, (answer) => {
        clearTimeout(timer);
        done(answer);
      });
      this.#report?.write(`${verb} ${id} ${rest}\n`);
    });
  }
}
