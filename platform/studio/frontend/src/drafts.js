/**
 * Saves drafts by itself, and never over another person's text: the server compares revisions and
 * answers with theirs, which stops the saving until a person has decided.
 */
import { Refused, SignedOut, Unreachable } from "./api.js";
import { debounced } from "./dom.js";

const AFTER = 900; // milliseconds without typing
const AGAIN = 5000;

export const State = Object.freeze({
  LIVE: "live", // there is no draft
  SAVED: "saved",
  CHANGED: "changed",
  SAVING: "saving",
  OFFLINE: "offline",
  SIGNED_OUT: "signed-out",
  CONFLICT: "conflict",
  REFUSED: "refused",
});
const UNSAVED = new Set([State.CHANGED, State.SAVING, State.OFFLINE, State.SIGNED_OUT, State.CONFLICT, State.REFUSED]);

export class Drafts {
  /**
   * @param {object} options
   * @param {import("./api.js").Api} options.api
   * @param {import("./localcopy.js").LocalCopy} options.copy
   * @param {object} options.loaded what `document/` answered
   * @param {() => object} options.texts the present texts by file name
   * @param {(state: string, detail: object) => void} options.onState
   * @param {(theirs: object|null) => void} options.onConflict
   */
  constructor({ api, copy, loaded, texts, onState, onConflict }) {
    Object.assign(this, { api, copy, texts, onState, onConflict });
    this.key = loaded.key;
    this.take(loaded);
    this.saveSoon = debounced(() => this.save(), AFTER);
    this.running = null;
    window.addEventListener("online", () => this.retry());
    window.addEventListener("focus", () => this.retry());
    window.addEventListener("pagehide", () => this.isUnsaved && this.canSave && this.save({ keepalive: true }));
    window.addEventListener("beforeunload", (event) => {
      if (this.isUnsaved) event.preventDefault();
    });
  }

  /** Starts from what the server has. */
  take(loaded) {
    this.revision = loaded.draft?.revision ?? null;
    this.draft = loaded.draft;
    this.live = loaded.live?.digest ?? "";
    this.saved = Object.fromEntries(loaded.parts.map((part) => [part.name, part.text]));
    this.#enter(loaded.draft ? State.SAVED : State.LIVE);
  }

  get isUnsaved() {
    return UNSAVED.has(this.state);
  }

  get canSave() {
    return this.state !== State.CONFLICT;
  }

  /** Notes that the person typed. */
  changed() {
    const texts = this.texts();
    const same = Object.entries(this.saved).every(([name, text]) => texts[name] === text);
    if (this.state === State.CONFLICT) {
      this.#keep(texts);
      return;
    }
    if (same && !this.running) {
      this.saveSoon.cancel();
      this.copy.clear();
      this.#enter(this.revision === null ? State.LIVE : State.SAVED);
      return;
    }
    this.#keep(texts);
    this.#enter(this.state === State.OFFLINE || this.state === State.SIGNED_OUT ? this.state : State.CHANGED);
    this.saveSoon();
  }

  /** Saves what is not saved; returns whether all of it is now. */
  async save({ keepalive = false } = {}) {
    this.saveSoon.cancel();
    while (this.running) await this.running;
    if (!this.isUnsaved) return true;
    if (!this.canSave) return false;
    this.running = this.#send(keepalive);
    try {
      await this.running;
    } finally {
      this.running = null;
    }
    return !this.isUnsaved;
  }

  /** Tries again what could not be saved for want of a network or a session. */
  retry() {
    if (this.state === State.OFFLINE || this.state === State.SIGNED_OUT) this.save();
  }

  /** Ends a conflict: what is in the editors now replaces the other person's draft, knowingly. */
  async resolve(theirs) {
    this.revision = theirs?.revision ?? null;
    this.#enter(State.CHANGED);
    return this.save();
  }

  /** Gives the draft up; what is live is shown again. */
  async discard() {
    this.saveSoon.cancel();
    while (this.running) await this.running;
    await this.api.post("discard/", { key: this.key, revision: this.revision });
    this.copy.clear();
  }

  async #send(keepalive) {
    const texts = this.texts();
    this.#enter(State.SAVING);
    try {
      const answer = await this.api.post("draft/", { key: this.key, texts, revision: this.revision }, { keepalive });
      this.revision = answer.revision;
      this.draft = answer;
      this.saved = texts;
      this.#afterwards();
    } catch (error) {
      this.#failed(error);
    }
  }

  #afterwards() {
    const texts = this.texts();
    if (Object.entries(this.saved).every(([name, text]) => texts[name] === text)) {
      this.copy.clear();
      this.#enter(State.SAVED);
    } else {
      this.#keep(texts);
      this.#enter(State.CHANGED);
      this.saveSoon();
    }
  }

  #failed(error) {
    this.#keep(this.texts());
    if (error instanceof SignedOut) {
      this.#enter(State.SIGNED_OUT);
    } else if (error instanceof Unreachable || (error instanceof Refused && error.status >= 502)) {
      this.#enter(State.OFFLINE);
      setTimeout(() => this.retry(), AGAIN);
    } else if (error instanceof Refused && error.status === 409) {
      this.#conflict(error.body.draft ?? null);
    } else {
      this.#enter(State.REFUSED, { message: error.message });
    }
  }

  #conflict(theirs) {
    const texts = this.texts();
    if (theirs && Object.entries(theirs.texts).every(([name, text]) => texts[name] === text)) {
      // Our own save from when the page was left, most often: nothing to decide.
      this.revision = theirs.revision;
      this.draft = theirs;
      this.saved = texts;
      this.copy.clear();
      this.#enter(State.SAVED);
      return;
    }
    this.saveSoon.cancel();
    this.#enter(State.CONFLICT);
    this.onConflict(theirs);
  }

  #keep(texts) {
    this.copy.write({ texts, base: this.saved, revision: this.revision, live: this.live });
  }

  #enter(state, detail = {}) {
    this.state = state;
    this.onState(state, { draft: this.draft, ...detail });
  }
}
