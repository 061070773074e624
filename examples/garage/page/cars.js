import { byId, element } from "./element.js";
import { moment } from "./moment.js";

/**
 * @typedef {{ id: string, make: string, model: string, variant: string | null, year: number | null, updatedAt: string }} Car
 * @typedef {{ action: "CREATED" | "UPDATED" | "DELETED", id: string, before: Car | null, after: Car | null,
 *   changed: string[], at: string }} CarChange
 */

const carFields = "id make model variant year updatedAt";

export const carsQuery = `{ cars { ${carFields} } }`;
export const carChanged = `subscription { carChanged {
  action id before { ${carFields} } after { ${carFields} } changed at
} }`;

/** The live table. */
export class Cars {
  #body = byId("cars", HTMLTableSectionElement);
  /** @type {Map<string, { car: Car, row: HTMLTableRowElement }>} */
  #entries = new Map();
  #handlers;

  /** @param {{ edit: (car: Car) => void, remove: (car: Car) => void }} handlers */
  constructor(handlers) {
    this.#handlers = handlers;
  }

  get all() {
    return [...this.#entries.values()].map(({ car }) => car);
  }

  /** @param {Car[]} cars */
  show(cars) {
    this.#entries.clear();
    this.#body.replaceChildren();
    for (const car of cars) this.#put(car, []);
    this.#count();
  }

  /** @param {CarChange} change */
  apply({ id, after, changed }) {
    if (after) this.#put(after, this.#entries.has(id) ? changed : ["car"]);
    else this.#take(id);
    this.#count();
  }

  /**
   * @param {Car} car
   * @param {readonly string[]} changed the fields to point at, or "car" for all of it
   */
  #put(car, changed) {
    const row = this.#entries.get(car.id)?.row ?? this.#newRow(car.id);
    this.#entries.set(car.id, { car, row });
    row.classList.toggle("changed", changed.includes("car"));
    // A new cell starts its animation anew. The buttons stay, for whoever has the focus on one of them.
    for (const cell of cellsOf(car, changed)) {
      row.querySelector(`[data-field="${cell.dataset["field"]}"]`)?.replaceWith(cell);
    }
    for (const button of row.querySelectorAll("button")) {
      button.setAttribute("aria-label", `${button.textContent} ${car.make} ${car.model}`);
    }
  }

  /** @param {string} id */
  #take(id) {
    this.#entries.get(id)?.row.remove();
    this.#entries.delete(id);
  }

  /** @param {string} id */
  #newRow(id) {
    const cells = fields.map(([name]) => element("td", { "data-field": name }));
    const actions = element(
      "td",
      { class: "row-actions" },
      this.#button(id, "Edit", this.#handlers.edit),
      this.#button(id, "Remove", this.#handlers.remove),
    );
    const row = element("tr", { "data-id": id }, ...cells, actions);
    this.#body.append(row);
    return row;
  }

  /**
   * @param {string} id
   * @param {string} label
   * @param {(car: Car) => void} onClick
   */
  #button(id, label, onClick) {
    const button = element("button", { type: "button", class: "quiet" }, label);
    button.addEventListener("click", () => {
      const car = this.#entries.get(id)?.car;
      if (car) onClick(car);
    });
    return button;
  }

  #count() {
    byId("car-count", HTMLElement).textContent = String(this.#entries.size);
    byId("no-cars", HTMLElement).hidden = this.#entries.size > 0;
  }
}

const fields = /** @type {const} */ ([
  ["make", "text"],
  ["model", "text"],
  ["variant", "text"],
  ["year", "number"],
  ["updatedAt", "number"],
]);

/**
 * @param {Car} car
 * @param {readonly string[]} changed
 */
function cellsOf(car, changed) {
  return fields.map(([name, kind]) => {
    const content = name === "updatedAt" ? moment(car.updatedAt) : String(car[name] ?? "–");
    const cell = element("td", { class: kind, "data-field": name }, content);
    cell.classList.toggle("changed", changed.includes(name));
    return cell;
  });
}
