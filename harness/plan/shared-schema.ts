/**
 * A JSON Schema that says the same in fewer words: every value of a plan may be drawn in many ways, and each of these ways repeats what the value is.
 *
 *     anyOf [{ only key a }, { only key b }] ──► one object, exactly one key
 *     the same schema again                  ──► a reference to where it stands first
 */

type Json = string | number | boolean | null | undefined | readonly Json[] | JsonObject;
interface JsonObject {
  readonly [key: string]: Json;
}

/** Below these keys are schemas: one, a list, or one by each name. */
const holders = {
  one: new Set(["additionalProperties", "items", "not", "propertyNames", "additionalItems", "contains"]),
  list: new Set(["anyOf", "oneOf", "allOf", "items"]),
  named: new Set(["properties", "definitions", "patternProperties"]),
};

export function shared(schema: object): object {
  const firsts = new Map<string, string>();

  function share(one: JsonObject, pointer: string): JsonObject {
    const said = JSON.stringify(one);
    const first = firsts.get(said);
    if (first !== undefined) return { $ref: first };
    // A reference that is longer than what it refers to saves nothing.
    if (said.length > JSON.stringify({ $ref: pointer }).length && !("definitions" in one)) firsts.set(said, pointer);
    return overSchemas(one, share, pointer);
  }
  return share(plain(schema as JsonObject), "#");
}

function overSchemas(
  schema: JsonObject,
  change: (schema: JsonObject, pointer: string) => JsonObject,
  pointer: string,
): JsonObject {
  const changed = (value: Json, at: string): Json => (isObject(value) ? change(value, at) : value);
  return Object.fromEntries(
    Object.entries(schema).map(([key, value]) => {
      const at = `${pointer}/${escaped(key)}`;
      if (holders.list.has(key) && Array.isArray(value))
        return [key, value.map((each: Json, index) => changed(each, `${at}/${index}`))];
      if (holders.named.has(key) && isObject(value))
        return [
          key,
          Object.fromEntries(
            Object.entries(value).map(([name, each]) => [name, changed(each, `${at}/${escaped(name)}`)]),
          ),
        ];
      return [key, holders.one.has(key) ? changed(value, at) : value];
    }),
  );
}

/** What is described as a whole needs not be described the same in each of its ways. */
function plain(schema: JsonObject): JsonObject {
  const { description } = schema;
  const bare = (one: JsonObject): JsonObject => {
    const { description: said, ...rest } = one;
    return overSchemas(said === description ? rest : one, bare, "");
  };
  const ways = schema["anyOf"];
  const once = description === undefined || !Array.isArray(ways) ? schema : { ...bare(schema), description };
  return overSchemas(merged(once), plain, "");
}

/** Of the objects among its ways, those with one key become one object. */
function merged(schema: JsonObject): JsonObject {
  const ways = schema["anyOf"];
  if (!Array.isArray(ways)) return schema;
  const [only, others] = [ways.filter(hasOneKey), ways.filter((way: Json) => !hasOneKey(way))];
  const properties = Object.assign({}, ...only.map((way) => way["properties"])) as JsonObject;
  if (only.length < 2 || Object.keys(properties).length < only.length) return schema;
  const one = { type: "object", properties, additionalProperties: false, minProperties: 1, maxProperties: 1 };
  const { anyOf: _ways, ...rest } = schema;
  return others.length === 0 ? { ...rest, ...one } : { ...schema, anyOf: [...others, one] };
}

function hasOneKey(way: Json): way is JsonObject {
  if (!isObject(way)) return false;
  const { type, properties, required, additionalProperties, ...more } = way;
  const [key, ...keys] = isObject(properties) ? Object.keys(properties) : [];
  if (type !== "object" || additionalProperties !== false || keys.length > 0 || Object.keys(more).length > 0)
    return false;
  return key !== undefined && JSON.stringify(required) === JSON.stringify([key]);
}

function isObject(value: Json): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** RFC 6901. */
function escaped(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}
