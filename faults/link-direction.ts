/** Of what passes over a link: from its client to its server, and back. */
export type Direction = "upstream" | "downstream";
