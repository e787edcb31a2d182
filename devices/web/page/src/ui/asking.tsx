// Buttons for what hurts: they say what it will do to whom, and ask.

import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";

interface AskingProps {
  testid: string;
  label: string;
  /** What it will do to whom. */
  question: ComponentChildren;
  confirm: string;
  disabled?: boolean;
  /** To be typed before it is done: for what cannot be undone. */
  typed?: string;
  act(): void;
}

/** A button that says what it will do and asks before it does it. */
export function Asking(props: AskingProps): JSX.Element {
  const { testid, label, disabled, act } = props;
  const [step, setStep] = useState<"rest" | "asked" | "back">("rest");
  if (step !== "asked") {
    return (
      <button data-testid={testid} disabled={disabled === true} ref={step === "back" ? focusOnce : null} onClick={() => setStep("asked")}>
        {label}
      </button>
    );
  }
  const answer = (yes: boolean): void => {
    setStep("back");
    if (yes) act();
  };
  return <Question {...props} answer={answer} />;
}

/** The question alone, for what is asked without a button. */
export function Question({ testid, label, question, confirm, disabled, typed, answer }: Omit<AskingProps, "act"> & { answer(yes: boolean): void }): JSX.Element {
  const [text, setText] = useState("");
  const ready = disabled !== true && (typed === undefined || text.trim() === typed);
  const submit = (event: Event): void => {
    event.preventDefault();
    if (ready) answer(true);
  };
  const keyed = (event: KeyboardEvent): void => {
    if (event.key === "Enter" && event.repeat) event.preventDefault(); // the key that asked is still down: that is no answer
    if (event.key !== "Escape") return;
    event.stopPropagation();
    answer(false);
  };
  return (
    <form class="asking" aria-label={label} onSubmit={submit} onKeyDown={keyed}>
      <p>{question}</p>
      {typed !== undefined && (
        <label class="field">
          <span>
            Type <kbd>{typed}</kbd> to confirm
          </span>
          <input data-testid={`${testid}-typed`} value={text} autocomplete="off" autocapitalize="off" spellcheck={false} ref={focusOnce} onInput={(event) => setText(event.currentTarget.value)} />
        </label>
      )}
      <button class="primary" data-testid={`${testid}-confirm`} disabled={!ready} ref={typed === undefined ? focusOnce : null}>
        {confirm}
      </button>
      <button type="button" data-testid={`${testid}-cancel`} onClick={() => answer(false)}>
        Cancel
      </button>
    </form>
  );
}

/** Focuses what just appeared; a stable function, so that it is called once. */
function focusOnce(element: HTMLElement | null): void {
  element?.focus();
}
