/**
 * The mail beside its template. It never blanks: what could be rendered last stays until something
 * newer can be, and a line above it says why it is old.
 *
 * Frames are sandboxed without any permission, and the server puts a policy before the mail that lets
 * nothing be loaded from outside. Two frames take turns, so that nothing flickers; they are as high as
 * the mail may become, and what scrolls is the pane, so that a new rendering stays where the old one was.
 */
import { fill, h } from "./dom.js";

const WIDTHS = { desktop: null, phone: 375 };
const LINE_HEIGHT = { desktop: 40, phone: 48 };
const LEAST_HEIGHT = 480;
const CLIPPED_AT = 102 * 1024;

export class Preview {
  /**
   * @param {object} elements pane, frames (two), text, from, subject, preheader, stale, size, views, dark
   * @param {(error: object) => void} goTo puts the cursor at an error's line
   * @param {(template: string) => string} nameOf what a file is called
   */
  constructor(elements, { goTo, nameOf }) {
    this.elements = elements;
    this.goTo = goTo;
    this.nameOf = nameOf;
    this.view = "desktop";
    this.isDark = false;
    this.last = null;
    this.turn = 0;
    for (const one of elements.views) {
      one.addEventListener("click", () => this.choose(one.dataset.view));
    }
    elements.dark.addEventListener("click", () => this.darken(!this.isDark));
  }

  /** Shows an answer of the server's: a mail, or why there is none. */
  show(answer) {
    this.elements.pane.removeAttribute("aria-busy");
    if (!answer.ok) {
      this.#markStale(answer.error);
      return;
    }
    this.last = answer;
    this.elements.stale.hidden = true;
    this.elements.pane.dataset.stale = "false";
    this.elements.from.textContent = answer.from;
    this.elements.subject.textContent = answer.subject;
    this.elements.preheader.textContent = answer.preheader;
    const kilobytes = (answer.html_bytes / 1024).toFixed(1);
    const clipped = answer.html_bytes > CLIPPED_AT ? ": Gmail cuts it off at 102 KB" : "";
    const blocked = answer.blocked ? ` · ${answer.blocked} from other servers not loaded here` : "";
    this.elements.size.textContent = `HTML ${kilobytes} KB${clipped}${blocked}`;
    this.#draw();
  }

  /** Says that the server could not be asked; what is shown stays. */
  unavailable(reason) {
    this.elements.pane.removeAttribute("aria-busy");
    fill(this.elements.stale, h("span", {}, `${reason} The preview shows an older text.`));
    this.#old();
  }

  choose(view) {
    this.view = view;
    this.#draw();
  }

  darken(isDark) {
    this.isDark = isDark;
    this.#draw();
  }

  #markStale(error) {
    const place = error.template ? [this.nameOf(error.template), error.line && `line ${error.line}`] : [];
    fill(
      this.elements.stale,
      h("span", {},
        h("strong", {}, this.last ? "The preview shows the last text that worked. " : "There is no preview yet. "),
        error.message.charAt(0).toUpperCase() + error.message.slice(1)),
      error.line
        ? h("button", { type: "button", class: "studio-link", on: { click: () => this.goTo(error) } },
            place.filter(Boolean).join(", "))
        : null,
    );
    this.#old();
  }

  #old() {
    this.elements.stale.hidden = false;
    this.elements.pane.dataset.stale = String(Boolean(this.last));
  }

  #draw() {
    const { pane, text, views, dark } = this.elements;
    for (const one of views) one.setAttribute("aria-pressed", String(one.dataset.view === this.view));
    dark.setAttribute("aria-pressed", String(this.isDark));
    dark.disabled = this.view === "text";
    pane.dataset.view = this.view;
    pane.dataset.dark = String(this.isDark);
    text.hidden = this.view !== "text";
    if (!this.last) return;
    text.textContent = this.last.text;
    if (this.view !== "text") this.#load(scheme(this.last.document, this.isDark));
    else for (const frame of this.elements.frames) frame.hidden = true;
  }

  #load(source) {
    const { frames } = this.elements;
    this.turn += 1;
    const turn = this.turn;
    const [next, before] = [frames[turn % 2], frames[(turn + 1) % 2]];
    const width = WIDTHS[this.view];
    next.style.width = width ? `${width}px` : "100%";
    next.style.height = `${this.#height()}px`;
    next.style.colorScheme = this.isDark ? "dark" : "light";
    next.addEventListener("load", () => {
      if (turn !== this.turn || this.view === "text") return;
      next.hidden = false;
      next.dataset.current = "true";
      before.hidden = true;
      before.dataset.current = "false";
    }, { once: true });
    next.hidden = false; // a hidden frame loads nothing; it lies behind the other until then
    next.dataset.current = "false";
    next.srcdoc = source;
  }

  /** A sandboxed frame does not say how high its mail is; its text tells it roughly. */
  #height() {
    const lines = this.last.text.split("\n").filter((line) => line.trim()).length;
    return Math.max(LEAST_HEIGHT, 420 + lines * LINE_HEIGHT[this.view]);
  }
}

/**
 * Returns a mail's HTML as a reader with dark or light colours sees it, whatever the editor's own
 * system prefers: the media queries that ask for a scheme are answered beforehand.
 */
export function scheme(source, isDark) {
  const [wanted, other] = isDark ? ["dark", "light"] : ["light", "dark"];
  const asks = (name) => new RegExp(`\\(\\s*prefers-color-scheme\\s*:\\s*${name}\\s*\\)`, "gi");
  return source
    .replace(asks(wanted), "(min-width: 0px)")
    .replace(asks(other), "(max-width: 0px)")
    .replace(/(<meta\b[^>]*\bname="(?:supported-)?color-schemes?"[^>]*\bcontent=")[^"]*"/gi, `$1${wanted}"`);
}
