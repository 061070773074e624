import type { GraphQLSchema } from "graphql";
import type { ServerMessage } from "../bare-client.ts";
import type { Heard } from "../frame-reader.ts";
import type { Answer, Course, DialectModel, Reply, Said } from "./dialect-model.ts";
import { readObject } from "./json-object.ts";
import { outcomeOf } from "./request.ts";

/**
 * Where a connection stands: nothing was said; `held`, its init is being thought about for good; `connecting`, it may
 * have been acknowledged; `ready`.
 */
export type ModelState = "open" | "held" | "connecting" | "ready";

interface Asked {
  readonly course: Course;
  /** The client has stopped it, or another has taken its place. */
  stopped: boolean;
}

export interface ProtocolModelOptions {
  readonly dialect: DialectModel;
  readonly schema: GraphQLSchema;
  readonly state: ModelState;
  /** Documents that are over a limit. */
  readonly excessive: ReadonlySet<string>;
}

const maxBytesBeforeAck = 65_536;
const silence: Course = { steps: [{}], end: 0 };

/**
 * What a dialect and PROTOCOL.md ask of a server that has heard certain things: nothing but rules, and no code of the
 * server. Where two things race, both outcomes are right.
 */
export class ProtocolModel {
  /** Payloads of the pong frames, in order. */
  readonly frames: string[] = [];
  /** The code that the connection must be closed with. */
  closing: number | undefined;
  /** Codes that it may be closed with, though it need not. */
  readonly closings: Set<number> = new Set<number>();
  readonly #options: ProtocolModelOptions;
  /** Payloads of the protocol's own pongs, in order. */
  readonly #pongs: unknown[] = [];
  /** What could not be understood, in order: its ids. */
  readonly #wrong: (string | undefined)[] = [];
  readonly #operations = new Map<string, Asked[]>();
  #state: ModelState;

  constructor(options: ProtocolModelOptions) {
    this.#options = options;
    this.#state = options.state;
  }

  hear(heard: Heard): void {
    if (this.closing !== undefined) return this.#overtaken(heard);
    if (heard.type === "ping") this.frames.push(heard.payload);
    else if (heard.type === "close") this.closing = heard.answer;
    else if (heard.type === "wrong") this.closing = heard.code;
    else if (heard.type === "binary") this.closing = 4400;
    else if (heard.type === "text") this.#said(this.#understand(heard.text));
  }

  /** A message that closes may wait for its turn, while what ends the WebSocket itself does not. */
  #overtaken(heard: Heard): void {
    if (heard.type === "close") this.closings.add(heard.answer);
    else if (heard.type === "wrong") this.closings.add(heard.code);
    else if (heard.type === "binary") this.closings.add(4400);
  }

  /** What is wrong with the server's messages so far. With `final`, also what is missing. */
  objection(messages: readonly ServerMessage[], final: boolean): string | undefined {
    const answers = new Map<string, Answer[]>();
    const pongs: unknown[] = [];
    const misunderstood: (string | undefined)[] = [];
    let acks = 0;
    for (const message of messages) {
      const reply = this.#options.dialect.reply(message);
      if (!reply) return `the message ${JSON.stringify(message)}`;
      if (reply.type === "ack") acks += 1;
      else if (reply.type === "pong") pongs.push(reply.payload);
      else if (reply.type === "misunderstood") misunderstood.push(reply.id);
      else if (isAnswer(reply)) answers.set(reply.id, [...(answers.get(reply.id) ?? []), reply.type]);
    }
    return (
      this.#objectionToAcks(acks, final) ??
      objectionToList("pongs", pongs, this.#pongs, final) ??
      objectionToList("answers to what is wrong", misunderstood, this.#wrong, final) ??
      this.#objectionToAnswers(answers, final)
    );
  }

  #objectionToAcks(acks: number, final: boolean): string | undefined {
    const expected = this.#state === "connecting" ? 1 : 0;
    return acks > expected || (final && acks < expected) ? `${acks} acknowledgements` : undefined;
  }

  #objectionToAnswers(answers: ReadonlyMap<string, readonly Answer[]>, final: boolean): string | undefined {
    for (const id of answers.keys()) if (!this.#operations.has(id)) return `an answer to ${id}, which was not asked`;
    for (const [id, asked] of this.#operations) {
      const received = answers.get(id) ?? [];
      if (!follows(this.#runs ? asked : asked.map(unanswered), received, final)) {
        return `the answers ${received.join()} to ${id}: ${JSON.stringify(asked)}`;
      }
    }
    return undefined;
  }

  /** Nothing is executed before the acknowledgement. */
  get #runs(): boolean {
    return this.#state === "connecting" || this.#state === "ready";
  }

  #understand(text: string): Said {
    const early = this.#state === "open" || this.#state === "held";
    if (early && Buffer.byteLength(text) > maxBytesBeforeAck) return { type: "wrong" };
    const message = readObject(text);
    return message && typeof message["type"] === "string"
      ? this.#options.dialect.understand(message)
      : { type: "wrong", id: message && idOfAny(this.#options.dialect, message) };
  }

  #said(said: Said): void {
    switch (said.type) {
      case "init":
        if (this.#state === "open") this.#state = "connecting";
        else this.closing = 4429;
        return;
      case "ping":
        this.#pongs.push(said.payload);
        return;
      case "start":
        return this.#start(said);
      case "stop":
        return this.#stop(said.id);
      case "leave":
        this.closing = 1000;
        return;
      case "wrong":
        if (this.#options.dialect.wrong === "close") this.closing = 4400;
        else this.#wrong.push(said.id);
        return;
      case "nothing":
    }
  }

  #start({ id, refused, request }: Extract<Said, { readonly type: "start" }>): void {
    const { dialect, excessive, schema } = this.#options;
    if (dialect.early === "close" && !this.#runs) {
      this.closing = 4401;
      return;
    }
    // The acknowledgement may not have been sent when this arrives.
    if (dialect.early === "close" && this.#state === "connecting") this.closings.add(4401);
    const asked = this.#operations.get(id) ?? [];
    const last = asked.at(-1);
    if (last && !last.stopped && dialect.duplicate === "close") {
      if (isEndless(last.course)) {
        this.closing = 4409;
        return;
      }
      // Whether it was answered before this arrived, nobody can tell.
      this.closings.add(4409);
    } else if (last) last.stopped = true;
    const outcome = refused || excessive.has(request.query) ? "error" : outcomeOf(schema, request);
    asked.push({ course: dialect.courses[outcome], stopped: false });
    this.#operations.set(id, asked);
  }

  #stop(id: string): void {
    // What has not left yet of earlier ones is dropped as well: it has the same id.
    for (const asked of this.#operations.get(id) ?? []) asked.stopped = true;
  }
}

/** A message without a type is answered like one with a type that does not exist. */
function idOfAny(dialect: DialectModel, message: object): string | undefined {
  const said = dialect.understand({ ...message, type: "" });
  return said.type === "wrong" ? said.id : undefined;
}

function isAnswer(reply: Reply): reply is { readonly type: Answer; readonly id: string } {
  return reply.type !== "alive";
}

function objectionToList(
  what: string,
  received: readonly unknown[],
  expected: readonly unknown[],
  final: boolean,
): string | undefined {
  const due = JSON.stringify(final ? expected : expected.slice(0, received.length));
  return JSON.stringify(received) === due ? undefined : `the ${what} ${JSON.stringify(received)} instead of ${due}`;
}

function unanswered({ stopped }: Asked): Asked {
  return { course: silence, stopped };
}

function isEndless({ steps, end }: Course): boolean {
  return steps[end]?.result !== undefined;
}

/** Where an answer may belong: to which request of an id, and to which step of its course. */
interface Place {
  readonly index: number;
  readonly step: number;
}

/** Whether these answers are to these requests with one id, one after the other. */
function follows(asked: readonly Asked[], answers: readonly Answer[], final: boolean): boolean {
  let places = onward(asked, [{ index: 0, step: 0 }]);
  for (const answer of answers) {
    places = onward(
      asked,
      places.flatMap(({ index, step }) => {
        const next = asked[index]?.course.steps[step]?.[answer];
        return next === undefined ? [] : [{ index, step: next }];
      }),
    );
  }
  if (!final) return places.length > 0;
  return places.some(({ index, step }) => {
    const last = asked[index];
    return index === asked.length - 1 && last !== undefined && (last.stopped || step === last.course.end);
  });
}

/** One that was stopped may be answered no further, and one that has got everything gives way to the next. */
function onward(asked: readonly Asked[], places: readonly Place[]): readonly Place[] {
  const all = new Map<string, Place>();
  const add = ({ index, step }: Place): void => {
    all.set(`${index} ${step}`, { index, step });
    const current = asked[index];
    if (!current || index === asked.length - 1) return;
    if (current.stopped || step === current.course.end) add({ index: index + 1, step: 0 });
  };
  for (const place of places) add(place);
  return [...all.values()];
}
