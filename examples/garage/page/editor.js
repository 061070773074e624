import { mutate } from "./connection.js";
import { byId } from "./element.js";

/** @import { Car } from "./cars.js" */

const create = "mutation ($input: CarInput!) { createCar(input: $input) { id } }";
const update = "mutation ($id: ID!, $input: CarPatch!) { updateCar(id: $id, input: $input) { id } }";

/** The dialog that adds a car, or changes one. What it did is shown when it arrives as an event, as everybody's is. */
export class Editor {
  #dialog = byId("editor", HTMLDialogElement);
  #form = byId("car", HTMLFormElement);
  #heading = byId("editor-heading", HTMLElement);
  #problem = byId("problem", HTMLElement);
  /** @type {Car | undefined} */
  #car;

  constructor() {
    byId("cancel", HTMLButtonElement).addEventListener("click", () => this.#dialog.close());
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#save();
    });
  }

  /** @param {Car} [car] the car to change; without one, a new one is added */
  open(car) {
    this.#car = car;
    this.#heading.textContent = car ? `${car.make} ${car.model}` : "Add a car";
    this.#form.reset();
    for (const name of /** @type {const} */ (["make", "model", "variant", "year"])) {
      const input = this.#form.elements.namedItem(name);
      if (input instanceof HTMLInputElement) input.value = String(car?.[name] ?? "");
    }
    this.#tell(undefined);
    this.#dialog.showModal();
  }

  async #save() {
    const values = new FormData(this.#form);
    const year = values.get("year");
    const input = {
      make: values.get("make"),
      model: values.get("model"),
      variant: values.get("variant") || null,
      year: year ? Number(year) : null,
    };
    try {
      if (this.#car) await mutate(update, { id: this.#car.id, input });
      else await mutate(create, { input });
      this.#dialog.close();
    } catch (error) {
      this.#tell(error instanceof Error ? error.message : String(error));
    }
  }

  /** @param {string | undefined} problem */
  #tell(problem) {
    this.#problem.hidden = problem === undefined;
    this.#problem.textContent = problem ?? "";
  }
}
