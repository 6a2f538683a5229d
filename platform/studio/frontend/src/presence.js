/** Who else is here, and whether somebody saved or published meanwhile. */
import { button, fill, h, icon } from "./dom.js";

const EVERY = 10_000;

export class Presence {
  /**
   * @param {object} options
   * @param {import("./api.js").Api} options.api
   * @param {string} options.key
   * @param {Element} options.people a live region
   * @param {Element} options.news a live region
   * @param {import("./drafts.js").Drafts} options.drafts
   * @param {() => void} options.onTake shows the newer text
   */
  constructor({ api, key, people, news, drafts, onTake }) {
    Object.assign(this, { api, key, people, news, drafts, onTake });
    this.timer = setInterval(() => this.#tell(), EVERY);
    document.addEventListener("visibilitychange", () => document.hidden || this.#tell());
    this.#tell();
  }

  show(editors) {
    const others = editors.filter((one) => !one.you).map((one) => one.name);
    const said = others.length > 1 ? `${others.slice(0, -1).join(", ")} and ${others.at(-1)} are` : `${others[0]} is`;
    this.people.hidden = others.length === 0;
    fill(this.people, others.length ? [icon("group"), h("span", {}, `${said} editing this too`)] : null);
  }

  async #tell() {
    if (document.hidden) return;
    const answer = await this.api.post("presence/", { key: this.key }).catch(() => null);
    if (!answer) return;
    this.show(answer.editors);
    if (this.drafts.isUnsaved) return; // saving finds out by itself, and shows both
    const revision = answer.draft?.revision ?? null;
    const isNewer = revision !== this.drafts.revision;
    const isPublished = answer.live !== this.drafts.live;
    this.news.hidden = !(isNewer || isPublished);
    if (isNewer || isPublished) {
      const what = isNewer && answer.draft ? `${answer.draft.author} saved a newer draft.` : "A version was published or a draft discarded meanwhile.";
      fill(this.news, icon("sync"), h("span", {}, what), button("Show it", { kind: "small", on: () => this.onTake() }));
    }
  }
}
