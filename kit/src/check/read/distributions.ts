import { readFileSync } from 'node:fs';
import path from 'node:path';

/** What is known of one distribution of PyPI: `PyYAML` brings the module `yaml`, `Flask` requires `jinja2`. */
interface Distribution {
  modules: string[];
  requires: string[];
  extras: Record<string, string>;
}

interface Data {
  standard: string;
  distributions: Record<string, { modules?: string; requires?: string; extras?: Record<string, string> }>;
}

let held:
  { standard: Set<string>; distributions: Map<string, Distribution>; providers: Map<string, string[]> } | undefined;

function known(): NonNullable<typeof held> {
  if (held) return held;
  const file = path.join(import.meta.dirname, '../../../data/python-packages.json');
  const data = JSON.parse(readFileSync(file, 'utf8')) as Data;
  const distributions = new Map<string, Distribution>();
  const providers = new Map<string, string[]>();
  for (const [name, { modules, requires, extras }] of Object.entries(data.distributions)) {
    const list = (modules ?? name.replaceAll('-', '_')).split(' ').filter(Boolean);
    distributions.set(name, {
      modules: list,
      requires: (requires ?? '').split(' ').filter(Boolean),
      extras: extras ?? {},
    });
    for (const module of list) providers.set(module, [...(providers.get(module) ?? []), name]);
  }
  // What the images of Python hold besides the standard library.
  const standard = new Set([...data.standard.split(' '), 'pip', 'setuptools', 'pkg_resources', 'wheel']);
  held = { standard, distributions, providers };
  return held;
}

/** A name as PyPI compares them: `Flask_SQLAlchemy` and `flask-sqlalchemy` are one. */
export function normalName(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, '-');
}

/** Whether a module belongs to Python itself. */
export function isStandard(module: string): boolean {
  return known().standard.has(module);
}

/** What an installation brings in the end: what was asked for, and all that this requires. */
export interface Installed {
  names: ReadonlySet<string>;
  modules: ReadonlySet<string>;
  /** What was asked for and is not known here: it may bring more than its name tells. */
  unknown: string[];
}

/** Follows what distributions require. */
export function installedBy(asked: Iterable<string>): Installed {
  const { distributions } = known();
  const names = new Set<string>();
  const modules = new Set<string>();
  const unknown: string[] = [];
  const queue = [...asked].map((name) => ({ name, isAsked: true }));
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    const [, name = '', extra] = /^([^[]+)(?:\[(.*)\])?$/.exec(next.name) ?? [];
    if (names.has(next.name)) continue;
    names.add(next.name);
    const one = distributions.get(name);
    const required =
      extra === undefined ? (one?.requires ?? []) : [name, ...(one?.extras[extra] ?? '').split(' ').filter(Boolean)];
    queue.push(...required.map((each) => ({ name: each, isAsked: each === name && next.isAsked })));
    if (extra !== undefined) continue;
    for (const module of one?.modules ?? [name.replaceAll('-', '_')]) modules.add(module);
    if (!one && next.isAsked) unknown.push(name);
  }
  return { names, modules, unknown };
}

let required: Set<string> | undefined;

/** Distributions that some other one requires. */
function requiredByOthers(): Set<string> {
  required ??= new Set(
    [...known().distributions].flatMap(([name, { requires }]) =>
      requires.map((other) => other.replace(/\[.*$/, '')).filter((other) => other !== name),
    ),
  );
  return required;
}

/**
 * Whether an installation brings a module. Of what is not known here it is only sure when the list is closed, or when the
 * module comes with distributions that nobody requires, so that they are asked for by name.
 */
export function bringsModule(installed: Installed, module: string, isClosed: boolean): 'yes' | 'no' | 'unknown' {
  if (installed.modules.has(module)) return 'yes';
  // What distributions keep to themselves, and what a server hands to the program, is in no list.
  if (/^(_|uwsgi)/.test(module)) return 'unknown';
  if (installed.unknown.length === 0) return 'no';
  const providers = known().providers.get(module) ?? [];
  const isLike = (name: string) => {
    const [a, b] = [name.replace(/[-_]|^(python|py|django|flask)-/g, ''), module.toLowerCase().replaceAll('_', '')];
    return a.includes(b) || b.includes(a) || providers.some((provider) => name.includes(provider));
  };
  if (providers.length === 0 || installed.unknown.some(isLike)) return 'unknown';
  return isClosed || providers.every((provider) => !requiredByOthers().has(provider)) ? 'no' : 'unknown';
}

/** Whether a module is one of a distribution that is known here. */
export function isKnownModule(module: string): boolean {
  return known().providers.has(module);
}

/** The distribution to install for a module: `scikit-learn` for `sklearn`; undefined when none is known. */
export function distributionOf(module: string): string | undefined {
  const own = normalName(module);
  const providers = known().providers.get(module) ?? [];
  // What needs no compiler and no screen, then what is called like the module, then what brings little else.
  const rank = (name: string) => [
    /-(binary|headless)$/.test(name) ? 0 : name === own ? 1 : name.includes(own) || own.includes(name) ? 2 : 3,
    known().distributions.get(name)?.modules.length ?? 0,
    name.length,
  ];
  return providers.toSorted((a, b) => compare(rank(a), rank(b)))[0];
}

function compare(a: number[], b: number[]): number {
  const index = a.findIndex((value, at) => value !== b[at]);
  return index < 0 ? 0 : (a[index] ?? 0) - (b[index] ?? 0);
}
