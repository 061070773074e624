/** The code of one section of a guide. */
export interface Section {
  readonly title: string;
  readonly code: string;
  /** What the section says that its code prints. */
  readonly output: string;
}

/** A guide is a program in pieces: code before its first section belongs to each of them. */
export class Guide {
  readonly code: string;
  readonly sections: readonly Section[];

  constructor(text: string) {
    const [intro = "", ...rest] = text.split(/^## /m);
    this.code = blocks(intro, "ts");
    this.sections = rest.map((section) => ({
      title: section.split("\n", 1)[0] ?? "",
      code: blocks(section, "ts"),
      output: blocks(section, "text"),
    }));
  }

  /** Each section as a program of its own. */
  get programs(): readonly (readonly [title: string, program: string])[] {
    return this.sections.filter(({ code }) => code !== "").map(({ title, code }) => [title, `${this.code}\n${code}`]);
  }

  /** All sections in one program, which prints a title before what a section prints. */
  get whole(): string {
    const parts = this.sections.map(({ title, code }) => `console.log("## ${title}");\n{\n${code}}\n`);
    return [this.code, ...parts].join("\n");
  }

  /** What the whole program should print. */
  get output(): string {
    return this.sections.map(({ title, output }) => `## ${title}\n${output}`).join("");
  }
}

function blocks(text: string, language: string): string {
  const found = text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm);
  return [...found].flatMap(([, name, code = ""]) => (name === language ? [code] : [])).join("");
}
