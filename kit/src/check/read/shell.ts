/** One command of a shell line or script, split into words. */
export interface ShellCommand {
  words: string[];
  line: number;
  /** Assignments before the command (`PORT=80 node server.js`). */
  assignments: Record<string, string>;
  /** How the command is tied to the one before it. */
  after: ';' | '&&' | '||' | '|' | '&';
}

/** Words of the shell that stand before a command. */
const KEYWORD = /^(if|then|else|elif|do|while|until|!|time|\{)$/;

/**
 * Splits shell text into commands. Variables stay as written, save `${NAME:-default}` and the names given in `known`.
 * Bodies of heredocs are left out.
 */
export function readShell(text: string, known: Record<string, string> = {}, firstLine = 1): ShellCommand[] {
  const commands: ShellCommand[] = [];
  let words: string[] = [];
  let word: string | undefined;
  let line = firstLine;
  let start = firstLine;
  let after: ShellCommand['after'] = ';';
  let heredoc: string | undefined;
  // Brackets that are open: those around commands, and those within a word such as `$(…)`.
  const brackets: ('commands' | 'word')[] = [];

  const endWord = () => {
    if (word === undefined) return;
    if (words.length === 0) start = line;
    words.push(word);
    word = undefined;
  };
  const endCommand = (next: ShellCommand['after']) => {
    endWord();
    const assignments: Record<string, string> = {};
    let first = 0;
    for (; first < words.length; first++) {
      const [, name, value = ''] = /^([A-Za-z_]\w*)=(.*)$/s.exec(words[first] ?? '') ?? [];
      if (name === undefined) break;
      assignments[name] = value;
    }
    const rest = words.slice(first);
    if (rest.length > 0 || first > 0) commands.push({ words: rest, line: start, assignments, after });
    words = [];
    after = next;
  };
  const expand = (at: number): [string, number] => {
    const rest = text.slice(at);
    const match =
      /^\$\{([A-Za-z_]\w*)(?::?-([^}]*))?\}/.exec(rest) ?? /^\$([A-Za-z_]\w*)/.exec(rest) ?? /^\$\{[^}]*\}/.exec(rest);
    if (!match) return ['$', 1];
    const [whole, name = '', fallback] = match;
    return [known[name] ?? fallback?.replace(/^(["'])(.*)\1$/, '$2') ?? whole, whole.length];
  };

  for (let i = 0; i < text.length; i++) {
    const character = text[i] ?? '';
    if (character === '\n') {
      endCommand(';');
      line++;
      if (heredoc !== undefined) {
        const body = text.slice(i + 1).split('\n');
        const end = body.findIndex((row) => row.trim() === heredoc);
        const skipped = end < 0 ? body : body.slice(0, end + 1);
        i += skipped.join('\n').length;
        line += skipped.length - 1;
        heredoc = undefined;
      }
    } else if (character === '\\') {
      if (text[i + 1] === '\n') line++;
      else if (text[i + 1] === '\r') i++;
      else word = (word ?? '') + (text[i + 1] ?? '');
      i++;
    } else if (character === "'") {
      const end = text.indexOf("'", i + 1);
      const inner = text.slice(i + 1, end < 0 ? undefined : end);
      word = (word ?? '') + inner;
      line += inner.split('\n').length - 1;
      if (end < 0) break;
      i = end;
    } else if (character === '"') {
      word ??= '';
      for (i++; i < text.length && text[i] !== '"'; i++) {
        if (text[i] === '\n') line++;
        if (text[i] === '\\') word += text[++i] === '\n' ? '' : (text[i] ?? '');
        else if (text[i] === '$') {
          const [value, length] = expand(i);
          word += value;
          i += length - 1;
        } else word += text[i] ?? '';
      }
    } else if (character === '$') {
      const [value, length] = expand(i);
      word = (word ?? '') + value;
      i += length - 1;
    } else if (character === '#' && word === undefined) {
      while (i + 1 < text.length && text[i + 1] !== '\n') i++;
    } else if (/\s/.test(character)) endWord();
    else if (text.startsWith('<<', i) && text[i + 2] !== '<') {
      const [, name] = /^<<-?\s*["']?(\w+)["']?/.exec(text.slice(i)) ?? [];
      heredoc = name;
      while (i + 1 < text.length && !/[\n;|&>]/.test(text[i + 1] ?? '')) i++;
    } else if (text.startsWith('&&', i) || text.startsWith('||', i)) {
      endCommand(character === '&' ? '&&' : '||');
      i++;
    } else if (character === '&' && (text[i - 1] === '>' || text[i + 1] === '>')) word = (word ?? '') + character;
    else if (character === ';' || character === '|' || character === '&') endCommand(character);
    else if (character === '(' && word === undefined && words.every((each) => KEYWORD.test(each)))
      brackets.push('commands');
    else if (character === ')' && brackets.at(-1) === 'commands') {
      brackets.pop();
      endWord();
    } else if (character === '(' || (character === ')' && brackets.length > 0)) {
      if (character === '(') brackets.push('word');
      else brackets.pop();
      word = (word ?? '') + character;
    } else word = (word ?? '') + character;
  }
  endCommand(';');
  return commands;
}

/** The value of an option, written `--name value`, `--name=value`, `-n value` or `-nvalue`. */
export function optionOf(words: readonly string[], ...names: string[]): string | undefined {
  for (const [index, word] of words.entries()) {
    for (const name of names) {
      if (word === name) return words[index + 1];
      if (word.startsWith(`${name}=`)) return word.slice(name.length + 1);
      if (/^-\w$/.test(name) && word.startsWith(name) && word.length > 2) return word.slice(2).replace(/^=/, '');
    }
  }
  return undefined;
}
