// A Pi, a target PC and the two cables between them.
import { HdmiCable, UsbCable } from "./cable.ts";
import type { Lab } from "./lab.ts";
import { Pi, type PiOptions } from "./pi.ts";
import { createPiNetwork } from "./network.ts";
import { Target, type TargetOptions } from "./target.ts";

export interface RigOptions {
  pi?: PiOptions;
  /** false: the target PC stays off; `rig.target.powerOn()` starts it later. */
  target?: TargetOptions | false;
  /** Holds the target PC before its first instruction until the gadget is on the cable. A BIOS
   *  looks for keyboards only once. Default: for the system "prompt". */
  usbFirst?: boolean;
}

export class Rig {
  readonly usb: UsbCable;
  readonly hdmi: HdmiCable;

  constructor(readonly pi: Pi, readonly target: Target) {
    this.usb = new UsbCable(pi);
    this.hdmi = new HdmiCable(pi);
  }

  static async boot(lab: Lab, options: RigOptions = {}): Promise<Rig> {
    const network = createPiNetwork(options.pi?.index ?? 0);
    const target = new Target(lab, network, options.target || {});
    const wanted = options.target !== false;
    const [pi] = await Promise.all([Pi.boot(lab, { ...options.pi, network }), wanted ? target.start() : undefined]);
    const rig = new Rig(pi, target);
    if (!wanted) return rig;
    if (options.usbFirst ?? target.system === "prompt") await rig.usb.awaitStatus("joined");
    await target.go();
    await target.awaitUp();
    return rig;
  }
}
