/**
 * The one file that imports CEL: an environment for a scope, with our types and their operators, and the way in and out of it.
 */
import { Environment, serialize } from "@marcbachmann/cel-js";
import type { ASTNode } from "@marcbachmann/cel-js";
import { complaintAbout, type CelFailure } from "./complaint.ts";
import { crossingsOf, type Comparison } from "./crossings.ts";
import { ExpressionError } from "./error.ts";
import type { Bindings, Crossing, Expression, Scope, ValueType } from "./expression.ts";
import { areSame, guard, type CelNode } from "./guard.ts";
import type { Rewritten } from "./literals.ts";
import { functions, operators } from "./operators.ts";
import { eventMembers, faultType, typeAt, valueAt } from "./path.ts";
import { Duration, Size, fromCel, toCel, wrapperOf, type Wrapper } from "./values.ts";

const limits = { maxAstNodes: 500, maxDepth: 32, maxListElements: 100, maxMapEntries: 100, maxCallArguments: 8 };

/** Names that CEL or this language has taken: a signal can't be called so. */
export const reservedNames: ReadonlySet<string> = new Set(
  (
    "as break const constructor continue else for function if import in let loop package namespace prototype return var void while true false null " +
    "bool bytes cel double dyn int list map null_type optional string type uint"
  ).split(" "),
);

/** @throws {ExpressionError} */
export function compileCel(text: string, rewritten: Rewritten, scope: Scope): Expression {
  const { originalOffset } = rewritten;
  const slice = ({ start, end }: { readonly start: number; readonly end: number }): string =>
    text.slice(originalOffset(start), originalOffset(end));
  const { environment, variables, wrapperFor, typeNamed, evaluateWith } = createEnvironment(rewritten, scope);
  try {
    const parsed = environment.parse(rewritten.text);
    const reads = guard(parsed.ast, scope.steps);
    const checked = parsed.check();
    if (checked.error !== undefined) throw checked.error;
    const comparisons = crossingsOf(parsed.ast, reads, (path) => typeAt(path, scope));
    return {
      text,
      type: typeNamed(checked.type ?? "dyn"),
      reads: [...new Set([...reads.values()].map((path) => path.join(".")))],
      crossings: all(comparisons?.map(crossing)),
      evaluate: (bindings) => evaluate(parsed, bindings),
    };
  } catch (error) {
    throw describe(error);
  }

  function evaluate(parsed: ReturnType<Environment["parse"]>, bindings: Bindings): unknown {
    const values: Record<string, unknown> = {};
    for (const [name, type] of variables) values[name] = toCel(bindings.variables[name], type, wrapperFor);
    try {
      return fromCel(evaluateWith(bindings, () => parsed(values)));
    } catch (error) {
      if (isUnknownYet(error)) return undefined;
      throw describe(error);
    }
  }

  function crossing({ path, limit }: Comparison): Crossing | undefined {
    const parsed = parsedAgain(environment, limit);
    if (parsed === undefined) return undefined;
    const literal = rewritten.literals.find(({ name }) => name === limit.args);
    return {
      read: path.join("."),
      remaining(bindings) {
        const value = literal === undefined ? limitNow(parsed, bindings) : literal.value;
        const age = valueAt(path, bindings);
        return typeof value === "number" && typeof age === "number" ? value - age : undefined;
      },
    };
  }

  /** What can't be computed is no limit; the expression itself will say so. */
  function limitNow(parsed: ReturnType<Environment["parse"]>, bindings: Bindings): unknown {
    try {
      return evaluate(parsed, bindings);
    } catch {
      return undefined;
    }
  }

  function describe(error: unknown): Error {
    if (error instanceof ExpressionError)
      return new ExpressionError(error.message, originalOffset(error.offset), { cause: error.cause });
    const { message, offset } = complaintAbout(error as CelFailure, {
      slice,
      scope,
      eventMembers,
      faultType,
      typeNamed,
    });
    return new ExpressionError(message, Math.min(text.length, originalOffset(offset)), { cause: error });
  }
}

/** An operand by itself. Positions don't tell where its parentheses are, so that it is written out, which must not lose anything. */
function parsedAgain(environment: Environment, operand: CelNode): ReturnType<Environment["parse"]> | undefined {
  try {
    const parsed = environment.parse(serialize(operand as ASTNode));
    return areSame(parsed.ast, operand) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function all<Item>(items: readonly (Item | undefined)[] | undefined): readonly Item[] | undefined {
  const known = items?.filter((item) => item !== undefined);
  return known?.length === items?.length ? known : undefined;
}

/** A value that the run has not produced yet reads as missing. */
function isUnknownYet(error: unknown): boolean {
  const code = (error as CelFailure).code;
  return code === "no_such_key" || code === "unknown_variable";
}

/** What all scopes have in common: the rest of an environment costs little. */
const common = createCommon();

function createCommon(): Environment {
  const environment = new Environment({ limits });
  environment.registerType("duration", { ctor: Duration, fields: {} });
  environment.registerType("size", { ctor: Size, fields: {} });
  for (const [signature, handle] of functions) environment.registerFunction(signature, handle, { async: false });
  for (const [signature, handle] of operators) {
    environment.registerOperator(signature, handle as (left: unknown, right: unknown) => unknown);
  }
  return environment;
}

function createEnvironment({ text, literals }: Rewritten, scope: Scope) {
  const environment = common.clone();
  const wrappers = new Map<ValueType, { readonly name: string; readonly wrapper: Wrapper }>();
  const types = new Map<string, ValueType>();
  let objects = 0;
  const wrapperFor = (type: ValueType): Wrapper | undefined => wrappers.get(type)?.wrapper;

  const define = (type: ValueType, name: string, members: ReadonlyMap<string, ValueType>): void => {
    const fields = Object.fromEntries([...members].map(([member, memberType]) => [member, celName(memberType)]));
    const wrapper = wrapperOf(members, wrapperFor);
    environment.registerType(name, { ctor: wrapper, fields });
    wrappers.set(type, { name, wrapper });
    types.set(name, type);
  };
  const celName = (type: ValueType): string => {
    if (type === "dynamic") return "dyn";
    if (type === "age") return "duration";
    if (typeof type === "string") return type;
    const known = wrappers.get(type);
    if (known !== undefined) return known.name;
    // Its members may be objects as well, and are defined before it is.
    const name = `object_${objects}`;
    objects += 1;
    define(type, name, type.members);
    return name;
  };
  define("event", "event", eventMembers);

  // Evaluation is synchronous: the bindings of the moment are those of the call that is running.
  let current: Bindings | undefined;
  if (text.includes("fault")) {
    const fault = (step: string): unknown => toCel(current?.fault(step), faultType, wrapperFor);
    environment.registerFunction(`fault(string): ${celName(faultType)}`, fault, { async: false });
  }
  for (const { name, type, value } of literals) {
    environment.registerConstant(name, type, type === "duration" ? new Duration(value) : new Size(value));
  }
  for (const name of scope.variables.keys()) {
    if (reservedNames.has(name)) throw new ExpressionError(`${name} is a reserved word: give it another name`, 0);
  }
  // Of hundreds of services, an expression names a few.
  const variables = new Map<string, ValueType>();
  for (const [name] of text.matchAll(/[A-Za-z]\w*/g)) {
    const type = scope.variables.get(name);
    if (type === undefined || variables.has(name)) continue;
    variables.set(name, type);
    environment.registerVariable(name, celName(type));
  }
  return {
    environment,
    variables,
    wrapperFor,
    typeNamed: (name: string): ValueType => types.get(name) ?? plainType(name),
    evaluateWith: <Result>(bindings: Bindings, evaluate: () => Result): Result => {
      current = bindings;
      try {
        return evaluate();
      } finally {
        current = undefined;
      }
    },
  };
}

function plainType(name: string): ValueType {
  switch (name) {
    case "bool":
    case "int":
    case "double":
    case "string":
    case "duration":
    case "size":
      return name;
    case "dyn":
    case "null":
      return "dynamic";
    default:
      if (name.startsWith("list")) return "list";
      if (name.startsWith("map")) return "dynamic";
      throw new ExpressionError(`the result is of type ${name}, which no plan can use`, 0);
  }
}
