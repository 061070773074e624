import { tmpdir } from "node:os";
import { join } from "node:path";

/** The file in which the garage at a port says where its embedded database can be reached. */
export function doorFile(port: number): string {
  return join(tmpdir(), `fanfare-garage-${port}`);
}
