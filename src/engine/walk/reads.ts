/** The error that reading a property threw. */
export class Thrown {
  readonly error: unknown;

  constructor(error: unknown) {
    this.error = error;
  }
}

/** An object, of which properties are read by their names. */
export type Source = Readonly<Record<string, unknown>>;

/** Whether graphql-js's default resolver reads properties of a value. */
export function isSource(value: unknown): value is Source {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}

/** The value of a property, or what reading it threw. */
export function read(source: Source, name: string): unknown {
  try {
    return source[name];
  } catch (error) {
    return new Thrown(error);
  }
}

/**
 * What a walk that gave up has read of its event. graphql-js, which then executes the event, takes it from here, so that
 * no property is read twice: a getter may count, or make a query.
 */
export class Reads {
  readonly #values = new Map<object, Map<string, unknown[]>>();

  add(source: object, name: string, value: unknown): void {
    const ofSource = this.#values.get(source) ?? new Map<string, unknown[]>();
    this.#values.set(source, ofSource);
    const values = ofSource.get(name);
    if (values) values.push(value);
    else ofSource.set(name, [value]);
  }

  /**
   * The value of a property: what the walk read, the oldest first, or else what is there now.
   *
   * @throws what reading the property throws, or threw.
   */
  take(source: Source, name: string): unknown {
    const values = this.#values.get(source)?.get(name);
    if (!values?.length) return source[name];
    const value = values.shift();
    if (value instanceof Thrown) throw value.error;
    return value;
  }
}
