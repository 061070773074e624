import { byId, element } from "./element.js";
import { moment } from "./moment.js";

/** @typedef {{ id: string, text: string, author: { username: string }, sentAt: string }} Message */

const messageFields = "id text author { username } sentAt";

export const messagesQuery = `{ messages(room: "lobby") { ${messageFields} } }`;
export const messageAdded = `subscription { messageAdded(room: "lobby") { ${messageFields} } }`;

/** Messages that stay on the page: as many as the query reads. */
const most = 50;

/** The messages of the lobby, oldest first. */
export class Room {
  #list = byId("messages", HTMLOListElement);
  /** @type {Set<string>} */
  #shown = new Set();

  /** @param {Message[]} messages */
  show(messages) {
    this.#shown.clear();
    this.#list.replaceChildren();
    for (const message of messages) this.add(message);
  }

  /** @param {Message} message also one that is shown already */
  add({ id, text, author, sentAt }) {
    if (this.#shown.has(id)) return;
    this.#shown.add(id);
    const isAtEnd = this.#list.scrollHeight - this.#list.scrollTop - this.#list.clientHeight < 40;
    this.#list.append(
      element(
        "li",
        { "data-id": id },
        element("p", { class: "by" }, element("strong", {}, author.username), " ", moment(sentAt)),
        element("p", { class: "said" }, text),
      ),
    );
    while (this.#list.children.length > most) this.#forgetOldest();
    // Whoever has scrolled up to read is left in peace.
    if (isAtEnd) this.#list.scrollTop = this.#list.scrollHeight;
  }

  #forgetOldest() {
    const oldest = this.#list.firstElementChild;
    this.#shown.delete(oldest?.getAttribute("data-id") ?? "");
    oldest?.remove();
  }
}
