/** Talks to the studio's JSON addresses, and says what went wrong in terms of what to do about it. */

/** The server answered, and refused: `status` and its problem document. */
export class Refused extends Error {
  constructor(status, body) {
    super(body?.detail || body?.title || `The server answered ${status}.`);
    this.status = status;
    this.body = body ?? {};
  }
}

/** The session has ended: sign in again, and nothing is lost. */
export class SignedOut extends Error {
  constructor() {
    super("You have been signed out.");
  }
}

/** Nobody answered. */
export class Unreachable extends Error {
  constructor() {
    super("The server cannot be reached.");
  }
}

function cookie(name) {
  const found = document.cookie.split("; ").find((part) => part.startsWith(`${name}=`));
  return found ? decodeURIComponent(found.slice(name.length + 1)) : "";
}

export class Api {
  /** @param {{dataUrl: string, csrfToken: string, csrfCookie: string}} config */
  constructor(config) {
    this.config = config;
  }

  get(path, query = {}, { signal } = {}) {
    const parameters = new URLSearchParams(query);
    return this.#ask(`${path}?${parameters}`, { signal });
  }

  post(path, body, { signal, keepalive = false } = {}) {
    // The cookie's token is newer than the page's where somebody signed in again meanwhile.
    const token = cookie(this.config.csrfCookie) || this.config.csrfToken;
    return this.#ask(path, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": token },
      body: JSON.stringify(body),
      keepalive,
      signal,
    });
  }

  async #ask(path, options) {
    let response;
    try {
      response = await fetch(this.config.dataUrl + path, {
        credentials: "same-origin",
        redirect: "manual",
        ...options,
        headers: { Accept: "application/json", ...options.headers },
      });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new Unreachable();
    }
    // A redirect leads to the sign-in page: no address of ours answers with one.
    if (response.type === "opaqueredirect" || response.status === 401) throw new SignedOut();
    const body = await response.json().catch(() => null);
    if (!response.ok) throw new Refused(response.status, body);
    if (body === null) throw new Refused(response.status, { detail: "The server's answer is no JSON." });
    return body;
  }
}
