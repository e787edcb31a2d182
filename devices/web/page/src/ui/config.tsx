// The configuration in the system drawer: its text, what is wrong with it, its trial, its history.

import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import { sentence } from "../api";
import type { App } from "../app";
import { boundWords, changeWords, CONFIRM_S, endedWords, forceWords, lineRange, mistakeWords, OUTCOMES, trialWords, type ConfigEdit } from "../model/config";
import { hunks, lineDiff } from "../model/diff";
import type { Model } from "../model/model";
import type { ConfigAnswer } from "../wire/ConfigAnswer";
import type { ConfigEntry } from "../wire/ConfigEntry";
import type { ConfigState } from "../wire/ConfigState";
import type { ConfigVerdict } from "../wire/ConfigVerdict";
import { Asking, Question } from "./asking";
import { Part } from "./drawer";
import { moment } from "./format";
import { useNow } from "./hooks";

/** The countdown changes so often, ms. */
const TICK_MS = 500;

/** `edited` outlives a break of the link and a look at another drawer. */
export function Configuration({ app, model, edited }: { app: App; model: Model; edited: ConfigEdit | null }): JSX.Element | null {
  const [history, show] = useState<readonly ConfigEntry[] | null>(null);
  const { config } = model;
  if (config === null && edited === null) return null;
  const edit = async (): Promise<void> => {
    const answer = await app.askConfig({ name: "config_read", number: null });
    if (answer?.kind === "text") app.ui.patch({ edited: { base: answer, text: answer.text, comment: "" } });
  };
  const list = async (): Promise<void> => {
    const answer = await app.askConfig({ name: "config_history" });
    if (answer?.kind === "history") show([...answer.entries].reverse());
  };
  return (
    <Part title="Configuration">
      {config !== null && <InForce config={config} />}
      {edited === null && history === null && (
        <div class="paste-act">
          <button data-testid="config-edit" disabled={config?.trial?.number != null} onClick={() => void edit()}>
            Edit
          </button>
          <button data-testid="config-history" onClick={() => void list()}>
            History
          </button>
        </div>
      )}
      {edited !== null && <Editor app={app} edited={edited} />}
      {edited === null && history !== null && <History app={app} entries={history} done={() => show(null)} />}
    </Part>
  );
}

function InForce({ config }: { config: ConfigState }): JSX.Element {
  return (
    <>
      <dl class="facts">
        <dt>In force</dt>
        <dd data-testid="config-force">{forceWords(config)}</dd>
      </dl>
      {config.last !== null && <p class={config.last.outcome === "taken_back" ? "problem" : "hint"} data-testid="config-last">{endedWords(config.last)}</p>}
    </>
  );
}

/** What is on trial, and what can be said to it; also while no drawer is open. */
export function TrialBar({ app, model }: { app: App; model: Model }): JSX.Element | null {
  const trial = model.config?.trial ?? null;
  const now = useNow(TICK_MS, trial?.left_ms != null);
  if (model.config === null || trial === null || trial.number === null) return null;
  const { number } = trial;
  return (
    <div class="banner warn trial" role="status" data-testid="config-trial">
      <span>{trialWords(model.config, now - model.configAt)}</span>
      {trial.unconfirmed && (
        <button class="primary" data-testid="config-keep" onClick={() => void app.act({ name: "config_confirm", number })}>
          Keep
        </button>
      )}
      <button data-testid="config-back" onClick={() => void app.act({ name: "config_rollback", number: null, confirm_s: 0, trial: number })}>
        Take back
      </button>
    </div>
  );
}

function Editor({ app, edited }: { app: App; edited: ConfigEdit }): JSX.Element {
  const area = useRef<HTMLTextAreaElement>(null);
  const { base, text, comment } = edited;
  const [verdict, judge] = useState<ConfigVerdict | null>(null);
  const [asked, ask] = useState(false);
  const [refusal, refuse] = useState<string | null>(null);
  const done = (): void => app.ui.patch({ edited: null });
  const typed = (fresh: string): void => {
    app.ui.patch({ edited: { ...edited, text: fresh } });
    judge(null);
    ask(false);
    refuse(null);
  };
  const check = async (): Promise<boolean> => {
    const bound = boundWords(text);
    if (bound !== null) {
      refuse(bound);
      return false;
    }
    const answer = await app.askConfig({ name: "config_check", text });
    if (answer?.kind !== "verdict") return false;
    judge(answer);
    return answer.mistakes.length === 0;
  };
  const apply = async (yes: boolean): Promise<void> => {
    ask(false);
    if (!yes) return;
    const answer = await app.config({ name: "config_apply", text, base: base.digest, confirm_s: CONFIRM_S, comment });
    if (typeof answer === "string") refuse(answer);
    else done();
  };
  const select = (line: number): void => {
    area.current?.focus();
    area.current?.setSelectionRange(...lineRange(text, line));
  };
  return (
    <div class="paste config">
      <textarea data-testid="config-text" aria-label="The configuration" ref={area} rows={18} wrap="off" spellcheck={false} autocomplete="off" autocapitalize="off" value={text} onInput={(event) => typed(event.currentTarget.value)} />
      <input data-testid="config-comment" aria-label="Comment" placeholder="What for (for the history)" maxLength={200} value={comment} onInput={(event) => app.ui.patch({ edited: { ...edited, comment: event.currentTarget.value } })} />
      {verdict !== null && <Verdict verdict={verdict} select={select} />}
      {refusal !== null && (
        <p class="problem" role="alert" data-testid="config-refusal">
          {refusal}
        </p>
      )}
      {asked ? (
        <Question testid="config-apply" label="Apply" question={<Change before={base.text} after={text} touches={verdict?.change ? changeWords(verdict.change) : ""} />} confirm="Apply it" answer={(yes) => void apply(yes)} />
      ) : (
        <div class="paste-act">
          <button class="primary" data-testid="config-apply" disabled={text === base.text} onClick={() => void check().then((right) => ask(right))}>
            Apply
          </button>
          <button data-testid="config-check" onClick={() => void check()}>
            Check
          </button>
          <button data-testid="config-close" onClick={done}>
            Close
          </button>
        </div>
      )}
    </div>
  );
}

function Verdict({ verdict, select }: { verdict: ConfigVerdict; select(line: number): void }): JSX.Element {
  const right = verdict.mistakes.length === 0;
  return (
    <div data-testid="config-verdict" role="status">
      {right && <p class="hint">It is right. {verdict.change && changeWords(verdict.change)}</p>}
      {!right && (
        <ul class="mistakes">
          {verdict.mistakes.map((one) => (
            <li key={mistakeWords(one)}>
              <button class="mistake" disabled={one.line === null} onClick={() => one.line !== null && select(one.line)}>
                {mistakeWords(one)}
              </button>
            </li>
          ))}
        </ul>
      )}
      {verdict.notices.map((notice) => (
        <p class="hint" key={notice}>
          {sentence(notice)}
        </p>
      ))}
    </div>
  );
}

/** What it makes of the text in force. */
function Change({ before, after, touches }: { before: string; after: string; touches: string }): JSX.Element {
  return (
    <>
      <Diff before={before} after={after} />
      <span>
        {touches} It is taken back by itself when a device does not come up, or when nobody keeps it within {CONFIRM_S} s.
      </span>
    </>
  );
}

function Diff({ before, after }: { before: string; after: string }): JSX.Element {
  const signs = { same: " ", gone: "-", new: "+" } as const;
  return (
    <pre class="diff" data-testid="config-diff">
      {hunks(lineDiff(before, after)).map((line, at) => (
        <span key={at} class={line?.kind ?? "left-out"}>{line === null ? "⋯\n" : `${signs[line.kind]}${line.text}\n`}</span>
      ))}
    </pre>
  );
}

function History({ app, entries, done }: { app: App; entries: readonly ConfigEntry[]; done(): void }): JSX.Element {
  const [shown, show] = useState<{ entry: ConfigEntry; before: string; after: string } | null>(null);
  const open = async (entry: ConfigEntry): Promise<void> => {
    const [force, text] = await Promise.all([app.askConfig({ name: "config_read", number: null }), app.askConfig({ name: "config_read", number: entry.number })]);
    if (isText(force) && isText(text)) show({ entry, before: force.text, after: text.text });
  };
  const back = async (number: number): Promise<void> => {
    if (await app.act({ name: "config_rollback", number, confirm_s: CONFIRM_S })) done();
  };
  return (
    <>
      <ul class="lines" data-testid="config-entries">
        {entries.map((entry) => (
          <li key={entry.number} class="row">
            <span class="line-name entry" title={entry.why ?? entry.comment}>
              {entry.number} · {OUTCOMES[entry.outcome]} · {entry.comment || entry.who}
              <span class="soft"> {moment(entry.at_unix_ms)}</span>
            </span>
            <button data-testid={`config-show-${entry.number}`} onClick={() => void open(entry)}>
              Show
            </button>
          </li>
        ))}
      </ul>
      {entries.length === 0 && <p class="hint">None was applied yet.</p>}
      {shown !== null && (
        <div data-testid="config-shown">
          {shown.before === shown.after ? <p class="hint">It is the one in force.</p> : <Diff before={shown.before} after={shown.after} />}
          {shown.entry.why !== null && <p class="problem">{sentence(shown.entry.why)}</p>}
          {shown.before !== shown.after && (
            <Asking key={shown.entry.number} testid="config-restore" label={`Apply ${shown.entry.number} again`} question={`Configuration ${shown.entry.number} takes the place of the one in force, and is taken back by itself unless it is kept within ${CONFIRM_S} s.`} confirm="Apply it" act={() => void back(shown.entry.number)} />
          )}
        </div>
      )}
      <div class="paste-act">
        <button data-testid="config-history-close" onClick={done}>
          Close
        </button>
      </div>
    </>
  );
}

function isText(answer: ConfigAnswer | null): answer is ConfigAnswer & { kind: "text" } {
  return answer?.kind === "text";
}
