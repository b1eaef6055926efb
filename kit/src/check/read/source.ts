/** What the doctor reads of a source file, whatever its language. */
export interface SourceFile {
  path: string;
  language: 'python' | 'javascript';
  imports: Import[];
  env: EnvRead[];
  listens: Listen[];
  routes: Route[];
  mounts: Mount[];
  calls: Call[];
  /** Names that the module defines at its top level, and the name of what was called to make each. */
  names: Map<string, string | undefined>;
  strings: { text: string; line: number; inCode: boolean }[];
  settings: Map<string, Value>;
  /** Files of variables that the module reads into its environment: `.env` when it names none. */
  dotenv: Set<string>;
  /** Variables that the module itself gives, for want of others (`setdefault`) or in any case; `*` when their names are made up as it runs. */
  gives: Set<string>;
  starred: boolean;
}

/** What an expression is worth, as far as the file tells. */
export type Value =
  | { kind: 'text'; text: string }
  | { kind: 'list'; items: Value[] }
  | { kind: 'env'; name: string; fallback: Value | undefined }
  | { kind: 'unknown' };

export interface Import {
  /** Python: dotted name with its leading dots. JavaScript: the module's path. */
  module: string;
  names: string[];
  line: number;
  /** True when the import runs as soon as the file does, and nothing catches its failure. */
  isCertain: boolean;
  /** Only below `if __name__ == "__main__"`: runs when the file is started as a script. */
  isMainOnly: boolean;
}

export interface EnvRead {
  name: string;
  line: number;
  fallback: Value | undefined;
  /** `must`: the program stops without it. `use`: what it is given to breaks without it. `may`: it can do without. */
  need: 'must' | 'use' | 'may';
  /** What uses the value, for the message. */
  use: string | undefined;
  /** What the program says when the variable is not there, where the read itself fails. */
  raises?: string;
}

export interface Listen {
  server: string;
  port: Value | undefined;
  host: Value | undefined;
  line: number;
  /** What makes this a server for development only. */
  development: string | undefined;
  isMainOnly: boolean;
}

export interface Route {
  path: string;
  /** The object that the route was given to: `app`, `router`, … */
  owner: string;
  line: number;
}

/** A router put under a prefix, or a prefix that a router was made with. */
export interface Mount {
  prefix: string;
  owner: string;
  target: string;
  line: number;
}

export interface Call {
  callee: string;
  line: number;
  positional: Value[];
  named: Map<string, Value>;
  /** Function that the call stands in, undefined at the top level. */
  within: string | undefined;
  /** Below `if __name__ == "__main__"`: skipped when the file is imported. */
  isMainOnly: boolean;
  /** Below a condition, which may never hold. */
  isConditional: boolean;
  texts: string[];
}

export const UNKNOWN: Value = { kind: 'unknown' };

/** The text of a value when it is one. */
export function textOf(value: Value | undefined): string | undefined {
  return value?.kind === 'text' ? value.text : undefined;
}

/** Line numbers of offsets in a text. */
export function lineCounter(text: string): (offset: number) => number {
  const starts = [0];
  for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) starts.push(i + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low + 1;
  };
}
