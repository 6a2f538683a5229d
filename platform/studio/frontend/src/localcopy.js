/**
 * Keeps in this browser what the server does not have yet, so that no reload, crash, lost session or
 * lost network costs a word; and what somebody put aside for another person's text.
 */
const PREFIX = "postroom-studio";
const MOST_ASIDE = 5;

export class LocalCopy {
  constructor({ user, key }) {
    this.name = `${PREFIX}:${user}:${key}`;
    this.asideName = `${PREFIX}-aside:${user}:${key}`;
  }

  /** Returns {texts, base, revision, live, at}, or null; `base` is what the texts began from. */
  read() {
    return read(this.name);
  }

  write({ texts, base, revision, live }) {
    write(this.name, { texts, base, revision, live, at: new Date().toISOString() });
  }

  clear() {
    try {
      localStorage.removeItem(this.name);
    } catch {
      // Without storage nothing was written either.
    }
  }

  /** Keeps texts that somebody gave up, for the list in the history. */
  putAside(texts) {
    write(this.asideName, [{ texts, at: new Date().toISOString() }, ...this.aside()].slice(0, MOST_ASIDE));
  }

  aside() {
    return read(this.asideName) ?? [];
  }
}

function read(name) {
  try {
    return JSON.parse(localStorage.getItem(name));
  } catch {
    return null;
  }
}

function write(name, value) {
  try {
    localStorage.setItem(name, JSON.stringify(value));
  } catch {
    // Full or forbidden: the draft on the server is what counts; leaving warns all the same.
  }
}
