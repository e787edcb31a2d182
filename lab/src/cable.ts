// The two cables, worked from outside: lab/cables/*.c do the carrying inside the Pi.
import { PATIENCE_MS, until } from "./lab.ts";
import type { Pi } from "./pi.ts";

class Cable {
  constructor(readonly pi: Pi, readonly name: "usb-cable" | "hdmi-cable") {}

  unplug(): Promise<void> {
    return this.command("unplug");
  }

  plug(): Promise<void> {
    return this.command("plug");
  }

  protected async command(word: string): Promise<void> {
    await this.pi.must(`echo ${word} > /run/lab/${this.name}.command`);
  }

  status(): Promise<string> {
    return this.pi.readText(`/run/lab/${this.name}.status`);
  }

  async awaitStatus(wanted: string | RegExp, timeout = PATIENCE_MS): Promise<void> {
    await until(`the ${this.name} is ${wanted}`, async () => {
      const status = await this.status();
      return typeof wanted === "string" ? status === wanted : wanted.test(status);
    }, { timeout });
  }
}

/** Status: "absent" (unplugged, or the target is off), "waiting" (no gadget) or "joined". */
export class UsbCable extends Cable {
  constructor(pi: Pi) {
    super(pi, "usb-cable");
  }

  /** The target stops reading its USB devices, as a hung or very slow one does: after the few
   *  transfers that are on their way, no write to the gadget completes. */
  hold(): Promise<void> {
    return this.command("hold");
  }

  release(): Promise<void> {
    return this.command("release");
  }

  /** What the Pi's USB controller knows: "not attached", "configured", … */
  udcState(): Promise<string> {
    return this.pi.readText("/sys/class/udc/dummy_udc.0/state");
  }
}

/** Status: "no signal", or the mode on the wire such as "1280x720". */
export class HdmiCable extends Cable {
  constructor(pi: Pi) {
    super(pi, "hdmi-cable");
  }
}
