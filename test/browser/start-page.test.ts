import { readFileSync } from "node:fs";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { GarageProcess, temporaryFolder } from "../garage/garage-process.ts";
import { request } from "../garage/subscriber.ts";
import { trigger } from "../garage/trigger-process.ts";
import { launchChromium } from "./chromium.ts";

let browser: Browser;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let garage: GarageProcess;
let url: string;

beforeAll(async () => {
  [browser, folder] = await Promise.all([launchChromium(), temporaryFolder()]);
  garage = await GarageProcess.open({ DATA_DIR: folder.path });
  url = await garage.url;
});

afterAll(async () => {
  await browser.close();
  await garage[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

/** An open page that is live, and everything it complained about. */
interface OpenPage extends AsyncDisposable {
  readonly page: Page;
  readonly complaints: readonly string[];
}

async function openPage(options: Parameters<Browser["newPage"]>[0] = {}): Promise<OpenPage> {
  const page = await browser.newPage(options);
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  await page.goto(url);
  await page.locator("#status", { hasText: "Live" }).waitFor();
  await page.locator("#car-count", { hasText: /\d/ }).waitFor();
  return { page, complaints, [Symbol.asyncDispose]: () => page.close() };
}

/** Passes as soon as there is one such element, and its text is the expected one. */
async function expectText(page: Page, selector: string, expected: string | RegExp): Promise<void> {
  await expect.poll(() => page.locator(selector).allInnerTexts()).toEqual([expect.stringMatching(expected)]);
}

/** Runs in the page, and answers the texts that are hard to read there. */
const contrasts = readFileSync(new URL("contrasts.js", import.meta.url), "utf8");

const yearOf = (id: number): string => `#cars [data-id="${id}"] [data-field=year]`;

function setYear(id: number, year: number): Promise<unknown> {
  return request(url, "mutation ($id: ID!, $year: Int) { updateCar(id: $id, input: { year: $year }) { id } }", {
    id,
    year,
  });
}

describe("The start page", () => {
  it("shows what another client changes, without a reload", async () => {
    await using opened = await openPage();
    const { page, complaints } = opened;
    await page.evaluate('document.body.dataset.loaded = "once"');
    await setYear(1, 1999);
    await expectText(page, yearOf(1), "1999");
    await expectText(page, "#feed li:first-child .what", /^Skoda Octavia, year .+ → 1999$/);
    await request(url, 'mutation { sendMessage(room: "lobby", text: "<b>Hello</b> & bye") { id } }');
    await expectText(page, "#messages li:last-child .said", "<b>Hello</b> & bye");
    expect(await page.getAttribute("body", "data-loaded")).toBe("once");
    expect(complaints).toEqual([]);
  });

  it("shows what npm run trigger does in the database, from another process", async () => {
    await using opened = await openPage();
    const { page } = opened;
    const { port } = new URL(url);
    await expectText(page, "#trigger", `PORT=${port} npm run trigger`);
    const { output } = await trigger({ PORT: port });
    const make = /^Car 1 is a (\S+) Octavia now\n$/.exec(output)?.[1];
    expect(make).toBeDefined();
    await expectText(page, "#feed li:first-child .kind", "updated");
    await expectText(page, '#cars [data-id="1"] [data-field=make]', String(make));
    // As the other tests know it.
    await request(url, 'mutation { updateCar(id: 1, input: { make: "Skoda" }) { id } }');
    await expectText(page, '#cars [data-id="1"] [data-field=make]', "Skoda");
    await expectText(page, "#event-count", "2");
  });

  it("reads the raw event to whoever opens it", async () => {
    await using opened = await openPage();
    const { page } = opened;
    await setYear(1, 1995);
    await page.click("#feed summary");
    const raw = await page.innerText("#feed pre");
    expect(JSON.parse(raw)).toMatchObject({ data: { carChanged: { action: "UPDATED", after: { year: 1995 } } } });
  });

  it("changes a car at the press of a button, in every window", async () => {
    await using mine = await openPage();
    await using theirs = await openPage();
    await mine.page.click("#change");
    await expectText(theirs.page, "#event-count", "1");
    await expect.poll(() => mine.page.innerText("#cars")).toBe(await theirs.page.innerText("#cars"));
  });

  it("adds, edits and removes a car by keyboard", async () => {
    await using opened = await openPage();
    const { page } = opened;
    await page.focus("#add");
    await page.keyboard.press("Enter");
    for (const text of ["Saab", "99", "Turbo"]) {
      await page.keyboard.type(text);
      await page.keyboard.press("Tab");
    }
    await page.keyboard.type("1978");
    await page.keyboard.press("Enter");
    const row = page.locator("#cars tr", { hasText: "Saab" });
    await expect.poll(() => row.locator("td").allInnerTexts()).toEqual(expect.arrayContaining(["99", "Turbo", "1978"]));

    // The event comes before the answer to what caused it.
    await page.route("**/graphql", async (route) => {
      const response = await route.fetch();
      await expect.poll(() => row.locator("td").allInnerTexts()).toEqual(expect.arrayContaining(["99", "–"]));
      await route.fulfill({ response });
    });
    await row.getByRole("button", { name: "Edit Saab 99" }).focus();
    await page.keyboard.press("Enter");
    await page.fill("[name=variant]", "");
    await page.fill("[name=year]", "");
    await page.keyboard.press("Enter");
    await page.locator("#editor").waitFor({ state: "hidden" });
    await page.unroute("**/graphql");
    // The row has changed, and the keyboard is back in it.
    await expect.poll(() => page.evaluate("document.activeElement.ariaLabel")).toBe("Edit Saab 99");

    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await expect.poll(() => row.count()).toBe(0);
  });

  it("says what the garage has against a value", async () => {
    await using opened = await openPage();
    const { page } = opened;
    await page.click("#add");
    await page.fill("[name=make]", " ");
    await page.fill("[name=model]", "T");
    await page.keyboard.press("Enter");
    await expectText(page, "#problem", "make must not be empty");
    await page.keyboard.press("Escape");
    expect(await page.isVisible("#editor")).toBe(false);
  });

  it.each(["light", "dark"] as const)("fits a phone, in %s colours that can be read", async (colorScheme) => {
    await using opened = await openPage({
      viewport: { width: 360, height: 740 },
      colorScheme,
      reducedMotion: "reduce",
    });
    const { page } = opened;
    const car = {
      make: "Mercedes-Benz",
      model: "300 SL Gullwing Coupé",
      variant: "W198, the first series",
      year: 1954,
    };
    await request(url, "mutation ($car: CarInput!) { createCar(input: $car) { id } }", { car });
    await expectText(page, "#event-count", "1");
    // Long names take a few lines, and not one for each letter.
    expect((await page.locator("#cars tr:last-child").boundingBox())?.height).toBeLessThan(170);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(360);
    expect(await page.evaluate(contrasts)).toEqual([]);
    for (const button of await page.locator("main button:visible").all()) {
      expect((await button.boundingBox())?.height).toBeGreaterThanOrEqual(36);
    }
  });

  it("says that it lost the garage, comes back by itself, and knows what happened meanwhile", async () => {
    await using opened = await openPage();
    const { page } = opened;
    await garage.stop();
    await expectText(page, "#status", "Reconnecting");
    await page.click("#change");
    await expectText(page, "#notice", "The garage cannot be reached just now.");

    garage = await GarageProcess.open({ DATA_DIR: folder.path, PORT: new URL(url).port });
    await setYear(2, 1955);
    await expectText(page, "#status", "Live");
    await expectText(page, yearOf(2), "1955");
    await setYear(2, 1956);
    await expectText(page, yearOf(2), "1956");
    await page.click("#change");
    await expect.poll(() => page.isVisible("#notice")).toBe(false);
  });
});
