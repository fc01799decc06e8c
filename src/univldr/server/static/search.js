// Asks the server: soon after typing, one answer at a time, never an older one over a newer one.

import { patiently } from "./api.js";
import { isAsked, keyOf, PAGE, request } from "./state.js";

const AFTER_TYPING = 120; // milliseconds
const BEFORE_EXPLAINING = 200; // it costs the server thirty searches, so only once the typing has stopped

export class Searching {
  /** `on`: { start, answer, error, wait, idle, explained }. */
  constructor(on) {
    this.on = on;
    this.hits = [];
    this.next = null;
    this.key = null; // of what is shown or on its way
    this.explained = null; // the key whose hits have explanations
    this.current = null;
    this.timer = 0;
  }

  /** Search for `state` unless that is what is shown already. */
  ask(state, { typing = false, again = false } = {}) {
    const key = isAsked(state) ? keyOf(state) : "";
    if (key === this.key && !again) return;
    this.stop();
    this.key = key;
    if (!key) {
      this.hits = [];
      this.next = null;
      this.on.idle();
      return;
    }
    if (typing) this.timer = setTimeout(() => this.run(state, 0), AFTER_TYPING);
    else this.run(state, 0);
  }

  /** Answer what waits for its time now. */
  hurry(state) {
    const waits = this.timer !== 0;
    if (waits || this.key === null) this.ask(state, { again: true });
  }

  more(state) {
    if (this.next !== null && !this.current) this.run(state, this.next);
  }

  stop() {
    clearTimeout(this.timer);
    clearTimeout(this.later);
    this.timer = 0;
    this.current?.abort();
    this.current = null;
  }

  async run(state, offset) {
    this.timer = 0;
    const mine = new AbortController();
    this.current = mine;
    const stale = () => this.current !== mine;
    this.on.start(offset > 0);
    try {
      const options = { body: request(state, { offset }), signal: mine.signal };
      const answer = await patiently("/v1/search", options, (error) => stale() || this.on.wait(error));
      if (stale()) return;
      this.current = null;
      this.hits = offset ? [...this.hits, ...this.unseen(answer.hits)] : answer.hits;
      this.next = answer.next_offset;
      this.on.answer(answer, offset > 0);
      if (state.explain) this.explainSoon(state);
    } catch (error) {
      if (error.name === "AbortError" || stale()) return;
      this.current = null;
      if (!offset) this.key = null; // the same may be asked again
      this.on.error(error, offset > 0);
    }
  }

  /** An index may change between two pages, and bring a hit of the first again. */
  unseen(hits) {
    const seen = new Set(this.hits.map((hit) => hit.id));
    return hits.filter((hit) => !seen.has(hit.id));
  }

  explainSoon(state) {
    clearTimeout(this.later);
    this.later = setTimeout(() => this.explainAll(state), BEFORE_EXPLAINING);
  }

  /** Explanations for the hits that have none yet, page by page. */
  async explainAll(state) {
    if (this.current) return; // an answer is on its way, and explains itself later
    const key = this.key;
    for (let offset = 0; offset < this.hits.length; offset += PAGE) {
      const wanted = this.hits.slice(offset, offset + PAGE).filter((hit) => isEmpty(hit.explanation));
      if (!wanted.length) continue;
      try {
        const { hits } = await patiently(
          "/v1/search",
          { body: request(state, { offset, explain: true }) },
          () => {},
        );
        if (this.key !== key) return;
        const parts = new Map(hits.map((hit) => [hit.id, hit.explanation]));
        for (const hit of wanted) hit.explanation = parts.get(hit.id) ?? {};
      } catch {
        return; // the hits stand without it
      }
    }
    this.on.explained();
  }

  /** The explanation of one hit, by its place in the list; {} where it cannot be had. */
  async explain(state, hit, signal) {
    if (!isEmpty(hit.explanation) || !hit.rank) return hit.explanation;
    const body = request(state, { offset: hit.rank - 1, k: 1, explain: true });
    const { hits } = await patiently("/v1/search", { body, signal }, () => {});
    if (hits[0]?.id === hit.id) hit.explanation = hits[0].explanation;
    return hit.explanation;
  }
}

const isEmpty = (object) => !Object.keys(object).length;
