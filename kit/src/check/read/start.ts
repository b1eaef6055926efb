import path from 'node:path';
import { objectIn } from './object-file.ts';
import type { Found, Image } from './image.ts';
import type { Project } from './project.ts';
import { optionOf, readShell } from './shell.ts';
import { textOf, type Import, type SourceFile, type Value } from './source.ts';
import { objectAt, textAt, type Place } from './yaml.ts';

/** One program that a container runs, once the wrappers around it are taken off. */
export interface Run {
  /** Base name of the program: `uvicorn`, `python`, `node`, … */
  program: string;
  args: string[];
  /** The program as it was written, when that is a path. */
  written: string;
  cwd: string;
  place: Place;
  env: Record<string, string>;
  /** Started through `uv run` and the like, which look for the environment by themselves. */
  runner: string | undefined;
  isModule: boolean;
  /** The dotted name that `python -m` is given. */
  module?: string;
  viaShell: boolean;
}

/** Something on the way to the program that cannot work. */
export type StartFault =
  | { kind: 'file'; path: string; found: Found; place: Place; program: string }
  | { kind: 'script'; path: string; source: string; place: Place; viaShell: boolean }
  | { kind: 'package-json'; folder: string; place: Place; found: Found; script: string }
  | { kind: 'npm-script'; script: string; known: string[]; file: string; place: Place }
  | { kind: 'variable'; word: string; place: Place };

/** A command on the way to the program that is none itself: migrations, waiting for a database. */
export interface Aside {
  words: string[];
  cwd: string;
  place: Place;
  /** Below a condition, or where its failure does no harm. */
  isConditional: boolean;
}

export interface Start {
  runs: Run[];
  faults: StartFault[];
  asides: Aside[];
  place: Place;
  /** False when the command stands in an image that is not built here, or leads to something unreadable. */
  isKnown: boolean;
  /** The words as given, undefined when nothing says what to run. */
  words: string[] | undefined;
}

/** What a container can see: its files and its variables. */
export interface Surroundings {
  project: Project;
  image: Image | undefined;
  workdir: string;
  variables: Record<string, string>;
  find: (absolute: string) => Found;
}

const RUNNERS: Record<string, string[]> = {
  uv: ['run'],
  poetry: ['run'],
  pipenv: ['run'],
  pdm: ['run'],
  rye: ['run'],
  hatch: ['run'],
};

const SHELLS = /^(sh|bash|ash|dash|zsh)$/;

/** Follows a command through shells, scripts and package managers to the programs that it runs. */
export function followStart(
  words: string[],
  place: Place,
  around: Surroundings,
  isExec: boolean,
): Pick<Start, 'runs' | 'faults' | 'asides' | 'isKnown'> {
  const runs: Run[] = [];
  const asides: Aside[] = [];
  const faults: StartFault[] = [];
  let isKnown = true;

  const follow = (
    argv: string[],
    cwd: string,
    at: Place,
    state: Omit<Run, 'program' | 'args' | 'written' | 'cwd' | 'place'>,
    depth: number,
  ): void => {
    const [first = '', ...rest] = argv;
    if (depth > 12 || first === '') return;
    const program = path.posix.basename(first);
    const next = (list: string[], change: Partial<typeof state> = {}, folder = cwd) => {
      follow(list, folder, at, { ...state, ...change }, depth + 1);
    };
    const text = (script: string, folder: string, where: Place, lines: boolean) => {
      shell(script, folder, where, { ...state, viaShell: true }, depth, lines);
    };
    if (/^(exec|nohup|time|command|eval)$/.test(program)) {
      next(rest);
      return;
    }
    if (/^(tini|dumb-init|catatonit)$/.test(program)) {
      const end = rest.findIndex((word) => !word.startsWith('-'));
      next(rest.slice(end < 0 ? 0 : end));
      return;
    }
    if (/^(gosu|su-exec|timeout|chroot)$/.test(program)) {
      next(rest.slice(1));
      return;
    }
    if (/^(sudo|opentelemetry-instrument|ddtrace-run|stdbuf|nice|xvfb-run)$/.test(program)) {
      const wrapped = rest.findIndex((word) => !word.startsWith('-'));
      next(rest.slice(Math.max(0, wrapped)));
      return;
    }
    if (program === 'env') {
      const set: Record<string, string> = {};
      let i = 0;
      for (; i < rest.length; i++) {
        const [, name, value = ''] = /^(\w+)=(.*)$/.exec(rest[i] ?? '') ?? [];
        if (name === undefined) break;
        set[name] = value;
      }
      next(rest.slice(i), { env: { ...state.env, ...set } });
      return;
    }
    if (
      /^(wait-for-it(\.sh)?|wait-for(\.sh)?|dockerize|dotenv|doppler|infisical|with-env|cross-env|cross-env-shell)$/.test(
        program,
      ) &&
      (rest.includes('--') || program.startsWith('cross-env'))
    ) {
      const isFile = first.includes('/');
      if (isFile) checkScript(first, cwd, at, state.viaShell);
      if (program.startsWith('cross-env')) {
        next(['env', ...rest]);
        return;
      }
      next(rest.slice(rest.indexOf('--') + 1));
      return;
    }
    if (SHELLS.test(program)) {
      const flag = rest.findIndex((word) => /^-\w*c\w*$/.test(word));
      if (flag >= 0) {
        text(rest[flag + 1] ?? '', cwd, at, false);
        return;
      }
      const script = rest.find((word) => !word.startsWith('-'));
      if (script === undefined)
        return void runs.push({ ...state, program, args: rest, written: first, cwd, place: at });
      const found = lookup(script, cwd);
      if (found.state === 'no') faults.push({ kind: 'file', path: absolute(script, cwd), found, place: at, program });
      const body = found.source === undefined ? undefined : around.project.read(found.source);
      if (body === undefined || found.source === undefined) isKnown &&= found.state === 'no';
      else
        shell(
          body,
          cwd,
          { file: found.source, line: 1 },
          { ...state, viaShell: true },
          depth,
          true,
          rest.slice(rest.indexOf(script) + 1),
        );
      return;
    }
    if (program in RUNNERS && RUNNERS[program]?.includes(rest[0] ?? '')) {
      let i = 1;
      const valued = /^(--with|--python|-p|--project|--directory|--env-file|--extra|--group|--package|-C|--from)$/;
      let folder = cwd;
      for (; i < rest.length && (rest[i]?.startsWith('-') ?? false); i++) {
        if (rest[i] === '--') {
          i++;
          break;
        }
        if (rest[i] === '--directory' || rest[i] === '-C') folder = absolute(rest[i + 1] ?? '.', cwd);
        if (valued.test(rest[i] ?? '')) i++;
      }
      const target = rest.slice(i);
      // `uv run main.py` runs a file as Python.
      const isFile = /\.py$/.test(target[0] ?? '');
      next(isFile ? ['python', ...target] : target, { runner: program }, folder);
      return;
    }
    // `bun run index.ts` runs a file, `bun run start` a script.
    const isBunFile =
      program === 'bun' &&
      /\.[cm]?[jt]sx?$|^\.\//.test(rest.find((word) => word !== 'run' && !word.startsWith('-')) ?? '');
    if (/^(npm|pnpm|yarn|bun|npx|bunx)$/.test(program) && !isBunFile) {
      const expanded = npmCommand(program, rest, cwd, at);
      if (expanded)
        shell(
          expanded.text,
          expanded.folder,
          { file: expanded.file, line: expanded.line },
          { ...state, viaShell: true, runner: 'npm' },
          depth,
          false,
        );
      else if (program === 'npx' || program === 'bunx' || rest[0] === 'exec' || rest[0] === 'dlx') {
        next(
          rest
            .filter((word, index) => !(word.startsWith('-') || (index === 0 && /^(exec|dlx)$/.test(word))))
            .concat(rest.filter((word) => word.startsWith('--') && word !== '--yes')),
          { runner: 'npm' },
        );
      }
      return;
    }
    if (/^python[\d.]*$/.test(program)) {
      const args = [...rest];
      while (/^-(u|O|OO|B|E|s|S|I|q|X|W)/.test(args[0] ?? '')) {
        if (/^-(X|W)$/.test(args[0] ?? '')) args.shift();
        args.shift();
      }
      if (args[0] === '-m' && args[1] !== undefined) {
        if (
          /^(uvicorn|gunicorn|flask|streamlit|hypercorn|fastapi|django|daphne|celery|gradio|chainlit)$/.test(args[1])
        ) {
          next(args.slice(1), { isModule: true });
          return;
        }
        const module = args[1].replace(/\./g, '/');
        if (
          !/^(http\.server|pip|venv|debugpy|alembic|pytest|jupyter|notebook|ipykernel|waitress|SimpleHTTPServer)/.test(
            args[1],
          )
        ) {
          const found = firstFound(
            [`${module}.py`, `${module}/__main__.py`, `${module}/__init__.py`].map((file) => lookup(file, cwd)),
          );
          runs.push({
            ...state,
            program: 'python',
            args: [found.source ?? `${module}.py`, ...args.slice(2)],
            module: args[1],
            written: first,
            cwd,
            place: at,
            isModule: true,
          });
          if (found.state === 'no' && found.because === undefined && around.image && hasOwnFolder(module, cwd)) {
            faults.push({ kind: 'file', path: absolute(`${module}.py`, cwd), found, place: at, program: 'python -m' });
          }
          return;
        }
        if (args[1] === 'debugpy') {
          const script = args.findIndex((word, index) => index > 1 && /\.py$|^-m$/.test(word));
          if (script > 0) {
            next(['python', ...args.slice(script)]);
            return;
          }
        }
      }
      runs.push({ ...state, program: 'python', args, written: first, cwd, place: at });
      const file = args[0];
      if (file !== undefined && !file.startsWith('-')) checkFile(file, cwd, at, 'python');
      return;
    }
    if (/^(node|nodejs|tsx|ts-node|nodemon|deno|bun|ts-node-dev)$/.test(program)) {
      const args = rest
        .filter((word) => word !== 'run')
        .map((word) => (program === 'tsx' && word === 'watch' ? '--watch' : word));
      const script = args.find(
        (word, index) =>
          !word.startsWith('-') &&
          !/^(-r|--require|--import|--loader|--watch|--exec|-x|--ext|-e)$/.test(args[index - 1] ?? ''),
      );
      if (script === undefined && program === 'nodemon') {
        // Without a file, nodemon runs what nodemon.json says, else what package.json calls main.
        const json = (name: string) => {
          const found = lookup(name, cwd).source;
          return found === undefined ? undefined : objectIn(around.project, found);
        };
        const main =
          /[\w./-]+\.[cm]?[jt]s/.exec(textAt(json('nodemon.json'), 'exec') ?? '')?.[0] ??
          textAt(json('package.json'), 'main');
        if (main !== undefined) args.push(main);
      }
      runs.push({ ...state, program, args, written: first, cwd, place: at });
      if (script !== undefined && !/[$*]/.test(script)) {
        const candidates = /\.\w+$/.test(script)
          ? [script]
          : [script, `${script}.js`, `${script}/index.js`, `${script}.ts`, `${script}.mjs`, `${script}.cjs`];
        const found = firstFound(candidates.map((file) => lookup(file, cwd)));
        if (found.state === 'no') faults.push({ kind: 'file', path: absolute(script, cwd), found, place: at, program });
      }
      return;
    }
    if (program === 'java') {
      const jar = rest[rest.indexOf('-jar') + 1];
      runs.push({ ...state, program, args: rest, written: first, cwd, place: at });
      if (rest.includes('-jar') && jar !== undefined && !/[$*]/.test(jar)) checkFile(jar, cwd, at, 'java');
      return;
    }
    if (first.includes('/') || /\.(sh|py)$/.test(first)) {
      if (first.includes('$')) {
        isKnown = false;
        return;
      }
      const found: Found = first.includes('/') ? lookup(first, cwd) : { state: 'unknown' };
      if (
        /\/(\.?venv|env|\.local)\/bin\/|^\/usr\/(local\/)?s?bin\/|^\/s?bin\/|^\/opt\/[\w-]*venv[\w-]*\/bin\//.test(
          absolute(first, cwd),
        ) &&
        found.state !== 'yes'
      ) {
        next([program, ...rest], { runner: /venv|\/env\//.test(first) ? 'venv' : state.runner });
        return;
      }
      if (found.state === 'no')
        faults.push({ kind: 'file', path: absolute(first, cwd), found, place: at, program: first });
      if (found.source === undefined) {
        if (found.state !== 'no') isKnown = false;
        runs.push({ ...state, program, args: rest, written: first, cwd, place: at });
        return;
      }
      checkScript(first, cwd, at, state.viaShell);
      const body = around.project.read(found.source) ?? '';
      if (/^#!.*python/.test(body) || (found.source.endsWith('.py') && !body.startsWith('#!'))) {
        next(['python', first, ...rest]);
        return;
      }
      if (/^#!.*node/.test(body)) {
        next(['node', first, ...rest]);
        return;
      }
      shell(body, cwd, { file: found.source, line: 1 }, { ...state, viaShell: true }, depth, true, rest);
      return;
    }
    if (program === 'docker-entrypoint.sh' || program === 'docker-php-entrypoint') {
      next(rest);
      return;
    }
    runs.push({ ...state, program, args: rest, written: first, cwd, place: at });
  };

  const shell = (
    script: string,
    folder: string,
    at: Place,
    state: Omit<Run, 'program' | 'args' | 'written' | 'cwd' | 'place'>,
    depth: number,
    lines: boolean,
    passed: string[] = [],
  ): void => {
    let cwd = folder;
    const known = { ...around.variables, ...state.env };
    const isComplexFunction = /^\s*(function\s+\w+|\w+\s*\(\)\s*\{)/m.test(script);
    const isComplex = /^\s*(case|while|until|for|function)\b|^\s*\w+\s*\(\)\s*\{/m.test(script);
    let depthOfIf = 0;
    const commands = readShell(script, known);
    for (const [index, command] of commands.entries()) {
      const [opening = ''] = command.words;
      if (/^(if|case)$/.test(opening)) depthOfIf++;
      if (/^(fi|esac)$/.test(opening)) depthOfIf--;
      for (const [name, value] of Object.entries(command.assignments))
        if (command.words.length === 0) known[name] = value;
      const where: Place = lines ? { file: at.file, line: command.line } : at;
      let argv = command.words.filter((word) => !/^\d*[<>]/.test(word));
      const bare = argv.slice(
        Math.max(
          0,
          argv.findIndex((word) => !/^(while|until|do|then|else|!|\{|\()$/.test(word)),
        ),
      );
      if (/^(alembic|psql|nc|pg_isready|curl|wget|mysqladmin|mysql|redis-cli)$/.test(bare[0] ?? ''))
        asides.push({
          words: bare,
          cwd,
          place: where,
          isConditional:
            depthOfIf > 0 || isComplexFunction || command.after === '||' || commands[index + 1]?.after === '||',
        });
      while (/^(if|then|else|elif|do|!|\{|\()$/.test(argv[0] ?? '')) argv = argv.slice(1);
      if (
        /^(while|until|for|case|done|fi|esac|\}|\)|\[|\[\[|test|set|export|source|\.|trap|echo|printf|sleep|true|false|return|shift|local|read|umask|ulimit|mkdir|chown|chmod|cp|mv|rm|touch|cat|ls|nc|pg_isready|curl|wget|sed|ln|which|date|exit|wait|kill|alembic|psql|envsubst)$/.test(
          argv[0] ?? '',
        ) ||
        argv.length === 0
      ) {
        if (/^(export)$/.test(argv[0] ?? '')) {
          for (const word of argv.slice(1)) {
            const [, name, value = ''] = /^(\w+)=(.*)$/.exec(word) ?? [];
            if (name !== undefined) known[name] = value;
          }
        }
        if (argv[0] === 'sleep' && /^(infinity|inf|\d{4,})/.test(argv[1] ?? '')) {
          runs.push({ ...state, program: 'sleep', args: argv.slice(1), written: 'sleep', cwd, place: where });
        }
        if (argv[0] === 'while' || argv[0] === 'until') isKnown = isKnown && isComplex;
        continue;
      }
      if (argv[0] === 'cd') {
        const target = argv[1] ?? '';
        if (/[$`~]/.test(target)) isKnown = false;
        else cwd = absolute(target, cwd);
        continue;
      }
      const star = argv.findIndex((word) => /^\$[@*]$/.test(word));
      if (star >= 0) argv = [...argv.slice(0, star), ...passed, ...argv.slice(star + 1)];
      if (/^\$/.test(argv[0] ?? '')) {
        isKnown = false;
        continue;
      }
      const before = runs.length;
      follow(
        argv,
        cwd,
        star >= 0 ? place : where,
        {
          ...state,
          env: {
            ...state.env,
            ...Object.fromEntries(Object.entries(known).filter(([name]) => !(name in around.variables))),
            ...command.assignments,
          },
        },
        depth + 1,
      );
      // What only runs when something else failed, or in the background, is not what keeps the container alive.
      if (command.after === '||' && before > 0) runs.splice(before);
    }
  };

  const absolute = (file: string, cwd: string) => path.posix.resolve(cwd, file);
  const lookup = (file: string, cwd: string): Found =>
    /[$*`]/.test(file) ? { state: 'unknown' } : around.find(absolute(file, cwd));
  const hasOwnFolder = (module: string, cwd: string): boolean => {
    const top = module.split('/')[0] ?? '';
    return around.find(absolute(top, cwd)).state === 'yes' || around.find(absolute(`${top}.py`, cwd)).state === 'yes';
  };
  const checkFile = (file: string, cwd: string, at: Place, program: string) => {
    const found = lookup(file, cwd);
    if (found.state === 'no') faults.push({ kind: 'file', path: absolute(file, cwd), found, place: at, program });
  };
  const checkScript = (file: string, cwd: string, at: Place, viaShell: boolean) => {
    const found = lookup(file, cwd);
    if (found.source !== undefined)
      faults.push({ kind: 'script', path: absolute(file, cwd), source: found.source, place: at, viaShell });
    else if (found.state === 'no')
      faults.push({ kind: 'file', path: absolute(file, cwd), found, place: at, program: file });
  };

  /** The text of a package.json script, with the arguments added after `--`. */
  const npmCommand = (
    program: string,
    rest: string[],
    cwd: string,
    at: Place,
  ): { text: string; folder: string; file: string; line: number } | undefined => {
    const args = [...rest];
    let folder = cwd;
    while (args[0]?.startsWith('-')) {
      const flag = args.shift() ?? '';
      if (/^(--prefix|-C|--dir|--cwd)$/.test(flag)) folder = absolute(args.shift() ?? '.', cwd);
      else if (/^--(prefix|dir|cwd)=/.test(flag)) folder = absolute(flag.slice(flag.indexOf('=') + 1), cwd);
      else if (/^(--filter|-F|--workspace|-w)$/.test(flag)) return undefined;
      else if (/^--(filter|workspace)=/.test(flag)) return undefined;
    }
    let script = args.shift() ?? '';
    if (script === 'run' || script === 'run-script') {
      while (args[0]?.startsWith('-') && args[0] !== '--') {
        if (/^(--prefix|-C)$/.test(args.shift() ?? '')) folder = absolute(args.shift() ?? '.', cwd);
      }
      script = args.shift() ?? '';
      // bun runs files as well as scripts.
      if (program === 'bun' && /\.[cm]?[jt]sx?$/.test(script)) return undefined;
    } else if (program === 'npm' || program === 'npx' || program === 'bunx') {
      if (!/^(start|test|stop|restart|t)$/.test(script) || program !== 'npm') return undefined;
    } else if (/^(install|i|add|exec|dlx|ci|workspace|workspaces|global|x)?$/.test(script)) return undefined;
    const options = args.filter((word) => word !== '--');
    const found = lookup('package.json', folder);
    const body = found.source === undefined ? undefined : around.project.read(found.source);
    if (body === undefined || found.source === undefined) {
      if (found.state === 'no') faults.push({ kind: 'package-json', folder, place: at, found, script });
      else isKnown = false;
      return undefined;
    }
    const scripts = objectAt(objectIn(around.project, found.source), 'scripts');
    const value = textAt(scripts, script);
    if (value === undefined) {
      const isFile = lookup(script, folder).state === 'yes' || lookup('server.js', folder).state !== 'no';
      if (script === 'start' && isFile) return { text: 'node server.js', folder, file: at.file, line: at.line };
      if (/^(npm|pnpm)$/.test(program) || rest[0] === 'run' || /^(start|dev|serve|build|preview)$/.test(script)) {
        faults.push({ kind: 'npm-script', script, known: Object.keys(scripts), file: found.source, place: at });
      }
      return undefined;
    }
    return { text: [value, ...options].join(' '), folder, file: at.file, line: at.line };
  };

  if (isExec) {
    for (const [index, word] of words.entries()) {
      // What follows is a program of its own, in a language that has its own `$`.
      const isCode = /^(-[cefpr]|--eval|--print|--expression)$/.test(words[index - 1] ?? '') && /[\s();]/.test(word);
      if (
        /\$\{?[A-Za-z_]/.test(word) &&
        !isCode &&
        !SHELLS.test(path.posix.basename(words[0] ?? '')) &&
        !/^(envsubst|dockerize)$/.test(words[0] ?? '')
      ) {
        faults.push({ kind: 'variable', word, place });
      }
    }
  }
  follow(words, around.workdir, place, { env: {}, runner: undefined, isModule: false, viaShell: false }, 0);
  return { runs, faults, asides, isKnown };
}

function firstFound(list: Found[]): Found {
  return (
    list.find((found) => found.state === 'yes') ??
    list.find((found) => found.state === 'unknown') ??
    list[0] ?? { state: 'no' }
  );
}

/** What a program listens on, as far as its command, its file and its variables tell. */
export interface Listening {
  server: string;
  port: number | undefined;
  host: string | undefined;
  /** Where the port is said: the command, or a line of the source. */
  place: Place;
  /** What makes it a server for development. */
  development: string | undefined;
  /** The variable that gives the port, when one does. */
  variable: string | undefined;
}

/** The server that a run starts; undefined when that cannot be told. */
export function listeningOf(
  run: Run,
  around: Surroundings & { source: (file: string) => SourceFile | undefined; hasVariable: (name: string) => boolean },
): Listening | undefined {
  const { program, args, place } = run;
  const env = (name: string): string | undefined => run.env[name] ?? around.variables[name];
  const number = (text: string | undefined): number | undefined => {
    const port = Number(text);
    return text !== undefined && Number.isInteger(port) && port > 0 ? port : undefined;
  };
  const made = (
    server: string,
    portText: string | undefined,
    host: string | undefined,
    development?: string,
    variable?: string,
  ): Listening => ({
    server,
    port: number(portText),
    host,
    place,
    development,
    variable,
  });
  const envOr = (name: string, fallback: string): string | undefined =>
    env(name) ?? (around.hasVariable(name) ? undefined : fallback);
  switch (program) {
    case 'uvicorn':
    case 'hypercorn':
    case 'daphne': {
      const bind = optionOf(args, '-b', '--bind')?.split(':');
      const host =
        optionOf(args, '--host') ??
        bind?.[0] ??
        (program === 'uvicorn' ? envOr('UVICORN_HOST', '127.0.0.1') : '127.0.0.1');
      const port =
        optionOf(args, '--port') ??
        (program === 'daphne' ? optionOf(args, '-p') : undefined) ??
        bind?.[1] ??
        (program === 'uvicorn' ? envOr('UVICORN_PORT', '8000') : '8000');
      if (args.includes('--uds') || args.includes('--fd')) return undefined;
      return made(
        program,
        port,
        program === 'daphne' ? (optionOf(args, '-b', '--bind') ?? '127.0.0.1') : host,
        args.includes('--reload') ? '--reload' : undefined,
      );
    }
    case 'fastapi': {
      const isDev = args[0] === 'dev';
      return made(
        'fastapi',
        optionOf(args, '--port') ?? envOr('PORT', '8000') ?? '8000',
        optionOf(args, '--host') ?? (isDev ? '127.0.0.1' : '0.0.0.0'),
        isDev ? 'fastapi dev' : args.includes('--reload') ? '--reload' : undefined,
      );
    }
    case 'gunicorn': {
      const written = optionOf(args, '-b', '--bind') ?? bindOfConfig(args, run.cwd, around);
      if (written === undefined) {
        const settings = env('GUNICORN_CMD_ARGS');
        if (settings !== undefined || around.hasVariable('GUNICORN_CMD_ARGS')) return undefined;
        const port = env('PORT');
        if (port !== undefined) return made('gunicorn', port, '0.0.0.0', reloadOf(args));
        return made('gunicorn', '8000', '127.0.0.1', reloadOf(args));
      }
      if (written === 'unknown' || written.startsWith('unix:')) return undefined;
      const colon = written.lastIndexOf(':');
      return made(
        'gunicorn',
        colon < 0 ? '8000' : written.slice(colon + 1),
        colon < 0 ? written : written.slice(0, colon),
        reloadOf(args),
      );
    }
    case 'flask': {
      if (!args.includes('run')) return undefined;
      return made(
        'flask',
        optionOf(args, '-p', '--port') ?? envOr('FLASK_RUN_PORT', '5000'),
        optionOf(args, '-h', '--host') ?? envOr('FLASK_RUN_HOST', '127.0.0.1'),
        args.includes('--debug') ? 'flask run --debug' : 'flask run',
      );
    }
    case 'streamlit': {
      const config = around.find(path.posix.join(run.cwd, '.streamlit/config.toml'));
      const text = config.source === undefined ? '' : (around.project.read(config.source) ?? '');
      const server = /\[server\]([\s\S]*?)(\n\[|$)/.exec(text)?.[1] ?? '';
      const port =
        optionOf(args, '--server.port') ??
        env('STREAMLIT_SERVER_PORT') ??
        /^\s*port\s*=\s*(\d+)/m.exec(server)?.[1] ??
        envOr('STREAMLIT_SERVER_PORT', '8501');
      const host =
        optionOf(args, '--server.address') ??
        env('STREAMLIT_SERVER_ADDRESS') ??
        /^\s*address\s*=\s*["']([^"']*)/m.exec(server)?.[1] ??
        '0.0.0.0';
      return args.includes('run') ? made('streamlit', port, host) : undefined;
    }
    case 'chainlit':
      return made(
        'chainlit',
        optionOf(args, '--port') ?? '8000',
        optionOf(args, '--host') ?? envOr('CHAINLIT_HOST', '127.0.0.1'),
        args.includes('-w') || args.includes('--watch') ? '-w' : undefined,
      );
    case 'mlflow': {
      const port = optionOf(args, '-p', '--port') ?? envOr('MLFLOW_PORT', '5000');
      const host = optionOf(args, '-h', '--host') ?? envOr('MLFLOW_HOST', '127.0.0.1');
      const isServer = /^(server|ui)$/.test(args[0] ?? '') || (args[0] === 'models' && args[1] === 'serve');
      return isServer ? made('mlflow', port, host) : undefined;
    }
    case 'shiny':
      return args[0] === 'run'
        ? made(
            'shiny',
            optionOf(args, '-p', '--port') ?? '8000',
            optionOf(args, '-h', '--host') ?? '127.0.0.1',
            reloadOf(args),
          )
        : undefined;
    case 'marimo':
      return /^(run|edit)$/.test(args[0] ?? '')
        ? made('marimo', optionOf(args, '-p', '--port') ?? '2718', optionOf(args, '--host') ?? '127.0.0.1')
        : undefined;
    case 'R':
    case 'Rscript':
      return listeningOfR(run, around);
    case 'http-server':
      return made(
        'http-server',
        optionOf(args, '-p', '--port') ?? envOr('PORT', '8080'),
        optionOf(args, '-a') ?? '0.0.0.0',
      );
    case 'serve': {
      const written = optionOf(args, '-l', '--listen', '-p', '--port') ?? envOr('PORT', '3000');
      return made('serve', written?.split(':').at(-1), '0.0.0.0');
    }
    case 'vite': {
      const config = viteConfig(run, around);
      const isPreview = args[0] === 'preview';
      if (args[0] === 'build') return undefined;
      const flag = args.findIndex((word) => word === '--host' || word.startsWith('--host='));
      const value =
        flag < 0
          ? undefined
          : args[flag]?.includes('=') === true
            ? args[flag].slice(7)
            : args[flag + 1]?.startsWith('-') === false
              ? args[flag + 1]
              : '0.0.0.0';
      const host = value ?? (isPreview ? (config.previewHost ?? config.host) : config.host) ?? 'localhost';
      const port =
        optionOf(args, '--port') ?? (isPreview ? config.previewPort : config.port) ?? (isPreview ? '4173' : '5173');
      return made(
        isPreview ? 'vite preview' : 'vite',
        port,
        host === 'true' || host === '' ? '0.0.0.0' : host,
        isPreview ? undefined : 'vite',
      );
    }
    case 'next': {
      const port = optionOf(args, '-p', '--port') ?? envOr('PORT', '3000');
      return args[0] === 'build'
        ? undefined
        : made(
            'next',
            port,
            optionOf(args, '-H', '--hostname') ?? '0.0.0.0',
            args[0] === 'start' ? undefined : 'next dev',
          );
    }
    case 'react-scripts':
      return args[0] === 'start'
        ? made('react-scripts', envOr('PORT', '3000'), env('HOST') ?? '0.0.0.0', 'react-scripts start')
        : undefined;
    case 'vue-cli-service':
      return args[0] === 'serve'
        ? made(
            'vue-cli-service',
            optionOf(args, '--port') ?? '8080',
            optionOf(args, '--host') ?? '0.0.0.0',
            'vue-cli-service serve',
          )
        : undefined;
    case 'ng':
      return args[0] === 'serve'
        ? made('ng', optionOf(args, '--port') ?? '4200', optionOf(args, '--host') ?? 'localhost', 'ng serve')
        : undefined;
    case 'nuxt':
      return args[0] === 'dev'
        ? made(
            'nuxt',
            optionOf(args, '--port', '-p') ?? envOr('PORT', '3000'),
            optionOf(args, '--host') ?? env('HOST') ?? 'localhost',
            'nuxt dev',
          )
        : undefined;
    case 'nest':
      return sourceListening(
        run,
        around,
        'src/main.ts',
        args.includes('--watch') || args.includes('-w') ? 'nest start --watch' : undefined,
      );
    case 'java':
      return springListening(run, around);
    case 'django-admin':
    case 'manage.py':
    case 'python': {
      const file = program === 'python' ? args[0] : 'manage.py';
      const rest = program === 'python' ? args.slice(1) : args;
      if (file === undefined) return undefined;
      if (/(^|\/)manage\.py$/.test(file) && rest[0] === 'runserver') {
        const address = rest.slice(1).find((word) => !word.startsWith('-')) ?? '127.0.0.1:8000';
        const [left, right] = address.includes(':')
          ? [address.slice(0, address.lastIndexOf(':')), address.slice(address.lastIndexOf(':') + 1)]
          : ['', address];
        const host = left === '0' ? '0.0.0.0' : left === '' ? '127.0.0.1' : left;
        return made('django', right, host, 'manage.py runserver');
      }
      if (/(^|\/)manage\.py$/.test(file)) return undefined;
      if (args[0] === '-m' && args[1] === 'http.server')
        return made('http.server', args[2] ?? '8000', optionOf(args, '--bind', '-b') ?? '0.0.0.0');
      return sourceListening(run, around, file, undefined);
    }
    case 'node':
    case 'nodejs':
    case 'tsx':
    case 'ts-node':
    case 'ts-node-dev':
    case 'nodemon': {
      const file = args.find(
        (word, index) =>
          !word.startsWith('-') && !/^(-r|--require|--import|--loader|--exec|-x|--ext|-e)$/.test(args[index - 1] ?? ''),
      );
      const watches = /^(nodemon|ts-node-dev)$/.test(program)
        ? program
        : args.includes('--watch')
          ? '--watch'
          : undefined;
      if (file === undefined) return undefined;
      // The server that Next makes of itself (output: 'standalone').
      if (
        path.posix.basename(file) === 'server.js' &&
        (around.image?.copies.some((copy) => copy.sources.some((source) => /\.next\/standalone/.test(source))) ?? false)
      )
        return made('next', envOr('PORT', '3000'), envOr('HOSTNAME', '0.0.0.0'));
      return sourceListening(run, around, file, watches);
    }
    default:
      return undefined;
  }
}

/** Shiny and plumber: what `runApp`, `shinyApp`, `pr_run` or `$run` is given, in the command or in the script. */
function listeningOfR(run: Run, around: Surroundings): Listening | undefined {
  const { args, place } = run;
  const given = args.filter((_, index) => args[index - 1] === '-e');
  const named =
    optionOf(args, '-f', '--file') ??
    (run.program === 'Rscript' ? args.find((word) => !word.startsWith('-')) : undefined);
  const found = given.length > 0 || named === undefined ? undefined : around.find(path.posix.resolve(run.cwd, named));
  const code =
    given.length > 0
      ? given.join('; ')
      : found?.source === undefined
        ? undefined
        : around.project.read(found.source)?.replace(/^\s*#.*$/gm, (line) => ' '.repeat(line.length));
  if (code === undefined) return undefined;
  const call = /\b(runApp|shinyApp|shinyAppDir|pr_run)\s*\(|\$run\s*\(/.exec(code);
  if (!call || (call[1] === undefined && !/\bplumb(er)?\b/.test(code))) return undefined;
  const isPlumber = !/^(runApp|shinyApp)/.test(call[1] ?? '');
  const start = call.index + call[0].length;
  let end = start;
  for (let depth = 1; end < code.length && depth > 0; end++) {
    if (code[end] === '(') depth++;
    if (code[end] === ')') depth--;
  }
  const inside = code.slice(start, end - 1);
  const valueOf = (name: string): string | undefined => {
    const here = new RegExp(`\\b${name}['"]?\\s*=\\s*(?:["']([^"']*)["']|(\\d+)L?\\b|(\\S))`).exec(inside);
    const option = new RegExp(`\\bshiny\\.${name}['"]?\\s*=\\s*(?:["']([^"']*)["']|(\\d+)L?\\b|(\\S))`).exec(code);
    const match = here ?? option;
    return match ? (match[1] ?? match[2] ?? 'unknown') : undefined;
  };
  // Options may also be set for all of R, in the image or by a profile.
  const isSetElsewhere =
    !/^(rocker\/|r-base(:|$)|rstudio\/(r-base|plumber))/.test(around.image?.base ?? '') ||
    (around.image?.runs.some(({ instruction }) => /shiny\.|Rprofile/.test(instruction.raw)) ?? true) ||
    around.project.files.some((file) => /Rprofile/.test(file.path)) ||
    /\bsource\(|\bdo\.call\(/.test(code);
  const host = valueOf('host') ?? (isSetElsewhere ? undefined : '127.0.0.1');
  const port = valueOf('port') ?? (isPlumber && !isSetElsewhere ? '8000' : undefined);
  const line = found?.source === undefined ? undefined : code.slice(0, call.index).split('\n').length;
  return {
    server: isPlumber ? 'plumber' : 'shiny (R)',
    port: /^\d+$/.test(port ?? '') ? Number(port) : undefined,
    host: host === 'unknown' ? undefined : host,
    place: found?.source === undefined || line === undefined ? place : { file: found.source, line },
    development: undefined,
    variable: undefined,
  };
}

/** Spring Boot's port: its own file says it, unless a variable does. */
function springListening(
  run: Run,
  around: Surroundings & { hasVariable: (name: string) => boolean },
): Listening | undefined {
  const folder = around.image?.context.folder;
  if (folder === undefined) return undefined;
  const read = (name: string) => around.project.read(path.posix.normalize(path.posix.join(folder, name)));
  const build = ['pom.xml', 'build.gradle', 'build.gradle.kts'].map(read).join('\n');
  if (!/spring-boot-starter-(web|webflux|thymeleaf|data-rest)|org\.springframework\.boot/.test(build)) return undefined;
  const given =
    run.env.SERVER_PORT ??
    around.variables.SERVER_PORT ??
    /-Dserver\.port=(\d+)|--server\.port=(\d+)/.exec(run.args.join(' '))?.[1];
  if (given === undefined && around.hasVariable('SERVER_PORT')) return undefined;
  const profiles = run.env.SPRING_PROFILES_ACTIVE ?? around.variables.SPRING_PROFILES_ACTIVE ?? '';
  const names = [
    ...profiles
      .split(',')
      .filter(Boolean)
      .map((profile) => `application-${profile.trim()}`),
    'application',
  ];
  const every = names.flatMap((name) => ['properties', 'yml', 'yaml'].map((ending) => `${name}.${ending}`));
  const files = every.map((name) => ({
    name: `src/main/resources/${name}`,
    text: read(`src/main/resources/${name}`),
  }));
  for (const { name, text } of files) {
    const match =
      text === undefined
        ? null
        : (/^server\.port\s*=\s*(.+)$/m.exec(text) ?? /^server:\s*\n(?:[ \t]+.*\n)*?[ \t]+port:\s*(.+)$/m.exec(text));
    if (!match || text === undefined) continue;
    const [, variable, fallback] = /^\$\{(\w+)(?::(\d+))?\}/.exec(match[1]?.trim() ?? '') ?? [];
    const written =
      variable === undefined
        ? match[1]?.trim()
        : (around.variables[variable] ?? (around.hasVariable(variable) ? undefined : fallback));
    const port = Number(given ?? written);
    const line =
      text.slice(0, match.index).split('\n').length + (match[0].includes('\n') ? match[0].split('\n').length - 1 : 0);
    return {
      server: 'spring',
      port: Number.isInteger(port) && port > 0 ? port : undefined,
      host: undefined,
      place: given === undefined ? { file: path.posix.normalize(path.posix.join(folder, name)), line } : run.place,
      development: undefined,
      variable,
    };
  }
  return {
    server: 'spring',
    port: Number(given ?? 8080),
    host: undefined,
    place: run.place,
    development: undefined,
    variable: undefined,
  };
}

function reloadOf(args: string[]): string | undefined {
  return args.includes('--reload') ? '--reload' : undefined;
}

/** The `bind` of gunicorn's configuration file: its value, `unknown` when it is computed, undefined without one. */
function bindOfConfig(args: string[], cwd: string, around: Surroundings): string | undefined {
  const written = optionOf(args, '-c', '--config');
  const file = written?.replace(/^(file|python):/, '') ?? 'gunicorn.conf.py';
  const found = around.find(path.posix.resolve(cwd, file));
  if (found.source === undefined)
    return written === undefined && found.state !== 'unknown'
      ? undefined
      : written === undefined
        ? undefined
        : 'unknown';
  const text = around.project.read(found.source) ?? '';
  const bind = /^\s*bind\s*=\s*(?:["']([^"']*)["']\s*$|(.*)$)/m.exec(text);
  return bind ? (bind[1] ?? 'unknown') : undefined;
}

function viteConfig(
  run: Run,
  around: Surroundings,
): { host?: string; port?: string; previewHost?: string; previewPort?: string } {
  for (const name of ['vite.config.ts', 'vite.config.js', 'vite.config.mts', 'vite.config.mjs']) {
    const found = around.find(path.posix.join(run.cwd, name));
    const text = found.source === undefined ? undefined : around.project.read(found.source);
    if (text === undefined) continue;
    const block = (key: string) => blockAfter(text, key);
    const host = (body: string | undefined) => /\bhost\s*:\s*(?:["']([^"']*)["']|(true))/.exec(body ?? '');
    const port = (body: string | undefined) => /\bport\s*:\s*(?:(\d+)|(\S+))/.exec(body ?? '');
    const [server, preview] = [block('server'), block('preview')];
    const [h, p, vh, vp] = [host(server), port(server), host(preview), port(preview)];
    return {
      ...(h ? { host: h[1] ?? 'true' } : /\bhost\s*:/.test(server ?? '') ? { host: '0.0.0.0' } : {}),
      ...(p ? { port: p[1] ?? 'unknown' } : {}),
      ...(vh ? { previewHost: vh[1] ?? 'true' } : {}),
      ...(vp ? { previewPort: vp[1] ?? 'unknown' } : {}),
    };
  }
  return {};
}

/** The text between the braces that follow `key:`. */
function blockAfter(text: string, key: string): string | undefined {
  const start = new RegExp(`\\b${key}\\s*:\\s*\\{`).exec(text);
  if (!start) return undefined;
  let depth = 1;
  let at = start.index + start[0].length;
  const from = at;
  for (; at < text.length && depth > 0; at++) {
    if (text[at] === '{') depth++;
    if (text[at] === '}') depth--;
  }
  return text.slice(from, at - 1);
}

/** The server that a source file, or a file that it imports, starts. */
function sourceListening(
  run: Run,
  around: Surroundings & { source: (file: string) => SourceFile | undefined; hasVariable: (name: string) => boolean },
  file: string,
  development: string | undefined,
): Listening | undefined {
  const spelled = /\.\w+$/.test(file) ? [file] : [file, `${file}.js`, `${file}/index.js`, `${file}.ts`];
  const direct =
    spelled
      .map((name) => around.find(path.posix.resolve(run.cwd, name)).source)
      .find((source) => source !== undefined && around.project.kindOf(source) === 'file') ??
    (around.project.kindOf(file) === 'file' && run.isModule ? file : undefined);
  const start = direct ?? sourceOfBuilt(run, around, file);
  if (start === undefined) return undefined;
  const seen = new Set<string>();
  const queue = [start];
  while (queue.length > 0 && seen.size < 60) {
    const next = queue.shift() ?? '';
    if (seen.has(next)) continue;
    seen.add(next);
    const source = around.source(next);
    if (!source) continue;
    const listen = source.listens.find((each) => next === start || !each.isMainOnly);
    if (listen) {
      const port = resolve(listen.port, run, around);
      const host = resolve(listen.host, run, around);
      return {
        server: listen.server,
        port: port === undefined || !/^\d+$/.test(port) ? undefined : Number(port),
        host: listen.host === undefined ? undefined : host,
        place: { file: next, line: listen.line },
        development: listen.development ?? development,
        variable: listen.port?.kind === 'env' ? listen.port.name : undefined,
      };
    }
    queue.push(...importsOf(source, around.project));
  }
  return undefined;
}

/** The source that `dist/index.js` was made from: beside it, or where its package.json lies in the project. */
export function sourceOfBuilt(run: Pick<Run, 'cwd'>, around: Surroundings, file: string): string | undefined {
  const match = /^(?:\.\/)?(?:dist|build|lib|out)\/(.+?)(?:\.[cm]?js)?$/.exec(file);
  if (!match?.[1]) return undefined;
  const names = [`src/${match[1]}.ts`, `${match[1]}.ts`, `src/${match[1]}.js`];
  const beside = names.map((name) => around.find(path.posix.resolve(run.cwd, name)).source).find(Boolean);
  if (beside !== undefined) return beside;
  // The final stage often holds only what was built.
  const manifest = around.find(path.posix.resolve(run.cwd, 'package.json')).source;
  const folders = [manifest === undefined ? undefined : path.posix.dirname(manifest), around.image?.context.folder];
  return folders
    .flatMap((folder) => (folder === undefined ? [] : names.map((name) => path.posix.join(folder, name))))
    .find((name) => around.project.kindOf(name) === 'file');
}

function resolve(
  value: Value | undefined,
  run: Run,
  around: Surroundings & { hasVariable: (name: string) => boolean },
): string | undefined {
  if (value?.kind !== 'env') return textOf(value);
  const given = run.env[value.name] ?? around.variables[value.name];
  if (given !== undefined) return given;
  return around.hasVariable(value.name) ? undefined : textOf(value.fallback);
}

/** The project's own files that a source file imports. */
export function importsOf(source: SourceFile, project: Project): string[] {
  return source.imports.flatMap((each) => filesOfImport(source, each, project));
}

/** The project's own files that one import stands for; none for a package from elsewhere. */
function filesOfImport(source: SourceFile, { module, names }: Import, project: Project): string[] {
  const folder = path.posix.dirname(source.path);
  const files: string[] = [];
  if (source.language === 'javascript') {
    if (!module.startsWith('.')) return files;
    const target = path.posix.normalize(path.posix.join(folder, module));
    const stem = target.replace(/\.[cm]?js$/, '');
    const found = [
      target,
      ...['.ts', '.tsx', '.js', '.jsx', '.mjs', '.cjs', '.vue'].map((end) => stem + end),
      ...['index.ts', 'index.tsx', 'index.js'].map((name) => `${target}/${name}`),
    ].find((name) => project.kindOf(name) === 'file');
    if (found !== undefined) files.push(found);
    return files;
  }
  files.push(...pythonModule(module, names, folder, project));
  return files;
}

function pythonModule(module: string, names: string[], folder: string, project: Project): string[] {
  const dots = /^\.+/.exec(module)?.[0].length ?? 0;
  const parts = module.slice(dots).split('.').filter(Boolean);
  const bases: string[] = [];
  if (dots > 0) {
    let base = folder;
    for (let i = 1; i < dots; i++) base = path.posix.dirname(base);
    bases.push(base);
  } else {
    for (let base = folder; ; base = path.posix.dirname(base)) {
      bases.push(base, path.posix.join(base, 'src'));
      if (base === '.' || base === '/') break;
    }
  }
  for (const base of bases) {
    const target = path.posix.normalize(path.posix.join(base, ...parts));
    const files = [
      `${target}.py`,
      `${target}/__init__.py`,
      ...names.flatMap((name) => [`${target}/${name}.py`, `${target}/${name}/__init__.py`]),
    ];
    const found = files.filter((name) => project.kindOf(name) === 'file');
    if (found.length > 0) return found;
  }
  return [];
}
