import {
  getOperationAST,
  GraphQLError,
  stripIgnoredCharacters,
  type DocumentNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from "graphql";
import { BoundedMap } from "../../base/bounded-map.ts";
import { digestOf } from "../../base/digest.ts";
import { FanfareError } from "../../base/error.ts";
import { DocumentChecker, type DocumentCheckOptions } from "./checker.ts";
import { cutMessage } from "./error.ts";
import { askingForWholeResults, hasIncrementalDirectives } from "./incremental-directives.ts";

/** A valid document. */
export class Document {
  readonly source: string;
  readonly ast: DocumentNode;
  #digest: string | undefined;

  constructor(source: string, ast: DocumentNode) {
    this.source = source;
    this.ast = ast;
  }

  /** The digest of the source without ignored tokens (spec 2.1.7): equal for two formattings of one document. */
  get digest(): string {
    this.#digest ??= digestOf(stripIgnoredCharacters(this.source));
    return this.#digest;
  }

  /** GetOperation (spec 6.1): the operation of this name, or the only one. The error has graphql-js's message. */
  operation(name: string | undefined): OperationDefinitionNode | GraphQLError {
    const operation = getOperationAST(this.ast, name);
    if (operation) return operation;
    return new GraphQLError(this.#whyNot(name), {
      extensions: { code: "OPERATION_RESOLUTION_FAILURE" },
    });
  }

  #whyNot(name: string | undefined): string {
    if (name !== undefined) return cutMessage(`Unknown operation named "${name}".`);
    // A valid document has at least one definition, and none but operations and the fragments they use.
    return "Must provide operation name if query contains multiple operations.";
  }
}

/** The errors of a document. `ast` is undefined if it could not be parsed. */
export type DocumentErrors =
  | { readonly errors: readonly GraphQLError[]; readonly ast: DocumentNode }
  | { readonly errors: readonly [GraphQLError]; readonly ast: undefined };

/** Options of {@link DocumentCache}. */
export interface DocumentCacheOptions extends DocumentCheckOptions {
  /** Documents kept, with LRU eviction. 0 keeps none. Default: 1,000. */
  readonly maxEntries?: number;
  /**
   * Memory of the kept documents, in bytes. It is estimated as two bytes per character and 512 per token, since a
   * parsed document is some 200 times larger than its source. 0 keeps none. Default: 64 MiB.
   */
  readonly maxBytes?: number;
}

/**
 * An LRU cache of parsed and validated documents, by source text. Invalid documents are cached too (negative caching),
 * but separately and with a tenth of the room, so that they cannot evict valid ones (cache pollution). A source over
 * the limit of `characters` is refused without being cached.
 */
export class DocumentCache {
  readonly #checker: DocumentChecker;
  readonly #documents: BoundedMap<string, Document>;
  readonly #failures: BoundedMap<string, DocumentErrors>;
  readonly #stripsDirectives: boolean;

  /** @throws FanfareError BAD_OPTION for a limit or a bound that is not a number in its range. */
  constructor(schema: GraphQLSchema, options: DocumentCacheOptions = {}) {
    const { maxEntries = 1_000, maxBytes = 64 * 1024 * 1024 } = options;
    if (!(maxEntries >= 0 && maxBytes >= 0)) {
      throw new FanfareError("BAD_OPTION", "The document cache's `maxEntries` and `maxBytes` must be 0 or more");
    }
    this.#checker = new DocumentChecker(schema, options);
    this.#stripsDirectives = hasIncrementalDirectives(schema);
    this.#documents = new BoundedMap(maxEntries, maxBytes);
    this.#failures = new BoundedMap(Math.ceil(maxEntries / 10), maxBytes / 10);
  }

  /** Whether a document was read before, and is kept. */
  has(source: string): boolean {
    return this.#documents.has(source) || this.#failures.has(source);
  }

  get(source: string): Document | DocumentErrors {
    const tooLong = this.#checker.tooLong(source);
    if (tooLong) return { errors: [tooLong], ast: undefined };
    return this.#documents.get(source) ?? this.#failures.get(source) ?? this.#read(source);
  }

  #read(source: string): Document | DocumentErrors {
    let ast: DocumentNode;
    try {
      ast = this.#checker.parse(source);
    } catch (error) {
      if (!(error instanceof GraphQLError)) throw error;
      return this.#fail(source, { errors: [error], ast: undefined });
    }
    const errors = this.#checker.validate(ast);
    if (errors.length > 0) return this.#fail(source, { errors, ast });
    const document = new Document(source, this.#stripsDirectives ? askingForWholeResults(ast) : ast);
    this.#documents.set(source, document, weight(source, ast));
    return document;
  }

  #fail(source: string, failure: DocumentErrors): DocumentErrors {
    this.#failures.set(source, failure, weight(source, failure.ast));
    return failure;
  }
}

const bytesPerToken = 512;
// The error of a source that cannot be parsed: it holds no tokens, but a stack trace.
const bytesPerError = 4_096;

function weight(source: string, ast: DocumentNode | undefined): number {
  return 2 * source.length + (ast ? (ast.tokenCount ?? source.length) * bytesPerToken : bytesPerError);
}
