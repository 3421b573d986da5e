/** The key that tickets are signed with: made when it is first needed, and kept. */
import { z } from "zod";
import type { Host } from "../../host/host.ts";
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
  {
    await using created = await host.files.open(`${file}.new`, "write");
    await created.write(
      JSON.stringify(Object.fromEntries(Object.entries(key).map(([name, number]) => [name, String(number)]))),
    );
    await created.sync();
  }
  await host.files.rename(`${file}.new`, file);
  return key;
}
