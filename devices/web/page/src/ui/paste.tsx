// A text typed on the target, in the target's layout: what cannot be typed is told before anything is sent.

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { sentence } from "../api";
import type { App } from "../app";
import type { Model } from "../model/model";
import { absentWords } from "../model/power";
import { loadLayout, saveLayout } from "../model/settings";
import { boundWords, layoutOf, PACES } from "../model/typing";
import type { Typing } from "../wire/Typing";
import type { TypistState } from "../wire/TypistState";
import { Choice, Part } from "./drawer";

/** A text is checked when nothing was changed in it for so long, ms. */
const CHECK_MS = 250;

/** What is known of a text in a layout. */
type Verdict = "unknown" | "fine" | { readonly refusal: string };

export function PastePart({ app, model }: { app: App; model: Model }): JSX.Element {
  const { typist } = model;
  if (typist === null) return <Part title="Type a text" hint={absentWords(model, "typist", "docs/typing.md")}>{null}</Part>;
  return (
    <Part title="Type a text">
      {typist.typing === null ? <Compose app={app} typist={typist} /> : <Under app={app} typing={typist.typing} />}
    </Part>
  );
}

function Under({ app, typing }: { app: App; typing: Typing }): JSX.Element {
  return (
    <div class="progress" data-testid="typing">
      <p class="progress-name">Typing on the target</p>
      <progress max={typing.total} value={typing.done} aria-label="Characters typed" />
      <p class="progress-words" data-testid="typing-words">
        {typing.done} of {typing.total} characters
      </p>
      <button data-testid="typing-cancel" onClick={() => app.typing.cancel()}>
        Cancel
      </button>
    </div>
  );
}

function Compose({ app, typist }: { app: App; typist: TypistState }): JSX.Element {
  const [chosen, setChosen] = useState(loadLayout);
  const [pace, setPace] = useState("fast");
  const [text, setText] = useState(() => app.typing.draft);
  const layout = layoutOf(typist, chosen);
  const verdict = useVerdict(app, text, layout);
  const write = (fresh: string): void => {
    app.typing.draft = fresh;
    setText(fresh);
  };
  const choose = (id: string): void => {
    saveLayout(id);
    setChosen(id);
  };
  const send = (): void => {
    if (verdict === "fine") void app.typing.text(text, layout, PACES.find(({ value }) => value === pace)?.ms ?? 0);
  };
  return (
    <div class="paste">
      <textarea
        data-testid="paste-text"
        aria-label="Text to type on the target"
        placeholder="Paste or write here, then type it"
        rows={4}
        spellcheck={false}
        autocomplete="off"
        autocapitalize="off"
        value={text}
        onInput={(event) => write(event.currentTarget.value)}
        onKeyDown={(event) => event.key === "Enter" && event.ctrlKey && send()}
      />
      <select class="select" data-testid="paste-layout" aria-label="The target's keyboard layout" value={layout} onChange={(event) => choose(event.currentTarget.value)}>
        {typist.layouts.map(({ id, title }) => (
          <option key={id} value={id}>
            {title}
          </option>
        ))}
      </select>
      <Choice label="Pace" testid="paste-pace" value={pace} choices={PACES} choose={setPace} />
      {typeof verdict === "object" && (
        <p class="problem" data-testid="paste-problem" role="alert">
          {verdict.refusal}
        </p>
      )}
      <div class="paste-act">
        <button class="primary" data-testid="paste-send" disabled={verdict !== "fine"} onClick={send}>
          Type it
        </button>
        <button data-testid="paste-clear" disabled={text === ""} onClick={() => write("")}>
          Clear
        </button>
      </div>
      <p class="hint">Choose the layout that the target has. It takes keyboard and mouse; whoever takes them from it ends it.</p>
    </div>
  );
}

/** Asks the node, once nothing changes any more; an answer to an older text counts for nothing. */
function useVerdict(app: App, text: string, layout: string): Verdict {
  const [verdict, set] = useState<Verdict>("unknown");
  useEffect(() => {
    set("unknown");
    if (text === "") return;
    const bound = boundWords(text);
    if (bound !== null) return set({ refusal: bound });
    let current = true;
    const timer = window.setTimeout(async () => {
      const error = await app.typing.check(text, layout);
      if (current) set(error === null ? "fine" : { refusal: sentence(error.message) });
    }, CHECK_MS);
    return () => {
      current = false;
      window.clearTimeout(timer);
    };
  }, [text, layout]);
  return verdict;
}
