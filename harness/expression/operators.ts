/** What CEL can't do by itself: arithmetic with durations and sizes, and with ints and doubles mixed. By CEL's signatures; its ints are bigints. */
import { ExpressionError } from "./error.ts";
import { Duration, Size } from "./values.ts";

type Figure = bigint | number;
// The handlers of one table take different values: their signatures, which the library checks, say which.
type Handler = (...values: never[]) => unknown;
type Table = readonly (readonly [signature: string, handle: Handler])[];

interface Kind<Quantity> {
  readonly name: string;
  readonly get: (quantity: Quantity) => number;
  readonly make: (value: number) => Quantity;
}

const durations: Kind<Duration> = {
  name: "duration",
  get: ({ milliseconds }) => milliseconds,
  make: (milliseconds) => new Duration(milliseconds),
};

const sizes: Kind<Size> = { name: "size", get: ({ bytes }) => bytes, make: (bytes) => new Size(bytes) };

export const functions: Table = [
  ["abs(int): int", (value: bigint) => (value < 0n ? -value : value)],
  ["abs(double): double", (value: number) => Math.abs(value)],
  absOf(durations),
  absOf(sizes),
];

export const operators: Table = [
  ...operatorsOf(durations),
  ...operatorsOf(sizes),
  ...mixed("int", "double"),
  ...mixed("double", "int"),
];

function absOf<Quantity>({ name, get, make }: Kind<Quantity>): Table[number] {
  return [`abs(${name}): ${name}`, (quantity: Quantity) => make(Math.abs(get(quantity)))];
}

function operatorsOf<Quantity>({ name, get, make }: Kind<Quantity>): Table {
  const both =
    <Result>(compute: (left: number, right: number) => Result) =>
    (left: Quantity, right: Quantity): Result =>
      compute(get(left), get(right));
  return [
    [`-${name}`, (quantity: Quantity) => make(-get(quantity))],
    [`${name} + ${name}`, both((left, right) => make(left + right))],
    [`${name} - ${name}`, both((left, right) => make(left - right))],
    [`${name} % ${name}`, both((left, right) => make(left % nonZero(right)))],
    [`${name} / ${name}: double`, both((left, right) => left / nonZero(right))],
    [`${name} == ${name}`, both((left, right) => left === right)],
    [`${name} < ${name}`, both((left, right) => left < right)],
    [`${name} <= ${name}`, both((left, right) => left <= right)],
    [`${name} > ${name}`, both((left, right) => left > right)],
    [`${name} >= ${name}`, both((left, right) => left >= right)],
    ...["int", "double"].flatMap((factor): Table => [
      [`${name} * ${factor}`, (left: Quantity, right: Figure) => make(get(left) * Number(right))],
      [`${factor} * ${name}: ${name}`, (left: Figure, right: Quantity) => make(Number(left) * get(right))],
      [`${name} / ${factor}`, (left: Quantity, right: Figure) => make(get(left) / nonZero(Number(right)))],
    ]),
  ];
}

/** CEL does not mix ints and doubles; a plan's author should not have to care. */
function mixed(left: string, right: string): Table {
  return [
    [`${left} + ${right}: double`, (one: Figure, other: Figure) => Number(one) + Number(other)],
    [`${left} - ${right}: double`, (one: Figure, other: Figure) => Number(one) - Number(other)],
    [`${left} * ${right}: double`, (one: Figure, other: Figure) => Number(one) * Number(other)],
    [`${left} / ${right}: double`, (one: Figure, other: Figure) => Number(one) / nonZero(Number(other))],
  ];
}

function nonZero(value: number): number {
  if (value === 0) throw new ExpressionError("division by zero", 0);
  return value;
}
