/** Whom the gate's proxies trust, and who makes the certificates that they show: lent by the harness, which the run's authority is with. */
import { restoreAuthority, type Authority, type Issued } from "../../../../host/real/certificates.ts";
import type { Identity } from "../../../../host/real.ts";
import type { Operation } from "../pipe.ts";
import { operation } from "./operation.ts";

export interface LentIdentity {
  /** Says what was lent once it is. */
  readonly identity: Identity;
  readonly operations: Readonly<Record<string, Operation>>;
}

const notLent = "the gate was not lent the authority of its run";

export function createLentIdentity(): LentIdentity {
  let lent: Issued | undefined;
  /** Not before somebody needs a certificate: most runs need none. */
  let restored: Promise<Authority> | undefined;
  return {
    identity: {
      get authority() {
        if (lent === undefined) throw new Error(notLent);
        return lent.certificate;
      },
      issuer: {
        async make(certificate) {
          if (lent === undefined) throw new Error(notLent);
          restored ??= restoreAuthority(lent);
          return (await restored).make(certificate);
        },
      },
    },
    operations: operation("authority.lend", async (authority) => void (lent = authority)),
  };
}
