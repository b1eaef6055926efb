import { parser as base } from '@lezer/javascript';
import { lineCounter, textOf, UNKNOWN, type Call, type EnvRead, type SourceFile, type Value } from './source.ts';

const parser = base.configure({ dialect: 'ts jsx' });
type Node = ReturnType<typeof parser.parse>['topNode'];

/** Calls that cannot work when they are given nothing. */
const NEEDS_A_VALUE =
  /(^|\.)(connect|createConnection|createPool|MongoClient|Sequelize|drizzle|neon|postgres|sign|verify|OpenAI|createClient)$/;

/** Reads a JavaScript or TypeScript file: imports, environment, servers, routes. */
export function readJavaScript(path: string, text: string): SourceFile {
  // Single-file components keep their code in a script element; the lines stay where they are.
  const code = /\.(vue|svelte|astro)$/.test(path) ? scriptOf(text) : text;
  const lineOf = lineCounter(code);
  const root = parser.parse(code).topNode;
  const source = (node: Node) => code.slice(node.from, node.to);
  const file: SourceFile = {
    path,
    language: 'javascript',
    imports: [],
    env: [],
    listens: [],
    routes: [],
    mounts: [],
    calls: [],
    names: new Map(),
    strings: [],
    settings: new Map(),
    dotenv: new Set(),
    gives: new Set(),
    starred: false,
  };
  const variables = new Map<string, Node>();
  const destructured = new Map<string, Value>();
  const pending: { read: EnvRead; variable: string }[] = [];
  const uses = new Map<string, string>();
  const demanded = new Set<string>();

  const children = (node: Node): Node[] => {
    const list: Node[] = [];
    for (let child = node.firstChild; child; child = child.nextSibling) list.push(child);
    return list;
  };
  const stringValue = (node: Node | undefined): string | undefined => {
    if (node?.name === 'String') return source(node).slice(1, -1);
    if (node?.name === 'TemplateString' && !node.getChild('Interpolation')) return source(node).slice(1, -1);
    return undefined;
  };
  const envName = (node: Node): string | undefined => {
    if (node.name !== 'MemberExpression') return undefined;
    const match =
      /^(?:(?:globalThis\.)?process\.env|import\.meta\.env|Bun\.env)\s*(?:\?\.|\.)\s*([A-Za-z_]\w*)$/.exec(
        source(node),
      ) ?? /^(?:process\.env|import\.meta\.env)\[\s*["'](\w+)["']\s*\]$/.exec(source(node));
    return match?.[1];
  };
  const evaluate = (node: Node | undefined, depth = 0): Value => {
    if (!node || depth > 8) return UNKNOWN;
    const string = stringValue(node);
    if (string !== undefined) return { kind: 'text', text: string };
    const name = envName(node);
    if (name !== undefined) return { kind: 'env', name, fallback: undefined };
    switch (node.name) {
      case 'Number':
      case 'BooleanLiteral':
        return { kind: 'text', text: source(node).replace(/_/g, '') };
      case 'TemplateString': {
        let result = '';
        let at = node.from + 1;
        for (const part of node.getChildren('Interpolation')) {
          const value = textOf(evaluate(children(part)[1], depth + 1));
          if (value === undefined) return UNKNOWN;
          result += code.slice(at, part.from) + value;
          at = part.to;
        }
        return { kind: 'text', text: result + code.slice(at, node.to - 1) };
      }
      case 'ParenthesizedExpression':
        return evaluate(children(node)[1], depth + 1);
      case 'UnaryExpression':
        return evaluate(node.lastChild ?? undefined, depth + 1);
      case 'ArrayExpression':
        return {
          kind: 'list',
          items: children(node)
            .filter((child) => !/^[[\],]$|Comment/.test(child.name))
            .map((child) => evaluate(child, depth + 1)),
        };
      case 'BinaryExpression': {
        const [left, operator, right] = children(node);
        if (operator && /^(as|satisfies)$/.test(source(operator))) return evaluate(left, depth + 1);
        if (operator && /^(\|\||\?\?)$/.test(source(operator))) {
          const first = evaluate(left, depth + 1);
          return first.kind === 'env' ? { ...first, fallback: evaluate(right, depth + 1) } : first;
        }
        return UNKNOWN;
      }
      case 'CallExpression': {
        const callee = source(node.firstChild ?? node);
        const list = node.getChild('ArgList');
        if (list && /^(Number|parseInt|Number\.parseInt|String|normalizePort)$/.test(callee)) {
          return evaluate(children(list)[1], depth + 1);
        }
        const get = /\b(config|configService|env)\.(get|getOrThrow)(<[^>]*>)?$/.exec(callee);
        if (list && get) {
          const [, key, , fallback] = children(list);
          const text = stringValue(key);
          if (text !== undefined && /^[A-Z_]+$/.test(text)) {
            return {
              kind: 'env',
              name: text,
              fallback: fallback && fallback.name !== ')' ? evaluate(fallback, depth + 1) : undefined,
            };
          }
        }
        return UNKNOWN;
      }
      case 'VariableName':
        return destructured.get(source(node)) ?? evaluate(variables.get(source(node)), depth + 1);
      default:
        return UNKNOWN;
    }
  };
  const enclosing = (node: Node, ...names: string[]): Node | undefined => {
    for (let parent = node.parent; parent; parent = parent.parent) if (names.includes(parent.name)) return parent;
    return undefined;
  };
  const FUNCTIONS = ['FunctionDeclaration', 'ArrowFunction', 'FunctionExpression', 'MethodDeclaration'];
  const functionName = (node: Node): string | undefined => {
    const parent = enclosing(node, ...FUNCTIONS);
    if (!parent) return undefined;
    const name = parent.getChild('VariableDefinition') ?? parent.getChild('PropertyDefinition');
    return name ? source(name) : '';
  };
  const property = (node: Node | undefined, ...keys: string[]): Node | undefined => {
    for (const child of node ? node.getChildren('Property') : []) {
      const [name] = children(child);
      if (name && keys.includes(source(name).replace(/^["']|["']$/g, ''))) return child.lastChild ?? undefined;
    }
    return undefined;
  };

  const collect = (node: Node): void => {
    if (node.name === 'VariableDeclaration') {
      const parts = children(node);
      for (let i = 0; i < parts.length; i++) {
        const part = parts[i];
        if (part?.name !== 'VariableDefinition') continue;
        let next = i + 1;
        if (parts[next]?.name === 'TypeAnnotation') next++;
        const value = parts[next]?.name === 'Equals' ? parts[next + 1] : undefined;
        if (value && !variables.has(source(part))) variables.set(source(part), value);
      }
    }
    for (const child of children(node)) collect(child);
  };
  collect(root);

  const visit = (node: Node): void => {
    switch (node.name) {
      case 'ImportDeclaration':
      case 'ExportDeclaration': {
        const from = children(node).findLast((child) => child.name === 'String');
        const clause = from ? source(node).slice(0, from.from - node.from) : '';
        if (from && (node.name === 'ImportDeclaration' || /\bfrom\b/.test(clause))) {
          const isCertain = !/\.[cm]?tsx?$/.test(file.path) || importsValues(clause, code);
          file.imports.push({
            module: stringValue(from) ?? '',
            names: [],
            line: lineOf(node.from),
            isCertain,
            isMainOnly: false,
          });
        }
        if (/^import\s+["']dotenv\/config["']/.test(source(node))) file.dotenv.add('.env');
        break;
      }
      case 'String':
      case 'TemplateString': {
        const value = node.name === 'String' ? source(node).slice(1, -1) : source(node).slice(1, -1);
        file.strings.push({ text: value, line: lineOf(node.from), inCode: true });
        break;
      }
      case 'JSXAttributeValue':
        file.strings.push({ text: source(node).slice(1, -1), line: lineOf(node.from), inCode: true });
        break;
      case 'AssignmentExpression':
        if (/^process\.env\s*\[\s*[^"'`\s]/.test(source(node))) file.gives.add('*');
        break;
      case 'MemberExpression': {
        const name = envName(node);
        if (name !== undefined) recordRead(node, name);
        break;
      }
      case 'ObjectPattern': {
        const declaration = node.parent;
        const value = declaration?.lastChild?.name === ';' ? declaration.lastChild.prevSibling : declaration?.lastChild;
        if (
          declaration?.name !== 'VariableDeclaration' ||
          !value ||
          !/^(process|import\.meta)\.env$/.test(source(value))
        )
          break;
        for (const entry of node.getChildren('PatternProperty')) {
          const [name] = children(entry);
          if (!name) continue;
          const equals = children(entry).findIndex((child) => child.name === 'Equals');
          destructured.set(source(name), {
            kind: 'env',
            name: source(name),
            fallback: equals >= 0 ? evaluate(children(entry)[equals + 1]) : undefined,
          });
          file.env.push({
            name: source(name),
            line: lineOf(entry.from),
            fallback: equals >= 0 ? evaluate(children(entry)[equals + 1]) : undefined,
            need: 'may',
            use: undefined,
          });
          const read = file.env.at(-1);
          if (read && !read.fallback) pending.push({ read, variable: source(name) });
        }
        break;
      }
      case 'IfStatement': {
        const condition = node.getChild('ParenthesizedExpression');
        const body = children(node).at(-1);
        if (!condition || !body || !/\bthrow\b|process\.exit/.test(source(node))) break;
        for (const match of source(condition).matchAll(/!\s*(?:process\.env(?:\.|\[["']))?(\w+)/g))
          demanded.add(match[1] ?? '');
        break;
      }
      case 'CallExpression':
      case 'NewExpression':
        readCall(node);
        break;
      case 'Property':
        readSchemaField(node);
        break;
    }
    for (const child of children(node)) visit(child);
  };

  function recordRead(node: Node, name: string): void {
    const parent = node.parent;
    if (parent?.name === 'AssignmentExpression' && parent.firstChild?.from === node.from) {
      file.gives.add(name);
      return;
    }
    let fallback: Value | undefined;
    let outer: Node | null = parent;
    while (outer && /^(ParenthesizedExpression|BinaryExpression)$/.test(outer.name) && !fallback) {
      const operator = children(outer)[1];
      if (outer.name === 'BinaryExpression' && operator && /^(\|\||\?\?)$/.test(source(operator))) {
        // The last of `A || B || default` has nothing to fall back on, unless it stands on the left.
        if (outer.firstChild && node.to <= outer.firstChild.to) fallback = evaluate(outer.lastChild ?? undefined);
      } else if (outer.name === 'BinaryExpression' && !(operator && /^(as|satisfies)$/.test(source(operator))))
        fallback = UNKNOWN;
      outer = outer.parent;
    }
    if (parent?.name === 'ConditionalExpression' || parent?.name === 'UnaryExpression') fallback ??= UNKNOWN;
    const read: EnvRead = { name, line: lineOf(node.from), fallback, need: 'may', use: undefined };
    file.env.push(read);
    if ((fallback && parent?.name !== 'UnaryExpression') || isGuarded(node)) return;
    const call = enclosing(node, 'CallExpression', 'NewExpression');
    const list = call?.getChild('ArgList');
    const callee = call ? calleeOf(call) : '';
    if (list && node.from > list.from && NEEDS_A_VALUE.test(callee)) {
      read.need = 'use';
      read.use = `${callee}()`;
    }
    const template = enclosing(node, 'TemplateString');
    if (template && /:\/\//.test(source(template))) {
      read.need = 'use';
      read.use = 'url';
    }
    const declaration = enclosing(node, 'VariableDeclaration');
    const variable = declaration?.getChild('VariableDefinition');
    if (variable) pending.push({ read, variable: source(variable) });
  }

  function calleeOf(node: Node): string {
    const callee =
      node.name === 'NewExpression' ? children(node).find((child) => child.name !== 'new') : node.firstChild;
    return callee ? source(callee).replace(/\s|\?|<[^>]*>/g, '') : '';
  }

  /** Whether a condition decides if a part of a function runs: `url ? connect(url) : null`. Those on the mode do not count. */
  function isGuarded(node: Node): boolean {
    for (let inner = node, outer = node.parent; outer && !FUNCTIONS.includes(outer.name); outer = outer.parent) {
      const condition =
        outer.name === 'IfStatement'
          ? outer.getChild('ParenthesizedExpression')
          : outer.name === 'ConditionalExpression' ||
              (outer.name === 'BinaryExpression' &&
                children(outer)[1]?.name === 'LogicOp' &&
                source(outer).includes('&&'))
            ? outer.firstChild
            : null;
      if (
        condition &&
        condition.from !== inner.from &&
        !/NODE_ENV|require\.main|import\.meta|throw|exit/.test(source(condition))
      )
        return true;
      inner = outer;
    }
    return false;
  }

  /** What stands in `try`, behind a condition or after `&&` may fail, or never run. */
  function mayNotRun(node: Node): boolean {
    if (enclosing(node, 'TryStatement', 'IfStatement', 'ConditionalExpression', 'SwitchStatement', 'CatchClause'))
      return true;
    const binary = enclosing(node, 'BinaryExpression');
    return binary !== undefined && node.from > (binary.firstChild?.to ?? 0);
  }

  function readCall(node: Node): void {
    const callee = calleeOf(node);
    const list = node.getChild('ArgList');
    if (!list || callee.length > 120) return;
    const args = children(list).filter((child) => !/^[(),]$|Comment/.test(child.name));
    const objectArg = args.find((arg) => arg.name === 'ObjectExpression');
    const call: Call = {
      callee,
      line: lineOf(node.from),
      positional: args.map((arg) => evaluate(arg)),
      named: new Map(
        (objectArg?.getChildren('Property') ?? []).flatMap((child) => {
          const [name] = children(child);
          return name && child.lastChild
            ? [[source(name).replace(/["']/g, ''), evaluate(child.lastChild)] as const]
            : [];
        }),
      ),
      within: functionName(node),
      isMainOnly: false,
      isConditional: enclosing(node, 'IfStatement') !== undefined,
      texts: args.map(source),
    };
    file.calls.push(call);
    for (const arg of args) {
      if (arg.name === 'VariableName' && NEEDS_A_VALUE.test(callee) && !isGuarded(node))
        uses.set(source(arg), `${callee}()`);
    }
    const first = textOf(call.positional[0]);
    const owner = callee.split('.')[0] ?? '';
    const method = callee.split('.').at(-1) ?? '';
    if ((callee === 'require' || callee === 'import') && first !== undefined) {
      file.imports.push({
        module: first,
        names: [],
        line: call.line,
        isCertain: callee === 'require' && call.within === undefined && !mayNotRun(node),
        isMainOnly: false,
      });
    }
    if (
      /^dotenv\.config$|^require\(["'](dotenv(-\w+)?|@dotenvx\/dotenvx)["']\)\.(config|load)$/.test(callee) ||
      (callee === 'config' && /from ["'](dotenv(-\w+)?|@dotenvx\/dotenvx)["']/.test(code))
    ) {
      // Its relatives read a whole family: .env.local, .env.defaults, .env.production.
      if (/dotenv-\w+["']|dotenvx/.test(code))
        for (const end of ['local', 'defaults', 'production', 'schema']) file.dotenv.add(`.env.${end}`);
      file.dotenv.add(textOf(call.named.get('path')) ?? '.env');
    }
    if (callee === 'Object.assign' && call.texts[0] === 'process.env') file.gives.add('*');
    if (method === 'getOrThrow' && first !== undefined && /^[A-Z_]+$/.test(first)) {
      file.env.push({ name: first, line: call.line, fallback: undefined, need: 'must', use: undefined });
    }
    if (
      /^(get|post|put|patch|delete|all|route)$/.test(method) &&
      first?.startsWith('/') &&
      args.length > 1 &&
      !/^(axios|http|api|client|fetch|request|\$|cy|instance)/i.test(owner)
    ) {
      file.routes.push({ path: first, owner, line: call.line });
    }
    if (method === 'use' && first?.startsWith('/') && args[1]) {
      file.mounts.push({ prefix: first, owner, target: source(args[1]).split('(')[0] ?? '', line: call.line });
    }
    if (method === 'setGlobalPrefix' && first !== undefined) {
      file.mounts.push({ prefix: `/${first.replace(/^\//, '')}`, owner, target: '*', line: call.line });
    }
    if (method === 'register' && call.named.has('prefix')) {
      file.mounts.push({
        prefix: textOf(call.named.get('prefix')) ?? '',
        owner,
        target: call.texts[0] ?? '',
        line: call.line,
      });
    }
    if (method === 'listen' && !/^(window|document|history)/.test(owner)) {
      const port = objectArg && args[0] === objectArg ? evaluate(property(objectArg, 'port')) : call.positional[0];
      const second = args[1];
      const host =
        objectArg && args[0] === objectArg
          ? property(objectArg, 'host')
            ? evaluate(property(objectArg, 'host'))
            : undefined
          : second && /^(String|VariableName|MemberExpression|BinaryExpression)$/.test(second.name)
            ? evaluate(second)
            : undefined;
      // Fastify keeps to the loopback address unless it is told otherwise; http servers do not.
      const isFastify = /\bfastify\b/i.test(code) && !/\b(express|koa|@nestjs\/platform-express)\b/.test(code);
      file.listens.push({
        server: isFastify ? 'fastify' : 'node',
        port,
        host: host ?? (isFastify ? { kind: 'text', text: 'localhost' } : undefined),
        line: call.line,
        development: undefined,
        isMainOnly: false,
      });
    }
    if (callee === 'Bun.serve' || callee === 'serve') {
      const port = property(objectArg, 'port');
      if (port)
        file.listens.push({
          server: 'node',
          port: evaluate(port),
          host: undefined,
          line: call.line,
          development: undefined,
          isMainOnly: false,
        });
    }
  }

  /** A field of a zod schema that is parsed from `process.env`. */
  function readSchemaField(node: Node): void {
    if (!/\.(parse|safeParse)\(\s*process\.env\s*\)|createEnv\(|cleanEnv\(/.test(code)) return;
    const [name] = children(node);
    const value = node.lastChild;
    if (!name || value?.name !== 'CallExpression' || !/^[A-Z][A-Z0-9_]+$/.test(source(name))) return;
    const schema = source(value);
    if (!/^(z|Joi|str|num|port|url|bool|host)\b/.test(schema)) return;
    const optional = /\.(optional|default|nullish|catch|nullable)\(|default\s*:|devDefault/.test(schema);
    file.env.push({
      name: source(name),
      line: lineOf(node.from),
      fallback: optional ? UNKNOWN : undefined,
      need: optional ? 'may' : 'must',
      use: undefined,
    });
  }

  visit(root);
  for (const read of file.env) if (demanded.has(read.name) && read.need !== 'must') demandRead(read);
  for (const { read, variable } of pending) {
    if (demanded.has(variable)) demandRead(read);
    else if (uses.has(variable) && read.need === 'may' && !read.fallback) {
      read.need = 'use';
      read.use = uses.get(variable);
    }
  }
  return file;
}

function demandRead(read: EnvRead): void {
  if (read.fallback && read.fallback.kind !== 'unknown') return;
  read.need = 'must';
  read.fallback = undefined;
}

/**
 * TypeScript drops an import that names only types, and a type's name starts with a capital: such a name counts where the
 * code makes, calls or shows what it stands for.
 */
function importsValues(clause: string, code: string): boolean {
  if (/^(import|export)\s+type\b/.test(clause)) return false;
  const names = clause
    .replace(/^(import|export)\b|\bfrom\b/g, '')
    .split(/[{},]/)
    .map((name) => name.trim())
    .filter((name) => name !== '' && !/^type\s/.test(name));
  if (names.length === 0) return /^import\s*$/.test(clause);
  return names.some((name) => {
    if (/^[a-z_$*]/.test(name)) return true;
    const used = / as (\w+)$/.exec(name)?.[1] ?? name;
    if (!/^\w+$/.test(used) || clause.startsWith('export')) return false;
    return new RegExp(
      `(^|[^\\w.$])<${used}(\\.\\w+)?[\\s/>]|\\bnew\\s+${used}\\b|(^|[^\\w.$])@?${used}(\\.[a-z]\\w*)*\\s*\\(`,
      'm',
    ).test(code);
  });
}

function scriptOf(text: string): string {
  let result = '';
  let at = 0;
  for (const match of text.matchAll(/<script[^>]*>([\s\S]*?)<\/script>/g)) {
    const start = match.index + match[0].indexOf('>') + 1;
    result += text.slice(at, start).replace(/[^\n]/g, ' ') + (match[1] ?? '');
    at = start + (match[1] ?? '').length;
  }
  return result + text.slice(at).replace(/[^\n]/g, ' ');
}
