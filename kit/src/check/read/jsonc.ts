import type { Json } from './yaml.ts';

/** JSON with comments and commas at the end, as TypeScript reads it; undefined when it is none. */
export function readJsonc(text: string): Json | undefined {
  const clean = text
    .replace(/("(?:\\.|[^"\\])*")|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, (_, string: string | undefined) => string ?? '')
    .replace(/,(\s*[}\]])/g, '$1');
  try {
    return JSON.parse(clean) as Json;
  } catch {
    return undefined;
  }
}
