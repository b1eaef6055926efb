import type { Remark, Rule } from '../findings.ts';
import { frontUses, isAddressVariable, type FrontUse } from '../fronts.ts';
import { frontOf, type Front, type Instance, type Model } from '../model.ts';
import { frontFiles } from '../node.ts';
import type { Place } from '../read/yaml.ts';
import { pythonClients } from './python-route.ts';
import { routesOf } from './routes.ts';

export const frontRoute: Rule = {
  id: 'front-route',
  title: {
    fr: 'Le front demande un chemin que l’API n’a pas',
    en: 'The front asks for a path that the API does not have',
  },
  why: {
    fr: 'L’adresse complète est celle de l’API, puis le chemin que le code ajoute. Si les routes de l’API commencent par /api, l’un des deux doit l’avoir.',
    en: 'The whole address is that of the API, then the path that the code adds. If the routes of the API start with /api, one of the two must have it.',
  },
  *check(model) {
    yield* pythonClients(model);
    for (const use of frontUses(model)) {
      if (!use.front || use.instance.where !== 'compose' || use.instance.stack?.isOpen !== false) continue;
      for (const [name, { value, place }] of use.values) {
        const remark =
          value === undefined || !isAddressVariable(name)
            ? undefined
            : lostPrefix(model, use, use.front, name, value, place);
        if (remark) yield remark;
      }
    }
  },
};

/** The API behind an address of the developer's machine, by the port that compose publishes. */
function apiAt(model: Model, use: FrontUse, port: number): Instance | undefined {
  return model.instances.find(
    (each) =>
      each.stack === use.instance.stack &&
      each.image !== undefined &&
      frontOf(model, each.image) === undefined &&
      (each.service?.ports.some((one) => one.host === port) ?? false),
  );
}

function lostPrefix(
  model: Model,
  use: FrontUse,
  front: Front,
  name: string,
  value: string,
  place: Place,
): Remark | undefined {
  const [, port] = /^https?:\/\/(?:localhost|127\.0\.0\.1):(\d+)\/?$/.exec(value) ?? [];
  const api = port === undefined ? undefined : apiAt(model, use, Number(port));
  const routes =
    api === undefined
      ? undefined
      : routesOf(model, api)?.filter((route) => !/^\/?$|^\/(health|docs|metrics|ping|static)/.test(route));
  const [first] = routes ?? [];
  const prefix = /^\/[a-z][\w-]*/i.exec(first ?? '')?.[0];
  if (!routes || prefix === undefined || !/^\/(api|v\d+)$/.test(prefix)) return undefined;
  if (!routes.every((route) => route === prefix || route.startsWith(`${prefix}/`))) return undefined;
  const texts = frontFiles(model, front).map((source) => model.project.read(source.path) ?? '');
  // The code may put the prefix there in ways of its own.
  if (texts.some((text) => new RegExp(`${prefix}\\b(?!-)`).test(text.replace(/^\s*(import|\/\/|\*).*$/gm, ''))))
    return undefined;
  const calls = texts.flatMap((text) => callsOf(text, name));
  const [call] = calls;
  if (call === undefined || calls.some((path) => path.startsWith(prefix) || !path.startsWith('/'))) return undefined;
  // What is asked for must be there, once the prefix is put before it.
  const top = (path: string) => /^\/[\w-]+/.exec(path)?.[0] ?? path;
  if (!routes.some((route) => top(route.slice(prefix.length)) === top(call))) return undefined;
  const right = `${value.replace(/\/$/, '')}${prefix}`;
  return {
    severity: 'error',
    place,
    about: `front ${place.file}:${place.line}`,
    fr: [
      `Avec ${name}=${value}, le front demande « ${top(call)} », mais les routes de l’API commencent par ${prefix} (« ${first ?? ''} »).`,
      `La console du navigateur montre « GET ${value.replace(/\/$/, '')}${top(call)} 404 (Not Found) ».`,
      `Écrivez : ${name}=${right}`,
    ],
    en: [
      `With ${name}=${value}, the front asks for "${top(call)}", but the routes of the API start with ${prefix} ("${first ?? ''}").`,
      `The browser’s console shows "GET ${value.replace(/\/$/, '')}${top(call)} 404 (Not Found)".`,
      `Write: ${name}=${right}`,
    ],
  };
}

/** The paths that a file adds to the address of a variable, or asks of a client that was made with it. */
function callsOf(text: string, name: string): string[] {
  const holder = new RegExp(
    `\\b(?:const|let|var)\\s+(\\w+)\\s*=\\s*(?:import\\.meta\\.env|process\\.env)\\.${name}\\b`,
  ).exec(text)?.[1];
  const direct = [holder, `import\\.meta\\.env\\.${name}`, `process\\.env\\.${name}`].filter(
    (each) => each !== undefined,
  );
  const joined = direct.flatMap((each) =>
    [...text.matchAll(new RegExp(`\\$\\{\\s*${each}\\s*\\}([^\`"']*)`, 'g'))].map((match) => match[1] ?? ''),
  );
  const client = [
    ...text.matchAll(
      /\b(?!axios\b)(?:api|http|client|instance|apiClient)\.(?:get|post|put|patch|delete)(?:<[^>]*>)?\(\s*["'`](\/[^"'`]*)/g,
    ),
  ].map((match) => match[1] ?? '');
  return [...joined, ...client];
}
