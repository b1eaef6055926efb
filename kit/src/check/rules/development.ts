import type { Remark, Rule } from '../findings.ts';
import { runningSources, type Instance, type Model } from '../model.ts';
import { optionOf } from '../read/shell.ts';
import type { Listening } from '../read/start.ts';
import type { Place } from '../read/yaml.ts';

/** Whether what runs here is what others will use: on a cluster, or in an image that is pushed. */
function isDeployed(model: Model, instance: Instance): boolean {
  if (instance.where === 'kubernetes') return true;
  if (!instance.image) return false;
  const { dockerfile, build } = instance.image;
  if (
    /dev/i.test(dockerfile.path.split('/').at(-1) ?? '') ||
    /dev|debug|test/i.test(build.target ?? '') ||
    /dev|local|test/i.test(instance.stack?.file ?? '')
  )
    return false;
  const isPushed = model.builds.some(
    (each) => each.isPushed && each.dockerfile === dockerfile.path && (each.target ?? '') === (build.target ?? ''),
  );
  return isPushed && instance.where === 'image';
}

export const developmentServer: Rule = {
  id: 'development-server',
  title: {
    fr: 'L’image déployée lance un serveur de développement',
    en: 'The deployed image runs a development server',
  },
  why: {
    fr: 'Un serveur de développement surveille les fichiers, recompile et montre ses erreurs : il est lent, prend beaucoup de mémoire et dévoile le code. En service, on sert des fichiers construits, ou un serveur d’application.',
    en: 'A development server watches files, recompiles and shows its errors: it is slow, takes much memory and reveals the code. In service, one serves built files, or an application server.',
  },
  *check(model) {
    for (const instance of model.instances) {
      if (!isDeployed(model, instance)) continue;
      for (const listen of instance.listens) {
        if (listen.development === undefined || listen.development === 'app.run()') {
          if (listen.development === 'app.run()') yield flaskRemark(listen.place, listen.port ?? 5000);
          continue;
        }
        const [fixFr, fixEn] = fixOf(instance, listen);
        const [lookFr, lookEn] = lookOf(listen.server);
        yield {
          severity: 'warning',
          place: listen.place,
          about: `development ${listen.place.file}:${listen.place.line}`,
          fr: [`Ce qui est déployé est un serveur de développement : ${listen.development}.`, lookFr, fixFr],
          en: [`What is deployed is a development server: ${listen.development}.`, lookEn, fixEn],
        };
      }
      yield* debugRemarks(model, instance);
    }
  },
};

function flaskRemark(place: Place, port: number): Remark {
  return {
    severity: 'warning',
    place,
    about: `development ${place.file}:${place.line}`,
    fr: [
      'L’application est servie par app.run(), le serveur de développement de Flask.',
      'Les journaux disent « WARNING: This is a development server. Do not use it in a production deployment. »',
      `Servez-la par gunicorn : CMD ["gunicorn", "--bind", "0.0.0.0:${port}", "app:app"]`,
    ],
    en: [
      'The application is served by app.run(), Flask’s development server.',
      'The logs say "WARNING: This is a development server. Do not use it in a production deployment."',
      `Serve it with gunicorn: CMD ["gunicorn", "--bind", "0.0.0.0:${port}", "app:app"]`,
    ],
  };
}

function lookOf(server: string): [string, string] {
  if (server === 'flask')
    return [
      'Les journaux disent « WARNING: This is a development server. Do not use it in a production deployment. »',
      'The logs say "WARNING: This is a development server. Do not use it in a production deployment."',
    ];
  return [
    'La page met plusieurs secondes à venir, le pod prend beaucoup de mémoire (OOMKilled), et une erreur montre le code à tous.',
    'The page takes seconds to come, the pod takes much memory (OOMKilled), and an error shows the code to everybody.',
  ];
}

/** What gunicorn calls the application that `flask run` finds. */
function flaskApp(instance: Instance): string {
  const run = instance.start.runs.find((each) => each.program === 'flask');
  const name = optionOf(run?.args ?? [], '--app', '-A') ?? run?.env.FLASK_APP ?? instance.around.variables.FLASK_APP;
  if (name === undefined || !/^[\w./]+(:[\w()]+)?$/.test(name)) return 'app:app';
  const [module = 'app', attribute = 'app'] = name.split(':');
  return `${module.replace(/\.py$/, '').replaceAll('/', '.')}:${attribute}`;
}

function fixOf(instance: Instance, { server, development = '', port }: Listening): [string, string] {
  if (/vite|react-scripts|vue-cli|^ng/.test(server)) {
    const folder = server === 'react-scripts' ? 'build' : 'dist';
    const lines = `RUN npm run build\nFROM nginxinc/nginx-unprivileged:alpine\nCOPY --from=build /app/${folder} /usr/share/nginx/html`;
    return [
      `Construisez, puis servez les fichiers par nginx (première étape nommée « build ») :\n${lines}`,
      `Build, then serve the files with nginx (first stage named "build"):\n${lines}`,
    ];
  }
  if (server === 'next')
    return [
      'Dans le Dockerfile : RUN npm run build, puis CMD ["npm", "start"]',
      'In the Dockerfile: RUN npm run build, then CMD ["npm", "start"]',
    ];
  if (server === 'django')
    return [
      'Lancez gunicorn : CMD ["gunicorn", "--bind", "0.0.0.0:8000", "votre_projet.wsgi"]',
      'Run gunicorn: CMD ["gunicorn", "--bind", "0.0.0.0:8000", "your_project.wsgi"]',
    ];
  if (server === 'flask')
    return [
      `Ajoutez gunicorn aux paquets, et lancez-le : CMD ["gunicorn", "--bind", "0.0.0.0:${port ?? 5000}", "${flaskApp(instance)}"]`,
      `Add gunicorn to the packages, and run it: CMD ["gunicorn", "--bind", "0.0.0.0:${port ?? 5000}", "${flaskApp(instance)}"]`,
    ];
  if (server === 'fastapi') return ['Lancez : fastapi run main.py --port 8000', 'Run: fastapi run main.py --port 8000'];
  if (/reload/.test(development)) return ['Enlevez --reload (ou reload=True).', 'Remove --reload (or reload=True).'];
  return [
    `Lancez le programme sans ${development} : node server.js`,
    `Run the program without ${development}: node server.js`,
  ];
}

/** DEBUG left on, in the variables or in Django's settings. */
function* debugRemarks(model: Model, instance: Instance): Generator<Remark> {
  const told = (place: Place, what: string): Remark => ({
    severity: 'warning',
    place,
    about: `debug ${place.file}:${place.line}`,
    fr: [
      `Le mode de débogage est activé dans ce qui est déployé (${what}).`,
      'À la première erreur, n’importe quel visiteur voit le code, les chemins et les réglages.',
      `Désactivez-le : ${what.replace(/=development$/i, '=production').replace(/=(true|1|on|yes)$/i, '=False')}`,
    ],
    en: [
      `Debug mode is on in what is deployed (${what}).`,
      'At the first error, any visitor sees the code, the paths and the settings.',
      `Turn it off: ${what.replace(/=development$/i, '=production').replace(/=(true|1|on|yes)$/i, '=False')}`,
    ],
  });
  const sources = runningSources(model, instance);
  const isRead = (name: string) =>
    sources.length === 0 ||
    name.startsWith('FLASK') ||
    sources.some((source) => (model.project.read(source.path) ?? '').includes(name));
  for (const [name, { value, place }] of instance.variables) {
    // These are read by the framework itself.
    if (/^(ASPNETCORE_ENVIRONMENT|NODE_ENV|RAILS_ENV)$/.test(name) && /^development$/i.test(value ?? ''))
      yield told(place, `${name}=${value ?? ''}`);
    if (!isRead(name)) continue;
    if (/^(DEBUG|DJANGO_DEBUG|FLASK_DEBUG|APP_DEBUG)$/.test(name) && /^(true|1|on|yes)$/i.test(value ?? ''))
      yield told(place, `${name}=${value ?? ''}`);
    if (/^(FLASK_ENV)$/.test(name) && value === 'development') yield told(place, `${name}=${value}`);
  }
  for (const source of sources) {
    if (source.language !== 'python' || !/settings/.test(source.path) || /dev|local|test/.test(source.path)) continue;
    const text = model.project.read(source.path) ?? '';
    const match = /^DEBUG\s*=\s*True\b/m.exec(text);
    if (match && !/^DEBUG\s*=.*(environ|getenv|config|env)/m.test(text))
      yield told({ file: source.path, line: text.slice(0, match.index).split('\n').length }, 'DEBUG=True');
  }
}
