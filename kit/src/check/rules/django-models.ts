import path from 'node:path';
import type { Remark } from '../findings.ts';
import type { Instance, Model } from '../model.ts';
import { isInstalled } from '../python.ts';
import type { SourceFile } from '../read/source.ts';
import type { Run } from '../read/start.ts';
import { missingPackage } from './python-package.ts';
import { crash } from './start.ts';

/** What Django checks of the models before it does anything: their application is listed, and pictures have Pillow. */
export function* djangoModels(model: Model, instance: Instance, run: Run, sources: SourceFile[]): Generator<Remark> {
  const { project } = model;
  const read = (file: string) => (project.read(file) ?? '').replace(/^\s*#.*$/gm, '');
  const settings = sources.filter((source) => /^INSTALLED_APPS\s*=/m.test(read(source.path)));
  const [first] = settings;
  if (!first || settings.length !== 1 || first.starred) return;
  const text = read(first.path);
  const list = /^INSTALLED_APPS\s*=\s*\[([^\]]*)\]\s*$/m.exec(text)?.[1];
  if (list === undefined || [...text.matchAll(/INSTALLED_APPS/g)].length !== 1) return;
  const apps = [...list.matchAll(/["']([\w.]+)["']/g)].map((match) => match[1] ?? '');
  // Names that are no texts may be of any application.
  if (list.replace(/["'][\w.]+["']|[\s,]/g, '') !== '') return;
  const root = /^ROOT_URLCONF\s*=\s*["']([\w.]+)["']/m.exec(text)?.[1];
  const base = path.posix.dirname(path.posix.dirname(first.path));
  const at = (module: string) => path.posix.normalize(path.posix.join(base, `${module.replace(/\./g, '/')}.py`));
  const urls = root === undefined ? '' : read(at(root));
  const line = text.slice(0, text.indexOf('INSTALLED_APPS')).split('\n').length;
  for (const { path: file } of project.files) {
    const [, app] = /^(?:.*\/)?([a-z_]\w*)\/models\.py$/.exec(file) ?? [];
    if (app === undefined || file !== at(`${app}.models`)) continue;
    const code = read(file);
    const isListed = apps.some((each) => each === app || each.startsWith(`${app}.`));
    const isPicture = /\bmodels\.ImageField\(/.test(code) && /^from django\.db import .*\bmodels\b/m.test(code);
    if (isListed && isPicture && run.args.some((word) => /manage\.py$/.test(word))) {
      if (isInstalled(instance, 'PIL') !== 'no') continue;
      const row = code.slice(0, code.search(/\bmodels\.ImageField\(/)).split('\n').length;
      const words = 'SystemCheckError: (fields.E210) Cannot use ImageField because Pillow is not installed.';
      yield missingPackage(
        instance,
        { file, line: row },
        ['ImageField', 'ImageField'],
        'pillow',
        crash(instance, words),
      );
    }
    const own = /^class\s+(\w+)\(models\.Model\):/m.exec(code)?.[1];
    if (isListed || own === undefined || /\b(abstract|app_label)\s*=/.test(code)) continue;
    const users = [`${app}.urls`, `${app}.views`].filter((module) =>
      new RegExp(
        `["']${module.replace('.', '\\.')}["']|^from ${module.replace('.', '\\.')} import|^from ${app} import .*\\b${module.split('.')[1] ?? ''}\\b`,
        'm',
      ).test(urls),
    );
    const loads = (module: string) => /^from (\.|\w+\.)models import/m.test(read(at(module)));
    const isLoaded = users.some(
      (module) =>
        loads(module) ||
        (/^from \. import .*\bviews\b|^from \.views import/m.test(read(at(module))) && loads(`${app}.views`)),
    );
    if (!isLoaded) continue;
    const [fr, en] = crash(
      instance,
      `RuntimeError: Model class ${app}.models.${own} doesn't declare an explicit app_label and isn't in an application in INSTALLED_APPS.`,
    );
    yield {
      severity: 'error',
      place: { file: first.path, line },
      about: `django app ${app}`,
      fr: [
        `INSTALLED_APPS ne nomme pas l’application « ${app} », dont les adresses (${root ?? ''}) chargent les modèles (${file}).`,
        fr,
        `Ajoutez à INSTALLED_APPS : "${app}",`,
      ],
      en: [
        `INSTALLED_APPS does not name the application "${app}", whose models (${file}) the addresses (${root ?? ''}) load.`,
        en,
        `Add to INSTALLED_APPS: "${app}",`,
      ],
    };
  }
}
