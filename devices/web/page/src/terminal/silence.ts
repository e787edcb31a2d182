// The terminal shows what was said, and says nothing itself. What is kept is shown anew to each page that opens the console, and what
// the target once asked a terminal would be answered again, by each of them, as if somebody typed it.

import type { IFunctionIdentifier, IParser } from "@xterm/xterm";

/** Device attributes, status and place of the cursor, modes. */
const QUERIES: readonly IFunctionIdentifier[] = [
  { final: "c" },
  { prefix: ">", final: "c" },
  { final: "n" },
  { prefix: "?", final: "n" },
  { intermediates: "$", final: "p" },
  { prefix: "?", intermediates: "$", final: "p" },
];
/** Settings. */
const STATUS: IFunctionIdentifier = { intermediates: "$", final: "q" };
/** Colours: set by the same sequence, where "?" does not stand in the place of one. */
const COLOURS = [4, 10, 11, 12];
/** The mode that tells whether the terminal is looked at, which is told at once. */
const FOCUS = 1004;

export function silence(parser: IParser): void {
  for (const query of QUERIES) parser.registerCsiHandler(query, () => true);
  parser.registerDcsHandler(STATUS, () => true);
  for (const colour of COLOURS) parser.registerOscHandler(colour, (data) => data.split(";").includes("?"));
  parser.registerCsiHandler({ prefix: "?", final: "h" }, (modes) => modes.length === 1 && modes[0] === FOCUS);
}
