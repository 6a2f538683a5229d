/** Asks the server for the check and the preview of what is in the editors, once typing pauses. */
import { SignedOut } from "./api.js";
import { debounced, fill, h } from "./dom.js";

const AFTER = 350; // milliseconds without typing
const SAMPLE = "sample:";
const MAIL = "mail:";

export class Conversation {
  /** @param {object} options api, texts, loaded, problems, preview, pickers {sample, target, field} */
  constructor({ api, texts, loaded, problems, preview, pickers }) {
    Object.assign(this, { api, texts, loaded, problems, preview, pickers });
    this.soon = debounced(() => this.now(), AFTER);
    this.running = null;
    this.#fillTargets();
    this.#fillSamples(loaded());
    pickers.sample.addEventListener("change", () => this.now());
    pickers.target.addEventListener("change", () => this.#changeTarget());
  }

  /** Returns what the preview and a test are made with. */
  get choice() {
    const value = this.pickers.sample.value;
    const target = this.pickers.target.value;
    return {
      ...(target ? { target } : {}),
      ...(value.startsWith(SAMPLE) ? { sample: value.slice(SAMPLE.length) } : {}),
      ...(value.startsWith(MAIL) ? { notification: value.slice(MAIL.length) } : {}),
    };
  }

  /** Asks at once; an answer to an older text is not waited for. */
  async now() {
    this.soon.cancel();
    this.running?.abort();
    const { signal } = (this.running = new AbortController());
    const body = { key: this.loaded().key, texts: this.texts() };
    await Promise.all([this.#preview(body, signal), this.#check(body, signal)]);
  }

  async #preview(body, signal) {
    const ask = (texts) => this.api.post("preview/", { ...body, texts, ...this.choice }, { signal });
    try {
      const answer = await ask(body.texts);
      if (!answer.ok && !this.preview.last) {
        // Opened on a draft that cannot be rendered: better what is live than nothing.
        const live = await ask(Object.fromEntries(this.loaded().parts.map((part) => [part.name, part.live_text])));
        if (live.ok) this.preview.show(live);
      }
      this.preview.show(answer);
    } catch (error) {
      if (error.name !== "AbortError") this.preview.unavailable(why(error));
    }
  }

  async #check(body, signal) {
    const { target } = this.choice;
    try {
      const { problems } = await this.api.post("check/", { ...body, ...(target ? { target } : {}) }, { signal });
      this.problems.show(problems);
    } catch (error) {
      if (error.name !== "AbortError") fill(this.problems.summary, "The check could not be asked");
    }
  }

  #fillTargets() {
    const { kind, affects } = this.loaded();
    const { target, field } = this.pickers;
    field.hidden = kind !== "shared" || affects.length === 0;
    if (field.hidden) return;
    fill(target, affects.map((one) => h("option", { value: one.key }, one.title)));
    target.value = affects[0].key;
  }

  /** A shared file is tried with the samples of the mail that it is shown in. */
  async #changeTarget() {
    const found = await this.api.get("document/", { key: this.pickers.target.value }).catch(() => null);
    if (found) this.#fillSamples(found);
    this.now();
  }

  #fillSamples({ samples, recent }) {
    const option = (prefix) => (one) =>
      h("option", { value: prefix + (one.id ?? one.name) }, one.label ?? one.title);
    fill(this.pickers.sample,
      h("optgroup", { label: "Samples" }, samples.map(option(SAMPLE))),
      recent.length ? h("optgroup", { label: "Recent mails, personal data masked" }, recent.map(option(MAIL))) : null);
  }
}

function why(error) {
  return error instanceof SignedOut ? "You have been signed out." : error.message;
}
