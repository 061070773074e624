// The door for authors of brokers, sources, transports and dialects: the types of their contracts. Re-exports only.
export { systemClock, type Clock, type Timer } from "./base/clock.ts";
export type { CloseCode, CloseCodeName } from "./base/close-code.ts";
export type {
  Broker,
  BrokerSink,
  Event,
  Fence,
  GapReason,
  NewEvent,
  Position,
  Receipt,
  Replay,
  TopicName,
} from "./contract/broker.ts";
export type {
  Captured,
  CapturedChange,
  CapturedEvent,
  CapturedRow,
  CapturedTruncation,
  RowAction,
  TableName,
} from "./contract/captured.ts";
export type { Log } from "./contract/log.ts";
export type { Peer } from "./contract/peer.ts";
export type { Place } from "./contract/place.ts";
export type { Accept, Admit, Refusal, Socket, SocketHandler } from "./contract/socket.ts";
export type {
  Batch,
  SnapshotRequest,
  Source,
  SourceLag,
  SourceState,
  TableReader,
  TableSnapshot,
  Transaction,
  TransactionalEvent,
} from "./contract/source.ts";
export { telemetry, type TelemetryChannel, type TelemetryEvents, type TelemetryName } from "./contract/telemetry.ts";
export type { HttpExchange, HttpService, StreamBody, StreamListener } from "./transports/exchange/exchange.ts";
export type { HttpReply } from "./transports/exchange/reply.ts";
export type { HttpHandler } from "./transports/http/node-handler.ts";
export type { HttpServer } from "./transports/server/path-claims.ts";
export type { Viewer } from "./contract/viewer.ts";
export type { Dialect, DialectRules } from "./dialects/dialect.ts";
export type { ClientMessage, Envelope, MessagePayload, OperationRequest, ServerMessage } from "./dialects/message.ts";
