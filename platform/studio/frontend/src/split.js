/** The bar between editor and preview: drag it, or move it with the arrow keys. It is remembered. */
const NAME = "postroom-studio-split";
const [LEAST, MOST, USUAL, STEP] = [25, 80, 55, 2];

export function makeSplit(workspace, bar) {
  const set = (percent) => {
    const share = Math.min(MOST, Math.max(LEAST, percent));
    workspace.style.setProperty("--editor-share", `${share}%`);
    bar.setAttribute("aria-valuenow", String(Math.round(share)));
    try {
      localStorage.setItem(NAME, String(share));
    } catch {
      // It is then for this visit only.
    }
  };
  const present = () => Number(bar.getAttribute("aria-valuenow"));
  let stored = null;
  try {
    stored = Number(localStorage.getItem(NAME)) || null;
  } catch {
    // No storage, no memory.
  }
  set(stored ?? USUAL);
  bar.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    bar.setPointerCapture(event.pointerId);
    workspace.dataset.dragging = "true"; // frames would swallow the pointer
  });
  bar.addEventListener("pointermove", (event) => {
    if (!bar.hasPointerCapture(event.pointerId)) return;
    const { left, width } = workspace.getBoundingClientRect();
    set(((event.clientX - left) / width) * 100);
  });
  const end = () => delete workspace.dataset.dragging;
  bar.addEventListener("pointerup", end);
  bar.addEventListener("pointercancel", end);
  bar.addEventListener("dblclick", () => set(USUAL));
  bar.addEventListener("keydown", (event) => {
    const moves = { ArrowLeft: -STEP, ArrowRight: STEP, Home: LEAST - present(), End: MOST - present() };
    if (!(event.key in moves)) return;
    event.preventDefault();
    set(present() + moves[event.key]);
  });
}
