/** The languages of an event's mail: which there are, which are missing, and how one is begun. */
import { openDialog, say } from "./dialogs.js";
import { button, fill, h } from "./dom.js";

const STATES = { missing: "not translated", file: "from files", published: "published" };

/** Shows a document's languages as links. */
export function showLocales(nav, { key, locales, can }, { address, names, mayEdit }) {
  nav.hidden = locales.length === 0;
  const isNew = locales.length > 0 && !locales.some((one) => one.key === key);
  const here = { key, locale: key.split("/")[1], state: "missing", draft: false };
  fill(nav, [...locales, ...(isNew ? [here] : [])].map((one) => {
    const isHere = one.key === key;
    const name = names[one.locale] || one.locale;
    return h("a", {
      class: `studio-locale ${one.state}`, href: address(one.key), "aria-current": isHere ? "page" : null,
      title: `${name}: ${STATES[one.state]}${one.draft ? ", with a draft" : ""}`,
    },
    name,
    one.state === "missing" ? h("span", { class: "studio-badge missing" }, "Missing") : null,
    one.draft ? h("span", { class: "studio-dot", role: "img", "aria-label": "draft" }) : null);
  }), mayEdit && can.edit && !key.startsWith("_")
    ? button("", { symbol: "add", kind: "bare", title: "Another language", "aria-label": "Another language", on: () => another(key, address) })
    : null);
}

function another(key, address) {
  const event = key.split("/")[0];
  const input = h("input", { id: "studio-new-locale", placeholder: "fr, pt-BR, zh-Hant", autocomplete: "off", autocapitalize: "off" });
  const go = () => {
    let code = "";
    try {
      [code] = Intl.getCanonicalLocales(input.value.trim());
    } catch {
      // Said below: not every text is a language.
    }
    if (!code) {
      input.setAttribute("aria-invalid", "true");
      input.focus();
      return;
    }
    window.location.assign(address(`${event}/${code}`));
  };
  const dialog = openDialog({
    title: "Begin a translation",
    body: [h("label", { class: "studio-field", for: "studio-new-locale" }, h("span", {}, "The language's code"), input)],
    actions: [button("Cancel", { on: () => dialog.close() }), button("Begin", { kind: "primary", on: go })],
  });
  input.addEventListener("keydown", (event_) => event_.key === "Enter" && go());
  input.focus();
}

/** Puts another language's texts into the editor of one that is missing, to be translated. */
export function startFromAnother(studio) {
  const { document: here, api } = studio;
  const written = here.locales.filter((one) => one.state !== "missing");
  const take = async (other) => {
    dialog.close();
    try {
      const { parts } = await api.get("document/", { key: other.key });
      const texts = here.parts.map((part, index) => [part.name, parts[index]?.text ?? ""]);
      studio.replace(Object.fromEntries(texts));
      say(`The texts of ${other.locale} are in the editor.`);
    } catch (error) {
      say(`Not taken: ${error.message}`, { kind: "error" });
    }
  };
  const dialog = openDialog({
    title: "Start the translation from",
    body: [h("div", { class: "studio-choices" }, written.map((one) => button(one.locale, { on: () => take(one) })))],
  });
}
