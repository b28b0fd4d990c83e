/* The live list: fetches its rows every 5 s while the tab is seen. A visit that goes on is renewed in
   place; new visits wait behind the button, so that nothing moves under the finger. */
(() => {
  "use strict";
  const place = document.querySelector("[data-live]");
  if (!place) return;
  const EVERY = 5000;
  const SAY_AT_MOST_EVERY = 30000;
  const button = document.getElementById("live-new");
  const stale = document.getElementById("live-stale");
  const status = document.getElementById("status");
  const clock = () => new Date().toLocaleTimeString(document.documentElement.dataset.locale, { timeZone: document.documentElement.dataset.zone || undefined });
  let tag = "";
  let waiting = null;
  let failed = 0;
  let said = 0;
  let updated = document.getElementById("live-updated").textContent;

  const rows = (root) => new Map([...root.querySelectorAll("[data-visit]")].map((row) => [row.id, row]));

  const renew = (page) => {
    const shown = rows(document);
    const found = rows(page);
    for (const [id, row] of shown) {
      const fresh = found.get(id);
      if (!fresh || row.contains(document.activeElement) || row.outerHTML === fresh.outerHTML) continue;
      row.replaceWith(document.importNode(fresh, true));
    }
    const news = [...found.keys()].filter((id) => !shown.has(id));
    const list = page.getElementById("live-rows");
    if (list) document.getElementById("live-here").textContent = list.dataset.here;
    waiting = news.length ? page : null;
    offer(news.length);
  };

  const offer = (count) => {
    button.hidden = !count;
    if (!count) return;
    button.textContent = count === 1 ? "Show 1 new visit" : `Show ${count} new visits`;
    if (Date.now() - said < SAY_AT_MOST_EVERY) return;
    said = Date.now();
    status.textContent = count === 1 ? "1 new visit" : `${count} new visits`;
  };

  button.addEventListener("click", () => {
    const shown = rows(document);
    const list = document.importNode(waiting.getElementById("live-rows"), true);
    for (const row of list.children) if (!shown.has(row.id)) row.classList.add("new");
    document.getElementById("live-rows").replaceWith(list);
    document.getElementById("live-empty")?.remove();
    button.hidden = true;
    waiting = null;
    status.textContent = "";
    (list.querySelector(".new a") || list.querySelector("a"))?.focus();
  });

  const ask = async () => {
    if (!document.hidden) {
      try {
        const headers = { "X-Fragment": "1", ...(tag && { "If-None-Match": tag }) };
        const answer = await fetch(place.dataset.live, { headers, cache: "no-store", signal: AbortSignal.timeout(10000) });
        if (answer.status === 401) { location.reload(); return; }
        if (!answer.ok && answer.status !== 304) throw new Error(String(answer.status));
        if (answer.status === 200) {
          tag = answer.headers.get("ETag") || "";
          renew(new DOMParser().parseFromString(await answer.text(), "text/html"));
        }
        failed = 0;
        stale.hidden = true;
        updated = clock();
        document.getElementById("live-updated").textContent = updated;
      } catch {
        failed += 1;
        stale.querySelector("span").textContent = `Not updated since ${updated}. Trying again.`;
        stale.hidden = false;
      }
    }
    setTimeout(ask, EVERY * Math.min(1 + failed, 6));
  };
  setTimeout(ask, EVERY);
})();
