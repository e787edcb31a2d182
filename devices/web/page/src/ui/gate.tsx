// Before the picture: reaching the node, the first password, the login.

import type { ComponentChildren, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Refused } from "../api";
import type { App } from "../app";
import type { Model } from "../model/model";
import { useAutoFocus } from "./hooks";
import { Mark } from "./icons";

/** The node refuses shorter ones. */
const PASSWORD_MIN = 8;

export function Gate({ app, model }: { app: App; model: Model }): JSX.Element {
  switch (model.session) {
    case "setup":
      return <Setup app={app} node={model.node} />;
    case "login":
      return <Login app={app} model={model} />;
    case "unreachable":
      return <Unreachable app={app} />;
    default:
      return (
        <Card node={model.node} title="Connecting" id="connecting">
          <p>Asking the node who you are.</p>
        </Card>
      );
  }
}

function Card({ node, title, id, children }: { node: string; title: string; id: string; children: ComponentChildren }): JSX.Element {
  return (
    <div class="gate">
      <section class="card" data-testid="gate" data-state={id} aria-label={title}>
        <header class="card-head">
          <Mark />
          <span class="card-node">{node || "dKVM"}</span>
        </header>
        <h1 data-testid="state-message">{title}</h1>
        {children}
      </section>
    </div>
  );
}

function Unreachable({ app }: { app: App }): JSX.Element {
  return (
    <Card node="" title="The node does not answer" id="unreachable">
      <p>
        It may be starting, or its certificate is new and the browser waits for you to accept it: reload the page, and compare the fingerprint
        with the one in the node's log.
      </p>
      <button class="primary wide" data-testid="reload" onClick={() => app.remedy({ kind: "reload", label: "Reload" })}>
        Reload
      </button>
    </Card>
  );
}

function Setup({ app, node }: { app: App; node: string }): JSX.Element {
  const [password, setPassword] = useState("");
  const form = useSubmit(() => app.setup(password));
  const short = password.length < PASSWORD_MIN;
  const hint = short ? `At least ${PASSWORD_MIN} characters; a few words are easier to type than signs.` : "Good. It is kept on this node only.";
  return (
    <Card node={node} title="Choose a password" id="setup">
      <p>This node has none yet. Whoever knows it can see the target's screen and type on it.</p>
      <form onSubmit={(event) => (short ? event.preventDefault() : form.submit(event))}>
        <UserName node={node} />
        <Field label="Password" testid="setup-password" value={password} onInput={setPassword} autocomplete="new-password" focus />
        <p class={form.error ? "problem" : "hint"} data-testid="setup-hint" aria-live="polite">
          {form.error ?? hint}
        </p>
        <button class="primary wide" data-testid="setup-submit" disabled={short || form.busy}>
          {form.busy ? "Setting…" : "Set the password"}
        </button>
      </form>
      <CertificateHint />
    </Card>
  );
}

/** Password managers file a password under a name; the node knows only one user. */
export function UserName({ node }: { node: string }): JSX.Element {
  return <input type="text" name="username" autocomplete="username" value={node || "dkvm"} hidden readOnly />;
}

function Login({ app, model }: { app: App; model: Model }): JSX.Element {
  const [password, setPassword] = useState("");
  const form = useSubmit(() => app.login(password));
  const wait = form.waitSeconds;
  const problem = wait > 0 ? `Too many wrong passwords. Try again in ${wait} s.` : form.error;
  return (
    <Card node={model.node} title={model.expired ? "The session has ended" : "Log in"} id={model.expired ? "expired" : "login"}>
      {model.expired && <p>Log in again to go on. Nothing stays pressed on the target.</p>}
      <form onSubmit={form.submit}>
        <UserName node={model.node} />
        <Field label="Password" testid="login-password" value={password} onInput={setPassword} autocomplete="current-password" focus />
        {problem && (
          <p class="problem" role="alert" data-testid="login-error">
            {problem}
          </p>
        )}
        <button class="primary wide" data-testid="login-submit" disabled={password === "" || form.busy || wait > 0}>
          {form.busy ? "Checking…" : wait > 0 ? `Wait ${wait} s` : "Log in"}
        </button>
      </form>
      <CertificateHint />
    </Card>
  );
}

function CertificateHint(): JSX.Element {
  return (
    <details class="hint certificate">
      <summary>About the certificate warning</summary>
      <p>
        The node signs its own certificate, so the browser cannot know it. Compare the fingerprint that the browser shows with the one in the
        node's log (<code>dkvm logs web</code>) before you type a password.
      </p>
    </details>
  );
}

interface FieldProps {
  label: string;
  testid: string;
  value: string;
  onInput(value: string): void;
  autocomplete: string;
  focus?: boolean;
}

export function Field({ label, testid, value, onInput, autocomplete, focus }: FieldProps): JSX.Element {
  const auto = useAutoFocus<HTMLInputElement>();
  const [seen, setSeen] = useState(false);
  return (
    <label class="field">
      <span>{label}</span>
      <span class="field-box">
        <input
          ref={focus ? auto : null}
          {...(seen ? { type: "text" as const } : { type: "password" as const })}
          data-testid={testid}
          value={value}
          autocomplete={autocomplete}
          autocapitalize="off"
          spellcheck={false}
          onInput={(event) => onInput(event.currentTarget.value)}
        />
        <button type="button" class="field-eye" aria-pressed={seen} aria-label={`Show: ${label}`} onClick={() => setSeen(!seen)}>
          {seen ? "Hide" : "Show"}
        </button>
      </span>
    </label>
  );
}

export interface Submission {
  readonly busy: boolean;
  readonly error: string | null;
  /** Seconds until the node listens again. */
  readonly waitSeconds: number;
  submit(event: Event): void;
}

/** A form that asks the node: one at a time, its refusal in words, and the wait that it asks for. */
export function useSubmit(act: () => Promise<void>): Submission {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const [waitSeconds, setWait] = useState(0);
  useEffect(() => {
    if (waitSeconds <= 0) return;
    const timer = window.setTimeout(() => setWait(waitSeconds - 1), 1000);
    return () => window.clearTimeout(timer);
  }, [waitSeconds]);
  const run = async (): Promise<void> => {
    setBusy(true);
    setError(null);
    try {
      await act();
    } catch (failure) {
      setError(failure instanceof Refused ? failure.message : "The node does not answer: try again in a moment.");
      setWait(failure instanceof Refused ? Math.ceil(failure.retryAfter) : 0);
    } finally {
      setBusy(false);
    }
  };
  const submit = (event: Event): void => {
    event.preventDefault();
    if (!busy && waitSeconds <= 0) void run();
  };
  return { busy, error, waitSeconds, submit };
}
