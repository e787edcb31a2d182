// Macros: a list with run and edit, export and import as text.

import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import { sentence } from "../api";
import type { App } from "../app";
import { ofText, overwriteWords, overwritten, toText } from "../model/macros";
import type { Model } from "../model/model";
import type { Macro } from "../wire/Macro";
import { Asking, Question } from "./asking";
import { Part } from "./drawer";

const EXAMPLE = "Ctrl+Alt+F2\nwait 500ms\ntext root\nEnter";
const HINT = "A step a line: keys as Ctrl+Alt+Del, text hello, wait 500ms, hold Shift, release Shift. A # begins a remark.";

export function MacrosPart({ app, model }: { app: App; model: Model }): JSX.Element | null {
  const [edited, edit] = useState<Macro | null>(null);
  if (model.macros === null) return null;
  const { macros } = model.macros;
  const busy = model.typist?.typing != null;
  return (
    <Part title="Macros">
      <ul class="lines" data-testid="macros" data-count={macros.length}>
        {macros.map((one) => (
          <li key={one.name} class="row">
            <span class="line-name" title={one.text}>
              {one.name}
            </span>
            <span class="macro-act">
              <button data-testid={`macro-run-${one.name}`} disabled={busy} onClick={() => void app.typing.macro(one.name)}>
                Run
              </button>
              <button data-testid={`macro-edit-${one.name}`} onClick={() => edit(one)}>
                Edit
              </button>
            </span>
          </li>
        ))}
      </ul>
      {edited !== null && <Editor key={edited.name} app={app} macro={edited} macros={macros} done={() => edit(null)} />}
      <div class="paste-act">
        <button data-testid="macro-new" onClick={() => edit({ name: "", text: "" })}>
          New
        </button>
        <Files app={app} macros={macros} />
      </div>
    </Part>
  );
}

interface EditorProps {
  app: App;
  macro: Macro;
  /** All that are kept. */
  macros: readonly Macro[];
  done(): void;
}

function Editor({ app, macro, macros, done }: EditorProps): JSX.Element {
  const [name, setName] = useState(macro.name);
  const [text, setText] = useState(macro.text);
  const [refusal, refuse] = useState<string | null>(null);
  const has = (wanted: string): boolean => macros.some((one) => one.name === wanted);
  const known = has(macro.name);
  const fresh = name.trim();
  const save = async (): Promise<void> => {
    const error = await app.ask({ name: "macro_put", which: fresh, text });
    if (error !== null) return refuse(sentence(error.message));
    if (known && fresh !== macro.name) await app.ask({ name: "macro_remove", which: macro.name });
    done();
  };
  const remove = async (): Promise<void> => {
    if (await app.act({ name: "macro_remove", which: macro.name }, `${macro.name} was removed.`)) done();
  };
  return (
    <div class="paste">
      <input data-testid="macro-name" autocomplete="off" aria-label="Name of the macro" placeholder="Name" value={name} onInput={(event) => setName(event.currentTarget.value)} />
      <textarea data-testid="macro-text" aria-label="Steps of the macro" placeholder={EXAMPLE} rows={6} spellcheck={false} autocomplete="off" autocapitalize="off" value={text} onInput={(event) => setText(event.currentTarget.value)} />
      {refusal !== null && (
        <p class="problem" data-testid="macro-problem" role="alert">
          {refusal}
        </p>
      )}
      <div class="paste-act">
        <Keep fresh={fresh} taken={fresh !== macro.name && has(fresh)} disabled={fresh === "" || text.trim() === ""} save={() => void save()} />
        <button data-testid="macro-close" onClick={done}>
          Close
        </button>
        {known && <Asking testid="macro-remove" label="Remove" question={`${macro.name} is forgotten for all who use this node.`} confirm="Remove" act={() => void remove()} />}
      </div>
      <p class="hint">{HINT}</p>
    </div>
  );
}

function Keep({ fresh, taken, disabled, save }: { fresh: string; taken: boolean; disabled: boolean; save(): void }): JSX.Element {
  if (taken) return <Asking key={fresh} testid="macro-save" label="Keep" disabled={disabled} question={overwriteWords([fresh])} confirm="Overwrite it" act={save} />;
  return (
    <button class="primary" data-testid="macro-save" disabled={disabled} onClick={save}>
      Keep
    </button>
  );
}

function Files({ app, macros }: { app: App; macros: readonly Macro[] }): JSX.Element {
  const file = useRef<HTMLInputElement>(null);
  const [asked, ask] = useState<readonly Macro[] | null>(null);
  const take = async (chosen: File | undefined): Promise<void> => {
    const read = chosen === undefined ? [] : ofText(await chosen.text());
    if (file.current) file.current.value = "";
    if (typeof read === "string") app.toast({ tone: "bad", text: read });
    else if (overwritten(macros, read).length > 0) ask(read);
    else if (read.length > 0) await app.typing.keep(read);
  };
  const answer = (yes: boolean): void => {
    ask(null);
    if (yes && asked !== null) void app.typing.keep(asked);
  };
  if (asked !== null) return <Question testid="macro-import" label="Import" question={overwriteWords(overwritten(macros, asked))} confirm="Import all" answer={answer} />;
  return (
    <>
      <button data-testid="macro-import" onClick={() => file.current?.click()}>
        Import
      </button>
      <input ref={file} type="file" accept="text/plain,.txt" hidden data-testid="macro-file" onChange={(event) => void take(event.currentTarget.files?.[0])} />
      <button data-testid="macro-export" disabled={macros.length === 0} onClick={() => app.saveText("dkvm-macros.txt", toText(macros))}>
        Export
      </button>
    </>
  );
}
