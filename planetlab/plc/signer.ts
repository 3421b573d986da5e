/** The key that tickets are signed with: made when it is first needed, and kept. */
import { z } from "zod";
import type { Host } from "../../host/host.ts";
import { replaceFile } from "../replace-file.ts";
import { generateKey } from "./rsa.ts";
import type { RsaKey } from "./rsa.ts";

const file = "ticket-key.json";
const digits = z.string().regex(/^\d+$/);
const savedKey = z.strictObject({ modulus: digits, exponent: digits, secret: digits });

export async function openSigner(host: Host): Promise<RsaKey> {
  const bytes = await host.files.read(file).catch(() => undefined);
  if (bytes !== undefined) {
    const { modulus, exponent, secret } = savedKey.parse(JSON.parse(new TextDecoder().decode(bytes)));
    return { modulus: BigInt(modulus), exponent: BigInt(exponent), secret: BigInt(secret) };
  }
  const key = generateKey((length) => host.random.bytes(length));
  const saved = Object.fromEntries(Object.entries(key).map(([name, number]) => [name, String(number)]));
  await replaceFile(host, file, JSON.stringify(saved), { ownerOnly: true });
  return key;
}
