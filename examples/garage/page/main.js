import { carChanged, Cars, carsQuery } from "./cars.js";
import { Connection, mutate, socketUrl } from "./connection.js";
import { Editor } from "./editor.js";
import { byId } from "./element.js";
import { Feed } from "./feed.js";
import { messageAdded, messagesQuery, Room } from "./room.js";
import { summaryOf } from "./summary.js";

/** @import { Car, CarChange } from "./cars.js" */
/** @import { Message } from "./room.js" */

const statusWords = { connecting: "Connecting", live: "Live", lost: "Reconnecting" };
const setYear = "mutation ($id: ID!, $year: Int) { updateCar(id: $id, input: { year: $year }) { id } }";
const deleteCar = "mutation ($id: ID!) { deleteCar(id: $id) }";
const sendMessage = 'mutation ($text: String!) { sendMessage(room: "lobby", text: $text) { id } }';

const editor = new Editor();
const feed = new Feed();
const room = new Room();
const cars = new Cars({
  edit: (car) => editor.open(car),
  remove: (car) => void attempt(() => mutate(deleteCar, { id: car.id })),
});

const connection = new Connection((status) => {
  const shown = byId("status", HTMLElement);
  shown.dataset["status"] = status;
  shown.textContent = statusWords[status];
});

connection.follow({
  subscription: carChanged,
  query: carsQuery,
  onList: (/** @type {{ cars: Car[] }} */ data) => cars.show(data.cars),
  onEvent: (/** @type {{ carChanged: CarChange }} */ data) => {
    const change = data.carChanged;
    cars.apply(change);
    feed.add(change.action.toLowerCase(), summaryOf(change), change.at, data);
  },
});

connection.follow({
  subscription: messageAdded,
  query: messagesQuery,
  onList: (/** @type {{ messages: Message[] }} */ data) => room.show(data.messages),
  onEvent: (/** @type {{ messageAdded: Message }} */ data) => {
    const { author, text, sentAt } = data.messageAdded;
    room.add(data.messageAdded);
    feed.add("message", `${author.username}: ${text}`, sentAt, data);
  },
});

byId("add", HTMLButtonElement).addEventListener("click", () => editor.open());

byId("change", HTMLButtonElement).addEventListener("click", () => {
  const car = cars.all[Math.floor(Math.random() * cars.all.length)];
  if (car) void attempt(() => mutate(setYear, { id: car.id, year: otherYear(car) }));
  else editor.open();
});

byId("send", HTMLFormElement).addEventListener("submit", (event) => {
  event.preventDefault();
  const input = byId("text", HTMLInputElement);
  const text = input.value;
  void attempt(async () => {
    await mutate(sendMessage, { text });
    if (input.value === text) input.value = "";
  });
});

const command = `curl ${location.origin}/graphql \\
  -H 'content-type: application/json' \\
  -d '{"query":"mutation { updateCar(id: 1, input: { year: 1975 }) { id } }"}'`;
byId("command", HTMLPreElement).textContent = command;
byId("endpoint", HTMLElement).textContent = socketUrl.href;
byId("trigger", HTMLElement).textContent = `${location.port === "4000" ? "" : `PORT=${location.port} `}npm run trigger`;

const copy = byId("copy", HTMLButtonElement);
// Browsers let only pages of this machine, or behind TLS, write to the clipboard.
copy.hidden = !("clipboard" in navigator);
copy.addEventListener("click", () => {
  void attempt(async () => {
    await navigator.clipboard.writeText(command);
    copy.textContent = "Copied";
    setTimeout(() => (copy.textContent = "Copy"), 1_500);
  });
});

/**
 * A year that this car does not have.
 *
 * @param {Car} car
 */
function otherYear(car) {
  const year = 1960 + Math.floor(Math.random() * 66);
  return year === car.year ? year + 1 : year;
}

/**
 * Does what somebody asked for, and says so when it did not work.
 *
 * @param {() => Promise<void>} action
 */
async function attempt(action) {
  const notice = byId("notice", HTMLElement);
  try {
    await action();
    notice.hidden = true;
  } catch (error) {
    notice.textContent = error instanceof Error ? error.message : String(error);
    notice.hidden = false;
  }
}
