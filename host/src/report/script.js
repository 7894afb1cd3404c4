"use strict";
// The filter: chosen severities and detectors, also as `#severity=high,critical&detector=lockout`.
// Without it the page is complete.
(() => {
  const form = document.getElementById("filter");
  const names = ["severity", "detector"];
  const items = [...document.querySelectorAll(".story, .lane")];
  const stories = items.filter((item) => item.matches(".story"));
  const groups = [...document.querySelectorAll(".group")];

  const boxes = (name) => (form ? [...form.querySelectorAll(`input[name=${name}]`)] : []);
  const chosen = (name) => boxes(name).filter((box) => box.checked).map((box) => box.value);

  // Nothing chosen means everything.
  const apply = () => {
    const wanted = names.map((name) => [name, chosen(name)]);
    const fits = (item) => wanted.every(([name, values]) => values.length === 0 || values.includes(item.dataset[name]));
    for (const item of items) item.classList.toggle("out", !fits(item));
    const isFiltered = wanted.some(([, values]) => values.length > 0);
    for (const group of groups) {
      group.classList.toggle("out", isFiltered && !group.querySelector(".story:not(.out)"));
      if (isFiltered && group.matches("details")) group.open = true;
    }
    const left = stories.filter((story) => !story.classList.contains("out")).length;
    if (form) document.getElementById("told").textContent = `${left} of ${stories.length} alerts are shown`;
  };

  const choose = (params) => {
    for (const name of names) {
      const values = (params.get(name) || "").split(",");
      for (const box of boxes(name)) box.checked = values.includes(box.value);
    }
    apply();
  };

  const remember = () => {
    const parts = names.map((name) => [name, chosen(name)]).filter(([, values]) => values.length > 0);
    const said = parts.map(([name, values]) => `${name}=${values.map(encodeURIComponent).join(",")}`).join("&");
    history.replaceState(null, "", said ? `#${said}` : location.pathname + location.search);
  };

  // A lane leads to its story, also where that is filtered out or folded away.
  const follow = () => {
    const fragment = location.hash.slice(1);
    if (fragment.includes("=")) return choose(new URLSearchParams(fragment));
    const target = fragment && document.getElementById(fragment);
    if (!target) return;
    if (target.matches(".out")) choose(new URLSearchParams());
    const folded = target.closest("details");
    if (folded) folded.open = true;
    target.scrollIntoView();
  };

  if (form) {
    form.hidden = false;
    form.addEventListener("change", () => { apply(); remember(); });
    form.addEventListener("submit", (event) => event.preventDefault());
  }
  window.addEventListener("hashchange", follow);
  apply();
  follow();
})();
