import type { Chapter } from "./case.ts";

export const fencing: Chapter = {
  name: "fencing",
  cases: [
    {
      name: "refuses a lower fencing token after a higher one",
      needs: ["fences"],
      async run(stage) {
        const earlier = await stage.station();
        const later = await stage.elsewhere(earlier);
        const [topic, scope] = [stage.topic(), stage.topic("scope")];
        await later.subscribe(topic);
        const [first, second, third] = [stage.event(topic), stage.event(topic), stage.event(topic)];
        await earlier.broker.publish([first], { scope, token: 7 });
        await later.broker.publish([second], { scope, token: 8 });
        const refused = await earlier.broker.publish(stage.events(topic, 2), { scope, token: 7 });
        stage.expect(refused.map((receipt) => "notStored" in receipt)).toEqual([true, true]);
        const [again] = await later.broker.publish([third], { scope, token: 8 });
        stage.expect(again && "stored" in again).toBe(true);
        await stage.settle(later, later);
        await stage.heard(later, topic, [first, second, third]);
      },
    },
    {
      name: "keeps the fencing tokens of scopes apart, and accepts a publish without one",
      needs: ["fences"],
      async run(stage) {
        const { broker } = await stage.station();
        const topic = stage.topic();
        const [scope, other] = [stage.topic("scope"), stage.topic("other")];
        const receipts = [
          await broker.publish(stage.events(topic, 1), { scope, token: 9 }),
          await broker.publish(stage.events(topic, 1), { scope: other, token: 1 }),
          await broker.publish(stage.events(topic, 1)),
        ];
        stage.expect(receipts.flat().map((receipt) => "stored" in receipt)).toEqual([true, true, true]);
      },
    },
  ],
};
