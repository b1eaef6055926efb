import path from 'node:path';
import type { Remark, Rule } from '../findings.ts';
import type { Instance, Model } from '../model.ts';
import type { Service, Stack } from '../read/compose.ts';
import { engineOf } from '../read/images.ts';
import { composeFaults, propertiesOf } from '../read/schema.ts';
import { isObject, objectAt, placeAt, placeOf, textAt, type JsonObject, type Place, written } from '../read/yaml.ts';
import { literal, nearest } from '../words.ts';
import { hiddenInPods } from './pod-volumes.ts';

export const composeSchema: Rule = {
  id: 'compose-schema',
  title: { fr: 'compose ne connaît pas cette clé, ou ce nom', en: 'compose does not know this key, or this name' },
  why: {
    fr: 'compose refuse le fichier entier dès qu’une clé est inconnue à cette place, ou qu’un service en nomme un autre (ou un volume, un réseau) qui n’est pas défini.',
    en: 'compose refuses the whole file as soon as one key is unknown in its place, or a service names another one (or a volume, a network) that is not defined.',
  },
  *check(model) {
    for (const file of model.composeFiles) {
      if (!file.object || !('services' in file.object || 'include' in file.object)) continue;
      for (const fault of composeFaults(file.object)) {
        if (fault.keyword !== 'additionalProperties') continue;
        const extra = (fault.params as { additionalProperty: string }).additionalProperty;
        const keys = fault.instancePath
          .split('/')
          .slice(1)
          .map((part) => part.replace(/~1/g, '/').replace(/~0/g, '~'));
        // Inside a union the branch for another form fails too; only plain places are certain.
        const isPlain = keys.length <= 2 && !/oneOf|anyOf/.test(fault.schemaPath);
        const isPart = keys.length === 3 && /^(build|healthcheck|deploy)$/.test(keys[2] ?? '');
        if (!(isPlain || isPart) || extra.startsWith('x-')) continue;
        if (keys.length === 1 && /^(services|volumes|networks)$/.test(keys[0] ?? '')) continue;
        const near = nearest(extra, propertiesOf(fault.parentSchema), 3);
        const inside = keys.join('.');
        yield {
          severity: 'error',
          place: placeAt(file.object, [...keys, extra]),
          fr: [
            `« ${extra} » n’est pas une clé de ${inside === '' ? 'compose, à ce niveau' : inside}.`,
            `« docker compose up » s’arrête : « ${inside === '' ? `(root) additional properties '${extra}' not allowed` : `${inside} additional properties '${extra}' not allowed`} ».`,
            near === undefined
              ? `Enlevez « ${extra} », ou déplacez-le au bon niveau (deux espaces par niveau).`
              : `Écrivez : ${near}`,
          ],
          en: [
            `"${extra}" is not a key of ${inside === '' ? 'compose, at this level' : inside}.`,
            `"docker compose up" stops: "${inside === '' ? `(root) additional properties '${extra}' not allowed` : `${inside} additional properties '${extra}' not allowed`}".`,
            near === undefined
              ? `Remove "${extra}", or move it to the right level (two spaces a level).`
              : `Write: ${near}`,
          ],
        };
      }
    }
    for (const file of model.composeFiles) yield* mixedLists(file.object);
    for (const stack of model.stacks) {
      const names = stack.services.map((service) => service.name);
      yield* circles(stack);
      yield* sleepingServices(stack);
      for (const { name, place, what } of stack.missing) {
        if (what === 'extended service') {
          if (!isLayer(model, stack)) yield noParent(name, place, names);
        } else if (what !== 'own env_file') yield missingFile(name, place, what);
        else if (/(^|\/)(docker-)?compose\.ya?ml$/.test(stack.file) && !/prod/i.test(name) && !isExplained(model, name))
          yield ownEnvFile(name, place);
      }
      for (const service of stack.services) {
        if (
          !service.image &&
          !('build' in service.object) &&
          !stack.isOpen &&
          !('provider' in service.object) &&
          !('extends' in service.object)
        )
          yield noImage(service);
        for (const dependency of service.dependsOn) {
          if (names.includes(dependency.name) || stack.isOpen || dependency.name.includes('$')) continue;
          if (isLayer(model, stack)) continue;
          const near =
            nearest(dependency.name, names, 3) ??
            names.find((name) => name.includes(dependency.name) || dependency.name.includes(name));
          yield {
            severity: 'error',
            place: dependency.place,
            fr: [
              `« ${service.name} » dépend de « ${dependency.name} », qui n’est pas un service (services : ${names.join(', ')}).`,
              `« docker compose up » s’arrête : « service "${service.name}" depends on undefined service "${dependency.name}": invalid compose project ».`,
              near === undefined ? 'Enlevez cette dépendance, ou définissez le service.' : `Écrivez : ${near}`,
            ],
            en: [
              `"${service.name}" depends on "${dependency.name}", which is no service (services: ${names.join(', ')}).`,
              `"docker compose up" stops: "service "${service.name}" depends on undefined service "${dependency.name}": invalid compose project".`,
              near === undefined ? 'Remove this dependency, or define the service.' : `Write: ${near}`,
            ],
          };
        }
        for (const mount of service.volumes) {
          const source = mount.source;
          if (
            source === undefined ||
            mount.isBind ||
            /[/$~\\]|^[A-Za-z]$/.test(source) ||
            stack.volumes.has(source) ||
            isLayer(model, stack) ||
            stack.isOpen
          )
            continue;
          yield {
            severity: 'error',
            place: mount.place,
            fr: [
              `« ${service.name} » se sert du volume « ${source} », qui n’est pas déclaré.`,
              `« docker compose up » s’arrête : « service "${service.name}" refers to undefined volume ${source}: invalid compose project ».`,
              `Ajoutez à la fin du fichier, au bord gauche :\nvolumes:\n  ${source}:`,
            ],
            en: [
              `"${service.name}" uses the volume "${source}", which is not declared.`,
              `"docker compose up" stops: "service "${service.name}" refers to undefined volume ${source}: invalid compose project".`,
              `Add at the end of the file, at the left edge:\nvolumes:\n  ${source}:`,
            ],
          };
        }
        const networks = service.object.networks;
        const used = Array.isArray(networks)
          ? networks.map(written)
          : networks && typeof networks === 'object'
            ? Object.keys(networks)
            : [];
        for (const name of used) {
          if (stack.networks.has(name) || stack.isOpen || name.includes('$') || isLayer(model, stack)) continue;
          yield {
            severity: 'error',
            place: placeOf(service.object, 'networks'),
            fr: [
              `« ${service.name} » est sur le réseau « ${name} », qui n’est pas déclaré.`,
              `« docker compose up » s’arrête : « service "${service.name}" refers to undefined network ${name}: invalid compose project ».`,
              `Ajoutez à la fin du fichier, au bord gauche :\nnetworks:\n  ${name}:`,
            ],
            en: [
              `"${service.name}" is on the network "${name}", which is not declared.`,
              `"docker compose up" stops: "service "${service.name}" refers to undefined network ${name}: invalid compose project".`,
              `Add at the end of the file, at the left edge:\nnetworks:\n  ${name}:`,
            ],
          };
        }
      }
    }
  },
};

function noParent(name: string, place: Place, names: string[]): Remark {
  const near = nearest(name, names, 3);
  return {
    severity: 'error',
    place,
    fr: [
      `Ce service reprend (extends) « ${name} », qui n’est pas défini.`,
      `« docker compose » s’arrête : « cannot extend service … : service "${name}" not found ».`,
      near === undefined ? 'Enlevez extends:, ou définissez ce service.' : `Écrivez : ${near}`,
    ],
    en: [
      `This service extends "${name}", which is not defined.`,
      `"docker compose" stops: "cannot extend service …: service "${name}" not found".`,
      near === undefined ? 'Remove extends:, or define that service.' : `Write: ${near}`,
    ],
  };
}

/** A service that is always started waits for one that only starts with a profile. */
function* sleepingServices(stack: Stack): Generator<Remark> {
  for (const service of stack.services.filter((each) => each.profiles.length === 0)) {
    for (const { name, place } of service.dependsOn) {
      const other = stack.services.find((each) => each.name === name);
      if (!other || other.profiles.length === 0 || textAt(service.object, 'depends_on', name, 'required') === 'false')
        continue;
      const [profile = ''] = other.profiles;
      yield {
        severity: 'error',
        place,
        about: `profile ${stack.file} ${name}`,
        fr: [
          `« ${service.name} » démarre toujours, et dépend de « ${name} », qui ne démarre qu’avec le profil « ${profile} ».`,
          `« docker compose up » s’arrête : « service "${service.name}" depends on undefined service "${name}": invalid compose project ».`,
          `Enlevez profiles: de « ${name} » (ou donnez le même à « ${service.name} »).`,
        ],
        en: [
          `"${service.name}" always starts, and depends on "${name}", which starts with the profile "${profile}" only.`,
          `"docker compose up" stops: "service "${service.name}" depends on undefined service "${name}": invalid compose project".`,
          `Remove profiles: from "${name}" (or give the same to "${service.name}").`,
        ],
      };
    }
  }
}

/** Services that wait for each other. */
function* circles(stack: Stack): Generator<Remark> {
  const byName = new Map(stack.services.map((service) => [service.name, service]));
  const done = new Set<string>();
  const visit = function* (name: string, trail: string[]): Generator<Remark> {
    if (done.has(name)) return;
    for (const { name: next, place } of byName.get(name)?.dependsOn ?? []) {
      const start = [...trail, name].indexOf(next);
      if (start < 0) {
        yield* visit(next, [...trail, name]);
        continue;
      }
      const circle = [...trail.slice(start), name, next].join(' -> ');
      yield {
        severity: 'error',
        place,
        about: `circle ${stack.file}`,
        fr: [
          `Ces services s’attendent l’un l’autre (depends_on) : ${circle}.`,
          `« docker compose up » s’arrête : « dependency cycle detected: ${circle}: invalid compose project ».`,
          `Enlevez « ${next} » de depends_on de « ${name} ».`,
        ],
        en: [
          `These services wait for each other (depends_on): ${circle}.`,
          `"docker compose up" stops: "dependency cycle detected: ${circle}: invalid compose project".`,
          `Remove "${next}" from depends_on of "${name}".`,
        ],
      };
    }
    done.add(name);
  };
  for (const name of byName.keys()) yield* visit(name, []);
}

/** A file that is laid over another of its folder, and need not stand alone. */
export function isLayer(model: Model, stack: Stack): boolean {
  const isMain = /(^|\/)(docker-)?compose\.ya?ml$/.test(stack.file);
  return !isMain && model.stacks.some((other) => other !== stack && other.folder === stack.folder);
}

function noImage(service: Service): Remark {
  return {
    severity: 'error',
    place: service.place,
    fr: [
      `Le service « ${service.name} » n’a ni image ni build.`,
      `« docker compose up » s’arrête : « service "${service.name}" has neither an image nor a build context specified: invalid compose project ».`,
      'Ajoutez image: (une image toute faite) ou build: (le dossier de son Dockerfile).',
    ],
    en: [
      `The service "${service.name}" has neither image nor build.`,
      `"docker compose up" stops: "service "${service.name}" has neither an image nor a build context specified: invalid compose project".`,
      'Add image: (a ready-made image) or build: (the folder of its Dockerfile).',
    ],
  };
}

/** Whether a text, a script or a workflow of the project speaks of a file that git ignores, as one that has to be made. */
function isExplained(model: Model, name: string): boolean {
  const base = path.posix.basename(name);
  const pattern = new RegExp(`(^|[\\s\`"'(/=>])${literal(base)}($|[\\s\`"'):,.;])`, 'm');
  return model.project.files.some(
    ({ path: file }) =>
      /\.(md|rst|txt|adoc|sh|bash|ps1|bat|mk)$|(^|\/)(makefile|justfile|taskfile\.ya?ml)$|^\.github\/workflows\//i.test(
        file,
      ) && pattern.test(model.project.read(file) ?? ''),
  );
}

/** A file of variables that stays on its author's computer, and of which nothing else tells. */
function ownEnvFile(name: string, place: Place): Remark {
  return {
    severity: 'warning',
    place,
    about: `env file ${name}`,
    fr: [
      `compose lit « ${name} » (env_file), que git ignore, et aucun modèle n’en montre les variables.`,
      `Chez ceux qui clonent le dépôt, « docker compose up » s’arrête : « env file …/${name.replace(/^\.\//, '')} not found ».`,
      `Ajoutez au dépôt un modèle sans valeurs, ${name}.template, et dites dans le README : cp ${name}.template ${name}`,
    ],
    en: [
      `compose reads "${name}" (env_file), which git ignores, and no template shows its variables.`,
      `For those who clone the repository, "docker compose up" stops: "env file …/${name.replace(/^\.\//, '')} not found".`,
      `Add a template without values to the repository, ${name}.template, and say in the README: cp ${name}.template ${name}`,
    ],
  };
}

function missingFile(name: string, place: Place, what: string): Remark {
  return {
    severity: 'error',
    place,
    fr: [
      `compose lit « ${name} » (${what}), et ce fichier n’existe pas.`,
      what === 'env_file'
        ? `« docker compose up » s’arrête : « env file …/${name} not found: stat …: no such file or directory ».`
        : `« docker compose up » s’arrête : « open …/${name}: no such file or directory ».`,
      what === 'env_file'
        ? `Créez ${name} (et un modèle, ${name}.template, pour ceux qui clonent le dépôt), ou corrigez le chemin.`
        : 'Corrigez le chemin, relatif au fichier compose.',
    ],
    en: [
      `compose reads "${name}" (${what}), and this file does not exist.`,
      what === 'env_file'
        ? `"docker compose up" stops: "env file …/${name} not found: stat …: no such file or directory".`
        : `"docker compose up" stops: "open …/${name}: no such file or directory".`,
      what === 'env_file'
        ? `Make ${name} (and a template, ${name}.template, for those who clone the repository), or mend the path.`
        : 'Mend the path, relative to the compose file.',
    ],
  };
}

export const bindMount: Rule = {
  id: 'bind-mount',
  title: {
    fr: 'Un volume cache ce que l’image contient',
    en: 'A volume hides what the image holds',
  },
  why: {
    fr: 'Monter un volume ou un dossier de votre ordinateur dans le conteneur cache tout ce que l’image avait à cet endroit : node_modules, .venv, programme, fichiers construits.',
    en: 'Mounting a volume or a folder of your computer in the container hides all that the image had there: node_modules, .venv, the program, built files.',
  },
  *check(model) {
    for (const instance of model.instances) {
      const { service } = instance;
      if (!service) continue;
      for (const mount of service.volumes) {
        if (!mount.isBind || mount.source === undefined || /^[/~$]/.test(mount.source)) continue;
        const remark =
          misnamedInit(service, mount.source, mount.target, mount.place) ??
          missingMount(model, service, mount.source, mount.target, mount.place) ??
          hiddenModules(model, instance, mount.source, mount.target, mount.place) ??
          hiddenBuild(model, instance, mount.source, mount.target, mount.place);
        if (remark) yield remark;
      }
    }
    yield* hiddenInPods(model);
  },
};

/** The folder from which database images take what they run at their first start, under a name that they do not know. */
function misnamedInit(service: Service, source: string, target: string, place: Place): Remark | undefined {
  const match =
    /^\/(docker-entrypoint-?init[^/]*|docker-entrypoint\.?initdb[^/]*|initdb\.d|entrypoint-initdb[^/]*)(\/.*)?$/.exec(
      target,
    );
  const name = match?.[1];
  if (
    name === undefined ||
    name === 'docker-entrypoint-initdb.d' ||
    engineOf(service.image ?? '') === undefined ||
    (!/\.(sql|sh|js|gz)$/.test(source) && match?.[2] !== undefined && match[2] !== '/')
  )
    return undefined;
  const right = `/docker-entrypoint-initdb.d${match?.[2] ?? ''}`;
  return {
    severity: 'error',
    place,
    about: `mount ${service.name} ${source}`,
    fr: [
      `« ${service.name} » n’exécute que ce qui est dans /docker-entrypoint-initdb.d, pas dans /${name}.`,
      'La base démarre vide, sans un mot : « relation "…" does not exist » à la première requête.',
      `Écrivez : …:${right} (puis, une fois : docker compose down -v)`,
    ],
    en: [
      `"${service.name}" runs only what is in /docker-entrypoint-initdb.d, not in /${name}.`,
      'The database starts empty, without a word: "relation "…" does not exist" at the first query.',
      `Write: …:${right} (then, once: docker compose down -v)`,
    ],
  };
}

/** Docker makes an empty folder in place of a file that is not there. */
function missingMount(
  model: Model,
  service: Service,
  source: string,
  target: string,
  place: Place,
): Remark | undefined {
  const isFile = /\.(sql|conf|cnf|ya?ml|json|toml|ini|sh|py|js|ts|xml|properties|template|crt|pem)$/;
  if (
    !isFile.test(source) ||
    !isFile.test(target) ||
    model.project.kindOf(source) !== undefined ||
    !model.project.isShared(source) ||
    source.startsWith('..')
  )
    return undefined;
  const right =
    model.project.otherCase(source) ??
    model.project.files
      .map((file) => file.path)
      .find((file) => path.posix.basename(file) === path.posix.basename(source));
  return {
    severity: 'error',
    place,
    about: `mount ${service.name} ${source}`,
    fr: [
      `« ${service.name} » monte le fichier « ${source} », qui n’existe pas${right === undefined ? '' : ` (il y a « ${right} »)`}.`,
      `Docker crée un dossier vide à sa place : « ${target}: Is a directory », ou le fichier est ignoré.`,
      right === undefined
        ? 'Ajoutez le fichier, ou corrigez le chemin.'
        : `Écrivez : ./${path.posix.relative(service.folder, right)}:${target}`,
    ],
    en: [
      `"${service.name}" mounts the file "${source}", which does not exist${right === undefined ? '' : ` (there is "${right}")`}.`,
      `Docker makes an empty folder in its place: "${target}: Is a directory", or the file is ignored.`,
      right === undefined
        ? 'Add the file, or mend the path.'
        : `Write: ./${path.posix.relative(service.folder, right)}:${target}`,
    ],
  };
}

/** `- NAME: value`: half a list, half a map. */
function* mixedLists(file: JsonObject | undefined): Generator<Remark> {
  for (const [name, service] of Object.entries(objectAt(file, 'services'))) {
    if (!isObject(service)) continue;
    yield* keptQuotes(name, service);
    for (const key of ['environment', 'labels']) {
      const list = service[key];
      const index = Array.isArray(list) ? list.findIndex((entry) => isObject(entry)) : -1;
      const entry = Array.isArray(list) ? list[index] : undefined;
      if (!isObject(entry) || !Array.isArray(list)) continue;
      const variable = Object.keys(entry)[0] ?? 'NOM';
      yield {
        severity: 'error',
        place: placeOf(list, index),
        fr: [
          `« ${key} » de « ${name} » mêle deux écritures : le tiret et les deux-points.`,
          `« docker compose up » s’arrête : « services.${name}.${key}.[${index}]: unexpected type map[string]interface {} ».`,
          `Écrivez : - ${variable}=… (ou enlevez les tirets : ${variable}: …)`,
        ],
        en: [
          `"${key}" of "${name}" mixes two ways of writing: the dash and the colon.`,
          `"docker compose up" stops: "services.${name}.${key}.[${index}]: unexpected type map[string]interface {}".`,
          `Write: - ${variable}=… (or remove the dashes: ${variable}: …)`,
        ],
      };
    }
  }
}

/** `- NAME="value"`: in a list, the quotes are a part of the value. */
function* keptQuotes(name: string, service: JsonObject): Generator<Remark> {
  const list = service.environment;
  if (!Array.isArray(list)) return;
  for (const [index, entry] of list.entries()) {
    const [, variable = '', quote = '', value = ''] =
      /^(\w+)=(["'])(.*)\2$/s.exec(typeof entry === 'string' ? entry : '') ?? [];
    if (variable === '') continue;
    const breaks = /^[a-z][\w+]*:\/\//i.test(value) || /(^|_)(HOST|PORT)$/.test(variable);
    yield {
      severity: breaks ? 'error' : 'warning',
      place: placeOf(list, index),
      about: `quotes ${name} ${variable}`,
      fr: [
        `Dans une liste, les guillemets font partie de la valeur : « ${name} » reçoit ${variable} avec eux.`,
        breaks
          ? `L’application ne sait pas la lire : « Could not parse … from string '${quote}…' », « invalid port » ou « Name or service not known ».`
          : 'L’application compare ou affiche la valeur avec ses guillemets.',
        `Écrivez sans guillemets : - ${variable}=… (ou entourez toute la ligne : - "${variable}=…")`,
      ],
      en: [
        `In a list, quotes are a part of the value: "${name}" is given ${variable} with them.`,
        breaks
          ? `The application cannot read it: "Could not parse … from string '${quote}…'", "invalid port" or "Name or service not known".`
          : 'The application compares or shows the value with its quotes.',
        `Write without quotes: - ${variable}=… (or around the whole line: - "${variable}=…")`,
      ],
    };
  }
}

function isKept(service: Service, folder: string): boolean {
  return service.volumes.some((mount) => mount.target === folder && (!mount.isBind || mount.source === undefined));
}

/** Packages that the image installed below the place where the folder is mounted. */
function hiddenModules(
  model: Model,
  instance: Instance,
  source: string,
  target: string,
  place: Place,
): Remark | undefined {
  const { service, image, start } = instance;
  if (!service || !image) return undefined;
  const starts =
    (start.words ?? []).join(' ') + start.runs.map((run) => [run.program, ...run.args].join(' ')).join(' ; ');
  const text = JSON.stringify([service.command, service.entrypoint]) + starts;
  for (const run of image.runs) {
    const raw = run.instruction.raw;
    const isNode =
      /\b(npm (ci|i|install)\b|yarn( install)?(\s|$|&)|pnpm (i|install)\b|bun install)/.test(raw) &&
      !/(install|i|add) (-g|--global)/.test(raw);
    const isVenv =
      /\buv sync\b|poetry install|pdm (install|sync)/.test(raw) &&
      !/virtualenvs[.-]create\s+false/.test(image.runs.map((each) => each.instruction.raw).join(' ')) &&
      !image.env.has('UV_PROJECT_ENVIRONMENT') &&
      !/poetry install/.test(raw);
    if ((!isNode && !isVenv) || /\bmv\b[^&;]*node_modules/.test(raw)) continue;
    const workdir = run.commands.reduce(
      (folder, { words }) => (words[0] === 'cd' ? path.posix.resolve(folder, words[1] ?? '.') : folder),
      run.workdir,
    );
    const folder = path.posix.join(workdir, isNode ? 'node_modules' : '.venv');
    if (!(folder === target || folder.startsWith(`${target === '/' ? '' : target}/`))) continue;
    if (isKept(service, folder) || service.volumes.some((mount) => mount.target.startsWith(`${folder}/`))) continue;
    // The command puts them back, or needs none.
    if (isNode && /(npm|pnpm|bun|yarn) (ci|i|install)\b|yarn\s*(&&|;|$)|npm ci/.test(text)) continue;
    if (
      isVenv &&
      (/uv (run|sync)/.test(text) || starts.includes('uv run') || start.runs.some((each) => each.runner === 'uv'))
    )
      continue;
    if (
      isNode &&
      start.runs.length > 0 &&
      start.runs.every((each) => /^(nginx|python|serve|caddy)$/.test(each.program))
    )
      continue;
    const below = path.posix.relative(target, folder);
    const onDisk = model.project.kindOf(path.posix.join(source, below)) === 'folder';
    if (onDisk && isVenv) continue;
    const program =
      start.runs.find((each) => each.runner === 'npm')?.program ?? (start.runs.length > 0 ? 'node' : 'vite');
    const tool = 'uvicorn';
    const unfound = program === 'node' ? '' : `sh: ${program}: not found`;
    return {
      severity: onDisk ? 'warning' : 'error',
      place,
      about: `bind ${service.name}`,
      fr: [
        `« ${source} » est monté sur ${target} et cache ${folder}, que l’image avait rempli.`,
        isNode
          ? `Le conteneur s’arrête : ${unfound === '' ? '' : `« ${unfound} » ou `}« Cannot find module … »${onDisk ? ' (ou prend les paquets de votre ordinateur, faits pour un autre système)' : ''}.`
          : `Le conteneur s’arrête : « exec: "${tool}": executable file not found in $PATH » ou « ModuleNotFoundError ».`,
        `Ajoutez sous volumes: une ligne qui garde ce dossier :\n- ${folder}`,
      ],
      en: [
        `"${source}" is mounted on ${target} and hides ${folder}, which the image had filled.`,
        isNode
          ? `The container stops: ${unfound === '' ? '' : `"${unfound}" or `}"Cannot find module …"${onDisk ? ' (or takes your computer’s packages, made for another system)' : ''}.`
          : `The container stops: "exec: "${tool}": executable file not found in $PATH" or "ModuleNotFoundError".`,
        `Add under volumes: a line that keeps this folder:\n- ${folder}`,
      ],
    };
  }
  return undefined;
}

/** Files that the build made below the place where the folder is mounted. */
function hiddenBuild(
  model: Model,
  instance: Instance,
  source: string,
  target: string,
  place: Place,
): Remark | undefined {
  const { service, image } = instance;
  const next = instance.start.runs.filter((run) => run.program === 'next');
  const [started] = next;
  if (
    service &&
    image &&
    started?.args[0] === 'start' &&
    next.length === 1 &&
    started.cwd === target.replace(/(.)\/$/, '$1') &&
    image.runs.some((run) => /\bbuild\b/.test(run.instruction.raw)) &&
    model.project.kindOf(path.posix.join(source, '.next')) === undefined &&
    !service.volumes.some((each) => each.target.endsWith('/.next'))
  )
    return {
      severity: 'error',
      place,
      about: `bind ${service.name}`,
      fr: [
        `« ${source} » est monté sur ${target} et cache le dossier .next que l’image avait construit.`,
        "« next start » s’arrête : « Could not find a production build in the '.next' directory ».",
        'Enlevez cette ligne : l’image contient déjà ce qu’il faut (ou lancez « npm run dev » pour développer).',
      ],
      en: [
        `"${source}" is mounted on ${target} and hides the folder .next that the image had built.`,
        '"next start" stops: "Could not find a production build in the \'.next\' directory".',
        'Remove this line: the image already holds what is needed (or run "npm run dev" to develop).',
      ],
    };
  if (!service || !image || !/nginx|httpd|caddy/.test(image.base)) return undefined;
  const copy = image.copies.find(
    (each) =>
      each.from !== undefined &&
      (each.destination.replace(/\/$/, '') === target || each.destination.startsWith(`${target}/`)),
  );
  const hasPage = model.project.kindOf(path.posix.join(source, 'index.html')) === 'file';
  const isSource = model.fronts.some((front) => front.kind === 'vite' && front.folder === source);
  if (!copy || /dist|build|public/.test(source) || (hasPage && !isSource)) return undefined;
  return {
    severity: 'error',
    place,
    about: `bind ${service.name}`,
    fr: [
      `« ${source} » est monté sur ${target} et cache les fichiers construits que l’image y avait mis.`,
      hasPage
        ? 'La page reste blanche : le navigateur reçoit les sources, qu’il ne sait pas lire.'
        : 'La page montre « 403 Forbidden » : il n’y a plus d’index.html.',
      'Enlevez cette ligne : l’image contient déjà ce qu’il faut.',
    ],
    en: [
      `"${source}" is mounted on ${target} and hides the built files that the image had put there.`,
      hasPage
        ? 'The page stays blank: the browser is given the sources, which it cannot read.'
        : 'The page shows "403 Forbidden": there is no index.html any more.',
      'Remove this line: the image already holds what is needed.',
    ],
  };
}

export const composeVariable: Rule = {
  id: 'compose-variable',
  title: { fr: 'compose attend une variable que rien ne donne', en: 'compose expects a variable that nothing gives' },
  why: {
    fr: 'Dans un fichier compose, ${NOM} est remplacé par sa valeur, lue dans le fichier .env du même dossier ou dans le terminal ; à défaut, par du vide.',
    en: 'In a compose file, ${NAME} is replaced by its value, read from the .env file of the same folder or from the terminal; failing that, by nothing.',
  },
  *check(model) {
    for (const stack of model.stacks) {
      const names = [...new Set(stack.unset.map(({ name }) => name))];
      const [first] = stack.unset;
      if (!first) continue;
      const envFile = path.posix.join(stack.folder, '.env');
      const list = names.map((name) => `\${${name}}`).join(', ');
      const lines = names.map((name) => `${name}=…`).join('\n');
      const many = names.length > 1;
      yield {
        severity: 'warning',
        place: first.place,
        fr: [
          `${list} ${many ? 'n’ont' : 'n’a'} pas de valeur : ni ${envFile}, ni un modèle (.env.template) ne ${many ? 'les' : 'la'} donne${first.service === undefined || many ? '' : ` (service « ${first.service} »)`}.`,
          `« docker compose up » prévient : « The "${first.name}" variable is not set. Defaulting to a blank string. »`,
          `Ajoutez dans ${envFile} (et dans .env.template, sans valeur, pour ceux qui clonent) :\n${lines}`,
        ],
        en: [
          `${list} ${many ? 'have' : 'has'} no value: neither ${envFile} nor a template (.env.template) gives ${many ? 'them' : 'it'}${first.service === undefined || many ? '' : ` (service "${first.service}")`}.`,
          `"docker compose up" warns: "The "${first.name}" variable is not set. Defaulting to a blank string."`,
          `Add to ${envFile} (and to .env.template, without value, for those who clone):\n${lines}`,
        ],
      };
    }
  },
};
