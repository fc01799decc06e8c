// The HTTP API: errors as values that can be shown, and patience where patience helps.

const TRIES = 8;
const LONGEST = 10_000; // milliseconds between two tries

export class ApiError extends Error {
  constructor(status, { type, message, remedy }, retryAfter = 0) {
    super(message);
    this.status = status;
    this.type = type;
    this.remedy = remedy;
    this.retryAfter = retryAfter;
  }

  /** Whether the same request may well succeed a little later. */
  get passes() {
    return this.status === 0 || this.status === 429 || this.status === 503;
  }
}

const OFFLINE = { type: "offline", message: "the server cannot be reached", remedy: "is it still running?" };

async function failure(response) {
  const body = await response.json().catch(() => null);
  const fields = body?.error ?? {
    type: "unknown",
    message: `the server answered ${response.status}`,
    remedy: "",
  };
  return new ApiError(response.status, fields, Number(response.headers.get("retry-after")) || 0);
}

/** One request. Raises ApiError, and AbortError when `signal` says so. */
export async function call(path, { method, body, signal } = {}) {
  let response;
  try {
    response = await fetch(path, {
      method: method ?? (body ? "POST" : "GET"),
      headers: body ? { "content-type": "application/json" } : {},
      body: body ? JSON.stringify(body) : undefined,
      signal,
    });
    if (response.ok) return response.status === 204 ? null : await response.json();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, OFFLINE);
  }
  throw await failure(response);
}

/** Resolves after some time, or at once when the network comes back. */
function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const done = (act, value) => {
      clearTimeout(timer);
      removeEventListener("online", awake);
      signal?.removeEventListener("abort", aborted);
      act(value);
    };
    const awake = () => done(resolve);
    const aborted = () => done(reject, new DOMException("aborted", "AbortError"));
    const timer = setTimeout(awake, milliseconds);
    addEventListener("online", awake);
    signal?.addEventListener("abort", aborted);
  });
}

/**
 * As `call`, tried again while the server is busy, starting or not there.
 * `onwait(error)` is told each time; the last error is raised, but being offline is never given up on.
 */
export async function patiently(path, options, onwait) {
  for (let tries = 1; ; tries += 1) {
    try {
      return await call(path, options);
    } catch (error) {
      if (!error.passes || (error.status !== 0 && tries >= TRIES)) throw error;
      onwait(error);
      const wait = Math.max(1000 * error.retryAfter, 300 * 2 ** Math.min(tries, 6));
      await pause(Math.min(wait, LONGEST), options.signal);
    }
  }
}

export const thumbnail = (id, size) => `/v1/documents/${encodeURIComponent(id)}/thumbnail?size=${size}`;
export const original = (id) => `/v1/documents/${encodeURIComponent(id)}/image`;
export const documentUrl = (id) => `/v1/documents/${encodeURIComponent(id)}`;
