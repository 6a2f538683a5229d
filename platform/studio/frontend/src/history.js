/** All versions, what differs between any two, rollback; and earlier drafts, so that no text is lost. */
import { Refused } from "./api.js";
import { button, counted, fill, h, moment } from "./dom.js";
import { ask, openDialog, say } from "./dialogs.js";
import { compare, tabs } from "./comparing.js";

const DRAFT = "draft";
const SITTING = 5 * 60_000; // milliseconds between two saves
const HOW = {
  saved: "saved", conflict: "put aside in a conflict", discarded: "discarded", published: "published", aside: "put aside in this browser",
};

export class History {
  /** @param {object} studio api, loaded, texts, replace, reload, copy: see main.js */
  constructor(studio) {
    this.studio = studio;
    this.texts = new Map();
  }

  async open() {
    const { api, loaded, texts } = this.studio;
    this.texts.clear();
    this.texts.set(DRAFT, texts());
    this.list = h("ul", { class: "studio-versions" });
    this.host = h("div", { class: "studio-merge" });
    this.before = h("select", { "aria-label": "Compare" });
    this.after = h("select", { "aria-label": "with" });
    for (const select of [this.before, this.after]) select.addEventListener("change", () => this.#compare());
    this.head = h("div", { class: "studio-compare-head" }, "Compare", this.before, "with", this.after);
    this.tabsHost = h("div");
    this.dialog = openDialog({
      title: `History of ${loaded().title}`,
      size: "wide",
      body: [h("div", { class: "studio-history" },
        h("div", { class: "studio-history-list" }, this.list),
        h("div", { class: "studio-history-detail" }, this.head, this.tabsHost, this.host))],
      onClose: () => this.view?.destroy(),
    });
    fill(this.list, h("li", { class: "studio-muted" }, "Loading …"));
    try {
      const { key } = loaded();
      const [{ versions }, { revisions }] = await Promise.all([
        api.get("history/", { key }), api.get("revisions/", { key }),
      ]);
      this.#show(versions, revisions);
    } catch (error) {
      fill(this.list, h("li", { class: "studio-bad" }, error.message));
    }
  }

  #show(versions, revisions) {
    this.versions = versions;
    const aside = this.studio.copy.aside().map((one, index) => {
      this.texts.set(`aside-${index}`, one.texts);
      return { id: `aside-${index}`, how: "aside", author: "you", at: one.at };
    });
    const drafts = [...aside, ...sittings(revisions)];
    fill(this.list,
      h("li", { class: "studio-versions-title" }, "Versions"),
      versions.map((version) => this.#version(version)),
      versions.length ? null : h("li", { class: "studio-muted" }, "Nothing was published yet."),
      drafts.length ? h("li", { class: "studio-versions-title" }, "Earlier drafts") : null,
      drafts.map((one) => this.#revision(one)));
    const options = [
      [DRAFT, "what is in the editor"],
      ...versions.map((one) => [String(one.id), one.live ? `${one.label} (live)` : one.label]),
      ...drafts.map((one) => [this.#revisionId(one), `draft ${moment(one.at)}`]),
    ];
    for (const select of [this.before, this.after]) {
      fill(select, options.map(([value, label]) => h("option", { value }, label)));
    }
    this.#chooseFirst();
  }

  /** Begins with what is being done: the draft against live, else live against what was before it. */
  #chooseFirst() {
    const index = this.versions.findIndex((one) => one.live);
    const [live, older] = [this.versions[index], this.versions[index + 1]];
    const isDrafted = this.studio.drafts.revision !== null;
    this.before.value = String((isDrafted ? live : (older ?? live))?.id ?? DRAFT);
    this.after.value = isDrafted || !live ? DRAFT : String(live.id);
    this.#compare();
  }

  #version(version) {
    const note = version.note || (version.restores ? `Brought back version ${version.restores}` : "");
    const can = this.studio.loaded().can.publish && !version.live;
    const by = [version.author, version.at && moment(version.at)].filter(Boolean).join(", ");
    const mails = version.keys?.length > 1 ? ` · ${counted(version.keys.length, "mail")}` : "";
    return h("li", { class: "studio-version" },
      h("button", { type: "button", class: "studio-version-main", on: { click: () => this.#choose(String(version.id)) } },
        h("strong", {}, version.label), version.live ? h("span", { class: "studio-badge good" }, "Live") : null,
        h("span", { class: "studio-muted" }, (by || "Templates that came with this release") + mails),
        note ? h("span", {}, note) : null),
      can ? button("Roll back to this", { kind: "small", on: () => this.#rollback(version) }) : null);
  }

  #revisionId(one) {
    return one.how === "aside" ? one.id : `revision-${one.id}`;
  }

  #revision(one) {
    return h("li", { class: "studio-version" },
      h("button", { type: "button", class: "studio-version-main", on: { click: () => this.#choose(this.#revisionId(one)) } },
        h("strong", {}, moment(one.at)),
        h("span", { class: "studio-muted" }, `${one.author}, ${HOW[one.how] ?? one.how}`)),
      this.studio.loaded().can.edit
        ? button("Put into the editor", { kind: "small", on: () => this.#restore(one) })
        : null);
  }

  #choose(id) {
    this.before.value = id;
    if (this.after.value === id) this.after.value = DRAFT;
    this.#compare();
  }

  async #textsOf(id) {
    if (!this.texts.has(id)) {
      const { api, loaded } = this.studio;
      if (id.startsWith("revision-")) {
        const { texts } = await api.get("revision/", { id: id.slice("revision-".length) });
        this.texts.set(id, texts);
      } else {
        const { parts } = await api.get("version/", { id, key: loaded().key });
        this.texts.set(id, Object.fromEntries(parts.map((part) => [part.name, part.text])));
      }
    }
    return this.texts.get(id);
  }

  async #compare() {
    this.view?.destroy();
    this.view = null;
    fill(this.host, h("p", { class: "studio-empty" }, "Loading …"));
    try {
      const [before, after] = await Promise.all([this.before.value, this.after.value].map((id) => this.#textsOf(id)));
      const { parts } = this.studio.loaded();
      const differs = (part) => (before[part.name] ?? "") !== (after[part.name] ?? "");
      const choice = tabs(parts, {
        label: "Part", marked: differs,
        onChoose: (part) => {
          this.view?.destroy();
          this.view = compare(this.host, {
            before: before[part.name] ?? "", after: after[part.name] ?? "", language: part.language,
          });
        },
      });
      fill(this.tabsHost, choice.element);
      choice.choose(parts.find(differs) ?? parts[0]);
    } catch (error) {
      fill(this.host, h("p", { class: "studio-bad" }, error.message));
    }
  }

  async #restore(one) {
    const texts = await this.#textsOf(this.#revisionId(one));
    this.dialog.close();
    this.studio.replace(texts);
    say("The earlier text is in the editor and will be saved as the draft.");
  }

  async #rollback(version) {
    const note = await ask({
      title: `Roll back to ${nameOf(version)}?`,
      text: version.id === "file"
        ? "The templates that came with this release are live again within five seconds. Draft and history stay as they are."
        : "It goes live again as a new version, within five seconds. Draft and history stay as they are.",
      field: "Note for the history",
      confirm: "Roll back",
    });
    if (note === null) return;
    try {
      await this.#send(version, note);
    } catch (error) {
      say(`Not rolled back: ${error.message}`, { kind: "error" });
    }
  }

  async #send(version, note, override) {
    const { api, loaded, reload } = this.studio;
    try {
      const body = { key: loaded().key, version: version.id, note, ...(override ? { override } : {}) };
      const { versions } = await api.post("rollback/", body);
      this.dialog.close();
      await reload();
      const what = versions.length === 1 && versions[0].number ? ` as version ${versions[0].number}` : "";
      say(`Rolled back to ${nameOf(version)}${what}.`, { kind: "good" });
    } catch (error) {
      if (!(error instanceof Refused && error.body.gate && loaded().can.override && !override)) throw error;
      const reason = await ask({
        title: "Real mails would fail",
        text: `${counted(error.body.gate.length, "real mail")} could not be rendered with it: ${error.body.gate[0].error.message}`,
        field: "Why roll back all the same? (kept in the audit log)",
        confirm: "Roll back all the same",
        danger: true,
        required: true,
      });
      if (reason) await this.#send(version, note, reason);
    }
  }
}

function nameOf(version) {
  return version.id === "file" ? "the files" : version.label;
}

/** Drafts save themselves after every pause: of those saved in one sitting the last is shown. */
function sittings(revisions) {
  return revisions.filter((one, index) => {
    const newer = revisions[index - 1];
    return !(
      newer && one.how === "saved" && newer.how === "saved" && one.author === newer.author &&
      new Date(newer.at) - new Date(one.at) < SITTING
    );
  });
}
