/** The body of a request or a reply, as text. */

/** It is longer than anybody has reason to send. */
export class BodyError extends Error {
  override readonly name = "BodyError";
}

/** @throws {BodyError} if it is longer; and what the stream throws. */
export async function readBody(body: AsyncIterable<Uint8Array>, limitBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > limitBytes) throw new BodyError(`it is longer than ${limitBytes} bytes`);
    chunks.push(chunk);
  }
  return new TextDecoder().decode(Buffer.concat(chunks));
}
