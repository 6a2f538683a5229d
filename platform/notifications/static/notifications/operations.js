/* Counts down to the next attempts, and keeps the changing part of a page up to date.

   <time data-countdown datetime="…">     is given what is left until then, every second
   <div data-live="address"> … </div>      asks there for a newer version of what it holds; inside,
       data-digest   says which version is shown (204: it is still the newest)
       data-every    says how many milliseconds to wait between two looks
   <template data-into="id">              goes into that element, elsewhere on the page
   <details data-keep="name">              stays open when its part is replaced

   Nothing is asked while the page is hidden. */
"use strict";
(() => {
  const FAILED = 15000;

  const left = (seconds) => {
    const pad = (number) => String(number).padStart(2, "0");
    const days = Math.floor(seconds / 86400);
    const hours = Math.floor((seconds % 86400) / 3600);
    const minutes = Math.floor((seconds % 3600) / 60);
    const clock = `${pad(minutes)}:${pad(Math.floor(seconds % 60))}`;
    if (days) return `${days} d ${pad(hours)}:${clock}`;
    return hours ? `${hours}:${clock}` : clock;
  };

  const countDown = () => {
    for (const time of document.querySelectorAll("time[data-countdown]")) {
      const seconds = (Date.parse(time.dateTime) - Date.now()) / 1000;
      time.title ||= new Date(time.dateTime).toLocaleString();
      time.textContent = seconds > 0 ? left(Math.ceil(seconds)) : "00:00";
      time.classList.toggle("is-due", seconds <= 0);
    }
  };

  const replace = (place, html) => {
    const open = [...place.querySelectorAll("details[data-keep][open]")].map((one) => one.dataset.keep);
    const focused = place.contains(document.activeElement) ? document.activeElement.id : "";
    place.innerHTML = html;
    for (const one of place.querySelectorAll("details[data-keep]")) one.open = open.includes(one.dataset.keep);
    if (focused) document.getElementById(focused)?.focus();
    for (const part of place.querySelectorAll("template[data-into]")) {
      document.getElementById(part.dataset.into)?.replaceChildren(part.content.cloneNode(true));
    }
    window.htmx?.process(place);
    countDown();
  };

  const look = async (place) => {
    const shown = place.querySelector("[data-digest]");
    let wait = Number(shown?.dataset.every || FAILED);
    if (!document.hidden) {
      try {
        const address = `${place.dataset.live}?seen=${shown?.dataset.digest || ""}`;
        const answer = await fetch(address, { credentials: "same-origin", redirect: "error" });
        if (answer.status === 200) replace(place, await answer.text());
        // Signed out, or gone: the page stays as it is, and asks no more.
        if (answer.status >= 400 && answer.status < 500) return;
        wait = Number(place.querySelector("[data-digest]")?.dataset.every || wait);
      } catch {
        wait = FAILED;
      }
    }
    setTimeout(look, wait, place);
  };

  // unfold's rows open by a click only; here also by a key.
  const openRowsByKey = () => {
    for (const cell of document.querySelectorAll("#result_list td.cursor-pointer[x-on\\:click]")) {
      cell.tabIndex = 0;
      cell.setAttribute("role", "button");
      cell.setAttribute("aria-label", cell.dataset.label || "");
      cell.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        cell.click();
      });
    }
  };

  const begin = () => {
    countDown();
    openRowsByKey();
    setInterval(countDown, 1000);
    for (const place of document.querySelectorAll("[data-live]")) {
      setTimeout(look, Number(place.querySelector("[data-digest]")?.dataset.every || FAILED), place);
    }
  };
  document.readyState === "loading" ? document.addEventListener("DOMContentLoaded", begin) : begin();
})();
