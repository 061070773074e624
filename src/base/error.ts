/**
 * Every code that a {@link FanfareError} carries: when it happens and what the caller should do next.
 * Codes are stable between major versions, messages are not.
 */
export const errorCodes = {
  BAD_OPTION: {
    when: "An option or an argument is unknown, missing, or has a value that is not allowed.",
    next: "Correct the option that the message names.",
  },
  BAD_DECLARATION: {
    when: "A subscription declaration or the schema around it cannot work.",
    next: "Correct the field that the message names.",
  },
  BAD_VALUE: {
    when: "A row was asked for by a value that its column cannot have.",
    next: "Correct the value that the message names; another attempt fails as well.",
  },
  NOT_BOUND: {
    when: "A declared field was subscribed to before a Fanfare was created with its schema.",
    next: "Call createFanfare({ schema }) before the first subscription.",
  },
  CLOSED: {
    when: "Something was used after it was disposed.",
    next: "Stop using it, or open a new one.",
  },
  EVENT_NOT_STORED: {
    when: "The broker refused an event; it did not happen for anyone.",
    next: "Publish again, with the same id.",
  },
  EVENT_UNKNOWN: {
    when: "The broker may or may not have taken an event.",
    next: "Publish again with the same id; a repeat within two minutes is harmless.",
  },
  BROKER_UNAVAILABLE: {
    when: "The broker could not confirm a subscription.",
    next: "Retry later; clients are told to come back.",
  },
  SHARING_BROKEN: {
    when: "A resolver that was declared shareable read the viewer's context.",
    next: "Take the `shareable` mark off the field that the message names.",
  },
  SOURCE_NOT_READY: {
    when: "A database lacks something that capturing its changes needs.",
    next: "Do what the message says, then start again.",
  },
  SOURCE_UNAVAILABLE: {
    when: "A database could not be reached, or broke off.",
    next: "Nothing: it is tried again. Look at the database if it goes on.",
  },
  SOURCE_LOST: {
    when: "Changes of a database can no longer be had.",
    next: "Nothing: clients are told of the gap. Raise the bound that the message names.",
  },
  LEAD_LOST: {
    when: "Another process publishes a database's changes by now.",
    next: "Nothing: this process waits until it is needed again.",
  },
  OVERFLOW: {
    when: "A bounded queue was full and its policy was to end the reader.",
    next: "Read faster, raise the bound, or choose another overflow policy.",
  },
} as const;

export type ErrorCode = keyof typeof errorCodes;

/** The one error class of Fanfare. Test `code`, never `message`. */
export class FanfareError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "FanfareError";
    this.code = code;
  }
}
