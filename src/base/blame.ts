import { asError } from "./thrown.ts";
import { isPromise } from "./thenable.ts";

/** The application's function that has thrown, for the log. */
export interface Blame {
  /** The option or the declaration's function, such as `topics`. */
  readonly by: string;
  /** The coordinate of its field, such as `Subscription.news`; undefined for a function of the whole server. */
  readonly field: string | undefined;
}

/** Beside the errors and not around them: code that catches an error gets what was thrown. */
const blames = new WeakMap<Error, Blame>();

/** Notes which function has thrown. Returns the error to throw on, which is the thrown one if that is an Error. */
export function blamed(thrown: unknown, by: string, field?: string): Error {
  const error = asError(thrown);
  blames.set(error, { by, field });
  return error;
}

/** The function that has thrown an error. It is forgotten then: another one may throw the same object. */
export function takeBlame(error: Error): Blame | undefined {
  const blame = blames.get(error);
  blames.delete(error);
  return blame;
}

/** Calls a function of the application, and notes it if it throws or rejects. */
export function blaming<Value>(by: string, field: string | undefined, call: () => Value): Value;
export function blaming(by: string, field: string | undefined, call: () => unknown): unknown {
  const fail = (thrown: unknown): never => {
    throw blamed(thrown, by, field);
  };
  try {
    const value = call();
    return isPromise(value) ? Promise.resolve(value).catch(fail) : value;
  } catch (error) {
    return fail(error);
  }
}
