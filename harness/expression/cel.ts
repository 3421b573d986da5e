/**
 * The one file that imports CEL: an environment for a scope, with our types and their operators, and the way in and out of it.
 */
import { Environment } from "@marcbachmann/cel-js";
import { complaintAbout, type CelFailure } from "./complaint.ts";
import { ExpressionError } from "./error.ts";
import type { Bindings, Expression, Scope, ValueType } from "./expression.ts";
import { guard } from "./guard.ts";
import type { Rewritten } from "./literals.ts";
import { functions, operators } from "./operators.ts";
import { Duration, Size, fromCel, toCel, wrapperOf, type Wrapper } from "./values.ts";

const eventMembers: ReadonlyMap<string, ValueType> = new Map<string, ValueType>([
  ["count", "int"],
  ["age", "duration"],
  ["last", "dynamic"],
]);

/** What `fault("name")` is: `hits` over all occurrences, `started` and `ended` one event an occurrence. */
const faultType: ValueType = {
  object: "fault",
  members: new Map<string, ValueType>([
    ["active", "bool"],
    ["hits", "int"],
    ["started", "event"],
    ["ended", "event"],
  ]),
};

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
  const { environment, wrapperFor, typeNamed, evaluateWith } = createEnvironment(rewritten, scope);
  try {
    const parsed = environment.parse(rewritten.text);
    const reads = [...new Set(guard(parsed.ast, scope.steps).map(slice))];
    const checked = parsed.check();
    if (checked.error !== undefined) throw checked.error;
    const type = typeNamed(checked.type ?? "dyn");
    return {
      text,
      type,
      reads,
      evaluate(bindings) {
        const variables: Record<string, unknown> = {};
        for (const [name, variableType] of scope.variables)
          variables[name] = toCel(bindings.variables[name], variableType, wrapperFor);
        try {
          return fromCel(evaluateWith(bindings, () => parsed(variables)));
        } catch (error) {
          if (isUnknownYet(error)) return undefined;
          throw describe(error);
        }
      },
    };
  } catch (error) {
    throw describe(error);
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

/** A value that the run has not produced yet reads as missing. */
function isUnknownYet(error: unknown): boolean {
  const code = (error as CelFailure).code;
  return code === "no_such_key" || code === "unknown_variable";
}

function createEnvironment({ literals }: Rewritten, scope: Scope) {
  const environment = new Environment({ limits });
  const wrappers = new Map<ValueType, { readonly name: string; readonly wrapper: Wrapper }>();
  const types = new Map<string, ValueType>();
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
    if (typeof type === "string") return type;
    const known = wrappers.get(type);
    if (known !== undefined) return known.name;
    const name = `object_${wrappers.size}`;
    define(type, name, type.members);
    return name;
  };

  environment.registerType("duration", { ctor: Duration, fields: {} });
  environment.registerType("size", { ctor: Size, fields: {} });
  define("event", "event", eventMembers);
  for (const [signature, handle] of functions) environment.registerFunction(signature, handle, { async: false });
  for (const [signature, handle] of operators) {
    environment.registerOperator(signature, handle as (left: unknown, right: unknown) => unknown);
  }

  // Evaluation is synchronous: the bindings of the moment are those of the call that is running.
  let current: Bindings | undefined;
  environment.registerFunction(
    `fault(string): ${celName(faultType)}`,
    (step: string) => toCel(current?.fault(step), faultType, wrapperFor),
    {
      async: false,
    },
  );
  for (const { name, type, value } of literals) {
    environment.registerConstant(name, type, type === "duration" ? new Duration(value) : new Size(value));
  }
  for (const [name, type] of scope.variables) {
    if (reservedNames.has(name)) throw new ExpressionError(`${name} is a reserved word: give it another name`, 0);
    environment.registerVariable(name, celName(type));
  }
  return {
    environment,
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
