/** How code looks. Colours are CSS variables, so that a change of the admin's theme needs no code. */
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { EditorView } from "@codemirror/view";
import { tags as t } from "@lezer/highlight";

const colours = HighlightStyle.define([
  { tag: [t.keyword, t.controlKeyword, t.definitionKeyword, t.operatorKeyword, t.modifier], color: "var(--code-keyword)" },
  { tag: [t.tagName, t.angleBracket], color: "var(--code-tag)" },
  { tag: [t.attributeName, t.heading, t.labelName], color: "var(--code-attribute)" },
  { tag: [t.string, t.attributeValue], color: "var(--code-string)" },
  { tag: [t.number, t.bool, t.color, t.unit], color: "var(--code-number)" },
  { tag: [t.comment, t.blockComment, t.documentMeta], color: "var(--code-comment)", fontStyle: "italic" },
  { tag: [t.special(t.variableName), t.className], color: "var(--code-filter)" },
  { tag: [t.variableName, t.propertyName, t.definition(t.variableName)], color: "var(--code-variable)" },
  { tag: t.brace, color: "var(--code-brace)", fontWeight: "600" },
]);

const frame = EditorView.theme({
  "&": { height: "100%", fontSize: "13px", color: "var(--strong)", backgroundColor: "transparent" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.6" },
  ".cm-content": { caretColor: "var(--strong)", padding: "8px 0" },
  ".cm-cursor": { borderLeftColor: "var(--strong)", borderLeftWidth: "2px" },
  ".cm-gutters": { backgroundColor: "var(--soft)", border: "none", color: "var(--muted)" },
  ".cm-activeLine": { backgroundColor: "var(--active-line)" },
  ".cm-activeLineGutter": { backgroundColor: "var(--active-line)", color: "var(--strong)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "var(--selection)",
  },
  ".cm-selectionMatch": { backgroundColor: "var(--match)" },
  ".cm-searchMatch": { backgroundColor: "var(--match)", outline: "1px solid var(--warning)" },
  "&.cm-focused .cm-matchingBracket": { backgroundColor: "var(--match)" },
  ".cm-foldGutter span": { color: "var(--muted)" },
  ".cm-foldPlaceholder": { backgroundColor: "var(--soft)", borderColor: "var(--line)", color: "var(--muted)" },
  ".cm-panels": { backgroundColor: "var(--soft)", color: "var(--text)", borderColor: "var(--line)" },
  ".cm-panel.cm-search": { padding: "8px 28px 8px 8px", fontFamily: "inherit" },
  ".cm-panel.cm-search label": { fontSize: "12px" },
  ".cm-textfield": { backgroundColor: "var(--panel)", borderColor: "var(--line-strong)", color: "var(--strong)", borderRadius: "4px" },
  ".cm-button": { backgroundImage: "none", backgroundColor: "var(--panel)", borderColor: "var(--line-strong)", color: "var(--strong)", borderRadius: "4px" },
  ".cm-tooltip": { backgroundColor: "var(--panel)", color: "var(--text)", border: "1px solid var(--line-strong)", borderRadius: "6px", boxShadow: "var(--shadow)", overflow: "hidden" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "var(--mono)", maxHeight: "16em" },
  ".cm-tooltip-autocomplete > ul > li": { padding: "3px 8px !important", display: "flex", gap: "8px", alignItems: "baseline" },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": { backgroundColor: "var(--accent) !important", color: "var(--on-accent) !important" },
  ".cm-completionDetail": { marginLeft: "auto", fontStyle: "normal", opacity: "0.75", maxWidth: "16em", overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap" },
  ".cm-completionIcon": { display: "none" },
  ".cm-tooltip.cm-completionInfo": { padding: "8px 10px", maxWidth: "320px", fontSize: "12px", whiteSpace: "normal" },
  ".cm-diagnostic": { padding: "6px 10px", borderLeftWidth: "3px", fontSize: "13px" },
  ".cm-diagnostic-error": { borderLeftColor: "var(--error)" },
  ".cm-diagnostic-warning": { borderLeftColor: "var(--warning)" },
  ".cm-diagnosticAction": { backgroundColor: "var(--accent)", color: "var(--on-accent)", borderRadius: "4px", padding: "2px 8px", margin: "0 0 0 8px", cursor: "pointer" },
  ".cm-lintRange-error": { backgroundImage: "none", textDecoration: "underline wavy var(--error)", textUnderlineOffset: "3px", textDecorationSkipInk: "none" },
  ".cm-lintRange-warning": { backgroundImage: "none", textDecoration: "underline wavy var(--warning)", textUnderlineOffset: "3px", textDecorationSkipInk: "none" },
  ".cm-lint-marker": { width: "14px", height: "14px" },
});

export const look = [frame, syntaxHighlighting(colours)];
