// What is wrong, where the eye is: in place of the picture, above it, and the hint on how to take and leave the keyboard.

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { App, Toast, Ui } from "../app";
import { CHORDS } from "../input/chord";
import type { Model } from "../model/model";
import type { Settings } from "../model/settings";
import { bannerOf, coverOf, heldByAnother, workstation, type Notice } from "../model/status";
import { isFar, mayType, mayView, whoTypes } from "../model/targets";
import { isTyping } from "../model/typing";

/** What fingers and mice do. */
const POINTS = matchMedia("(pointer: coarse)").matches ? "Tap" : "Click";

/** A device is back in less: a notice that comes and goes in a blink only frightens. The chip flashes anyway, ms. */
const GRACE_MS = 500;

/** The notice, or nothing while it may pass by itself and there is a picture to look at meanwhile. */
function useGrace(notice: Notice | null, picture: boolean): Notice | null {
  const passing = notice !== null && notice.busy === true && picture;
  const [ripe, setRipe] = useState(false);
  useEffect(() => {
    setRipe(false);
    if (!passing) return;
    const timer = window.setTimeout(() => setRipe(true), GRACE_MS);
    return () => window.clearTimeout(timer);
  }, [passing]);
  return passing && !ripe ? null : notice;
}

/** What stands in place of a picture, and what becomes of the picture that was shown last. */
export interface Covering {
  readonly notice: Notice | null;
  readonly covered: "no" | "over-picture" | "empty";
}

export function useCovering(model: Model): Covering {
  const notice = useGrace(coverOf(model, performance.now()), model.picture.frames > 0);
  // Without a signal the last picture would lie; while something restarts it is what the person wants to keep.
  const keep = notice?.hides !== true && model.picture.frames > 0 && (model.video === null || model.video.signal === "ok");
  return { notice, covered: notice === null ? "no" : keep ? "over-picture" : "empty" };
}

export function Cover({ app, model }: { app: App; model: Model }): JSX.Element | null {
  const { notice, covered } = useCovering(model);
  document.body.dataset["covered"] = covered;
  return notice && <CoverNotice app={app} notice={notice} kind="cover" />;
}

/** Over the whole window, or in the place of one of several pictures. */
export function CoverNotice({ app, notice, kind }: { app: App; notice: Notice; kind: "cover" | "cover in-place" }): JSX.Element {
  return (
    <section class={`${kind} ${notice.tone}`} data-testid="state" data-state={notice.id} role="status">
      <div class="cover-box">
        <h1 data-testid="state-message">{notice.title}</h1>
        <p>{notice.text}</p>
        <Remedy app={app} notice={notice} />
        {notice.busy && <span class="thread" aria-hidden="true" />}
      </div>
    </section>
  );
}

export function Banner({ app, model }: { app: App; model: Model }): JSX.Element | null {
  const notice = useGrace(bannerOf(model), true);
  if (notice === null) return null;
  return (
    <section class={`banner ${notice.tone}`} data-testid="banner" data-state={notice.id} role="status">
      <span>
        <strong data-testid="banner-message">{notice.title}</strong> <span class="banner-text">{notice.text}</span>
      </span>
      <Remedy app={app} notice={notice} />
    </section>
  );
}

function Remedy({ app, notice }: { app: App; notice: Notice }): JSX.Element | null {
  const { remedy } = notice;
  if (remedy === undefined) return null;
  if (remedy.kind === "page") {
    return (
      <a class="button" data-testid="state-action" href={remedy.href} target="_blank" rel="noopener noreferrer">
        {remedy.label}
      </a>
    );
  }
  return (
    <button data-testid="state-action" onClick={() => app.remedy(remedy)}>
      {remedy.label}
    </button>
  );
}

interface HintProps {
  app: App;
  model: Model;
  ui: Ui;
  settings: Settings;
}

/** Who has keyboard and mouse, when it is not this page. */
export function FocusHint({ app, model, ui, settings }: HintProps): JSX.Element | null {
  const { focus, link, hid } = model;
  if (link.kind !== "open" || !mayView(model) || !mayType(model) || focus.engaged || (hid === null && !focus.holding)) return null;
  const another = heldByAnother(model);
  if (!another && (ui.drawer !== null || coverOf(model, 0)?.remedy?.kind === "take")) return null; // one offer is enough
  if (another && isTyping(model)) return null; // the banner tells it, and offers to end it
  const desk = isFar(model) ? whoTypes(hid?.by ?? "", model.chosen) : workstation(model);
  const who = desk ?? "Another page";
  const text = another ? (focus.lost ? `${who} took keyboard and mouse.` : desk ? `${desk} is typing here.` : "Another page has keyboard and mouse.") : `${POINTS} the picture to use keyboard and mouse.`;
  return (
    <div class="focus-place">
      <section class={`focus-hint ${another ? "another" : ""}`} data-testid="focus-hint" data-state={another ? "another" : "free"} role="status" key={ui.refusals}>
        <span>{text}</span>
        {!another && <Leaving settings={settings} />}
        <button class={another ? "primary" : ""} data-testid="take-focus" onClick={() => app.console.take()}>
          {another ? "Take over" : "Use keyboard"}
        </button>
      </section>
    </div>
  );
}

function Leaving({ settings }: { settings: Settings }): JSX.Element {
  return (
    <span class="leaving">
      To leave: <ChordKeys name={settings.chord} />
    </span>
  );
}

/** The keys of the chord that lets go. */
export function ChordKeys({ name }: { name: Settings["chord"] }): JSX.Element {
  const chord = CHORDS.find((known) => known.name === name);
  return <>{chord?.keys.map((key, index) => [index > 0 ? " " : "", <kbd>{key}</kbd>])}</>;
}

export function ToastLine({ toast }: { toast: Toast | null }): JSX.Element {
  return (
    <div class="toast-place" aria-live="polite">
      {toast && (
        <p class={`toast ${toast.tone}`} data-testid="toast">
          {toast.text}
        </p>
      )}
    </div>
  );
}
