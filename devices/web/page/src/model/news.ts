// Sentences about the node's start that stay until somebody has read them. Pure.

import { sentence } from "../api";
import type { Model } from "./model";
import { outcomeWords } from "./update";

export interface News {
  /** Known again by this: a sentence that was put away stays away. */
  readonly id: string;
  readonly tone: "quiet" | "warn";
  readonly text: string;
}

/** What is to be read, the gravest first. */
export function newsOf(model: Model): News[] {
  const { kernel, update } = model;
  const news: News[] = [];
  if (kernel === null || model.link.kind !== "open") return news;
  if (kernel.image?.persistent === false) {
    news.push({ id: "not-kept", tone: "warn", text: "Nothing is kept: the data partition of the card is not in use, so the password and all settings are gone at the next restart." });
  }
  if (update?.last && !update.last.committed) news.push({ id: `last ${update.last.version} ${update.last.reason}`, tone: "warn", text: `The update did not hold: ${outcomeWords(update.last)}` });
  return [...news, ...kernel.notices.map((notice): News => ({ id: notice, tone: "quiet", text: sentence(notice) }))];
}

/** Without those that were put away. */
export function unread(news: readonly News[], read: ReadonlySet<string>): News[] {
  return news.filter(({ id }) => !read.has(id));
}
