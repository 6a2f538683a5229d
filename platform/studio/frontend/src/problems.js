/** What the check found: marks in the editors, and a list from which each is one press away. */
import { button, counted, fill, h, icon } from "./dom.js";

export class Problems {
  /**
   * @param {object} options
   * @param {Element} options.list
   * @param {Element} options.summary a live region
   * @param {Map<string, import("./editor.js").PartEditor>} options.editors by file name
   * @param {(name: string) => void} options.reveal opens a part's tab
   * @param {(key: string) => string} options.address of another document's editor
   */
  constructor({ list, summary, editors, reveal, address }) {
    Object.assign(this, { list, summary, editors, reveal, address });
    this.found = [];
    this.current = -1;
  }

  get blocking() {
    return this.found.filter((problem) => problem.severity === "blocking");
  }

  /** Shows what a check answered. */
  show(problems) {
    this.found = problems;
    this.current = -1;
    for (const editor of this.editors.values()) {
      const own = problems.filter((problem) => problem.template === editor.name);
      editor.show(own.map((problem) => this.#diagnostic(problem, editor)));
    }
    fill(this.list, ...problems.map((problem) => this.#entry(problem)));
    const advice = problems.length - this.blocking.length;
    const said = [
      this.blocking.length ? `${counted(this.blocking.length, "problem")} to mend` : "",
      advice ? `${advice} advice` : "",
    ].filter(Boolean);
    fill(this.summary, said.join(", ") || "No problems");
    this.summary.dataset.state = this.blocking.length ? "blocking" : advice ? "advice" : "none";
  }

  /** Goes to the next problem of this document, or to the one before. */
  step(direction) {
    const own = this.found.filter((problem) => this.editors.has(problem.template));
    if (!own.length) return;
    this.current = (this.current + direction + own.length) % own.length;
    this.goTo(own[this.current]);
  }

  /** Puts the cursor at a problem (or at a preview's error) of this document. */
  goTo(problem) {
    const editor = this.editors.get(problem.template);
    if (!editor) return;
    this.reveal(problem.template);
    editor.go(editor.place(problem));
  }

  /** Applies the suggestion at the cursor, or the only one there is. */
  fixAtCursor(editor) {
    const position = editor.view.state.selection.main.head;
    const fixable = this.found.filter((one) => one.template === editor.name && this.#range(one, editor));
    const at = fixable.find((problem) => {
      const { from, to } = this.#range(problem, editor);
      return from <= position && position <= to;
    });
    const chosen = at ?? (fixable.length === 1 ? fixable[0] : null);
    if (chosen) this.#fix(chosen);
    return Boolean(chosen);
  }

  #diagnostic(problem, editor) {
    const { from, to } = editor.place(problem);
    return {
      from,
      to,
      severity: problem.severity === "blocking" ? "error" : "warning",
      message: sentence(problem.message),
      actions: this.#range(problem, editor)
        ? [{ name: `Change to “${problem.suggestion}”`, apply: () => this.#fix(problem) }]
        : [],
    };
  }

  /** Returns where the wrong word stands now, or null where there is nothing to put in its place. */
  #range(problem, editor) {
    if (!problem.suggestion || !problem.written || !editor) return null;
    const { doc } = editor.view.state;
    const { from } = editor.place(problem);
    const to = from + problem.written.length;
    return problem.column && doc.sliceString(from, to) === problem.written ? { from, to } : null;
  }

  #fix(problem) {
    const editor = this.editors.get(problem.template);
    const range = this.#range(problem, editor);
    if (!range) return;
    editor.view.dispatch({
      changes: { ...range, insert: problem.suggestion },
      selection: { anchor: range.from + problem.suggestion.length },
      userEvent: "input.complete",
    });
    this.reveal(problem.template);
    editor.view.focus();
  }

  #entry(problem) {
    const editor = this.editors.get(problem.template);
    const isBlocking = problem.severity === "blocking";
    const place = [editor?.label ?? problem.template, problem.line && `line ${problem.line}`].filter(Boolean);
    const content = [
      icon(isBlocking ? "error" : "lightbulb"),
      h("span", { class: "studio-problem-text" },
        h("span", { class: "studio-visually-hidden" }, isBlocking ? "Must be mended: " : "Advice: "),
        sentence(problem.message)),
      h("span", { class: "studio-problem-place" }, place.join(" · ")),
    ];
    const target = editor
      ? h("button", { type: "button", class: "studio-problem-go", on: { click: () => this.goTo(problem) } }, content)
      : h("a", { class: "studio-problem-go", href: this.address(documentOf(problem.template)) }, content);
    const fix = this.#range(problem, editor)
      ? button(`Change to “${problem.suggestion}”`, { kind: "small", on: () => this.#fix(problem) })
      : null;
    return h("li", { class: `studio-problem ${problem.severity}` }, target, fix);
  }
}

function sentence(message) {
  return message.charAt(0).toUpperCase() + message.slice(1);
}

/** Returns the key of the document that a file belongs to. */
export function documentOf(template) {
  return template.startsWith("_") ? template : template.split("/").slice(0, 2).join("/");
}
