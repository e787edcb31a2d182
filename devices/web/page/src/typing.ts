// Texts and macros that the node types at its own target, in the target's layout.

import type { App } from "./app";
import type { Macro } from "./wire/Macro";
import type { WireError } from "./wire/WireError";
import { sentence } from "./api";
import { OWN } from "./model/hash";
import { keptWords } from "./model/macros";
import { loadLayout } from "./model/settings";
import { boundWords, layoutOf } from "./model/typing";

export class Typing {
  /** The text that waits to be typed: kept while the drawer is closed, never stored. */
  draft = "";

  constructor(private readonly app: App) {}

  /** Whether the node can type a text; why not. */
  check(text: string, layout: string): Promise<WireError | null> {
    return this.app.ask({ name: "type_check", text, layout, pace_ms: null });
  }

  /** Has a text typed on the target. What is held here is let go of first. */
  async text(text: string, layout: string, paceMs: number): Promise<void> {
    this.app.console.leave();
    if (await this.app.act({ name: "type_text", text, layout, pace_ms: paceMs })) this.draft = "";
  }

  /** Types what was pasted at the picture, in the layout chosen last and at the node's own pace. */
  async paste(text: string): Promise<void> {
    const { app } = this;
    if (text === "") return app.toast({ tone: "bad", text: "Nothing was pasted: there is no text in the clipboard." });
    const { typist, chosen } = app.model.value;
    if (chosen !== OWN) return app.toast({ tone: "bad", text: `Nothing was pasted: a text for the target of ${chosen} is typed from that node's own page.` });
    const bound = boundWords(text);
    if (typist === null) return app.toast({ tone: "bad", text: "Nothing was pasted: the typist is not running." });
    if (bound !== null) return app.toast({ tone: "bad", text: bound });
    app.console.leave();
    await app.act({ name: "type_text", text, layout: layoutOf(typist, loadLayout()), pace_ms: null });
  }

  /** Presses the keys of a macro, in the layout chosen last. What is held here is let go of first. */
  async macro(which: string): Promise<void> {
    this.app.console.leave();
    const { typist } = this.app.model.value;
    await this.app.act({ name: "macro_run", which, layout: typist === null ? null : layoutOf(typist, loadLayout()) });
  }

  /** Keeps several macros, up to the first that the node refuses. */
  async keep(macros: readonly Macro[]): Promise<void> {
    for (const [kept, { name, text }] of macros.entries()) {
      const error = await this.app.ask({ name: "macro_put", which: name, text });
      if (error !== null) return this.app.toast({ tone: "bad", text: keptWords(kept, macros.length, { name, why: sentence(error.message) }) });
    }
    this.app.toast({ tone: "quiet", text: keptWords(macros.length, macros.length) });
  }

  cancel(): void {
    void this.app.act({ name: "type_cancel" });
  }
}
