import { isAlias, isMap, isScalar, isSeq, LineCounter, parseAllDocuments, type Node } from 'yaml';

export type Json = null | string | number | boolean | Json[] | JsonObject;
export interface JsonObject {
  [key: string]: Json;
}

/** Where a value was written. */
export interface Place {
  file: string;
  line: number;
}

interface Origin extends Place {
  /** Line of each key of a map, of each item of a list. */
  keys: Map<string | number, Place>;
}

/** Origins travel beside the plain values, so that a patched object still knows the line of each of its parts. */
const origins = new WeakMap<object, Origin>();

/** Where an object, or one of its keys, was written. */
export function placeOf(value: Json[] | JsonObject, key?: string | number): Place {
  const origin = origins.get(value);
  if (!origin) return { file: '', line: 1 };
  return (key === undefined ? undefined : origin.keys.get(key)) ?? { file: origin.file, line: origin.line };
}

/** Follows keys as far as they exist and tells where the last one was written. */
export function placeAt(value: Json, keys: readonly (string | number)[]): Place {
  let place = isObject(value) || Array.isArray(value) ? placeOf(value) : { file: '', line: 1 };
  let current: Json | undefined = value;
  for (const key of keys) {
    if (isObject(current)) {
      if (!(key in current)) return place;
      place = placeOf(current, key);
      current = current[key];
    } else if (Array.isArray(current)) {
      if (current[Number(key)] === undefined) return place;
      place = placeOf(current, Number(key));
      current = current[Number(key)];
    } else return place;
  }
  return place;
}

/** Gives a new object or list the origins of the parts it was made of. */
export function setOrigin(value: Json[] | JsonObject, place: Place, keys: Map<string | number, Place>): void {
  origins.set(value, { ...place, keys });
}

export interface YamlDocument {
  value: Json;
  line: number;
}

export interface YamlFault {
  line: number;
  code: string;
  message: string;
}

/** A key that stands twice in one map, of which kubectl takes the last. */
export interface RepeatedKey {
  key: string;
  /** The lines of the value that is lost, and of the one that is kept. */
  lost: number;
  kept: number;
  isDifferent: boolean;
  /** True at the top of a document, where two objects may have lost the line between them. */
  isTop: boolean;
}

/** Compose's `!reset`: the key is taken away from what the file is laid over. */
export const RESET: JsonObject = {};

/** Compose's `!override`: the value takes the place of what the file is laid over, instead of joining it. */
const overrides = new WeakSet<object>();

/** Whether a value is to replace the one below it. */
export function isOverride(value: Json): boolean {
  return typeof value === 'object' && value !== null && overrides.has(value);
}

/**
 * Reads all documents of a YAML text. As `kubectl`, it takes `yes`, `no`, `on` and `off` for booleans, and a key that is there
 * twice for its last value; others refuse the latter.
 */
export function readYaml(
  text: string,
  file: string,
  reader: 'kubectl' | 'strict' = 'strict',
): { documents: YamlDocument[]; faults: YamlFault[]; repeated: RepeatedKey[] } {
  const lines = new LineCounter();
  const parsed = parseAllDocuments(text, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: (a, b) => isScalar(a) && isScalar(b) && a.value === b.value && a.value !== '<<',
  });
  const faults: YamlFault[] = [];
  const documents: YamlDocument[] = [];
  const repeated: RepeatedKey[] = [];
  const lineAt = (offset: number | undefined) => Math.max(1, lines.linePos(offset ?? 0).line);

  for (const document of Array.isArray(parsed) ? parsed : []) {
    const errors = document.errors.filter((error) => reader !== 'kubectl' || error.code !== 'DUPLICATE_KEY');
    for (const error of errors) {
      faults.push({ line: lineAt(error.pos[0]), code: error.code, message: error.message.split('\n')[0] ?? '' });
    }
    if (errors.length > 0) continue;
    const anchors = new Map<string, Json>();
    const convert = (node: Node | null, depth: number): Json => {
      if (node === null || depth > 100) return null;
      let value: Json = null;
      if (isAlias(node)) {
        if (!anchors.has(node.source)) {
          faults.push({ line: lineAt(node.range?.[0]), code: 'UNKNOWN_ALIAS', message: `*${node.source}` });
        }
        return anchors.get(node.source) ?? null;
      }
      if (isMap(node)) {
        const map: JsonObject = {};
        const keys = new Map<string | number, Place>();
        for (const pair of node.items) {
          const key = isScalar(pair.key) ? String(pair.key.value) : String(pair.key);
          const child = convert(pair.value as Node | null, depth + 1);
          if (key === '<<') {
            for (const part of Array.isArray(child) ? child : [child]) {
              if (!isObject(part)) continue;
              for (const [name, inherited] of Object.entries(part)) {
                if (name in map) continue;
                map[name] = inherited;
                keys.set(name, placeOf(part, name));
              }
            }
            continue;
          }
          const line = lineAt((pair.key as Node).range?.[0]);
          if (Object.hasOwn(map, key) && keys.get(key)?.file === file)
            repeated.push({
              key,
              lost: keys.get(key)?.line ?? line,
              kept: line,
              isDifferent: JSON.stringify(map[key]) !== JSON.stringify(child),
              isTop: depth === 0,
            });
          map[key] = child;
          keys.set(key, { file, line });
        }
        setOrigin(map, { file, line: lineAt(node.range?.[0]) }, keys);
        value = map;
      } else if (isSeq(node)) {
        const keys = new Map<string | number, Place>();
        value = node.items.map((item, index) => {
          keys.set(index, { file, line: lineAt((item as Node).range?.[0]) });
          return convert(item as Node, depth + 1);
        });
        setOrigin(value, { file, line: lineAt(node.range?.[0]) }, keys);
      } else if (isScalar(node)) {
        value = scalarValue(node.value, node.type === 'PLAIN' ? reader : 'strict');
      }
      if (node.tag === '!reset') value = RESET;
      if (node.tag === '!override' && typeof value === 'object' && value !== null) overrides.add(value);
      if ('anchor' in node && node.anchor) anchors.set(node.anchor, value);
      return value;
    };
    const value = convert(document.contents, 0);
    documents.push({ value, line: lineAt(document.contents?.range[0] ?? document.range[0]) });
  }
  return { documents, faults, repeated };
}

function scalarValue(value: unknown, reader: 'kubectl' | 'strict'): Json {
  if (typeof value === 'string') {
    if (reader === 'kubectl') {
      if (/^(yes|Yes|YES|on|On|ON)$/.test(value)) return true;
      if (/^(no|No|NO|off|Off|OFF)$/.test(value)) return false;
    }
    return value;
  }
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return value;
  if (typeof value === 'bigint') return Number(value);
  return JSON.stringify(value);
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Follows keys through maps and lists; undefined where one is missing. */
export function at(value: Json | undefined, ...keys: (string | number)[]): Json | undefined {
  let current: Json | undefined = value;
  for (const key of keys) {
    if (isObject(current)) current = Object.hasOwn(current, key) ? current[key] : undefined;
    else if (Array.isArray(current)) current = current[Number(key)];
    else return undefined;
  }
  return current;
}

/** The map at a path, an empty one when there is none. */
export function objectAt(value: Json | undefined, ...keys: (string | number)[]): JsonObject {
  const found = at(value, ...keys);
  return isObject(found) ? found : {};
}

/** The list at a path, an empty one when there is none. */
export function listAt(value: Json | undefined, ...keys: (string | number)[]): Json[] {
  const found = at(value, ...keys);
  return Array.isArray(found) ? found : [];
}

/** The maps of a list at a path. */
export function objectsAt(value: Json | undefined, ...keys: (string | number)[]): JsonObject[] {
  return listAt(value, ...keys).filter(isObject);
}

/** The text at a path; numbers and booleans are written out. */
export function textAt(value: Json | undefined, ...keys: (string | number)[]): string | undefined {
  const found = at(value, ...keys);
  return typeof found === 'string' || typeof found === 'number' || typeof found === 'boolean'
    ? String(found)
    : undefined;
}

/** A value as it would stand in the file. */
export function written(value: Json | undefined): string {
  return typeof value === 'string' ? value : typeof value === 'object' ? JSON.stringify(value) : String(value);
}
