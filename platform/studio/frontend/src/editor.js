/** One part of the document in CodeMirror. */
import {
  autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap, snippetCompletion,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { bracketMatching, foldGutter, foldKeymap, indentOnInput, indentUnit } from "@codemirror/language";
import { lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { Annotation, EditorState } from "@codemirror/state";
import {
  EditorView, drawSelection, highlightActiveLine, highlightActiveLineGutter, highlightSpecialChars, keymap,
  lineNumbers, rectangularSelection,
} from "@codemirror/view";
import { contractCompletion } from "./completion.js";
import { languageOf, outsideOfJinja } from "./languages.js";
import { look } from "./theme.js";

/** Marks a change that did not come from the person in front of the screen. */
const fromElsewhere = Annotation.define();

/** Returns what every editor of ours has, read-only ones in comparisons included. */
export function basics(language, { readOnly = false, label = "" } = {}) {
  return [
    lineNumbers(), highlightSpecialChars(), drawSelection(), bracketMatching(), EditorView.lineWrapping,
    EditorState.tabSize.of(2), indentUnit.of("  "), languageOf(language), look,
    label ? EditorView.contentAttributes.of({ "aria-label": label }) : [],
    readOnly ? [EditorState.readOnly.of(true), EditorView.contentAttributes.of({ tabindex: "0" })] : [],
  ];
}

export class PartEditor {
  /**
   * @param {{name: string, label: string, language: string, text: string}} part
   * @param {{parent: Element, readOnly: boolean, contract: () => object, onChange: () => void}} options
   */
  constructor(part, { parent, readOnly, contract, onChange }) {
    this.name = part.name;
    this.language = part.language;
    this.label = part.label;
    const completion = part.language === "toml"
      ? []
      : autocompletion({
          override: [
            contractCompletion(contract, snippetCompletion),
            ...(part.language === "html" ? [outsideOfJinja] : []),
          ],
        });
    this.view = new EditorView({
      parent,
      state: EditorState.create({
        doc: part.text,
        extensions: [
          basics(part.language, { readOnly, label: `${part.label}, code` }),
          foldGutter(), history(), indentOnInput(), closeBrackets(), rectangularSelection(),
          highlightActiveLine(), highlightActiveLineGutter(), highlightSelectionMatches(),
          search({ top: true }), lintGutter(), completion,
          EditorView.contentAttributes.of({ spellcheck: "false" }),
          keymap.of([
            ...closeBracketsKeymap, ...defaultKeymap, ...searchKeymap, ...historyKeymap, ...foldKeymap,
            ...completionKeymap, ...lintKeymap, indentWithTab,
          ]),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) onChange(update.transactions.some((one) => one.annotation(fromElsewhere)));
          }),
        ],
      }),
    });
  }

  get text() {
    return this.view.state.doc.toString();
  }

  /** Replaces the text; where most of it is the same, the cursor and what is unchanged stay. */
  replace(text) {
    const old = this.text;
    if (old === text) return;
    const most = Math.min(old.length, text.length);
    let start = 0;
    while (start < most && old[start] === text[start]) start += 1;
    let end = 0;
    while (end < most - start && old[old.length - 1 - end] === text[text.length - 1 - end]) end += 1;
    this.view.dispatch({
      changes: { from: start, to: old.length - end, insert: text.slice(start, text.length - end) },
      annotations: fromElsewhere.of(true),
    });
  }

  /** Shows problems (see problems.js) at their places. */
  show(diagnostics) {
    this.view.dispatch(setDiagnostics(this.view.state, diagnostics));
  }

  /** Returns the positions in the text of a problem's line and columns, as far as it has them. */
  place({ line, column, end_column: end }) {
    const { doc } = this.view.state;
    const at = doc.line(Math.min(Math.max(line || 1, 1), doc.lines));
    if (!column) {
      const indent = at.text.length - at.text.trimStart().length;
      return { from: at.from + indent, to: at.to };
    }
    const from = at.from + units(at.text, column - 1);
    const to = end ? at.from + units(at.text, end - 1) : Math.min(from + 1, at.to);
    return { from: Math.min(from, at.to), to: Math.min(Math.max(from, to), at.to) };
  }

  /** Puts the cursor somewhere, into view. */
  go(range) {
    this.view.dispatch({
      selection: { anchor: range.from, head: range.to },
      effects: EditorView.scrollIntoView(range.from, { y: "center" }),
    });
    this.view.focus();
  }
}

/** Columns count characters as people do; JavaScript counts those beyond U+FFFF twice. */
function units(text, characters) {
  return [...text].slice(0, characters).join("").length;
}
