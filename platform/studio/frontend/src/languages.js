/** What the parts of a mail are written in: Jinja with HTML or plain text around it, or TOML. */
import { html, htmlCompletionSource } from "@codemirror/lang-html";
import { jinja } from "@codemirror/lang-jinja";
import { LanguageSupport, StreamLanguage } from "@codemirror/language";
import { toml } from "@codemirror/legacy-modes/mode/toml";
import { codeBefore } from "./completion.js";

const plain = StreamLanguage.define({
  name: "plain",
  token(stream) {
    stream.skipToEnd();
    return null;
  },
});

/** Returns the language of a part: "html", "text" or "toml". */
export function languageOf(kind) {
  if (kind === "toml") return StreamLanguage.define(toml);
  // Without closing tags by itself: whoever types the closing tag would have it twice.
  return jinja({ base: kind === "html" ? html({ autoCloseTags: false }) : new LanguageSupport(plain) });
}

/** Completes HTML where it is not Jinja. */
export function outsideOfJinja(context) {
  return codeBefore(context.state.sliceDoc(0, context.pos)) ? null : htmlCompletionSource(context);
}
