/**
 * What may stand in the place of what a guard does: a value, or what does nothing, or what does just the thing itself.
 *
 *     : Infinity    ?? over    : { look: nothing }    : () => undefined    : (_name, work) => work()    function asItIs(text) { return text; }
 */
import { parseAst } from "vitest/node";

export interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

/** Of a stretch of code as it stands behind a question. */
export function isPlain(stretch: string): boolean {
  const code = stretch.replace(/^(?:[?:]|\|\||&&|\?\?) /, "");
  const program = parsed(`(${code})`) ?? parsed(code);
  const statements = (program?.["body"] as readonly Node[] | undefined) ?? [];
  const [statement] = statements;
  if (statement === undefined || statements.length > 1) return false;
  if (statement.type === "FunctionDeclaration") return isPlainNode(statement);
  return statement.type === "ExpressionStatement" && isPlainNode(statement["expression"] as Node);
}

export function parsed(text: string): Node | undefined {
  try {
    return parseAst(text, { lang: "ts", preserveParens: false }) as unknown as Node;
  } catch {
    return undefined;
  }
}

export function isPlainNode(node: Node | null): boolean {
  switch (node?.type) {
    case undefined:
    case "Literal":
    case "Identifier":
      return true;
    case "MemberExpression":
      return node["computed"] === false && isPlainNode(node["object"] as Node);
    case "UnaryExpression":
      return isPlainNode(node["argument"] as Node);
    case "ArrayExpression":
      return (node["elements"] as readonly Node[]).every(isPlainNode);
    case "ObjectExpression":
      return (node["properties"] as readonly Node[]).every((each) =>
        isPlainNode((each["value"] as Node | undefined) ?? each),
      );
    case "ArrowFunctionExpression":
    case "FunctionExpression":
    case "FunctionDeclaration":
      return isPlainBody(node["body"] as Node, namesOf(node["params"] as readonly Node[]));
    default:
      return false;
  }
}

/** It does nothing, gives a value back, or calls what it was given. */
function isPlainBody(body: Node, given: readonly string[]): boolean {
  if (body.type === "BlockStatement") {
    const statements = body["body"] as readonly Node[];
    const [statement] = statements;
    if (statement === undefined) return true;
    return (
      statements.length === 1 &&
      statement.type === "ReturnStatement" &&
      isPlainBody(statement["argument"] as Node, given)
    );
  }
  if (body.type === "CallExpression")
    return (
      given.includes((body["callee"] as Node)["name"] as string) &&
      (body["arguments"] as readonly Node[]).every(isPlainNode)
    );
  return isPlainNode(body);
}

const namesOf = (params: readonly Node[]): readonly string[] =>
  params.flatMap(({ name }) => (typeof name === "string" ? [name] : []));
