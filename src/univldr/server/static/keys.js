// Keys that work wherever one is; those of the grid and of an open hit are with them.

import { $ } from "./dom.js";
import { showHelp, singleKeys } from "./dialogs.js";

const isTyping = (node) =>
  node.matches?.("input:not([type=radio]):not([type=checkbox]), textarea, select, [contenteditable]");

/** `on`: { like() } for the hit that is open or has the focus. */
export function listenToKeys(on) {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey || event.isComposing) return;
    if (isTyping(event.target) || !singleKeys()) return;
    const inDialog = document.querySelector("dialog[open]");
    if (event.key === "/" && !inDialog) {
      event.preventDefault();
      $("query").focus();
      $("query").select();
    } else if (event.key === "?" && !inDialog) {
      event.preventDefault();
      showHelp();
    } else if (event.key.toLowerCase() === "m" && (!inDialog || inDialog.id === "view")) {
      on.like();
    }
  });
}
