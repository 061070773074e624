import { expectTypeOf } from "vitest";
import { createPublisher, topic, type Fanfare } from "fanfare";
import { memoryBroker } from "fanfare/brokers/memory";
import type { Topic } from "fanfare/declare";

interface Message {
  readonly id: string;
  readonly text: string;
}

declare const fanfare: Fanfare;
declare const message: Message;

// A family without parts is called without values.
const news = topic<Message>("news");
expectTypeOf(news).parameters.toEqualTypeOf<[]>();
expectTypeOf(news()).toEqualTypeOf<Topic<Message>>();

// Each part takes a value of its own type, and all of them are needed.
const seat = topic("seat", {
  row: Number,
  name: String,
  vip: Boolean,
}).of<Message>();
expectTypeOf(seat).parameters.toEqualTypeOf<[{ readonly row: number; readonly name: string; readonly vip: boolean }]>();
expectTypeOf(seat({ row: 1, name: "a", vip: false })).toEqualTypeOf<Topic<Message>>();
expectTypeOf(seat).parameter(0).not.toExtend<{ row: string }>();

// What is published to a topic is what the topic carries.
const room = topic("room", { name: String }).of<Message>();
const lobby = room({ name: "lobby" });
expectTypeOf(fanfare.publish(lobby, message)).toEqualTypeOf<Promise<void>>();
expectTypeOf(fanfare.publish([lobby, news()], message)).toEqualTypeOf<Promise<void>>();
expectTypeOf(fanfare.publish("any name", { any: "payload" })).toEqualTypeOf<Promise<void>>();
expectTypeOf(fanfare.end(lobby)).toEqualTypeOf<Promise<void>>();

const publisher = createPublisher({ broker: memoryBroker() });
expectTypeOf(publisher.publish(lobby, message)).toEqualTypeOf<Promise<void>>();

// @ts-expect-error a property has another type
void fanfare.publish(lobby, { id: 1, text: "one" });
// @ts-expect-error a property is missing
void fanfare.publish(lobby, { id: "1" });
// @ts-expect-error one of the topics carries something else
void fanfare.publish([lobby, topic<number>("count")()], message);
// @ts-expect-error a property has another type
void publisher.publish(lobby, { id: 1, text: "one" });
