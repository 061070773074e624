/** A row in a client's copy of the table. */
export interface ShownCar {
  readonly id: string;
  readonly make: string;
  readonly year: number;
}

interface Told {
  readonly action: "SNAPSHOT" | "CREATED" | "UPDATED" | "DELETED";
  readonly id: string;
  readonly before: ShownCar | null;
  readonly after: ShownCar | null;
}

/** A client's copy of the table, made of the changes of `carChanged`, and contradictions in these. */
export class ShownCars {
  readonly cars: Map<string, ShownCar> = new Map<string, ShownCar>();
  readonly objections: string[] = [];
  /** The number of changes after the snapshot. */
  changes: number = 0;

  /** The rows in the order of their ids. */
  get rows(): readonly ShownCar[] {
    return [...this.cars.values()].toSorted((a, b) => Number(a.id) - Number(b.id));
  }

  take({ action, id, before, after }: Told): void {
    const known = this.cars.get(id);
    if (action === "SNAPSHOT") this.#expect(known === undefined && this.changes === 0, `${id} twice, or late`);
    if (action === "CREATED") this.#expect(known === undefined, `${id} created, but it is there`);
    if (action === "UPDATED" || action === "DELETED") {
      this.#expect(known?.year === before?.year, `${id} ${action} from ${before?.year}, but it is ${known?.year}`);
    }
    if (action !== "SNAPSHOT") this.changes += 1;
    if (after) this.cars.set(id, after);
    else this.cars.delete(id);
  }

  #expect(condition: boolean, objection: string): void {
    if (!condition) this.objections.push(objection);
  }
}
