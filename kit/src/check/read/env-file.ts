/** One line `NAME=value` of an environment file. */
export interface EnvEntry {
  name: string;
  value: string;
  line: number;
}

/** Reads a `.env` file as compose and dotenv do: comments, `export`, quotes. */
export function readEnvFile(text: string): EnvEntry[] {
  const entries: EnvEntry[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const [, name, raw = ''] = /^\s*(?:export\s+)?([A-Za-z_][\w.-]*)\s*[=:]\s*(.*?)\s*$/.exec(line) ?? [];
    if (name === undefined) continue;
    const quoted = /^(["'`])(.*?)\1/.exec(raw);
    entries.push({ name, value: quoted ? (quoted[2] ?? '') : raw.replace(/(^|\s+)#.*$/, ''), line: index + 1 });
  }
  return entries;
}

/** `.env.example`, `api.env.template` and the like: files that show which variables to give. */
export function isEnvTemplate(file: string): boolean {
  return /(^|\/)(\.?env[^/]*\.(example|exemple|template|sample|dist|defaults?)|(example|sample|template)\.env|[\w-]*\.env[._-](example|exemple|template|sample|dist)[^/]*)$/i.test(
    file,
  );
}

/** `.env`, `.env.local`, `prod.env`, … */
export function isEnvFile(file: string): boolean {
  return /(^|\/)(\.env(\.[\w-]+)*|[\w-]+\.env)$/i.test(file) && !isEnvTemplate(file);
}
