import path from 'node:path';
import type { Remark } from '../findings.ts';
import { runningSources, type Instance, type Model } from '../model.ts';
import { findModule, isInstalled, type Loading } from '../python.ts';
import { isKnownModule } from '../read/distributions.ts';
import { textOf, type SourceFile } from '../read/source.ts';
import type { Run } from '../read/start.ts';
import type { Place } from '../read/yaml.ts';
import { nearest } from '../words.ts';
import { djangoModels } from './django-models.ts';
import { pythonCalls } from './python-calls.ts';
import { missingPackage } from './python-package.ts';
import { crash } from './start.ts';

/** A package that no import names, and that the code cannot do without. */
interface Silent {
  from: RegExp;
  names: RegExp;
  modules: string[];
  package: string;
  words: string;
}

const SILENT: Silent[] = [
  {
    from: /^(fastapi|fastapi\.param_functions|fastapi\.params)$/,
    names: /^(UploadFile|Form|File)$/,
    modules: ['multipart', 'python_multipart'],
    package: 'python-multipart',
    words: 'RuntimeError: Form data requires "python-multipart" to be installed.',
  },
  {
    from: /^fastapi\.security(\.oauth2)?$/,
    names: /^OAuth2PasswordRequestForm(Strict)?$/,
    modules: ['multipart', 'python_multipart'],
    package: 'python-multipart',
    words: 'RuntimeError: Form data requires "python-multipart" to be installed.',
  },
  {
    from: /^pydantic(\.networks)?$/,
    names: /^(EmailStr|NameEmail)$/,
    modules: ['email_validator'],
    package: 'pydantic[email]',
    words: "ImportError: email-validator is not installed, run `pip install 'pydantic[email]'`",
  },
  {
    from: /^(fastapi|starlette)\.templating$/,
    names: /^Jinja2Templates$/,
    modules: ['jinja2'],
    package: 'jinja2',
    words: 'AssertionError: jinja2 must be installed to use Jinja2Templates',
  },
  {
    from: /^(fastapi|starlette)\.middleware\.sessions$/,
    names: /^SessionMiddleware$/,
    modules: ['itsdangerous'],
    package: 'itsdangerous',
    words: "ModuleNotFoundError: No module named 'itsdangerous'",
  },
];

/** What the loaded modules of a program need besides what they import: packages, drivers, files. */
export function* pythonNeeds(model: Model, instance: Instance, run: Run, loading: Loading): Generator<Remark> {
  if (loading.isOpen) return;
  const told = new Set<string>();
  for (const { source } of loading.modules) {
    for (const remark of [...silentPackages(instance, source), ...openedFiles(model, instance, run, source)]) {
      if (remark.about !== undefined && told.has(remark.about)) continue;
      told.add(remark.about ?? '');
      yield remark;
    }
  }
  const sources = [...new Set([...loading.modules.map((each) => each.source), ...runningSources(model, instance)])];
  yield* pythonCalls(model, instance, sources);
  yield* djangoApps(model, instance, sources);
  yield* djangoModels(model, instance, run, sources);
  yield* djangoModules(model, instance, loading, sources);
  yield* staticRoot(model, instance, run, sources);
}

/** `python manage.py collectstatic` at the start, where the settings do not say where to. */
function* staticRoot(model: Model, instance: Instance, run: Run, sources: SourceFile[]): Generator<Remark> {
  if (!run.args.some((word) => /manage\.py$/.test(word)) || !run.args.includes('collectstatic')) return;
  const settings = sources.filter((source) => /^INSTALLED_APPS\s*=/m.test(model.project.read(source.path) ?? ''));
  const [first] = settings;
  if (!first || settings.length !== 1) return;
  const texts = sources.map((source) => model.project.read(source.path) ?? '').join('\n');
  if (/STATIC_ROOT|STATICFILES_STORAGE|STORAGES\b|AWS_|django_heroku/.test(texts) || first.starred) return;
  const text = model.project.read(first.path) ?? '';
  const line = text.split('\n').findIndex((each) => each.startsWith('STATIC_URL')) + 1;
  const [fr, en] = crash(
    instance,
    "django.core.exceptions.ImproperlyConfigured: You're using the staticfiles app without having set the STATIC_ROOT setting to a filesystem path.",
  );
  yield {
    severity: 'error',
    place: { file: first.path, line: Math.max(1, line) },
    about: `static ${first.path}`,
    fr: [
      'collectstatic est lancé au démarrage, mais les réglages ne disent pas où (STATIC_ROOT).',
      fr,
      `Ajoutez à ${first.path} : STATIC_ROOT = BASE_DIR / "staticfiles"`,
    ],
    en: [
      'collectstatic is run at the start, but the settings do not say where to (STATIC_ROOT).',
      en,
      `Add to ${first.path}: STATIC_ROOT = BASE_DIR / "staticfiles"`,
    ],
  };
}

/** Modules of the project that Django is told of in texts: its settings, its routes. */
function* djangoModules(model: Model, instance: Instance, loading: Loading, sources: SourceFile[]): Generator<Remark> {
  const told = (place: Place, what: string, module: string): Remark => {
    const [fr, en] = crash(instance, `ModuleNotFoundError: No module named '${module}'`);
    const near = settingsLike(model, module);
    return {
      severity: 'error',
      place,
      about: `django ${place.file}:${place.line}`,
      fr: [
        `${what} nomme le module « ${module} », qui n’est pas dans l’image.`,
        fr,
        near === undefined
          ? 'Corrigez ce nom (le chemin du fichier depuis manage.py, avec des points).'
          : `Écrivez : ${near}`,
      ],
      en: [
        `${what} names the module "${module}", which is not in the image.`,
        en,
        near === undefined ? 'Mend this name (the path of the file from manage.py, with dots).' : `Write: ${near}`,
      ],
    };
  };
  const isAbsent = (module: string) =>
    findModule(instance, loading.folders, module).state === 'no' &&
    isInstalled(instance, module.split('.')[0] ?? '') !== 'yes';
  const given = instance.variables.get('DJANGO_SETTINGS_MODULE');
  const names = new Set(sources.map((source) => source.path));
  if (given?.value !== undefined && /^[\w.]+$/.test(given.value)) {
    if (
      isAbsent(given.value) &&
      sources.some((source) => source.imports.some((each) => each.module.startsWith('django')))
    )
      yield told(given.place, 'DJANGO_SETTINGS_MODULE', given.value);
    return;
  }
  if (instance.envIsOpen && !instance.image) return;
  for (const source of sources) {
    const text = model.project.read(source.path) ?? '';
    const lines = text.split('\n');
    for (const [index, row] of lines.entries()) {
      const match =
        /^\s*os\.environ\.setdefault\(\s*["'](DJANGO_SETTINGS_MODULE)["']\s*,\s*["']([\w.]+)["']/.exec(row) ??
        (/settings/.test(source.path) ? /^(ROOT_URLCONF)\s*=\s*["']([\w.]+)["']/.exec(row) : null);
      if (!match || !names.has(source.path) || !isAbsent(match[2] ?? '')) continue;
      yield told({ file: source.path, line: index + 1 }, match[1] ?? '', match[2] ?? '');
      return;
    }
  }
}

/** A module of the project that ends as a name does. */
function settingsLike(model: Model, module: string): string | undefined {
  const last = module.split('.').at(-1) ?? '';
  const found = model.project.files
    .map((file) => file.path)
    .filter(
      (file) =>
        file.endsWith(`/${last}.py`) ||
        (last !== 'urls' && /\/settings(\/\w+)?\.py$/.test(file) && !file.endsWith('__init__.py')),
    );
  const [only] = found;
  return only === undefined || found.length > 1 ? undefined : only.split('/').slice(-2).join('.').replace(/\.py$/, '');
}

function* silentPackages(instance: Instance, source: SourceFile): Generator<Remark> {
  const text = instance.around.project.read(source.path) ?? '';
  for (const each of source.imports) {
    if (!each.isCertain) continue;
    for (const need of SILENT) {
      const name = need.from.test(each.module) ? each.names.find((one) => need.names.test(one)) : undefined;
      // What is imported and never used asks for nothing.
      if (name === undefined || [...text.matchAll(new RegExp(`\\b${name}\\b`, 'g'))].length < 2) continue;
      if (need.modules.some((module) => isInstalled(instance, module) !== 'no')) continue;
      yield missingPackage(
        instance,
        { file: source.path, line: each.line },
        [name, name],
        need.package,
        crash(instance, need.words),
      );
    }
  }
}

/** Applications and middleware that Django's settings name in texts. */
function* djangoApps(model: Model, instance: Instance, sources: SourceFile[]): Generator<Remark> {
  for (const source of sources) {
    const text = model.project.read(source.path) ?? '';
    if (source.language !== 'python' || !/^INSTALLED_APPS\s*=/m.test(text)) continue;
    const folder = path.posix.dirname(path.posix.dirname(source.path));
    const isOwn = (name: string) =>
      [path.posix.dirname(source.path), folder, path.posix.dirname(folder)].some((base) =>
        [name, `${name}.py`, `apps/${name}`, `src/${name}`].some(
          (each) => model.project.kindOf(path.posix.normalize(path.posix.join(base, each))) !== undefined,
        ),
      );
    const lists = [...text.matchAll(/^(INSTALLED_APPS|MIDDLEWARE)\s*=\s*\[([^\]]*)\]/gm)];
    for (const match of lists) {
      for (const entry of (match[2] ?? '').matchAll(/^[^#\n]*?["']([a-z_][\w.]*)["']/gm)) {
        const top = (entry[1] ?? '').split('.')[0] ?? '';
        if (top === 'django' || isOwn(top) || isInstalled(instance, top) !== 'no') continue;
        if (instance.around.find(path.posix.join(instance.around.workdir, top)).state !== 'no') continue;
        const line = text.slice(0, match.index + match[0].indexOf(match[2] ?? '') + entry.index).split('\n').length;
        const name =
          {
            corsheaders: 'django-cors-headers',
            rest_framework: 'djangorestframework',
            whitenoise: 'whitenoise',
            debug_toolbar: 'django-debug-toolbar',
            django_filters: 'django-filter',
            crispy_forms: 'django-crispy-forms',
            allauth: 'django-allauth',
            storages: 'django-storages',
            django_extensions: 'django-extensions',
            rest_framework_simplejwt: 'djangorestframework-simplejwt',
            drf_yasg: 'drf-yasg',
            channels: 'channels',
          }[top] ?? top;
        const near = nearest(top, [
          ...new Set(
            model.project.files
              .filter((file) => /\/(apps|models|__init__)\.py$/.test(file.path))
              .map((file) => path.posix.basename(path.posix.dirname(file.path))),
          ),
        ]);
        if (near !== undefined && !isKnownModule(top)) {
          const [fr, en] = crash(instance, `ModuleNotFoundError: No module named '${top}'`);
          yield {
            severity: 'error',
            place: { file: source.path, line },
            about: `package ${instance.image?.dockerfile.path ?? ''} ${top}`,
            fr: [
              `${match[1] ?? ''} nomme « ${top} » ; l’application du projet s’appelle « ${near} ».`,
              fr,
              `Écrivez : "${(entry[1] ?? '').replace(top, near)}"`,
            ],
            en: [
              `${match[1] ?? ''} names "${top}"; the project’s application is called "${near}".`,
              en,
              `Write: "${(entry[1] ?? '').replace(top, near)}"`,
            ],
          };
          return;
        }
        yield missingPackage(
          instance,
          { file: source.path, line },
          [
            `${match[1] ?? ''} nomme « ${entry[1] ?? ''} » : Django`,
            `${match[1] ?? ''} names "${entry[1] ?? ''}": Django`,
          ],
          name,
          crash(instance, `ModuleNotFoundError: No module named '${top}'`),
        );
        return;
      }
    }
  }
}

/** The only file of the project that is called so, in a folder of nearly that name. */
function misspelt(files: string[], wanted: string, isFolder: boolean): string | undefined {
  if (isFolder) return undefined;
  const same = files.filter((file) => path.posix.basename(file) === path.posix.basename(wanted));
  const [only = ''] = same;
  const near = nearest(
    path.posix.basename(path.posix.dirname(wanted)),
    [path.posix.basename(path.posix.dirname(only))],
    2,
  );
  return same.length === 1 && near !== undefined ? only : undefined;
}

/** Whether a line stands below `try:`, where its failure may do no harm. */
function isTried(model: Model, source: SourceFile, line: number): boolean {
  const lines = (model.project.read(source.path) ?? '').split('\n');
  let indent = /^\s*/.exec(lines[line - 1] ?? '')?.[0].length ?? 0;
  for (let index = line - 2; index >= 0 && indent > 0; index--) {
    const row = lines[index] ?? '';
    const own = /^\s*/.exec(row)?.[0].length ?? 0;
    if (row.trim() === '' || own >= indent) continue;
    if (/^\s*(try|with (contextlib\.)?suppress\b.*):/.test(row)) return true;
    indent = own;
  }
  return false;
}

/** A file that is opened as soon as the program starts, by a path from the folder that it starts in. */
function* openedFiles(model: Model, instance: Instance, run: Run, source: SourceFile): Generator<Remark> {
  const { image } = instance;
  if (!image || /\bos\.chdir\b/.test(model.project.read(source.path) ?? '')) return;
  for (const call of source.calls) {
    if (call.within !== undefined || call.isConditional || call.isMainOnly || isTried(model, source, call.line))
      continue;
    const isFolder = /(^|\.)StaticFiles$/.test(call.callee);
    const isRead =
      isFolder ||
      /^open$|^(pd|pandas|pl|polars)\.read_(csv|parquet|excel|json|pickle|feather)$|^(joblib|torch|np|numpy)\.load$|^gpd\.read_file$|^(tf\.)?keras\.models\.load_model$|^load_model$/.test(
        call.callee,
      );
    const name = isFolder ? textOf(call.named.get('directory')) : textOf(call.positional[0]);
    if (!isRead || name === undefined || !/^(\.\/)?[\w-][\w./-]*$/.test(name)) continue;
    if (call.callee === 'open' && /^[wax]/.test(textOf(call.positional[1]) ?? textOf(call.named.get('mode')) ?? 'r'))
      continue;
    if (isFolder && textOf(call.named.get('check_dir')) === 'False') continue;
    const target = path.posix.resolve(run.cwd, name);
    const found = instance.around.find(target);
    if (found.state !== 'no' || (isFolder && instance.around.find(`${target}/x`).state === 'unknown')) continue;
    if (
      instance.mounts.some(
        (mount) => target.startsWith(`${mount.target.replace(/\/$/, '')}/`) || mount.target === target,
      )
    )
      continue;
    const inside = path.posix.normalize(name);
    // Where the project has it, it was meant to come along; else it may be made by something else.
    const held = model.project.files.map((file) => file.path);
    const meant =
      held.find(
        (file) =>
          file === path.posix.join(image.context.folder, inside) ||
          file.endsWith(`/${inside}`) ||
          file === inside ||
          (isFolder && (file.startsWith(`${inside}/`) || file.includes(`/${inside}/`))),
      ) ?? misspelt(held, inside, isFolder);
    const code = runningSources(model, instance)
      .map((each) => model.project.read(each.path) ?? '')
      .join('\n');
    const mayBeMade =
      /makedirs|\.mkdir\(|urlretrieve|hf_hub_download|download|to_csv|joblib\.dump|\.save\(/.test(code) ||
      image.runs.some((each) => each.instruction.raw.includes(path.posix.basename(inside)));
    if (meant === undefined && (!isFolder || mayBeMade)) continue;
    const own = meant ?? inside;
    if (!model.project.isShared(own) || (!own.endsWith(inside) && !own.includes(`${inside}/`) && mayBeMade)) continue;
    const words = isFolder
      ? `RuntimeError: Directory '${name}' does not exist`
      : `FileNotFoundError: [Errno 2] No such file or directory: '${name}'`;
    const [fr, en] = crash(instance, words);
    const top = path.posix.relative(image.context.folder, own);
    const line = image.copies.findLast((copy) => copy.from === undefined)?.instruction.line ?? image.stage.line;
    const isOutside = top.startsWith('..');
    const isIgnored = found.because === 'dockerignore';
    const shown = isFolder ? inside : top;
    const isElsewhere = meant !== undefined && !meant.endsWith(inside) && !meant.includes(`${inside}/`);
    yield {
      severity: 'error',
      place: isElsewhere ? { file: source.path, line: call.line } : { file: image.dockerfile.path, line },
      about: `opened ${image.dockerfile.path} ${inside}`,
      fr: [
        `${source.path} (ligne ${call.line}) ouvre « ${name} » au démarrage, et ${target} n’est pas dans l’image${isIgnored ? ` (${image.context.ignoreFile ?? '.dockerignore'} l’écarte)` : ''}.`,
        fr,
        isIgnored
          ? `Enlevez de ${image.context.ignoreFile ?? '.dockerignore'} la ligne qui l’écarte.`
          : isElsewhere
            ? `Écrivez le chemin du fichier tel qu’il est : ${top}`
            : meant === undefined
              ? `Copiez ce dossier dans l’image : COPY … ${target} (avec plusieurs étapes : COPY --from=… … ${target}), ou corrigez son nom dans ${source.path}.`
              : isOutside
                ? `Construisez depuis un dossier qui contient aussi ${own}, et copiez-le.`
                : `Ajoutez : COPY ${shown} ${isFolder ? target : `${path.posix.dirname(target).replace(/\/$/, '')}/`}`,
      ],
      en: [
        `${source.path} (line ${call.line}) opens "${name}" at its start, and ${target} is not in the image${isIgnored ? ` (${image.context.ignoreFile ?? '.dockerignore'} leaves it out)` : ''}.`,
        en,
        isIgnored
          ? `Remove from ${image.context.ignoreFile ?? '.dockerignore'} the line that leaves it out.`
          : isElsewhere
            ? `Write the path of the file as it is: ${top}`
            : meant === undefined
              ? `Copy this folder into the image: COPY … ${target} (with several stages: COPY --from=… … ${target}), or mend its name in ${source.path}.`
              : isOutside
                ? `Build from a folder that also holds ${own}, and copy it.`
                : `Add: COPY ${shown} ${isFolder ? target : `${path.posix.dirname(target).replace(/\/$/, '')}/`}`,
      ],
    };
  }
}
