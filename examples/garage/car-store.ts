import { and, asc, eq, gt, sql } from "drizzle-orm";
import type { Car } from "./car-model.ts";
import type { Database } from "./database.ts";
import { notFound, rowId } from "./input.ts";
import { cars } from "./tables.ts";

export interface CarValues {
  readonly make: string;
  readonly model: string;
  readonly variant?: string | null;
  readonly year?: number | null;
}

/** The cars in the database. */
export class CarStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** In the order of their ids, of one make or of all, from behind the id `after`. */
  async list(make: string | undefined, first: number, after: number): Promise<readonly Car[]> {
    const ofMake = make === undefined ? undefined : eq(cars.make, make);
    return this.#database
      .select()
      .from(cars)
      .where(and(gt(cars.id, after), ofMake))
      .orderBy(asc(cars.id))
      .limit(first);
  }

  async find(id: string): Promise<Car | null> {
    const number = rowId(id);
    if (number === undefined) return null;
    const [car] = await this.#database.select().from(cars).where(eq(cars.id, number));
    return car ?? null;
  }

  async create(values: CarValues): Promise<Car> {
    const [car] = await this.#database.insert(cars).values(values).returning();
    if (!car) throw new Error("The database did not answer with the new car");
    return car;
  }

  /** Throws NOT_FOUND. */
  async update(id: string, values: Partial<CarValues>): Promise<Car> {
    const [car] = await this.#database
      .update(cars)
      .set({ ...values, updatedAt: sql`now()` })
      .where(eq(cars.id, rowId(id) ?? 0))
      .returning();
    if (!car) throw notFound("car", id);
    return car;
  }

  /** Throws NOT_FOUND. */
  async delete(id: string): Promise<void> {
    const removed = await this.#database
      .delete(cars)
      .where(eq(cars.id, rowId(id) ?? 0))
      .returning({ id: cars.id });
    if (removed.length === 0) throw notFound("car", id);
  }
}
