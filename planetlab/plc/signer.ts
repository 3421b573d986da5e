/** The key that tickets are signed with: made when it is first needed, and kept. */
import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import type { KeyObject } from "node:crypto";
import type { Host } from "../../host/host.ts";

const file = "ticket-key.pem";

export async function openSigner(host: Host): Promise<KeyObject> {
  const bytes = await host.files.read(file).catch(() => undefined);
  if (bytes !== undefined) return createPrivateKey(Buffer.from(bytes));
  // RSA, since GnuPG 1 is what nodes have.
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  {
    await using created = await host.files.open(`${file}.new`, "write");
    await created.write(privateKey.export({ type: "pkcs8", format: "pem" }));
    await created.sync();
  }
  await host.files.rename(`${file}.new`, file);
  return privateKey;
}
