// Keeps the overview fresh: asks for its blocks, and replaces those that have changed. A block that
// has not is left alone, with whatever a person has focused, opened or selected in it.
(() => {
  "use strict";
  const root = document.getElementById("overview");
  if (!root) return;
  const every = Number(root.dataset.every);
  const words = root.querySelector("[data-freshness]");
  let span = root.dataset.span;
  let freshAt = Date.now();
  let failures = 0;
  let timer = 0;
  let asked = null;

  const openOnes = (block) => [...block.querySelectorAll("details[open][id]")].map((one) => one.id);

  // What the server sent last, by block: the page's own markup changes while people use it.
  const sent = new Map();
  for (const block of root.querySelectorAll("[data-block]")) sent.set(block.id, null);

  function replace(html) {
    const fresh = new DOMParser().parseFromString(html, "text/html");
    for (const block of fresh.querySelectorAll("[data-block]")) {
      const current = document.getElementById(block.id);
      const markup = block.innerHTML;
      if (!current || sent.get(block.id) === markup) continue;
      sent.set(block.id, markup);
      if (current.contains(document.activeElement) && current.innerHTML === markup) continue;
      const opened = openOnes(current);
      const focused = current.contains(document.activeElement) ? path(document.activeElement, current) : null;
      current.innerHTML = markup;
      for (const id of opened) document.getElementById(id)?.setAttribute("open", "");
      if (focused) current.querySelector(focused)?.focus({ preventScroll: true });
    }
  }

  function path(element, within) {
    const steps = [];
    for (let at = element; at !== within; at = at.parentElement) {
      steps.unshift(`:nth-child(${[...at.parentElement.children].indexOf(at) + 1})`);
    }
    return `:scope > ${steps.join(" > ")}`;
  }

  function tell() {
    const age = Math.round((Date.now() - freshAt) / 1000);
    const lost = failures > 1;
    root.classList.toggle("is-lost", lost);
    root.classList.toggle("is-paused", document.hidden);
    const text = document.hidden ? root.dataset.paused
      : lost ? root.dataset.lost : age < 2 ? root.dataset.updated : root.dataset.ago;
    words.textContent = text.replace("%s", age);
  }

  async function refresh() {
    clearTimeout(timer);
    asked?.abort();
    const mine = (asked = new AbortController());
    try {
      const signal = AbortSignal.any ? AbortSignal.any([mine.signal, AbortSignal.timeout(15000)]) : mine.signal;
      const url = `${root.dataset.refreshUrl}?span=${encodeURIComponent(span)}`;
      const answer = await fetch(url, { signal, headers: { "X-Requested-With": "fetch" } });
      if (answer.redirected || answer.status === 403) return location.reload(); // signed out
      if (!answer.ok) throw new Error(String(answer.status));
      replace(await answer.text());
      freshAt = Date.now();
      failures = 0;
    } catch {
      if (mine !== asked) return; // a newer question has taken its place
      failures += 1;
    }
    tell();
    schedule();
  }

  function schedule() {
    clearTimeout(timer);
    // A server that is down is asked ever more rarely, so that it is not met by a crowd.
    if (!document.hidden) timer = setTimeout(refresh, Math.min(every * 2 ** failures, 60000));
  }

  document.addEventListener("visibilitychange", () => {
    tell();
    if (document.hidden) clearTimeout(timer);
    else refresh();
  });

  root.addEventListener("click", (event) => {
    const link = event.target.closest("[data-span-link]");
    if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    span = link.dataset.spanLink;
    history.replaceState(null, "", link.href);
    refresh();
  });

  // --- what a bar stands for

  const tip = document.createElement("div");
  tip.className = "overview-tip";
  tip.hidden = true;

  root.addEventListener("pointerover", (event) => {
    const step = event.target.closest("[data-tip]");
    const chart = step?.closest("[data-chart]");
    if (!chart) { tip.hidden = true; return; }
    tip.textContent = step.dataset.tip;
    chart.append(tip);
    tip.hidden = false;
    const area = chart.getBoundingClientRect();
    const bar = step.getBoundingClientRect();
    const left = bar.left - area.left + bar.width / 2 - tip.offsetWidth / 2;
    tip.style.left = `${Math.max(0, Math.min(left, area.width - tip.offsetWidth))}px`;
    tip.style.top = `${-tip.offsetHeight + 8}px`;
  });
  root.addEventListener("pointerleave", () => { tip.hidden = true; });

  setInterval(tell, 1000);
  schedule();
})();
