/** Two mails beside each other as their readers see them, scaled to the room there is. */
import { fill, h } from "./dom.js";

const WIDTH = 640;
const HEIGHT = 900;
// The frames may do nothing anyway; this keeps what they show from asking other hosts for images.
const POLICY = `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">`;

/** Shows two mails' HTML; returns what to destroy before showing something else. */
export function seen(parent, { before, after }) {
  const mail = (title, html) => {
    const frame = h("iframe", { sandbox: "", title, srcdoc: POLICY + html });
    return h("figure", {}, h("figcaption", {}, title), h("div", { class: "studio-seen-mail" }, frame));
  };
  const pair = h("div", { class: "studio-seen" }, mail("Live", before), mail("With this draft", after));
  fill(parent, pair);
  const fit = new ResizeObserver(() => {
    for (const frame of pair.querySelectorAll("iframe")) {
      const scale = Math.min(1, frame.parentElement.clientWidth / WIDTH) || 1;
      Object.assign(frame.style, { width: `${WIDTH}px`, height: `${HEIGHT}px`, transform: `scale(${scale})` });
      frame.parentElement.style.height = `${HEIGHT * scale}px`;
    }
  });
  fit.observe(pair);
  return {
    destroy: () => {
      fit.disconnect();
      parent.replaceChildren();
    },
  };
}
