/** A time as people write it, without a clock that would know the present one: RFC 3339, in UTC. */

const pattern = /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.\d+)?)?Z)?$/;

/** Milliseconds since the Unix epoch; NaN for anything else. */
export function parseTime(text: string): number {
  const [, year = NaN, month = NaN, day = NaN, hour = 0, minute = 0, second = 0] = (pattern.exec(text) ?? []).map(
    Number,
  );
  const seconds = (orNone(hour) * 60 + orNone(minute)) * 60 + orNone(second);
  return (daysSince1970(year, month, day) * 86_400 + seconds) * 1000;
}

/** What a date leaves out. */
function orNone(part: number): number {
  return Number.isNaN(part) ? 0 : part;
}

/** The year begins in March here, so that the day that is not always there is its last one. */
function daysSince1970(year: number, month: number, day: number): number {
  const years = month > 2 ? year : year - 1;
  const months = (month + 9) % 12;
  const before = Math.floor((153 * months + 2) / 5);
  return (
    years * 365 + Math.floor(years / 4) - Math.floor(years / 100) + Math.floor(years / 400) + before + day - 719_469
  );
}
