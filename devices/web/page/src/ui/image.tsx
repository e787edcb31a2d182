// The image: what runs, what the other slot holds, and the way of an update from a file to a committed slot.

import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";
import type { App } from "../app";
import type { Model } from "../model/model";
import { absentWords } from "../model/power";
import { canGoBack, flowing, otherSlot, outcomeWords, slotlessWords, slotName, slotWords, trialLeft } from "../model/update";
import { timeLeft } from "../upload/speed";
import type { UploadView } from "../upload/uploader";
import type { Check } from "../wire/Check";
import type { Stage } from "../wire/Stage";
import type { UpdateState } from "../wire/UpdateState";
import { Asking } from "./asking";
import { Part } from "./drawer";
import { bytes, duration } from "./format";
import { useNow, useStore } from "./hooks";

export function Image({ app, model }: { app: App; model: Model }): JSX.Element {
  const { update } = model;
  const upload = useStore(app.uploads.update.view);
  const known = model.kernel?.image ?? null;
  const sending = upload.kind === "sending" || upload.kind === "waiting" ? upload : null;
  if (update === null && sending !== null) {
    return (
      <section class="part" data-testid="image" data-stage="unknown">
        <h2>Image</h2>
        <Sending app={app} upload={sending} />
      </section>
    );
  }
  if (update === null) return <Part title="Image" hint={absentWords(model, "update", "docs/updates.md")}>{null}</Part>;
  if (update.stage.stage === "none") return <Part title="Image" hint={slotlessWords(model)}>{null}</Part>;
  return (
    <section class="part" data-testid="image" data-stage={update.stage.stage}>
      <h2>Image</h2>
      <Facts update={update} board={known?.board ?? ""} version={known?.version ?? ""} />
      {sending ? <Sending app={app} upload={sending} /> : <Step app={app} model={model} update={update} why={upload.kind === "refused" ? `${upload.name}: ${upload.why}` : null} />}
      {update.last && (
        <p class="hint" data-testid="update-last">
          Last update: {outcomeWords(update.last)}
        </p>
      )}
      {canGoBack(update) && <GoBack app={app} update={update} />}
    </section>
  );
}

function Facts({ update, board, version }: { update: UpdateState; board: string; version: string }): JSX.Element {
  const other = otherSlot(update);
  return (
    <dl class="facts">
      <dt>Board</dt>
      <dd>{board || "–"}</dd>
      <dt>Runs</dt>
      <dd data-testid="image-running">
        {version || "–"}
        {update.running && `, ${slotName(update.running)}`}
      </dd>
      {update.committed !== update.running && update.committed && <dt>Next power-on</dt>}
      {update.committed !== update.running && update.committed && <dd>{slotName(update.committed)}</dd>}
      {other && <dt>{other.slot === "a" ? "Slot A" : "Slot B"}</dt>}
      {other && <dd data-testid="image-other">{slotWords(other)}</dd>}
    </dl>
  );
}

interface StepProps {
  app: App;
  model: Model;
  update: UpdateState;
  /** Why the last file was refused. */
  why: string | null;
}

/** What can be done next, or what is under way. */
function Step({ app, model, update, why }: StepProps): JSX.Element {
  const { stage } = update;
  switch (stage.stage) {
    case "receiving":
      return <Receiving app={app} model={model} stage={stage} />;
    case "verifying":
      return <Busy testid="update-verifying" text={`Image ${stage.version} is all there: the node reads back what it wrote.`} />;
    case "staged":
      return <Staged app={app} version={stage.version} />;
    case "restarting":
      return <Busy testid="update-restarting" text="The Pi restarts. This page comes back by itself." />;
    case "trial":
      return <Trial model={model} checks={stage.checks} />;
    default:
      return <Choose app={app} why={why} words="Choose an update, or drop it here" />;
  }
}

function Busy({ testid, text }: { testid: string; text: string }): JSX.Element {
  return (
    <div class="busy" role="status" data-testid={testid}>
      <p>{text}</p>
      <span class="thread" aria-hidden="true" />
    </div>
  );
}

/** A file by choice or by drop. */
function Choose({ app, words, why }: { app: App; words: string; why: string | null }): JSX.Element {
  const [older, setOlder] = useState(false);
  const [over, setOver] = useState(false);
  const take = (files: FileList | null | undefined): void => {
    const file = files?.[0];
    setOver(false);
    if (file) void app.uploads.sendUpdate(file, older);
  };
  const drop = (event: DragEvent): void => {
    event.preventDefault();
    take(event.dataTransfer?.files);
  };
  const hover = (event: DragEvent): void => {
    event.preventDefault();
    setOver(true);
  };
  return (
    <>
      {why !== null && (
        <p class="problem" role="alert" data-testid="update-problem">
          {why}
        </p>
      )}
      <label class={`drop ${over ? "over" : ""}`} data-testid="update-drop" onDragOver={hover} onDragLeave={() => setOver(false)} onDrop={drop}>
        <input type="file" class="sr" data-testid="update-file" onChange={(event) => take(event.currentTarget.files)} />
        {words}
      </label>
      <label class="check">
        <input type="checkbox" data-testid="update-older" checked={older} onChange={(event) => setOlder(event.currentTarget.checked)} />
        Take an older image too
      </label>
    </>
  );
}

interface ProgressProps {
  testid: string;
  name: string;
  done: number;
  size: number;
  /** What is said below the bar. */
  words: string;
  children: ComponentChildren;
}

function Progress({ testid, name, done, size, words, children }: ProgressProps): JSX.Element {
  return (
    <div class="progress" data-testid={testid}>
      <p class="progress-name">{name}</p>
      <progress max={size} value={done} aria-label={name} />
      <p class="progress-words" data-testid={`${testid}-words`}>
        {words}
      </p>
      {children}
    </div>
  );
}

function Sending({ app, upload }: { app: App; upload: Exclude<UploadView, { kind: "none" | "refused" }> }): JSX.Element {
  const left = upload.kind === "sending" ? timeLeft(upload.size - upload.offset, upload.rate) : null;
  const done = `${bytes(upload.offset)} of ${bytes(upload.size)}`;
  const speed = upload.kind === "sending" && upload.rate !== null ? `, ${bytes(Math.round(upload.rate))}/s` : "";
  const words = upload.kind === "waiting" ? `${done}. ${upload.why} Trying again.` : `${done}${speed}${left === null ? "" : `, ${duration(Math.max(left, 1000))} left`}`;
  const cancel = (): void => {
    app.uploads.update.cancel();
    void app.act({ name: "update_abort" }, "The upload was cancelled.");
  };
  return (
    <Progress testid="update-sending" name={upload.name} done={upload.offset} size={upload.size} words={words}>
      <button data-testid="update-cancel" onClick={cancel}>
        Cancel
      </button>
    </Progress>
  );
}

/** An upload that this page does not send: somebody else's, or one that was broken off. */
function Receiving({ app, model, stage }: { app: App; model: Model; stage: Extract<Stage, { stage: "receiving" }> }): JSX.Element {
  const now = useNow(1000, true);
  const flows = flowing(model, now);
  const done = `${bytes(stage.bytes)} of ${bytes(stage.size)}`;
  const words = flows ? `${done}. Another page or the command line sends it.` : `${done} are there; then it was broken off.`;
  return (
    <>
      <Progress testid="update-receiving" name={`Image ${stage.version}`} done={stage.bytes} size={stage.size} words={words}>
        <Asking
          testid="update-abort"
          label="Cancel it"
          question={`The ${bytes(stage.bytes)} of ${stage.version} that are there are forgotten. What runs is not touched.`}
          confirm="Cancel the upload"
          act={() => void app.act({ name: "update_abort" }, "The upload was cancelled.")}
        />
      </Progress>
      {!flows && <Choose app={app} why={null} words="Choose the same file again to go on, or drop it here" />}
    </>
  );
}

function Staged({ app, version }: { app: App; version: string }): JSX.Element {
  return (
    <div class="staged" data-testid="update-staged">
      <p>Image {version} is in the other slot, whole and checked. It runs after a restart, on trial first.</p>
      <div class="asks">
        <Asking
          testid="update-try"
          label="Restart into it"
          question={`The Pi restarts into ${version}: picture and keyboard are gone for about half a minute, the target itself goes on. When the new image does not pass its checks, the Pi goes back to the present one by itself.`}
          confirm={`Restart into ${version}`}
          act={() => void app.act({ name: "update_try" }, `The Pi restarts into ${version}.`)}
        />
        <Asking testid="update-forget" label="Forget it" question={`Image ${version} is forgotten. What runs is not touched.`} confirm="Forget it" act={() => void app.act({ name: "update_abort" }, `Image ${version} is forgotten.`)} />
      </div>
    </div>
  );
}

function Trial({ model, checks }: { model: Model; checks: readonly Check[] }): JSX.Element {
  const now = useNow(1000, true);
  return (
    <div data-testid="update-trial">
      <p>
        This image is on trial. It is kept when all checks pass; else the Pi goes back by itself in <strong class="number">{duration(trialLeft(model, now))}</strong>.
      </p>
      <ul class="checks">
        {checks.map((check) => (
          <li key={check.name} data-testid={`check-${check.name}`} data-ok={check.ok}>
            <span class={`dot ${check.ok ? "good" : "moving"}`} />
            <strong>{check.name}</strong>
            <span class="soft">
              <span class="sr">{check.ok ? "passed: " : "not passed yet: "}</span>
              {check.detail}
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}

function GoBack({ app, update }: { app: App; update: UpdateState }): JSX.Element {
  const version = otherSlot(update)?.version ?? "";
  return (
    <Asking
      testid="update-rollback"
      label={`Go back to ${version}`}
      question={`The Pi restarts into ${version}, which was healthy before: picture and keyboard are gone for about half a minute, the target itself goes on. It is on trial too.`}
      confirm={`Restart into ${version}`}
      act={() => void app.act({ name: "update_rollback" }, `The Pi restarts into ${version}.`)}
    />
  );
}
