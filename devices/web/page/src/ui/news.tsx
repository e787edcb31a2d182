// What the node found at its start: a quiet bar of sentences that goes when it was read.

import type { JSX } from "preact";
import type { App } from "../app";
import type { Model } from "../model/model";
import { newsOf, unread } from "../model/news";
import { CloseIcon } from "./icons";

export function NewsBar({ app, model, read }: { app: App; model: Model; read: ReadonlySet<string> }): JSX.Element | null {
  const news = unread(newsOf(model), read);
  if (news.length === 0) return null;
  const tone = news.some((item) => item.tone === "warn") ? "warn" : "";
  return (
    <section class={`news ${tone}`} data-testid="news" aria-label="Notices of the node" role="status">
      <ul>
        {news.map((item) => (
          <li key={item.id}>{item.text}</li>
        ))}
      </ul>
      <button class="tool" data-testid="news-dismiss" aria-label={news.length > 1 ? "Put these notices away" : "Put this notice away"} title="Read: put away. System keeps them." onClick={() => app.putAway(news.map(({ id }) => id))}>
        <CloseIcon />
      </button>
    </section>
  );
}
