import { element } from "./element.js";

const ofToday = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
const ofOtherDays = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const inFull = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });

/**
 * A moment for people: the time, or the day when that is another one.
 *
 * @param {string} iso
 */
export function moment(iso) {
  const date = new Date(iso);
  const isToday = date.toDateString() === new Date().toDateString();
  return element("time", { datetime: iso, title: inFull.format(date) }, (isToday ? ofToday : ofOtherDays).format(date));
}
