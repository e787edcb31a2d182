// A CD-ROM that starts the target's own small Linux, as an installation's ISO does: GRUB, a kernel, an initramfs.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { targetKernelDirectory } from "./kernel.ts";
import { run, type Lab } from "./lab.ts";
import { buildTargetImage, type TargetOptions } from "./target.ts";

/** On its command line: what was started from the ISO says so. */
export const ISO_MARK = "started-from=dkvm-iso";

/** Makes it; gives its path. */
export function makeIso(lab: Lab, name: string, options: TargetOptions = {}): string {
  const tree = lab.path("iso");
  const grub = join(tree, "boot/grub");
  mkdirSync(grub, { recursive: true });
  writeFileSync(join(tree, "boot/vmlinuz"), readFileSync(join(targetKernelDirectory(), "vmlinuz")));
  writeFileSync(join(tree, "boot/initrd"), buildTargetImage(options));
  writeFileSync(join(grub, "grub.cfg"), [
    "serial --unit=0 --speed=115200",
    "terminal_output console serial",
    "echo 'GRUB of the ISO'",
    `linux /boot/vmlinuz console=tty0 console=ttyS0 loglevel=4 tsc=reliable no_timer_check random.trust_cpu=on usb-storage.delay_use=0 vt.global_cursor_default=0 rdinit=/init mitigations=off nokaslr ${ISO_MARK}`,
    "initrd /boot/initrd",
    "boot",
    "",
  ].join("\n"));
  const image = lab.path(name);
  run("grub-mkrescue", "-o", image, tree, "--", "-volid", "DKVM_LAB");
  return image;
}
