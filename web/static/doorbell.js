/* Saves reloads; every page does its whole job without it.
   data-relative        on <time>: its text is renewed every 30 s
   data-poll="URL"      on an element with an id: replaced by the element of the same id in the answer;
                        data-every="5" seconds. The element [data-stale-for="ID"] is shown when that fails.
   data-say="text"      on an answer's element: read out by the status line when it changed
   data-stay="a b"      on a submit button: the form is posted and only #a and #b are replaced
   data-preview="ID"    on a form: while typing, the form is posted (do=check) and only #ID is replaced
   data-copy="ID"       on a button: copies the text of #ID
   data-show="ID"       on a button: shows what is typed in the password field #ID */
(() => {
  "use strict";
  const status = document.getElementById("status");
  const say = (text) => { if (status && status.textContent !== text) status.textContent = text; };

  // Relative times
  const locale = document.documentElement.dataset.locale || "en";
  const relative = new Intl.RelativeTimeFormat(locale, { style: "short", numeric: "always" });
  const renewTimes = (root = document) => {
    for (const time of root.querySelectorAll("time[data-relative]")) {
      const seconds = Math.round((Date.now() - Date.parse(time.dateTime)) / 1000);
      if (!(seconds >= 45 && seconds < 86400)) continue;
      const text = seconds < 3600 ? relative.format(-Math.max(1, Math.floor(seconds / 60)), "minute")
        : relative.format(-Math.floor(seconds / 3600), "hour");
      time.textContent = text.replace(".", "");
    }
  };
  setInterval(renewTimes, 30000);

  // Fragments
  const parse = (html) => new DOMParser().parseFromString(html, "text/html");
  const canReplace = (old) => {
    const held = document.activeElement;
    return !(old.contains(held) && held.matches("input:not([type=checkbox]):not([type=radio]), textarea, select"));
  };
  const replace = (id, page, { force = false } = {}) => {
    const old = document.getElementById(id);
    const found = page.getElementById(id);
    if (!old || !found || (!force && !canReplace(old))) return null;
    const focused = old.contains(document.activeElement) ? document.activeElement.id : "";
    const open = [...old.querySelectorAll("details[id][open]")].map((one) => one.id);
    const fresh = document.adoptNode(found);
    old.replaceWith(fresh);
    for (const one of open) document.getElementById(one)?.setAttribute("open", "");
    wire(fresh);
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
    return fresh;
  };

  const poll = (element) => {
    const id = element.id;
    const every = Number(element.dataset.every || 5) * 1000;
    const stale = document.querySelector(`[data-stale-for="${id}"]`);
    let tag = "";
    let fails = 0;
    const ask = async () => {
      const now = document.getElementById(id);
      if (!now || !now.dataset.poll) return;
      if (!document.hidden) {
        try {
          const headers = { "X-Fragment": "1", ...(tag && { "If-None-Match": tag }) };
          const answer = await fetch(now.dataset.poll, { headers, cache: "no-store", signal: AbortSignal.timeout(10000) });
          if (answer.status === 401) { location.reload(); return; }
          if (!answer.ok && answer.status !== 304) throw new Error(String(answer.status));
          fails = 0;
          if (stale) stale.hidden = true;
          if (answer.status === 200) {
            const before = now.dataset.say;
            const fresh = replace(id, parse(await answer.text()));
            if (fresh) tag = answer.headers.get("ETag") || "";
            if (fresh && fresh.dataset.say && fresh.dataset.say !== before) say(fresh.dataset.say);
          }
        } catch {
          fails += 1;
          if (stale) stale.hidden = false;
        }
      }
      setTimeout(ask, every * Math.min(1 + fails, 6));
    };
    setTimeout(ask, every);
  };

  // Forms that stay
  const late = new WeakMap();
  const post = async (form, data, ids) => {
    late.get(form)?.abort();
    const stop = new AbortController();
    late.set(form, stop);
    const slow = setTimeout(() => say("Checking"), 400);
    try {
      const answer = await fetch(form.action || location.href, {
        method: "POST", body: new URLSearchParams(data), headers: { "X-Fragment": "1" }, signal: stop.signal, cache: "no-store",
      });
      if (!answer.ok && answer.status !== 422) throw new Error(String(answer.status));
      const page = parse(await answer.text());
      if (stop.signal.aborted) return null;
      const next = page.querySelector("[autofocus]")?.id;
      const fresh = ids.map((id) => replace(id, page, { force: true })).filter(Boolean);
      say(fresh.map((one) => one.dataset.say).find(Boolean) || "");
      for (const id of ids) document.getElementById(id)?.classList.remove("waiting-answer");
      return { next };
    } catch (error) {
      if (error.name === "AbortError") return null;
      for (const id of ids) document.getElementById(id)?.classList.add("waiting-answer");
      say("Could not check this draft. Check again.");
      return { failed: true };
    } finally {
      clearTimeout(slow);
    }
  };
  const withButton = (form, button) => {
    const data = new FormData(form);
    if (button.name) data.append(button.name, button.value);
    return data;
  };
  document.addEventListener("submit", async (submitted) => {
    const button = submitted.submitter;
    const form = submitted.target;
    if (!button?.dataset.stay) return;
    submitted.preventDefault();
    const ids = button.dataset.stay.split(" ");
    const done = await post(form, withButton(form, button), ids);
    if (done?.failed) { HTMLFormElement.prototype.submit.call(carry(form, button)); return; }
    if (done?.next) document.getElementById(done.next)?.focus();
  });
  // The network failed once: send the form as if there were no script.
  const carry = (form, button) => {
    const hidden = Object.assign(document.createElement("input"), { type: "hidden", name: button.name, value: button.value });
    form.append(hidden);
    return form;
  };
  let typing = 0;
  document.addEventListener("input", (typed) => {
    const form = typed.target.form;
    if (!form?.dataset.preview) return;
    clearTimeout(typing);
    typing = setTimeout(() => {
      const data = new FormData(form);
      data.append("do", "check");
      post(form, data, form.dataset.preview.split(" "));
    }, 400);
  });
  document.addEventListener("change", (changed) => {
    const button = document.getElementById(changed.target.dataset?.refresh || "");
    if (!button) return;
    // A list is chosen from by typing too, and each letter is a change: wait for the last, or for the next Tab.
    clearTimeout(typing);
    const refresh = () => { clearTimeout(typing); changed.target.onblur = null; button.form.requestSubmit(button); };
    typing = setTimeout(refresh, 500);
    changed.target.onblur = refresh;
  });

  // Small helps
  document.addEventListener("click", async (clicked) => {
    const button = clicked.target.closest("[data-copy], [data-show]");
    if (!button) return;
    const target = document.getElementById(button.dataset.copy || button.dataset.show);
    if (button.dataset.show) {
      const shown = target.type === "text";
      target.type = shown ? "password" : "text";
      button.setAttribute("aria-pressed", String(!shown));
      return;
    }
    const text = "value" in target ? target.value : target.textContent;
    try {
      await navigator.clipboard.writeText(text);
      say("Copied");
    } catch {
      getSelection().selectAllChildren(target);
      say("Selected. Press Ctrl+C to copy.");
    }
  });

  const wire = (root) => {
    for (const button of root.querySelectorAll("[data-copy], [data-show]")) button.hidden = false;
    renewTimes(root);
  };
  wire(document);
  for (const element of document.querySelectorAll("[data-poll][id]")) poll(element);
  document.querySelector(".summary[autofocus]")?.focus();
})();
