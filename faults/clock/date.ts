/** A time as people write it, without a clock that would know the present one: RFC 3339, in UTC. */

export const timePattern = /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d):(\d\d)Z)?$/;

/** Milliseconds since the Unix epoch; NaN for anything else, and for days that no month has. */
export function parseTime(text: string): number {
  const parts = timePattern.exec(text);
  if (parts === null) return Number.NaN;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts
    .slice(1)
    .map((part: string | undefined) => Number(part ?? 0));
  const first = daysSince1970(year, month);
  const next = month === 12 ? daysSince1970(year + 1, 1) : daysSince1970(year, month + 1);
  const isReal =
    month >= 1 && month <= 12 && day >= 1 && day <= next - first && hour < 24 && minute < 60 && second < 60;
  return isReal ? ((first + day - 1) * 86_400 + (hour * 60 + minute) * 60 + second) * 1000 : Number.NaN;
}

/** Until the first of a month. The year begins in March here, so that the day that is not always there is its last one. */
function daysSince1970(year: number, month: number): number {
  const years = month > 2 ? year : year - 1;
  const before = Math.floor((153 * ((month + 9) % 12) + 2) / 5);
  return years * 365 + Math.floor(years / 4) - Math.floor(years / 100) + Math.floor(years / 400) + before - 719_468;
}
