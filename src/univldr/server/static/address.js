// The address keeps the search, and the browser's history its steps.

import { fromUrl, toUrl } from "./state.js";

const AFTER_TYPING = 300; // milliseconds; browsers count how often a page writes its address

export class Address {
  /** `state()` is what to write. */
  constructor(state) {
    this.state = state;
    this.pictures = new Map(); // by key: they are not in the address, but one can go back to them
    this.settled = true; // the next letter begins a new entry
    this.timer = 0;
  }

  /** As the address has it, with the picture that this entry was made with, if this page still has it. */
  read() {
    clearTimeout(this.timer);
    this.timer = 0;
    this.settled = true;
    const picture = this.pictures.get(history.state?.picture);
    return { ...fromUrl(location.search), ...(picture ? { picture, lost: false } : {}) };
  }

  /** A step that one can go back from, if it is another address; `opened`: it opens a hit. */
  write({ push, opened = false }) {
    const { picture } = this.state();
    if (picture) this.pictures.set(picture.key, picture);
    const url = toUrl(this.state());
    const entry = { picture: picture?.key ?? null, opened };
    if (push && url !== (location.search || "/")) history.pushState(entry, "", url);
    else history.replaceState({ ...entry, opened: opened || Boolean(history.state?.opened) }, "", url);
  }

  /** Soon: all letters that are typed one after another are one step. */
  follow() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.flush(), AFTER_TYPING);
  }

  /** Write what was typed now. */
  flush() {
    if (!this.timer) return;
    clearTimeout(this.timer);
    this.timer = 0;
    this.write({ push: this.settled });
    this.settled = false;
  }

  /** What was typed is done with: what comes next is another step. */
  settle() {
    this.flush();
    this.settled = true;
  }

  /** Whether going back closes the hit that is open. */
  get opened() {
    return Boolean(history.state?.opened);
  }
}
