/** A directive of an nginx configuration. */
export interface Directive {
  name: string;
  args: string[];
  line: number;
  block: Directive[] | undefined;
}

/** Reads an nginx configuration; undefined when its braces do not match. */
export function readNginx(text: string): Directive[] | undefined {
  const tokens: { text: string; line: number }[] = [];
  let line = 1;
  for (const match of text.matchAll(
    /#[^\n]*|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|\$\{\w+\}|[{};]|(?:\\.|\$\{\w+\}|[^\s{};"'#])(?:\\.|\$\{\w+\}|[^\s{};])*|\n|\s/g,
  )) {
    const token = match[0];
    if (token === '\n') line++;
    else if (!/^\s$/.test(token) && !token.startsWith('#')) {
      tokens.push({ text: token.replace(/^(["'])([\s\S]*)\1$/, '$2'), line });
      line += token.split('\n').length - 1;
    }
  }
  let at = 0;
  const readBlock = (isTop: boolean): Directive[] | undefined => {
    const list: Directive[] = [];
    while (at < tokens.length) {
      const first = tokens[at];
      if (!first) return undefined;
      if (first.text === '}') {
        at++;
        return isTop ? undefined : list;
      }
      const args: string[] = [];
      while (at < tokens.length && !['{', ';', '}'].includes(tokens[at]?.text ?? ''))
        args.push(tokens[at++]?.text ?? '');
      const end = tokens[at++];
      if (!end || end.text === '}') return undefined;
      const block = end.text === '{' ? readBlock(false) : undefined;
      if (end.text === '{' && !block) return undefined;
      list.push({ name: args[0] ?? '', args: args.slice(1), line: first.line, block });
    }
    return isTop ? list : undefined;
  };
  return readBlock(true);
}

/** All directives of a name, at any depth, with the blocks around them. */
export function findDirectives(
  list: Directive[],
  name: string,
  around: Directive[] = [],
): { directive: Directive; around: Directive[] }[] {
  return list.flatMap((directive) => [
    ...(directive.name === name ? [{ directive, around }] : []),
    ...(directive.block ? findDirectives(directive.block, name, [...around, directive]) : []),
  ]);
}
