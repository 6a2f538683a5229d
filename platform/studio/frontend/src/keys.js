/** Keyboard shortcuts, and the dialog that lists them. */
import { h } from "./dom.js";
import { openDialog } from "./dialogs.js";

const IS_MAC = /Mac|iPhone|iPad/.test(navigator.platform);
const MOD = IS_MAC ? "⌘" : "Ctrl";
const SHORTCUTS = [
  [[MOD, "S"], "Save the draft now (it also saves itself)"],
  [[MOD, "Enter"], "Refresh preview and check now"],
  [[MOD, "Shift", "Enter"], "Publish …"],
  [["F8"], "Next problem"],
  [["Shift", "F8"], "Previous problem"],
  [[MOD, "."], "Take the suggestion at the cursor"],
  [[MOD, "F"], "Search and replace"],
  [[MOD, "Space"], "Complete: names, filters, tags"],
  [["Alt", "1 … 3"], "Subject, HTML, text"],
  [[MOD, "Z"], "Undo"],
  [["Esc", "Tab"], "Leave the editor with the keyboard"],
  [["F1"], "This list"],
];

/** @param {object} actions save, refresh, publish, problem(direction), fix, part(index), help */
export function listen(actions) {
  window.addEventListener("keydown", (event) => {
    if (document.querySelector("dialog[open]")) return;
    const mod = IS_MAC ? event.metaKey : event.ctrlKey;
    const isDigit = event.altKey && !mod && /^Digit[1-3]$/.test(event.code);
    const run = {
      F1: () => actions.help(),
      F8: () => actions.problem(event.shiftKey ? -1 : 1),
      ...(mod && {
        s: () => actions.save(),
        ".": () => actions.fix(),
        Enter: () => (event.shiftKey ? actions.publish() : actions.refresh()),
      }),
    }[event.key] ?? (isDigit ? () => actions.part(Number(event.code.at(-1)) - 1) : null);
    if (!run) return;
    event.preventDefault();
    event.stopPropagation();
    run();
  }, { capture: true }); // before CodeMirror, which has a meaning of its own for some
}

export function help() {
  openDialog({
    title: "Keyboard shortcuts",
    body: [h("dl", { class: "studio-keys" }, SHORTCUTS.map(([keys, what]) => [
      h("dt", {}, keys.map((key) => h("kbd", {}, key))), h("dd", {}, what),
    ]))],
  });
}
