// An image by its URL, fetched by the node itself: it goes on without this page.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { sentence } from "../api";
import type { App } from "../app";
import type { Model } from "../model/model";
import { timeLeft } from "../upload/speed";
import type { Fetching } from "../wire/Fetching";
import { Part } from "./drawer";
import { bytes, duration } from "./format";
import { Bar } from "./uploads";

export function FetchPart({ app, model }: { app: App; model: Model }): JSX.Element | null {
  if (model.fetch === null) return null;
  const { fetching, last } = model.fetch;
  return (
    <Part title="Fetch by URL">
      {fetching === null ? <Ask app={app} /> : <Under app={app} fetching={fetching} />}
      {fetching === null && last !== null && (
        <p class={last.sha256 === null ? "problem" : "hint"} data-testid="fetch-last" role="status">
          {sentence(last.message)}
        </p>
      )}
    </Part>
  );
}

function Under({ app, fetching }: { app: App; fetching: Fetching }): JSX.Element {
  return (
    <Bar testid="fetching" name={fetching.image} size={fetching.size ?? 1} offset={fetching.offset} words={progressWords(fetching)}>
      <button data-testid="fetch-cancel" onClick={() => void app.act({ name: "fetch_cancel" })}>
        Cancel
      </button>
    </Bar>
  );
}

function progressWords({ size, offset, rate, detail }: Fetching): string {
  if (size === null) return detail === null ? "The server is asked." : sentence(detail);
  const done = `${bytes(offset)} of ${bytes(size)}`;
  if (detail !== null) return `${done}. ${sentence(detail)}`;
  const left = timeLeft(size - offset, rate);
  return `${done}, ${bytes(rate)}/s${left === null ? "" : `, ${duration(Math.max(left, 1000))} left`}`;
}

function Ask({ app }: { app: App }): JSX.Element {
  const [url, setUrl] = useState("");
  const [sha256, setHash] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const error = await app.ask({ name: "fetch_start", url, image: null, sha256: sha256.trim() === "" ? null : sha256.trim() });
    setProblem(error === null ? null : sentence(error.message));
  };
  return (
    <form class="paste" onSubmit={(event) => void submit(event)}>
      <input type="url" data-testid="fetch-url" aria-label="Address of the image" placeholder="https://server/image.iso" value={url} autocomplete="off" onInput={(event) => setUrl(event.currentTarget.value)} />
      <input data-testid="fetch-hash" aria-label="Its SHA-256, if it is known" placeholder="SHA-256, if it is known" value={sha256} autocomplete="off" spellcheck={false} onInput={(event) => setHash(event.currentTarget.value)} />
      {problem !== null && (
        <p class="problem" data-testid="fetch-problem" role="alert">
          {problem}
        </p>
      )}
      <div class="paste-act">
        <button data-testid="fetch-start" disabled={url.trim() === ""}>
          Fetch
        </button>
      </div>
      <p class="hint">The node fetches it by itself, over breaks, also when this page is closed. Plain http only with the SHA-256: anybody on the way could change it.</p>
    </form>
  );
}
