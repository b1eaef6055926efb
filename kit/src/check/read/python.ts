import { parser } from '@lezer/python';
import { lineCounter, textOf, UNKNOWN, type Call, type EnvRead, type SourceFile, type Value } from './source.ts';
import { literal } from '../words.ts';

type Node = ReturnType<typeof parser.parse>['topNode'];

/** Calls that cannot work when they are given nothing. */
const NEEDS_A_VALUE =
  /(^|\.)(create_engine|create_async_engine|connect|create_pool|MongoClient|AsyncIOMotorClient|from_url|int|float|Redis|StrictRedis|OpenAI|Mistral|genai\.configure|Fernet|load_pem_private_key|urlparse)$/;

/** Reads a Python file: imports, environment, servers, routes. */
export function readPython(path: string, text: string): SourceFile {
  const lineOf = lineCounter(text);
  const root = parser.parse(text).topNode;
  const source = (node: Node) => text.slice(node.from, node.to);
  const file: SourceFile = {
    path,
    language: 'python',
    imports: [],
    env: [],
    listens: [],
    routes: [],
    mounts: [],
    calls: [],
    names: new Map(),
    strings: [],
    settings: new Map(),
    dotenv: new Set(/\bfrom decouple\b|\bimport decouple\b|Config\(\s*["']\.env/.test(text) ? ['.env'] : []),
    gives: new Set(),
    starred: false,
  };
  const variables = new Map<string, Node>();
  const guarded = new Set<string>();
  const uses = new Map<string, string>();
  const pending: { read: EnvRead; variable: string | undefined }[] = [];
  /** What is called as soon as the file is imported, and reads that such a call would run. */
  const calledAtImport = new Set<string>();
  const insideCalls: { read: EnvRead; callee: string }[] = [];

  const children = (node: Node): Node[] => {
    const list: Node[] = [];
    for (let child = node.firstChild; child; child = child.nextSibling) list.push(child);
    return list;
  };
  const stringValue = (node: Node): string | undefined => {
    if (node.name === 'ContinuedString') {
      const parts = children(node).map(stringValue);
      return parts.some((part) => part === undefined) ? undefined : parts.join('');
    }
    if (node.name !== 'String') return undefined;
    const match = /^[rRbBuU]*("""|'''|"|')([\s\S]*)\1$/.exec(source(node));
    return match?.[2];
  };
  const argumentsOf = (node: Node): { name: string | undefined; value: Node }[] => {
    const list: { name: string | undefined; value: Node }[] = [];
    const parts = children(node).filter((child) => !['(', ')', ',', 'Comment'].includes(child.name));
    for (let i = 0; i < parts.length; i++) {
      const part = parts[i];
      const value = parts[i + 2];
      if (!part) continue;
      if (part.name === 'VariableName' && parts[i + 1]?.name === 'AssignOp' && value) {
        list.push({ name: source(part), value });
        i += 2;
      } else list.push({ name: undefined, value: part });
    }
    return list;
  };
  /** The variable that a call or a subscript reads from the environment. */
  const envRead = (node: Node): { name: string; fallback: Node | undefined; must: boolean } | undefined => {
    if (node.name === 'CallExpression') {
      const callee = source(node.firstChild ?? node).replace(/\s/g, '');
      const list = node.getChild('ArgList');
      if (
        !list ||
        !/^((os\.)?(getenv|environ\.get)|(os\.)?environ\.setdefault|(env|config|environ|Env\(\))(\.\w+)?)$/.test(callee)
      )
        return undefined;
      const helper =
        /^(env|config|environ|Env\(\))(\.\w+)?$/.test(callee) && !/^(os\.)?environ\.(get|setdefault)$/.test(callee);
      if (helper && !/\b(decouple|environs|environ|starlette\.config)\b/.test(text)) return undefined;
      const args = argumentsOf(list);
      const name = args[0] ? stringValue(args[0].value) : undefined;
      if (name === undefined || !/^[A-Za-z_]\w*$/.test(name)) return undefined;
      const fallback =
        args.find((arg) => arg.name === 'default')?.value ?? (args[1]?.name === undefined ? args[1]?.value : undefined);
      // django-environ: `Env(DEBUG=(bool, False))` has the defaults in one place.
      const inScheme = new RegExp(`Env\\s*\\([^]*?\\b${name}\\s*=\\s*\\(`).test(text);
      return { name, fallback, must: helper && !inScheme };
    }
    if (node.name === 'MemberExpression') {
      const match = /^(?:os\.)?environ\s*\[\s*["'](\w+)["']\s*\]$/.exec(source(node));
      if (match?.[1] !== undefined) return { name: match[1], fallback: undefined, must: true };
    }
    return undefined;
  };
  const evaluate = (node: Node | undefined, depth = 0): Value => {
    if (!node || depth > 8) return UNKNOWN;
    const string = stringValue(node);
    if (string !== undefined) return { kind: 'text', text: string };
    const read = envRead(node);
    if (read) {
      return { kind: 'env', name: read.name, fallback: read.fallback ? evaluate(read.fallback, depth + 1) : undefined };
    }
    switch (node.name) {
      case 'Number':
      case 'Boolean':
      case 'None':
        return { kind: 'text', text: source(node) };
      case 'ParenthesizedExpression':
        return evaluate(children(node)[1], depth + 1);
      case 'ArrayExpression':
      case 'TupleExpression':
      case 'SetExpression':
        return {
          kind: 'list',
          items: children(node)
            .filter((child) => !/^[[\](){},]$|Comment/.test(child.name))
            .map((child) => evaluate(child, depth + 1)),
        };
      case 'CallExpression': {
        const callee = source(node.firstChild ?? node);
        const list = node.getChild('ArgList');
        if (/^(int|str|bool|float)$/.test(callee) && list) return evaluate(argumentsOf(list)[0]?.value, depth + 1);
        const split = /^([\s\S]+)\.split$/.exec(callee);
        if (split && node.firstChild?.firstChild) {
          const value = evaluate(node.firstChild.firstChild, depth + 1);
          return value.kind === 'text'
            ? { kind: 'list', items: value.text.split(',').map((item) => ({ kind: 'text', text: item.trim() })) }
            : value;
        }
        return UNKNOWN;
      }
      case 'BinaryExpression': {
        const [left, operator, right] = children(node);
        if (operator && source(operator) === 'or') {
          const first = evaluate(left, depth + 1);
          return first.kind === 'env' ? { ...first, fallback: evaluate(right, depth + 1) } : first;
        }
        return UNKNOWN;
      }
      case 'VariableName':
        return evaluate(variables.get(source(node)), depth + 1);
      case 'MemberExpression': {
        const name = source(node.lastChild ?? node);
        return file.settings.get(name) ?? UNKNOWN;
      }
      default:
        return UNKNOWN;
    }
  };
  const enclosing = (node: Node, ...names: string[]): Node | undefined => {
    for (let parent = node.parent; parent; parent = parent.parent) if (names.includes(parent.name)) return parent;
    return undefined;
  };
  const functionName = (node: Node): string | undefined => {
    const parent = enclosing(node, 'FunctionDefinition', 'LambdaExpression');
    const name = parent?.getChild('VariableName');
    return parent ? (name ? source(name) : 'lambda') : undefined;
  };
  /** What must be called for a node to run: its function, or its class when that is being made. */
  const callableAround = (node: Node): string | undefined => {
    const parent = enclosing(node, 'FunctionDefinition', 'LambdaExpression');
    const name = functionName(node);
    const isMaking = parent?.name === 'LambdaExpression' || /^__(init|post_init|new)__$/.test(name ?? '');
    const holder = parent && isMaking ? enclosing(parent, 'ClassDefinition')?.getChild('VariableName') : undefined;
    return holder ? source(holder) : name;
  };
  /** Below one branch of a choice that the file alone does not settle. */
  const isInBranch = (node: Node): boolean => {
    for (let child = node, parent = node.parent; parent; child = parent, parent = parent.parent) {
      if (/^(FunctionDefinition|ClassDefinition|LambdaExpression)$/.test(parent.name)) return false;
      if (
        parent.name === 'IfStatement' &&
        child.name === 'Body' &&
        !/^if\s+(__name__\s*==|True\b|1\b|not\s+TYPE_CHECKING)/.test(source(parent))
      )
        return true;
      if (parent.name === 'ConditionalExpression' && child.from !== children(parent)[2]?.from) return true;
      if (parent.name === 'MatchClause') return true;
    }
    return false;
  };
  const isMainOnly = (node: Node): boolean => {
    for (let parent = node.parent; parent; parent = parent.parent) {
      if (parent.name === 'IfStatement' && /^if\s+__name__\s*==/.test(source(parent))) return true;
    }
    return false;
  };
  const isConditional = (node: Node): boolean => {
    for (let parent = node.parent; parent; parent = parent.parent) {
      if (parent.name === 'IfStatement' && !/^if\s+(__name__\s*==|True\b|1\b)/.test(source(parent))) return true;
    }
    return false;
  };
  /** `with suppress(ImportError):` catches what fails below it. */
  const isSuppressed = (node: Node): boolean =>
    /^with\s+(contextlib\.)?suppress\b/.test(source(enclosing(node, 'WithStatement') ?? node));
  /** A read inside `try`, or behind a test that the variable is there, may fail without harm. */
  const isGuarded = (node: Node, name: string): boolean => {
    if (enclosing(node, 'TryStatement')) return true;
    for (let parent = node.parent; parent; parent = parent.parent) {
      if (parent.name === 'IfStatement' || parent.name === 'ConditionalExpression') {
        if (
          new RegExp(
            `["']${literal(name)}["']\\s+in\\s|environ\\.get\\(\\s*["']${literal(name)}|getenv\\(\\s*["']${literal(name)}`,
          ).test(source(parent))
        )
          return true;
      }
    }
    return false;
  };

  // First the names, so that a value can be followed to where it was set.
  const collect = (node: Node): void => {
    if (node.name === 'AssignStatement') {
      const [target] = children(node);
      const operator = children(node).findIndex((child) => child.name === 'AssignOp');
      const value = operator >= 0 ? children(node)[operator + 1] : undefined;
      if (target?.name === 'VariableName' && value) {
        if (!variables.has(source(target))) variables.set(source(target), value);
      }
    }
    for (const child of children(node)) collect(child);
  };
  collect(root);
  readSettings();

  const visit = (node: Node): void => {
    switch (node.name) {
      case 'ImportStatement':
        readImport(node);
        return;
      case 'String':
      case 'ContinuedString': {
        const value = stringValue(node);
        const isDocstring = node.parent?.name === 'ExpressionStatement';
        if (value !== undefined) file.strings.push({ text: value, line: lineOf(node.from), inCode: !isDocstring });
        break;
      }
      case 'FormatString': {
        const value = source(node);
        file.strings.push({
          text: value.replace(/^[fFrR]+["']{1,3}|["']{1,3}$/g, ''),
          line: lineOf(node.from),
          inCode: true,
        });
        if (value.includes('://')) {
          for (const part of node.getChildren('FormatReplacement')) {
            for (const child of children(part)) {
              if (child.name === 'VariableName') uses.set(source(child), 'url');
            }
          }
        }
        break;
      }
      case 'FunctionDefinition':
      case 'ClassDefinition': {
        const name = node.getChild('VariableName');
        if (name && !enclosing(node, 'FunctionDefinition', 'ClassDefinition')) file.names.set(source(name), undefined);
        break;
      }
      case 'AssignStatement':
        if (/^(os\.)?environ\s*\[\s*[^"'\s]/.test(source(node))) file.gives.add('*');
        readAssignment(node);
        readApplications(node);
        break;
      case 'UpdateStatement':
        readApplications(node);
        break;
      case 'IfStatement': {
        // `if not X: raise …` makes the variable needed.
        const [, condition] = children(node);
        const body = node.getChild('Body');
        const match =
          condition && /^(?:not\s+(\w+)|(\w+)\s+is\s+None|(\w+)\s*==\s*None)$/.exec(source(condition).trim());
        if (match && body && /\braise\b|sys\.exit|\bexit\(/.test(source(body))) {
          guarded.add(match[1] ?? match[2] ?? match[3] ?? '');
        }
        break;
      }
      case 'CallExpression':
      case 'Decorator':
        readCall(node);
        break;
    }
    const read = node.name === 'CallExpression' || node.name === 'MemberExpression' ? envRead(node) : undefined;
    if (read) recordRead(node, read);
    for (const child of children(node)) visit(child);
  };

  function recordRead(node: Node, read: { name: string; fallback: Node | undefined; must: boolean }): void {
    const parent = node.parent;
    // Writing `os.environ["X"] = …` gives the variable instead of asking for it.
    if (parent?.name === 'AssignStatement' && parent.firstChild?.from === node.from) {
      file.gives.add(read.name);
      return;
    }
    if (parent?.name === 'DeleteStatement') return;
    if (node.name === 'CallExpression' && /setdefault$/.test(source(node.firstChild ?? node)))
      file.gives.add(read.name);
    let fallback = read.fallback ? evaluate(read.fallback) : undefined;
    if (parent?.name === 'BinaryExpression') {
      const [left, operator, right] = children(parent);
      if (operator && source(operator) === 'or' && left?.from === node.from) fallback = evaluate(right);
      if (operator && /^(==|!=|in|is|not)$/.test(source(operator))) fallback ??= { kind: 'text', text: '' };
    }
    if (fallback?.kind === 'text' && fallback.text === 'None') fallback = undefined;
    const scope = functionName(node);
    const isCertain = read.must && !fallback && !isGuarded(node, read.name) && !isInBranch(node);
    const entry: EnvRead = {
      name: read.name,
      line: lineOf(node.from),
      fallback,
      need: isCertain ? (scope === undefined ? 'must' : 'use') : 'may',
      use: isCertain && scope !== undefined ? `${scope}()` : undefined,
      ...(isCertain ? { raises: raised(node, read.name) } : {}),
    };
    file.env.push(entry);
    if (isCertain && scope !== undefined) insideCalls.push({ read: entry, callee: callableAround(node) ?? '' });
    if (fallback || (read.must && !isCertain)) return;
    const call = enclosing(node, 'CallExpression');
    const callee = call?.firstChild ? source(call.firstChild) : '';
    const url = enclosing(node, 'FormatString');
    if (
      call &&
      NEEDS_A_VALUE.test(callee) &&
      call.getChild('ArgList') &&
      node.from >= (call.getChild('ArgList')?.from ?? 0)
    ) {
      if (entry.need === 'may') entry.need = 'use';
      entry.use = `${callee}()`;
    } else if (url && source(url).includes('://')) {
      if (entry.need === 'may') entry.need = 'use';
      entry.use = 'url';
    }
    if (read.must) return;
    const assignment = enclosing(node, 'AssignStatement');
    const target = assignment?.firstChild;
    if (target?.name === 'VariableName' && assignment?.lastChild?.from === node.from) {
      pending.push({ read: entry, variable: source(target) });
    }
  }

  /** What Python says when a read that must succeed finds nothing. */
  function raised(node: Node, name: string): string {
    if (node.name === 'MemberExpression') return `KeyError: '${name}'`;
    const isFrom = (module: string) =>
      file.imports.some((each) => each.module === module) || text.includes(`from ${module} import`);
    if (isFrom('decouple'))
      return `decouple.UndefinedValueError: ${name} not found. Declare it as envvar or define a default value.`;
    if (isFrom('environs')) return `environs.exceptions.EnvError: Environment variable "${name}" not set`;
    if (isFrom('environ')) return `django.core.exceptions.ImproperlyConfigured: Set the ${name} environment variable`;
    return `KeyError: "Config '${name}' is missing, and has no default."`;
  }

  function readImport(node: Node): void {
    const code = source(node)
      .replace(/[()\\\n]/g, ' ')
      .replace(/\s+/g, ' ')
      .trim();
    const line = lineOf(node.from);
    const isFree = !enclosing(
      node,
      'FunctionDefinition',
      'TryStatement',
      'WhileStatement',
      'ForStatement',
      'MatchStatement',
    );
    const isCertain = isFree && !enclosing(node, 'IfStatement') && !isSuppressed(node);
    const onlyMain = isFree && isMainOnly(node) && !isConditional(node) && !isSuppressed(node);
    const from = /^from\s+(\.*\s?[\w.]*)\s+import\s+(.*)$/.exec(code);
    if (from) {
      const names = (from[2] ?? '').split(',').map((name) => name.trim().split(/\s/)[0] ?? '');
      if (names.includes('*')) file.starred = true;
      file.imports.push({
        module: (from[1] ?? '').replace(/\s/g, ''),
        names: names.filter(Boolean),
        line,
        isCertain,
        isMainOnly: onlyMain,
      });
      if (!enclosing(node, 'FunctionDefinition')) {
        for (const part of (from[2] ?? '').split(','))
          file.names.set(
            part
              .trim()
              .split(/\s+as\s+/)
              .at(-1) ?? '',
            undefined,
          );
      }
      return;
    }
    for (const part of code.replace(/^import\s+/, '').split(',')) {
      const [module = '', alias] = part.trim().split(/\s+as\s+/);
      file.imports.push({ module, names: [], line, isCertain, isMainOnly: onlyMain });
      file.names.set(alias ?? module.split('.')[0] ?? '', undefined);
    }
  }

  function readAssignment(node: Node): void {
    const parts = children(node);
    const operator = parts.findIndex((child) => child.name === 'AssignOp');
    const value = operator >= 0 ? parts[operator + 1] : undefined;
    if (enclosing(node, 'FunctionDefinition', 'ClassDefinition')) return;
    for (const target of parts.slice(0, Math.max(operator, 0))) {
      if (target.name !== 'VariableName') continue;
      const callee = value?.name === 'CallExpression' ? source(value.firstChild ?? value) : undefined;
      file.names.set(source(target), callee);
      if (value?.name !== 'CallExpression') continue;
      const list = value.getChild('ArgList');
      const named = new Map(
        (list ? argumentsOf(list) : []).flatMap((arg) => (arg.name ? [[arg.name, arg.value] as const] : [])),
      );
      const prefix = textOf(evaluate(named.get('prefix') ?? named.get('url_prefix')));
      if (prefix !== undefined) {
        file.mounts.push({ prefix, owner: '', target: source(target), line: lineOf(node.from) });
      }
    }
  }

  /** Django imports the modules that these lists name in strings. */
  function readApplications(node: Node): void {
    const [target, , ...values] = children(node);
    const isList = target && /^(INSTALLED_APPS|MIDDLEWARE|\w+_APPS)$/.test(source(target));
    if (!isList || enclosing(node, 'FunctionDefinition', 'ClassDefinition')) return;
    const isCertain = !enclosing(node, 'IfStatement', 'TryStatement');
    const walk = (part: Node): void => {
      const text = stringValue(part);
      if (text === undefined) {
        if (part.name !== 'ConditionalExpression') for (const child of children(part)) walk(child);
        return;
      }
      if (!/^[A-Za-z_]\w*(\.\w+)*$/.test(text)) return;
      // `blog.apps.BlogConfig` is a class of the module `blog.apps`.
      const [, module = text, name] = /^(.+)\.([A-Z]\w*)$/.exec(text) ?? [];
      const names = name === undefined ? [] : [name];
      file.imports.push({ module, names, line: lineOf(part.from), isCertain, isMainOnly: false });
    };
    for (const value of values) walk(value);
  }

  function readCall(node: Node): void {
    const list = node.getChild('ArgList');
    if (!list || list.from - node.from > 120) return;
    const callee = text.slice(node.from, list.from).replace(/^@|\s/g, '');
    const args = argumentsOf(list);
    const call: Call = {
      callee,
      line: lineOf(node.from),
      positional: args.filter((arg) => arg.name === undefined).map((arg) => evaluate(arg.value)),
      named: new Map(args.flatMap((arg) => (arg.name === undefined ? [] : [[arg.name, evaluate(arg.value)] as const]))),
      within: functionName(node),
      isMainOnly: isMainOnly(node),
      isConditional: isConditional(node),
      texts: args.map((arg) => source(arg.value)),
    };
    file.calls.push(call);
    if (/(^|\.)load_dotenv$|(^|\.)read_env$/.test(callee))
      file.dotenv.add(textOf(call.named.get('dotenv_path') ?? call.positional[0]) ?? '.env');
    if (/(^|\.)environ\.update$|^os\.putenv$/.test(callee)) file.gives.add('*');
    if (call.within === undefined && !enclosing(node, 'TryStatement') && !isInBranch(node)) calledAtImport.add(callee);
    for (const arg of args) {
      if (arg.value.name === 'VariableName' && NEEDS_A_VALUE.test(callee)) uses.set(source(arg.value), `${callee}()`);
    }
    const first = textOf(call.positional[0]);
    const owner = callee.split('.')[0] ?? '';
    const method = callee.split('.').at(-1) ?? '';
    if (callee === 'path' || callee === 're_path' || callee === 'url') {
      if (first !== undefined)
        file.routes.push({ path: `/${first.replace(/^[\^/]+/, '')}`, owner: 'urlpatterns', line: call.line });
    } else if (/^(include_router|register_blueprint|mount|include)$/.test(method)) {
      const prefix =
        textOf(call.named.get('prefix') ?? call.named.get('url_prefix')) ?? (method === 'mount' ? first : undefined);
      file.mounts.push({ prefix: prefix ?? '', owner, target: call.texts[0] ?? '', line: call.line });
    } else if (
      /^(get|post|put|patch|delete|head|options|route|websocket|api_route|add_url_rule|add_api_route)$/.test(method) &&
      first?.startsWith('/') &&
      (node.name === 'Decorator' || /^add_/.test(method))
    ) {
      file.routes.push({ path: first, owner, line: call.line });
    }
    readServer(callee, call);
  }

  function readServer(callee: string, call: Call): void {
    const named = (...names: string[]) => names.map((name) => call.named.get(name)).find(Boolean);
    const isTrue = (value: Value | undefined) => textOf(value) === 'True';
    const base = { line: call.line, development: undefined, isMainOnly: call.isMainOnly };
    if (callee === 'uvicorn.run' || callee === 'uvicorn.Config') {
      file.listens.push({
        ...base,
        server: 'uvicorn',
        port: named('port') ?? { kind: 'text', text: '8000' },
        host: named('host') ?? { kind: 'text', text: '127.0.0.1' },
        development: isTrue(named('reload')) ? 'reload=True' : undefined,
      });
    } else if (callee === 'serve' && /\bwaitress\b/.test(text)) {
      const listen = textOf(named('listen'))?.split(':');
      file.listens.push({
        ...base,
        server: 'waitress',
        port: named('port') ?? { kind: 'text', text: listen?.[1] ?? '8080' },
        host: named('host') ?? { kind: 'text', text: listen?.[0] ?? '0.0.0.0' },
      });
    } else if (/\.launch$/.test(callee) && /\bgradio\b/.test(text)) {
      file.listens.push({
        ...base,
        server: 'gradio',
        port: named('server_port') ?? {
          kind: 'env',
          name: 'GRADIO_SERVER_PORT',
          fallback: { kind: 'text', text: '7860' },
        },
        host: named('server_name') ?? {
          kind: 'env',
          name: 'GRADIO_SERVER_NAME',
          fallback: { kind: 'text', text: '127.0.0.1' },
        },
      });
    } else if (callee === 'web.run_app') {
      file.listens.push({
        ...base,
        server: 'aiohttp',
        port: named('port') ?? { kind: 'text', text: '8080' },
        host: named('host') ?? { kind: 'text', text: '0.0.0.0' },
      });
    } else if (callee === 'ui.run' && /\bnicegui\b/.test(text)) {
      file.listens.push({
        ...base,
        server: 'nicegui',
        port: named('port') ?? { kind: 'text', text: '8080' },
        host: named('host') ?? { kind: 'text', text: '0.0.0.0' },
      });
    } else if (/^\w+\.(run|run_server)$/.test(callee)) {
      const owner = callee.split('.')[0] ?? '';
      const maker = file.names.get(owner) ?? (variables.has(owner) ? source(variables.get(owner) ?? root) : '');
      const isDash = /\bDash\(|^(dash\.)?Dash$/.test(maker);
      const isFlask =
        /\bFlask\(|^(flask\.)?Flask$|create_app/.test(maker) || (/\bflask\b/i.test(text) && owner === 'app');
      if (!isDash && !isFlask && !/\.run_server$/.test(callee)) return;
      file.listens.push({
        ...base,
        server: isDash || callee.endsWith('run_server') ? 'dash' : 'flask',
        port: named('port') ?? call.positional[1] ?? { kind: 'text', text: isDash ? '8050' : '5000' },
        host:
          named('host') ??
          (isDash
            ? { kind: 'env', name: 'HOST', fallback: { kind: 'text', text: '127.0.0.1' } }
            : (call.positional[0] ?? { kind: 'text', text: '127.0.0.1' })),
        development: isTrue(named('debug')) ? 'debug=True' : 'app.run()',
      });
    }
  }

  /** Fields of pydantic settings: a field without default is a variable that must be given. */
  function readSettings(): void {
    const walk = (node: Node): void => {
      if (node.name === 'ClassDefinition') {
        const bases = node.getChild('ArgList');
        const body = node.getChild('Body');
        if (bases && body && /\bBaseSettings\b/.test(source(bases))) {
          const prefix = /env_prefix\s*=\s*["'](\w*)["']/.exec(source(body))?.[1] ?? '';
          if (/env_file/.test(source(body)))
            file.dotenv.add(/env_file["']?\s*[=:]\s*["']([^"']+)["']/.exec(source(body))?.[1] ?? '.env');
          // Settings may come from other sources besides the environment.
          const hasOtherSources = /settings_customise_sources|(yaml|toml|json)_file|secrets_dir/.test(source(body));
          const nested = /env_nested_delimiter/.test(source(body));
          for (const field of children(body)) {
            if (field.name !== 'AssignStatement') continue;
            const parts = children(field);
            const [name] = parts;
            const type = parts.find((part) => part.name === 'TypeDef');
            const operator = parts.findIndex((part) => part.name === 'AssignOp');
            const value = operator >= 0 ? parts[operator + 1] : undefined;
            if (name?.name !== 'VariableName' || !type || /ClassVar/.test(source(type))) continue;
            let variable = prefix + source(name);
            let fallback: Value | undefined = value ? evaluate(value) : undefined;
            if (value?.name === 'CallExpression' && source(value.firstChild ?? value) === 'Field') {
              const list = value.getChild('ArgList');
              const args = list ? argumentsOf(list) : [];
              const alias = args.find((arg) => /^(alias|env|validation_alias)$/.test(arg.name ?? ''));
              const aliases = alias ? [...source(alias.value).matchAll(/["'](\w+)["']/g)] : [];
              if (aliases.length > 1) fallback = UNKNOWN;
              variable = aliases[0]?.[1] ?? variable;
              const given =
                args.find((arg) => arg.name === 'default' || arg.name === 'default_factory') ??
                args.find((arg) => arg.name === undefined);
              fallback ??= undefined;
              if (fallback?.kind === 'unknown' && aliases.length <= 1) {
                fallback = given && source(given.value) !== '...' ? evaluate(given.value) : undefined;
              }
            }
            const upper = variable.toUpperCase();
            file.settings.set(source(name), { kind: 'env', name: upper, fallback });
            if (
              nested &&
              !/^\s*:\s*(str|int|float|bool|SecretStr|PostgresDsn|AnyUrl|\w*Url|\w*Dsn)\b/.test(source(type))
            )
              continue;
            const optional = /Optional|\|\s*None/.test(source(type)) && value === undefined;
            file.env.push({
              name: upper,
              line: lineOf(field.from),
              fallback,
              need:
                (value === undefined && !optional) || fallback === undefined
                  ? hasOtherSources
                    ? 'may'
                    : 'must'
                  : 'may',
              use: 'BaseSettings',
            });
          }
        }
      }
      for (const child of children(node)) walk(child);
    };
    walk(root);
  }

  visit(root);
  for (const { read, callee } of insideCalls) if (calledAtImport.has(callee)) read.need = 'must';
  for (const { read, variable } of pending) {
    if (variable === undefined) continue;
    if (guarded.has(variable)) read.need = 'must';
    else if (uses.has(variable) && read.need === 'may') {
      read.need = 'use';
      read.use = uses.get(variable);
    }
  }
  return file;
}
