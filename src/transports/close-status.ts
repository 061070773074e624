const statuses: ReadonlyMap<number, number> = new Map([
  [1012, 503],
  [1013, 503],
  [4400, 400],
  [4401, 401],
  [4403, 403],
  [4408, 408],
  [4409, 409],
  [4413, 503],
  [4429, 429],
]);

/** The status of a request whose session was closed with `code` before it was answered. */
export function closeStatus(code: number): number {
  return statuses.get(code) ?? 500;
}
