import { byId, element } from "./element.js";
import { moment } from "./moment.js";

/** Entries that stay on the page. */
const most = 50;

/** What arrived by subscription, newest first. */
export class Feed {
  #list = byId("feed", HTMLOListElement);
  #count = 0;

  /**
   * @param {string} kind one word
   * @param {string} summary
   * @param {string} at ISO 8601
   * @param {unknown} data what the socket brought
   */
  add(kind, summary, at, data) {
    const details = element(
      "details",
      {},
      element(
        "summary",
        {},
        element("span", { class: "kind", "data-kind": kind }, kind),
        element("span", { class: "what" }, summary),
        moment(at),
      ),
      element("pre", { tabindex: "0" }, JSON.stringify({ data }, null, 2)),
    );
    this.#list.prepend(element("li", {}, details));
    while (this.#list.children.length > most) this.#list.lastElementChild?.remove();
    this.#count += 1;
    byId("event-count", HTMLElement).textContent = String(this.#count);
    byId("no-events", HTMLElement).hidden = true;
  }
}
