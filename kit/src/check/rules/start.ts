import path from 'node:path';
import { objectIn } from '../read/object-file.ts';
import type { Remark, Rule } from '../findings.ts';
import { entryFiles, moduleArgument, runningSources, runsTests, type Instance, type Model } from '../model.ts';
import { findModule, isOfInstalledProject, searchPath } from '../python.ts';
import { isKnownModule } from '../read/distributions.ts';
import { imageOf, isPlainBase, systemOf } from '../read/image.ts';
import { parseImage } from '../read/images.ts';
import { brings, PYTHON_PROGRAMS, pythonEnvironments, SYSTEM } from '../read/packages.ts';
import { isRunByHand } from '../read/scripts.ts';
import { optionOf } from '../read/shell.ts';
import type { Run, StartFault } from '../read/start.ts';
import { objectAt, textAt } from '../read/yaml.ts';
import { literal, nearest } from '../words.ts';

/** How a container that does not start looks, under compose and on a cluster. */
export function crash(instance: Instance, words: string): [string, string] {
  if (instance.where === 'kubernetes')
    return [
      `Le pod redémarre sans cesse (CrashLoopBackOff) ; « kubectl logs » montre « ${words} ».`,
      `The pod restarts again and again (CrashLoopBackOff); "kubectl logs" shows "${words}".`,
    ];
  if (instance.where === 'compose')
    return [
      `Le conteneur s’arrête aussitôt ; « docker compose logs » montre « ${words} ».`,
      `The container stops at once; "docker compose logs" shows "${words}".`,
    ];
  return [
    `Le conteneur s’arrête aussitôt ; ses journaux montrent « ${words} ».`,
    `The container stops at once; its logs show "${words}".`,
  ];
}

/** What it looks like when the program of a container ends without an error. */
function quietEnd(instance: Instance): [string, string] {
  return instance.where === 'kubernetes'
    ? [
        'Le pod passe à Completed, puis CrashLoopBackOff, sans erreur dans ses journaux.',
        'The pod goes to Completed, then CrashLoopBackOff, without an error in its logs.',
      ]
    : [
        'Le conteneur s’arrête aussitôt : « exited with code 0 ».',
        'The container stops at once: "exited with code 0".',
      ];
}

export const startFile: Rule = {
  id: 'start-file',
  title: { fr: 'La commande de démarrage ne trouve pas son fichier', en: 'The start command does not find its file' },
  why: {
    fr: 'CMD et ENTRYPOINT cherchent leurs fichiers dans l’image, à partir de WORKDIR : c’est ce que les COPY y ont mis, et rien d’autre.',
    en: 'CMD and ENTRYPOINT look for their files in the image, from WORKDIR: what the COPY lines put there, and nothing else.',
  },
  *check(model) {
    for (const instance of model.instances) {
      for (const fault of instance.start.faults) {
        const remark = faultRemark(model, instance, fault);
        if (remark) yield { ...remark, unlessBroken: `image ${instance.image?.dockerfile.path ?? ''}` };
      }
      for (const run of instance.start.runs) {
        const remark =
          unsetArgument(instance, run) ??
          moduleRemark(instance, run) ??
          servedRemark(instance, run) ??
          sourceRemark(instance, run);
        if (remark) yield { ...remark, unlessBroken: `image ${instance.image?.dockerfile.path ?? ''}` };
      }
    }
  },
};

function faultRemark(model: Model, instance: Instance, fault: StartFault): Remark | undefined {
  const { project } = model;
  const about = `start ${fault.place.file}:${fault.place.line}`;
  switch (fault.kind) {
    case 'file': {
      const name = path.posix.basename(fault.path);
      const words = /^python/.test(fault.program)
        ? `python: can't open file '${fault.path}': [Errno 2] No such file or directory`
        : /^(node|nodemon|tsx|ts-node)/.test(fault.program)
          ? `Error: Cannot find module '${fault.path}'`
          : fault.program === 'java'
            ? `Error: Unable to access jarfile ${name}`
            : `exec: "${fault.path}": stat ${fault.path}: no such file or directory`;
      const [fr, en] = crash(instance, words);
      const candidates = project.files.map((file) => file.path).filter((file) => path.posix.basename(file) === name);
      const hint = whereIs(instance, name, candidates);
      return {
        severity: 'error',
        place: fault.place,
        about,
        fr: [
          `Le démarrage cherche « ${fault.path} », qui n’est pas dans l’image${fault.found.because === 'dockerignore' ? ' (.dockerignore l’écarte)' : ''}.`,
          fr,
          hint.fr,
        ],
        en: [
          `The start looks for "${fault.path}", which is not in the image${fault.found.because === 'dockerignore' ? ' (.dockerignore leaves it out)' : ''}.`,
          en,
          hint.en,
        ],
      };
    }
    case 'script':
      return scriptRemark(model, instance, fault);
    case 'package-json': {
      const [fr, en] = crash(
        instance,
        `npm error enoent Could not read package.json: … open '${fault.folder}/package.json'`,
      );
      return {
        severity: 'error',
        place: fault.place,
        about,
        fr: [
          `« npm » cherche package.json dans ${fault.folder}, et il n’y est pas.`,
          fr,
          'Copiez package.json dans le dossier de WORKDIR (COPY package*.json ./), ou corrigez WORKDIR.',
        ],
        en: [
          `"npm" looks for package.json in ${fault.folder}, and it is not there.`,
          en,
          'Copy package.json into the folder of WORKDIR (COPY package*.json ./), or mend WORKDIR.',
        ],
      };
    }
    case 'npm-script': {
      const [fr, en] = crash(instance, `npm error Missing script: "${fault.script}"`);
      const near =
        nearest(fault.script, fault.known, 3) ??
        ['start', 'preview', 'serve', 'dev'].find((name) => fault.known.includes(name));
      return {
        severity: 'error',
        place: fault.place,
        about,
        fr: [
          `${fault.file} n’a pas de script « ${fault.script} » (il a : ${fault.known.join(', ') || 'aucun'}).`,
          fr,
          near === undefined
            ? `Ajoutez-le à ${fault.file}, sous "scripts".`
            : `Lancez un script qui existe : npm run ${near}`,
        ],
        en: [
          `${fault.file} has no script "${fault.script}" (it has: ${fault.known.join(', ') || 'none'}).`,
          en,
          near === undefined
            ? `Add it to ${fault.file}, under "scripts".`
            : `Run a script that exists: npm run ${near}`,
        ],
      };
    }
    case 'variable': {
      // compose replaces variables before anything is started, save those with two dollars.
      if (instance.where === 'compose' && fault.place.file !== instance.image?.dockerfile.path) {
        const [, name = ''] = /\$\{?(\w+)/.exec(fault.word) ?? [];
        if (!new RegExp(`\\$\\$\\{?${name}`).test(instance.around.project.read(fault.place.file) ?? ''))
          return undefined;
      }
      const said = instance.start.runs.some((run) => run.program === 'gunicorn')
        ? `Error: '${/\$\{?\w+\}?/.exec(fault.word)?.[0] ?? ''}' is not a valid port number`
        : `Error: Invalid value …: '${fault.word}' is not a valid integer`;
      const [fr, en] = crash(instance, said);
      const all = (instance.start.words ?? []).join(' ');
      return {
        severity: 'error',
        place: fault.place,
        about,
        fr: [
          `« ${fault.word} » reste tel quel : sans shell, personne ne remplace la variable par sa valeur.`,
          fr,
          `Écrivez la commande sans crochets (elle passe alors par un shell) : CMD ${all}\nou : CMD ["sh", "-c", "${all}"]`,
        ],
        en: [
          `"${fault.word}" stays as it is: without a shell, nobody replaces the variable by its value.`,
          en,
          `Write the command without brackets (it then goes through a shell): CMD ${all}\nor: CMD ["sh", "-c", "${all}"]`,
        ],
      };
    }
  }
}

/** Where in the image, or in the project, a file that the start misses is. */
function whereIs(instance: Instance, name: string, candidates: string[]): { fr: string; en: string } {
  const folder = instance.image?.context.folder ?? '.';
  for (const file of candidates) {
    const inside = folder === '.' ? file : file.startsWith(`${folder}/`) ? file.slice(folder.length + 1) : undefined;
    if (inside === undefined) continue;
    for (const base of [
      instance.around.workdir,
      '/',
      ...(instance.image?.copies.map((copy) => copy.destination) ?? []),
    ]) {
      const target = path.posix.resolve(base, inside);
      if (instance.around.find(target).source === file) {
        const shown = path.posix.relative(instance.around.workdir, target);
        return {
          fr: `Dans l’image, il est à ${target} : écrivez « ${shown.startsWith('..') ? target : shown} », ou changez WORKDIR.`,
          en: `In the image it is at ${target}: write "${shown.startsWith('..') ? target : shown}", or change WORKDIR.`,
        };
      }
    }
    return {
      fr: `Copiez-le dans l’image : COPY ${inside} ${instance.around.workdir}/`,
      en: `Copy it into the image: COPY ${inside} ${instance.around.workdir}/`,
    };
  }
  if (instance.image?.copies.some((copy) => copy.sources.some((source) => /(^|\/)\.output\/?$/.test(source)))) {
    const line = 'CMD ["node", ".output/server/index.mjs"]';
    return {
      fr: `Écrivez (c’est le serveur que Nuxt construit) : ${line}`,
      en: `Write (it is the server that Nuxt builds): ${line}`,
    };
  }
  return {
    fr: `Corrigez le nom du fichier, ou ajoutez « ${name} » au projet.`,
    en: `Mend the file’s name, or add "${name}" to the project.`,
  };
}

/** `--port $PORT`, where nothing gives PORT: the shell leaves nothing in its place. */
function unsetArgument(instance: Instance, run: Run): Remark | undefined {
  if (!run.viaShell || instance.where === 'image' || instance.envIsOpen || !instance.image) return undefined;
  const index = run.args.findIndex((word) => /^(--port|-p|--server\.port)$/.test(word));
  const word = index < 0 ? run.args.find((each) => /^(--port|--server\.port)=\$/.test(each)) : run.args[index + 1];
  const name = /^(?:--[\w.]+=)?\$\{?(\w+)\}?$/.exec(word ?? '')?.[1];
  if (name === undefined || instance.around.hasVariable(name) || name in run.env || instance.image.env.has(name))
    return undefined;
  const [fr, en] = crash(instance, "Error: Option '--port' requires an argument.");
  return {
    severity: 'error',
    place: run.place,
    about: `start ${run.place.file}:${run.place.line}`,
    fr: [
      `La commande prend le port dans ${name}, que rien ne donne à « ${instance.name} ».`,
      fr,
      `Donnez ${name} au conteneur, ou une valeur par défaut : \${${name}:-8000}`,
    ],
    en: [
      `The command takes the port from ${name}, which nothing gives to "${instance.name}".`,
      en,
      `Give ${name} to the container, or a default: \${${name}:-8000}`,
    ],
  };
}

/** A folder or file that a server serves or reads, and that the image does not hold. */
function servedRemark(instance: Instance, run: Run): Remark | undefined {
  const { around } = instance;
  const wanted = servedBy(instance, run);
  // What is mounted there, or built before, is not of the image.
  if (
    !wanted ||
    instance.start.runs.indexOf(run) > 0 ||
    instance.mounts.some(
      (mount) => `${run.cwd}/`.startsWith(`${mount.target}/`) || mount.target.startsWith(`${run.cwd}/`),
    )
  )
    return undefined;
  if (wanted.files.some((file) => around.find(path.posix.resolve(run.cwd, file)).state !== 'no')) return undefined;
  const target = path.posix.resolve(run.cwd, wanted.shown);
  const [fr, en] = crash(instance, wanted.words);
  return {
    severity: 'error',
    place: run.place,
    about: `start ${run.place.file}:${run.place.line}`,
    fr: [
      `« ${wanted.command} » cherche « ${target} », que l’image n’a pas.`,
      wanted.isQuiet ? wanted.words : fr,
      wanted.fr,
    ],
    en: [
      `"${wanted.command}" looks for "${target}", which the image does not have.`,
      wanted.isQuiet ? (wanted.wordsEn ?? wanted.words) : en,
      wanted.en,
    ],
  };
}

interface Served {
  command: string;
  files: string[];
  shown: string;
  words: string;
  wordsEn?: string;
  /** It runs on, and answers nothing. */
  isQuiet?: boolean;
  fr: string;
  en: string;
}

function servedBy(instance: Instance, run: Run): Served | undefined {
  const { around } = instance;
  const { args, program } = run;
  const build = { fr: 'Ajoutez au Dockerfile : RUN npm run build', en: 'Add to the Dockerfile: RUN npm run build' };
  if (program === 'next' && args[0] === 'start') {
    const config = ['next.config.js', 'next.config.mjs', 'next.config.ts']
      .map((name) => around.find(path.posix.resolve(run.cwd, name)).source)
      .find(Boolean);
    if (config !== undefined && /distDir/.test(around.project.read(config) ?? '')) return undefined;
    return {
      command: 'next start',
      files: ['.next', '.next/BUILD_ID'],
      shown: '.next',
      words: "Error: Could not find a production build in the '.next' directory.",
      fr: `${build.fr} (ou, avec plusieurs étapes : COPY --from=… /app/.next ./.next)`,
      en: `${build.en} (or, with several stages: COPY --from=… /app/.next ./.next)`,
    };
  }
  if (program === 'serve' || program === 'http-server') {
    const folder = args.find(
      (word, index) =>
        !word.startsWith('-') && !/^(-l|--listen|-p|--port|-c|--config|-a|-P|--proxy)$/.test(args[index - 1] ?? ''),
    );
    if (folder === undefined || !/^[\w./-]+$/.test(folder) || folder === '.') return undefined;
    return {
      command: `${program} ${folder}`,
      files: [folder, `${folder}/index.html`],
      shown: folder,
      isQuiet: true,
      words: 'Le conteneur tourne, mais chaque page répond « 404 The requested path could not be found ».',
      wordsEn: 'The container runs, but each page answers "404 The requested path could not be found".',
      fr: `Nommez le dossier que la construction remplit (react-scripts : build ; Vite : dist).`,
      en: `Name the folder that the build fills (react-scripts: build; Vite: dist).`,
    };
  }
  if (program === 'vite' && args[0] === 'preview' && !args.some((word) => /^--(outDir|config)|^-c$/.test(word))) {
    const config = ['vite.config.ts', 'vite.config.js', 'vite.config.mts', 'vite.config.mjs']
      .map((name) => around.find(path.posix.resolve(run.cwd, name)).source)
      .find(Boolean);
    if (config !== undefined && /outDir|\broot\b|sveltekit/.test(around.project.read(config) ?? '')) return undefined;
    return {
      command: 'vite preview',
      files: ['dist', 'dist/index.html'],
      shown: 'dist',
      words: 'The directory "dist" does not exist. Did you build your project?',
      ...build,
    };
  }
  if (program === 'prisma' && /^(migrate|db|generate)$/.test(args[0] ?? '')) {
    const given = optionOf(args, '--schema');
    const isConfigured = ['prisma.config.ts', 'prisma.config.js', 'package.json'].some((name) => {
      const { source } = around.find(path.posix.resolve(run.cwd, name));
      return (
        source !== undefined && (name !== 'package.json' || /"prisma"\s*:\s*\{/.test(around.project.read(source) ?? ''))
      );
    });
    if (given === undefined && isConfigured) return undefined;
    const file = given ?? 'prisma/schema.prisma';
    return {
      command: `prisma ${args.slice(0, 2).join(' ')}`,
      files: given === undefined ? [file, 'schema.prisma', 'prisma/schema'] : [file],
      shown: file,
      words: 'Error: Could not find Prisma Schema that is required for this command.',
      fr: 'Copiez le dossier prisma dans l’image finale : COPY prisma ./prisma',
      en: 'Copy the folder prisma into the final image: COPY prisma ./prisma',
    };
  }
  return undefined;
}

/** TypeScript given to a Node that reads JavaScript only. */
function sourceRemark(instance: Instance, run: Run): Remark | undefined {
  const [file] = run.args;
  const major = Number(/(?:^|\/)node:(\d+)/.exec(instance.image?.base ?? '')?.[1] ?? '99');
  if (!/^(node|nodejs)$/.test(run.program) || file === undefined || !/\.[cm]?tsx?$/.test(file) || major > 20)
    return undefined;
  const options = `${run.env.NODE_OPTIONS ?? ''} ${instance.around.variables.NODE_OPTIONS ?? ''}`;
  if (
    instance.around.find(path.posix.resolve(run.cwd, file)).state !== 'yes' ||
    /--(import|loader|require|experimental)/.test(options)
  )
    return undefined;
  const [fr, en] = crash(
    instance,
    `TypeError [ERR_UNKNOWN_FILE_EXTENSION]: Unknown file extension "${path.posix.extname(file)}" for ${path.posix.resolve(run.cwd, file)}`,
  );
  return {
    severity: 'error',
    place: run.place,
    about: `start ${run.place.file}:${run.place.line}`,
    fr: [
      `« node ${file} » lance du TypeScript, que Node ${major} ne lit pas.`,
      fr,
      'Compilez-le (RUN npx tsc) et lancez le fichier .js de dist/, ou lancez-le par tsx : npx tsx …',
    ],
    en: [
      `"node ${file}" runs TypeScript, which Node ${major} does not read.`,
      en,
      'Compile it (RUN npx tsc) and run the .js file of dist/, or run it through tsx: npx tsx …',
    ],
  };
}

/** Run bit, first line, line ends and shell of a script that is run by its own name. */
function scriptRemark(
  model: Model,
  instance: Instance,
  fault: Extract<StartFault, { kind: 'script' }>,
): Remark | undefined {
  const { project } = model;
  const text = project.read(fault.source) ?? '';
  const name = path.posix.basename(fault.path);
  const image = instance.image;
  // What the entry point of somebody else's image is given is no program: `CMD ["/plumber.R"]`.
  if (image && !image.entrypoint && !isPlainBase(image.base) && !/(\.(sh|bash|py)|\/[\w-]+)$/.test(fault.path))
    return undefined;
  const isMounted = instance.mounts.some((mount) => fault.path.startsWith(mount.target));
  const runs = isMounted ? [] : (image?.runs ?? []);
  const madeRunnable =
    runs.some(
      (run) =>
        /chmod/.test(run.instruction.raw) &&
        /chmod\s+(-R\s+)?([0-7]*[1357][0-7]*|[ugoa]*[+=][rwx]*x)/.test(run.instruction.raw),
    ) ||
    (image?.copies.some(
      (copy) =>
        copy.chmod !== undefined &&
        /[1357]|x/.test(copy.chmod) &&
        fault.path.startsWith(copy.destination.replace(/\/$/, '')),
    ) ??
      false);
  const converted = runs.some((run) => /dos2unix|sed\s.*\\r/.test(run.instruction.raw));
  const about = `script ${fault.source}`;
  if (!project.isExecutable(fault.source) && !madeRunnable) {
    // What is mounted is the project's own file: the image cannot mend it.
    const isMounted = instance.mounts.some(
      (mount) => mount.source !== undefined && fault.path.startsWith(`${mount.target.replace(/\/$/, '')}/`),
    );
    const once = `git update-index --chmod=+x ${fault.source}`;
    const [fr, en] = crash(instance, `exec: "${fault.path}": permission denied`);
    return {
      // Where no file at all has the bit, a copy may have lost it.
      severity: project.keepsRunBits || project.kindOf('.git') !== undefined ? 'error' : 'advice',
      place: fault.place,
      about,
      fr: [
        `« ${name} » n’a pas le droit d’être exécuté (${fault.source} n’a pas le bit x).`,
        fr,
        isMounted
          ? `Donnez-le-lui dans le dépôt : ${once} (et chmod +x ${fault.source})`
          : `Dans le Dockerfile, après le COPY : RUN chmod +x ${fault.path}\nou, une fois pour toutes : ${once}`,
      ],
      en: [
        `"${name}" may not be run (${fault.source} lacks the x bit).`,
        en,
        isMounted
          ? `Give it the bit in the repository: ${once} (and chmod +x ${fault.source})`
          : `In the Dockerfile, after the COPY: RUN chmod +x ${fault.path}\nor, once and for all: ${once}`,
      ],
    };
  }
  const [first = ''] = text.split('\n');
  if (first.endsWith('\r') && first.startsWith('#!') && !converted) {
    const [fr, en] = crash(instance, `exec ${fault.path}: no such file or directory`);
    return {
      severity: 'error',
      place: { file: fault.source, line: 1 },
      about,
      fr: [
        `« ${name} » a des fins de ligne Windows (CRLF) : Linux cherche un programme nommé « ${first.slice(2).trim()}\\r ».`,
        fr,
        `Convertissez-le : sed -i 's/\\r$//' ${fault.source}, et ajoutez dans .gitattributes : *.sh text eol=lf`,
      ],
      en: [
        `"${name}" has Windows line ends (CRLF): Linux looks for a program called "${first.slice(2).trim()}\\r".`,
        en,
        `Convert it: sed -i 's/\\r$//' ${fault.source}, and add to .gitattributes: *.sh text eol=lf`,
      ],
    };
  }
  if (!first.startsWith('#!') && !fault.viaShell) {
    const [fr, en] = crash(instance, `exec ${fault.path}: exec format error`);
    return {
      severity: 'error',
      place: { file: fault.source, line: 1 },
      about,
      fr: [
        `« ${name} » ne commence pas par « #! » : Linux ne sait pas quel programme doit le lire.`,
        fr,
        `Ajoutez tout en haut de ${fault.source} : #!/bin/sh`,
      ],
      en: [
        `"${name}" does not start with "#!": Linux cannot tell which program is to read it.`,
        en,
        `Add at the very top of ${fault.source}: #!/bin/sh`,
      ],
    };
  }
  const installsBash = runs.some((run) => /\bbash\b/.test(run.instruction.raw));
  if (
    /^#!.*\bbash\b/.test(first) &&
    image &&
    /alpine|^busybox/.test(image.base) &&
    isPlainBase(image.base) &&
    !/^(nginx|postgres|httpd)/.test(parseImage(image.base).repository) &&
    !installsBash
  ) {
    const [fr, en] = crash(instance, `exec ${fault.path}: no such file or directory`);
    return {
      severity: 'error',
      place: { file: fault.source, line: 1 },
      about,
      fr: [
        `« ${name} » demande bash, que l’image ${image.base} n’a pas.`,
        fr,
        `Écrivez en première ligne : #!/bin/sh (ou, dans le Dockerfile : RUN apk add --no-cache bash)`,
      ],
      en: [
        `"${name}" asks for bash, which the image ${image.base} does not have.`,
        en,
        'Write as the first line: #!/bin/sh (or, in the Dockerfile: RUN apk add --no-cache bash)',
      ],
    };
  }
  return undefined;
}

/** The module that an application server is asked to load. */
function moduleRemark(instance: Instance, run: Run): Remark | undefined {
  if (!/^(uvicorn|gunicorn|hypercorn|daphne)$/.test(run.program)) {
    const [verb = ''] = run.args;
    if (run.program === 'streamlit' && /\.py$/.test(verb)) {
      const [fr, en] = crash(instance, `Error: No such command '${verb}'.`);
      const right = `streamlit run ${run.args.join(' ')}`;
      return {
        severity: 'error',
        place: run.place,
        about: `start ${run.place.file}:${run.place.line}`,
        fr: [
          `Il manque « run » : « streamlit ${verb} » n’est pas une commande de Streamlit.`,
          fr,
          `Écrivez : ${right}`,
        ],
        en: [`"run" is missing: "streamlit ${verb}" is no command of Streamlit.`, en, `Write: ${right}`],
      };
    }
    if (run.program === 'streamlit' || run.program === 'fastapi') {
      const file = run.args.slice(1).find((word) => word.endsWith('.py'));
      if (file === undefined || /[$*]/.test(file) || /^https?:/.test(file)) return undefined;
      const target = path.posix.resolve(run.cwd, file);
      if (instance.around.find(target).state !== 'no') return undefined;
      const [fr, en] = crash(
        instance,
        run.program === 'streamlit'
          ? `Error: Invalid value: File does not exist: ${file}`
          : `Path does not exist ${file}`,
      );
      const hint = whereIs(
        instance,
        path.posix.basename(file),
        instance.around.project.files
          .map((each) => each.path)
          .filter((each) => path.posix.basename(each) === path.posix.basename(file)),
      );
      return {
        severity: 'error',
        place: run.place,
        about: `start ${run.place.file}:${run.place.line}`,
        fr: [`${run.program} cherche « ${target} », qui n’est pas dans l’image.`, fr, hint.fr],
        en: [`${run.program} looks for "${target}", which is not in the image.`, en, hint.en],
      };
    }
    return undefined;
  }
  const wanted = moduleArgument(run.args);
  if (!wanted || /[$*]/.test(wanted.word)) return undefined;
  const folders = searchPath(run, instance);
  // hypercorn also takes a path.
  const module = wanted.module.replace(/\.py$/, '').replace(/^.*\//, '');
  if (!folders) return undefined;
  const about = `start ${run.place.file}:${run.place.line}`;
  const { state, chain, missing } = findModule(instance, folders, module);
  const found = chain.at(-1)?.found;
  const source = state === 'yes' && found && 'source' in found ? found.source : undefined;
  const isUnwritten = state === 'unknown' && isUnwrittenModule(instance, module);
  // The program's own name comes from an entry point that is said twice.
  if (
    state === 'no' ||
    isUnwritten ||
    module === run.program ||
    (state === 'unknown' && isNowhere(instance, folders, module))
  ) {
    const last = wanted.module.split('.').at(-1) ?? '';
    const words =
      run.program === 'uvicorn'
        ? `Error loading ASGI app. Could not import module "${wanted.module}".`
        : `ModuleNotFoundError: No module named '${missing}'`;
    const [fr, en] = crash(instance, words);
    const right = modulePath(instance, run, last);
    const inCase = instance.around.project.files
      .map((each) => each.path)
      .find(
        (each) =>
          path.posix.basename(each).toLowerCase() === `${last}.py`.toLowerCase() &&
          path.posix.basename(each) !== `${last}.py`,
      );
    return {
      severity: 'error',
      place: run.place,
      about,
      fr: [
        `${run.program} cherche le module « ${wanted.module} » dans ${run.cwd}, et il n’y est pas${inCase === undefined ? '' : ` (le fichier s’appelle ${inCase}, et les majuscules comptent)`}.`,
        fr,
        right === undefined
          ? `Corrigez le module (le chemin du fichier depuis WORKDIR, avec des points), ou WORKDIR, ou le COPY qui apporte le code.`
          : `Écrivez : ${run.program} ${right}${attributeOf(run, wanted.attribute)}`,
      ],
      en: [
        `${run.program} looks for the module "${wanted.module}" in ${run.cwd}, and it is not there${inCase === undefined ? '' : ` (the file is called ${inCase}, and the case of letters counts)`}.`,
        en,
        right === undefined
          ? 'Mend the module (the path of the file from WORKDIR, with dots), or WORKDIR, or the COPY that brings the code.'
          : `Write: ${run.program} ${right}${attributeOf(run, wanted.attribute)}`,
      ],
    };
  }
  if (source === undefined) return undefined;
  const file = instance.around.source(source);
  const attribute = wanted.attribute.replace(/\(.*$/, '').split('.')[0] ?? '';
  const factoryRemark = file ? uncalledFactory(instance, run, wanted, source) : undefined;
  if (factoryRemark) return factoryRemark;
  if (!file || attribute === '' || file.starred || file.names.has(attribute) || file.names.size === 0) return undefined;
  const text = instance.around.project.read(source) ?? '';
  // A name of another function is none of the module.
  const outer = text.replace(/^(async )?def .*\n(?:(?:[ \t].*)?\n)*/gm, (body) =>
    /^\s+global\s/m.test(body) ? body : '',
  );
  if (new RegExp(`^\\s*(global\\s+)?${attribute}\\b\\s*[:=]|\\b${attribute}\\s*=|__getattr__`, 'm').test(outer))
    return undefined;
  const apps = [...file.names]
    .filter(([, maker]) =>
      /^(fastapi\.)?FastAPI$|^(flask\.)?Flask$|^Starlette$|create_app|get_(wsgi|asgi)_application|^Dash$/.test(
        maker ?? '',
      ),
    )
    .map(([name]) => name);
  const words =
    run.program === 'uvicorn'
      ? `Error loading ASGI app. Attribute "${attribute}" not found in module "${wanted.module}".`
      : `Failed to find attribute '${attribute}' in '${wanted.module}'.`;
  const [fr, en] = crash(instance, words);
  const factory = /\bdef (create_app|make_app|build_app)\b/.exec(text)?.[1];
  // Built from another folder, the same Dockerfile would have brought the right file.
  const { build } = instance.image ?? {};
  const folder = path.posix.dirname(build?.dockerfile ?? '.');
  const meant = path.posix.join(folder, path.posix.basename(source));
  if (build && build.context !== folder && meant !== source && instance.around.source(meant)?.names.has(attribute)) {
    return {
      severity: 'error',
      place: build.place,
      about,
      fr: [
        `Le contexte de construction est « ${build.context === '.' ? 'la racine' : build.context} » : l’image reçoit ${source}, qui ne définit pas « ${attribute} », et non ${meant}.`,
        fr,
        `Écrivez : context: ./${folder}${build.by === 'compose' ? ' (et dockerfile: Dockerfile)' : ''}`,
      ],
      en: [
        `The build context is "${build.context === '.' ? 'the root' : build.context}": the image receives ${source}, which does not define "${attribute}", and not ${meant}.`,
        en,
        `Write: context: ./${folder}${build.by === 'compose' ? ' (and dockerfile: Dockerfile)' : ''}`,
      ],
    };
  }
  return {
    severity: 'error',
    place: run.place,
    about,
    fr: [
      `${source} ne définit pas « ${attribute} », que ${run.program} doit charger${apps[0] === undefined ? '' : ` (l’application s’y appelle « ${apps[0]} »)`}.`,
      fr,
      apps[0] !== undefined
        ? `Écrivez : ${run.program} ${wanted.module}:${apps[0]}`
        : factory !== undefined
          ? `Écrivez : ${run.program === 'gunicorn' ? `gunicorn "${wanted.module}:${factory}()"` : `uvicorn --factory ${wanted.module}:${factory}`}`
          : `Définissez « ${attribute} » dans ce fichier, ou nommez celui où elle est.`,
    ],
    en: [
      `${source} does not define "${attribute}", which ${run.program} is to load${apps[0] === undefined ? '' : ` (the application is called "${apps[0]}" there)`}.`,
      en,
      apps[0] !== undefined
        ? `Write: ${run.program} ${wanted.module}:${apps[0]}`
        : factory !== undefined
          ? `Write: ${run.program === 'gunicorn' ? `gunicorn "${wanted.module}:${factory}()"` : `uvicorn --factory ${wanted.module}:${factory}`}`
          : `Define "${attribute}" in this file, or name the one where it is.`,
    ],
  };
}

/** gunicorn takes a factory for the application itself, unless it is called. */
function uncalledFactory(
  instance: Instance,
  run: Run,
  wanted: { module: string; attribute: string; word: string },
  source: string,
): Remark | undefined {
  const { attribute } = wanted;
  if (run.program !== 'gunicorn' || !/^(create|make|build|get)_\w*app\w*$/.test(attribute)) return undefined;
  const text = instance.around.project.read(source) ?? '';
  // Without arguments, or with those of a factory: (environ, start_response) would be an application.
  if (
    !new RegExp(`^def ${attribute}\\(`, 'm').test(text) ||
    new RegExp(`^def ${attribute}\\(\\s*environ`, 'm').test(text)
  )
    return undefined;
  const words = `TypeError: ${attribute}() takes 0 positional arguments but 2 were given`;
  return {
    severity: 'error',
    place: run.place,
    about: `start ${run.place.file}:${run.place.line}`,
    fr: [
      `« ${wanted.word} » est la fonction qui fait l’application, pas l’application : gunicorn l’appelle à chaque requête.`,
      `Chaque page répond « Internal Server Error » ; les journaux montrent « ${words} ».`,
      `Écrivez : "${wanted.module}:${attribute}()"`,
    ],
    en: [
      `"${wanted.word}" is the function that makes the application, not the application: gunicorn calls it at each request.`,
      `Each page answers "Internal Server Error"; the logs show "${words}".`,
      `Write: "${wanted.module}:${attribute}()"`,
    ],
  };
}

/** What follows the module in a command: gunicorn takes `application` of itself, and others want a name. */
function attributeOf(run: Run, attribute: string): string {
  if (attribute !== '') return `:${attribute}`;
  return run.program === 'gunicorn' ? '' : ':app';
}

/** Whether a module is said to be of the project that was installed, which has its package and no such file. */
function isUnwrittenModule(instance: Instance, module: string): boolean {
  const parts = module.split('.');
  const [top = ''] = parts;
  const { project } = instance.around;
  if (parts.length < 2 || !isOfInstalledProject(instance, top) || isKnownModule(top)) return false;
  const wanted = parts.join('/');
  const has = (ending: string) => project.files.some(({ path: file }) => `/${file}`.endsWith(ending));
  return (
    has(`/${top}/__init__.py`) &&
    !has(`/${wanted}.py`) &&
    !has(`/${wanted}/__init__.py`) &&
    !project.files.some(
      ({ path: file }) => `/${file}`.includes(`/${wanted}/`) || new RegExp(`/${wanted}\\.\\w+$`).test(`/${file}`),
    )
  );
}

/**
 * Whether a module is in none of the folders that are looked in, though it is not known what is installed: an application
 * is not one of the packages of others, unless something was installed that is not known at all.
 */
function isNowhere(instance: Instance, folders: string[], module: string): boolean {
  const top = module.split('.')[0] ?? '';
  const { project, image, find } = instance.around;
  if (!image || isKnownModule(top) || isOfInstalledProject(instance, top)) return false;
  if (pythonEnvironments(project, image).list.some(({ packages }) => packages === undefined)) return false;
  return folders.every((folder) =>
    [`${top}.py`, `${top}/__init__.py`, top].every((name) => find(path.posix.join(folder, name)).state === 'no'),
  );
}

/** The dotted path by which a module of that name can be loaded from the working folder. */
function modulePath(instance: Instance, run: Run, name: string): string | undefined {
  const { project } = instance.around;
  const folder = instance.image?.context.folder ?? '.';
  for (const { path: file } of project.files) {
    if (path.posix.basename(file) !== `${name}.py` || !(folder === '.' || file.startsWith(`${folder}/`))) continue;
    const inside = folder === '.' ? file : file.slice(folder.length + 1);
    const parts = inside.split('/');
    for (let i = 0; i < parts.length; i++) {
      const candidate = parts.slice(i).join('/');
      if (instance.around.find(path.posix.resolve(run.cwd, candidate)).source === file)
        return candidate.replace(/\.py$/, '').replace(/\//g, '.');
    }
  }
  return undefined;
}

export const startCommand: Rule = {
  id: 'start-command',
  title: {
    fr: 'Rien ne dit au conteneur quoi lancer, ou ce qu’il lance s’arrête aussitôt',
    en: 'Nothing tells the container what to run, or what it runs ends at once',
  },
  why: {
    fr: 'Un conteneur vit aussi longtemps que son premier programme. S’il n’y en a pas, ou s’il se termine, Kubernetes le relance sans fin.',
    en: 'A container lives as long as its first program. If there is none, or if it ends, Kubernetes starts it again without end.',
  },
  *check(model) {
    for (const instance of model.instances) {
      const { image } = instance;
      if (
        !image ||
        instance.workload?.resource.kind === 'Job' ||
        instance.workload?.resource.kind === 'CronJob' ||
        instance.container?.isInit
      )
        continue;
      const remark = noCommand(instance) ?? swallowed(instance) ?? randomPort(instance) ?? endsAtOnce(model, instance);
      if (remark) yield remark;
    }
  },
};

function noCommand(instance: Instance): Remark | undefined {
  const { image, start, service } = instance;
  if (!image || start.words !== undefined || runsTests(instance)) return undefined;
  if (service && isRunByHand(instance.around.project, service.name)) return undefined;
  const base = parseImage(image.base);
  if (
    !/^(python|node|alpine|debian|ubuntu|golang|rust|ruby|openjdk|eclipse-temurin|amazoncorretto|bun)$|^astral(-sh)?\/uv$|^ghcr\.io\/astral-sh\/uv$/.test(
      base.repository,
    )
  )
    return undefined;
  if (
    instance.where === 'image' &&
    image.build.by !== 'workflow' &&
    (image.build.target !== undefined || /devcontainer|\.dev$|base/i.test(image.dockerfile.path))
  )
    return undefined;
  if (instance.where === 'image' && image.exposed.length === 0) return undefined;
  if (service && (textAt(service.object, 'tty') === 'true' || textAt(service.object, 'stdin_open') === 'true'))
    return undefined;
  const place = { file: image.dockerfile.path, line: image.stage.instructions.at(-1)?.line ?? image.stage.line };
  const isPython = /python|uv/.test(base.repository);
  const [fr, en] =
    instance.where === 'kubernetes'
      ? [
          'Le pod passe à Completed puis CrashLoopBackOff, et ses journaux sont vides.',
          'The pod goes to Completed, then CrashLoopBackOff, and its logs are empty.',
        ]
      : [
          'Le conteneur s’arrête aussitôt (« exited with code 0 »), sans un mot.',
          'The container stops at once ("exited with code 0"), without a word.',
        ];
  return {
    severity: 'error',
    place,
    about: `command ${image.dockerfile.path}`,
    fr: [
      `${image.dockerfile.path} n’a ni CMD ni ENTRYPOINT : l’image ${image.base} lance alors ${isPython ? 'un interpréteur Python vide' : 'un shell ou un interpréteur vide'}.`,
      fr,
      `Ajoutez en dernière ligne : ${isPython ? 'CMD ["uvicorn", "main:app", "--host", "0.0.0.0", "--port", "8000"]' : base.repository === 'node' ? 'CMD ["npm", "start"]' : 'CMD ["…"]'}`,
    ],
    en: [
      `${image.dockerfile.path} has neither CMD nor ENTRYPOINT: the image ${image.base} then runs ${isPython ? 'an empty Python interpreter' : 'an empty shell or interpreter'}.`,
      en,
      `Add as the last line: ${isPython ? 'CMD ["uvicorn", "main:app", "--host", "0.0.0.0", "--port", "8000"]' : base.repository === 'node' ? 'CMD ["npm", "start"]' : 'CMD ["…"]'}`,
    ],
  };
}

/** A server that is told its port by a variable alone, which nothing gives. */
function randomPort(instance: Instance): Remark | undefined {
  const { around, image } = instance;
  if (instance.where === 'image' || instance.envIsOpen || !image) return undefined;
  for (const listen of instance.listens) {
    const { variable, place } = listen;
    if (listen.server !== 'node' || listen.port !== undefined || variable === undefined || around.hasVariable(variable))
      continue;
    const source = around.source(place.file);
    const line = (around.project.read(place.file) ?? '').split('\n')[place.line - 1] ?? '';
    const reads = source?.env.filter((read) => read.name === variable) ?? [];
    if (!source || reads.length === 0 || reads.some((read) => read.fallback !== undefined)) continue;
    // The very variable must be what listens: a value beside it would be taken.
    if (!line.includes(`process.env.${variable}`) || /\|\||\?\?|\?/.test(line)) continue;
    if (source.dotenv.size > 0 || source.gives.has(variable) || source.gives.has('*') || image.env.has(variable))
      continue;
    return {
      severity: 'error',
      place,
      about: `port ${place.file}:${place.line}`,
      fr: [
        `Le serveur écoute sur le port que dit ${variable}, et rien ne donne ${variable} à « ${instance.name} ».`,
        'Il prend alors un port au hasard : le conteneur tourne, et personne ne le joint (« connection refused »).',
        `Écrivez : process.env.${variable} ?? 3000 (ou donnez ${variable} au conteneur).`,
      ],
      en: [
        `The server listens on the port that ${variable} says, and nothing gives ${variable} to "${instance.name}".`,
        'It then takes a port at random: the container runs, and nobody reaches it ("connection refused").',
        `Write: process.env.${variable} ?? 3000 (or give ${variable} to the container).`,
      ],
    };
  }
  return undefined;
}

/** An entry script that ends without running the command that it is given. */
function swallowed(instance: Instance): Remark | undefined {
  const { image, start } = instance;
  const entry = image?.entrypoint;
  if (
    !image ||
    !entry?.exec ||
    (start.words ?? []).length <= entry.exec.length ||
    start.runs.length > 0 ||
    !start.isKnown ||
    start.faults.some((fault) => fault.kind !== 'script') ||
    instance.container?.object.command !== undefined ||
    instance.service?.object.entrypoint !== undefined
  )
    return undefined;
  const script = entry.exec.find((word) => /\.sh$|entrypoint/.test(word));
  const { source } =
    script === undefined
      ? { source: undefined }
      : instance.around.find(path.posix.resolve(instance.around.workdir, script));
  const text = source === undefined ? undefined : instance.around.project.read(source);
  if (
    text === undefined ||
    source === undefined ||
    /\$[@*\d]|\$\{[@*\d]|\bexec\b|\b(wait|tail|sleep infinity)\b|&\s*$/m.test(text)
  )
    return undefined;
  const command = (start.words ?? []).slice(entry.exec.length).join(' ');
  const [fr, en] = quietEnd(instance);
  return {
    severity: 'error',
    place: { file: source, line: text.trimEnd().split('\n').length },
    about: `command ${image.dockerfile.path}`,
    fr: [
      `${source} se termine sans lancer la commande (« ${command} ») : ENTRYPOINT la reçoit, et ne s’en sert pas.`,
      fr,
      `Ajoutez en dernière ligne de ${source} : exec "$@"`,
    ],
    en: [
      `${source} ends without running the command ("${command}"): ENTRYPOINT receives it, and does not use it.`,
      en,
      `Add as the last line of ${source}: exec "$@"`,
    ],
  };
}

/** A Python or Node file that defines an application and never serves it. */
function endsAtOnce(model: Model, instance: Instance): Remark | undefined {
  if (!instance.start.isKnown || instance.listens.length > 0 || instance.start.runs.length === 0) return undefined;
  const run = instance.start.runs.at(-1);
  if (
    !run ||
    !/^(python|node|tsx|ts-node)$/.test(run.program) ||
    instance.start.faults.some((fault) => fault.kind === 'file')
  )
    return undefined;
  const [entry] = entryFiles(run.program, run.args, run.cwd, instance);
  if (entry === undefined) return undefined;
  const sources = runningSources(model, instance);
  const own = sources.find((source) => source.path === entry);
  if (!own) return undefined;
  const makers =
    /^(fastapi\.)?FastAPI$|^(flask\.)?Flask$|^(dash\.)?Dash$|^Starlette$|^express$|^fastify$|^Fastify$|^create_app$/;
  const isPage = own.language === 'python' && own.imports.some((each) => each.isCertain && each.module === 'streamlit');
  const app =
    [...own.names].find(([, maker]) => makers.test(maker ?? '')) ??
    (isPage ? (['st', 'streamlit'] as [string, string]) : undefined) ??
    (own.language === 'javascript'
      ? own.calls
          .filter((call) => /^(express|fastify|Fastify)$/.test(call.callee))
          .map((call): [string, string] => ['app', call.callee])[0]
      : undefined);
  if (!app) return undefined;
  const all = sources.map((source) => model.project.read(source.path) ?? '').join('\n');
  if (
    /\.(run|serve|listen|launch|run_forever|serve_forever|start|join|mainloop)\s*\(|while\s+True|while\s*\(true\)|setInterval|asyncio\.run|uvicorn\.(run|Server)|waitress|hypercorn|Mangum|handler|serve\(|create_server|start_server|bjoern|cherrypy|gevent|subprocess|os\.(system|exec)/.test(
      all,
    )
  )
    return undefined;
  const [fr, en] =
    instance.where === 'kubernetes'
      ? [
          'Le pod passe à Completed, puis CrashLoopBackOff ; ses journaux sont vides ou s’arrêtent sans erreur.',
          'The pod goes to Completed, then CrashLoopBackOff; its logs are empty or stop without an error.',
        ]
      : [
          'Le conteneur s’arrête aussitôt : « exited with code 0 ».',
          'The container stops at once: "exited with code 0".',
        ];
  const module = path.posix.basename(entry).replace(/\.py$/, '');
  const isPython = own.language === 'python';
  const fix = isPython
    ? /Flask|create_app/.test(app[1] ?? '')
      ? `CMD ["gunicorn", "--bind", "0.0.0.0:5000", "${module}:${app[0]}"]`
      : app[1] === 'streamlit'
        ? `CMD ["streamlit", "run", "${path.posix.basename(entry)}", "--server.address=0.0.0.0"]`
        : `CMD ["uvicorn", "${module}:${app[0]}", "--host", "0.0.0.0", "--port", "8000"]`
    : `${app[0]}.listen(3000, '0.0.0.0')`;
  return {
    severity: 'error',
    place: run.place,
    about: `command ${run.place.file}`,
    fr: [
      app[1] === 'streamlit'
        ? `« ${run.program} ${run.args.join(' ')} » lance une page de Streamlit sans Streamlit : le programme se termine aussitôt.`
        : `« ${run.program} ${run.args.join(' ')} » définit l’application « ${app[0]} » (${entry}) mais ne la sert pas : le programme se termine aussitôt.`,
      fr,
      isPython ? `Remplacez la commande par : ${fix}` : `Ajoutez à la fin de ${entry} : ${fix}`,
    ],
    en: [
      app[1] === 'streamlit'
        ? `"${run.program} ${run.args.join(' ')}" runs a page of Streamlit without Streamlit: the program ends at once.`
        : `"${run.program} ${run.args.join(' ')}" defines the application "${app[0]}" (${entry}) but does not serve it: the program ends at once.`,
      en,
      isPython ? `Replace the command by: ${fix}` : `Add at the end of ${entry}: ${fix}`,
    ],
  };
}

export const startProgram: Rule = {
  id: 'start-program',
  title: {
    fr: 'Le programme lancé n’est pas installé dans l’image, ou pas là où on le cherche',
    en: 'The program to run is not installed in the image, or not where it is looked for',
  },
  why: {
    fr: 'Un environnement virtuel (.venv) est un dossier : il doit être dans l’image finale, et son dossier bin dans PATH. Un paquet doit être dans les dépendances que l’image installe.',
    en: 'A virtual environment (.venv) is a folder: it must be in the final image, and its bin folder in PATH. A package must be among the dependencies that the image installs.',
  },
  *check(model) {
    for (const instance of model.instances) {
      const aside =
        asideRemark(model, instance) ??
        shellRemark(instance) ??
        plainShellRemark(instance) ??
        carriedRemark(model, instance);
      if (aside) yield { ...aside, unlessBroken: `image ${instance.image?.dockerfile.path ?? ''}` };
      const run = instance.start.runs.at(-1);
      if (!instance.image || !run || !instance.start.isKnown) continue;
      const remark =
        pythonRemark(model, instance, run) ?? nodeRemark(model, instance, run) ?? unbuiltFront(model, instance, run);
      if (remark) yield { ...remark, unlessBroken: `image ${instance.image.dockerfile.path}` };
    }
  },
};

/** Express serves the front's built files, and nothing built them or brought them. */
function unbuiltFront(model: Model, instance: Instance, run: Run): Remark | undefined {
  const { image, around } = instance;
  const [file] = run.args;
  if (!image || !/^(node|nodejs)$/.test(run.program) || file === undefined || instance.mounts.length > 0)
    return undefined;
  const entry = path.posix.resolve(run.cwd, file);
  const [own] = entryFiles(run.program, run.args, run.cwd, instance);
  if (own === undefined || around.find(entry).source !== own) return undefined;
  for (const source of runningSources(model, instance)) {
    const text = model.project.read(source.path) ?? '';
    const match = /express\.static\(\s*path\.(?:join|resolve)\(\s*__dirname\s*,\s*((?:["'][^"']+["']\s*,?\s*)+)\)/.exec(
      text,
    );
    if (!match || /NODE_ENV/.test(text)) continue;
    const parts = [...(match[1] ?? '').matchAll(/["']([^"']+)["']/g)].map((part) => part[1] ?? '');
    const folder = path.posix.resolve(
      path.posix.dirname(
        path.posix.resolve(path.posix.dirname(entry), path.posix.relative(path.posix.dirname(own), source.path)),
      ),
      ...parts.map((part) => part.replace(/^\//, '')),
    );
    if (!/\/(build|dist|out)(\/|$)/.test(folder)) continue;
    if ([folder, `${folder}/index.html`].some((name) => around.find(name).state !== 'no')) continue;
    const line = image.copies.findLast((copy) => copy.stage === image.stage)?.instruction.line ?? image.stage.line;
    const at = text.slice(0, match.index).split('\n').length;
    return {
      severity: 'error',
      place: { file: image.dockerfile.path, line },
      about: `front ${image.dockerfile.path}`,
      fr: [
        `${source.path} (ligne ${at}) sert les fichiers construits de ${folder}, que rien ne construit ni ne copie dans l’image.`,
        "L’API répond, mais la page montre « Cannot GET / » (ou « ENOENT: no such file or directory, stat '…/index.html' »).",
        'Ajoutez la construction du front au Dockerfile : RUN npm run build (dans le dossier du front), ou COPY --from=… de ce qui est construit.',
      ],
      en: [
        `${source.path} (line ${at}) serves the built files of ${folder}, which nothing builds or copies into the image.`,
        'The API answers, but the page shows "Cannot GET /" (or "ENOENT: no such file or directory, stat ' +
          "'…/index.html'" +
          '").',
        'Add the build of the front to the Dockerfile: RUN npm run build (in the folder of the front), or COPY --from=… of what is built.',
      ],
    };
  }
  return undefined;
}

/** A command before the program (migrations, waiting for the database) that the image does not have. */
function asideRemark(model: Model, instance: Instance): Remark | undefined {
  const { image, start } = instance;
  if (!image || instance.where === 'image') return undefined;
  for (const { words, cwd, place, isConditional } of start.asides) {
    if (isConditional) continue;
    const [program = ''] = words;
    if (program === 'alembic') {
      const run: Run = {
        program,
        args: words.slice(1),
        written: program,
        cwd,
        place,
        env: {},
        runner: undefined,
        isModule: false,
        viaShell: true,
      };
      const remark = pythonRemark(model, instance, run);
      if (remark) return remark;
      const config = optionOf(words, '-c', '--config');
      const file = config ?? 'alembic.ini';
      if (/[$*]/.test(file) || instance.around.find(path.posix.resolve(cwd, file)).state !== 'no') continue;
      if (config === undefined && instance.around.find(path.posix.resolve(cwd, 'pyproject.toml')).state !== 'no')
        continue;
      const [fr, en] = crash(
        instance,
        `FAILED: No '${config === undefined ? 'script_location' : file}' key found in configuration`,
      );
      const hint = whereIs(
        instance,
        path.posix.basename(file),
        model.project.files
          .map((each) => each.path)
          .filter((each) => path.posix.basename(each) === path.posix.basename(file)),
      );
      return {
        severity: 'error',
        place,
        about: `start ${place.file}:${place.line}`,
        fr: [
          `« ${words.slice(0, 3).join(' ')} » cherche ${path.posix.resolve(cwd, file)}, qui n’est pas dans l’image.`,
          fr,
          hint.fr,
        ],
        en: [
          `"${words.slice(0, 3).join(' ')}" looks for ${path.posix.resolve(cwd, file)}, which is not in the image.`,
          en,
          hint.en,
        ],
      };
    }
    const system = isPlainBase(image.base) ? systemOf(image.base) : undefined;
    const isPlain = /^(docker\.io\/|library\/)*(python|node|alpine|debian|ubuntu)(:|@|$)/.test(image.base);
    const isAbsent =
      isPlain &&
      ((system === 'alpine' && /^(pg_isready|psql|mysql|mysqladmin|redis-cli|curl)$/.test(program)) ||
        ((system === 'slim' || (system === 'debian' && !/^(curl|wget)$/.test(program))) &&
          /^(nc|pg_isready|psql|mysql|mysqladmin|redis-cli|curl|wget)$/.test(program)));
    const said = image.runs.map((run) => run.instruction.raw).join('\n');
    if (
      !isAbsent ||
      /netcat|postgres|mysql|mariadb|redis|build-deps|xargs|requirements.*apt|\.sh\b|\bnmap|busybox/.test(said) ||
      new RegExp(`\\b${program}\\b`).test(said) ||
      image.copies.some((copy) => copy.from !== undefined || /\/s?bin\//.test(copy.destination))
    )
      continue;
    const name =
      (
        {
          nc: 'netcat-openbsd',
          pg_isready: 'postgresql-client',
          psql: 'postgresql-client',
          mysql: 'default-mysql-client',
          mysqladmin: 'default-mysql-client',
          'redis-cli': 'redis-tools',
        } as Record<string, string>
      )[program] ?? program;
    const install =
      system === 'alpine' ? `RUN apk add --no-cache ${name}` : `RUN apt-get update && apt-get install -y ${name}`;
    return {
      severity: 'error',
      place,
      about: `start ${place.file}:${place.line}`,
      fr: [
        `« ${words.slice(0, 4).join(' ')} » lance « ${program} », que l’image ${image.base} n’a pas.`,
        `L’attente ne finit jamais, ou le démarrage s’arrête : « ${program}: not found ».`,
        `Ajoutez au Dockerfile : ${install} (ou laissez compose attendre : depends_on avec condition: service_healthy)`,
      ],
      en: [
        `"${words.slice(0, 4).join(' ')}" runs "${program}", which the image ${image.base} does not have.`,
        `The waiting never ends, or the start stops: "${program}: not found".`,
        `Add to the Dockerfile: ${install} (or let compose wait: depends_on with condition: service_healthy)`,
      ],
    };
  }
  return undefined;
}

/** The version of Python that an official image says in its name. */
function pythonVersion(base: string): string | undefined {
  return /(?:^|\/)python:(\d+\.\d+)/.exec(base)?.[1];
}

/** Packages that one stage installs and that the last stage cannot use: another version, another system, another owner. */
function carriedRemark(model: Model, instance: Instance): Remark | undefined {
  const { image } = instance;
  if (!image || !instance.start.runs.some((run) => run.program === 'python' || PYTHON_PROGRAMS.has(run.program)))
    return undefined;
  const version = pythonVersion(image.base);
  const system = isPlainBase(image.base) ? systemOf(image.base) : undefined;
  const file = image.dockerfile.path;
  for (const copy of image.copies) {
    const stage = image.dockerfile.stages.find(
      (each) => copy.from !== undefined && (each.name === copy.from.toLowerCase() || String(each.index) === copy.from),
    );
    if (!stage || copy.stage !== image.stage) continue;
    const other = imageOf(image.dockerfile, stage, image.build, image.context);
    const { list } = pythonEnvironments(model.project, other);
    const made = pythonVersion(other.base);
    const place = { file, line: copy.instruction.line };
    const about = `carried ${file}:${copy.instruction.line}`;
    const written = copy.sources
      .map((source) => /python(3\.\d+)\/(site|dist)-packages/.exec(source)?.[1])
      .find(Boolean);
    if (written !== undefined && made !== undefined && written !== made) {
      return {
        severity: 'error',
        place,
        about,
        breaks: `image ${file}`,
        fr: [
          `L’étape « ${copy.from ?? ''} » a Python ${made} : ses paquets sont dans python${made}/site-packages, pas dans python${written}.`,
          `La construction s’arrête : « failed to calculate checksum of ref …: "${copy.sources[0] ?? ''}": not found ».`,
          `Écrivez python${made} à la place de python${written} (deux fois).`,
        ],
        en: [
          `The stage "${copy.from ?? ''}" has Python ${made}: its packages are in python${made}/site-packages, not in python${written}.`,
          `The build stops: "failed to calculate checksum of ref …: "${copy.sources[0] ?? ''}": not found".`,
          `Write python${made} in place of python${written} (twice).`,
        ],
      };
    }
    const environment = list.find(({ root }) =>
      copy.sources.some((source) => {
        const from = path.posix.resolve('/', source);
        return (
          from === root || root.startsWith(`${from}/`) || (root === SYSTEM && /^\/usr\/local(\/lib(\/|$)|$)/.test(from))
        );
      }),
    );
    // Wheels, and folders that PYTHONPATH names, do not depend on the version.
    if (!environment || !/venv|env$|\.local$|^\/usr\/local$/.test(environment.root)) continue;
    if (version !== undefined && made !== undefined && version !== made) {
      const [fr, en] = crash(instance, "ModuleNotFoundError: No module named '…'");
      return {
        severity: 'error',
        place: { file, line: image.stage.line },
        about,
        fr: [
          `Les paquets sont installés pour Python ${made} (étape « ${copy.from ?? ''} »), et l’image finale a Python ${version}.`,
          fr,
          `Prenez la même version dans les deux étapes : FROM ${image.base.replace(version, made)}`,
        ],
        en: [
          `The packages are installed for Python ${made} (stage "${copy.from ?? ''}"), and the final image has Python ${version}.`,
          en,
          `Take the same version in both stages: FROM ${image.base.replace(version, made)}`,
        ],
      };
    }
    const before = isPlainBase(other.base) ? systemOf(other.base) : undefined;
    const native = [...(environment.packages ?? [])].find((name) =>
      /^(fastapi|pydantic|numpy|pandas|psycopg2-binary|asyncpg|scikit-learn|cryptography|pillow|lxml|orjson|polars|bcrypt|grpcio|matplotlib|streamlit|scipy)$/.test(
        name,
      ),
    );
    if (
      system !== undefined &&
      before !== undefined &&
      (system === 'alpine') !== (before === 'alpine') &&
      native !== undefined
    ) {
      const [fr, en] = crash(
        instance,
        `ImportError: Error loading shared library … (needed by …/site-packages/${native})`,
      );
      return {
        severity: 'error',
        place: { file, line: image.stage.line },
        about,
        fr: [
          `Les paquets sont installés sur ${other.base} et lancés sur ${image.base} : ce qui est compilé (${native}) pour l’un ne marche pas sur l’autre.`,
          fr,
          `Partez de la même image dans les deux étapes : FROM ${other.base}`,
        ],
        en: [
          `The packages are installed on ${other.base} and run on ${image.base}: what is compiled (${native}) for one does not work on the other.`,
          en,
          `Start from the same image in both stages: FROM ${other.base}`,
        ],
      };
    }
    const user = image.user?.split(':')[0] ?? 'root';
    if (
      copy.destination.startsWith('/root/') &&
      !/^(root|0)$/.test(user) &&
      !user.includes('$') &&
      !image.runs.some((run) => /chmod[^&|;]*\/root/.test(run.instruction.raw))
    ) {
      const [fr, en] = crash(instance, 'Permission denied');
      const home = `/home/${/^\d+$/.test(user) ? 'app' : user}/.local`;
      return {
        severity: 'error',
        place,
        about,
        fr: [
          `Les paquets sont copiés dans ${copy.destination}, que l’utilisateur « ${user} » n’a pas le droit de lire.`,
          fr,
          `Copiez-les ailleurs : COPY --from=${copy.from ?? ''} --chown=${user} ${copy.sources.join(' ')} ${home}\nENV PATH=${home}/bin:$PATH`,
        ],
        en: [
          `The packages are copied to ${copy.destination}, which the user "${user}" may not read.`,
          en,
          `Copy them elsewhere: COPY --from=${copy.from ?? ''} --chown=${user} ${copy.sources.join(' ')} ${home}\nENV PATH=${home}/bin:$PATH`,
        ],
      };
    }
  }
  return undefined;
}

/** A program that is asked for by its name and that the image does not bring: bash on Alpine, a package manager. */
function shellRemark(instance: Instance): Remark | undefined {
  const { image, start } = instance;
  const [first = ''] = start.words ?? [];
  const name = first.replace(/^\/(usr\/)?bin\//, '');
  if (!image || !/^(docker\.io\/|library\/)*(python|node|alpine|debian)(:|@|$)/.test(image.base)) return undefined;
  const isBash = name === 'bash' && systemOf(image.base) === 'alpine';
  const isManager = /^(pnpm|bun|bunx|uv|poetry|pipenv|pdm|conda)$/.test(name);
  if (!isBash && !isManager) return undefined;
  const said = image.runs.map((run) => run.instruction.raw).join('\n');
  if (
    new RegExp(`\\b${name}\\b`).test(said) ||
    (isManager &&
      (/corepack|curl|wget|requirements|pipx|install\.sh|\.sh\b|apk|apt/.test(said) ||
        image.copies.some(
          (copy) =>
            copy.from !== undefined &&
            /bin\b|\.local|venv|\.bun|\.cargo|^\/$/.test(`${copy.sources.join(' ')} ${copy.destination}`),
        )))
  )
    return undefined;
  const [fr, en] = crash(
    instance,
    `exec: "${first}": ${first === name ? 'executable file not found in $PATH' : 'no such file or directory'}`,
  );
  const fix: [string, string] = isBash
    ? [
        'Écrivez sh à la place de bash (ou, dans le Dockerfile : RUN apk add --no-cache bash).',
        'Write sh in place of bash (or, in the Dockerfile: RUN apk add --no-cache bash).',
      ]
    : /^(pnpm|bun|bunx)$/.test(name)
      ? [`Ajoutez au Dockerfile : RUN npm install -g ${name}`, `Add to the Dockerfile: RUN npm install -g ${name}`]
      : [`Ajoutez au Dockerfile : RUN pip install ${name}`, `Add to the Dockerfile: RUN pip install ${name}`];
  return {
    severity: 'error',
    place: start.place,
    about: `start ${start.place.file}:${start.place.line}`,
    fr: [`La commande lance « ${name} », que l’image ${image.base} n’a pas.`, fr, fix[0]],
    en: [`The command runs "${name}", which the image ${image.base} does not have.`, en, fix[1]],
  };
}

/** A script of bash that is given to sh: Debian's sh does not know `set -o pipefail`, and stops at once. */
function plainShellRemark(instance: Instance): Remark | undefined {
  const { image, start } = instance;
  if (!image || !isPlainBase(image.base) || !/^(docker\.io\/|library\/)*(python|node|debian)(:|@|$)/.test(image.base))
    return undefined;
  if (!/^(slim|debian)$/.test(systemOf(image.base) ?? '')) return undefined;
  if (image.runs.some((run) => /dash|\/bin\/sh\b|dpkg-reconfigure/.test(run.instruction.raw))) return undefined;
  const words = (start.words ?? []).flatMap((word) => word.split(/\s+/));
  const [, byShell] = /^(?:\/bin\/sh -c )?(?:exec )?(?:\/bin\/)?sh (?!-)(\S+)/.exec(words.join(' ')) ?? [];
  const script = byShell ?? words[0] ?? '';
  if (!/^[\w./-]+\.(sh|bash)$/.test(script)) return undefined;
  const { source } = instance.around.find(path.posix.resolve(instance.around.workdir, script));
  const text = source === undefined ? undefined : instance.around.project.read(source);
  if (source === undefined || text === undefined) return undefined;
  const lines = text.split('\n');
  if (byShell === undefined && !/^#!\s*(\/usr)?\/bin\/(env )?sh\b/.test(lines[0] ?? '')) return undefined;
  const at = lines.findIndex((line) => /^set\s+[^#|&;]*\bpipefail\b\s*(#.*)?\r?$/.test(line));
  if (at < 0) return undefined;
  const [fr, en] = crash(instance, `${at + 1}: set: Illegal option -o pipefail`);
  const isBash = byShell !== undefined;
  return {
    severity: 'error',
    place: isBash ? start.place : { file: source, line: at + 1 },
    about: `start ${source}`,
    fr: [
      `${isBash ? 'La commande donne à sh' : 'La première ligne donne à sh'} un script écrit pour bash : le sh de ${image.base} ne connaît pas « pipefail » (${source}, ligne ${at + 1}).`,
      fr,
      isBash ? `Écrivez bash à la place de sh : bash ${script}` : 'Écrivez en première ligne : #!/bin/bash',
    ],
    en: [
      `${isBash ? 'The command gives to sh' : 'The first line gives to sh'} a script written for bash: the sh of ${image.base} does not know "pipefail" (${source}, line ${at + 1}).`,
      en,
      isBash ? `Write bash in place of sh: bash ${script}` : 'Write as the first line: #!/bin/bash',
    ],
  };
}

function pythonRemark(model: Model, instance: Instance, run: Run): Remark | undefined {
  const { image } = instance;
  const isServer = PYTHON_PROGRAMS.has(run.program);
  if (!image || (!isServer && run.program !== 'python')) return undefined;
  const { list, isKnown } = pythonEnvironments(model.project, image);
  if (!isKnown || instance.mounts.some((mount) => /site-packages|\/\.venv|\/venv/.test(mount.target))) return undefined;
  const search = (instance.around.variables.PATH ?? image.env.get('PATH')?.value ?? '').replace(
    /\$\{?VIRTUAL_ENV\}?/g,
    image.env.get('VIRTUAL_ENV')?.value ?? '',
  );
  const inPath = (root: string) =>
    root === SYSTEM ||
    search.split(':').includes(`${root}/bin`) ||
    (root === '/usr/local/bin' && isServer && !run.isModule);
  const place = run.place;
  const about = `start ${place.file}:${place.line}`;
  const bound = instance.mounts.find((mount) =>
    list.some((environment) => environment.root.startsWith(`${mount.target}/`)),
  );
  if (bound) return undefined;
  const name = run.isModule || run.program === 'python' ? 'python' : run.program;
  const missing = (program: string) =>
    name === 'python'
      ? `ModuleNotFoundError: No module named '${program}'`
      : `exec: "${program}": executable file not found in $PATH`;
  if (run.runner === undefined || run.runner === 'venv') {
    const modules = (instance.around.variables.PYTHONPATH ?? '').split(':');
    const isFound = (root: string) =>
      inPath(root) ||
      // `RUN mv /deps/bin/* /usr/local/bin`
      image.runs.some(({ instruction }) =>
        new RegExp(`\\b(mv|cp|ln)\\s[^&;|]*${literal(root)}/bin\\b`).test(instruction.raw),
      ) ||
      (root === '/root/.local' && (name === 'python' || search.includes('/root/.local/bin'))) ||
      (name === 'python' &&
        (root === '/usr/local/lib' ||
          /^\/usr\/local\/lib\/python3[.\d]*(\/site-packages)?$/.test(root) ||
          modules.some((folder) => folder !== '' && (folder === root || folder.startsWith(`${root}/`)))));
    const reachable = run.runner === 'venv' ? list : list.filter(({ root }) => isFound(root));
    const elsewhere = list.filter((environment) => !reachable.includes(environment));
    const wanted = isServer ? run.program : (firstPackage(model, instance) ?? '');
    if (wanted === '') return undefined;
    if (reachable.some(({ packages }) => packages === undefined || brings(packages, wanted))) return undefined;
    const venv = elsewhere.find(
      ({ packages, root }) => (packages === undefined || brings(packages, wanted)) && root.startsWith('/'),
    );
    const [fr, en] = crash(instance, missing(wanted));
    if (venv) {
      const halfCopied = venv.root === '/usr/local/lib' || venv.root === '/usr/local/bin';
      return {
        severity: 'error',
        place,
        about,
        fr: [
          halfCopied
            ? `Les paquets ont été copiés (${venv.root}), mais pas le programme « ${wanted} » (/usr/local/bin).`
            : `« ${wanted} » est installé dans ${venv.root}, que la commande ne regarde pas.`,
          fr,
          halfCopied
            ? `Lancez-le par Python : ["python", "-m", "${wanted}", …], ou copiez aussi /usr/local/bin.`
            : venv.root.endsWith('.venv')
              ? `Ajoutez au Dockerfile : ENV PATH="${venv.root}/bin:$PATH"\nou lancez : uv run ${run.program} …`
              : `Ajoutez au Dockerfile : ENV PATH="${venv.root}/bin:$PATH"`,
        ],
        en: [
          halfCopied
            ? `The packages were copied (${venv.root}), but not the program "${wanted}" (/usr/local/bin).`
            : `"${wanted}" is installed in ${venv.root}, where the command does not look.`,
          en,
          halfCopied
            ? `Run it through Python: ["python", "-m", "${wanted}", …], or copy /usr/local/bin too.`
            : venv.root.endsWith('.venv')
              ? `Add to the Dockerfile: ENV PATH="${venv.root}/bin:$PATH"\nor run: uv run ${run.program} …`
              : `Add to the Dockerfile: ENV PATH="${venv.root}/bin:$PATH"`,
        ],
      };
    }
    if (list.some(({ packages }) => packages === undefined)) return undefined;
    const lost =
      image.dockerfile.stages.length > 1 && list.length === 0 ? lostEnvironment(model, instance, wanted) : undefined;
    if (lost !== undefined) {
      return {
        severity: 'error',
        place,
        about,
        fr: [
          `« ${wanted} » est installé dans l’étape « ${lost.stage} » (${lost.root}), qui n’est pas copié dans l’image finale.`,
          fr,
          `Ajoutez à la dernière étape : COPY --from=${lost.stage} ${lost.root} ${lost.root}${lost.root === SYSTEM ? '' : `\nENV PATH="${lost.root}/bin:$PATH"`}`,
        ],
        en: [
          `"${wanted}" is installed in the stage "${lost.stage}" (${lost.root}), which is not copied to the final image.`,
          en,
          `Add to the last stage: COPY --from=${lost.stage} ${lost.root} ${lost.root}${lost.root === SYSTEM ? '' : `\nENV PATH="${lost.root}/bin:$PATH"`}`,
        ],
      };
    }
    if (!isServer && list.length > 0) return undefined;
    return {
      severity: 'error',
      place,
      about,
      fr: [
        `« ${wanted} » n’est pas parmi les paquets que l’image installe.`,
        fr,
        `Ajoutez « ${wanted === 'fastapi' ? 'fastapi[standard]' : wanted} » aux dépendances (requirements.txt ou pyproject.toml).`,
      ],
      en: [
        `"${wanted}" is not among the packages that the image installs.`,
        en,
        `Add "${wanted === 'fastapi' ? 'fastapi[standard]' : wanted}" to the dependencies (requirements.txt or pyproject.toml).`,
      ],
    };
  }
  return undefined;
}

/** A package that the program cannot do without, and that nothing else brings along. */
function firstPackage(model: Model, instance: Instance): string | undefined {
  for (const source of runningSources(model, instance)) {
    for (const { module, isCertain } of source.imports) {
      const top = module.split('.')[0] ?? '';
      if (
        isCertain &&
        /^(fastapi|flask|streamlit|django|uvicorn|sqlalchemy|pandas|requests|httpx|numpy|aiohttp|discord|telegram|celery|redis|pymongo|psycopg2|psycopg|pydantic|boto3|polars|duckdb|gradio|dash|plotly|matplotlib|mlflow|prefect)$/.test(
          top,
        )
      )
        return top;
    }
  }
  return undefined;
}

function lostEnvironment(
  model: Model,
  instance: Instance,
  program: string,
): { stage: string; root: string } | undefined {
  const { image } = instance;
  if (!image) return undefined;
  for (const stage of image.dockerfile.stages) {
    if (stage === image.stage) continue;
    const text = stage.instructions
      .filter((step) => step.keyword === 'RUN')
      .map((step) => step.raw)
      .join('\n');
    if (!/pip3?\s+install|uv\s+sync|poetry\s+install/.test(text)) continue;
    const environment = pythonEnvironments(
      model.project,
      imageOf(image.dockerfile, stage, image.build, image.context),
    ).list.find(({ packages }) => packages === undefined || brings(packages, program) || program === 'fastapi');
    if (environment) return { stage: stage.name ?? String(stage.index), root: environment.root };
  }
  return undefined;
}

function nodeRemark(model: Model, instance: Instance, run: Run): Remark | undefined {
  const { image } = instance;
  if (
    !image ||
    run.runner !== 'npm' ||
    !/^(vite|next|nodemon|react-scripts|ts-node|tsx|nest|serve|ng|vue-cli-service|nuxt|astro|concurrently)$/.test(
      run.program,
    )
  )
    return undefined;
  const file = instance.around.find(path.posix.join(run.cwd, 'package.json')).source;
  if (file === undefined || model.project.read(file) === undefined) return undefined;
  const manifest = objectIn(model.project, file);
  const own = {
    dependencies: objectAt(manifest, 'dependencies'),
    devDependencies: objectAt(manifest, 'devDependencies'),
  };
  const name =
    ({ nest: '@nestjs/cli', ng: '@angular/cli', 'vue-cli-service': '@vue/cli-service' } as Record<string, string>)[
      run.program
    ] ?? run.program;
  const installs = image.runs.map((each) => each.instruction.raw).join('\n');
  if (
    name in own.dependencies ||
    new RegExp(`(install|add|i)\\s+(-g|--global|global)?[^&;]*\\b${literal(run.program)}\\b`).test(installs) ||
    !isPlainBase(image.base)
  )
    return undefined;
  const [fr, en] = crash(instance, `sh: ${run.program}: not found`);
  const about = `start ${run.place.file}:${run.place.line}`;
  if (name in own.devDependencies) {
    const production =
      /--(omit[= ]dev|production|prod)\b|--only[= ]prod/.exec(installs)?.[0] ??
      (/^production$/.test(image.env.get('NODE_ENV')?.value ?? '') &&
      /\b(npm (ci|install)|yarn( install)?|pnpm i(nstall)?)\b/.test(installs) &&
      beforeInstall(image)
        ? 'NODE_ENV=production'
        : undefined);
    if (
      production === undefined ||
      image.copies.some(
        (copy) => copy.from !== undefined && copy.sources.some((source) => source.includes('node_modules')),
      )
    )
      return undefined;
    return {
      severity: 'error',
      place: run.place,
      about,
      fr: [
        `« ${run.program} » est dans devDependencies, que l’image n’installe pas (${production}).`,
        fr,
        `Déplacez « ${name} » dans "dependencies" de ${file}, ou n’écartez pas les devDependencies.`,
      ],
      en: [
        `"${run.program}" is in devDependencies, which the image does not install (${production}).`,
        en,
        `Move "${name}" to "dependencies" in ${file}, or do not leave devDependencies out.`,
      ],
    };
  }
  if (
    Object.keys(own.dependencies).length === 0 ||
    'workspaces' in objectAt(manifest) ||
    !/^(serve|concurrently)$/.test(run.program)
  )
    return undefined;
  return {
    severity: 'error',
    place: run.place,
    about,
    fr: [`« ${run.program} » n’est pas parmi les dépendances de ${file}.`, fr, `Ajoutez-le : npm install ${name}`],
    en: [`"${run.program}" is not among the dependencies of ${file}.`, en, `Add it: npm install ${name}`],
  };
}

function beforeInstall(image: NonNullable<Instance['image']>): boolean {
  const line = image.env.get('NODE_ENV')?.line ?? Infinity;
  return image.runs.some(
    (run) =>
      run.stage === image.stage &&
      run.instruction.line > line &&
      /\b(npm (ci|install)|yarn|pnpm i)/.test(run.instruction.raw),
  );
}

export const startForm: Rule = {
  id: 'start-form',
  title: { fr: 'La commande de démarrage est mal écrite', en: 'The start command is badly written' },
  why: {
    fr: 'La forme à crochets est une liste JSON : des guillemets doubles, et un mot par élément. Sans crochets, la ligne passe par un shell.',
    en: 'The form with brackets is a JSON list: double quotes, and one word an element. Without brackets, the line goes through a shell.',
  },
  *check(model) {
    for (const instance of model.instances) {
      const remark = formRemark(instance) ?? endsRemark(instance) ?? serverRemark(instance);
      if (remark) yield remark;
    }
  },
};

function formRemark(instance: Instance): Remark | undefined {
  const { image, start } = instance;
  const about = `start ${start.place.file}:${start.place.line}`;
  for (const instruction of [image?.entrypoint, image?.command]) {
    if (!instruction || instruction.exec || !/^\[/.test(instruction.raw) || start.place.file !== image?.dockerfile.path)
      continue;
    const [fr, en] = crash(
      instance,
      `/bin/sh: [${/^\[\s*['"]?([^'",\s]*)/.exec(instruction.raw)?.[1] ?? ''}: not found`,
    );
    const right = instruction.raw
      .replace(/'/g, '"')
      .replace(/,\s*\]/, ']')
      .replace(/[“”«»]/g, '"');
    return {
      severity: 'error',
      place: { file: image.dockerfile.path, line: instruction.line },
      about,
      fr: [
        'La liste entre crochets n’est pas du JSON (guillemets simples, virgule de trop ou oubliée) : Docker la prend pour une ligne de shell.',
        fr,
        `Écrivez avec des guillemets doubles : ${instruction.keyword} ${right}`,
      ],
      en: [
        'The list between brackets is no JSON (single quotes, a comma too many or too few): Docker takes it for a line of shell.',
        en,
        `Write with double quotes: ${instruction.keyword} ${right}`,
      ],
    };
  }
  const [first, ...others] = start.words ?? [];
  if (first === undefined || !/^[\w./-]+\s+\S/.test(first) || others.length > 1) return undefined;
  const words = first.split(/\s+/);
  const [fr, en] = crash(instance, `exec: "${first}": executable file not found in $PATH`);
  const list = `[${words.map((word) => `"${word}"`).join(', ')}]`;
  return {
    severity: 'error',
    place: start.place,
    about,
    fr: [
      `« ${first} » est un seul mot de la liste : Docker cherche un programme qui s’appelle ainsi, espaces compris.`,
      fr,
      `Séparez les mots : ${list}`,
    ],
    en: [
      `"${first}" is a single word of the list: Docker looks for a program of that name, spaces included.`,
      en,
      `Separate the words: ${list}`,
    ],
  };
}

/** Programs that go to the background: the container ends with the command that started them. */
function endsRemark(instance: Instance): Remark | undefined {
  const run = instance.start.runs.at(-1);
  if (!run || !instance.start.isKnown || !instance.image || /Job/.test(instance.workload?.resource.kind ?? ''))
    return undefined;
  const text = run.args.join(' ');
  const isNginx =
    run.program === 'nginx' &&
    !/daemon off/.test(text) &&
    !/-t\b/.test(text) &&
    !instance.image.copies.some((copy) => copy.destination.startsWith('/etc/nginx')) &&
    !/daemon off/.test(instance.image.runs.map((each) => each.instruction.raw).join('\n'));
  const isDaemon =
    (run.program === 'gunicorn' && /--daemon|(^|\s)-D(\s|$)/.test(text)) ||
    run.program === 'service' ||
    run.program === 'systemctl' ||
    (run.program === 'pm2' && run.args[0] === 'start' && !text.includes('--no-daemon'));
  if (!isNginx && !isDaemon) return undefined;
  const [fr, en] = quietEnd(instance);
  const fix = isNginx
    ? 'CMD ["nginx", "-g", "daemon off;"]'
    : run.program === 'gunicorn'
      ? 'gunicorn … (sans --daemon)'
      : run.program === 'pm2'
        ? 'pm2-runtime …'
        : `${run.args[0] ?? ''}, au premier plan`;
  return {
    severity: 'error',
    place: run.place,
    about: `start ${run.place.file}:${run.place.line}`,
    fr: [
      `« ${[run.program, ...run.args].join(' ')} » part à l’arrière-plan et rend la main : pour Docker, le programme est fini.`,
      fr,
      `Laissez-le au premier plan : ${fix}`,
    ],
    en: [
      `"${[run.program, ...run.args].join(' ')}" goes to the background and returns: for Docker, the program is over.`,
      en,
      `Keep it in the foreground: ${fix.replace('sans', 'without').replace(', au premier plan', ', in the foreground')}`,
    ],
  };
}

/** A server of one kind that is given an application of the other kind. */
function serverRemark(instance: Instance): Remark | undefined {
  for (const run of instance.start.runs) {
    if (run.program === 'flask' && run.args.includes('run') && instance.image) {
      const app =
        run.args.some((word) => /^(--app|-A)/.test(word)) ||
        instance.around.variables.FLASK_APP !== undefined ||
        run.env.FLASK_APP !== undefined ||
        instance.envIsOpen;
      const names = ['app.py', 'wsgi.py', '.flaskenv', 'app/__init__.py', 'wsgi/__init__.py'];
      if (app || names.some((name) => instance.around.find(path.posix.resolve(run.cwd, name)).state !== 'no')) continue;
      const [fr, en] = crash(
        instance,
        "Error: Could not locate a Flask application. Use the 'flask --app' option, 'FLASK_APP' environment variable, or a 'wsgi.py' or 'app.py' file in the current directory.",
      );
      return {
        severity: 'error',
        place: run.place,
        about: `start ${run.place.file}:${run.place.line}`,
        fr: [
          '« flask run » ne sait pas où est l’application : ni FLASK_APP, ni --app, ni app.py ou wsgi.py dans le dossier.',
          fr,
          'Dites-le : flask --app main run --host=0.0.0.0',
        ],
        en: [
          '"flask run" does not know where the application is: no FLASK_APP, no --app, no app.py or wsgi.py in the folder.',
          en,
          'Tell it: flask --app main run --host=0.0.0.0',
        ],
      };
    }
    if (!/^(uvicorn|gunicorn|hypercorn)$/.test(run.program)) continue;
    const wanted = moduleArgument(run.args);
    const [entry] = entryFiles(run.program, run.args, run.cwd, instance);
    const source = entry === undefined ? undefined : instance.around.source(entry);
    const maker = wanted ? source?.names.get(wanted.attribute) : undefined;
    if (!wanted || maker === undefined) continue;
    const isAsgi = /^(fastapi\.)?FastAPI$|^Starlette$/.test(maker);
    const isWsgi = /^(flask\.)?Flask$/.test(maker);
    const text = run.args.join(' ');
    const config =
      instance.around.find(path.posix.resolve(run.cwd, 'gunicorn.conf.py')).state !== 'no' ||
      /(-c|--config)\b/.test(text) ||
      instance.variables.has('GUNICORN_CMD_ARGS');
    const isWrong =
      (run.program === 'gunicorn' && isAsgi && !/-k|--worker-class/.test(text) && !config) ||
      (run.program === 'uvicorn' && isWsgi && !/--interface/.test(text));
    if (!isWrong) continue;
    const words = isAsgi
      ? "TypeError: FastAPI.__call__() missing 1 required positional argument: 'send'"
      : "TypeError: Flask.__call__() missing 1 required positional argument: 'start_response'";
    const fix = isAsgi
      ? `uvicorn ${wanted.word} --host 0.0.0.0 --port 8000 (ou gunicorn -k uvicorn.workers.UvicornWorker ${wanted.word})`
      : `gunicorn --bind 0.0.0.0:8000 ${wanted.word}`;
    return {
      severity: 'error',
      place: run.place,
      about: `server ${run.place.file}:${run.place.line}`,
      fr: [
        `${run.program} sert des applications ${isAsgi ? 'WSGI (Flask, Django)' : 'ASGI (FastAPI)'}, et « ${wanted.word} » est une application ${isAsgi ? 'FastAPI' : 'Flask'}.`,
        `Le conteneur démarre, mais chaque page répond « Internal Server Error » ; ses journaux montrent « ${words} ».`,
        `Lancez : ${fix}`,
      ],
      en: [
        `${run.program} serves ${isAsgi ? 'WSGI applications (Flask, Django)' : 'ASGI applications (FastAPI)'}, and "${wanted.word}" is a ${isAsgi ? 'FastAPI' : 'Flask'} application.`,
        `The container starts, but each page answers "Internal Server Error"; its logs show "${words}".`,
        `Run: ${fix.replace('ou', 'or')}`,
      ],
    };
  }
  return undefined;
}
