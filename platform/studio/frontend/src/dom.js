/** Makes elements. Texts become text nodes, never markup: names and mails come from outside. */

/**
 * Returns an element.
 * @param {string} tag
 * @param {object} props attributes; `class`, `on` ({event: listener}), `dataset`, and properties
 *   such as `hidden` or `value` that have to be set as such. null and undefined are left out.
 * @param {...(Node|string|null|false)} children
 */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined) continue;
    if (name === "on") {
      for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    } else if (name === "dataset") {
      Object.assign(element.dataset, value);
    } else if (["hidden", "disabled", "checked", "value", "readOnly", "required"].includes(name)) {
      element[name] = value;
    } else {
      element.setAttribute(name, value);
    }
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Returns a symbol of the admin's icon font, silent for screen readers. */
export function icon(name) {
  return h("span", { class: "material-symbols-outlined studio-icon", "aria-hidden": "true" }, name);
}

/** Returns a button with a text, an optional icon and a listener. */
export function button(label, { symbol, kind = "", on, title, disabled = false, ...rest } = {}) {
  return h(
    "button",
    { type: "button", class: `studio-button ${kind}`.trim(), title, disabled, on: on ? { click: on } : undefined, ...rest },
    symbol ? icon(symbol) : null,
    label ? h("span", { class: "studio-button-label" }, label) : null,
  );
}

/** Replaces an element's children. */
export function fill(element, ...children) {
  element.replaceChildren(
    ...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false),
  );
}

const TIME = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const DAY_AND_TIME = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/** Returns a time of today, or a day and time. */
export function moment(iso) {
  const date = new Date(iso);
  const isToday = date.toDateString() === new Date().toDateString();
  return (isToday ? TIME : DAY_AND_TIME).format(date);
}

/** Returns "1 line", "3 lines". */
export function counted(number, noun) {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

/** Returns a function that calls `run` once its calls have paused for `delay` milliseconds. */
export function debounced(run, delay) {
  let timer = null;
  const call = (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      timer = null;
      run(...args);
    }, delay);
  };
  call.cancel = () => {
    clearTimeout(timer);
    timer = null;
  };
  call.isWaiting = () => timer !== null;
  return call;
}
