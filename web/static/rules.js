/* The rule form: a box that narrows long lists of choices. Its fragments are doorbell.js' work. */
(() => {
  "use strict";
  const show = () => {
    for (const box of document.querySelectorAll(".choice-filter")) box.hidden = false;
  };
  document.addEventListener("input", (typed) => {
    const box = typed.target.closest?.(".choice-filter");
    if (!box) return;
    const wanted = box.value.trim().toLowerCase();
    for (const label of document.querySelectorAll(`#${CSS.escape(box.dataset.filter)} .choice-list label`)) {
      const chosen = label.querySelector("input").checked;
      label.hidden = !chosen && !label.textContent.toLowerCase().includes(wanted);
    }
  });
  // The script of all pages replaces #conditions; a fresh box must be seen as well.
  new MutationObserver(show).observe(document.getElementById("rule-form"), { childList: true, subtree: true });
  show();
})();
