/** Moments as text: as HTTP has them (RFC 9110, section 5.6.7), and as PLC's database had. */

const formatter = new Intl.DateTimeFormat("en-GB", {
  timeZone: "UTC",
  weekday: "short",
  day: "2-digit",
  month: "short",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** "Thu, 01 Jan 2026 00:00:00 GMT" */
export function httpDate(milliseconds: number): string {
  const { weekday, day, month, year, time } = partsOf(milliseconds);
  return `${weekday}, ${day} ${months[month - 1]} ${year} ${time} GMT`;
}

/** "2026-01-01 00:00:00" */
export function sqlDate(milliseconds: number): string {
  const { day, month, year, time } = partsOf(milliseconds);
  return `${year}-${String(month).padStart(2, "0")}-${day} ${time}`;
}

function partsOf(milliseconds: number) {
  const parts = new Map(formatter.formatToParts(milliseconds).map(({ type, value }) => [type as string, value]));
  const of = (type: string): string => parts.get(type) ?? "";
  return {
    weekday: of("weekday"),
    day: of("day"),
    // Some locales' data have "Sept".
    month: months.indexOf(of("month").slice(0, 3)) + 1,
    year: of("year").padStart(4, "0"),
    time: `${of("hour")}:${of("minute")}:${of("second")}`,
  };
}
