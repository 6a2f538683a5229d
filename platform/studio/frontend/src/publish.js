/** The dialog before publishing: what changes, what stands in the way, what it does to real mails. */
import { Refused } from "./api.js";
import { button, counted, fill, h, icon, moment } from "./dom.js";
import { openDialog, say } from "./dialogs.js";
import { compare, tabs } from "./comparing.js";
import { documentOf } from "./problems.js";
import { seen } from "./seen.js";

const STATES = {
  fails: ["error", "cannot be rendered any more"],
  shrinks: ["compress", "becomes much shorter"],
  differs: ["difference", "changes"],
  outdated: ["history", "was made for an older contract"],
};
// What is compared of two mails; without a language it is shown as its readers see it.
const SIDES = [
  { name: "html", label: "As seen", language: null },
  { name: "subject", label: "Subject", language: "text" },
  { name: "text", label: "Text", language: "text" },
  { name: "html", label: "HTML", language: "html" },
];

export class Publishing {
  /**
   * @param {object} studio
   * @param {import("./api.js").Api} studio.api
   * @param {() => object} studio.loaded the document
   * @param {() => object} studio.texts
   * @param {import("./drafts.js").Drafts} studio.drafts
   * @param {import("./problems.js").Problems} studio.problems
   * @param {() => Promise<void>} studio.reload
   */
  constructor(studio) {
    this.studio = studio;
  }

  async open() {
    const { drafts, api, texts, loaded } = this.studio;
    if (!(await drafts.save())) {
      say("The draft could not be saved, so it cannot be published yet.", { kind: "error" });
      return;
    }
    if (drafts.revision === null) {
      say("There is nothing to publish: what you see is what is live.");
      return;
    }
    this.override = null;
    this.live = drafts.live;
    this.message = h("div", { class: "studio-alert", role: "alert", hidden: true });
    this.blocked = h("div", { class: "studio-alert error", hidden: true });
    this.effect = h("section", { class: "studio-effect", "aria-live": "polite" },
      h("p", { class: "studio-muted" }, `Trying it on the last ${loaded().gate} real mails …`));
    this.note = h("textarea", { rows: "2", id: "studio-note", placeholder: "What changed, and why" });
    this.reason = h("div", { hidden: true });
    this.publish = button("Publish", { kind: "primary", symbol: "publish", on: () => this.#publish() });
    this.dialog = openDialog({
      title: `Publish ${loaded().title}`,
      size: "roomy",
      body: [
        h("p", {}, this.#whatHappens()),
        this.#affected(),
        this.blocked,
        this.effect,
        h("label", { class: "studio-field", for: "studio-note" }, h("span", {}, "Note for the history"), this.note),
        this.reason,
        this.message,
      ],
      actions: [button("Cancel", { on: () => this.dialog.close() }), this.publish],
    });
    this.note.focus();
    const body = { key: loaded().key, texts: texts() };
    await Promise.all([this.#check(api, body), this.#tryOut(api, body)]);
  }

  #whatHappens() {
    const { live, parts } = this.studio.loaded();
    const texts = this.studio.texts();
    const changed = parts.filter((part) => texts[part.name] !== part.live_text).map((part) => part.label);
    const what = changed.length ? `Changed: ${changed.join(", ")}.` : "Nothing differs from what is live.";
    return `${what} Live now: ${live.label}${live.author ? ` by ${live.author}, ${moment(live.at)}` : ""}. All workers send the new version within five seconds.`;
  }

  #affected() {
    const { affects, kind } = this.studio.loaded();
    if (kind !== "shared" || !affects.length) return null;
    return h("details", { class: "studio-affects", open: affects.length <= 6 ? "" : null },
      h("summary", {}, `${counted(affects.length, "mail")} change with it, together or not at all`),
      h("ul", {}, affects.map((one) => h("li", {}, one.title))));
  }

  async #check(api, body) {
    const answer = await api.post("check/", body).catch(() => null);
    if (answer?.blocks) this.#block(answer.problems.filter((one) => one.severity === "blocking"));
  }

  #block(problems) {
    this.publish.disabled = true;
    this.blocked.hidden = false;
    fill(this.blocked,
      h("strong", {}, `${counted(problems.length, "problem")} must be mended first`),
      h("ul", {}, problems.map((problem) => h("li", {},
        h("button", {
          type: "button", class: "studio-link",
          on: { click: () => this.#leaveFor(problem) },
        }, [problem.template, problem.line].filter(Boolean).join(":")),
        ` ${problem.message}`))));
  }

  #leaveFor(problem) {
    this.dialog.close();
    if (this.studio.problems.editors.has(problem.template)) this.studio.problems.goTo(problem);
    else window.location.assign(this.studio.address(documentOf(problem.template)));
  }

  async #tryOut(api, body) {
    let effect;
    try {
      effect = await api.post("effect/", body);
    } catch (error) {
      fill(this.effect, h("p", { class: "studio-muted" }, `The effect on real mails could not be tried: ${error.message}`));
      return;
    }
    this.#showEffect(effect);
    if (effect.fails) this.#offerOverride(counted(effect.fails, "real mail"));
  }

  #showEffect(effect) {
    if (!effect.contexts) {
      fill(this.effect, h("p", { class: "studio-muted" }, "No mail of this kind has been sent yet, so there is nothing real to try it on. The samples were tried."));
      return;
    }
    const parts = [
      effect.fails && `${effect.fails} could not be rendered`,
      effect.shrinks && `${effect.shrinks} would shrink`,
      effect.differs && `${effect.differs} would change`,
      effect.same && `${effect.same} unchanged`,
      effect.outdated && `${effect.outdated} of an older contract`,
    ].filter(Boolean);
    fill(this.effect,
      h("h3", {}, effect.contexts === 1 ? "The last real mail" : `The last ${effect.contexts} real mails`),
      h("p", { class: effect.fails ? "studio-bad" : "" }, `${parts.join(", ")}.`),
      effect.items.length
        ? h("ul", { class: "studio-effect-list" }, effect.items.map((item) => this.#item(item)))
        : null);
  }

  #item(item) {
    const [symbol, words] = STATES[item.state] ?? ["mail", item.state];
    const host = h("div", { class: "studio-effect-detail" });
    const details = h("details", {
      class: item.state,
      on: { toggle: () => details.open && !host.childElementCount && this.#compare(item, host) },
    },
    h("summary", {}, icon(symbol), h("strong", {}, item.reference), ` ${words}`,
      item.error ? h("span", { class: "studio-bad" }, ` ${item.error.message}`) : null), host);
    return h("li", {}, details);
  }

  async #compare(item, host) {
    const { api, loaded, texts } = this.studio;
    fill(host, h("p", { class: "studio-muted" }, "Rendering both …"));
    const { key } = loaded();
    try {
      const answer = await api.post("comparison/", {
        key, texts: texts(), notification: item.notification, target: item.target,
      });
      if (!answer.live || !answer.draft) {
        fill(host, h("p", { class: "studio-bad" }, answer.error?.message ?? "One of the two cannot be rendered."));
        return;
      }
      const differs = (part) => answer.live[part.name] !== answer.draft[part.name];
      const place = h("div", { class: "studio-merge small" });
      let view = null;
      const choice = tabs(SIDES, {
        label: "Part", marked: differs,
        onChoose: (part) => {
          view?.destroy();
          const show = part.language ? compare : seen;
          view = show(place, { before: answer.live[part.name], after: answer.draft[part.name], language: part.language });
        },
      });
      fill(host, choice.element, place);
      choice.choose(SIDES.find(differs) ?? SIDES[0]);
    } catch (error) {
      fill(host, h("p", { class: "studio-bad" }, error.message));
    }
  }

  #offerOverride(what) {
    this.publish.disabled = true;
    this.reason.hidden = false;
    if (!this.studio.loaded().can.override) {
      fill(this.reason, h("p", { class: "studio-bad" },
        `Publishing is held back: ${what} could not be rendered. Somebody with the right to override it may publish it with a reason.`));
      return;
    }
    const field = h("textarea", { rows: "2", id: "studio-reason" });
    field.addEventListener("input", () => {
      this.override = field.value.trim() || null;
      this.publish.disabled = this.override === null;
    });
    fill(this.reason, h("label", { class: "studio-field", for: "studio-reason" },
      h("span", {}, `Why publish it although ${what} could not be rendered? (kept in the audit log)`), field));
  }

  async #publish() {
    const { api, drafts, loaded, reload } = this.studio;
    this.publish.disabled = true;
    this.message.hidden = true;
    this.#call("Publishing …"); // a layout of many mails takes seconds: all of them are tried
    try {
      const { versions } = await api.post("publish/", {
        key: loaded().key,
        revision: drafts.revision,
        note: this.note.value.trim(),
        live: this.live,
        ...(this.override ? { override: this.override } : {}),
      });
      this.dialog.close();
      await reload();
      say(published(versions), { kind: "good" });
    } catch (error) {
      this.publish.disabled = false;
      this.#call("Publish");
      this.#refused(error);
    }
  }

  #refused(error) {
    const body = error instanceof Refused ? error.body : {};
    if (body.problems) {
      this.#block(body.problems.filter((one) => one.severity === "blocking"));
    } else if (body.gate) {
      fill(this.effect,
        h("h3", {}, "Real mails that could not be rendered"),
        h("ul", {}, body.gate.map((one) => h("li", {}, h("strong", {}, one.reference), ` ${one.error.message}`))));
      this.#offerOverride(counted(body.gate.length, "real mail"));
    } else if (body.code === "live_changed") {
      this.live = body.live?.digest ?? body.live;
      this.#tell("Another version was published after this draft was begun; yours would replace it. Look at the history before you publish.", "Publish all the same");
    } else if (body.code === "draft_changed") {
      this.#tell("Somebody saved this draft meanwhile. Close this dialog to see both texts.");
      this.publish.disabled = true;
    } else {
      this.#tell(error.message);
    }
  }

  #tell(text, label = "Publish") {
    this.message.hidden = false;
    this.message.textContent = text;
    this.#call(label);
  }

  #call(label) {
    this.publish.querySelector(".studio-button-label").textContent = label;
  }
}

function published(versions) {
  if (versions.length === 1) return `Published: version ${versions[0].number} of ${versions[0].key} is live.`;
  return `Published: ${versions.length} mails have a new version.`;
}
