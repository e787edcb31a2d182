// Which of the target's contacts a finger of this screen is.

import { MAX_CONTACTS } from "../wire/constants";

export class Fingers {
  private readonly contacts = new Map<number, number>();

  /** A finger comes down: its contact, or nothing when there are too many. */
  down(id: number): number | undefined {
    const taken = new Set(this.contacts.values());
    const free = Array.from({ length: MAX_CONTACTS }, (_, contact) => contact).find((contact) => !taken.has(contact));
    if (free !== undefined) this.contacts.set(id, free);
    return free;
  }

  of(id: number): number | undefined {
    return this.contacts.get(id);
  }

  /** A finger goes up: what was its contact. */
  up(id: number): number | undefined {
    const contact = this.contacts.get(id);
    this.contacts.delete(id);
    return contact;
  }

  /** All were lifted behind our back. */
  forget(): void {
    this.contacts.clear();
  }
}
