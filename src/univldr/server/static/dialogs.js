// The small dialogs: keys and tips, and signing in; the colours' switch.

import { call } from "./api.js";
import { $, announce, remember, remembered } from "./dom.js";

const dark = matchMedia("(prefers-color-scheme: dark)");

const isDark = () => (document.documentElement.dataset.theme ?? (dark.matches ? "dark" : "light")) === "dark";

/** One button turns the colours; chosen as the system has them, it follows the system again. */
export function listenToTheme() {
  const node = $("theme");
  const show = () => node.setAttribute("aria-pressed", String(isDark()));
  node.addEventListener("click", () => {
    const chosen = isDark() ? "light" : "dark";
    if ((chosen === "dark") === dark.matches) delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = chosen;
    remember("theme", document.documentElement.dataset.theme ?? null);
    show();
  });
  dark.addEventListener("change", show);
  show();
}

export const singleKeys = () => remembered("keys") !== "off";

export function listenToHelp() {
  $("single-keys").checked = singleKeys();
  $("single-keys").addEventListener("change", (event) =>
    remember("keys", event.target.checked ? null : "off"),
  );
  $("help").addEventListener("click", showHelp);
  $("sign-out").addEventListener("click", async () => {
    await call("/v1/session", { method: "DELETE" }).catch(() => {});
    remember("signed-in", null);
    location.assign("/");
  });
}

export function showHelp() {
  $("sign-out").hidden = remembered("signed-in") === null;
  if (!$("keys").open) $("keys").showModal();
}

/** Ask for the key until it is right, then `done()`. */
export function signIn(done) {
  const dialog = $("sign-in");
  if (dialog.open) return;
  $("key").value = "";
  $("key-error").textContent = "";
  dialog.oncancel = (event) => event.preventDefault(); // there is nothing behind it to go back to
  $("sign-in-form").onsubmit = async (event) => {
    event.preventDefault();
    try {
      await call("/v1/session", { body: { key: $("key").value } });
    } catch (error) {
      $("key-error").textContent =
        error.status === 401 ? "This is not the key. Ask who started the server." : error.message;
      $("key").select();
      return;
    }
    remember("signed-in", "1");
    $("key").value = "";
    dialog.close();
    announce("Signed in");
    done();
  };
  dialog.showModal();
  $("key").focus();
}
