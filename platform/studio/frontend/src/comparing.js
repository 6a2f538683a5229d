/** Two texts beside each other; one above the other where there is no room. */
import { MergeView, unifiedMergeView } from "@codemirror/merge";
import { EditorState } from "@codemirror/state";
import { EditorView, keymap } from "@codemirror/view";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { basics } from "./editor.js";
import { fill, h } from "./dom.js";

const NARROW = "(max-width: 760px)";
const collapseUnchanged = { margin: 3, minSize: 6 };
const hasRoom = () => !window.matchMedia(NARROW).matches;

/** Shows the difference between two texts; returns what to destroy before showing another. */
export function compare(parent, { before, after, language }) {
  const side = (label) => basics(language, { readOnly: true, label });
  if (before === after) {
    fill(parent, h("p", { class: "studio-empty" }, "No difference."));
    return { destroy: () => parent.replaceChildren() };
  }
  parent.replaceChildren();
  if (hasRoom()) {
    return new MergeView({
      a: { doc: before, extensions: side("Before") },
      b: { doc: after, extensions: side("After") },
      parent, collapseUnchanged, gutter: true,
    });
  }
  return new EditorView({
    parent,
    state: EditorState.create({
      doc: after,
      extensions: [side("Differences"), unifiedMergeView({ original: before, mergeControls: false, collapseUnchanged })],
    }),
  });
}

/**
 * Lets a person bring two texts together: theirs is fixed, mine can be edited, and each difference has
 * a button that takes theirs.
 * @returns {{text: () => string, destroy: () => void}}
 */
export function merge(parent, { theirs, mine, language }) {
  const editing = [basics(language, { label: "Together" }), history(), keymap.of([...defaultKeymap, ...historyKeymap])];
  parent.replaceChildren();
  if (hasRoom()) {
    const view = new MergeView({
      a: { doc: theirs, extensions: basics(language, { readOnly: true, label: "Theirs" }) },
      b: { doc: mine, extensions: editing },
      parent,
      revertControls: "a-to-b",
      renderRevertControl: () => h("button", { type: "button", class: "studio-take", title: "Take theirs" }, "→"),
      gutter: true,
      collapseUnchanged,
    });
    return { text: () => view.b.state.doc.toString(), destroy: () => view.destroy() };
  }
  const view = new EditorView({
    parent,
    state: EditorState.create({
      doc: mine,
      extensions: [editing, unifiedMergeView({ original: theirs, collapseUnchanged })],
    }),
  });
  return { text: () => view.state.doc.toString(), destroy: () => view.destroy() };
}

/** Tabs above something that is shown for one of several parts at a time. */
export function tabs(parts, { label, marked, onChoose }) {
  const buttons = parts.map((part) =>
    h("button", {
      type: "button", class: "studio-tab", "aria-pressed": "false",
      on: { click: () => choose(part) },
    }, part.label, marked(part) ? h("span", { class: "studio-dot", title: "Differs" }) : null));
  const choose = (part) => {
    parts.forEach((one, index) => buttons[index].setAttribute("aria-pressed", String(one === part)));
    onChoose(part);
  };
  const element = h("div", { class: "studio-tabs", role: "group", "aria-label": label }, buttons);
  return { element, choose };
}
