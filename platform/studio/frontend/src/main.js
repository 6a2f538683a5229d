/** The editor's page: brings the parts together. */
import { Api, SignedOut } from "./api.js";
import { Conversation } from "./conversation.js";
import { decide } from "./conflict.js";
import { ask, say } from "./dialogs.js";
import { button, fill, h, icon, moment } from "./dom.js";
import { Drafts, State } from "./drafts.js";
import { PartEditor } from "./editor.js";
import { History } from "./history.js";
import { help, listen } from "./keys.js";
import { LocalCopy } from "./localcopy.js";
import { showLocales, startFromAnother } from "./locales.js";
import { Presence } from "./presence.js";
import { Preview } from "./preview.js";
import { Problems } from "./problems.js";
import { Publishing } from "./publish.js";
import { makeSplit } from "./split.js";
import { sendTest } from "./testmail.js";

const config = JSON.parse(document.getElementById("studio-config").textContent);
const $ = (name) => document.querySelector(`[data-studio="${name}"]`);
const $$ = (name) => [...document.querySelectorAll(`[data-studio="${name}"]`)];
const address = (key) => config.editUrl.replace("KEY", key);

class Studio {
  constructor(loaded) {
    this.document = loaded;
    this.api = api;
    this.copy = new LocalCopy({ user: config.user, key: loaded.key });
    this.editors = new Map();
    this.mayEdit = loaded.can.edit;
    this.address = address;
    // Handed to the dialogs, which take them out of this object.
    for (const name of ["texts", "loaded", "reload", "replace"]) this[name] = this[name].bind(this);
    this.#build();
    this.problems = new Problems({
      list: $("problems"), summary: $("summary"), editors: this.editors, address,
      reveal: (name) => this.showPart(name),
    });
    this.preview = new Preview(
      {
        pane: $("pane"), frames: $$("frame"), text: $("text"), from: $("from"), subject: $("subject"),
        preheader: $("preheader"), stale: $("stale"), size: $("size"), dark: $("dark"),
        views: [...document.querySelectorAll("[data-view]")].filter((one) => one.tagName === "BUTTON"),
      },
      { goTo: (error) => this.problems.goTo(error), nameOf: (name) => this.editors.get(name)?.label ?? name },
    );
    this.conversation = new Conversation({
      api, texts: () => this.texts(), loaded: () => this.document,
      problems: this.problems, preview: this.preview,
      pickers: { sample: $("sample"), target: $("target"), field: $("target-field") },
    });
    this.drafts = new Drafts({
      api, copy: this.copy, loaded, texts: () => this.texts(),
      onState: (state, detail) => this.#showState(state, detail),
      onConflict: (theirs) => this.#settle(theirs, "Somebody saved this draft while you were writing."),
    });
    this.presence = new Presence({
      api, key: loaded.key, people: $("people"), news: $("news"), drafts: this.drafts,
      onTake: () => this.reload(),
    });
    this.presence.show(loaded.editors);
    this.#about(); // again, now that it is known whether there is a draft
  }

  texts() {
    return Object.fromEntries([...this.editors].map(([name, editor]) => [name, editor.text]));
  }

  loaded() {
    return this.document;
  }

  /** Puts other texts into the editors, as if they had been typed. */
  replace(texts) {
    for (const [name, editor] of this.editors) {
      if (name in texts) editor.replace(texts[name]);
    }
    this.changed();
  }

  changed() {
    this.drafts.changed();
    this.conversation.soon();
  }

  showPart(name) {
    for (const [other, editor] of this.editors) {
      const isShown = other === name;
      editor.panel.hidden = !isShown;
      editor.tab.setAttribute("aria-selected", String(isShown));
      editor.tab.tabIndex = isShown ? 0 : -1;
      if (isShown) editor.view.requestMeasure();
    }
    this.shown = this.editors.get(name);
    showPane("code");
  }

  /** Asks the server for the document again and shows what it has. Nothing unsaved may be there. */
  async reload() {
    const loaded = await api.get("document/", { key: config.key });
    this.document = loaded;
    for (const part of loaded.parts) this.editors.get(part.name)?.replace(part.text);
    this.drafts.take(loaded);
    this.copy.clear();
    $("news").hidden = true;
    this.#about();
    this.conversation.now();
  }

  /** Brings back what an earlier visit could not save. */
  async bringBack() {
    const kept = this.copy.read();
    if (!kept || !this.mayEdit) return;
    const present = this.texts();
    if (Object.entries(kept.texts).every(([name, text]) => present[name] === text)) {
      this.copy.clear();
      return;
    }
    if (kept.revision === this.drafts.revision && kept.live === this.drafts.live) {
      this.replace(kept.texts);
      say(`Brought back what had not been saved on ${moment(kept.at)}.`);
      return;
    }
    const { draft, live } = this.document;
    const theirs = {
      texts: present, revision: this.drafts.revision,
      author: draft?.author ?? live.author ?? live.label, updated_at: draft?.updated_at ?? live.at ?? kept.at,
    };
    await this.#settle(theirs, `This browser holds a text of ${moment(kept.at)} that was never saved, and the draft has changed since.`, { mine: kept.texts, base: kept.base });
  }

  async save() {
    if (!this.mayEdit) return;
    if (this.drafts.state === State.CONFLICT) await this.#settle(this.theirs, "Somebody else saved this draft.");
    else await this.drafts.save();
  }

  /** Lets a person choose between two texts, and saves what they chose. */
  async #settle(theirs, why, { mine = this.texts(), base = this.drafts.saved } = {}) {
    if (theirs === null) { // published or discarded meanwhile: there is no other draft to lose
      say("The draft was published or discarded by somebody else; your text goes on as a new draft.");
      await this.drafts.resolve(null);
      return;
    }
    this.theirs = theirs;
    const decided = await decide({ parts: this.document.parts, mine, theirs, base, why });
    if (!decided) return;
    if (Object.entries(mine).some(([name, text]) => decided[name] !== text)) this.copy.putAside(mine);
    for (const [name, editor] of this.editors) editor.replace(decided[name] ?? editor.text);
    await this.drafts.resolve(theirs);
    this.conversation.now();
  }

  #build() {
    for (const part of this.document.parts) {
      const id = `part-${this.editors.size + 1}`;
      const panel = h("div", { class: "studio-panel", role: "tabpanel", id, "aria-labelledby": `${id}-tab`, hidden: true });
      $("editors").append(panel);
      const editor = new PartEditor(part, {
        parent: panel, readOnly: !this.mayEdit,
        contract: () => this.document.completion,
        onChange: (isFromElsewhere) => isFromElsewhere || this.changed(),
      });
      editor.panel = panel;
      editor.tab = h("button", {
        type: "button", class: "studio-tab", role: "tab", id: `${id}-tab`, "aria-controls": id,
        on: { click: () => this.showPart(part.name), keydown: (event) => this.#moveTab(event) },
      }, part.label);
      $("parts").append(editor.tab);
      this.editors.set(part.name, editor);
    }
    $("parts").hidden = this.editors.size < 2;
    const [first, html] = this.document.parts;
    this.showPart((html ?? first).name);
    this.#about();
  }

  #moveTab(event) {
    const move = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!move) return;
    const all = [...this.editors.values()];
    const next = all[(all.indexOf(this.shown) + move + all.length) % all.length];
    this.showPart(next.name);
    next.tab.focus();
  }

  /** Shows what is known of the document beside its texts. */
  #about() {
    const { can, uses, affects, kind, locales } = this.document;
    const here = locales.find((one) => one.key === config.key);
    if (here && this.drafts) here.draft = this.drafts.revision !== null;
    showLocales($("locales"), this.document, { address, names: config.localeNames, mayEdit: this.mayEdit });
    const related = kind === "shared" ? affects : uses;
    $("uses").hidden = related.length === 0;
    $("uses-title").textContent = kind === "shared" ? `Affects ${related.length} mails` : `Also made of ${related.length} shared files`;
    fill($("uses-list"), related.map((one) => h("li", {}, h("a", { class: "studio-link", href: address(one.key) }, one.title))));
    fill($("actions"),
      this.mayEdit && this.#isMissing && this.document.locales.filter((one) => one.state !== "missing").length > 1
        ? button("Start from …", { symbol: "translate", on: () => startFromAnother(this) }) : null,
      this.mayEdit && this.drafts?.revision ? button("Discard", { symbol: "delete", kind: "quiet", title: "Discard the draft", on: () => this.#discard() }) : null,
      button("History", { symbol: "history", on: () => new History(this).open() }),
      can.test ? button("Send test", { symbol: "send", title: "Send a test mail to me", on: () => sendTest(this) }) : null,
      can.publish ? button("Publish …", { symbol: "publish", kind: "primary", on: () => new Publishing(this).open() }) : null,
      button("", { symbol: "keyboard", kind: "bare", title: "Keyboard shortcuts (F1)", "aria-label": "Keyboard shortcuts", on: help }));
  }

  get #isMissing() {
    return this.document.kind === "mail" && this.document.live.number === null && this.document.live.label === "Missing";
  }

  async #discard() {
    const sure = await ask({
      title: "Discard the draft?",
      text: "What is live is shown again. The text stays in the history under earlier drafts.",
      confirm: "Discard", danger: true,
    });
    if (sure === null) return;
    try {
      await this.drafts.discard();
      await this.reload();
      say("The draft was discarded.");
    } catch (error) {
      say(`Not discarded: ${error.message}`, { kind: "error" });
    }
  }

  #showState(state, { draft, message }) {
    const { live } = this.document;
    const saved = draft ? `Draft saved ${moment(draft.updated_at)}${draft.author ? ` by ${draft.author}` : ""}` : "";
    const texts = {
      [State.LIVE]: this.#isMissing
        ? "Not translated yet: this is the default language's text, to begin with"
        : `No draft: this is what is live (${live.label})`,
      [State.SAVED]: `${saved} · live: ${live.label}`,
      [State.CHANGED]: "Not saved yet …",
      [State.SAVING]: "Saving …",
      [State.OFFLINE]: "No connection. Your text is kept in this browser and saved as soon as possible.",
      [State.SIGNED_OUT]: "You have been signed out. Your text is kept in this browser.",
      [State.CONFLICT]: "Somebody else saved this draft.",
      [State.REFUSED]: `Not saved: ${message}`,
    };
    const line = $("state");
    line.dataset.state = state;
    fill(line, h("span", {}, this.mayEdit ? texts[state] : `Read only · live: ${live.label}`),
      state === State.SIGNED_OUT ? h("a", { class: "studio-link", href: `${config.loginUrl}?next=${encodeURIComponent(window.location.pathname)}`, target: "_blank" }, "Sign in again") : null,
      state === State.CONFLICT ? button("See both texts", { kind: "small", on: () => this.save() }) : null,
      state === State.REFUSED ? button("Try again", { kind: "small", on: () => this.save() }) : null);
    if (this.drafts && [State.LIVE, State.SAVED].includes(state)) {
      $("news").hidden = true; // whoever could save has the newest
      this.#about();
    }
  }
}

/** On a phone either the code or the preview is shown. */
function showPane(name) {
  $("workspace").dataset.pane = name;
  for (const one of $("switch").children) one.setAttribute("aria-pressed", String(one.dataset.pane === name));
}

function listenToKeys(studio) {
  listen({
    save: () => studio.save(),
    refresh: () => studio.conversation.now(),
    publish: () => studio.document.can.publish && new Publishing(studio).open(),
    problem: (direction) => studio.problems.step(direction),
    fix: () => studio.problems.fixAtCursor(studio.shown),
    part: (index) => {
      const editor = [...studio.editors.values()][index];
      if (!editor) return;
      studio.showPart(editor.name);
      editor.view.focus();
    },
    help,
  });
}

const api = new Api(config);

async function start() {
  for (const one of $("switch").children) one.addEventListener("click", () => showPane(one.dataset.pane));
  makeSplit($("workspace"), $("split"));
  try {
    const studio = new Studio(await api.get("document/", { key: config.key }));
    listenToKeys(studio);
    studio.conversation.now();
    await studio.bringBack();
  } catch (error) {
    const isSignedOut = error instanceof SignedOut;
    fill($("state"), icon("error"), h("span", {}, `The template could not be opened: ${error.message} `),
      isSignedOut ? h("a", { class: "studio-link", href: config.loginUrl }, "Sign in") : button("Try again", { kind: "small", on: () => window.location.reload() }));
    if (!isSignedOut) console.warn(error);
  }
}

start();
