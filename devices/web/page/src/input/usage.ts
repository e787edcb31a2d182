// Physical keys: `KeyboardEvent.code` → usage of HID page 7. By position, so the target's own layout decides
// what a key types.

function run(first: number, codes: string): Array<[string, number]> {
  return codes.split(" ").map((code, index) => [code, first + index]);
}

const TABLE: ReadonlyArray<[string, number]> = [
  ...run(0x04, "KeyA KeyB KeyC KeyD KeyE KeyF KeyG KeyH KeyI KeyJ KeyK KeyL KeyM"),
  ...run(0x11, "KeyN KeyO KeyP KeyQ KeyR KeyS KeyT KeyU KeyV KeyW KeyX KeyY KeyZ"),
  ...run(0x1e, "Digit1 Digit2 Digit3 Digit4 Digit5 Digit6 Digit7 Digit8 Digit9 Digit0"),
  ...run(0x28, "Enter Escape Backspace Tab Space Minus Equal BracketLeft BracketRight Backslash"),
  ...run(0x33, "Semicolon Quote Backquote Comma Period Slash CapsLock"),
  ...run(0x3a, "F1 F2 F3 F4 F5 F6 F7 F8 F9 F10 F11 F12"),
  ...run(0x46, "PrintScreen ScrollLock Pause Insert Home PageUp Delete End PageDown"),
  ...run(0x4f, "ArrowRight ArrowLeft ArrowDown ArrowUp"),
  ...run(0x53, "NumLock NumpadDivide NumpadMultiply NumpadSubtract NumpadAdd NumpadEnter"),
  ...run(0x59, "Numpad1 Numpad2 Numpad3 Numpad4 Numpad5 Numpad6 Numpad7 Numpad8 Numpad9 Numpad0 NumpadDecimal"),
  ...run(0x64, "IntlBackslash ContextMenu Power NumpadEqual"),
  ...run(0x68, "F13 F14 F15 F16 F17 F18 F19 F20 F21 F22 F23 F24"),
  ...run(0x74, "Open Help Props Select Abort Again Undo Cut Copy Paste Find"),
  ["AudioVolumeMute", 0x7f],
  ["VolumeMute", 0x7f],
  ["AudioVolumeUp", 0x80],
  ["VolumeUp", 0x80],
  ["AudioVolumeDown", 0x81],
  ["VolumeDown", 0x81],
  ["NumpadComma", 0x85],
  // JIS: ろ (International1), かな (2), ¥ (3), 変換 (4), 無変換 (5).
  ["IntlRo", 0x87],
  ["KanaMode", 0x88],
  ["IntlYen", 0x89],
  ["Convert", 0x8a],
  ["NonConvert", 0x8b],
  // Korean 한/영 and 한자 are Lang1 and Lang2; JIS on Apple かな and 英数.
  ...run(0x90, "Lang1 Lang2 Lang3 Lang4 Lang5"),
  ["HangulMode", 0x90],
  ["Hanja", 0x91],
  ["Katakana", 0x92],
  ["Hiragana", 0x93],
  ["NumpadParenLeft", 0xb6],
  ["NumpadParenRight", 0xb7],
  ["NumpadBackspace", 0xbb],
  ["NumpadClear", 0xd8],
  ["NumpadClearEntry", 0xd9],
  ...run(0xe0, "ControlLeft ShiftLeft AltLeft MetaLeft ControlRight ShiftRight AltRight MetaRight"),
  ["OSLeft", 0xe3],
  ["OSRight", 0xe7],
];

const BY_CODE: ReadonlyMap<string, number> = new Map(TABLE);

/** The HID usage of a physical key, or `undefined` for a key that USB keyboards do not have. */
export function usageOf(code: string): number | undefined {
  return BY_CODE.get(code);
}

/** The usages that the page itself names. */
export const Usage = {
  enter: 0x28,
  escape: 0x29,
  tab: 0x2b,
  space: 0x2c,
  capsLock: 0x39,
  f1: 0x3a,
  f4: 0x3d,
  printScreen: 0x46,
  scrollLock: 0x47,
  delete: 0x4c,
  lang1: 0x90,
  lang5: 0x94,
  control: 0xe0,
  shift: 0xe1,
  alt: 0xe2,
  meta: 0xe3,
  controlRight: 0xe4,
  shiftRight: 0xe5,
  altRight: 0xe6,
  metaRight: 0xe7,
} as const;

/** Whether a usage is Control, Shift, Alt or Super, left or right. */
export function isModifier(usage: number): boolean {
  return usage >= Usage.control && usage <= Usage.metaRight;
}

/** Whether a usage is a Super key, left or right. */
export function isMeta(usage: number): boolean {
  return usage === Usage.meta || usage === Usage.metaRight;
}
