import type { Rule } from '../findings.ts';

/** Names of what only a server may know, under the beginnings by which bundlers hand variables to the browser. */
const SERVER_ONLY =
  /^(?:VITE|NEXT_PUBLIC|REACT_APP|VUE_APP|NUXT_PUBLIC|PUBLIC|NG_APP|GATSBY)_(?!.*(?:PUBLISHABLE|ANON|SITE_?KEY|PUBLIC_KEY))(?:\w*_)?(?:SECRET(?:_KEY)?|PRIVATE_KEY|PASSWORD|SERVICE_ROLE(?:_KEY)?|JWT_SECRET|DATABASE_URL|MONGO(?:DB)?_UR[IL]|(?:OPENAI|ANTHROPIC|MISTRAL|GROQ|HUGGINGFACE|HUGGING_FACE|HF|COHERE|REPLICATE|DEEPSEEK|STRIPE_SECRET)_(?:API_)?(?:KEY|TOKEN))$/;

export const secretPublic: Rule = {
  id: 'secret-public',
  title: { fr: 'Une clé secrète part dans le navigateur', en: 'A secret key goes to the browser' },
  why: {
    fr: 'Ce qui commence par VITE_, NEXT_PUBLIC_ ou REACT_APP_ est écrit dans les fichiers que chaque visiteur télécharge. Une clé ne peut servir que depuis un serveur : le front appelle l’API, qui appelle le service.',
    en: 'What begins with VITE_, NEXT_PUBLIC_ or REACT_APP_ is written into the files that every visitor downloads. A key can serve from a server only: the front calls the API, which calls the service.',
  },
  *check(model) {
    for (const front of model.fronts) {
      const told = new Set<string>();
      for (const file of front.sources) {
        for (const read of model.source(file)?.env ?? []) {
          const { name, line } = read;
          if (!SERVER_ONLY.test(name) || told.has(name)) continue;
          told.add(name);
          const own = name.replace(/^(VITE|NEXT_PUBLIC|REACT_APP|VUE_APP|NUXT_PUBLIC|PUBLIC|NG_APP|GATSBY)_/, '');
          yield {
            severity: 'error',
            place: { file, line },
            about: `public ${front.folder} ${name}`,
            fr: [
              `${name} est écrite dans les fichiers du front : chaque visiteur peut la lire.`,
              'Elle s’affiche dans l’onglet Réseau ou Sources du navigateur, et d’autres s’en servent à vos frais.',
              `Gardez-la sur le serveur, sous le nom ${own}, et appelez le service depuis l’API ; puis changez cette clé.`,
            ],
            en: [
              `${name} is written into the files of the front: every visitor can read it.`,
              'It shows in the Network or Sources tab of the browser, and others use it at your expense.',
              `Keep it on the server, under the name ${own}, and call the service from the API; then renew that key.`,
            ],
          };
        }
      }
    }
  },
};
