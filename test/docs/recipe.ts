import { read } from "../source-file.ts";

interface Block {
  readonly language: string;
  readonly code: string;
}

/** A guide in steps: make a table, let Fanfare capture it, serve a model of it, subscribe, write, and read what came. */
export class Recipe {
  readonly name: string;
  readonly #blocks: readonly Block[];

  constructor(name: string) {
    this.name = name;
    const found = read(`docs/${name}.md`).matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm);
    this.#blocks = [...found].map(([, language = "", code = ""]) => ({ language, code }));
  }

  static all(): readonly Recipe[] {
    return ["plain-sql", "prisma", "typeorm", "django"].map((name) => new Recipe(name));
  }

  /** The server. A guide that has only the model is about the server of docs/plain-sql.md. */
  get program(): string {
    const own = this.#only("ts");
    if (own.includes("createFanfare")) return own;
    const table = /\bname: "(\w+)",\n/.exec(own)?.[1] ?? "";
    const model = /^const Car = model\([\s\S]*?^\);\n/m;
    return new Recipe("plain-sql").program.replace(model, own).replace('tables: ["cars"]', `tables: ["${table}"]`);
  }

  /** The words behind `npx fanfare`. */
  get command(): readonly string[] {
    const [, words = ""] = /^npx fanfare (.+)\n$/.exec(this.#only("sh")) ?? [];
    return words.split(" ");
  }

  get table(): readonly string[] {
    return this.#statements(0);
  }

  get writes(): readonly string[] {
    return this.#statements(1);
  }

  get subscription(): string {
    return this.#only("graphql");
  }

  /** What arrives, line by line. */
  get told(): readonly string[] {
    return this.#only("text").trimEnd().split("\n");
  }

  #only(language: string): string {
    const [block, ...others] = this.#blocks.filter((each) => each.language === language);
    if (!block || others.length > 0) throw new Error(`docs/${this.name}.md must have one block of ${language}`);
    return block.code;
  }

  #statements(index: number): readonly string[] {
    const { code } = this.#blocks.filter(({ language }) => language === "sql")[index] ?? { code: "" };
    const statements = code.split(";").map((statement) => statement.trim());
    return statements.filter((statement) => statement !== "");
  }
}
