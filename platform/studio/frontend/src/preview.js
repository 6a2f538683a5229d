/**
 * The mail beside its template. It never blanks: what could be rendered last stays until something
 * newer can be, and a line above it says why it is old.
 *
 * Frames are sandboxed without any permission, and the server puts a policy before the mail that lets
 * nothing be loaded from outside. Two frames take turns, so that nothing flickers; they are as high as
 * the mail may become, and what scrolls is the pane, so that a new rendering stays where the old one was.
 */
import { fill, h } from "./dom.js";

const PHONE = 375;
const DESKTOP = 680; // narrower panes show it smaller: a mail's layout follows its width
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
    this.view = window.matchMedia("(max-width: 600px)").matches ? "phone" : "desktop";
    this.isDark = false;
    this.last = null;
    this.turn = 0;
    for (const one of elements.views) {
      one.addEventListener("click", () => this.choose(one.dataset.view));
    }
    elements.dark.addEventListener("click", () => this.darken(!this.isDark));
    new ResizeObserver(() => {
      if (this.last) for (const frame of elements.frames) this.#size(frame);
    }).observe(elements.pane);
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
    for (const frame of this.elements.frames) {
      frame.hidden = this.view === "text" || frame.dataset.current !== "true";
    }
    if (this.view !== "text") this.#load(scheme(this.last.document, this.isDark));
  }

  /** Loads the frame behind the one that is seen, and brings it forward once it is there. */
  #load(source) {
    const { frames } = this.elements;
    const seen = frames.find((frame) => frame.dataset.current === "true");
    const next = frames.find((frame) => frame !== seen);
    this.turn += 1;
    const turn = this.turn;
    next.hidden = false;
    next.style.colorScheme = this.isDark ? "dark" : "light";
    this.#size(next);
    next.addEventListener("load", () => {
      if (turn !== this.turn || this.view === "text") return;
      next.dataset.current = "true";
      if (seen) seen.dataset.current = "false";
      if (seen) seen.hidden = true;
    }, { once: true });
    next.srcdoc = source;
  }

  /** Makes a frame as wide as the view says, and small enough for the pane. */
  #size(frame) {
    const room = this.elements.pane.clientWidth;
    const width = this.view === "phone" ? PHONE : Math.max(DESKTOP, room);
    const scale = Math.min(1, room / width) || 1;
    frame.style.width = `${width}px`;
    frame.style.height = `${this.#height()}px`;
    frame.style.transform = scale < 1 ? `scale(${scale})` : "";
    frame.style.marginLeft = `${Math.max(0, (room - width * scale) / 2)}px`;
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
