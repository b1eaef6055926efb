import type { Remark, Rule } from '../findings.ts';
import { groupOf, idOf, isFilledInLater, type ManifestFile } from '../read/kubernetes.ts';
import type { Kustomization } from '../read/kustomize.ts';
import { knownKinds, propertiesOf, schemaFaults } from '../read/schema.ts';
import {
  at,
  isObject,
  listAt,
  objectAt,
  objectsAt,
  placeAt,
  placeOf,
  textAt,
  type Json,
  type JsonObject,
  type Place,
  written,
} from '../read/yaml.ts';
import { literal, nearest } from '../words.ts';
import type { ErrorObject } from 'ajv';
import type { Model } from '../model.ts';
import { classify } from '../secret-values.ts';

/** Groups that belong to Kubernetes itself; other groups come with extensions, which the doctor does not know. */
const BUILT_IN = new Set(
  'apps batch autoscaling policy networking.k8s.io rbac.authorization.k8s.io storage.k8s.io admissionregistration.k8s.io apiextensions.k8s.io apiregistration.k8s.io authentication.k8s.io authorization.k8s.io certificates.k8s.io coordination.k8s.io discovery.k8s.io events.k8s.io flowcontrol.apiserver.k8s.io node.k8s.io scheduling.k8s.io extensions'.split(
    ' ',
  ),
);

function describe(object: JsonObject): string {
  return `${textAt(object, 'kind') ?? 'objet'} « ${textAt(object, 'metadata', 'name') ?? '?'} »`;
}

function describeEn(object: JsonObject): string {
  return `${textAt(object, 'kind') ?? 'object'} "${textAt(object, 'metadata', 'name') ?? '?'}"`;
}

export const yamlSyntax: Rule = {
  id: 'yaml-syntax',
  title: { fr: 'Le fichier YAML ne se lit pas', en: 'The YAML file cannot be read' },
  why: {
    fr: 'En YAML, c’est l’alignement (des espaces, jamais de tabulations) qui dit ce qui contient quoi. Un fichier qui ne se lit pas n’est appliqué en aucune de ses parties.',
    en: 'In YAML, alignment (spaces, never tabs) tells what contains what. A file that cannot be read is not applied at all.',
  },
  *check(model) {
    const files = [
      ...model.manifests.map(({ path, faults }) => ({ path, faults, by: 'kubectl' })),
      ...model.composeFiles.map(({ path, faults }) => ({ path, faults, by: 'compose' })),
      ...model.workflows.map(({ path, faults }) => ({ path, faults, by: 'GitHub' })),
    ];
    const seen = new Set<string>();
    for (const { path, faults, by } of files) {
      const fault = faults[0];
      if (!fault || seen.has(path)) continue;
      seen.add(path);
      const [fr, en] = faultSentence(fault.code, fault.message);
      const words =
        by === 'kubectl'
          ? `error: error parsing ${path}: error converting YAML to JSON: yaml: line ${fault.line}`
          : by === 'compose'
            ? `yaml: line ${fault.line}: …`
            : `Invalid workflow file: ${path}#L${fault.line}`;
      const isLost = fault.code === 'TWO_OBJECTS';
      yield {
        severity: 'error',
        place: { file: path, line: fault.line },
        about: `file ${path}`,
        fr: [
          fr[0],
          isLost
            ? 'kubectl garde le second et ne dit rien : le premier n’est jamais créé.'
            : `La commande s’arrête : « ${words} ».`,
          fr[1],
        ],
        en: [
          en[0],
          isLost
            ? 'kubectl keeps the second and says nothing: the first is never made.'
            : `The command stops: "${words}".`,
          en[1],
        ],
      };
    }
    const built = new Set(model.kustomizations.flatMap((each) => [...each.files]));
    for (const file of model.manifests) yield* repeatedKeys(file, built.has(file.path));
  },
};

/** Keys that are there twice: kustomize refuses them, kubectl takes the last without a word. */
function* repeatedKeys(file: ManifestFile, isBuilt: boolean): Generator<Remark> {
  if (file.faults.length > 0) return;
  for (const { key, lost, kept, isDifferent } of file.repeated) {
    if (!isDifferent && !isBuilt) continue;
    const place = { file: file.path, line: kept };
    const fixFr = `Gardez une seule des deux (lignes ${lost} et ${kept}).`;
    const fixEn = `Keep one of the two (lines ${lost} and ${kept}).`;
    if (isBuilt)
      yield {
        severity: 'error',
        place,
        about: `file ${file.path}`,
        fr: [
          `« ${key} » est écrit deux fois au même endroit (lignes ${lost} et ${kept}).`,
          `« kubectl apply -k » s’arrête : « yaml: unmarshal errors: line ${kept}: mapping key "${key}" already defined at line ${lost} ».`,
          fixFr,
        ],
        en: [
          `"${key}" is written twice in the same place (lines ${lost} and ${kept}).`,
          `"kubectl apply -k" stops: "yaml: unmarshal errors: line ${kept}: mapping key "${key}" already defined at line ${lost}".`,
          fixEn,
        ],
      };
    else
      yield {
        severity: 'warning',
        place,
        about: `repeated ${file.path}`,
        fr: [
          `« ${key} » est écrit deux fois au même endroit (lignes ${lost} et ${kept}), avec deux contenus différents.`,
          `kubectl garde le dernier et ne dit rien : ce qui est écrit à la ligne ${lost} n’a aucun effet.`,
          fixFr,
        ],
        en: [
          `"${key}" is written twice in the same place (lines ${lost} and ${kept}), with two different contents.`,
          `kubectl keeps the last one and says nothing: what line ${lost} says has no effect.`,
          fixEn,
        ],
      };
  }
}

/** The parser's commonest complaints, in French. */
const YAML_WORDS: [RegExp, string][] = [
  [
    /Implicit (map )?keys? need/,
    'il manque « : » et une valeur derrière un mot, ou un caractère de trop au début de la ligne',
  ],
  [/must start at the same column|indent/i, 'des lignes du même groupe ne commencent pas à la même colonne'],
  [/Nested mappings|compact mappings/, 'deux « : » sur une ligne, ou une ligne trop à droite'],
  [/closing|must end with/, 'un guillemet, un crochet ou une accolade n’est pas fermé'],
  [/cannot start with/, 'une valeur commence par un caractère réservé : mettez-la entre guillemets'],
  [/Unexpected/, 'un texte que rien n’annonce'],
];

function faultSentence(code: string, message: string): [[string, string], [string, string]] {
  if (code === 'TAB_AS_INDENT' || /tab/i.test(message)) {
    return [
      [
        'Cette ligne est indentée par une tabulation ; YAML n’accepte que des espaces.',
        'Remplacez la tabulation par des espaces, alignés sur les lignes voisines.',
      ],
      [
        'This line is indented with a tab; YAML accepts spaces only.',
        'Replace the tab by spaces, aligned with the lines around it.',
      ],
    ];
  }
  if (code === 'TWO_OBJECTS') {
    return [
      [
        `Un second objet commence ici, sans rien qui le sépare du premier (ligne ${message}).`,
        'Mettez entre les deux une ligne « --- ».',
      ],
      [
        `A second object starts here, with nothing between it and the first (line ${message}).`,
        'Put a line "---" between the two.',
      ],
    ];
  }
  if (code === 'DUPLICATE_KEY') {
    return [
      [
        'Cette clé est écrite deux fois au même endroit.',
        'Gardez une seule des deux ; si ce sont deux objets, séparez-les par une ligne « --- ».',
      ],
      [
        'This key is written twice in the same place.',
        'Keep one of the two; if they are two objects, put a line "---" between them.',
      ],
    ];
  }
  if (code === 'UNKNOWN_ALIAS') {
    return [
      [
        `L’alias ${message} renvoie à une ancre qui n’existe pas.`,
        'Définissez l’ancre (&nom) plus haut dans le fichier, ou mettez la valeur entre guillemets.',
      ],
      [
        `The alias ${message} points to an anchor that does not exist.`,
        'Define the anchor (&name) above, or put the value between quotes.',
      ],
    ];
  }
  return [
    [
      `Le YAML est mal formé ici (${YAML_WORDS.find(([pattern]) => pattern.test(message))?.[1] ?? message.replace(/ at line.*$/, '')}).`,
      'Vérifiez l’alignement de cette ligne et des deux précédentes : deux espaces par niveau, un espace après chaque « : », guillemets fermés.',
    ],
    [
      `The YAML is malformed here (${message.replace(/ at line.*$/, '')}).`,
      'Check the alignment of this line and the two before it: two spaces a level, one space after each ":", closed quotes.',
    ],
  ];
}

/** What would be applied: manifests that are complete by themselves, and what kustomizations make of their bases and patches. */
function wholeManifests(model: Model): { path: string; object: JsonObject; isOpen: boolean }[] {
  const parts = new Set(
    model.kustomizations.flatMap((built) => [...built.named, ...patchFilesOf(built.object, built.folder)]),
  );
  return [
    ...model.manifests
      .filter((file) => !parts.has(file.path) && file.faults.length === 0)
      .flatMap((file) => file.documents.map((object) => ({ path: file.path, object, isOpen: false }))),
    ...model.kustomizations
      .filter((built) => built.isApplied)
      .flatMap((built) =>
        built.objects.map((object) => ({ path: placeOf(object).file, object, isOpen: built.isOpen })),
      ),
  ];
}

function patchFilesOf(object: JsonObject, folder: string): string[] {
  const names = [
    ...objectsAt(object, 'patches').map((patch) => textAt(patch, 'path')),
    ...objectsAt(object, 'patchesJson6902').map((patch) => textAt(patch, 'path')),
    ...listAt(object, 'patchesStrategicMerge').map((entry) => (typeof entry === 'string' ? entry : undefined)),
    ...objectsAt(object, 'replacements').map((entry) => textAt(entry, 'path')),
    ...['configurations', 'transformers', 'generators', 'openapi'].flatMap((key) =>
      listAt(object, key).map((entry) => (typeof entry === 'string' ? entry : undefined)),
    ),
    ...objectsAt(object, 'configMapGenerator').flatMap((generator) =>
      listAt(generator, 'files').map((entry) => written(entry).split('=').at(-1)),
    ),
  ];
  return names.flatMap((name) => (name === undefined || name.includes('\n') ? [] : [joinPath(folder, name)]));
}

function joinPath(folder: string, name: string): string {
  const parts = folder === '.' ? [] : folder.split('/');
  for (const part of name.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.' && part !== '') parts.push(part);
  }
  return parts.join('/');
}

export const manifestKind: Rule = {
  id: 'manifest-kind',
  title: { fr: 'Kubernetes ne connaît pas ce type d’objet', en: 'Kubernetes does not know this kind of object' },
  why: {
    fr: 'apiVersion et kind disent ensemble à Kubernetes de quel objet il s’agit. Une lettre de travers, ou une version retirée, et il ne sait pas lire le reste.',
    en: 'apiVersion and kind together tell Kubernetes which object this is. One wrong letter, or a version that was removed, and it cannot read the rest.',
  },
  *check(model) {
    for (const { path: name, object } of wholeManifests(model)) {
      const apiVersion = textAt(object, 'apiVersion');
      const kind = textAt(object, 'kind');
      if (apiVersion === undefined) {
        const near = Object.keys(object).find((key) => nearest(key, ['apiVersion'], 3) !== undefined);
        const value = near === undefined ? versionOf(kind ?? '') : (textAt(object, near) ?? versionOf(kind ?? ''));
        yield {
          severity: 'error',
          place: near === undefined ? placeOf(object) : placeOf(object, near),
          about: `object ${name} ${idOf(object)}`,
          fr: [
            near === undefined
              ? `${describe(object)} n’a pas de apiVersion.`
              : `« ${near} » n’est pas un mot de Kubernetes : il attend « apiVersion ».`,
            `kubectl s’arrête : « error validating "${name}": error validating data: apiVersion not set ».`,
            `Écrivez : apiVersion: ${value}`,
          ],
          en: [
            near === undefined
              ? `${describeEn(object)} has no apiVersion.`
              : `"${near}" is no word of Kubernetes: it expects "apiVersion".`,
            `kubectl stops: "error validating "${name}": error validating data: apiVersion not set".`,
            `Write: apiVersion: ${value}`,
          ],
        };
        continue;
      }
      if (kind === undefined) {
        yield {
          severity: 'error',
          place: placeOf(object),
          about: `object ${name} ${idOf(object)}`,
          fr: [
            'Cet objet n’a pas de kind : Kubernetes ne sait pas ce qu’il est.',
            `kubectl s’arrête : « error validating "${name}": error validating data: kind not set ».`,
            'Ajoutez la ligne « kind: … » (Deployment, Service, Ingress, ConfigMap…).',
          ],
          en: [
            'This object has no kind: Kubernetes cannot tell what it is.',
            `kubectl stops: "error validating "${name}": error validating data: kind not set".`,
            'Add the line "kind: …" (Deployment, Service, Ingress, ConfigMap…).',
          ],
        };
        continue;
      }
      const group = groupOf(apiVersion);
      if (isFilledInLater(apiVersion) || isFilledInLater(kind)) continue;
      if (group.includes('.') && !BUILT_IN.has(group)) continue;
      const known = knownKinds();
      if (known.includes(`${apiVersion} ${kind}`) || (apiVersion === 'v1' && /^(List|Config)$/.test(kind))) continue;
      const sameKind = known.filter((entry) => entry.endsWith(` ${kind}`));
      // A kind nobody knows, in a group nobody knows, is more likely another tool's file.
      if (
        group !== '' &&
        !BUILT_IN.has(group) &&
        sameKind.length === 0 &&
        nearest(
          kind,
          known.map((entry) => entry.split(' ')[1] ?? ''),
        ) === undefined
      )
        continue;
      if (/^v\d/.test(apiVersion) && sameKind.length === 0 && !isObject(object.metadata)) continue;
      const best =
        preferred(sameKind) ??
        known.find(
          (entry) =>
            entry.split(' ')[1] ===
              nearest(
                kind,
                known.map((each) => each.split(' ')[1] ?? ''),
              ) &&
            (entry.startsWith(`${apiVersion} `) || true),
        );
      if (best === undefined) continue;
      const [bestVersion, bestKind] = best.split(' ');
      const where = sameKind.length > 0 ? 'apiVersion' : 'kind';
      yield {
        severity: 'error',
        place: placeOf(object, where),
        about: `object ${name} ${idOf(object)}`,
        fr: [
          sameKind.length > 0
            ? `Il n’y a pas de ${kind} dans « ${apiVersion} ».`
            : `« ${kind} » n’est pas un type d’objet de Kubernetes.`,
          `kubectl s’arrête : « error: resource mapping not found for name: "${textAt(object, 'metadata', 'name') ?? ''}" … no matches for kind "${kind}" in version "${apiVersion}" ».`,
          `Écrivez : apiVersion: ${bestVersion ?? ''} et kind: ${bestKind ?? ''}`,
        ],
        en: [
          sameKind.length > 0 ? `There is no ${kind} in "${apiVersion}".` : `"${kind}" is not a kind of Kubernetes.`,
          `kubectl stops: "error: resource mapping not found for name: "${textAt(object, 'metadata', 'name') ?? ''}" … no matches for kind "${kind}" in version "${apiVersion}"".`,
          `Write: apiVersion: ${bestVersion ?? ''} and kind: ${bestKind ?? ''}`,
        ],
      };
    }
  },
};

function preferred(entries: string[]): string | undefined {
  return entries.find((entry) => /(^|\/)v\d+ /.test(entry) && !entry.startsWith('v1 Event')) ?? entries[0];
}

function versionOf(kind: string): string {
  return (preferred(knownKinds().filter((entry) => entry.endsWith(` ${kind}`))) ?? 'v1 ?').split(' ')[0] ?? 'v1';
}

export const manifestSchema: Rule = {
  id: 'manifest-schema',
  title: {
    fr: 'Un champ du manifeste n’existe pas, manque, ou n’a pas le bon type',
    en: 'A field of the manifest does not exist, is missing, or has the wrong type',
  },
  why: {
    fr: 'Kubernetes refuse tout champ qu’il ne connaît pas à cet endroit : un mot mal écrit, ou bien écrit mais décalé d’un niveau, est une demande qu’il ne saurait pas honorer.',
    en: 'Kubernetes refuses every field that it does not know in that place: a misspelt word, or a right one at the wrong level, is a wish that it could not grant.',
  },
  *check(model) {
    for (const { path: file, object } of wholeManifests(model)) {
      const apiVersion = textAt(object, 'apiVersion') ?? '';
      const kind = textAt(object, 'kind') ?? '';
      // SOPS and the doctor's own marks are taken off before the object is applied.
      if ('sops' in object || '$partial' in object) continue;
      const faults = schemaFaults(apiVersion, kind, object);
      if (!faults) continue;
      const told = new Set<string>();
      for (const fault of faults) {
        const path = fault.instancePath
          .split('/')
          .slice(1)
          .map((part) => part.replace(/~1/g, '/').replace(/~0/g, '~'));
        const remark = schemaRemark(file, object, path, fault);
        // A union's branches fail together; the first sentence for a path is enough.
        const key = `${fault.instancePath} ${fault.keyword === 'oneOf' ? 'type' : fault.keyword} ${JSON.stringify(fault.params)}`;
        if (!remark || told.has(key) || (fault.keyword === 'type' && told.has(`${fault.instancePath} type`))) continue;
        told.add(key).add(`${fault.instancePath} ${fault.keyword}`);
        yield { ...remark, about: `field ${remark.place.file}:${remark.place.line}` };
      }
    }
  },
};

function dotted(path: string[]): string {
  return path.reduce(
    (text, part) => (/^\d+$/.test(part) ? `${text}[${part}]` : text === '' ? part : `${text}.${part}`),
    '',
  );
}

function schemaRemark(file: string, object: JsonObject, path: string[], fault: ErrorObject): Remark | undefined {
  const kind = textAt(object, 'kind') ?? '';
  const name = textAt(object, 'metadata', 'name') ?? '';
  const parent = dotted(path);
  const inside = parent === '' ? kind : parent;
  if (fault.keyword === 'additionalProperties') {
    const extra = (fault.params as { additionalProperty: string }).additionalProperty;
    const allowed = propertiesOf(fault.parentSchema);
    const near =
      allowed.find((candidate) => candidate.toLowerCase() === extra.toLowerCase()) ?? nearest(extra, allowed, 3);
    const full = dotted([...path, extra]);
    const beside = at(object, ...path);
    const empty = isObject(beside) ? Object.keys(beside).filter((key) => beside[key] === null) : [];
    const hollow =
      allowed.includes(extra) || near !== undefined ? undefined : empty.find((key) => allowed.includes(key));
    if (hollow !== undefined)
      return {
        severity: 'error',
        place: placeAt(object, [...path, hollow]),
        fr: [
          `« ${hollow}: » est vide : « ${extra}: » et les lignes qui le suivent sont au même niveau que lui au lieu d’être dessous.`,
          `kubectl refuse le fichier : « strict decoding error: unknown field "${full}" ».`,
          `Décalez « ${extra}: » (et ce qui suit) de deux espaces vers la droite, sous « ${hollow}: ».`,
        ],
        en: [
          `"${hollow}:" is empty: "${extra}:" and the lines after it are at its level instead of below it.`,
          `kubectl refuses the file: "strict decoding error: unknown field "${full}"".`,
          `Move "${extra}:" (and what follows) two spaces to the right, below "${hollow}:".`,
        ],
      };
    const [fixFr, fixEn] = misplaced(object, path, extra, near);
    return {
      severity: 'error',
      place: placeAt(object, [...path, extra]),
      fr: [
        `Le champ « ${extra} » n’existe pas dans ${inside}.`,
        `kubectl refuse le fichier : « Error from server (BadRequest): error when creating "${file}": … strict decoding error: unknown field "${full}" ».`,
        fixFr,
      ],
      en: [
        `The field "${extra}" does not exist in ${inside}.`,
        `kubectl refuses the file: "Error from server (BadRequest): error when creating "${file}": … strict decoding error: unknown field "${full}"".`,
        fixEn,
      ],
    };
  }
  if (fault.keyword === 'required') {
    const missing = (fault.params as { missingProperty: string }).missingProperty;
    // A misspelt key is told once, as an unknown field.
    const value = at(object, ...path);
    if (isObject(value) && Object.keys(value).some((key) => nearest(key, [missing]) !== undefined)) return undefined;
    if (missing === 'spec' && kind !== 'Deployment') return undefined;
    const full = dotted([...path, missing]);
    return {
      severity: 'error',
      place: placeAt(object, path),
      fr: [
        `Il manque « ${missing} » dans ${inside}.`,
        `kubectl refuse l’objet : « The ${kind} "${name}" is invalid: ${full}: Required value ».`,
        `Ajoutez « ${missing}: … » sous ${inside}.`,
      ],
      en: [
        `"${missing}" is missing in ${inside}.`,
        `kubectl refuses the object: "The ${kind} "${name}" is invalid: ${full}: Required value".`,
        `Add "${missing}: …" under ${inside}.`,
      ],
    };
  }
  if (fault.keyword === 'type') {
    const wanted = [fault.schema]
      .flat()
      .map(String)
      .filter((type) => type !== 'null');
    const value = at(object, ...path);
    if (value === undefined || fault.schemaPath.includes('/oneOf/')) return undefined;
    if (typeof value === 'string' && isFilledInLater(value)) return undefined;
    const found = typeNames(value);
    const want = WANTED[wanted[0] ?? ''] ?? [wanted[0] ?? '', wanted[0] ?? ''];
    const key = path.at(-1) ?? '';
    const named = textAt(at(object, ...path.slice(0, -1)), 'name') ?? key;
    const isSecret = kind === 'Secret' || /PASS|PWD|SECRET|TOKEN|KEY|MDP/i.test(named);
    const text = isSecret ? '••••' : typeof value === 'object' ? '' : String(value);
    const shown = typeof value === 'object' ? '' : ` (${text})`;
    const isText = wanted.includes('string') && typeof value !== 'object';
    const fix = isText
      ? `${key}: "${text}"`
      : wanted.includes('integer') && typeof value === 'string' && /^\d+$/.test(value)
        ? `${key}: ${value}`
        : undefined;
    return {
      severity: 'error',
      place: placeAt(object, path),
      fr: [
        `${parent} doit être ${want[0]}, et c’est ${found[0]}${shown}.`,
        `kubectl refuse le fichier : « cannot unmarshal ${found[1]} into Go struct field … of type ${wanted[0] ?? ''} ».`,
        fix === undefined
          ? `Donnez ${want[0]} à ${key} ; vérifiez l’alignement des lignes qui suivent.`
          : `Écrivez : ${fix}`,
      ],
      en: [
        `${parent} must be ${want[1]}, and it is ${found[2]}${shown}.`,
        `kubectl refuses the file: "cannot unmarshal ${found[1]} into Go struct field … of type ${wanted[0] ?? ''}".`,
        fix === undefined ? `Give ${key} ${want[1]}; check the alignment of the lines below.` : `Write: ${fix}`,
      ],
    };
  }
  return undefined;
}

const WANTED: Record<string, [string, string]> = {
  string: ['un texte', 'a text'],
  integer: ['un nombre entier', 'a whole number'],
  number: ['un nombre', 'a number'],
  boolean: ['true ou false', 'true or false'],
  array: ['une liste (lignes commençant par « - »)', 'a list (lines that start with "-")'],
  object: ['un groupe de lignes « clé: valeur »', 'a group of lines "key: value"'],
};

function typeNames(value: Json): [string, string, string] {
  if (Array.isArray(value)) return ['une liste', 'array', 'a list'];
  if (value === null) return ['vide', 'null', 'empty'];
  switch (typeof value) {
    case 'number':
      return ['un nombre', 'number', 'a number'];
    case 'boolean':
      return ['un oui/non (true, false, yes, no)', 'bool', 'a yes/no value'];
    case 'string':
      return ['un texte', 'string', 'a text'];
    default:
      return ['un groupe de clés', 'object', 'a group of keys'];
  }
}

/** Where a field that stands in the wrong place belongs. */
function misplaced(object: JsonObject, path: string[], extra: string, near: string | undefined): [string, string] {
  if (extra === 'serviceName' || extra === 'servicePort') {
    const lines = 'service:\n  name: mon-service\n  port:\n    number: 80';
    return [
      `C’est l’ancienne forme des Ingress. Écrivez sous backend :\n${lines}`,
      `That is the old form of Ingresses. Write under backend:\n${lines.replace('mon-', 'my-')}`,
    ];
  }
  const kind = textAt(object, 'kind');
  const value = at(object, ...path, extra);
  if (near !== undefined)
    return [`Écrivez « ${near}: » à la place de « ${extra}: ».`, `Write "${near}:" instead of "${extra}:".`];
  if ((kind === 'ConfigMap' || kind === 'Secret') && path.length <= 1) {
    const section = kind === 'ConfigMap' ? 'data' : 'stringData';
    const line = `${section}:\n  ${extra}: "${kind === 'Secret' || typeof value === 'object' ? '…' : String(value)}"`;
    return [
      `Mettez la clé sous « ${section}: », au bord gauche du fichier :\n${line}`,
      `Put the key under "${section}:", at the left edge of the file:\n${line}`,
    ];
  }
  if (path.at(-1) === extra)
    return [
      `« ${extra}: » est écrit deux fois, l’un dans l’autre : enlevez le second et remontez d’un niveau ce qu’il contient.`,
      `"${extra}:" is written twice, one inside the other: remove the second and move its content up one level.`,
    ];
  for (let depth = path.length - 1; depth >= 0; depth--) {
    const around = at(object, ...path.slice(0, depth));
    if (!isObject(around)) continue;
    const known =
      CHILDREN[
        path[depth - 1] === undefined
          ? ''
          : /^\d+$/.test(path[depth - 1] ?? '')
            ? (path[depth - 2] ?? '')
            : (path[depth - 1] ?? '')
      ];
    if (known?.includes(extra)) {
      const target = dotted(path.slice(0, depth)) || (kind ?? '');
      return [
        `« ${extra}: » se met dans ${target} : décalez cette ligne (et ce qu’elle contient) vers la gauche, au niveau de « ${path[depth] ?? ''}: ».`,
        `"${extra}:" belongs in ${target}: move this line (and what it contains) left, to the level of "${path[depth] ?? ''}:".`,
      ];
    }
  }
  const below = Object.entries(CHILDREN).find(
    ([name, fields]) => fields.includes(extra) && at(object, ...path, name) !== undefined,
  );
  if (below)
    return [
      `« ${extra}: » se met sous « ${below[0]}: » : décalez-le vers la droite.`,
      `"${extra}:" belongs under "${below[0]}:": move it right.`,
    ];
  return [
    `Enlevez « ${extra}: », ou déplacez-le sous le champ auquel il appartient (deux espaces par niveau).`,
    `Remove "${extra}:", or move it under the field that it belongs to (two spaces a level).`,
  ];
}

/** Fields that learners put one level too deep or too shallow, by the field that holds them. */
const CHILDREN: Record<string, string[]> = {
  containers: [
    'image',
    'imagePullPolicy',
    'ports',
    'env',
    'envFrom',
    'resources',
    'volumeMounts',
    'command',
    'args',
    'livenessProbe',
    'readinessProbe',
    'startupProbe',
    'securityContext',
    'workingDir',
  ],
  spec: [
    'replicas',
    'selector',
    'template',
    'strategy',
    'containers',
    'volumes',
    'initContainers',
    'restartPolicy',
    'imagePullSecrets',
    'ports',
    'type',
    'rules',
    'tls',
    'ingressClassName',
    'accessModes',
    'storageClassName',
    'serviceAccountName',
    'nodeSelector',
  ],
  metadata: ['name', 'labels', 'annotations', 'namespace'],
  resources: ['limits', 'requests'],
  '': ['metadata', 'spec', 'data', 'stringData', 'type', 'kind', 'apiVersion'],
};

export const manifestValue: Rule = {
  id: 'manifest-value',
  title: { fr: 'Une valeur du manifeste n’est pas permise', en: 'A value of the manifest is not allowed' },
  why: {
    fr: 'Le schéma dit où vont les champs ; Kubernetes contrôle en plus leurs valeurs (noms en minuscules, quantités, listes de mots permis) et refuse l’objet entier si l’une ne va pas.',
    en: 'The schema says where fields go; Kubernetes also checks their values (lower-case names, quantities, lists of allowed words) and refuses the whole object when one is wrong.',
  },
  *check(model) {
    for (const { path, object, isOpen } of wholeManifests(model)) {
      const kind = textAt(object, 'kind') ?? '';
      // What is replaced when the kustomization is built cannot be judged before.
      if (isOpen || 'sops' in object) continue;
      if (!knownKinds().includes(`${textAt(object, 'apiVersion') ?? ''} ${kind}`)) continue;
      const name = textAt(object, 'metadata', 'name') ?? '';
      const faults = [
        ...blankFaults(model, object, path),
        ...(kind === 'Secret' ? base64Faults(model, object, path) : []),
        ...valueFaults(object),
      ];
      for (const fault of faults) {
        const words = fault.isDecoded
          ? `Error from server (BadRequest): error when creating "${path}": ${kind} in version "${textAt(object, 'apiVersion') ?? ''}" cannot be handled as a ${kind}: ${fault.words}`
          : `The ${kind} "${name}" is invalid: ${fault.words}`;
        yield {
          severity: fault.severity ?? 'error',
          place: fault.place,
          about: `field ${fault.place.file}:${fault.place.line}`,
          fr: [fault.fr[0], fault.look?.fr ?? `Kubernetes refuse l’objet : « ${words} ».`, fault.fr[1]],
          en: [fault.en[0], fault.look?.en ?? `Kubernetes refuses the object: "${words}".`, fault.en[1]],
        };
      }
    }
  },
};

/** A word in angle brackets, as tutorials write what is to be replaced. */
const BLANK = /<[^<>\s]+>/;

/** Whether a script, a workflow or the like puts something in place of a word in angle brackets. */
export function isReplaced(model: Model, text: string, file: string): boolean {
  const words = [...text.matchAll(/<([^<>\s]+)>/g)].map((match) => match[1] ?? '');
  return model.project.files.some(({ path }) => {
    if (!/\.(sh|bash|ya?ml|mk|ps1|bat|py|[cm]?[jt]s|tf)$|(^|\/)(makefile|justfile|jenkinsfile)$/i.test(path))
      return false;
    if (model.manifests.some((manifest) => manifest.path === path)) return false;
    const script = model.project.read(path) ?? '';
    return (
      words.some((word) => script.includes(word)) ||
      script
        .replace(/\\\n/g, ' ')
        .split('\n')
        .some((line) => /\b(sed|yq|envsubst|perl|awk)\b/.test(line) && line.includes(file))
    );
  });
}

/** Words in angle brackets that nobody replaces, where Kubernetes checks what is written. */
function* blankFaults(model: Model, object: JsonObject, file: string): Generator<ValueFault> {
  const kind = textAt(object, 'kind') ?? '';
  const found: { holder: JsonObject; key: string; path: string[] }[] = [];
  const walk = (value: Json, path: string[]): void => {
    if (Array.isArray(value)) for (const [index, item] of value.entries()) walk(item, [...path, String(index)]);
    if (!isObject(value)) return;
    for (const [key, child] of Object.entries(value)) {
      if (typeof child === 'string' && BLANK.test(child)) found.push({ holder: value, key, path: [...path, key] });
      else walk(child, [...path, key]);
    }
  };
  walk(object, []);
  for (const { holder, key, path } of found) {
    const value = textAt(holder, key) ?? '';
    const field = dotted(path);
    const words = blankWords(kind, path, field, value);
    if (words === undefined || isReplaced(model, value, file)) continue;
    const blank = BLANK.exec(value)?.[0] ?? value;
    yield {
      place: placeOf(holder, key),
      words,
      isDecoded: /cannot unmarshal/.test(words),
      fr: [`« ${value} » est resté à remplir.`, `Mettez votre valeur à la place de ${blank}.`],
      en: [`"${value}" is still to be filled in.`, `Put your value in place of ${blank}.`],
    };
  }
}

/** Values of a Secret that are not base64, told together: plain texts, and words that were to be replaced. */
function* base64Faults(model: Model, object: JsonObject, file: string): Generator<ValueFault> {
  const data = objectAt(object, 'data');
  const isBase64 = (value: string) => {
    const clean = value.replace(/\s/g, '');
    return /^[A-Za-z0-9+/]*={0,2}$/.test(clean) && clean.length % 4 === 0;
  };
  const wrong = Object.entries(data).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string' && !isBase64(entry[1]),
  );
  const blank = wrong.filter(([, value]) => BLANK.test(value) && !isReplaced(model, value, file));
  const plain = wrong.filter(
    ([, value]) =>
      !isFilledInLater(value) &&
      !value.startsWith('ENC[') &&
      !(/[_-]/.test(value) && classify(value) === 'placeholder'),
  );
  const names = (list: [string, string][]) => list.map(([key]) => key).join(', ');
  if (plain[0])
    yield {
      place: placeOf(data, plain[0][0]),
      words: 'illegal base64 data at input byte 4',
      isDecoded: true,
      fr: [
        `Sous « data: », un Secret attend du base64 ; ${plain.length > 1 ? 'les valeurs' : 'la valeur'} de ${names(plain)} ${plain.length > 1 ? 'sont écrites' : 'est écrite'} en clair.`,
        `Déplacez ${plain.length > 1 ? 'ces lignes' : 'la ligne'} sous « stringData: », qui accepte le texte en clair (et ne partagez pas ce fichier).`,
      ],
      en: [
        `Under "data:", a Secret expects base64; the ${plain.length > 1 ? 'values' : 'value'} of ${names(plain)} ${plain.length > 1 ? 'are' : 'is'} plain text.`,
        `Move the ${plain.length > 1 ? 'lines' : 'line'} under "stringData:", which takes plain text (and do not share that file).`,
      ],
    };
  const ended = Object.entries(data).filter(([key, value]) => {
    if (typeof value !== 'string' || !isBase64(value) || !/^[A-Za-z_]\w*$|pass|pwd|token|secret|user|key/i.test(key))
      return false;
    const text = Buffer.from(value, 'base64').toString('utf8');
    return /^[\x21-\x7e]+\r?\n$/.test(text);
  });
  if (ended[0])
    yield {
      severity: 'warning',
      place: placeOf(data, ended[0][0]),
      words: '',
      fr: [
        `${ended.map(([key]) => key).join(', ')} : le base64 contient une fin de ligne (« echo » en ajoute une), qui fait partie de la valeur.`,
        'Refaites-le avec « echo -n … | base64 », ou écrivez la valeur en clair sous « stringData: ».',
      ],
      en: [
        `${ended.map(([key]) => key).join(', ')}: the base64 holds a line end ("echo" adds one), which is part of the value.`,
        'Make it again with "echo -n … | base64", or write the value as plain text under "stringData:".',
      ],
      look: {
        fr: 'L’application reçoit la valeur avec cette fin de ligne : mot de passe refusé, adresse illisible.',
        en: 'The application is given the value with that line end: a password that is refused, an address that cannot be read.',
      },
    };
  if (blank[0])
    yield {
      place: placeOf(data, blank[0][0]),
      words: 'illegal base64 data at input byte 0',
      isDecoded: true,
      fr: [
        `${names(blank)} ${blank.length > 1 ? 'sont restés' : 'est resté'} à remplir (${blank[0][1]}).`,
        'Mettez les vraies valeurs sous « stringData: » (dans un fichier que git ignore), ou créez le Secret avec « kubectl create secret generic ».',
      ],
      en: [
        `${names(blank)} ${blank.length > 1 ? 'are' : 'is'} still to be filled in (${blank[0][1]}).`,
        'Put the real values under "stringData:" (in a file that git ignores), or make the Secret with "kubectl create secret generic".',
      ],
    };
}

/** What Kubernetes says of a word in angle brackets at a place; undefined where any text will do. */
function blankWords(kind: string, path: string[], field: string, value: string): string | undefined {
  const key = path.at(-1) ?? '';
  const parent = path.at(-2) ?? '';
  if (kind === 'Ingress' && key === 'host')
    return `${field}: Invalid value: "${value}": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.'…`;
  if (path[0] === 'metadata' && (key === 'name' || key === 'namespace'))
    return `${field}: Invalid value: "${value}": a lowercase RFC 1123 ${key === 'name' ? 'subdomain' : 'label'} must consist of lower case alphanumeric characters, '-' or '.'…`;
  if (/^(containerPort|replicas|nodePort|port|number)$/.test(key) && path[0] === 'spec')
    return key === 'port' && parent !== 'ports' && !/^\d+$/.test(parent)
      ? undefined
      : `json: cannot unmarshal string into Go struct field … .${field} of type int32`;
  if (/^(requests|limits)$/.test(parent) && /^(cpu|memory|storage)$/.test(key))
    return `${field}: quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'`;
  return undefined;
}

interface ValueFault {
  place: Place;
  /** What Kubernetes says when it refuses the object. */
  words: string;
  /** What shows when it takes the object all the same. */
  look?: { fr: string; en: string };
  fr: [string, string];
  en: [string, string];
  severity?: 'warning';
  /** True when the object cannot even be read, so that kubectl speaks of a bad request. */
  isDecoded?: boolean;
}

const POD_HOLDERS = new Set(['Pod', 'Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'Job', 'CronJob']);
const QUANTITY = /^[+-]?(\d+|\d+\.\d*|\.\d+)(m|k|Ki|Mi|Gi|Ti|Pi|Ei|M|G|T|P|E|n|u|[eE][+-]?\d+)?$/;

function* valueFaults(object: JsonObject): Generator<ValueFault> {
  const kind = textAt(object, 'kind') ?? '';
  yield* nameFaults(object, kind);
  if (POD_HOLDERS.has(kind)) yield* podFaults(object, kind);
  if (kind === 'Service') yield* serviceFaults(object);
  if (kind === 'Ingress') yield* ingressFaults(object);
  if (kind === 'PersistentVolumeClaim') {
    for (const [index, mode] of listAt(object, 'spec', 'accessModes').entries()) {
      yield* allowed(
        mode,
        ['ReadWriteOnce', 'ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOncePod'],
        placeOf(listAt(object, 'spec', 'accessModes'), index),
        'spec.accessModes',
      );
    }
    const requests = objectAt(object, 'spec', 'resources', 'requests');
    if (!('storage' in requests)) {
      yield {
        place: placeAt(object, ['spec', 'resources']),
        words: 'spec.resources[storage]: Required value',
        fr: ['Le volume demandé n’a pas de taille.', 'Ajoutez sous spec :\nresources:\n  requests:\n    storage: 1Gi'],
        en: ['The claimed volume has no size.', 'Add under spec:\nresources:\n  requests:\n    storage: 1Gi'],
      };
    } else yield* quantity(requests, 'storage', 'spec.resources.requests');
    if (listAt(object, 'spec', 'accessModes').length === 0) {
      yield {
        place: placeAt(object, ['spec']),
        words: 'spec.accessModes: Required value: at least 1 access mode is required',
        fr: [
          'Le volume demandé ne dit pas comment il sera utilisé (accessModes).',
          'Ajoutez sous spec :\naccessModes: ["ReadWriteOnce"]',
        ],
        en: [
          'The claimed volume does not say how it will be used (accessModes).',
          'Add under spec:\naccessModes: ["ReadWriteOnce"]',
        ],
      };
    }
  }
  if (kind === 'Deployment')
    yield* allowed(
      at(object, 'spec', 'strategy', 'type'),
      ['RollingUpdate', 'Recreate'],
      placeAt(object, ['spec', 'strategy', 'type']),
      'spec.strategy.type',
    );
  if (kind === 'HorizontalPodAutoscaler') {
    const least = at(object, 'spec', 'minReplicas');
    const most = at(object, 'spec', 'maxReplicas');
    if (typeof least === 'number' && typeof most === 'number' && least > most)
      yield {
        place: placeAt(object, ['spec', 'maxReplicas']),
        words: `spec.maxReplicas: Invalid value: ${most}: must be greater than or equal to \`minReplicas\``,
        fr: [
          `Le plus grand nombre de pods (maxReplicas: ${most}) est sous le plus petit (minReplicas: ${least}).`,
          `Écrivez par exemple : maxReplicas: ${least + 2}`,
        ],
        en: [
          `The largest number of pods (maxReplicas: ${most}) is below the smallest (minReplicas: ${least}).`,
          `Write for instance: maxReplicas: ${least + 2}`,
        ],
      };
  }
  if (kind === 'CronJob') {
    const schedule = textAt(object, 'spec', 'schedule') ?? '';
    const most = [59, 23, 31, 12, 6];
    const [unit, wrong] = schedule
      .trim()
      .split(/\s+/)
      .map((part, index): [number, string | undefined] => [
        index,
        (part.replace(/\/\d+/g, '').match(/\d+/g) ?? []).find((number) => Number(number) > (most[index] ?? 0)),
      ])
      .find(([, number]) => number !== undefined) ?? [0, undefined];
    if (wrong !== undefined && schedule.trim().split(/\s+/).length === 5 && !isFilledInLater(schedule)) {
      const fr = ['minute', 'heure', 'jour', 'mois', 'jour de la semaine'][unit] ?? '';
      const en = ['minute', 'hour', 'day', 'month', 'weekday'][unit] ?? '';
      yield {
        place: placeAt(object, ['spec', 'schedule']),
        words: `spec.schedule: Invalid value: "${schedule}": end of range (${wrong}) above maximum (${most[unit] ?? 0})`,
        fr: [
          `L’horaire « ${schedule} » : ${wrong} n’est pas une valeur permise (${fr}).`,
          'L’ordre est : minute heure jour mois jour-de-semaine. Tous les jours à 3 h : schedule: "0 3 * * *"',
        ],
        en: [
          `The schedule "${schedule}": ${wrong} is no allowed value (${en}).`,
          'The order is: minute hour day month weekday. Every day at 3: schedule: "0 3 * * *"',
        ],
      };
    }
    if (
      schedule !== '' &&
      !isFilledInLater(schedule) &&
      !schedule.startsWith('@') &&
      schedule.trim().split(/\s+/).length !== 5
    ) {
      yield {
        place: placeAt(object, ['spec', 'schedule']),
        words: `spec.schedule: Invalid value: "${schedule}": expected exactly 5 fields`,
        fr: [
          `L’horaire « ${schedule} » n’a pas les cinq champs attendus (minute heure jour mois jour-de-semaine).`,
          'Par exemple, tous les jours à 3 h : schedule: "0 3 * * *"',
        ],
        en: [
          `The schedule "${schedule}" does not have the five fields expected (minute hour day month weekday).`,
          'For instance, every day at 3: schedule: "0 3 * * *"',
        ],
      };
    }
  }
}

function* allowed(value: Json | undefined, words: string[], place: Place, field: string): Generator<ValueFault> {
  if (typeof value !== 'string' || words.includes(value) || isFilledInLater(value)) return;
  const near =
    words.find((word) => word.toLowerCase() === value.toLowerCase()) ?? nearest(value, words, 3) ?? words[0] ?? '';
  yield {
    place,
    words: `${field}: Unsupported value: "${value}": supported values: ${words.map((word) => `"${word}"`).join(', ')}`,
    fr: [
      `« ${value} » n’est pas une valeur permise pour ${field} (permises : ${words.join(', ')}).`,
      `Écrivez : ${field.split('.').at(-1) ?? ''}: ${near}`,
    ],
    en: [
      `"${value}" is not an allowed value of ${field} (allowed: ${words.join(', ')}).`,
      `Write: ${field.split('.').at(-1) ?? ''}: ${near}`,
    ],
  };
}

function* quantity(holder: JsonObject, key: string, field: string): Generator<ValueFault> {
  const text = textAt(holder, key);
  if (text === undefined || QUANTITY.test(text) || isFilledInLater(text)) return;
  const [, number = '1', unit = ''] = /^([\d.]+)\s*([A-Za-z]*)$/.exec(text) ?? [];
  const best =
    (
      {
        mb: 'Mi',
        mib: 'Mi',
        mo: 'Mi',
        mi: 'Mi',
        gb: 'Gi',
        gib: 'Gi',
        go: 'Gi',
        gi: 'Gi',
        g: 'Gi',
        kb: 'Ki',
        ki: 'Ki',
      } as Record<string, string>
    )[unit.toLowerCase()] ?? 'Mi';
  yield {
    place: placeOf(holder, key),
    words: `${field}.${key}: quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'`,
    fr: [
      `« ${text} » n’est pas une quantité que Kubernetes sait lire.`,
      `Écrivez : ${key}: "${number}${key === 'cpu' ? 'm' : best}" (sans espace ; m pour le processeur, Mi ou Gi pour la mémoire).`,
    ],
    en: [
      `"${text}" is not a quantity that Kubernetes can read.`,
      `Write: ${key}: "${number}${key === 'cpu' ? 'm' : best}" (no space; m for the processor, Mi or Gi for memory).`,
    ],
  };
}

function* nameFaults(object: JsonObject, kind: string): Generator<ValueFault> {
  const name = textAt(object, 'metadata', 'name');
  if (name === undefined || name === '') {
    if (textAt(object, 'metadata', 'generateName') !== undefined) return;
    yield {
      place: placeAt(object, ['metadata']),
      words: 'resource name may not be empty',
      fr: ['L’objet n’a pas de nom.', 'Ajoutez sous metadata : name: mon-application'],
      en: ['The object has no name.', 'Add under metadata: name: my-application'],
    };
    return;
  }
  if (isFilledInLater(name) || /^(Role|ClusterRole|RoleBinding|ClusterRoleBinding)$/.test(kind)) return;
  const strict = kind === 'Service' || kind === 'Namespace';
  const fits = strict
    ? /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(name) && name.length <= 63 && (kind === 'Namespace' || /^[a-z]/.test(name))
    : /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(name) && name.length <= 253;
  if (!fits) {
    const better = name
      .toLowerCase()
      .replace(/[^a-z0-9-]+/g, '-')
      .replace(/^[-\d]+(?=[a-z])|-+$/g, '');
    yield {
      place: placeAt(object, ['metadata', 'name']),
      words: `metadata.name: Invalid value: "${name}": a lowercase RFC 1123 ${strict ? 'label' : 'subdomain'} must consist of lower case alphanumeric characters, '-'…`,
      fr: [
        `Le nom « ${name} » n’est pas permis : minuscules sans accent, chiffres et tirets seulement.`,
        `Écrivez : name: ${better}`,
      ],
      en: [
        `The name "${name}" is not allowed: lower-case letters without accents, digits and hyphens only.`,
        `Write: name: ${better}`,
      ],
    };
  }
}

const TEMPLATE: Record<string, string[]> = { Pod: [], CronJob: ['spec', 'jobTemplate', 'spec', 'template'] };

function* podFaults(object: JsonObject, kind: string): Generator<ValueFault> {
  const template = TEMPLATE[kind] ?? ['spec', 'template'];
  const path = [...template, 'spec'];
  const spec = objectAt(object, ...path);
  if (Object.keys(spec).length === 0) return;
  const written = listAt(spec, 'containers');
  for (const [index, container] of written.entries()) {
    if (isObject(container)) continue;
    yield {
      place: placeOf(written, index),
      words: `spec.template.spec.containers[${index}].name: Required value`,
      fr: [
        'Ce tiret « - » n’introduit aucun conteneur.',
        'Mettez name: et image: à la suite du tiret, alignés entre eux, ou enlevez le tiret.',
      ],
      en: [
        'This "-" starts no container.',
        'Put name: and image: after the dash, aligned with each other, or remove the dash.',
      ],
    };
  }
  const names = new Set<string>();
  for (const list of ['containers', 'initContainers']) {
    for (const [index, container] of objectsAt(spec, list).entries()) {
      const field = `${dotted([...path, list])}[${index}]`;
      const name = textAt(container, 'name') ?? '';
      if (name !== '' && !isFilledInLater(name) && !/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(name)) {
        yield {
          place: placeOf(container, 'name'),
          words: `${field}.name: Invalid value: "${name}": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-'…`,
          fr: [
            `Le nom de conteneur « ${name} » n’est pas permis : minuscules, chiffres et tirets seulement.`,
            `Écrivez : name: ${name.toLowerCase().replace(/[^a-z0-9-]+/g, '-')}`,
          ],
          en: [
            `The container name "${name}" is not allowed: lower-case letters, digits and hyphens only.`,
            `Write: name: ${name.toLowerCase().replace(/[^a-z0-9-]+/g, '-')}`,
          ],
        };
      }
      if (name !== '' && names.has(name)) {
        yield {
          place: placeOf(container, 'name'),
          words: `${field}.name: Duplicate value: "${name}"`,
          fr: [`Deux conteneurs du même pod s’appellent « ${name} ».`, 'Donnez un autre nom à l’un des deux.'],
          en: [`Two containers of the same pod are called "${name}".`, 'Give one of them another name.'],
        };
      }
      names.add(name);
      yield* allowed(
        container.imagePullPolicy,
        ['Always', 'IfNotPresent', 'Never'],
        placeOf(container, 'imagePullPolicy'),
        `${field}.imagePullPolicy`,
      );
      for (const port of objectsAt(container, 'ports')) {
        yield* allowed(port.protocol, ['TCP', 'UDP', 'SCTP'], placeOf(port, 'protocol'), `${field}.ports.protocol`);
        const number = port.containerPort;
        if (typeof number === 'number' && (number < 1 || number > 65535)) {
          yield {
            place: placeOf(port, 'containerPort'),
            words: `${field}.ports[0].containerPort: Invalid value: ${number}: must be between 1 and 65535`,
            fr: [
              `Le port ${number} n’existe pas : un port va de 1 à 65535.`,
              'Mettez le port sur lequel votre serveur écoute, par exemple containerPort: 8000',
            ],
            en: [
              `There is no port ${number}: ports go from 1 to 65535.`,
              'Put the port that your server listens on, for instance containerPort: 8000',
            ],
          };
        }
        yield* portName(textAt(port, 'name'), placeOf(port, 'name'), `${field}.ports[0].name`);
      }
      for (const group of ['requests', 'limits']) {
        const holder = objectAt(container, 'resources', group);
        for (const key of Object.keys(holder)) yield* quantity(holder, key, `${field}.resources.${group}`);
      }
      for (const key of ['cpu', 'memory']) {
        const request = amount(textAt(container, 'resources', 'requests', key));
        const limit = amount(textAt(container, 'resources', 'limits', key));
        if (request === undefined || limit === undefined || request <= limit) continue;
        const asked = textAt(container, 'resources', 'requests', key) ?? '';
        const most = textAt(container, 'resources', 'limits', key) ?? '';
        yield {
          place: placeOf(objectAt(container, 'resources', 'requests'), key),
          words: `${field}.resources.requests: Invalid value: "${asked}": must be less than or equal to ${key} limit of ${most}`,
          fr: [
            `Le conteneur demande plus (${key} ${asked}) que sa propre limite (${most}).`,
            `Baissez la demande ou montez la limite : requests.${key} ≤ limits.${key}.`,
          ],
          en: [
            `The container requests more (${key} ${asked}) than its own limit (${most}).`,
            `Lower the request or raise the limit: requests.${key} ≤ limits.${key}.`,
          ],
        };
      }
      for (const probe of ['livenessProbe', 'readinessProbe', 'startupProbe']) {
        const held = objectAt(container, probe);
        if (!(probe in container)) continue;
        const handlers = ['httpGet', 'tcpSocket', 'exec', 'grpc'].filter((key) => key in held);
        if (handlers.length === 1) continue;
        yield {
          place: placeOf(container, probe),
          words:
            handlers.length === 0
              ? `${field}.${probe}: Required value: must specify a handler type`
              : `${field}.${probe}.${handlers[1] ?? ''}: Forbidden: may not specify more than 1 handler type`,
          fr: [
            handlers.length === 0
              ? `La sonde ${probe} ne dit pas quoi vérifier.`
              : `La sonde ${probe} a deux vérifications (${handlers.join(', ')}) ; une seule est permise.`,
            `Gardez une vérification, par exemple :\n${probe}:\n  httpGet:\n    path: /health\n    port: 8000`,
          ],
          en: [
            handlers.length === 0
              ? `The probe ${probe} does not say what to check.`
              : `The probe ${probe} has two checks (${handlers.join(', ')}); only one is allowed.`,
            `Keep one check, for instance:\n${probe}:\n  httpGet:\n    path: /health\n    port: 8000`,
          ],
        };
      }
      const given = new Map<string, JsonObject>();
      for (const entry of objectsAt(container, 'env')) {
        const variable = textAt(entry, 'name') ?? '';
        const before = given.get(variable);
        given.set(variable, entry);
        if (before && JSON.stringify(before) !== JSON.stringify(entry))
          yield {
            severity: 'warning',
            place: placeOf(entry, 'name'),
            words: '',
            fr: [
              `La variable ${variable} est donnée deux fois (lignes ${placeOf(before, 'name').line} et ${placeOf(entry, 'name').line}), avec deux valeurs.`,
              'Gardez une seule des deux.',
            ],
            en: [
              `The variable ${variable} is given twice (lines ${placeOf(before, 'name').line} and ${placeOf(entry, 'name').line}), with two values.`,
              'Keep one of the two.',
            ],
            look: {
              fr: `La dernière l’emporte ; kubectl ne fait que prévenir : « hides previous definition of "${variable}", which may be dropped when using apply ».`,
              en: `The last one wins; kubectl merely warns: "hides previous definition of "${variable}", which may be dropped when using apply".`,
            },
          };
        if ('value' in entry && 'valueFrom' in entry && entry.value !== '' && entry.value !== null) {
          yield {
            place: placeOf(entry, 'valueFrom'),
            words: `${field}.env[0].valueFrom: Invalid value: "": may not be specified when \`value\` is not empty`,
            fr: [
              `La variable ${textAt(entry, 'name') ?? ''} a deux sources : value et valueFrom.`,
              'Gardez l’une des deux.',
            ],
            en: [
              `The variable ${textAt(entry, 'name') ?? ''} has two sources: value and valueFrom.`,
              'Keep one of the two.',
            ],
          };
        }
      }
    }
  }
  const policy = textAt(spec, 'restartPolicy');
  if (kind === 'Job' || kind === 'CronJob') {
    if (policy === undefined || policy === 'Always') {
      yield {
        place: policy === undefined ? placeAt(object, path) : placeOf(spec, 'restartPolicy'),
        words: `${dotted(path)}.restartPolicy: Required value: valid values: "OnFailure", "Never"`,
        fr: [
          'Un Job doit dire ce que devient un pod qui échoue : restartPolicy Never ou OnFailure.',
          'Ajoutez, au niveau de containers : restartPolicy: Never',
        ],
        en: [
          'A Job must say what becomes of a pod that fails: restartPolicy Never or OnFailure.',
          'Add, at the level of containers: restartPolicy: Never',
        ],
      };
    }
  } else if (policy !== undefined && policy !== 'Always' && kind !== 'Pod') {
    yield {
      place: placeOf(spec, 'restartPolicy'),
      words: `spec.template.spec.restartPolicy: Unsupported value: "${policy}": supported values: "Always"`,
      fr: [
        `Un ${kind} redémarre toujours ses pods : restartPolicy: ${policy} n’y est pas permis.`,
        'Enlevez la ligne restartPolicy.',
      ],
      en: [
        `A ${kind} always restarts its pods: restartPolicy: ${policy} is not allowed there.`,
        'Remove the line restartPolicy.',
      ],
    };
  }
  const labels = objectAt(object, ...template, 'metadata', 'labels');
  for (const [key, value] of Object.entries(labels)) {
    if (
      typeof value !== 'string' ||
      value === '' ||
      isFilledInLater(value) ||
      (/^[A-Za-z0-9]([-\w.]*[A-Za-z0-9])?$/.test(value) && value.length <= 63)
    )
      continue;
    yield {
      place: placeOf(labels, key),
      words: `metadata.labels: Invalid value: "${value}": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.'…`,
      fr: [
        `L’étiquette ${key} a une valeur qui n’est pas permise : « ${value} ».`,
        `Écrivez : ${key}: ${value
          .normalize('NFD')
          .replace(/[^\w.-]+/g, '-')
          .slice(0, 63)}`,
      ],
      en: [
        `The label ${key} has a value that is not allowed: "${value}".`,
        `Write: ${key}: ${value
          .normalize('NFD')
          .replace(/[^\w.-]+/g, '-')
          .slice(0, 63)}`,
      ],
    };
  }
}

/** A quantity as a number, in the unit without prefix. */
export function amount(text: string | undefined): number | undefined {
  const [, number, unit = ''] = /^([\d.]+)(m|k|Ki|Mi|Gi|Ti|M|G|T)?$/.exec(text ?? '') ?? [];
  if (number === undefined) return undefined;
  const factor: Record<string, number> = {
    '': 1,
    m: 0.001,
    k: 1e3,
    M: 1e6,
    G: 1e9,
    T: 1e12,
    Ki: 2 ** 10,
    Mi: 2 ** 20,
    Gi: 2 ** 30,
    Ti: 2 ** 40,
  };
  return Number(number) * (factor[unit] ?? 1);
}

function* portName(name: string | undefined, place: Place, field: string): Generator<ValueFault> {
  if (
    name === undefined ||
    name === '' ||
    isFilledInLater(name) ||
    (/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(name) && name.length <= 15 && /[a-z]/.test(name))
  )
    return;
  yield {
    place,
    words: `${field}: Invalid value: "${name}": must be no more than 15 characters, lower case alphanumeric or '-'…`,
    fr: [
      `Le nom de port « ${name} » n’est pas permis : 15 caractères au plus, minuscules, chiffres et tirets.`,
      `Écrivez par exemple : name: ${name
        .toLowerCase()
        .replace(/[^a-z0-9-]+/g, '-')
        .slice(0, 15)}`,
    ],
    en: [
      `The port name "${name}" is not allowed: at most 15 characters, lower-case letters, digits and hyphens.`,
      `Write for instance: name: ${name
        .toLowerCase()
        .replace(/[^a-z0-9-]+/g, '-')
        .slice(0, 15)}`,
    ],
  };
}

function* serviceFaults(object: JsonObject): Generator<ValueFault> {
  yield* allowed(
    at(object, 'spec', 'type'),
    ['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName'],
    placeAt(object, ['spec', 'type']),
    'spec.type',
  );
  const ports = objectsAt(object, 'spec', 'ports');
  if (
    ports.length === 0 &&
    textAt(object, 'spec', 'type') !== 'ExternalName' &&
    textAt(object, 'spec', 'clusterIP') !== 'None'
  ) {
    yield {
      place: placeAt(object, ['spec']),
      words: 'spec.ports: Required value',
      fr: ['Le Service n’a aucun port.', 'Ajoutez sous spec :\nports:\n  - port: 80\n    targetPort: 8000'],
      en: ['The Service has no port.', 'Add under spec:\nports:\n  - port: 80\n    targetPort: 8000'],
    };
  }
  for (const [index, port] of ports.entries()) {
    yield* allowed(port.protocol, ['TCP', 'UDP', 'SCTP'], placeOf(port, 'protocol'), `spec.ports[${index}].protocol`);
    if (ports.length > 1 && textAt(port, 'name') === undefined) {
      yield {
        place: placeOf(port),
        words: `spec.ports[${index}].name: Required value`,
        fr: [
          'Quand un Service a plusieurs ports, chacun doit avoir un nom.',
          `Ajoutez à ce port : name: ${index === 0 ? 'http' : `port-${written(port.port)}`}`,
        ],
        en: [
          'When a Service has several ports, each must have a name.',
          `Add to this port: name: ${index === 0 ? 'http' : `port-${written(port.port)}`}`,
        ],
      };
    }
    const target = port.targetPort;
    if (typeof target === 'string' && /^\d+$/.test(target)) {
      yield {
        place: placeOf(port, 'targetPort'),
        words: `spec.ports[${index}].targetPort: Invalid value: "${target}": must contain at least one letter (a-z)`,
        fr: [
          `Entre guillemets, "${target}" est pris pour le nom d’un port, pas pour son numéro.`,
          `Écrivez sans guillemets : targetPort: ${target}`,
        ],
        en: [
          `Between quotes, "${target}" is taken for the name of a port, not for its number.`,
          `Write without quotes: targetPort: ${target}`,
        ],
      };
    }
    const node = port.nodePort;
    if (typeof node === 'number' && (node < 30000 || node > 32767)) {
      yield {
        place: placeOf(port, 'nodePort'),
        words: `spec.ports[${index}].nodePort: Invalid value: ${node}: provided port is not in the valid range. The range of valid ports is 30000-32767`,
        fr: [
          `nodePort ${node} est hors de la plage permise (30000 à 32767).`,
          'Enlevez la ligne nodePort, ou prenez un nombre entre 30000 et 32767.',
        ],
        en: [
          `nodePort ${node} is out of the allowed range (30000 to 32767).`,
          'Remove the line nodePort, or take a number between 30000 and 32767.',
        ],
      };
    }
    if (typeof node === 'number' && [undefined, 'ClusterIP'].includes(textAt(object, 'spec', 'type'))) {
      yield {
        place: placeOf(port, 'nodePort'),
        words: `spec.ports[${index}].nodePort: Forbidden: may not be used when \`type\` is 'ClusterIP'`,
        fr: [
          'nodePort n’est permis que dans un Service de type NodePort.',
          'Enlevez la ligne nodePort, ou ajoutez sous spec : type: NodePort',
        ],
        en: [
          'nodePort is allowed in a Service of type NodePort only.',
          'Remove the line nodePort, or add under spec: type: NodePort',
        ],
      };
    }
  }
}

function* ingressFaults(object: JsonObject): Generator<ValueFault> {
  for (const rule of objectsAt(object, 'spec', 'rules')) {
    const host = textAt(rule, 'host');
    if (
      host !== undefined &&
      host !== '' &&
      !isFilledInLater(host) &&
      !/^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(host)
    ) {
      const better = host
        .toLowerCase()
        .replace(/^https?:\/\//, '')
        .replace(/[/:].*$/, '')
        .replace(/_/g, '-')
        .replace(/[-.]+$/, '');
      yield {
        place: placeOf(rule, 'host'),
        words: `spec.rules[0].host: Invalid value: "${host}": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.'…`,
        fr: [
          `« ${host} » n’est pas un nom d’hôte : pas de https://, de port, de chemin, de majuscule, de « _ », ni de point à la fin.`,
          `Écrivez : host: ${better}`,
        ],
        en: [`"${host}" is not a host name: no https://, port, path, capital letter or "_".`, `Write: host: ${better}`],
      };
    }
    for (const [index, entry] of objectsAt(rule, 'http', 'paths').entries()) {
      if (!('pathType' in entry)) {
        yield {
          place: placeOf(entry),
          words: `spec.rules[0].http.paths[${index}].pathType: Required value: pathType must be specified`,
          fr: ['Ce chemin d’Ingress n’a pas de pathType.', 'Ajoutez à côté de path : pathType: Prefix'],
          en: ['This path of the Ingress has no pathType.', 'Add beside path: pathType: Prefix'],
        };
      }
      yield* allowed(
        entry.pathType,
        ['Exact', 'Prefix', 'ImplementationSpecific'],
        placeOf(entry, 'pathType'),
        `spec.rules[0].http.paths[${index}].pathType`,
      );
      const path = textAt(entry, 'path');
      if (
        path !== undefined &&
        path !== '' &&
        !path.startsWith('/') &&
        textAt(entry, 'pathType') !== 'ImplementationSpecific'
      ) {
        yield {
          place: placeOf(entry, 'path'),
          words: `spec.rules[0].http.paths[${index}].path: Invalid value: "${path}": must be an absolute path`,
          fr: [`Le chemin « ${path} » doit commencer par « / ».`, `Écrivez : path: /${path}`],
          en: [`The path "${path}" must start with "/".`, `Write: path: /${path}`],
        };
      }
    }
  }
}

export const containerImage: Rule = {
  id: 'container-image',
  title: { fr: 'Un conteneur n’a pas d’image', en: 'A container has no image' },
  why: {
    fr: 'L’image est ce que le conteneur exécute. Le schéma de Kubernetes permet de l’omettre, mais un pod sans image n’est jamais créé.',
    en: 'The image is what the container runs. The schema of Kubernetes allows leaving it out, but a pod without image is never created.',
  },
  *check(model) {
    for (const cluster of model.clusters) {
      for (const workload of cluster.workloads) {
        const { kind, name, object } = workload.resource;
        if (workload.containers.filter((container) => !container.isInit).length === 0) {
          const template = TEMPLATE[kind] ?? ['spec', 'template'];
          if (at(object, ...template) === undefined || (at(object, ...template, 'spec', 'containers') ?? null) !== null)
            continue;
          yield {
            severity: 'error',
            place: placeAt(object, [...template, 'spec']),
            fr: [
              `${describe(object)} n’a aucun conteneur.`,
              `Kubernetes refuse l’objet : « The ${kind} "${name}" is invalid: spec.template.spec.containers: Required value ».`,
              'Ajoutez sous le spec du pod :\ncontainers:\n  - name: application\n    image: compte/image:version',
            ],
            en: [
              `${describeEn(object)} has no container.`,
              `Kubernetes refuses the object: "The ${kind} "${name}" is invalid: spec.template.spec.containers: Required value".`,
              'Add under the spec of the pod:\ncontainers:\n  - name: application\n    image: account/image:version',
            ],
          };
        }
        for (const container of workload.containers) {
          if (container.image !== '') continue;
          const near = Object.keys(container.object).find(
            (key) => key !== 'image' && nearest(key, ['image']) !== undefined,
          );
          if (near !== undefined) continue;
          yield {
            severity: 'error',
            place: container.place,
            fr: [
              `Le conteneur « ${container.name} » n’a pas d’image.`,
              `Kubernetes refuse l’objet : « The ${kind} "${name}" is invalid: spec.template.spec.containers[0].image: Required value ».`,
              'Ajoutez sous le nom du conteneur : image: compte/image:version',
            ],
            en: [
              `The container "${container.name}" has no image.`,
              `Kubernetes refuses the object: "The ${kind} "${name}" is invalid: spec.template.spec.containers[0].image: Required value".`,
              'Add below the container’s name: image: account/image:version',
            ],
          };
        }
      }
    }
  },
};

export const duplicateResource: Rule = {
  id: 'duplicate-resource',
  title: { fr: 'Deux fichiers définissent le même objet', en: 'Two files define the same object' },
  why: {
    fr: 'Pour le cluster, un objet est désigné par son type et son nom. kubectl applique les fichiers l’un après l’autre : le dernier remplace le premier, sans un mot.',
    en: 'For the cluster, an object is known by its kind and name. kubectl applies the files one after the other: the last one replaces the first, without a word.',
  },
  *check(model) {
    const inKustomization = new Set(model.kustomizations.flatMap((built) => [...built.files]));
    const folders = new Map<string, Map<string, Definition[]>>();
    for (const { path, object } of wholeManifests(model)) {
      if (textAt(object, 'metadata', 'name') === undefined || inKustomization.has(path)) continue;
      const folder = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '.';
      const held = folders.get(folder) ?? new Map<string, Definition[]>();
      folders.set(folder, held);
      held.set(idOf(object), [...(held.get(idOf(object)) ?? []), { object, place: placeOf(object) }]);
    }
    for (const held of folders.values())
      for (const list of held.values()) if (!isChoice(list, held)) yield* duplicates(list);
    yield* acrossFolders(model, folders);
    for (const built of model.kustomizations) {
      const byId = new Map<string, Definition[]>();
      for (const object of built.objects) {
        byId.set(idOf(object), [...(byId.get(idOf(object)) ?? []), { object, place: placeOf(object) }]);
      }
      for (const list of byId.values()) yield* duplicates(list);
    }
  },
};

interface Definition {
  object: JsonObject;
  place: Place;
}

function* duplicates(list: Definition[]): Generator<Remark> {
  const [first, ...others] = list;
  if (!first) return;
  for (const other of others) {
    if (JSON.stringify(first.object) === JSON.stringify(other.object)) continue;
    const lost = lostKeys(first.object, other.object);
    const keys = lost.length === 0 ? '' : ` : ${lost.slice(0, 5).join(', ')}`;
    const kind = textAt(other.object, 'kind') ?? '';
    const name = textAt(other.object, 'metadata', 'name') ?? '';
    yield {
      // Bare pods of one name are most often exercises, applied one by one.
      severity: kind === 'Pod' ? 'warning' : 'error',
      place: placeAt(other.object, ['metadata', 'name']),
      about: `duplicate ${kind} ${name}`,
      fr: [
        `${describe(other.object)} est défini deux fois : ici et dans ${first.place.file}, ligne ${first.place.line}.`,
        `« kubectl apply » répond « ${kind.toLowerCase()}/${name} configured » et ne garde que la dernière version${lost.length === 0 ? '' : ` ; ce que seule la première contient disparaît${keys}`}.`,
        'Réunissez les deux en un seul objet, ou donnez-leur deux noms différents (metadata.name) et corrigez ceux qui y renvoient.',
      ],
      en: [
        `${describeEn(other.object)} is defined twice: here and in ${first.place.file}, line ${first.place.line}.`,
        `"kubectl apply" answers "${kind.toLowerCase()}/${name} configured" and keeps the last version only${lost.length === 0 ? '' : `; what only the first holds disappears${keys.replace(' : ', ': ')}`}.`,
        'Join the two in one object, or give them two different names (metadata.name) and mend those that refer to them.',
      ],
    };
  }
}

/** Words that tell variants of one thing apart. */
const ENVIRONMENT =
  /(^|[-_./])(dev|develop|development|prod|production|preprod|staging|stage|test|qa|local|minikube|kind|k3s|demo|old|new|v\d+|tp\d*|step\d*|etape\d*|base|overlays?|aws|gke|aks|eks|sspcloud|helm|canary|blue|green|stable|alt|copy|copie|bis)([-_./]|$)/i;
const NUMBER = /(^|[-_./])\d+([-_./]|$)|[a-z]\d+$/i;

function nameWithoutEnding(file: string): string {
  return file.slice(file.lastIndexOf('/') + 1).replace(/\.\w+$/, '');
}

/** Whether definitions of one object are there to choose from, or follow each other in a lesson. */
function isChoice(list: Definition[], folder: Map<string, Definition[]>): boolean {
  const names = list.map(({ place }) => nameWithoutEnding(place.file));
  if (names.some((name) => ENVIRONMENT.test(name))) return true;
  if (!names.every((name) => NUMBER.test(name))) return false;
  // Numbers most often give the order. They are the steps of a lesson where whole files are said again.
  const [first, last] = [list[0], list.at(-1)];
  if (!first || !last || lostKeys(first.object, last.object).length > 0) return false;
  const isSaidAgain = (file: string) =>
    [...folder.values()]
      .filter((each) => each.some(({ place }) => place.file === file))
      .every((each) => new Set(each.map(({ place }) => place.file)).size > 1);
  return isSaidAgain(first.place.file) || isSaidAgain(last.place.file);
}

/** Folders that define the same objects: a copy left as it was among different parts, or one application described twice. */
function* acrossFolders(model: Model, folders: Map<string, Map<string, Definition[]>>): Generator<Remark> {
  const names = [...folders.keys()];
  for (const [index, a] of names.entries()) {
    for (const b of names.slice(index + 1)) {
      const isNested = isInside(b, a) || isInside(a, b);
      if (!isNested && parentOf(a) !== parentOf(b)) continue;
      if ([a, b].some((name) => ENVIRONMENT.test(name) || NUMBER.test(name))) continue;
      const [left, right] = [folders.get(a), folders.get(b)];
      if (!left || !right) continue;
      const pairs = [...left.keys()].flatMap((id): [Definition, Definition][] => {
        const [first, second] = [left.get(id)?.[0], right.get(id)?.[0]];
        return first && second && !/\|(Namespace|Pod)\|/.test(`|${id}|`) ? [[first, second]] : [];
      });
      const different = pairs.filter(
        ([first, second]) => JSON.stringify(first.object) !== JSON.stringify(second.object),
      );
      // Folders that share one object are neighbours; those that share most of them are two versions of one application.
      if (!isNested && pairs.length * 2 < Math.min(left.size, right.size))
        for (const pair of different) yield* duplicates(pair);
      else if (different[0] && !isOneApplied(model, a, b)) yield twoVersions(a, b, different);
    }
  }
}

function parentOf(folder: string): string {
  return folder.split('/').slice(0, -1).join('/');
}

function isInside(folder: string, other: string): boolean {
  return folder !== other && (other === '.' ? false : folder.startsWith(`${other}/`));
}

/** Whether the commands of the project apply one of two folders and not the other. */
function isOneApplied(model: Model, a: string, b: string): boolean {
  const commands = model.project.files
    .filter(({ path }) => /\.(md|sh|bash|ya?ml|mk|ps1)$|(^|\/)(makefile|justfile|jenkinsfile)$/i.test(path))
    .flatMap(({ path }) => (model.project.read(path) ?? '').match(/kubectl\b[^\n]*\b(?:apply|create)\b[^\n]*/g) ?? [])
    .join('\n');
  const isNamed = (folder: string) =>
    new RegExp(`[\\s=./]${literal(folder)}/?(\\s|$|[\\w.-]+\\.ya?ml)`, 'm').test(commands);
  return isNamed(a) !== isNamed(b);
}

function twoVersions(a: string, b: string, pairs: [Definition, Definition][]): Remark {
  const list = pairs.map(([{ object }]) => describe(object));
  const [first, second] = pairs[0] ?? [];
  return {
    severity: 'warning',
    place: placeAt(second?.object ?? {}, ['metadata', 'name']),
    about: `versions ${a} ${b}`,
    fr: [
      `Les dossiers « ${a} » et « ${b} » définissent les mêmes objets, autrement : ${list.slice(0, 4).join(', ')}${list.length > 4 ? '…' : ''} (${first?.place.file ?? ''}, ligne ${first?.place.line ?? 1}).`,
      '« kubectl apply » garde ce qui est appliqué en dernier : selon l’ordre des commandes, ce n’est pas la même application.',
      'Gardez un seul des deux dossiers, ou donnez aux objets de l’un d’autres noms.',
    ],
    en: [
      `The folders "${a}" and "${b}" define the same objects, differently: ${pairs
        .map(([{ object }]) => describeEn(object))
        .slice(0, 4)
        .join(', ')}${list.length > 4 ? '…' : ''} (${first?.place.file ?? ''}, line ${first?.place.line ?? 1}).`,
      '"kubectl apply" keeps what is applied last: depending on the order of the commands, it is not the same application.',
      'Keep one of the two folders, or give the objects of one other names.',
    ],
  };
}

function lostKeys(first: JsonObject, last: JsonObject): string[] {
  return ['data', 'stringData'].flatMap((section) =>
    Object.keys(objectAt(first, section)).filter((key) => !(key in objectAt(last, section))),
  );
}

export const kustomizationFile: Rule = {
  id: 'kustomization-file',
  title: {
    fr: 'Une kustomization nomme un fichier qui n’existe pas',
    en: 'A kustomization names a file that does not exist',
  },
  why: {
    fr: 'kubectl apply -k lit chaque fichier que la kustomization nomme, avant d’appliquer quoi que ce soit.',
    en: 'kubectl apply -k reads every file that the kustomization names before it applies anything.',
  },
  *check(model) {
    for (const built of model.kustomizations) {
      for (const { name, place } of built.missing) {
        yield {
          severity: 'error',
          place,
          fr: [
            `La kustomization nomme « ${name} », qui n’existe pas.`,
            `« kubectl apply -k ${built.folder} » s’arrête : « error: accumulating resources: … '${name}' doesn't exist ».`,
            'Corrigez le nom ou le chemin (relatif au dossier de la kustomization), ou enlevez la ligne.',
          ],
          en: [
            `The kustomization names "${name}", which does not exist.`,
            `"kubectl apply -k ${built.folder}" stops: "error: accumulating resources: … '${name}' doesn't exist".`,
            'Mend the name or the path (relative to the kustomization’s folder), or remove the line.',
          ],
        };
      }
      if (!built.isOpen) yield* unmatchedPatches(built);
      yield* tagNumbers(built);
      yield* unlistedFiles(model, built);
    }
  },
};

/** Patches of objects that the kustomization does not have. */
function* unmatchedPatches(built: Kustomization): Generator<Remark> {
  for (const { kind, name, place } of built.unmatched) {
    const names = built.objects.flatMap((object) =>
      object.kind === kind ? (textAt(object, 'metadata', 'name') ?? []) : [],
    );
    const near = nearest(name, names, 5) ?? (names.length === 1 ? names[0] : undefined);
    yield {
      severity: 'error',
      place,
      about: `patch ${place.file}:${place.line}`,
      fr: [
        `Cette modification (patch) vise ${kind} « ${name} », que la kustomization n’a pas${names.length === 0 ? '' : ` (elle a : ${names.join(', ')})`}.`,
        `« kubectl apply -k ${built.folder} » s’arrête : « no resource matches strategic merge patch "${kind}…/${name}": no matches for Id … ».`,
        near === undefined ? 'Corrigez le kind et le name du patch.' : `Écrivez : name: ${near}`,
      ],
      en: [
        `This patch targets the ${kind} "${name}", which the kustomization does not have${names.length === 0 ? '' : ` (it has: ${names.join(', ')})`}.`,
        `"kubectl apply -k ${built.folder}" stops: "no resource matches strategic merge patch "${kind}…/${name}": no matches for Id …".`,
        near === undefined ? 'Mend the kind and name of the patch.' : `Write: name: ${near}`,
      ],
    };
  }
}

/** A tag that YAML takes for a number. */
function* tagNumbers(built: Kustomization): Generator<Remark> {
  for (const image of objectsAt(built.object, 'images')) {
    const tag = image.newTag;
    if (typeof tag !== 'number' && typeof tag !== 'boolean') continue;
    yield {
      severity: 'error',
      place: placeOf(image, 'newTag'),
      fr: [
        `newTag doit être un texte, et sans guillemets ${String(tag)} est un nombre.`,
        `« kubectl apply -k ${built.folder} » s’arrête : « json: cannot unmarshal number into Go struct field Image.images.newTag of type string ».`,
        `Écrivez : newTag: "${String(tag)}"`,
      ],
      en: [
        `newTag must be a text, and without quotes ${String(tag)} is a number.`,
        `"kubectl apply -k ${built.folder}" stops: "json: cannot unmarshal number into Go struct field Image.images.newTag of type string".`,
        `Write: newTag: "${String(tag)}"`,
      ],
    };
  }
}

/** Manifests beside a kustomization that no kustomization lists, and of which nothing else speaks. */
function* unlistedFiles(model: Model, built: Kustomization): Generator<Remark> {
  const listed = new Set(
    model.kustomizations.flatMap((each) => [...each.named, ...patchFilesOf(each.object, each.folder)]),
  );
  const texts = model.project.files.filter(({ path }) =>
    /\.(md|sh|bash|mk|ps1|txt)$|(^|\/)(makefile|justfile|jenkinsfile|\.gitlab-ci\.yml)$|^\.github\/|application[^/]*\.ya?ml$/i.test(
      path,
    ),
  );
  for (const file of model.manifests) {
    const folder = file.path.includes('/') ? file.path.slice(0, file.path.lastIndexOf('/')) : '.';
    if (folder !== built.folder || listed.has(file.path) || file.faults.length > 0) continue;
    const base = file.path.slice(file.path.lastIndexOf('/') + 1);
    const kinds = file.documents.map((object) => textAt(object, 'kind') ?? '');
    // Secrets, namespaces and the like are often applied apart; so is what a command names.
    if (!kinds.every((kind) => /^(Deployment|StatefulSet|Service|Ingress|ConfigMap|PersistentVolumeClaim)$/.test(kind)))
      continue;
    if (!built.objects.some((object) => /^(Deployment|StatefulSet|Service)$/.test(textAt(object, 'kind') ?? '')))
      continue;
    if (/patch|example|exemple|sample|secret|test|dev|local|old|bak|optional|todo/i.test(base)) continue;
    // What is said elsewhere too is another way of writing it.
    const ids = new Set(
      built.objects.map((object) => `${textAt(object, 'kind') ?? ''} ${textAt(object, 'metadata', 'name') ?? ''}`),
    );
    if (
      file.documents.some((object) =>
        ids.has(`${textAt(object, 'kind') ?? ''} ${textAt(object, 'metadata', 'name') ?? ''}`),
      )
    )
      continue;
    if (texts.some(({ path }) => (model.project.read(path) ?? '').includes(base))) continue;
    const place = placeOf(built.object, 'resources');
    const names = file.documents.map((object) => describe(object)).join(', ');
    const namesEn = file.documents.map((object) => describeEn(object)).join(', ');
    yield {
      severity: 'warning',
      place,
      about: `unlisted ${file.path}`,
      fr: [
        `${file.path} est à côté de cette kustomization, qui ne le nomme pas : ${names}.`,
        `« kubectl apply -k ${built.folder} » ne le crée pas, et ne dit rien.`,
        `Ajoutez sous resources: : - ${base} (ou enlevez ce fichier s’il ne sert plus).`,
      ],
      en: [
        `${file.path} lies beside this kustomization, which does not name it: ${namesEn}.`,
        `"kubectl apply -k ${built.folder}" does not make it, and says nothing.`,
        `Add under resources: : - ${base} (or remove that file if it is of no more use).`,
      ],
    };
    return;
  }
}
