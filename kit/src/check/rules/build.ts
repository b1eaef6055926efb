import path from 'node:path';
import { objectIn } from '../read/object-file.ts';
import type { Remark, Rule } from '../findings.ts';
import { BROWSER_VARIABLE } from '../fronts.ts';
import type { Model } from '../model.ts';
import { readDockerfile, type Dockerfile, type Instruction, type Stage } from '../read/dockerfile.ts';
import {
  findInImage,
  imageOf,
  isPlainBase,
  openContext,
  readImage,
  systemOf,
  type Build,
  type Context,
  type Image,
} from '../read/image.ts';
import { OFFICIAL } from '../read/images.ts';
import { isEnvFile } from '../read/env-file.ts';
import { readJsonc } from '../read/jsonc.ts';
import { addedByHand, installOf, nodePackages } from '../read/node-packages.ts';
import { pythonEnvironments } from '../read/packages.ts';
import { builtFolders, packagesOf, toolsOf, type MissingScript, type Tool } from '../read/node-tools.ts';
import { optionOf, readShell } from '../read/shell.ts';
import { isObject, objectAt, objectsAt, placeAt, placeOf, textAt, type Place } from '../read/yaml.ts';
import { literal, meansTheSame, nearest } from '../words.ts';

/** A build is judged once, however many services and workflows name it. */
function distinctBuilds(model: Model): Build[] {
  const seen = new Set<string>();
  return model.builds.filter((build) => {
    const key = `${build.dockerfile} ${build.context} ${build.target ?? ''} ${build.by === 'workflow' ? 'w' : ''}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

function folderWord(folder: string): string {
  return folder === '.' ? 'la racine du projet' : folder;
}

export const buildContext: Rule = {
  id: 'build-context',
  title: {
    fr: 'Le Dockerfile ou le dossier de construction n’est pas là où on le cherche',
    en: 'The Dockerfile or the build folder is not where it is looked for',
  },
  why: {
    fr: 'Une construction a deux chemins : le contexte (le dossier envoyé à Docker) et le Dockerfile. Les majuscules comptent sur les machines qui construisent.',
    en: 'A build has two paths: the context (the folder sent to Docker) and the Dockerfile. The case of letters counts on the machines that build.',
  },
  *check(model) {
    for (const build of distinctBuilds(model)) {
      if (build.by === 'folder' || build.context.startsWith('..')) continue;
      const { project } = model;
      if (project.kindOf(build.context) !== 'folder') {
        const right = project.otherCase(build.context) ?? folderLike(model, build.context);
        if (isMadeByJob(model, build, build.context)) continue;
        // Packages bring folders to build from, as Laravel Sail does; others are cloned beside the project.
        if (!project.isShared(`${build.context}/Dockerfile`) || isSubmodule(model, build.context)) continue;
        yield {
          severity: 'error',
          place: build.place,
          about: `context ${build.context}`,
          fr: [
            `Le dossier de construction « ${build.context} » n’existe pas.`,
            build.by === 'compose'
              ? `« docker compose up --build » s’arrête : « unable to prepare context: path "…/${build.context}" not found ».`
              : `La construction s’arrête : « ERROR: unable to prepare context: path "${build.context}" not found ».`,
            right === undefined ? 'Corrigez le chemin du contexte.' : `Écrivez : ${right}`,
          ],
          en: [
            `The build folder "${build.context}" does not exist.`,
            build.by === 'compose'
              ? `"docker compose up --build" stops: "unable to prepare context: path "…/${build.context}" not found".`
              : `The build stops: "ERROR: unable to prepare context: path "${build.context}" not found".`,
            right === undefined ? 'Mend the path of the context.' : `Write: ${right}`,
          ],
        };
        continue;
      }
      if (project.kindOf(build.dockerfile) === 'file') {
        if (build.by === 'workflow' && !project.isShared(build.dockerfile)) yield hiddenDockerfile(build);
        yield* targetRemarks(model, build);
        yield* argumentRemarks(model, build);
        continue;
      }
      if (isMadeByJob(model, build, build.dockerfile)) continue;
      const right = project.otherCase(build.dockerfile) ?? dockerfileLike(model, build);
      const fixed = right === undefined ? undefined : written(build, right);
      const isCase = right !== undefined && right.toLowerCase() === build.dockerfile.toLowerCase();
      // One line that builds several images, each from its own folder, can name no single Dockerfile.
      const isShared =
        right === path.posix.join(build.context, 'Dockerfile') &&
        model.builds.some(
          (other) =>
            other.place.file === build.place.file &&
            other.place.line === build.place.line &&
            other.context !== build.context,
        );
      yield {
        severity: 'error',
        place: build.place,
        about: `dockerfile ${build.dockerfile}`,
        fr: [
          `Il n’y a pas de Dockerfile à « ${build.dockerfile} »${right === undefined ? '' : isCase ? ` ; le fichier s’appelle « ${right} », et les majuscules comptent` : ` ; il est à « ${right} »`}.`,
          `La construction s’arrête : « failed to read dockerfile: open ${path.posix.basename(build.dockerfile)}: no such file or directory ».`,
          isShared
            ? 'Enlevez la ligne file: : sans elle, c’est le Dockerfile du contexte qui est pris.'
            : fixed === undefined
              ? 'Corrigez le chemin du Dockerfile, ou ajoutez ce fichier.'
              : isCase && !fixed.includes(':')
                ? `Renommez le fichier : git mv ${right} ${build.dockerfile}`
                : `Écrivez : ${fixed}`,
        ],
        en: [
          `There is no Dockerfile at "${build.dockerfile}"${right === undefined ? '' : isCase ? `; the file is called "${right}", and the case of letters counts` : `; it is at "${right}"`}.`,
          `The build stops: "failed to read dockerfile: open ${path.posix.basename(build.dockerfile)}: no such file or directory".`,
          isShared
            ? 'Remove the line file: — without it, the Dockerfile of the context is taken.'
            : fixed === undefined
              ? 'Mend the path of the Dockerfile, or add that file.'
              : isCase && !fixed.includes(':')
                ? `Rename the file: git mv ${right} ${build.dockerfile}`
                : `Write: ${fixed}`,
        ],
      };
    }
  },
};

/** A stage that the Dockerfile does not have. */
function* targetRemarks(model: Model, build: Build): Generator<Remark> {
  const { target } = build;
  if (target === undefined || target === '' || /[$<{]/.test(target) || readImage(model.project, build)) return;
  const stages = readDockerfile(build.dockerfile, model.project.read(build.dockerfile) ?? '').stages;
  if (stages.length === 0) return;
  const names = stages.flatMap(({ name }) => name ?? []);
  const near = nearest(target, names, 3) ?? names.find((name) => target.startsWith(name) || name.startsWith(target));
  yield {
    severity: 'error',
    place: placeInBuild(model, build, ['target']),
    about: `target ${build.dockerfile} ${target}`,
    fr: [
      `L’étape « ${target} » (target) n’existe pas dans ${build.dockerfile}${names.length === 0 ? '' : ` (étapes : ${names.join(', ')})`}.`,
      `La construction s’arrête : « target stage "${target}" could not be found ».`,
      near === undefined
        ? `Enlevez target: ${target}, ou nommez l’étape dans le Dockerfile : FROM … AS ${target}`
        : `Écrivez : target: ${near}`,
    ],
    en: [
      `The stage "${target}" (target) does not exist in ${build.dockerfile}${names.length === 0 ? '' : ` (stages: ${names.join(', ')})`}.`,
      `The build stops: "target stage "${target}" could not be found".`,
      near === undefined
        ? `Remove target: ${target}, or name the stage in the Dockerfile: FROM … AS ${target}`
        : `Write: target: ${near}`,
    ],
  };
}

/** Where a part of a build is written, in the file that asks for it. */
function placeInBuild(model: Model, build: Build, keys: string[]): Place {
  const isHere = (place: Place) => place.file === build.place.file && place.line === build.place.line;
  const service = model.stacks
    .flatMap((stack) => stack.services)
    .find((each) => build.by === 'compose' && each.build !== undefined && isHere(each.build.place));
  if (service) return placeAt(service.object, ['build', ...keys]);
  const steps = model.workflows.flatMap((workflow) => workflow.jobs.flatMap((job) => job.steps));
  const inputs = steps
    .map((step) => objectAt(step.object, 'with'))
    .find((each) => [placeOf(each, 'context'), placeOf(each, 'file')].some(isHere));
  return inputs ? placeAt(inputs, [keys[0] === 'args' ? 'build-args' : (keys[0] ?? '')]) : build.place;
}

/** Arguments that every build knows. */
const BUILT_IN_ARGS =
  /^(HTTPS?_PROXY|NO_PROXY|FTP_PROXY|ALL_PROXY|BUILDKIT_\w+|BUILD(PLATFORM|OS|ARCH|VARIANT)|TARGET(PLATFORM|OS|ARCH|VARIANT|STAGE)|SOURCE_DATE_EPOCH)$/i;

/** A build argument under another name than the one that the Dockerfile waits for. */
function* argumentRemarks(model: Model, build: Build): Generator<Remark> {
  const given = [...(build.given?.keys() ?? Object.keys(build.args))];
  const text = model.project.read(build.dockerfile) ?? '';
  const declared = [...text.matchAll(/^\s*ARG\s+(\w+)(=?)/gim)].map(([, name = '', equals]) => ({
    name,
    hasDefault: equals === '=',
  }));
  for (const name of given) {
    // What a front's build lacks is told of the front.
    if (
      BUILT_IN_ARGS.test(name) ||
      BROWSER_VARIABLE.test(name) ||
      /[${]/.test(name) ||
      declared.some((each) => each.name === name)
    )
      continue;
    const free = declared.filter((each) => !given.includes(each.name)).map((each) => each.name);
    const meant =
      nearest(name, free, 3) ??
      free.find((each) => meansTheSame(each, name) || each.endsWith(`_${name}`) || name.endsWith(`_${each}`));
    if (meant === undefined) continue;
    yield {
      severity: 'error',
      place: placeInBuild(model, build, ['args', name]),
      about: `argument ${build.dockerfile} ${name}`,
      breaks: `arguments ${build.dockerfile}`,
      fr: [
        `${build.dockerfile} ne demande pas ${name} (il n’a pas de ligne ARG ${name}), mais ${meant}, que rien ne donne.`,
        `Docker l’oublie et ne fait que prévenir : « [Warning] One or more build-args [${name}] were not consumed ».`,
        `Donnez-lui ce nom : ${meant}`,
      ],
      en: [
        `${build.dockerfile} does not ask for ${name} (it has no line ARG ${name}), but for ${meant}, which nothing gives.`,
        `Docker drops it with a mere warning: "[Warning] One or more build-args [${name}] were not consumed".`,
        `Give it this name: ${meant}`,
      ],
    };
  }
}

function hiddenDockerfile(build: Build): Remark {
  return {
    severity: 'error',
    place: build.place,
    fr: [
      `Le workflow construit « ${build.dockerfile} », que .gitignore laisse hors du dépôt.`,
      `GitHub ne le trouve pas : « failed to read dockerfile: open ${path.posix.basename(build.dockerfile)}: no such file or directory ».`,
      `Ajoutez-le : git add -f ${build.dockerfile}`,
    ],
    en: [
      `The workflow builds "${build.dockerfile}", which .gitignore leaves out of the repository.`,
      `GitHub does not find it: "failed to read dockerfile: open ${path.posix.basename(build.dockerfile)}: no such file or directory".`,
      `Add it: git add -f ${build.dockerfile}`,
    ],
  };
}

/** How the right path is written in the file that names it. */
function written(build: Build, right: string): string {
  const relative = path.posix.relative(build.context, right);
  if (build.by === 'compose') {
    if (path.posix.dirname(right) === build.context) return `dockerfile: ${relative}`;
    return relative.startsWith('..') ? `context: ${path.posix.dirname(right)}` : `dockerfile: ${relative}`;
  }
  return build.by === 'workflow' ? `file: ${right}` : `-f ${right}`;
}

function dockerfileLike(model: Model, build: Build): string | undefined {
  const inside = model.dockerfiles.filter((file) => build.context === '.' || file.startsWith(`${build.context}/`));
  const base = path.posix.basename(build.dockerfile).toLowerCase();
  const sameName = model.dockerfiles.filter((file) => path.posix.basename(file).toLowerCase() === base);
  if (inside.length === 1) return inside[0];
  return sameName.length === 1 ? sameName[0] : nearest(build.dockerfile, model.dockerfiles, 4);
}

function folderLike(model: Model, folder: string): string | undefined {
  const folders = [...new Set(model.dockerfiles.map((file) => path.posix.dirname(file)))];
  return (
    nearest(folder, folders, 4) ??
    (folders.length === 1
      ? folders[0]
      : folders.find((each) => path.posix.basename(each).toLowerCase() === path.posix.basename(folder).toLowerCase()))
  );
}

/** Whether an earlier step of the workflow's job may have put a path there. */
function isMadeByJob(model: Model, build: Build, file: string): boolean {
  if (build.by !== 'workflow') return false;
  const job = model.workflows
    .find((workflow) => workflow.path === build.place.file)
    ?.jobs.find((each) => {
      const steps = each.steps;
      return (
        steps.some((step) => step.place.line <= build.place.line) &&
        each.place.line <= build.place.line &&
        !model.workflows.some(
          (workflow) =>
            workflow.path === build.place.file &&
            workflow.jobs.some((other) => other.place.line > each.place.line && other.place.line <= build.place.line),
        )
      );
    });
  const name = path.posix.basename(file);
  const top = path.posix.normalize(file).split('/')[0] ?? '';
  return (job?.steps ?? []).some((step) => {
    if (step.place.line > build.place.line) return false;
    if (/download-artifact|checkout/.test(step.uses))
      return (
        /download-artifact/.test(step.uses) ||
        textAt(step.object, 'with', 'repository') !== undefined ||
        textAt(step.object, 'with', 'path') !== undefined
      );
    if (step.run === '') return false;
    // The line that builds names the path too, and does not make it.
    const others = step.run
      .split('\n')
      .filter((line) => !/\b(docker|podman)\b/.test(line))
      .join('\n');
    return (
      others.includes(name) ||
      /\b(npm|yarn|pnpm|bun)\s+(run\s+)?(build|generate)|mvn|gradle|make\b|cargo build|go build|dotnet publish|git clone/.test(
        step.run,
      ) ||
      (step.run.includes(`${top}/`) && />|cp |mv /.test(step.run))
    );
  });
}

/** The stages that a build needs: its target, what that is built on, and what it copies from. */
function neededStages(dockerfile: Dockerfile, target: Stage): Stage[] {
  const needed = new Set<Stage>();
  const find = (name: string) =>
    dockerfile.stages.find((stage) => stage.name === name.toLowerCase() || String(stage.index) === name);
  const visit = (stage: Stage | undefined): void => {
    if (!stage || needed.has(stage)) return;
    needed.add(stage);
    const parent = find(stage.from);
    if (parent && parent.index < stage.index) visit(parent);
    for (const step of stage.instructions) {
      if (step.flags.from !== undefined) visit(find(step.flags.from));
      for (const [, mounted = ''] of (step.flags.mount ?? '').matchAll(/\bfrom=([\w.-]+)/g)) visit(find(mounted));
    }
  };
  visit(target);
  return [...needed];
}

export const copySource: Rule = {
  id: 'copy-source',
  title: {
    fr: 'Le Dockerfile copie un fichier que son contexte ne contient pas',
    en: 'The Dockerfile copies a file that its context does not hold',
  },
  why: {
    fr: 'COPY ne voit que le contexte de construction, moins ce que .dockerignore écarte. Sur GitHub, le contexte est le dépôt : ce que .gitignore écarte n’y est pas non plus.',
    en: 'COPY sees only the build context, less what .dockerignore leaves out. On GitHub the context is the repository: what .gitignore leaves out is not there either.',
  },
  *check(model) {
    for (const build of distinctBuilds(model)) {
      if (model.project.kindOf(build.dockerfile) !== 'file' || model.project.kindOf(build.context) !== 'folder')
        continue;
      const image = readImage(model.project, build);
      if (!image) continue;
      const context = openContext(model.project, build);
      const wrong = wrongContext(model, build, image, context);
      if (wrong) {
        yield wrong;
        continue;
      }
      for (const stage of neededStages(image.dockerfile, image.stage)) {
        for (const step of stage.instructions) {
          if (step.keyword !== 'COPY' && step.keyword !== 'ADD') continue;
          yield* copyRemarks(model, build, image, stage, step, context);
        }
      }
    }
  },
};

/** Several files that the context lacks and another folder has: the context is at fault, and it is told once. */
function wrongContext(model: Model, build: Build, image: Image, context: Context): Remark | undefined {
  if (build.by === 'folder') return undefined;
  const sources = neededStages(image.dockerfile, image.stage).flatMap((stage) =>
    stage.instructions
      .filter(
        (step) => /^(COPY|ADD)$/.test(step.keyword) && step.flags.from === undefined && step.heredocs.length === 0,
      )
      .flatMap((step) => (step.exec ?? step.text.split(/\s+/)).slice(0, -1))
      .filter((source) => !/[*?[$<]|:\/\/|^\.{0,2}\/?$/.test(source)),
  );
  const missing = sources.filter((source) => context.lacks(path.posix.join(context.folder, source)) === 'missing');
  if (new Set(missing).size < 2) return undefined;
  const own = path.posix.dirname(build.dockerfile);
  const folders = [own, path.posix.dirname(own), '.', path.posix.dirname(context.folder)].map((folder) =>
    path.posix.normalize(folder),
  );
  const right = folders.find(
    (folder) =>
      folder !== context.folder &&
      sources.every(
        (source) => model.project.kindOf(path.posix.normalize(path.posix.join(folder, source))) !== undefined,
      ),
  );
  if (right === undefined) return undefined;
  const shown = right === '.' ? '.' : `./${right}`;
  const name = path.posix.normalize(missing[0] ?? '').replace(/\/$/, '');
  const also =
    build.by === 'compose' && path.posix.relative(right, build.dockerfile) !== 'Dockerfile'
      ? ` (dockerfile: ${path.posix.relative(right, build.dockerfile)})`
      : '';
  return {
    severity: 'error',
    place: build.place,
    about: `context ${build.dockerfile}`,
    breaks: `image ${build.dockerfile}`,
    fr: [
      `Le contexte de construction est « ${context.folder === '.' ? 'la racine' : context.folder} », alors que ${build.dockerfile} copie des fichiers de « ${right === '.' ? 'la racine' : right} » (${[...new Set(missing)].slice(0, 3).join(', ')}).`,
      `La construction s’arrête : « failed to calculate checksum of ref …: "/${name}": not found ».`,
      `Écrivez : context: ${shown}${also}`,
    ],
    en: [
      `The build context is "${context.folder === '.' ? 'the root' : context.folder}", while ${build.dockerfile} copies files of "${right === '.' ? 'the root' : right}" (${[...new Set(missing)].slice(0, 3).join(', ')}).`,
      `The build stops: "failed to calculate checksum of ref …: "/${name}": not found".`,
      `Write: context: ${shown}${also}`,
    ],
  };
}

function* copyRemarks(
  model: Model,
  build: Build,
  image: Image,
  stage: Stage,
  step: Instruction,
  context: Context,
): Generator<Remark> {
  const { project } = model;
  const words =
    step.exec ??
    readShell(step.text).flatMap((command) => [
      ...Object.entries(command.assignments).map(([name, value]) => `${name}=${value}`),
      ...command.words,
    ]);
  const place: Place = { file: build.dockerfile, line: step.line };
  if (words.length < 2 && step.heredocs.length === 0) {
    yield {
      severity: 'error',
      place,
      fr: [
        `${step.keyword} veut au moins deux mots : ce qu’il copie, et où.`,
        `La construction s’arrête : « ${step.keyword} requires at least two arguments ».`,
        `Écrivez : ${step.keyword} ${words[0] ?? '.'} .`,
      ],
      en: [
        `${step.keyword} wants at least two words: what it copies, and where to.`,
        `The build stops: "${step.keyword} requires at least two arguments".`,
        `Write: ${step.keyword} ${words[0] ?? '.'} .`,
      ],
    };
    return;
  }
  const sources = words.slice(0, -1);
  const destination = words.at(-1) ?? '';
  if (step.flags.from !== undefined) {
    yield* copyFromRemarks(model, image, stage, step, sources, place);
    return;
  }
  const many = sources.filter((source) => !source.startsWith('<<'));
  if (many.length > 1 && !/(\/|^\.|\/\.|^\.\.)$/.test(destination) && step.heredocs.length === 0) {
    yield {
      severity: 'error',
      place,
      fr: [
        `${step.keyword} copie plusieurs fichiers, mais « ${destination} » ne finit pas par « / ».`,
        'La construction s’arrête : « When using COPY with more than one source file, the destination must be a directory and end with a / ».',
        `Écrivez : ${step.keyword} ${many.join(' ')} ${destination}/`,
      ],
      en: [
        `${step.keyword} copies several files, but "${destination}" does not end in "/".`,
        'The build stops: "When using COPY with more than one source file, the destination must be a directory and end with a /".',
        `Write: ${step.keyword} ${many.join(' ')} ${destination}/`,
      ],
    };
  }
  for (const source of sources) {
    if (/^(https?:|git@|ssh:|<<)|[*?[$]|\{\{/.test(source)) continue;
    const clean = path.posix
      .normalize(path.posix.join(context.folder, path.posix.isAbsolute(source) ? source.slice(1) : source))
      .replace(/\/$/, '');
    const lack = context.lacks(clean === '' ? '.' : clean);
    const shared = project.isShared(clean);
    const words_ = `failed to calculate checksum of ref …: "/${path.posix.normalize(source).replace(/^\/|\/$/g, '')}": not found`;
    if (lack === 'dockerignore') {
      const line = ignoreLine(project.read(context.ignoreFile ?? '') ?? '', path.posix.relative(context.folder, clean));
      yield {
        severity: 'error',
        place,
        about: `copy ${build.dockerfile}:${step.line} ${source}`,
        breaks: `image ${build.dockerfile}`,
        fr: [
          `« ${source} » est copié ici, mais ${context.ignoreFile ?? '.dockerignore'}${line === undefined ? '' : ` (ligne ${line})`} l’écarte du contexte.`,
          `La construction s’arrête : « ${words_} ».`,
          `Enlevez la ligne de ${context.ignoreFile ?? '.dockerignore'}${isEnvFile(clean) ? ', ou mieux : enlevez ce COPY et donnez les variables au conteneur (env_file, envFrom)' : `, ou ajoutez-y : !${path.posix.relative(context.folder, clean)}`}.`,
        ],
        en: [
          `"${source}" is copied here, but ${context.ignoreFile ?? '.dockerignore'}${line === undefined ? '' : ` (line ${line})`} leaves it out of the context.`,
          `The build stops: "${words_}".`,
          `Remove the line from ${context.ignoreFile ?? '.dockerignore'}${isEnvFile(clean) ? ', or better: remove this COPY and give the variables to the container (env_file, envFrom)' : `, or add there: !${path.posix.relative(context.folder, clean)}`}.`,
        ],
      };
    } else if (lack === 'outside') {
      yield {
        severity: 'error',
        place,
        about: `copy ${build.dockerfile}:${step.line} ${source}`,
        breaks: `image ${build.dockerfile}`,
        fr: [
          `« ${source} » est hors du contexte de construction (${folderWord(context.folder)}).`,
          `La construction s’arrête : « ${words_} » (ou « forbidden path outside the build context »).`,
          `Construisez depuis un dossier plus haut (context: .. et dockerfile: ${build.dockerfile}), ou mettez le fichier dans ${folderWord(context.folder)}.`,
        ],
        en: [
          `"${source}" is outside the build context (${context.folder === '.' ? 'the project’s root' : context.folder}).`,
          `The build stops: "${words_}" (or "forbidden path outside the build context").`,
          `Build from a higher folder (context: .. and dockerfile: ${build.dockerfile}), or put the file in ${context.folder === '.' ? 'the project’s root' : context.folder}.`,
        ],
      };
    } else if (lack === 'missing' || (!shared && build.by === 'workflow')) {
      if (isMadeByJob(model, build, clean)) continue;
      const isOutput =
        /(^|\/)(dist|build|target|out|\.next|\.output|public|bin|release|node_modules|staticfiles|www)(\/|$)|\.(jar|war|whl|zip|tar|tgz|gz|exe)$/.test(
          clean,
        );
      if (!shared) {
        if (isOutput && build.by !== 'workflow') continue;
        const isCertain = build.by === 'workflow';
        yield {
          severity: isCertain ? 'error' : 'warning',
          place,
          about: `copy ${build.dockerfile}:${step.line} ${source}`,
          breaks: `image ${build.dockerfile}`,
          fr: [
            `« ${source} » est copié ici, mais .gitignore le laisse hors du dépôt.`,
            isCertain
              ? `Sur GitHub, la construction s’arrête : « ${words_} ».`
              : `Chez qui clone le dépôt, la construction s’arrête : « ${words_} ».`,
            isEnvFile(clean)
              ? 'Enlevez ce COPY et donnez les variables au conteneur (env_file dans compose, envFrom dans Kubernetes) : un secret n’a rien à faire dans une image.'
              : `Enlevez ce COPY, ou retirez « ${source} » de .gitignore et ajoutez-le au dépôt.`,
          ],
          en: [
            `"${source}" is copied here, but .gitignore leaves it out of the repository.`,
            isCertain
              ? `On GitHub, the build stops: "${words_}".`
              : `For whoever clones the repository, the build stops: "${words_}".`,
            isEnvFile(clean)
              ? 'Remove this COPY and give the variables to the container (env_file in compose, envFrom in Kubernetes): a secret has no place in an image.'
              : `Remove this COPY, or take "${source}" out of .gitignore and add it to the repository.`,
          ],
        };
        continue;
      }
      if ((isOutput && build.by !== 'workflow') || isSubmodule(model, clean)) continue;
      const isProgram =
        build.by === 'folder' &&
        !/\.\w+$|^(src|app|api|server|client|backend|frontend|lib|public|static|templates|data|config|scripts|tests?)$/.test(
          path.posix.basename(clean),
        );
      const right = sourceLike(model, context, clean);
      yield {
        // A name without ending, in a Dockerfile that nothing builds here, may be a program that is made elsewhere.
        severity: isProgram ? 'warning' : 'error',
        place,
        about: `copy ${build.dockerfile}:${step.line} ${source}`,
        breaks: `image ${build.dockerfile}`,
        fr: [
          `« ${source} » n’existe pas dans le contexte de construction (${folderWord(context.folder)}${build.by === 'folder' ? '' : `, dit par ${build.place.file}`})${right.at === undefined ? '' : ` ; il est à « ${right.at} »`}.`,
          `La construction s’arrête : « ${words_} ».`,
          right.fr,
        ],
        en: [
          `"${source}" does not exist in the build context (${context.folder === '.' ? 'the project’s root' : context.folder}${build.by === 'folder' ? '' : `, says ${build.place.file}`})${right.at === undefined ? '' : `; it is at "${right.at}"`}.`,
          `The build stops: "${words_}".`,
          right.en,
        ],
      };
    }
  }
}

/** Submodules are empty folders, or none at all, until they are fetched. */
function isSubmodule(model: Model, file: string): boolean {
  const text = model.project.read('.gitmodules') ?? '';
  return [...text.matchAll(/^\s*path\s*=\s*(\S+)/gm)].some(
    ([, folder = '']) => file === folder || file.startsWith(`${folder}/`),
  );
}

function ignoreLine(text: string, file: string): number | undefined {
  const top = file.split('/')[0] ?? '';
  const index = text.split('\n').findIndex((line) => {
    const rule = line
      .trim()
      .replace(/^\//, '')
      .replace(/\/$/, '')
      .replace(/^\*\*\//, '');
    return (
      rule === file ||
      rule === top ||
      rule === path.posix.basename(file) ||
      (rule.includes('*') &&
        !rule.startsWith('!') &&
        new RegExp(`^${rule.split(/\*+/).map(literal).join('.*')}$`).test(file))
    );
  });
  return index < 0 ? undefined : index + 1;
}

/** Where a file that a `COPY` misses may be. */
function sourceLike(model: Model, context: Context, clean: string): { at: string | undefined; fr: string; en: string } {
  const { project } = model;
  const other = project.otherCase(clean);
  if (other !== undefined) {
    const inside = path.posix.relative(context.folder, other);
    return {
      at: other,
      fr: `Les majuscules comptent ; écrivez : ${inside}`,
      en: `The case of letters counts; write: ${inside}`,
    };
  }
  const name = path.posix.basename(clean);
  const matches = project.files
    .map((file) => file.path)
    .filter((file) => path.posix.basename(file) === name && !/(^|\/)node_modules\//.test(file));
  const folders = [
    ...new Set(
      project.files.flatMap((file) =>
        path.posix.basename(path.posix.dirname(file.path)) === name ? [path.posix.dirname(file.path)] : [],
      ),
    ),
  ];
  const found = matches.length > 0 ? matches : folders;
  const [match] = found;
  if (match !== undefined && found.length === 1) {
    const inside = path.posix.relative(context.folder, match);
    return inside.startsWith('..')
      ? {
          at: match,
          fr: `Changez le contexte de construction en « ${path.posix.dirname(match)} », ou copiez depuis un dossier qui contient les deux.`,
          en: `Change the build context to "${path.posix.dirname(match)}", or copy from a folder that holds both.`,
        }
      : {
          at: match,
          fr: `Écrivez le chemin depuis le contexte : ${inside}`,
          en: `Write the path from the context: ${inside}`,
        };
  }
  const near = nearest(name, project.list(path.posix.dirname(clean)), 3);
  return near === undefined
    ? {
        at: undefined,
        fr: `Ajoutez « ${name} », ou enlevez-le de cette ligne.`,
        en: `Add "${name}", or remove it from this line.`,
      }
    : { at: path.posix.join(path.posix.dirname(clean), near), fr: `Écrivez : ${near}`, en: `Write: ${near}` };
}

function* copyFromRemarks(
  model: Model,
  image: Image,
  stage: Stage,
  step: Instruction,
  sources: string[],
  place: Place,
): Generator<Remark> {
  const name = step.flags.from ?? '';
  const { stages } = image.dockerfile;
  const from = stages.find((candidate) => candidate.name === name.toLowerCase() || String(candidate.index) === name);
  if (!from) {
    if (/[/:$.]/.test(name) || OFFICIAL.has(name) || /^\d+$/.test(name) || hasNamedContexts(model)) return;
    const near =
      nearest(
        name,
        stages.flatMap((candidate) => candidate.name ?? []),
        4,
      ) ?? stages.find((candidate) => candidate.index < stage.index)?.name;
    yield {
      severity: 'error',
      place,
      fr: [
        `Aucune étape du Dockerfile ne s’appelle « ${name} »${near === undefined ? '' : ` (il y a : ${stages.flatMap((candidate) => candidate.name ?? []).join(', ')})`}.`,
        `La construction s’arrête : « ${name}: failed to resolve source metadata for docker.io/library/${name}:latest … pull access denied ».`,
        near === undefined ? `Nommez l’étape : FROM … AS ${name}` : `Écrivez : COPY --from=${near} …`,
      ],
      en: [
        `No stage of the Dockerfile is called "${name}"${near === undefined ? '' : ` (there is: ${stages.flatMap((candidate) => candidate.name ?? []).join(', ')})`}.`,
        `The build stops: "${name}: failed to resolve source metadata for docker.io/library/${name}:latest … pull access denied".`,
        near === undefined ? `Name the stage: FROM … AS ${name}` : `Write: COPY --from=${near} …`,
      ],
    };
    return;
  }
  const other = imageOf(image.dockerfile, from, image.build, image.context);
  for (const source of sources) {
    const remark = madeElsewhere(model, other, name, source, place);
    if (!remark) continue;
    yield remark;
    return;
  }
}

/** A path that is copied from a stage, where nothing in that stage makes it. */
function madeElsewhere(model: Model, other: Image, name: string, source: string, place: Place): Remark | undefined {
  const { project } = model;
  const target = path.posix.resolve('/', source.replace(/\/\.?$/, ''));
  if (
    /[*?[$]/.test(source) ||
    /node_modules|\.venv|site-packages|(package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|bun\.lockb?|\.pnp\.\w+|\.tsbuildinfo|next-env\.d\.ts)$|\/(coverage|\.yarn|\.turbo)(\/|$)/.test(
      target,
    ) ||
    !isPlainBase(other.base)
  )
    return undefined;
  const folders = [other.workdir, ...other.runs.map((run) => run.workdir)].filter((folder) => folder !== '/');
  const isOwn = folders.some((folder) => target.startsWith(`${folder}/`));
  if (
    !isOwn &&
    (!/node/.test(other.base) ||
      /^\/(usr(?!\/src\/)|etc|bin|sbin|lib\d*|root|home|opt|var|tmp|run|srv|mnt|dev|proc)(\/|$)|^\/$/.test(target))
  )
    return undefined;
  if (folders.some((folder) => folder === target || folder.startsWith(`${target}/`))) return undefined;
  if (findInImage(project, { ...other, runs: [] }, target).state !== 'no') return undefined;
  if (!/(^|\/)node(:|@|$)/.test(other.base)) return undefined;
  const made = builtFolders(project, other);
  if (!made || made.folders.includes(target)) return undefined;
  const { outputs } = made;
  const reaches = ({ folder }: { folder: string }) =>
    folder === target || target.startsWith(`${folder === '/' ? '' : folder}/`) || folder.startsWith(`${target}/`);
  const isStandalone = /\/\.next\/standalone(\/|$)/.test(target);
  const next = isStandalone ? nextConfig(model, other) : undefined;
  if (outputs.some(reaches) && next === undefined) return undefined;
  const shown = source.replace(/\/$/, '');
  const stop = `failed to calculate checksum of ref …: "${target}": not found`;
  if (next !== undefined)
    return {
      severity: 'error',
      place,
      about: `copy ${place.file}:${place.line}`,
      breaks: `image ${place.file}`,
      fr: [
        `« ${shown} » n’est fait que si la configuration de Next le demande, et ${next} ne le demande pas.`,
        `La construction s’arrête : « ${stop} ».`,
        `Ajoutez à ${next} : output: 'standalone'`,
      ],
      en: [
        `"${shown}" is made only if Next’s configuration asks for it, and ${next} does not.`,
        `The build stops: "${stop}".`,
        `Add to ${next}: output: 'standalone'`,
      ],
    };
  // The folder that is nearest by its name, and the one that holds what is shown.
  const written = outputs.filter(({ folder }) => !/\/(\.nuxt|\.svelte-kit)$/.test(folder) && folder !== other.workdir);
  const right = written.at(-1);
  const fix =
    right === undefined ? undefined : source.startsWith('/') ? right.folder : path.posix.relative('/', right.folder);
  // A folder that COPY . . would bring, if the project had it.
  const isBrought =
    isOwn &&
    !/(^|\/)(dist|build|out|public_html|www|\.next|\.output|\.nuxt|lib|esm|cjs|bundle)(\/|$)/.test(
      path.posix.relative(folders[0] ?? '/', target),
    );
  if (isBrought) {
    const inside = path.posix.relative(folders.find((folder) => target.startsWith(`${folder}/`)) ?? '/', target);
    const lack = other.context.lacks(path.posix.join(other.context.folder, inside));
    // Told where the stage itself copies it.
    if (
      lack === 'dockerignore' &&
      other.copies.some((copy) => copy.sources.some((each) => path.posix.normalize(each).replace(/\/$/, '') === inside))
    )
      return undefined;
    return {
      severity: 'error',
      place,
      about: `copy ${place.file}:${place.line}`,
      breaks: `image ${place.file}`,
      fr: [
        `L’étape « ${name} » n’a pas de « ${target} »${lack === 'dockerignore' ? ` : ${other.context.ignoreFile ?? '.dockerignore'} écarte ${inside}` : lack === 'missing' ? ` : le projet n’a pas de « ${inside} »` : ' : aucun COPY ne l’y apporte'}.`,
        `La construction s’arrête : « ${stop} ».`,
        lack === 'dockerignore'
          ? `Enlevez de ${other.context.ignoreFile ?? '.dockerignore'} la ligne qui écarte ${inside}.`
          : lack === 'missing'
            ? `Ajoutez « ${inside} » au projet (git ne garde pas un dossier vide : mettez-y un fichier), ou enlevez cette ligne.`
            : `Ajoutez à l’étape « ${name} » : COPY ${inside} ./${inside}`,
      ],
      en: [
        `The stage "${name}" has no "${target}"${lack === 'dockerignore' ? `: ${other.context.ignoreFile ?? '.dockerignore'} leaves ${inside} out` : lack === 'missing' ? `: the project has no "${inside}"` : ': no COPY brings it there'}.`,
        `The build stops: "${stop}".`,
        lack === 'dockerignore'
          ? `Remove from ${other.context.ignoreFile ?? '.dockerignore'} the line that leaves ${inside} out.`
          : lack === 'missing'
            ? `Add "${inside}" to the project (git keeps no empty folder: put a file there), or remove this line.`
            : `Add to the stage "${name}": COPY ${inside} ./${inside}`,
      ],
    };
  }
  const isSvelteAuto = outputs.some(({ folder }) => folder.endsWith('/.svelte-kit')) && right === undefined;
  if (right === undefined && !isSvelteAuto && outputs.length > 0) return undefined;
  return {
    severity: 'error',
    place,
    about: `copy ${place.file}:${place.line}`,
    breaks: `image ${place.file}`,
    fr: [
      right !== undefined
        ? `« ${right.by} » écrit dans « ${right.folder} » : l’étape « ${name} » n’a pas de « ${target} ».`
        : `Rien dans l’étape « ${name} » ne fait « ${target} »${isSvelteAuto ? ' : adapter-auto ne fait pas de serveur Node' : ''}.`,
      `La construction s’arrête : « ${stop} ».`,
      fix !== undefined
        ? `Écrivez : COPY --from=${name} ${fix} …`
        : isSvelteAuto
          ? 'Dans svelte.config.js, prenez @sveltejs/adapter-node (npm install -D @sveltejs/adapter-node).'
          : `Ajoutez à cette étape ce qui le fait (RUN npm run build), ou corrigez le chemin.`,
    ],
    en: [
      right !== undefined
        ? `"${right.by}" writes to "${right.folder}": the stage "${name}" has no "${target}".`
        : `Nothing in the stage "${name}" makes "${target}"${isSvelteAuto ? ': adapter-auto makes no Node server' : ''}.`,
      `The build stops: "${stop}".`,
      fix !== undefined
        ? `Write: COPY --from=${name} ${fix} …`
        : isSvelteAuto
          ? 'In svelte.config.js, take @sveltejs/adapter-node (npm install -D @sveltejs/adapter-node).'
          : `Add to that stage what makes it (RUN npm run build), or mend the path.`,
    ],
  };
}

/** The configuration of Next in a stage, when it does not ask for the standalone server. */
function nextConfig(model: Model, other: Image): string | undefined {
  for (const name of ['next.config.js', 'next.config.mjs', 'next.config.ts']) {
    const { source } = findInImage(model.project, { ...other, runs: [] }, path.posix.join(other.workdir, name));
    const text = source === undefined ? undefined : model.project.read(source);
    if (text === undefined || source === undefined) continue;
    const isPlain = !/standalone|process\.env|\.\.\.|require\(|from\s+["']\.\.?\//.test(
      text.replace(/^\s*(\/\/|\*|\/\*).*$/gm, ''),
    );
    return isPlain ? source : undefined;
  }
  return undefined;
}

/** `additional_contexts` and the like give names to folders and images that no stage has. */
function hasNamedContexts(model: Model): boolean {
  return model.project.files.some(
    ({ path: file }) =>
      /(compose[^/]*|\.github\/workflows\/[^/]+)\.ya?ml$|docker-bake\.(hcl|json)$|\.sh$|makefile$/i.test(file) &&
      /additional_contexts|build-contexts|--build-context|^\s*contexts\s*=/m.test(model.project.read(file) ?? ''),
  );
}

export const dockerfileSyntax: Rule = {
  id: 'dockerfile-syntax',
  title: {
    fr: 'Le Dockerfile contient une instruction que Docker ne connaît pas',
    en: 'The Dockerfile holds an instruction that Docker does not know',
  },
  why: {
    fr: 'Chaque ligne d’un Dockerfile commence par une instruction (FROM, RUN, COPY…). Une commande du système va derrière RUN ; une ligne qui continue finit par « \\ ».',
    en: 'Each line of a Dockerfile starts with an instruction (FROM, RUN, COPY…). A system command goes behind RUN; a line that goes on ends in "\\".',
  },
  *check(model) {
    const seen = new Set<string>();
    for (const build of model.builds) {
      const image = readImage(model.project, build);
      if (!image || seen.has(build.dockerfile)) continue;
      seen.add(build.dockerfile);
      const [fault] = image.dockerfile.faults;
      if (fault) {
        const near = nearest(
          fault.text,
          'FROM RUN COPY CMD ENTRYPOINT WORKDIR EXPOSE ENV ARG USER VOLUME ADD LABEL HEALTHCHECK'.split(' '),
          2,
        );
        yield {
          severity: 'error',
          place: { file: build.dockerfile, line: fault.line },
          fr: [
            `« ${fault.text} » n’est pas une instruction de Dockerfile.`,
            `La construction s’arrête : « dockerfile parse error on line ${fault.line}: unknown instruction: ${fault.text} ».`,
            near === undefined
              ? 'Mettez RUN devant s’il s’agit d’une commande, ou « \\ » à la fin de la ligne précédente si c’en est la suite.'
              : `Écrivez : ${near}`,
          ],
          en: [
            `"${fault.text}" is no instruction of Dockerfiles.`,
            `The build stops: "dockerfile parse error on line ${fault.line}: unknown instruction: ${fault.text}".`,
            near === undefined
              ? 'Put RUN before it if it is a command, or "\\" at the end of the line before if it goes on from there.'
              : `Write: ${near}`,
          ],
        };
      }
    }
    for (const dockerfile of model.dockerfiles) {
      const text = model.project.read(dockerfile) ?? '';
      if (text.trim() === '' || /^\s*FROM\s/im.test(text) || !/^\s*(RUN|COPY|CMD)\s/im.test(text)) continue;
      yield {
        severity: 'error',
        place: { file: dockerfile, line: 1 },
        fr: [
          'Ce Dockerfile n’a pas de ligne FROM : il ne part d’aucune image.',
          'La construction s’arrête : « no build stage in current context ».',
          'Commencez par l’image de votre langage, par exemple : FROM python:3.13-slim',
        ],
        en: [
          'This Dockerfile has no FROM line: it starts from no image.',
          'The build stops: "no build stage in current context".',
          'Begin with your language’s image, for instance: FROM python:3.13-slim',
        ],
      };
    }
  },
};

export const buildStep: Rule = {
  id: 'build-step',
  title: {
    fr: 'Une étape de construction lit un fichier qui n’est pas encore dans l’image',
    en: 'A build step reads a file that is not in the image yet',
  },
  why: {
    fr: 'Un Dockerfile se lit de haut en bas : RUN ne voit que ce que les COPY des lignes au-dessus ont apporté, dans le dossier de WORKDIR.',
    en: 'A Dockerfile is read from top to bottom: RUN sees only what the COPY lines above it brought, in the folder of WORKDIR.',
  },
  *check(model) {
    for (const build of distinctBuilds(model)) {
      const image = readImage(model.project, build);
      if (!image) continue;
      for (const stage of neededStages(image.dockerfile, image.stage)) {
        const own = imageOf(image.dockerfile, stage, build, image.context);
        for (const run of own.runs) {
          // A mount shows files that nobody copied, unless it is only a cache.
          const mounts = (run.instruction.flags.mount ?? '').split(' ').filter(Boolean);
          if (
            run.stage !== stage ||
            run.instruction.raw.includes('<<') ||
            mounts.some((mount) => !/\btype=(cache|secret|ssh|tmpfs)\b/.test(mount))
          )
            continue;
          yield* stepRemarks(model, build, own, run);
        }
      }
    }
  },
};

function* stepRemarks(model: Model, build: Build, image: Image, run: Image['runs'][number]): Generator<Remark> {
  const before = (stage: Stage, line: number) =>
    stage.index < run.stage.index || (stage === run.stage && line < run.instruction.line);
  const seen: Image = {
    ...image,
    copies: image.copies.filter((copy) => before(copy.stage, copy.instruction.line)),
    runs: image.runs.filter((other) => before(other.stage, other.instruction.line)),
  };
  let folder = run.workdir;
  let branches = 0;
  for (const [index, { words, after }] of run.commands.entries()) {
    // `if [ -f pnpm-lock.yaml ]; then corepack enable && pnpm install; fi`: what is inside may never run.
    if (/^(if|case)$/.test(words[0] ?? '')) branches++;
    if (/^(fi|esac)$/.test(words[0] ?? '')) branches--;
    if (branches > 0) continue;
    if (words[0] === 'cd') {
      if (/[$`]/.test(words[1] ?? '')) return;
      folder = path.posix.resolve(folder, words[1] ?? '.');
      continue;
    }
    // What may fail proves nothing.
    if (after === '||' || run.commands[index + 1]?.after === '||') continue;
    const now: Image = { ...seen, runs: [...seen.runs, { ...run, commands: run.commands.slice(0, index) }] };
    const absent = lackingProgram(now, words);
    if (absent) {
      yield { ...absent, ...blamed(build, run) };
      return;
    }
    const refused = refusedInstall(now, run, words, folder);
    if (refused) {
      yield { ...refused, ...blamed(build, run) };
      return;
    }
    const unset = unsetInBuild(model, now, run.commands[index] ?? { words, assignments: {} }, folder);
    if (unset) {
      yield { ...unset, ...blamed(build, run) };
      return;
    }
    const excluded = excludedPython(model, now, words, folder);
    if (excluded) {
      yield { ...excluded, ...blamed(build, run), place: { file: build.dockerfile, line: run.stage.line } };
      return;
    }
    const uncompiled = uncompiledPackage(model, build, now, run, words);
    if (uncompiled) {
      yield { ...uncompiled, ...blamed(build, run) };
      return;
    }
    const wanted = neededFile(words);
    const needs = wanted ? [{ ...wanted, folder }, ...includedFiles(model, seen, folder, wanted.file)] : [];
    needs.push(...neededByPython(model, seen, folder, words));
    const tools = isPlainBase(image.base) ? toolsOf(model.project, seen, words, folder) : undefined;
    if (tools?.missing) {
      yield missingScriptRemark(build, run, tools.missing);
      return;
    }
    for (const tool of tools?.list ?? []) {
      const lacking = lackingTool(model, now, tool, words);
      if (lacking) {
        yield { ...lacking, ...blamed(build, run) };
        return;
      }
      const above = tool.manifest === undefined ? undefined : path.posix.dirname(tool.manifest);
      for (const each of neededByTool(model, seen, tool))
        needs.push({
          ...each,
          folder: tool.cwd,
          ...(above === undefined ? {} : { at: path.posix.normalize(path.posix.join(above, each.file)) }),
        });
    }
    for (const need of needs) {
      const remark = missingFileRemark(model, build, image, seen, run, words, need);
      if (!remark) continue;
      yield remark;
      return;
    }
  }
}

/** What a remark about a line of a Dockerfile blames, and what it silences. */
function blamed(build: Build, run: Image['runs'][number]): Pick<Remark, 'place' | 'about' | 'breaks' | 'unlessBroken'> {
  return {
    place: { file: build.dockerfile, line: run.instruction.line },
    about: `step ${build.dockerfile}:${run.instruction.line}`,
    breaks: `image ${build.dockerfile}`,
    unlessBroken: `image ${build.dockerfile}`,
  };
}

/** A file that a command reads, and what it says when it is not there. */
interface Need {
  file: string;
  /** Where the project has it, when that is not what the name says. */
  at?: string;
  /** Other files that would do. */
  or: string[];
  words: string;
  fixFr?: string;
  fixEn?: string;
}

function missingFileRemark(
  model: Model,
  build: Build,
  image: Image,
  seen: Image,
  run: Image['runs'][number],
  words: string[],
  need: Need & { folder: string },
): Remark | undefined {
  const { folder } = need;
  const target = path.posix.resolve(folder, need.file);
  const states = [need.file, ...need.or].map((file) =>
    findInImage(model.project, seen, path.posix.resolve(folder, file)),
  );
  if (states.some((found) => found.state !== 'no')) return undefined;
  const later = findInImage(model.project, image, target).state === 'yes';
  const mount = image.copies.find((copy) => copy.from === undefined && copy.instruction.line > run.instruction.line);
  const source = need.at ?? path.posix.join(image.context.folder, need.file);
  const exists = model.project.kindOf(source) !== undefined;
  const written = path.posix.relative(image.context.folder, source);
  const because = states.find((found) => found.because !== undefined);
  const shown = words.slice(0, 4).join(' ');
  const file = path.posix.dirname(need.file) === '.' ? './' : `./${need.file}`;
  const ignore = image.context.ignoreFile ?? '.dockerignore';
  return {
    severity: 'error',
    ...blamed(build, run),
    fr: [
      `« ${shown} » a besoin de « ${need.file} », qui n’est pas dans ${folder} à cette ligne${later && mount ? ` (il n’arrive qu’à la ligne ${mount.instruction.line})` : because ? ' (.dockerignore l’écarte)' : exists ? '' : ` : il n’existe pas dans ${folderWord(image.context.folder)}`}.`,
      `La construction s’arrête : « ${need.words} ».`,
      because && !later
        ? `Enlevez de ${ignore} la ligne qui l’écarte, ou ajoutez-y : !${written}`
        : later || exists
          ? `Ajoutez avant cette ligne : COPY ${written} ${file}`
          : (need.fixFr ??
            `Ajoutez ${need.file} au projet, puis COPY ${need.file} ${file} avant cette ligne${build.by === 'folder' ? '' : ` (le contexte de construction est ${folderWord(image.context.folder)}, dit par ${build.place.file})`}.`),
    ],
    en: [
      `"${shown}" needs "${need.file}", which is not in ${folder} at this line${later && mount ? ` (it comes at line ${mount.instruction.line} only)` : because ? ' (.dockerignore leaves it out)' : exists ? '' : `: it does not exist in ${image.context.folder === '.' ? 'the project’s root' : image.context.folder}`}.`,
      `The build stops: "${need.words}".`,
      because && !later
        ? `Remove from ${ignore} the line that leaves it out, or add there: !${written}`
        : later || exists
          ? `Add before this line: COPY ${written} ${file}`
          : (need.fixEn ??
            `Add ${need.file} to the project, then COPY ${need.file} ${file} before this line${build.by === 'folder' ? '' : ` (the build context is ${image.context.folder === '.' ? 'the project’s root' : image.context.folder}, says ${build.place.file})`}.`),
    ],
  };
}

function missingScriptRemark(build: Build, run: Image['runs'][number], missing: MissingScript): Remark {
  const { script, file, known } = missing;
  const near = nearest(script, known, 3) ?? known.find((name) => name.split(/[:-]/)[0] === script.split(/[:-]/)[0]);
  return {
    severity: 'error',
    ...blamed(build, run),
    fr: [
      `${file} n’a pas de script « ${script} » (il a : ${known.join(', ') || 'aucun'}).`,
      `La construction s’arrête : « npm error Missing script: "${script}" ».`,
      near === undefined ? `Ajoutez-le à ${file}, sous "scripts".` : `Lancez un script qui existe : npm run ${near}`,
    ],
    en: [
      `${file} has no script "${script}" (it has: ${known.join(', ') || 'none'}).`,
      `The build stops: "npm error Missing script: "${script}"".`,
      near === undefined ? `Add it to ${file}, under "scripts".` : `Run a script that exists: npm run ${near}`,
    ],
  };
}

/** Programs that an official image does not bring, by the kind of its system. */
const SLIM_LACKS = /^(curl|wget|git|make|gcc|g\+\+|cc|unzip|vim|nano|nc|jq|psql|pg_isready|mysql)$/;
const ALPINE_LACKS = /^(apt|apt-get|useradd|groupadd|curl|git|make|gcc|g\+\+|bash|psql|pg_isready|mysql|jq)$/;
const DEBIAN_LACKS = /^(apk|yum|dnf)$/;
/** Programs of a language that come by a line of their own. */
const INSTALLED_APART = /^(pnpm|bun|bunx|uv|uvx|poetry|pipenv|pdm|conda|mamba)$/;

/** A program that neither the base image nor a line before brings. */
function lackingProgram(seen: Image, words: string[]): Omit<Remark, 'place'> | undefined {
  const [program = ''] = words;
  const { base } = seen;
  const isPlain =
    isPlainBase(base) && /^(docker\.io\/|library\/)*(python|node|alpine|debian|ubuntu|nginx)(:|@|$)/.test(base);
  if (!isPlain || !/^[a-z][\w+-]*$/.test(program) || seen.build.args.BASE_IMAGE !== undefined) return undefined;
  const system = systemOf(base);
  const said = seen.runs.map((run) => run.commands.map((command) => command.words.join(' ')).join('\n')).join('\n');
  const shown = words.slice(0, 4).join(' ');
  if (
    /^apt(-get)?$/.test(program) &&
    (system === 'slim' || system === 'debian') &&
    words.some((word, index) => word === 'install' && words.slice(1, index).every((each) => each.startsWith('-'))) &&
    !/\bapt(-get)?\s+(-\S+\s+)*update\b|\.sh\b|\bdpkg\b/.test(said) &&
    !words.some((word) => /\.deb$|^\./.test(word))
  ) {
    const name = words.findLast((word) => !word.startsWith('-')) ?? '';
    return {
      severity: 'error',
      fr: [
        `« ${shown} » vient sans « apt-get update » : l’image ${base} n’a aucune liste de paquets.`,
        `La construction s’arrête : « E: Unable to locate package ${name} ».`,
        `Écrivez : RUN apt-get update && ${words.join(' ')}`,
      ],
      en: [
        `"${shown}" comes without "apt-get update": the image ${base} has no list of packages.`,
        `The build stops: "E: Unable to locate package ${name}".`,
        `Write: RUN apt-get update && ${words.join(' ')}`,
      ],
    };
  }
  const isAbsent =
    (system === 'alpine' && ALPINE_LACKS.test(program) && !(program === 'curl' && /nginx/.test(base))) ||
    (system === 'slim' && (SLIM_LACKS.test(program) || DEBIAN_LACKS.test(program))) ||
    (system === 'debian' && DEBIAN_LACKS.test(program)) ||
    (system !== undefined && INSTALLED_APART.test(program));
  if (!isAbsent) return undefined;
  // Something that an earlier line installs may well bring it.
  const mayBring =
    new RegExp(`(^|[\\s/=])${literal(program)}`).test(said) ||
    (/^(pnpm|bun|bunx)$/.test(program)
      ? /corepack|curl|wget|bun/
      : /^(uv|uvx|poetry|pipenv|pdm|conda|mamba)$/.test(program)
        ? /curl|wget|astral|requirements|pipx|apt|apk|ADD |micromamba|\.sh\b/
        : /build-essential|build-base|alpine-sdk|build-deps|postgresql|mariadb|mysql|netcat|shadow|default-|-dev\b|xargs|\.sh\b|make\b/
    ).test(said) ||
    seen.copies.some(
      (copy) =>
        (copy.from !== undefined &&
          /bin\b|\.local|venv|\.bun|\.cargo|pnpm|^\/( |$)/.test(`${copy.sources.join(' ')} ${copy.destination}`)) ||
        /\/(usr\/)?(local\/)?s?bin\//.test(copy.destination),
    ) ||
    seen.dockerfile.stages.some((stage) =>
      stage.instructions.some((step) => step.keyword === 'ADD' && /https?:/.test(step.raw)),
    );
  if (mayBring) return undefined;
  const install = installLine(program, system);
  return {
    severity: 'error',
    fr: [
      `« ${shown} » lance « ${program} », que l’image ${base} n’a pas et que rien n’installe avant.`,
      `La construction s’arrête : « /bin/sh: ${program}: not found ».`,
      install.fr,
    ],
    en: [
      `"${shown}" runs "${program}", which the image ${base} does not have and nothing installs before.`,
      `The build stops: "/bin/sh: ${program}: not found".`,
      install.en,
    ],
  };
}

function installLine(program: string, system: ReturnType<typeof systemOf>): { fr: string; en: string } {
  const line = (text: string) => ({ fr: `Ajoutez avant : ${text}`, en: `Add before it: ${text}` });
  if (program === 'pnpm') return line('RUN corepack enable');
  if (/^(uv|uvx)$/.test(program)) return line('COPY --from=ghcr.io/astral-sh/uv:latest /uv /uvx /bin/');
  if (/^(poetry|pipenv|pdm)$/.test(program)) return line(`RUN pip install ${program}`);
  if (/^(bun|bunx)$/.test(program)) return line('RUN npm install -g bun');
  if (/^(apt|apt-get)$/.test(program))
    return { fr: 'Sur Alpine, écrivez : apk add --no-cache …', en: 'On Alpine, write: apk add --no-cache …' };
  if (/^(apk|yum|dnf)$/.test(program))
    return {
      fr: 'Sur Debian, écrivez : apt-get update && apt-get install -y …',
      en: 'On Debian, write: apt-get update && apt-get install -y …',
    };
  if (/^(useradd|groupadd)$/.test(program))
    return {
      fr: 'Sur Alpine, écrivez : adduser -D … (ou addgroup)',
      en: 'On Alpine, write: adduser -D … (or addgroup)',
    };
  const name =
    {
      'g++': 'g++',
      cc: 'gcc',
      nc: 'netcat-openbsd',
      psql: 'postgresql-client',
      pg_isready: 'postgresql-client',
      mysql: 'default-mysql-client',
    }[program] ?? program;
  return line(
    system === 'alpine' ? `RUN apk add --no-cache ${name}` : `RUN apt-get update && apt-get install -y ${name}`,
  );
}

/** npm as a user who may not write to the folder that WORKDIR made as root. */
function refusedInstall(
  seen: Image,
  run: Image['runs'][number],
  words: string[],
  folder: string,
): Omit<Remark, 'place'> | undefined {
  if (!/^(npm|pnpm|yarn)$/.test(words[0] ?? '') || !/^(ci|i|install|)$/.test(words[1] ?? '')) return undefined;
  if (words.some((word) => /^(-g|--global|--prefix.*|-C)$/.test(word)) || folder !== run.workdir) return undefined;
  const steps = run.stage.instructions.filter((step) => step.line < run.instruction.line);
  const user = steps.findLast((step) => step.keyword === 'USER');
  const workdir = steps.findLast((step) => step.keyword === 'WORKDIR');
  const name = user?.text.split(':')[0] ?? 'root';
  if (!user || !workdir || workdir.line > user.line || /^(root|0)$|\$/.test(name)) return undefined;
  if (!isPlainBase(run.stage.from) || /^\/(home|tmp)\//.test(folder)) return undefined;
  if (
    steps.some(
      (step) =>
        step.flags.chown !== undefined || (step.keyword === 'RUN' && /chown|chmod|install -d|mkdir/.test(step.raw)),
    )
  )
    return undefined;
  if (seen.runs.some((each) => each.stage !== run.stage && /chown/.test(each.instruction.raw))) return undefined;
  const line = words.slice(0, 3).join(' ');
  return {
    severity: 'error',
    fr: [
      `« ${line} » s’exécute comme « ${name} », et ${folder} appartient à root (WORKDIR l’a créé avant USER).`,
      `La construction s’arrête : « npm error EACCES: permission denied, mkdir '${folder}/node_modules' ».`,
      `Mettez la ligne USER ${name} après cette ligne, ou avant elle : RUN chown ${name}:${name} ${folder}`,
    ],
    en: [
      `"${line}" runs as "${name}", and ${folder} belongs to root (WORKDIR made it before USER).`,
      `The build stops: "npm error EACCES: permission denied, mkdir '${folder}/node_modules'".`,
      `Put the line USER ${name} after this line, or before it: RUN chown ${name}:${name} ${folder}`,
    ],
  };
}

/** `python manage.py …` in a build, whose settings demand a variable that only the running container is given. */
function unsetInBuild(
  model: Model,
  seen: Image,
  command: { words: string[]; assignments: Record<string, string> },
  folder: string,
): Omit<Remark, 'place'> | undefined {
  const at = command.words.findIndex((word) => /(^|\/)manage\.py$/.test(word));
  const verb = command.words[at + 1] ?? '';
  if (at < 0 || !/^(collectstatic|compress|compilemessages|migrate|makemigrations|check)$/.test(verb)) return undefined;
  const find = (file: string) => findInImage(model.project, seen, path.posix.resolve(folder, file));
  const manage = find(command.words[at] ?? '').source;
  const named =
    command.assignments.DJANGO_SETTINGS_MODULE ??
    seen.env.get('DJANGO_SETTINGS_MODULE')?.value ??
    /--settings[= ]([\w.]+)/.exec(command.words.join(' '))?.[1] ??
    /["']DJANGO_SETTINGS_MODULE["']\s*,\s*["']([\w.]+)["']/.exec(
      manage === undefined ? '' : (model.project.read(manage) ?? ''),
    )?.[1];
  if (named === undefined || manage === undefined) return undefined;
  const base = path.posix.dirname(command.words[at] ?? '');
  const file = [`${named.replaceAll('.', '/')}.py`, `${named.replaceAll('.', '/')}/__init__.py`]
    .map((name) => find(path.posix.join(base, name)).source)
    .find((each) => each !== undefined);
  const settings = file === undefined ? undefined : model.source(file);
  if (!settings || file === undefined) return undefined;
  const args = new Set(
    seen.dockerfile.stages.flatMap((stage) =>
      stage.instructions.filter((step) => step.keyword === 'ARG').map((step) => (step.text.split('=')[0] ?? '').trim()),
    ),
  );
  // A file of variables that is there gives them all.
  const hasFile = ['.env', '../.env'].some((name) => find(path.posix.join(base, name)).state !== 'no');
  const isCertain = (model.project.read(file) ?? '').split('\n');
  const read = settings.env.find(
    (each) =>
      each.need === 'must' &&
      !(each.name in command.assignments) &&
      !seen.env.has(each.name) &&
      !args.has(each.name) &&
      /^[A-Z_]+\s*=/.test(isCertain[each.line - 1] ?? '') &&
      (!hasFile || /os\.environ\[/.test(isCertain[each.line - 1] ?? '')),
  );
  if (!read || (hasFile && settings.dotenv.size > 0)) return undefined;
  const line = command.words.slice(0, 4).join(' ');
  return {
    severity: 'error',
    fr: [
      `« ${line} » lit les réglages, qui exigent ${read.name} (${file}, ligne ${read.line}) : elle n’est donnée qu’au conteneur, pas à la construction.`,
      `La construction s’arrête : « KeyError: '${read.name}' » (ou « ${read.name} not found »).`,
      `Donnez une valeur pour cette ligne : RUN ${read.name}=build ${line}\nou lancez ${verb} au démarrage du conteneur.`,
    ],
    en: [
      `"${line}" reads the settings, which demand ${read.name} (${file}, line ${read.line}): only the container is given it, not the build.`,
      `The build stops: "KeyError: '${read.name}'" (or "${read.name} not found").`,
      `Give a value for this line: RUN ${read.name}=build ${line}\nor run ${verb} when the container starts.`,
    ],
  };
}

/** A version of Python that the project says it does not run on. */
function excludedPython(model: Model, seen: Image, words: string[], folder: string): Omit<Remark, 'place'> | undefined {
  const version = /(?:^|\/)python:(\d+)\.(\d+)/.exec(seen.base);
  const isPip =
    /^pip[\d.]*$/.test(words[0] ?? '') &&
    words[1] === 'install' &&
    words.some((word) => /^\.(\[[\w,-]+\])?$/.test(word));
  const isPoetry = words[0] === 'poetry' && words[1] === 'install';
  if (!version || !(isPip || isPoetry)) return undefined;
  const { source } = findInImage(model.project, seen, path.posix.join(folder, 'pyproject.toml'));
  const text = source === undefined ? '' : (model.project.read(source) ?? '');
  const asked =
    /^\s*requires-python\s*=\s*["']([^"']+)["']/m.exec(text)?.[1] ??
    (isPoetry ? /^\[tool\.poetry\.dependencies\][^[]*?^python\s*=\s*["']([^"']+)["']/ms.exec(text)?.[1] : undefined);
  if (asked === undefined) return undefined;
  const [major, minor] = [Number(version[1]), Number(version[2])];
  if (fitsPython(asked, major, minor) !== false) return undefined;
  const least = /(\d+\.\d+)/.exec(asked)?.[1] ?? '3.13';
  const right = seen.base.replace(/python:\d+\.\d+(\.\d+)?/, `python:${least}`);
  const said = isPip
    ? `ERROR: Package '…' requires a different Python: ${major}.${minor} not in '${asked}'`
    : `The currently activated Python version ${major}.${minor} is not supported by the project (${asked})`;
  return {
    severity: 'error',
    fr: [
      `L’image a Python ${major}.${minor}, que ${source ?? 'pyproject.toml'} exclut (${asked}).`,
      `La construction s’arrête : « ${said} ».`,
      `Écrivez : FROM ${right}`,
    ],
    en: [
      `The image has Python ${major}.${minor}, which ${source ?? 'pyproject.toml'} excludes (${asked}).`,
      `The build stops: "${said}".`,
      `Write: FROM ${right}`,
    ],
  };
}

/** Whether a version of Python fits a constraint; undefined when that cannot be told. */
function fitsPython(asked: string, major: number, minor: number): boolean | undefined {
  let fits = true;
  for (const part of asked.split(',')) {
    const [, sign = '', high, low] =
      /^\s*(\^|~=|~|>=|<=|>|<|==|!=)?\s*(\d+)(?:\.(\d+|\*))?(?:\.[\d*]+)?\s*$/.exec(part) ?? [];
    if (high === undefined) return undefined;
    const given = low === undefined || low === '*' ? undefined : Number(low);
    const order = major - Number(high) || (given === undefined ? 0 : minor - given);
    if (sign === '^' || sign === '>=') fits &&= order >= 0 && (sign !== '^' || major === Number(high));
    else if (sign === '~' || sign === '') fits &&= given === undefined ? major === Number(high) : order === 0;
    else if (sign === '~=' || sign === '>' || sign === '!=' || sign === '<=') {
      if (order < 0 && sign !== '<=' && sign !== '!=') fits = false;
      if (sign === '<=' && order > 0) fits = false;
    } else if (sign === '<')
      fits &&= order < 0 || (given === undefined && order < 0) || (order === 0 && /\d+\.\d+\.[1-9]/.test(part));
    else if (sign === '==') fits &&= order === 0;
  }
  return fits;
}

/** Packages that are compiled when they are installed, with what that takes on Debian and on Alpine. */
const COMPILED: Record<string, { debian: string; alpine: string; words: string }> = {
  psycopg2: {
    debian: 'gcc libpq-dev',
    alpine: 'gcc musl-dev postgresql-dev',
    words: 'Error: pg_config executable not found.',
  },
  mysqlclient: {
    debian: 'gcc pkg-config default-libmysqlclient-dev',
    alpine: 'gcc musl-dev pkgconf mariadb-dev',
    words: 'Exception: Can not find valid pkg-config name.',
  },
  uwsgi: {
    debian: 'build-essential',
    alpine: 'build-base linux-headers',
    words: 'Exception: you need a C compiler to build uWSGI',
  },
  'python-ldap': {
    debian: 'gcc libldap2-dev libsasl2-dev',
    alpine: 'build-base openldap-dev',
    words: "error: command 'gcc' failed: No such file or directory",
  },
  pygraphviz: {
    debian: 'gcc graphviz-dev',
    alpine: 'build-base graphviz-dev',
    words: "error: command 'gcc' failed: No such file or directory",
  },
};

/** The first versions of packages that have ready-made files for a Python, by its minor version (PyPI's lists of files). */
const FIRST_FOR: Record<string, { first: Record<number, string>; words: string }> = {
  'psycopg2-binary': {
    first: { 11: '2.9.5', 12: '2.9.9', 13: '2.9.10', 14: '2.9.11' },
    words: 'Error: pg_config executable not found.',
  },
  numpy: {
    first: { 11: '1.23.2', 12: '1.26.0', 13: '2.1.0', 14: '2.3.2' },
    words: 'error: metadata-generation-failed',
  },
  pandas: { first: { 11: '1.5.0', 12: '2.1.1', 13: '2.2.3', 14: '2.3.3' }, words: 'error: metadata-generation-failed' },
  asyncpg: {
    first: { 11: '0.27.0', 12: '0.29.0', 13: '0.30.0', 14: '0.31.0' },
    words: "error: command 'gcc' failed: No such file or directory",
  },
};

/** A pinned version that is older than the image's Python, for which it has no ready-made file. */
function tooOld(
  base: string,
  text: string,
): { name: string; version: string; first: string; minor: number; words: string } | undefined {
  const minor = Number(/python:3\.(\d+)/.exec(base)?.[1]);
  for (const [name, { first, words }] of Object.entries(FIRST_FOR)) {
    const [, version] = new RegExp(`^${name}\\s*==\\s*(\\d+(?:\\.\\d+)+)\\s*(?:#.*)?\\r?$`, 'im').exec(text) ?? [];
    const wanted = first[minor];
    if (version === undefined || wanted === undefined) continue;
    const [a, b] = [version, wanted].map((each) => each.split('.').map(Number));
    const at = (a ?? []).findIndex((number, index) => number !== (b?.[index] ?? 0));
    if (at >= 0 && (a?.[at] ?? 0) < (b?.[at] ?? 0)) return { name, version, first: wanted, minor, words };
  }
  return undefined;
}

/** A package without a ready-made file for Linux, in an image without a compiler; or one that comes by git, without git. */
function uncompiledPackage(
  model: Model,
  build: Build,
  seen: Image,
  run: Image['runs'][number],
  words: string[],
): Omit<Remark, 'place'> | undefined {
  const system = isPlainBase(seen.base) && /(^|\/)python(:|@|$)/.test(seen.base) ? systemOf(seen.base) : undefined;
  if (system !== 'alpine' && system !== 'slim') return undefined;
  if (
    !words.some((word) => /^(pip[\d.]*|uv|poetry|pipenv)$/.test(word)) ||
    !words.some((word) => /^(install|sync)$/.test(word))
  )
    return undefined;
  const text = [...seen.runs.map((each) => each.instruction.raw), run.instruction.raw].join('\n');
  const whole = imageOf(seen.dockerfile, run.stage, build, seen.context);
  const { list } = pythonEnvironments(model.project, {
    ...whole,
    runs: whole.runs.filter((each) => each.instruction.line <= run.instruction.line),
  });
  const packages = list
    .filter((each) => each.line === run.instruction.line)
    .flatMap((each) => [...(each.packages ?? [])]);
  const add = (names: string) =>
    system === 'alpine' ? `RUN apk add --no-cache ${names}` : `RUN apt-get update && apt-get install -y ${names}`;
  const name = packages.find((each) => each in COMPILED);
  const how = name === undefined ? undefined : COMPILED[name];
  const shown = words.slice(0, 4).join(' ');
  if (
    name !== undefined &&
    how &&
    !/\bgcc\b|build-essential|build-base|build-deps|libpq|postgresql|mysql|mariadb|-dev\b|xargs|\.sh\b|--only-binary|--find-links|--no-index|wheels?\//.test(
      text,
    )
  ) {
    const other =
      name === 'psycopg2'
        ? ['psycopg2-binary', ', ou remplacez psycopg2 par psycopg2-binary', ', or replace psycopg2 by psycopg2-binary']
        : ['', '', ''];
    return {
      severity: 'error',
      fr: [
        `« ${shown} » doit compiler « ${name} », et l’image ${seen.base} n’a pas de compilateur.`,
        `La construction s’arrête : « ${how.words} ».`,
        `Ajoutez avant : ${add(how[system === 'alpine' ? 'alpine' : 'debian'])}${other[1] ?? ''}`,
      ],
      en: [
        `"${shown}" has to compile "${name}", and the image ${seen.base} has no compiler.`,
        `The build stops: "${how.words}".`,
        `Add before it: ${add(how[system === 'alpine' ? 'alpine' : 'debian'])}${other[2] ?? ''}`,
      ],
    };
  }
  const list_ = words.findIndex((word) => /^(-r|--requirement)$/.test(word));
  const file =
    list_ < 0
      ? undefined
      : findInImage(model.project, seen, path.posix.resolve(run.workdir, words[list_ + 1] ?? '')).source;
  const old = tooOld(seen.base, file === undefined ? '' : (model.project.read(file) ?? ''));
  if (old && !/\bgcc\b|\bg\+\+|build-essential|build-base|build-deps|-dev\b|xargs|\.sh\b|wheels?\//.test(text))
    return {
      severity: 'error',
      fr: [
        `${file ?? ''} demande ${old.name}==${old.version}, paru avant Python 3.${old.minor} : pip doit le compiler, et l’image ${seen.base} n’a pas de compilateur.`,
        `La construction s’arrête : « ${old.words} ».`,
        `Écrivez dans ${file ?? ''} : ${old.name}==${old.first} (ou une version plus récente), ou prenez une image de Python plus ancienne.`,
      ],
      en: [
        `${file ?? ''} asks for ${old.name}==${old.version}, published before Python 3.${old.minor}: pip has to compile it, and the image ${seen.base} has no compiler.`,
        `The build stops: "${old.words}".`,
        `Write in ${file ?? ''}: ${old.name}==${old.first} (or a later version), or take an image of an older Python.`,
      ],
    };
  const asked = `${words.join(' ')}\n${file === undefined ? '' : (model.project.read(file) ?? '').replace(/^\s*#.*$/gm, '')}`;
  const address = /\bgit\+(?:https?|ssh):\/\/[^\s#]+/.exec(asked)?.[0];
  if (
    address === undefined ||
    words.includes('--no-index') ||
    /\bgit\b(?!\+)/.test(text.replace(/github|gitlab|\.git\b/g, '')) ||
    /xargs|\.sh\b/.test(text)
  )
    return undefined;
  return {
    severity: 'error',
    fr: [
      `« ${shown} » va chercher « ${address} » par git, que l’image ${seen.base} n’a pas.`,
      "La construction s’arrête : « ERROR: Cannot find command 'git' - do you have 'git' installed and in your PATH? ».",
      `Ajoutez avant : ${add('git')}`,
    ],
    en: [
      `"${shown}" fetches "${address}" by git, which the image ${seen.base} does not have.`,
      "The build stops: \"ERROR: Cannot find command 'git' - do you have 'git' installed and in your PATH?\".",
      `Add before it: ${add('git')}`,
    ],
  };
}

/** A tool that the script of a build line names, and that was not installed before it. */
function lackingTool(model: Model, seen: Image, tool: Tool, words: string[]): Omit<Remark, 'place'> | undefined {
  const names = packagesOf(tool.program);
  if (!names || tool.manifest === undefined || tool.isFree) return undefined;
  const packages = nodePackages(model.project, tool.manifest);
  const added = addedByHand(seen);
  if (!packages || !added || names.some((name) => added.has(name))) return undefined;
  const manifest = objectIn(model.project, tool.manifest);
  const isIn = (key: string) => names.some((name) => name in objectAt(manifest, key));
  if (isIn('dependencies') || isIn('optionalDependencies') || isIn('peerDependencies')) return undefined;
  // npm's own settings may ask for all of them in any case.
  if (
    /^\s*(production\s*=\s*false|include\[?\]?\s*=\s*dev)/m.test(
      model.project.read(path.posix.join(path.posix.dirname(tool.manifest), '.npmrc')) ?? '',
    )
  )
    return undefined;
  const [name = ''] = names;
  const line = words.slice(0, 4).join(' ');
  const stop: [string, string] = [
    `La construction s’arrête : « sh: ${tool.program}: not found ».`,
    `The build stops: "sh: ${tool.program}: not found".`,
  ];
  if (isIn('devDependencies')) {
    const stages = (each: string): Image | undefined => {
      const stage = seen.dockerfile.stages.find((one) => one.name === each || String(one.index) === each);
      return stage && imageOf(seen.dockerfile, stage, seen.build, seen.context);
    };
    // A script that installing runs by itself runs with what that very line installs.
    const isOwn = /^(npm|pnpm|yarn|bun)$/.test(words[0] ?? '') && installsOnly(words);
    const state = isOwn
      ? installsOnly(words) === 'production' || envAt(seen)
        ? 'production'
        : 'all'
      : installOf(seen, stages);
    if (state !== 'production') return undefined;
    return {
      severity: 'error',
      fr: [
        `« ${line} » lance « ${tool.program} », qui est dans devDependencies (${tool.manifest}) : l’installation d’avant les a écartées (--omit=dev ou NODE_ENV=production).`,
        stop[0],
        isOwn
          ? `Ajoutez --ignore-scripts à cette ligne.`
          : 'Installez tout à l’étape qui construit : RUN npm ci (sans --omit=dev, et NODE_ENV=production après).',
      ],
      en: [
        `"${line}" runs "${tool.program}", which is in devDependencies (${tool.manifest}): the installation before left those out (--omit=dev or NODE_ENV=production).`,
        stop[1],
        isOwn
          ? `Add --ignore-scripts to this line.`
          : 'Install everything in the stage that builds: RUN npm ci (without --omit=dev, and NODE_ENV=production later).',
      ],
    };
  }
  if (names.some((each) => packages.has(each) !== 'no')) return undefined;
  return {
    severity: 'error',
    fr: [
      `« ${line} » lance « ${tool.program} », qui n’est pas parmi les paquets de ${tool.manifest}.`,
      stop[0],
      `Ajoutez-le : npm install --save-dev ${name}`,
    ],
    en: [
      `"${line}" runs "${tool.program}", which is not among the packages of ${tool.manifest}.`,
      stop[1],
      `Add it: npm install --save-dev ${name}`,
    ],
  };
}

/** Whether a command installs the packages of `package.json`, and which of them. */
function installsOnly(words: string[]): 'all' | 'production' | undefined {
  if (!/^(ci|i|install|clean-install)$/.test(words[1] ?? (words[0] === 'yarn' ? 'install' : ''))) return undefined;
  return words.some((word) => /^--(omit=dev|production|prod|only=prod(uction)?)$|^-P$/.test(word)) ||
    words.join(' ').includes('--omit dev')
    ? 'production'
    : 'all';
}

/** Whether the image says `NODE_ENV=production` by now. */
function envAt(seen: Image): boolean {
  const held = seen.env.get('NODE_ENV');
  const last = Math.max(
    0,
    ...seen.runs.map((run) => run.instruction.line),
    ...seen.copies.map((copy) => copy.instruction.line),
  );
  return held?.value === 'production' && held.line <= last;
}

/** The files that a build tool starts from; none where its configuration may name others. */
function neededByTool(model: Model, seen: Image, tool: Tool): Need[] {
  const { project } = model;
  const { program, args, cwd } = tool;
  const sourceOf = (file: string) => findInImage(project, seen, path.posix.resolve(cwd, file)).source;
  const read = (...names: string[]) => {
    const source = names.map(sourceOf).find((each) => each !== undefined);
    return source === undefined ? undefined : project.read(source);
  };
  const folder = tool.manifest === undefined ? undefined : path.posix.dirname(tool.manifest);
  const inProject = (file: string) =>
    folder !== undefined && project.kindOf(path.posix.normalize(path.posix.join(folder, file))) !== undefined;
  if (program === 'node') {
    const [file] = args;
    return file !== undefined && /^[\w./-]+\.[cm]?js$/.test(file) && inProject(file)
      ? [{ file, or: [], words: `Error: Cannot find module '${path.posix.resolve(cwd, file)}'` }]
      : [];
  }
  if (program === 'vite' && args.find((word) => !word.startsWith('-')) === 'build') {
    const names = ['vite.config.ts', 'vite.config.js', 'vite.config.mts', 'vite.config.mjs'];
    const config =
      names
        .map((name) => (folder === undefined ? undefined : project.read(path.posix.join(folder, name))))
        .find((each) => each !== undefined) ?? '';
    if (!inProject('index.html') || /\broot\b|\binput\b|\blib\b|sveltekit|laravel|ssr/i.test(config)) return [];
    const page = read('index.html') ?? '';
    return [
      { file: 'index.html', or: [], words: 'Could not resolve entry module "index.html"' },
      ...[...page.matchAll(/<script[^>]*\bsrc=["'](?:\.?\/)([^"'/][^"']*\.[cm]?[jt]sx?)["']/g)].flatMap(
        ([, script = '']) =>
          inProject(script)
            ? [{ file: script, or: [`public/${script}`], words: `Failed to resolve /${script} from ${cwd}/index.html` }]
            : [],
      ),
    ];
  }
  if (program === 'react-scripts' && args[0] === 'build') {
    const entry = ['src/index.tsx', 'src/index.jsx', 'src/index.js', 'src/index.ts'];
    const own = entry.find(inProject);
    return [
      ...(inProject('public/index.html')
        ? [{ file: 'public/index.html', or: [], words: 'Could not find a required file. Name: index.html' }]
        : []),
      ...(own === undefined ? [] : [{ file: own, or: entry, words: 'Could not find a required file. Name: index.js' }]),
    ];
  }
  if (program === 'ng' && /^(build|b)$/.test(args[0] ?? '') && inProject('angular.json'))
    return [
      {
        file: 'angular.json',
        or: ['project.json'],
        words: 'Error: This command is not available when running the Angular CLI outside a workspace.',
      },
    ];
  if (program === 'next' && args[0] === 'build')
    return ['app', 'pages', 'src/app', 'src/pages'].some(inProject)
      ? [
          {
            file: ['src/app', 'app', 'src/pages', 'pages'].find(inProject) ?? 'app',
            or: ['app', 'pages', 'src/app', 'src/pages'],
            words: "Error: Couldn't find any `pages` or `app` directory. Please create one under the project root",
          },
        ]
      : [];
  if (program === 'prisma' && /^(generate|migrate|db)$/.test(args[0] ?? '')) return prismaSchema(args, read, inProject);
  if (program === 'tsc' || (program === 'nest' && args[0] === 'build'))
    return neededByTypescript(tool, read, inProject);
  return [];
}

function prismaSchema(
  args: string[],
  read: (...names: string[]) => string | undefined,
  inProject: (file: string) => boolean,
): Need[] {
  const manifest = read('package.json') ?? '';
  const given = optionOf(args, '--schema') ?? /"prisma"\s*:\s*\{[^}]*"schema"\s*:\s*"([^"]+)"/.exec(manifest)?.[1];
  if (['prisma.config.ts', 'prisma.config.js', 'prisma.config.mjs'].some(inProject)) return [];
  const file = given ?? (inProject('prisma/schema.prisma') ? 'prisma/schema.prisma' : 'schema.prisma');
  return inProject(file)
    ? [
        {
          file,
          or: given === undefined ? ['schema.prisma', 'prisma/schema.prisma', 'prisma/schema'] : [],
          words: 'Error: Could not find Prisma Schema that is required for this command.',
        },
      ]
    : [];
}

/** `tsconfig.json`, with the files that it refers to. */
function neededByTypescript(
  { program, args }: Tool,
  read: (...names: string[]) => string | undefined,
  inProject: (file: string) => boolean,
): Need[] {
  // With files of its own the compiler wants no configuration.
  if (program === 'tsc' && args.some((word) => /\.tsx?$|^--(init|help|version|showConfig)$/.test(word))) return [];
  const isBuild = args.some((word) => /^(-b|--build)$/.test(word));
  const named = optionOf(args, '-p', '--project') ?? (isBuild ? args.find((word) => !word.startsWith('-')) : undefined);
  const needs: Need[] = [];
  const visit = (file: string, depth: number) => {
    const name = /\.json$/.test(file) ? file : path.posix.join(file, 'tsconfig.json');
    if (depth > 5 || !inProject(name)) return;
    needs.push({ file: name, or: [], words: `error TS5083: Cannot read file '${name}'` });
    const config = readJsonc(read(name) ?? '');
    if (!isObject(config)) return;
    const above = path.posix.dirname(name);
    if (isBuild)
      for (const each of objectsAt(config, 'references'))
        visit(path.posix.join(above, textAt(each, 'path') ?? '.'), depth + 1);
    if (typeof config.extends === 'string' && config.extends.startsWith('.'))
      visit(
        path.posix.join(above, /\.json$/.test(config.extends) ? config.extends : `${config.extends}.json`),
        depth + 1,
      );
  };
  visit(named ?? 'tsconfig.json', 0);
  return needs;
}

/** The lists that a list of requirements takes in (`-r base.txt`). */
function includedFiles(model: Model, seen: Image, folder: string, file: string): (Need & { folder: string })[] {
  const list: (Need & { folder: string })[] = [];
  const visit = (name: string, depth: number) => {
    const { source } = findInImage(model.project, seen, path.posix.resolve(folder, name));
    const text = source === undefined ? undefined : model.project.read(source);
    if (text === undefined || depth > 5 || !/\.(txt|in)$/.test(name)) return;
    for (const [, included = ''] of text.matchAll(
      /^\s*(?:-r|--requirement|-c|--constraint)[ =]*([\w./-]+\.(?:txt|in))\s*(?:#.*)?$/gm,
    )) {
      const inner = path.posix.join(path.posix.dirname(name), included);
      list.push({
        file: inner,
        or: [],
        folder,
        words: `ERROR: Could not open requirements file: [Errno 2] No such file or directory: '${inner}'`,
      });
      visit(inner, depth + 1);
    }
  };
  visit(file, 0);
  return list;
}

/** What building the project itself as a package reads: its description, its README, its sources. */
function neededByPython(model: Model, seen: Image, folder: string, words: string[]): (Need & { folder: string })[] {
  const [program = '', ...rest] =
    /^python[\d.]*$/.test(words[0] ?? '') && words[1] === '-m'
      ? words.slice(2)
      : words[0] === 'uv' && words[1] === 'pip'
        ? ['pip', ...words.slice(2)]
        : words;
  const { project } = model;
  const isPip =
    /^pip[\d.]*$/.test(program) && rest[0] === 'install' && rest.some((word) => /^\.(\[[\w,-]+\])?$/.test(word));
  const isPoetry =
    program === 'poetry' &&
    rest[0] === 'install' &&
    !rest.some((word) => /^--(no-root|only-root|only=|no-directory)|^--only$/.test(word));
  const isUv =
    program === 'uv' &&
    rest[0] === 'sync' &&
    !rest.some((word) =>
      /^--(no-install-(project|workspace|local)|project|directory|package|all-packages|only-group|only-dev|inexact-)/.test(
        word,
      ),
    );
  if (!isPip && !isPoetry && !isUv) return [];
  const needs: (Need & { folder: string })[] = [];
  if (isPip)
    needs.push({
      file: 'pyproject.toml',
      or: ['setup.py', 'setup.cfg'],
      folder,
      words: "ERROR: Directory '.' is not installable. Neither 'setup.py' nor 'pyproject.toml' found.",
    });
  const { source } = findInImage(project, seen, path.posix.join(folder, 'pyproject.toml'));
  const text = source === undefined ? undefined : project.read(source);
  if (text === undefined || source === undefined) return needs;
  const backend = /^\s*build-backend\s*=\s*["']([\w.-]+)/m.exec(text)?.[1] ?? '';
  const isStrict = /^(hatchling|uv_build|flit_core|poetry\.core|poetry_core|pdm\.backend)/.test(backend);
  if (
    !isStrict ||
    /^\s*package-mode\s*=\s*false/m.test(text) ||
    /^\s*package\s*=\s*false/m.test(text) ||
    (isPoetry && seen.runs.some((run) => /poetry[=~<"']*\s*=+\s*["']?[01]\.|POETRY_VERSION/.test(run.instruction.raw)))
  )
    return needs;
  const base = path.posix.dirname(source);
  const inProject = (file: string) => project.kindOf(path.posix.normalize(path.posix.join(base, file))) !== undefined;
  const readme = /^\s*readme\s*=\s*(?:["']([^"']+)["']|\{[^}]*file\s*=\s*["']([^"']+)["'])/m.exec(text);
  const page = readme?.[1] ?? readme?.[2];
  if (page !== undefined && inProject(page))
    needs.push({
      file: page,
      or: [],
      folder,
      words: /^hatchling/.test(backend)
        ? `OSError: Readme file does not exist: ${page}`
        : `Readme path \`${folder}/${page}\` does not exist.`,
    });
  const name = /^\s*name\s*=\s*["']([\w.-]+)["']/m.exec(text)?.[1]?.replace(/[-.]+/g, '_');
  if (
    name === undefined ||
    /\[tool\.hatch\.build|packages\s*=|module-name|module-root|include\s*=|\[tool\.pdm\.build|\[tool\.flit/.test(text)
  )
    return needs;
  const forms = [`src/${name}`, name, `src/${name}.py`, `${name}.py`];
  const own = forms.find(inProject);
  if (own !== undefined)
    needs.push({
      file: own,
      or: forms,
      folder,
      words: /^hatchling/.test(backend)
        ? 'ValueError: Unable to determine which files to ship inside the wheel'
        : /^uv/.test(backend)
          ? `Error: Expected a Python module at: ${own}/__init__.py`
          : `No file/folder found for package ${name}`,
    });
  return needs;
}

/** The file without which an installing command fails. */
function neededFile(words: string[]): Need | undefined {
  const [program = '', ...rest] = words[0] === 'python' && words[1] === '-m' ? words.slice(2) : words;
  if (/^pip3?$/.test(program) && rest[0] === 'install') {
    const index = rest.findIndex((word) => word === '-r' || word === '--requirement');
    const file = index >= 0 ? rest[index + 1] : rest.find((word) => /^-r\S/.test(word))?.slice(2);
    if (file === undefined || /[$*<]|^(\/dev\/|\/tmp\/|https?:|-$)/.test(file)) return undefined;
    return {
      file,
      or: [],
      words: `ERROR: Could not open requirements file: [Errno 2] No such file or directory: '${file}'`,
    };
  }
  if (program === 'npm' && /^(ci|install|i)$/.test(rest[0] ?? '')) {
    if (
      rest.some((word) => /^(-g|--global|--prefix.*|-C)$/.test(word)) ||
      (rest[0] !== 'ci' && rest.slice(1).some((word) => !word.startsWith('-')))
    )
      return undefined;
    if (rest[0] === 'ci')
      return {
        file: 'package-lock.json',
        or: ['npm-shrinkwrap.json'],
        words: 'npm error The `npm ci` command can only install with an existing package-lock.json',
        fixFr:
          'Ajoutez package-lock.json au dépôt (npm install le crée) et copiez-le (COPY package*.json ./), ou remplacez npm ci par npm install.',
        fixEn:
          'Add package-lock.json to the repository (npm install makes it) and copy it (COPY package*.json ./), or replace npm ci by npm install.',
      };
    return {
      file: 'package.json',
      or: [],
      words:
        "npm error enoent Could not read package.json: Error: ENOENT: no such file or directory, open '/app/package.json'",
    };
  }
  if (
    /^(yarn|pnpm)$/.test(program) &&
    (rest.length === 0 || /^(install|i)$/.test(rest[0] ?? '') || rest[0]?.startsWith('--frozen'))
  ) {
    if (rest.some((word) => /^(-g|--global|-C|--dir|--cwd)$/.test(word))) return undefined;
    if (program === 'pnpm' && rest.includes('--frozen-lockfile'))
      return {
        file: 'pnpm-lock.yaml',
        or: [],
        words: 'ERR_PNPM_NO_LOCKFILE  Cannot install with "frozen-lockfile" because pnpm-lock.yaml is absent',
      };
    return { file: 'package.json', or: [], words: `${program}: No package.json found` };
  }
  if (program === 'uv' && rest[0] === 'sync' && !rest.some((word) => /^--(project|directory)/.test(word))) {
    return rest.some((word) => /^--(frozen|locked)$/.test(word))
      ? { file: 'uv.lock', or: [], words: 'error: Unable to find lockfile at `uv.lock`' }
      : {
          file: 'pyproject.toml',
          or: [],
          words: 'error: No `pyproject.toml` found in current directory or any parent directory',
        };
  }
  if (program === 'pipenv' && /^(install|sync)$/.test(rest[0] ?? ''))
    return rest[0] === 'sync' || rest.includes('--deploy')
      ? { file: 'Pipfile.lock', or: [], words: 'Pipfile.lock not found!' }
      : rest.slice(1).every((word) => word.startsWith('-'))
        ? { file: 'Pipfile', or: [], words: 'Error: No Pipfile found' }
        : undefined;
  if (program === 'poetry' && rest[0] === 'install')
    return {
      file: 'pyproject.toml',
      or: [],
      words: 'Poetry could not find a pyproject.toml file in /app or its parents',
    };
  return undefined;
}
