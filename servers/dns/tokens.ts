/** The words of a master file (RFC 1035, section 5.1): comments, quotes and parentheses mean nothing any more behind this. */

export interface Token {
  /** Escapes are resolved; each character is a byte. */
  readonly text: string;
  readonly quoted: boolean;
  /** As the text of a name: what is no separator of labels and no printable character stays escaped. */
  readonly name: string;
  readonly line: number;
}

export interface Entry {
  readonly line: number;
  /** It begins with a blank: its owner is the last one stated. */
  readonly indented: boolean;
  readonly tokens: readonly Token[];
}

export interface MasterProblem {
  readonly line: number;
  readonly message: string;
}

export function readEntries(text: string, complain: (line: number, message: string) => void): readonly Entry[] {
  const entries: Entry[] = [];
  let tokens: Token[] = [];
  let line = 1;
  let begun = 1;
  let indented = false;
  let opened: number | undefined;
  let at = 0;

  const finish = (): void => {
    if (tokens.length > 0) entries.push({ line: tokens[0]?.line ?? begun, indented, tokens });
    tokens = [];
  };
  /** Of a backslash and what is behind it. */
  const escaped = (): string => {
    const digits = /^\d{3}/.exec(text.slice(at + 1, at + 4))?.[0];
    if (digits === undefined) {
      at += 2;
      return text[at - 1] ?? "";
    }
    at += 4;
    if (Number(digits) > 255) complain(line, `write a byte behind \\, from \\000 to \\255, not \\${digits}`);
    return String.fromCharCode(Number(digits) & 0xff);
  };
  const word = (isEnd: (character: string) => boolean, quoted: boolean): void => {
    let content = "";
    let name = "";
    const begins = line;
    for (; at < text.length && !isEnd(text[at] ?? "");) {
      if (text[at] === "\\") {
        const character = escaped();
        content += character;
        name += inName(character);
      } else {
        const character = text[at++] ?? "";
        if (character === "\n") line++;
        // A dot parts labels; a byte that is not printable is one of its label, as if it were escaped.
        name += character === "." ? character : inName(character);
        content += character;
      }
    }
    tokens.push({ text: content, name, quoted, line: begins });
  };

  for (let fresh = true; at < text.length;) {
    const character = text[at] ?? "";
    if (fresh) {
      indented = character === " " || character === "\t";
      begun = line;
      fresh = false;
    }
    switch (character) {
      case "\n":
        at++;
        line++;
        if (opened === undefined) {
          finish();
          fresh = true;
        }
        break;
      case " ":
      case "\t":
      case "\r":
        at++;
        break;
      case ";":
        while (at < text.length && text[at] !== "\n") at++;
        break;
      case "(":
        if (opened !== undefined) complain(line, "write ) first: a parenthesis is open already");
        opened = line;
        at++;
        break;
      case ")":
        if (opened === undefined) complain(line, "leave out ): no parenthesis is open");
        opened = undefined;
        at++;
        break;
      case '"': {
        const begins = line;
        at++;
        word((each) => each === '"', true);
        if (at >= text.length) complain(begins, 'write " at the end of the text');
        at++;
        break;
      }
      default:
        word((each) => /[\s;()"]/.test(each), false);
    }
  }
  if (opened !== undefined) complain(opened, "write ): this parenthesis is never closed");
  finish();
  return entries;
}

function inName(character: string): string {
  if (character === "." || character === "\\") return `\\${character}`;
  const isPlain = /^[!-~]$/.test(character);
  return isPlain ? character : `\\${String(character.charCodeAt(0) & 0xff).padStart(3, "0")}`;
}
