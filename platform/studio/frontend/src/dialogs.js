/** Dialogs: the browser's own, which keep the focus and close with Escape. */
import { button, h } from "./dom.js";

/**
 * Opens a dialog.
 * @param {object} options
 * @param {string} options.title
 * @param {(Node|string)[]} options.body
 * @param {Node[]} [options.actions] buttons, the one that does it last
 * @param {"" | "roomy" | "wide"} [options.size]
 * @param {() => void} [options.onClose]
 * @returns {{element: HTMLDialogElement, body: Element, foot: Element, close: () => void}}
 */
export function openDialog({ title, body, actions = [], size = "", onClose }) {
  const before = document.activeElement;
  const content = h("div", { class: "studio-dialog-body" }, body);
  const foot = h("div", { class: "studio-dialog-foot", hidden: actions.length === 0 }, actions);
  const element = h("dialog", { class: `studio-dialog ${size}`.trim(), "aria-label": title },
    h("div", { class: "studio-dialog-head" },
      h("h2", {}, title),
      button("", { symbol: "close", kind: "bare", title: "Close", "aria-label": "Close", on: () => element.close() })),
    content,
    foot);
  element.addEventListener("close", () => {
    element.remove();
    onClose?.();
    before?.focus?.();
  });
  document.querySelector(".studio").append(element);
  element.showModal();
  return { element, body: content, foot, close: () => element.close() };
}

/** Asks a question; resolves to a text (that of the field, or "") or to null. */
export function ask({ title, text, field, confirm, danger = false, required = false }) {
  return new Promise((resolve) => {
    let answer = null;
    const input = field ? h("textarea", { rows: "2", id: "studio-answer", required }) : null;
    const doIt = button(confirm, {
      kind: danger ? "danger" : "primary",
      on: () => {
        if (required && !input.value.trim()) {
          input.focus();
          input.setAttribute("aria-invalid", "true");
          return;
        }
        answer = input ? input.value.trim() : "";
        dialog.close();
      },
    });
    const dialog = openDialog({
      title,
      body: [
        h("p", {}, text),
        input ? h("label", { class: "studio-field", for: "studio-answer" }, h("span", {}, field), input) : null,
      ],
      actions: [button("Cancel", { on: () => dialog.close() }), doIt],
      onClose: () => resolve(answer),
    });
    (input ?? doIt).focus();
  });
}

/** Says something for a while, in a corner and to screen readers; returns what takes it back. */
export function say(text, { kind = "info" } = {}) {
  const region = document.querySelector("[data-studio=notices]");
  const notice = h("div", { class: `studio-notice ${kind}` },
    h("span", {}, text),
    button("", { symbol: "close", kind: "bare", "aria-label": "Dismiss", on: () => notice.remove() }));
  region.querySelectorAll(".studio-notice:not(.error)").forEach((older) => older.remove());
  region.hidePopover?.();
  region.showPopover?.(); // again on top, above a dialog that was opened since
  region.append(notice);
  if (kind !== "error") setTimeout(() => notice.remove(), 8000);
  return () => notice.remove();
}
