import { and, asc, eq, gt, sql } from "drizzle-orm";
import { carOf, type Car } from "./car.ts";
import { created, deleted, updated, type CarChange } from "./car-change.ts";
import type { Database } from "./database.ts";
import { notFound, rowId } from "./input.ts";
import { cars } from "./tables.ts";

export interface CarValues {
  readonly make: string;
  readonly model: string;
  readonly variant?: string | null;
  readonly year?: number | null;
}

/** The cars in the database. What writes resolves, after the commit, with the change to announce. */
export class CarStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** In the order of their ids, of one make or of all, from behind the id `after`. */
  async list(make: string | undefined, first: number, after: number): Promise<readonly Car[]> {
    const ofMake = make === undefined ? undefined : eq(cars.make, make);
    const rows = await this.#database
      .select()
      .from(cars)
      .where(and(gt(cars.id, after), ofMake))
      .orderBy(asc(cars.id))
      .limit(first);
    return rows.map(carOf);
  }

  async find(id: string): Promise<Car | null> {
    const number = rowId(id);
    if (number === undefined) return null;
    const [row] = await this.#database.select().from(cars).where(eq(cars.id, number));
    return row ? carOf(row) : null;
  }

  async create(values: CarValues): Promise<CarChange & { readonly after: Car }> {
    const [row] = await this.#database.insert(cars).values(values).returning();
    if (!row) throw new Error("The database did not answer with the new car");
    const after = carOf(row);
    return { ...created(after), after };
  }

  /** Throws NOT_FOUND. */
  async update(id: string, values: Partial<CarValues>): Promise<CarChange & { readonly after: Car }> {
    return this.#database.transaction(async (transaction) => {
      const mine = eq(cars.id, rowId(id) ?? 0);
      const [before] = await transaction.select().from(cars).where(mine).for("update");
      const [row] = await transaction
        .update(cars)
        .set({ ...values, updatedAt: sql`now()` })
        .where(mine)
        .returning();
      if (!before || !row) throw notFound("car", id);
      const after = carOf(row);
      return { ...updated(carOf(before), after), after };
    });
  }

  /** Throws NOT_FOUND. */
  async delete(id: string): Promise<CarChange> {
    const [row] = await this.#database
      .delete(cars)
      .where(eq(cars.id, rowId(id) ?? 0))
      .returning();
    if (!row) throw notFound("car", id);
    return deleted(carOf(row));
  }
}
