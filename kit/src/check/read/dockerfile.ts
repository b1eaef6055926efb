import { DockerfileParser } from 'dockerfile-ast';
import { readShell } from './shell.ts';
import { literal } from '../words.ts';

export interface Instruction {
  keyword: string;
  line: number;
  /** The arguments as one text, continuation lines joined, `ARG` and `ENV` values put in where they are known. */
  text: string;
  raw: string;
  flags: Record<string, string>;
  /** The strings of an exec form (`["a", "b"]`), undefined for the shell form. */
  exec: string[] | undefined;
  heredocs: { name: string; text: string }[];
}

export interface Stage {
  name: string | undefined;
  index: number;
  from: string;
  platform: string | undefined;
  line: number;
  instructions: Instruction[];
}

export interface Dockerfile {
  path: string;
  stages: Stage[];
  faults: { line: number; text: string }[];
  lines: string[];
}

const KEYWORDS = new Set(
  'ADD ARG CMD COPY ENTRYPOINT ENV EXPOSE FROM HEALTHCHECK LABEL MAINTAINER ONBUILD RUN SHELL STOPSIGNAL USER VOLUME WORKDIR'.split(
    ' ',
  ),
);

/** Reads a Dockerfile; build arguments given from outside take the place of `ARG` defaults. */
export function readDockerfile(path: string, text: string, given: Record<string, string> = {}): Dockerfile {
  const parsed = DockerfileParser.parse(text);
  const result: Dockerfile = { path, stages: [], faults: [], lines: text.split('\n') };
  const globals: Record<string, string> = {};
  let variables: Record<string, string> = {};
  // A stage that is built on another one has its `ENV`, but not its `ARG`.
  const environments = new Map<string, Record<string, string>>();
  let stage: Stage | undefined;
  for (const node of parsed.getInstructions()) {
    const keyword = node.getKeyword();
    const range = node.getRange();
    const line = range.start.line + 1;
    if (!KEYWORDS.has(keyword)) {
      result.faults.push({ line, text: node.getInstruction() });
      continue;
    }
    const source = result.lines.slice(range.start.line, range.end.line + 1).join('\n');
    const heredocs = heredocsOf(source);
    const { body: written, flags } = argumentsOf(source, keyword);
    const body = commandsOf(keyword, written, heredocs);
    const raw = body;
    const known = { ...globals, ...variables };
    const expanded = keyword === 'RUN' || keyword === 'CMD' || keyword === 'ENTRYPOINT' ? body : expand(body, known);
    const instruction: Instruction = {
      keyword,
      line,
      text: expanded,
      raw,
      flags: Object.fromEntries(Object.entries(flags).map(([name, value]) => [name, expand(value, known)])),
      exec: keyword === 'RUN' ? jsonStrings(written) : jsonStrings(expanded),
      heredocs,
    };
    if (keyword === 'ARG') {
      for (const word of readShell(expanded).flatMap((command) => [...pairs(command.assignments), ...command.words])) {
        const [name = '', ...rest] = word.split('=');
        const value = given[name] ?? (rest.length > 0 ? rest.join('=') : globals[name]);
        if (value === undefined) continue;
        if (stage) variables[name] = value;
        else globals[name] = value;
      }
    }
    if (keyword === 'ENV')
      for (const [name, value] of environmentOf(expanded)) {
        variables[name] = value;
        if (stage?.name !== undefined) environments.set(stage.name, { ...environments.get(stage.name), [name]: value });
      }
    if (keyword === 'FROM') {
      const [, from = '', name] = /^(\S+)(?:\s+as\s+(\S+))?/i.exec(expand(body, globals)) ?? [];
      const inherited = environments.get(from.toLowerCase()) ?? {};
      variables = { ...inherited };
      if (name !== undefined) environments.set(name.toLowerCase(), inherited);
      stage = {
        name: name?.toLowerCase(),
        index: result.stages.length,
        from,
        platform: flags.platform === undefined ? undefined : expand(flags.platform, globals),
        line,
        instructions: [],
      };
      result.stages.push(stage);
    } else stage?.instructions.push(instruction);
  }
  return result;
}

function pairs(assignments: Record<string, string>): string[] {
  return Object.entries(assignments).map(([name, value]) => `${name}=${value}`);
}

/** Strips the keyword, comment lines, continuation marks, heredoc bodies and flags. */
function argumentsOf(source: string, keyword: string): { body: string; flags: Record<string, string> } {
  const escaped = source
    .split('\n')
    .filter((line, index) => index === 0 || !/^\s*#/.test(line))
    .join('\n')
    .replace(/[\\`][ \t]*\r?\n/g, ' ');
  let body = (escaped.split('\n')[0] ?? '').trim().replace(new RegExp(`^${literal(keyword)}\\s*`, 'i'), '');
  const flags: Record<string, string> = {};
  for (;;) {
    const match = /^--([\w-]+)(?:=("[^"]*"|\S*))?\s*/.exec(body);
    if (!match || keyword === 'CMD' || keyword === 'ENTRYPOINT') break;
    // A RUN may have several mounts.
    const [name = '', value] = [match[1], (match[2] ?? '').replace(/^"|"$/g, '')];
    flags[name] = name === 'mount' && flags[name] !== undefined ? `${flags[name]} ${value}` : value;
    body = body.slice(match[0].length);
  }
  return { body: body.trim(), flags };
}

/** One way of writing what can be written in several: the script of `RUN <<EOF`, the words of `RUN ["a", "b"]` and `COPY ["a", "b"]`. */
function commandsOf(keyword: string, body: string, heredocs: { text: string }[]): string {
  if (!/^(RUN|COPY|ADD)$/.test(keyword)) return body;
  const words = jsonStrings(body);
  if (words) return keyword !== 'RUN' && words.some((word) => /\s/.test(word)) ? body : words.join(' ');
  const isScript =
    keyword === 'RUN' &&
    heredocs.length > 0 &&
    /^(<<-?["']?\w+["']?|(\/(usr\/)?bin\/)?(ba|da|a|z)?sh( -\w+)*|\s)+$/.test(body) &&
    !heredocs.some(({ text }) => /^\s*#!(?!.*sh\b)/.test(text));
  return isScript ? `\n${heredocs.map(({ text }) => text).join('\n')}` : body;
}

function heredocsOf(source: string): { name: string; text: string }[] {
  const lines = source.split('\n');
  const names = [...(lines[0] ?? '').matchAll(/<<-?["']?(\w+)["']?/g)].map((match) => match[1] ?? '');
  let at = 1;
  return names.map((name) => {
    const end = lines.findIndex((line, index) => index >= at && line.trim() === name);
    const text = lines.slice(at, end < 0 ? undefined : end).join('\n');
    at = end < 0 ? lines.length : end + 1;
    return { name, text };
  });
}

function jsonStrings(body: string): string[] | undefined {
  if (!body.startsWith('[')) return undefined;
  try {
    const value: unknown = JSON.parse(body);
    return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Puts variables in: `$NAME`, `${NAME}`, `${NAME:-default}`, `${NAME:+word}`. Unknown ones stay as written. */
export function expand(text: string, variables: Record<string, string | undefined>): string {
  return text.replace(
    /\$(?:\{([A-Za-z_]\w*)(?:(:?[-+?])([^}]*))?\}|([A-Za-z_]\w*))/g,
    (
      whole,
      braced: string | undefined,
      operator: string | undefined,
      word: string | undefined,
      plain: string | undefined,
    ) => {
      const value = variables[braced ?? plain ?? ''];
      if (operator?.endsWith('-')) return value === undefined || value === '' ? expand(word ?? '', variables) : value;
      if (operator?.endsWith('+')) return value === undefined ? '' : (word ?? '');
      return value ?? whole;
    },
  );
}

/** The pairs of an `ENV` or `LABEL` instruction, in both its forms. */
export function environmentOf(text: string): [string, string][] {
  const old = /^(\w+)\s+([^=].*)$/s.exec(text);
  if (old && !/^\w+=/.test(text)) return [[old[1] ?? '', (old[2] ?? '').replace(/^(["'])(.*)\1$/s, '$2')]];
  return readShell(text).flatMap((command) => Object.entries(command.assignments));
}
