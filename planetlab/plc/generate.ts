/** Data that is made up, the same for the same amounts: for plans that say how much there shall be, and not what. */
import { createHash } from "node:crypto";
import { dataSchema } from "./data.ts";
import type { Data } from "./data.ts";

const standardRspec = { nm_cpu_share: 32, nm_disk_quota: 5_000_000, nm_enabled: 1 };
/** 2038-01-19: a made-up slice outlives every test. */
const standardExpiry = 2_147_483_647;
/** About the length of an RSA key of 2,048 bits in base64. */
const keyLength = 372;

export interface Amounts {
  readonly slices: number;
  /** Of authorized keys, a slice. */
  readonly keyBytes: number;
  /** The node that every slice runs on. */
  readonly node: number;
  /** On how many nodes each runs, that one included. Real slices ran on hundreds: that makes the list of slices long, and not only the keys after it. */
  readonly nodes: number;
  /** By default one. */
  readonly confFiles?: number;
}

const firstOtherNode = 1000;

export function generateData({ slices, keyBytes, node, nodes, confFiles = 1 }: Amounts): Data {
  const numbers = Array.from({ length: slices }, (_, index) => index + 1);
  const onNodes = [node, ...Array.from({ length: nodes - 1 }, (_, index) => firstOtherNode + index)];
  return dataSchema.parse({
    sites: [{ id: 1, name: "Princeton", login_base: "princeton" }],
    nodes: onNodes.map(generateNode),
    people: [
      { id: slices + 1, email: "root@plc.test", password: "root", admin: true },
      ...numbers.map((number) => ({ id: number, email: `user${number}@site`, password: `password${number}` })),
    ],
    slices: numbers.map((number) => ({
      id: 100 + number,
      name: `princeton_slice${String(number).padStart(3, "0")}`,
      expiry: standardExpiry,
      nodes: onNodes,
      users: [number],
      rspec: standardRspec,
    })),
    keys: numbers.flatMap((person) => generateKeys(person, keyBytes)),
    conf_files: Array.from({ length: confFiles }, (_, index) => generateConfFile(index)),
  });
}

/** The first one is ntp.conf. */
const generateConfFile = (index: number) => {
  const name = index === 0 ? "ntp" : `ntp${index}`;
  return {
    id: index + 1,
    source: `PlanetLabConf/${name}.conf`,
    dest: `/etc/${name}.conf`,
    content: `server ${name}.plc.test\n`,
    postinstall_cmd: "/etc/rc.d/init.d/ntpd restart",
  };
};

/** Its MAC says its id, so that one who looks at a packet knows whose it is. */
function generateNode(id: number): Data["nodes"][number] {
  const last = id.toString(16).padStart(8, "0");
  return {
    id,
    hostname: `node${id}.princeton.test`,
    key: hash("md5", `key of node ${id}`),
    site: 1,
    groups: [],
    interfaces: [
      {
        mac: `02:16:${last.replaceAll(/..(?!$)/g, "$&:")}`,
        ip: `192.0.2.${(id % 253) + 1}`,
        netmask: "255.255.255.0",
        gateway: "192.0.2.254",
        method: "dhcp",
        bwlimit: null,
        is_primary: true,
        tags: {},
      },
    ],
  };
}

function generateKeys(person: number, keyBytes: number): Data["keys"] {
  return Array.from({ length: Math.ceil(keyBytes / keyLength) }, (_, index) => {
    const block = createHash("sha512").update(`${person} ${index}`).digest("base64").replaceAll("=", "");
    const length = Math.min(keyLength, keyBytes - index * keyLength);
    return { person, value: `ssh-rsa ${block.repeat(5).slice(0, length)} user${person}@site` };
  });
}

function hash(algorithm: string, text: string): string {
  return createHash(algorithm).update(text).digest("hex");
}
