// Configurations of the image, fitted to a machine of the lab.

/** With these devices alone; the others are held. */
export function only(text: string, devices: readonly string[]): string {
  // Some are held in the file already.
  return text.replace(/^enabled = false.*\n/gm, "").replace(/^\[device\.([a-z0-9_-]+)\]\n/gm, (header, name: string) => (devices.includes(name) ? header : `${header}enabled = false\n`));
}

/** With these lines in a device's own part. */
export function withConfig(text: string, device: string, lines: string): string {
  const header = `[device.${device}.config]\n`;
  return text.includes(header) ? text.replace(header, `${header}${lines}\n`) : `${text}\n${header}${lines}\n`;
}
