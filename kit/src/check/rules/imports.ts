import path from 'node:path';
import type { Remark, Rule } from '../findings.ts';
import type { Instance, Model } from '../model.ts';
import { nodeFaults, type NodeFault } from '../node.ts';
import { findModule, isInstalled, loadingOf, type ImportFault, type Loading } from '../python.ts';
import { distributionOf, isKnownModule } from '../read/distributions.ts';
import { isPlainBase } from '../read/image.ts';
import { isAside } from '../read/kubernetes.ts';
import { nodePackages } from '../read/node-packages.ts';
import { placesInImage } from '../read/places.ts';
import type { SourceFile } from '../read/source.ts';
import type { Run } from '../read/start.ts';
import { literal } from '../words.ts';
import { pythonNeeds } from './python-needs.ts';
import { crash } from './start.ts';

export const importMissing: Rule = {
  id: 'import-missing',
  title: {
    fr: 'Le code importe un fichier ou un paquet que l’image n’a pas',
    en: 'The code imports a file or a package that the image does not have',
  },
  why: {
    fr: 'Ce qui marche chez vous trouve ses fichiers dans votre dossier et ses paquets sur votre ordinateur. L’image n’a que ce que COPY et l’installation y ont mis.',
    en: 'What works on your computer finds its files in your folder and its packages on your computer. The image has only what COPY and the installation put there.',
  },
  *check(model) {
    for (const instance of model.instances) {
      if (!instance.image || !isPlainBase(instance.image.base)) continue;
      for (const remark of [...pythonRemarks(model, instance), ...nodeRemarks(model, instance)])
        yield { ...remark, unlessBroken: `image ${instance.image.dockerfile.path}` };
    }
  },
};

function* pythonRemarks(model: Model, instance: Instance): Generator<Remark> {
  if (!instance.start.isKnown) return;
  for (const run of instance.start.runs) {
    const loading = loadingOf(run, instance, isBuiltOnGitHub(model, instance));
    if (!loading) continue;
    yield* pythonNeeds(model, instance, run, loading);
    let isRelativeTold = false;
    for (const fault of loading.faults) {
      if (fault.kind === 'missing') {
        if (loading.isOpen && !isKnownModule(fault.missing)) continue;
        const remark = missingRemark(model, instance, run, loading, fault);
        if (remark) yield remark;
      } else if (!isRelativeTold) {
        isRelativeTold = true;
        yield relativeRemark(instance, run, loading, fault);
      }
    }
  }
}

/** Whether a workflow builds the image, from what git holds. */
function isBuiltOnGitHub(model: Model, { image }: Instance): boolean {
  return model.builds.some(
    (build) =>
      build.by === 'workflow' && build.dockerfile === image?.dockerfile.path && build.context === image.build.context,
  );
}

function* nodeRemarks(model: Model, instance: Instance): Generator<Remark> {
  const told = new Set<string>();
  for (const fault of nodeFaults(model, instance)) {
    // One way of writing imports is one mistake, in however many lines.
    const isHabit = /^(extension|folder|alias|require|import)$/.test(fault.kind);
    const cause = isHabit
      ? /^(extension|folder)$/.test(fault.kind)
        ? 'extension'
        : fault.kind
      : `${fault.kind} ${fault.module}`;
    if (told.has(cause)) continue;
    told.add(cause);
    yield nodeRemark(instance, fault, isHabit);
  }
}

/** No package is in the image at all. */
function bareRemark(instance: Instance, fault: NodeFault): Remark {
  const { image } = instance;
  const name = fault.right ?? fault.module;
  const [fr, en] = crash(
    instance,
    fault.isEsm ? `Error [ERR_MODULE_NOT_FOUND]: Cannot find package '${name}'` : `Error: Cannot find module '${name}'`,
  );
  const stages = image?.dockerfile.stages ?? [];
  const last = image?.copies.findLast((copy) => copy.stage === image.stage) ?? undefined;
  const maker = stages.find(
    (stage) =>
      stage !== image?.stage &&
      stage.instructions.some((step) => step.keyword === 'RUN' && /\b(npm|pnpm|yarn|bun)\b/.test(step.raw)),
  );
  const workdir = maker?.instructions.find((step) => step.keyword === 'WORKDIR')?.text ?? '/app';
  const fix =
    maker === undefined
      ? 'COPY package*.json ./\nRUN npm ci --omit=dev'
      : `COPY --from=${maker.name ?? String(maker.index)} ${workdir}/node_modules ./node_modules`;
  return {
    severity: 'error',
    place: { file: image?.dockerfile.path ?? '', line: last?.instruction.line ?? image?.stage.line ?? 1 },
    about: `packages ${image?.dockerfile.path ?? ''}`,
    fr: [
      `${fault.source.path} (ligne ${fault.line}) importe « ${name} », mais l’image finale n’a pas de node_modules : rien ne l’installe ni ne le copie.`,
      fr,
      `Ajoutez à ${maker === undefined ? 'l’image' : 'la dernière étape'} :\n${fix}`,
    ],
    en: [
      `${fault.source.path} (line ${fault.line}) imports "${name}", but the final image has no node_modules: nothing installs or copies it.`,
      en,
      `Add to the ${maker === undefined ? 'image' : 'last stage'}:\n${fix}`,
    ],
  };
}

/** What an import looks like that Node, TypeScript or a bundler does not find. */
function nodeLook(instance: Instance, fault: NodeFault): [string, string] {
  const { module, source, right } = fault;
  const { by } = fault;
  if (by !== 'node') {
    const words =
      by === 'tsc'
        ? `error TS2307: Cannot find module '${module}' or its corresponding type declarations.`
        : fault.kind === 'package'
          ? `failed to resolve import "${module}" from "${source.path}"`
          : `Could not resolve "${module}" from "${source.path}"`;
    return [
      `La construction s’arrête : « ${words} » (ou « Module not found: Can't resolve '${module}' »).`.replace(
        by === 'tsc' ? / \(ou .*\)/ : /$^/,
        '',
      ),
      `The build stops: "${words}" (or "Module not found: Can't resolve '${module}'").`.replace(
        by === 'tsc' ? / \(or .*\)/ : /$^/,
        '',
      ),
    ];
  }
  const at = fault.absolute ?? source.path;
  const target = path.posix.resolve(path.posix.dirname(at), module);
  switch (fault.kind) {
    case 'require':
      return crash(instance, 'ReferenceError: require is not defined in ES module scope, you can use import instead');
    case 'import':
      return crash(instance, 'SyntaxError: Cannot use import statement outside a module');
    case 'folder':
      return crash(
        instance,
        `Error [ERR_UNSUPPORTED_DIR_IMPORT]: Directory import '${target}' is not supported resolving ES modules`,
      );
    case 'package':
    case 'dev-package':
      return crash(
        instance,
        fault.isEsm
          ? `Error [ERR_MODULE_NOT_FOUND]: Cannot find package '${right ?? module}' imported from ${at}`
          : `Error: Cannot find module '${module}'`,
      );
    default:
      return crash(
        instance,
        fault.isEsm
          ? `Error [ERR_MODULE_NOT_FOUND]: Cannot find module '${fault.absolute === undefined ? module : target}'`
          : `Error: Cannot find module '${module}'`,
      );
  }
}

function nodeRemark(instance: Instance, fault: NodeFault, isHabit: boolean): Remark {
  const { image } = instance;
  const { source, module } = fault;
  const right = fault.right ?? '';
  const dockerfile = image?.dockerfile.path ?? '';
  const look =
    fault.kind === 'alias' ? crash(instance, `Error: Cannot find module '${module}'`) : nodeLook(instance, fault);
  if (fault.kind === 'bare') return bareRemark(instance, fault);
  if (fault.kind === 'uncopied')
    return uncopiedRemark({ instance, source, line: fault.line, module, look, about: '' }, right);
  const manifest = nodePackages(instance.around.project, source.path)?.file ?? 'package.json';
  const install =
    path.posix.dirname(manifest) === '.'
      ? `npm install ${right}`
      : `npm install ${right} --prefix ${path.posix.dirname(manifest)}`;
  const said: Record<
    Exclude<NodeFault['kind'], 'uncopied' | 'bare'>,
    { fr: [string, string]; en: [string, string] }
  > = {
    file: {
      fr: [`importe « ${module} », et ce fichier n’existe pas`, 'Corrigez le chemin, ou ajoutez ce fichier au projet.'],
      en: [`imports "${module}", and there is no such file`, 'Mend the path, or add that file to the project.'],
    },
    case: {
      fr: [
        `importe « ${module} », mais le fichier s’appelle ${right}, et les majuscules comptent sous Linux`,
        `Écrivez l’import comme le fichier s’appelle : ${likeFile(module, right)}`,
      ],
      en: [
        `imports "${module}", but the file is called ${right}, and the case of letters counts on Linux`,
        `Write the import as the file is called: ${likeFile(module, right)}`,
      ],
    },
    extension: {
      fr: [
        `importe « ${module} » sans la fin du nom, que Node exige dans un module ("type": "module")`,
        `Écrivez la fin du nom, dans tous les imports de vos fichiers : '${right}'`,
      ],
      en: [
        `imports "${module}" without the ending of the name, which Node demands in a module ("type": "module")`,
        `Write the ending, in all imports of your own files: '${right}'`,
      ],
    },
    folder: {
      fr: [
        `importe le dossier « ${module} », ce que Node n’accepte pas dans un module ("type": "module")`,
        `Écrivez le fichier, dans tous les imports : '${right}'`,
      ],
      en: [
        `imports the folder "${module}", which Node does not accept in a module ("type": "module")`,
        `Write the file, in all imports: '${right}'`,
      ],
    },
    package: {
      fr: [`importe « ${right} », qui n’est pas dans ${manifest}`, `Ajoutez-le : ${install}`],
      en: [`imports "${right}", which is not in ${manifest}`, `Add it: ${install}`],
    },
    'dev-package': {
      fr: [
        `importe « ${right} », qui est dans devDependencies, que l’image n’installe pas`,
        `Déplacez « ${right} » dans "dependencies" : ${install} --save-prod`,
      ],
      en: [
        `imports "${right}", which is in devDependencies, and the image does not install these`,
        `Move "${right}" to "dependencies": ${install} --save-prod`,
      ],
    },
    alias: {
      fr: [
        `importe « ${module} » : tsc laisse cet alias tel quel (« paths » de tsconfig.json), et Node ne le connaît pas`,
        'Installez tsc-alias et construisez par : "build": "tsc && tsc-alias" (ou écrivez des chemins relatifs).',
      ],
      en: [
        `imports "${module}": tsc leaves this alias as it is ("paths" of tsconfig.json), and Node does not know it`,
        'Install tsc-alias and build with: "build": "tsc && tsc-alias" (or write relative paths).',
      ],
    },
    require: {
      fr: [
        `appelle require(), mais ${manifest} dit "type": "module"`,
        `Enlevez "type": "module" de ${manifest}, ou écrivez des import à la place des require().`,
      ],
      en: [
        `calls require(), but ${manifest} says "type": "module"`,
        `Remove "type": "module" from ${manifest}, or write import instead of require().`,
      ],
    },
    import: {
      fr: [
        `contient « import », mais ${manifest} ne dit pas "type": "module", et ${image?.base ?? 'node'} ne le devine pas`,
        `Ajoutez à ${manifest} : "type": "module"`,
      ],
      en: [
        `holds "import", but ${manifest} does not say "type": "module", and ${image?.base ?? 'node'} does not guess it`,
        `Add to ${manifest}: "type": "module"`,
      ],
    },
  };
  const { fr, en } = said[fault.kind];
  return {
    severity: 'error',
    place: { file: source.path, line: fault.line },
    about: isHabit
      ? `${fault.kind} ${dockerfile}`
      : `${/package/.test(fault.kind) ? 'package' : 'import'} ${dockerfile} ${/package/.test(fault.kind) ? right : `${source.path} ${module}`}`,
    fr: [`${source.path} ${fr[0]}.`, look[0], fr[1]],
    en: [`${source.path} ${en[0]}.`, look[1], en[1]],
  };
}

/** An import as it would be written for the file that there is. */
function likeFile(module: string, file: string): string {
  const parts = module.split('/');
  const own = file.split('/').toReversed();
  const isIndex = /^index\./.test(own[0] ?? '') && !/^index/.test(parts.at(-1) ?? '');
  const names = (isIndex ? own.slice(1) : own)
    .slice(0, parts.filter((part) => !/^\.*$/.test(part)).length)
    .toReversed();
  const hasEnding = /\.\w+$/.test(parts.at(-1) ?? '');
  return [
    ...parts.filter((part) => /^\.*$/.test(part)),
    ...names.map((name, index) =>
      index === names.length - 1 && !hasEnding && !isIndex ? name.replace(/\.\w+$/, '') : name,
    ),
  ].join('/');
}

/** What an import that fails looks like: most programs stop, Streamlit shows it in the page. */
function failure(instance: Instance, run: Run, words: string): [string, string] {
  if (run.program !== 'streamlit') return crash(instance, words);
  return [
    `La page montre « ${words} » au lieu de l’application.`,
    `The page shows "${words}" instead of the application.`,
  ];
}

/** `from module import a, b` as it would have to be written. */
function statement(fault: ImportFault, module: string): string {
  if (fault.names.length > 0)
    return module === '' ? `import ${fault.names.join(', ')}` : `from ${module} import ${fault.names.join(', ')}`;
  return `import ${module}`;
}

/** A relative import in a file that is started by itself, not as a part of a package. */
function relativeRemark(instance: Instance, run: Run, loading: Loading, fault: ImportFault): Remark {
  const { source, absolute } = fault.loaded;
  const dockerfile = instance.image?.dockerfile.path ?? '';
  const rest = fault.module.replace(/^\.+/, '');
  const isBeyond = fault.kind === 'beyond';
  const words = isBeyond
    ? 'ImportError: attempted relative import beyond top-level package'
    : 'ImportError: attempted relative import with no known parent package';
  const [fr, en] = failure(instance, run, words);
  const inside = path.posix.relative(run.cwd, absolute).replace(/\.py$/, '').replaceAll('/', '.');
  const isBelow = fault.loaded.isMain && run.program === 'python' && inside.includes('.') && !inside.startsWith('.');
  const [first = rest] = rest === '' ? fault.names : [rest];
  const isFound = findModule(instance, loading.folders, first).state === 'yes';
  const mended = statement(fault, rest);
  const fix: [string, string] = isBelow
    ? [
        `Lancez-le comme une partie de son paquet : ["python", "-m", "${inside}"]`,
        `Run it as a part of its package: ["python", "-m", "${inside}"]`,
      ]
    : isFound
      ? [
          `Écrivez, sans point : ${mended} (de même dans les autres fichiers du dossier).`,
          `Write, without the dot: ${mended} (and likewise in the other files of the folder).`,
        ]
      : [
          'Mettez ces fichiers dans un dossier (un paquet), copiez ce dossier dans l’image, et lancez dossier.module depuis le dossier au-dessus.',
          'Put these files into a folder (a package), copy that folder into the image, and start folder.module from the folder above.',
        ];
  const reason: [string, string] = isBeyond
    ? [
        `ce qui remonte au-dessus de ${loading.folders[0] ?? '/'}, où le programme démarre`,
        `which climbs above ${loading.folders[0] ?? '/'}, where the program starts`,
      ]
    : [
        `mais le fichier est lancé seul (${path.posix.basename(absolute)} dans ${path.posix.dirname(absolute)}), et non comme partie d’un paquet`,
        `but the file is loaded by itself (${path.posix.basename(absolute)} in ${path.posix.dirname(absolute)}), not as a part of a package`,
      ];
  return {
    severity: 'error',
    place: { file: source.path, line: fault.line },
    about: `relative ${dockerfile} ${source.path}`,
    fr: [`${source.path} importe « ${fault.module} », ${reason[0]}.`, fr, fix[0]],
    en: [`${source.path} imports "${fault.module}", ${reason[1]}.`, en, fix[1]],
  };
}

/** The project's files that a module may have been meant to be: the whole name first, then its first part. */
function candidates(model: Model, module: string): string[] {
  const inPath = (parts: string[]): string[] => {
    const wanted = parts.join('/');
    return model.project.files
      .map((file) => file.path)
      .filter(
        (file) =>
          file.endsWith('.py') &&
          !isAside(file) &&
          (`/${file}`.endsWith(`/${wanted}.py`) || `/${file}`.includes(`/${wanted}/`)),
      );
  };
  const parts = module.split('.');
  const whole = inPath(parts);
  return whole.length > 0 || parts.length === 1 ? whole : inPath(parts.slice(0, 1));
}

/** A module that Python does not find: a file of the project that is elsewhere, or a package that was not installed. */
function missingRemark(
  model: Model,
  instance: Instance,
  run: Run,
  loading: Loading,
  fault: ImportFault,
): Remark | undefined {
  const { image } = instance;
  if (!image) return undefined;
  const top = fault.missing.split('.')[0] ?? '';
  const module = fault.module.startsWith('.') ? fault.missing : fault.module;
  const told: Told = {
    instance,
    source: fault.loaded.source,
    line: fault.line,
    module,
    about: `import ${image.dockerfile.path} ${fault.missing}`,
    look: failure(instance, run, `ModuleNotFoundError: No module named '${fault.missing}'`),
  };
  const hidden = fault.hidden ?? hiddenByGit(model, instance, loading, fault);
  if (hidden !== undefined)
    return remarkOf(
      { ...told, about: `import ${image.dockerfile.path} ${hidden}` },
      [`mais .gitignore laisse « ${hidden} » hors du dépôt`, `but .gitignore leaves "${hidden}" out of the repository`],
      [`Ajoutez-le : git add -f ${hidden}`, `Add it: git add -f ${hidden}`],
    );
  const isPackage = fault.missing === top && isInstalled(instance, top) === 'no';
  const files = candidates(model, fault.missing === top ? module : fault.missing);
  // A folder that happens to be called like a package is not what was meant.
  const file = nearestFile(
    isPackage && isKnownModule(top) ? files.filter((each) => isMeant(each, module)) : files,
    fault.loaded.source.path,
  );
  if (file !== undefined) return localRemark(told, fault, run, loading, file);
  if (isPackage) {
    const name = distributionOf(top) ?? top;
    return remarkOf(
      { ...told, module: top, about: `package ${image.dockerfile.path} ${top}` },
      [
        'qu’aucun des paquets installés dans l’image n’apporte',
        'which none of the packages installed in the image brings',
      ],
      [
        `Ajoutez « ${name} » aux dépendances (requirements.txt ou pyproject.toml).`,
        `Add "${name}" to the dependencies (requirements.txt or pyproject.toml).`,
      ],
    );
  }
  if (fault.missing === top) return undefined;
  const owner = fault.missing.split('.').slice(0, -1).join('.');
  return remarkOf(
    told,
    [
      `mais « ${owner} » n’a pas de module « ${fault.missing.split('.').at(-1) ?? ''} »`,
      `but "${owner}" has no module "${fault.missing.split('.').at(-1) ?? ''}"`,
    ],
    [
      'Corrigez le nom du module, ou ajoutez ce fichier au projet.',
      'Mend the module’s name, or add that file to the project.',
    ],
  );
}

interface Told {
  instance: Instance;
  source: SourceFile;
  line: number;
  module: string;
  about: string;
  look: [string, string];
}

function remarkOf(told: Told, reason: [string, string], fix: [string, string]): Remark {
  const { source } = told;
  return {
    severity: 'error',
    place: { file: source.path, line: told.line },
    about: told.about,
    fr: [`${source.path} importe « ${told.module} », ${reason[0]}.`, told.look[0], fix[0]],
    en: [`${source.path} imports "${told.module}", ${reason[1]}.`, told.look[1], fix[1]],
  };
}

/** A file of the project that the import means, and that Python does not find where it is. */
function localRemark(told: Told, fault: ImportFault, run: Run, loading: Loading, file: string): Remark {
  const { instance, module } = told;
  const { image } = instance;
  const { project } = instance.around;
  const parts = module.split('.');
  const place = (image ? placesInImage(image, file) : []).find((each) => instance.around.find(each).source === file);
  if (place === undefined) return uncopiedRemark(told, file);
  const inside = fault.missing.replaceAll('.', '/');
  const before = new RegExp(`^(.*?)/${literal(inside)}(?=[./])`).exec(place)?.[1];
  if (before !== undefined) {
    const folder = before === '' ? '/' : before;
    // A script is looked for in its own folder only; as a module it is looked for from where it is started.
    const script = path.posix.relative(
      run.cwd,
      fault.loaded.isMain ? fault.loaded.absolute : path.posix.resolve(run.cwd, run.args[0] ?? ''),
    );
    const isScript = run.program === 'python' && run.module === undefined && folder === run.cwd && script.includes('/');
    const dotted = script.replace(/\.py$/, '').replaceAll('/', '.');
    return remarkOf(
      told,
      [
        `qui est dans ${folder}, alors que le programme cherche dans ${loading.folders.join(', ')}`,
        `which is in ${folder}, while the program looks in ${loading.folders.join(', ')}`,
      ],
      isScript
        ? [
            `Lancez-le comme un module : ["python", "-m", "${dotted}"]`,
            `Run it as a module: ["python", "-m", "${dotted}"]`,
          ]
        : [`Ajoutez au Dockerfile : ENV PYTHONPATH=${folder}`, `Add to the Dockerfile: ENV PYTHONPATH=${folder}`],
    );
  }
  // The content of a folder was copied without the folder.
  for (let lost = 1; lost < parts.length; lost++) {
    const rest = parts.slice(lost).join('.');
    if (findModule(instance, loading.folders, rest).state !== 'yes') continue;
    const prefix = parts.slice(0, lost).join('.');
    return remarkOf(
      told,
      [
        `mais l’image a le contenu de ce dossier dans ${loading.folders[0] ?? '/'}, sans le dossier « ${prefix} »`,
        `but the image has what that folder holds in ${loading.folders[0] ?? '/'}, without the folder "${prefix}"`,
      ],
      [
        `Écrivez : ${statement(fault, rest)} (ou copiez le dossier entier : COPY … ./${prefix}/, et lancez ${prefix}.${path.posix.basename(fault.loaded.absolute, '.py')})`,
        `Write: ${statement(fault, rest)} (or copy the whole folder: COPY … ./${prefix}/, and start ${prefix}.${path.posix.basename(fault.loaded.absolute, '.py')})`,
      ],
    );
  }
  return remarkOf(
    told,
    [
      `qui est dans l’image à ${place}, où le programme ne le cherche pas`,
      `which is in the image at ${place}, where the program does not look`,
    ],
    [
      `Corrigez l’import, ou le COPY qui apporte ${project.kindOf(file) === undefined ? module : file}.`,
      `Mend the import, or the COPY that brings ${file}.`,
    ],
  );
}

/** No COPY brings the file. */
function uncopiedRemark(told: Told, file: string): Remark {
  const { instance, source } = told;
  const image = instance.image;
  const inside = path.posix.relative(image?.context.folder ?? '.', file);
  const top = inside.split('/')[0] ?? inside;
  const lack = image?.context.lacks(file);
  const line = image?.copies.findLast((copy) => copy.from === undefined)?.instruction.line ?? image?.stage.line ?? 1;
  const because: [string, string] =
    lack === 'dockerignore' ? [' (.dockerignore l’écarte)', ' (.dockerignore leaves it out)'] : ['', ''];
  return {
    severity: 'error',
    place: { file: image?.dockerfile.path ?? '', line },
    about: `import ${image?.dockerfile.path ?? ''} ${file}`,
    fr: [
      `${source.path} (ligne ${told.line}) importe « ${told.module} », mais aucun COPY n’apporte ${lack === 'outside' ? file : inside} dans l’image${because[0]}.`,
      told.look[0],
      lack === 'outside'
        ? `Construisez depuis un dossier qui contient aussi ${file} (context: .), et ajoutez le COPY qui l’apporte.`
        : lack === 'dockerignore'
          ? `Enlevez de ${image?.context.ignoreFile ?? '.dockerignore'} la ligne qui écarte ${inside}.`
          : `Ajoutez : COPY ${top} ./${top === inside ? '' : top}`,
    ],
    en: [
      `${source.path} (line ${told.line}) imports "${told.module}", but no COPY brings ${lack === 'outside' ? file : inside} into the image${because[1]}.`,
      told.look[1],
      lack === 'outside'
        ? `Build from a folder that also holds ${file} (context: .), and add the COPY that brings it.`
        : lack === 'dockerignore'
          ? `Remove from ${image?.context.ignoreFile ?? '.dockerignore'} the line that leaves ${inside} out.`
          : `Add: COPY ${top} ./${top === inside ? '' : top}`,
    ],
  };
}

/** Whether a file is what the whole dotted name says. */
function isMeant(file: string, module: string): boolean {
  return new RegExp(`(^|/)${literal(module.replaceAll('.', '/'))}[./]`).test(file);
}

/** Of several files, the one that lies nearest to another. */
function nearestFile(files: string[], to: string): string | undefined {
  const shared = (file: string) => {
    const parts = to.split('/');
    const index = file.split('/').findIndex((part, at) => part !== parts[at]);
    return index < 0 ? parts.length : index;
  };
  return files.toSorted((a, b) => shared(b) - shared(a) || a.length - b.length)[0];
}

/** A path that git leaves out of the repository, and that the import would have meant. */
function hiddenByGit(model: Model, instance: Instance, loading: Loading, fault: ImportFault): string | undefined {
  const { project } = model;
  const parts = fault.missing.split('.');
  for (const folder of loading.folders) {
    const base = instance.around.find(folder).source ?? instance.around.find(`${folder}/__init__.py`).source;
    if (base === undefined) continue;
    const root = project.kindOf(base) === 'folder' ? base : path.posix.dirname(base);
    for (let end = 1; end <= parts.length; end++) {
      const target = path.posix.normalize(path.posix.join(root, ...parts.slice(0, end)));
      if (project.kindOf(target) !== undefined) continue;
      if (!project.isShared(`${target}/__init__.py`) || !project.isShared(`${target}.py`)) return target;
    }
  }
  return undefined;
}
