"use strict";
(() => {
  const at = (id) => document.getElementById(id);

  // Light or dark: the system's choice first; a press is remembered as long as the page is open.
  const theme = at("theme");
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (document.documentElement.dataset.theme ?? (dark.matches ? "dark" : "light")) === "dark";
  const nameTheme = () => { theme.textContent = isDark() ? "Light colours" : "Dark colours"; };
  theme.hidden = false;
  theme.addEventListener("click", () => {
    document.documentElement.dataset.theme = isDark() ? "light" : "dark";
    nameTheme();
  });
  dark.addEventListener("change", nameTheme);
  nameTheme();

  // The contents show where the reader is.
  const links = [...document.querySelectorAll(".side a")];
  if ("IntersectionObserver" in window) {
    const seen = new Map();
    const watch = new IntersectionObserver((entries) => {
      for (const entry of entries) seen.set(entry.target.id, entry.isIntersecting);
      const first = links.find((link) => seen.get(link.hash.slice(1)));
      if (first) for (const link of links) {
        if (link === first) link.setAttribute("aria-current", "true");
        else link.removeAttribute("aria-current");
      }
    }, { rootMargin: "-10% 0px -60% 0px" });
    document.querySelectorAll("main > section").forEach((section) => watch.observe(section));
  }

  // A link into a closed part opens it; paper shows everything.
  let closed = [];
  window.addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("main details:not([open])")];
    closed.forEach((part) => { part.open = true; });
  });
  window.addEventListener("afterprint", () => closed.forEach((part) => { part.open = false; }));

  // Only a box that scrolls is a stop of the tab key.
  if ("ResizeObserver" in window) {
    const sizes = new ResizeObserver((entries) => entries.forEach(({ target }) => {
      target.tabIndex = target.scrollWidth > target.clientWidth ? 0 : -1;
    }));
    document.querySelectorAll(".scroll, .plate").forEach((box) => sizes.observe(box));
  }
})();
