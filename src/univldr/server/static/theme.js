// Runs before the first paint, so that a remembered choice never flashes. No module: those come too late.
"use strict";
try {
  const chosen = localStorage.getItem("univldr-theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch {
  // Storage may be blocked; then the system's choice counts.
}
