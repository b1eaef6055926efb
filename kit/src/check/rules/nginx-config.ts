import type { Rule, Remark } from '../findings.ts';
import { nginxOf, type NginxConfig } from '../model.ts';

export const nginxConfig: Rule = {
  id: 'nginx-config',
  title: {
    fr: 'Un fichier de nginx n’est pas à la place que son contenu demande',
    en: 'A file of nginx is not in the place that its content asks for',
  },
  why: {
    fr: 'L’image nginx lit /etc/nginx/nginx.conf, le fichier entier (events, http), qui inclut dans http tous les /etc/nginx/conf.d/*.conf : là vont les blocs server et upstream. Rien d’autre n’est lu.',
    en: 'The nginx image reads /etc/nginx/nginx.conf, the whole file (events, http), which includes in http all /etc/nginx/conf.d/*.conf: there go the blocks server and upstream. Nothing else is read.',
  },
  *check(model) {
    for (const instance of model.instances) {
      const nginx = nginxOf(model, instance);
      if (!nginx) continue;
      const isWhole = nginx.configs.some(({ target }) => target === '/etc/nginx/nginx.conf');
      for (const config of nginx.configs) {
        const remark = misplaced(config, isWhole);
        if (remark) yield { ...remark, about: `nginx ${config.place.file}` };
      }
    }
  },
};

/** A configuration at a place where nginx refuses it, or never looks. */
function misplaced(config: NginxConfig, isWhole: boolean): Remark | undefined {
  const { target, directives } = config;
  const names = directives.map(({ name }) => name);
  const [first] = directives;
  const at = (line: number) => ({ file: config.place.file, line: config.place.line + line - 1 });
  if (!first) return undefined;
  if (target === '/etc/nginx/nginx.conf') {
    const part = directives.find(({ name, block }) => block && /^(server|upstream|location|map)$/.test(name));
    if (part && !names.includes('http'))
      return refusal(at(part.line), part.name, target, {
        fr: `Ce fichier n’est qu’une partie (${part.name}) : mettez-le à /etc/nginx/conf.d/default.conf`,
        en: `This file is a part only (${part.name}): put it at /etc/nginx/conf.d/default.conf`,
      });
    if (names.includes('http') && !names.includes('events'))
      return {
        severity: 'error',
        place: at(first.line),
        fr: [
          'Il manque le bloc events dans ce fichier, qui remplace le nginx.conf entier.',
          'nginx s’arrête aussitôt : « [emerg] no "events" section in configuration ».',
          'Ajoutez au-dessus de http : events {}',
        ],
        en: [
          'The block events is missing in this file, which replaces the whole nginx.conf.',
          'nginx stops at once: "[emerg] no "events" section in configuration".',
          'Add above http: events {}',
        ],
      };
    return undefined;
  }
  if (/^\/etc\/nginx\/(conf\.d\/[^/]+\.conf|templates\/[^/]+\.conf\.template)$/.test(target) && !isWhole) {
    const whole = directives.find(({ name }) => /^(events|http|worker_processes|user|pid)$/.test(name));
    return whole
      ? refusal(at(whole.line), whole.name, target, {
          fr: 'Ce fichier est un nginx.conf entier : mettez-le à /etc/nginx/nginx.conf (ou n’en gardez que le bloc server).',
          en: 'This file is a whole nginx.conf: put it at /etc/nginx/nginx.conf (or keep its block server only).',
        })
      : undefined;
  }
  if (
    isWhole ||
    !/^\/etc\/nginx\/(sites-(enabled|available)\/|conf\.d\/[^/.]+$)/.test(target) ||
    !names.includes('server')
  )
    return undefined;
  return {
    severity: 'error',
    place: config.place,
    fr: [
      `L’image nginx ne lit pas ${target} : elle n’inclut que /etc/nginx/conf.d/*.conf.`,
      'nginx montre sa page « Welcome to nginx! », ou 404.',
      'Mettez ce fichier à /etc/nginx/conf.d/default.conf',
    ],
    en: [
      `The nginx image does not read ${target}: it includes /etc/nginx/conf.d/*.conf only.`,
      'nginx shows its page "Welcome to nginx!", or 404.',
      'Put this file at /etc/nginx/conf.d/default.conf',
    ],
  };
}

function refusal(place: Remark['place'], name: string, target: string, fix: { fr: string; en: string }): Remark {
  const words = `[emerg] "${name}" directive is not allowed here in ${target}:${place.line}`;
  return {
    severity: 'error',
    place,
    fr: [`« ${name} » n’a pas sa place à cet endroit de ${target}.`, `nginx s’arrête aussitôt : « ${words} ».`, fix.fr],
    en: [`"${name}" does not belong in this place of ${target}.`, `nginx stops at once: "${words}".`, fix.en],
  };
}
