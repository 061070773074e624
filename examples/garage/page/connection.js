import { createClient } from "graphql-ws/client";

/** @typedef {"connecting" | "live" | "lost"} Status */

/**
 * A list that is read once for each connection and kept up to date by events.
 *
 * @template Data, Event
 * @typedef {object} Following
 * @property {string} subscription
 * @property {string} query
 * @property {(data: Data) => void} onList
 * @property {(event: Event) => void} onEvent
 */

const endpoint = new URL("/graphql", location.href);

/** Where clients subscribe. */
export const socketUrl = new URL(endpoint);
socketUrl.protocol = endpoint.protocol.replace("http", "ws");

/** The page's link to the garage. It comes back by itself, and then reads its lists again. */
export class Connection {
  /** @type {(() => void)[]} */
  #reloads = [];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #silence;
  #client;

  /** @param {(status: Status) => void} onStatus */
  constructor(onStatus) {
    this.#client = createClient({
      url: socketUrl.href,
      // The garage may be away for as long as it likes.
      retryAttempts: Infinity,
      shouldRetry: () => true,
      retryWait: (retries) => wait(Math.min(250 * 2 ** retries, 4_000) * (0.5 + Math.random() / 2)),
      // A link that died without a word is noticed by the ping that gets no answer.
      keepAlive: 10_000,
      on: {
        connected: () => {
          onStatus("live");
          for (const reload of this.#reloads) reload();
        },
        closed: () => {
          clearTimeout(this.#silence);
          onStatus("lost");
        },
        ping: (received) => {
          if (!received) this.#expectPong();
        },
        pong: (received) => {
          if (received) clearTimeout(this.#silence);
        },
      },
    });
  }

  /**
   * Subscribes first and reads the list after that, on the same connection: so nothing falls between the two.
   *
   * @template Data, Event
   * @param {Following<Data, Event>} following
   */
  follow({ subscription, query, onList, onEvent }) {
    /** @type {Event[] | undefined} What came before the list did. */
    let held = [];
    this.#run(subscription, (/** @type {Event} */ event) => {
      if (held) held.push(event);
      else onEvent(event);
    });
    this.#reloads.push(() => {
      /** @type {Event[]} */
      const mine = [];
      held = mine;
      this.#run(query, (/** @type {Data} */ data) => {
        // A later connection has asked again.
        if (held !== mine) return;
        held = undefined;
        onList(data);
        for (const event of mine) onEvent(event);
      });
    });
  }

  #expectPong() {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#client.terminate(), 5_000);
  }

  /**
   * @template Data
   * @param {string} query
   * @param {(data: Data) => void} onData
   */
  #run(query, onData) {
    this.#client.subscribe(
      { query },
      {
        next: (/** @type {{ data?: Data | null }} */ { data }) => data && onData(data),
        error: (error) => console.error(error),
        complete() {},
      },
    );
  }
}

/**
 * Runs a mutation, by HTTP: what cannot be done now is told at once, and is not done later.
 *
 * @param {string} query
 * @param {Readonly<Record<string, unknown>>} variables
 * @returns {Promise<void>}
 */
export async function mutate(query, variables) {
  const response = await fetch(endpoint, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ query, variables }),
  }).catch(() => {
    throw new Error("The garage cannot be reached just now.");
  });
  /** @type {{ errors?: { message: string }[] }} */
  const { errors } = await response.json();
  if (errors?.[0]) throw new Error(errors[0].message);
}

/** @param {number} milliseconds */
function wait(milliseconds) {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}
