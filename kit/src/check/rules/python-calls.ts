import path from 'node:path';
import type { Remark } from '../findings.ts';
import type { Instance, Model } from '../model.ts';
import { isInstalled } from '../python.ts';
import { findInImage } from '../read/image.ts';
import { textOf, type SourceFile } from '../read/source.ts';
import { literal, nearest } from '../words.ts';
import { missingPackage } from './python-package.ts';
import { crash } from './start.ts';

/** What a function of a library needs besides it, and says when it is called without. */
interface Optional {
  callee: RegExp;
  from: RegExp;
  modules: string[];
  package: string;
  words: string;
}

const OPTIONAL: Optional[] = [
  {
    callee: /^(pd|pandas)\.read_excel$/,
    from: /^pandas$/,
    modules: ['openpyxl', 'xlrd', 'python_calamine', 'pyxlsb', 'odf'],
    package: 'openpyxl',
    words: "ImportError: Missing optional dependency 'openpyxl'. Use pip or conda to install openpyxl.",
  },
  {
    callee: /^\w+\.to_excel$/,
    from: /^pandas$/,
    modules: ['openpyxl', 'xlsxwriter', 'odf'],
    package: 'openpyxl',
    words: "ModuleNotFoundError: No module named 'openpyxl'",
  },
  {
    callee: /^((pd|pandas)\.read_parquet|\w+\.to_parquet)$/,
    from: /^pandas$/,
    modules: ['pyarrow', 'fastparquet', 'polars', 'geopandas', 'dask', 'pyspark'],
    package: 'pyarrow',
    words: "ImportError: Unable to find a usable engine; tried using: 'pyarrow', 'fastparquet'.",
  },
];

/** Names that a library has only from a version on, or up to one. */
const SINCE: { from: RegExp; names: RegExp; package: string; since: number; words: (name: string) => string }[] = [
  {
    from: /^sqlalchemy\.orm$/,
    names: /^(DeclarativeBase|mapped_column|MappedAsDataclass|DeclarativeBaseNoMeta)$/,
    package: 'sqlalchemy',
    since: 2,
    words: (name) => `ImportError: cannot import name '${name}' from 'sqlalchemy.orm'`,
  },
  {
    from: /^pydantic$/,
    names:
      /^(field_validator|model_validator|ConfigDict|computed_field|TypeAdapter|field_serializer|model_serializer|RootModel)$/,
    package: 'pydantic',
    since: 2,
    words: (name) => `ImportError: cannot import name '${name}' from 'pydantic'`,
  },
  {
    from: /^openai$/,
    names: /^(OpenAI|AsyncOpenAI|AzureOpenAI)$/,
    package: 'openai',
    since: 1,
    words: (name) => `ImportError: cannot import name '${name}' from 'openai'`,
  },
];

/** What the calls of the running sources need: optional packages, versions, pages. */
export function* pythonCalls(model: Model, instance: Instance, sources: SourceFile[]): Generator<Remark> {
  const told = new Set<string>();
  const remarks = sources
    .filter((source) => source.language === 'python')
    .flatMap((source) => [
      ...laterNames(instance, source),
      ...optionalPackages(instance, source),
      ...missingPages(model, instance, source, sources),
    ]);
  for (const remark of remarks) {
    if (told.has(remark.about ?? '')) continue;
    told.add(remark.about ?? '');
    yield remark;
  }
}

function* optionalPackages(instance: Instance, source: SourceFile): Generator<Remark> {
  const libraries = source.imports.map((each) => each.module);
  for (const call of source.calls) {
    const need = OPTIONAL.find(
      (each) => each.callee.test(call.callee) && libraries.some((module) => each.from.test(module)),
    );
    if (!need || call.named.has('engine') || call.isMainOnly) continue;
    if (need.modules.some((module) => isInstalled(instance, module) !== 'no')) continue;
    yield missingPackage(instance, { file: source.path, line: call.line }, [call.callee, call.callee], need.package, [
      `À cet appel, l’application échoue : « ${need.words} ».`,
      `At this call, the application fails: "${need.words}".`,
    ]);
  }
}

/** The version that a list of requirements which the image installs pins for a package. */
function pinOf(instance: Instance, name: string): { version: string; file: string; line: number } | undefined {
  const { image } = instance;
  const { project } = instance.around;
  if (!image) return undefined;
  const pins = image.runs.flatMap((run) =>
    run.commands.flatMap(({ words }) => {
      const at = words.findIndex((word) => /^(-r|--requirement)$/.test(word));
      const { source } =
        at < 0 ? {} : findInImage(project, image, path.posix.resolve(run.workdir, words[at + 1] ?? ''));
      const lines = source === undefined ? [] : (project.read(source) ?? '').split('\n');
      return lines.flatMap((text, index) => {
        const [, version] =
          new RegExp(`^${literal(name)}(?:\\[[\\w,-]+\\])?\\s*==\\s*([\\d.]+)\\s*(?:#.*)?\\r?$`, 'i').exec(text) ?? [];
        return version === undefined ? [] : [{ version, file: source ?? '', line: index + 1 }];
      });
    }),
  );
  return pins.length === 1 ? pins[0] : undefined;
}

function* laterNames(instance: Instance, source: SourceFile): Generator<Remark> {
  for (const each of source.imports) {
    if (!each.isCertain) continue;
    for (const rule of SINCE) {
      const name = rule.from.test(each.module) ? each.names.find((one) => rule.names.test(one)) : undefined;
      const pin = name === undefined ? undefined : pinOf(instance, rule.package);
      if (name === undefined || !pin || Number(pin.version.split('.')[0]) >= rule.since) continue;
      const [fr, en] = crash(instance, rule.words(name));
      yield {
        severity: 'error',
        place: { file: pin.file, line: pin.line },
        about: `version ${pin.file} ${rule.package}`,
        fr: [
          `${source.path} (ligne ${each.line}) importe « ${name} », que ${rule.package} n’a qu’à partir de la version ${rule.since} : ici, ${pin.version}.`,
          fr,
          `Écrivez une version plus récente : ${rule.package}>=${rule.since}`,
        ],
        en: [
          `${source.path} (line ${each.line}) imports "${name}", which ${rule.package} has only from version ${rule.since} on: here, ${pin.version}.`,
          en,
          `Write a later version: ${rule.package}>=${rule.since}`,
        ],
      };
    }
  }
}

/** A page that the code shows by its name, and that no folder of the project holds. */
function* missingPages(model: Model, instance: Instance, source: SourceFile, sources: SourceFile[]): Generator<Remark> {
  const { project } = model;
  const texts = sources.map((each) => project.read(each.path) ?? '').join('\n');
  // Pages that are built, fetched, or held by a package.
  if (/DictLoader|PackageLoader|ChoiceLoader|FunctionLoader|PrefixLoader|template_loader/.test(texts)) return;
  const isFrom = (module: RegExp, name: string) =>
    source.imports.some((each) => module.test(each.module) && each.names.includes(name));
  for (const call of source.calls) {
    const isFlask = call.callee === 'render_template' && isFrom(/^flask(\.templating)?$/, 'render_template');
    const isStarlette = /^\w*templates?\.TemplateResponse$/i.test(call.callee);
    const isDjango = call.callee === 'render' && isFrom(/^django\.shortcuts$/, 'render');
    if (!isFlask && !isStarlette && !isDjango) continue;
    const values = [...call.positional, call.named.get(isDjango ? 'template_name' : 'name')];
    const name = values.map(textOf).find((text) => text !== undefined && /^[\w][\w./-]*\.html?$/.test(text));
    if (name === undefined || /^(admin|registration|account|socialaccount|rest_framework)\//.test(name)) continue;
    const held = project.files.map((file) => file.path);
    if (held.some((file) => file.endsWith(`/${name}`) || file === name)) continue;
    const pages = held.filter((file) => /\.html?$/.test(file) && /(^|\/)templates?\//i.test(file));
    if (pages.length === 0 || instance.mounts.some((mount) => /template/i.test(mount.target))) continue;
    const known = [...new Set(pages.map((file) => file.replace(/^.*?templates?\//i, '')))];
    const right =
      nearest(name, known, 2) ??
      known.find((each) => each.toLowerCase() === name.toLowerCase()) ??
      known.find((each) => path.posix.basename(each) === path.posix.basename(name));
    const words = isDjango
      ? `django.template.exceptions.TemplateDoesNotExist: ${name}`
      : isFlask
        ? `jinja2.exceptions.TemplateNotFound: ${name}`
        : `jinja2.exceptions.TemplateNotFound: '${name}' not found in search path`;
    yield {
      severity: 'error',
      place: { file: source.path, line: call.line },
      about: `page ${source.path} ${name}`,
      fr: [
        `« ${name} » n’est dans aucun dossier de pages du projet (il y a : ${known.slice(0, 5).join(', ')}).`,
        `Cette page répond « Internal Server Error » (500) ; les journaux montrent « ${words} ».`,
        right === undefined ? `Ajoutez la page, ou corrigez son nom ici.` : `Écrivez : "${right}"`,
      ],
      en: [
        `"${name}" is in no folder of pages of the project (there is: ${known.slice(0, 5).join(', ')}).`,
        `This page answers "Internal Server Error" (500); the logs show "${words}".`,
        right === undefined ? 'Add the page, or mend its name here.' : `Write: "${right}"`,
      ],
    };
  }
}
