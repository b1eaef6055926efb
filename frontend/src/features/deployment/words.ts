import type { Language } from '../../i18n/i18n.ts';
import { letterOf } from './marks.ts';
import type { DatabaseKind, Failure, WatchEvent } from './observations.ts';

/*
 * The words of this page. They come with it, and not with those of `i18n/`, which are a part of what every page loads first.
 */

/** How an event of each kind is told. */
type Tell = { [Kind in WatchEvent['kind']]: (event: WatchEvent & { kind: Kind }) => string };

const decimal = {
  fr: new Intl.NumberFormat('fr', { maximumFractionDigits: 1 }),
  en: new Intl.NumberFormat('en', { maximumFractionDigits: 1 }),
};

const databases: Record<Language, Record<DatabaseKind, string>> = {
  fr: { sqlite: 'SQLite, survit au pod', ephemeral: 'SQLite, meurt avec le pod', postgres: 'PostgreSQL' },
  en: { sqlite: 'SQLite, outlives the pod', ephemeral: 'SQLite, ends with the pod', postgres: 'PostgreSQL' },
};

const fr = {
  intro:
    'Chaque carré est une réponse de l’API. Sa couleur et sa lettre disent quel pod a répondu, sa forme dit quelle version. Rouge avec une croix : la requête est perdue.',
  local:
    'Ici, un seul processus répond. Sur un cluster, vous verriez chaque pod avec sa couleur, les requêtes se répartir entre eux, et ce qui se passe quand on en supprime un ou qu’on met l’API à jour.',
  faultsOn: 'Les pannes sur demande sont permises (DEMO_FAULTS) : cette API peut être cassée exprès.',
  listsDiffer: 'Chaque pod a sa propre base de données : la liste des utilisateurs dépend du pod qui répond.',
  waiting: 'La première réponse arrive…',
  paused: 'En pause : aucune requête ne part.',
  pause: 'Pause',
  resume: 'Reprendre',
  reset: 'Remettre à zéro',
  speed: 'Vitesse',
  perSecond: (requests: number) => `${requests} par seconde`,
  counters: 'Compteurs',
  podsNow: (pods: number): string => (pods > 1 ? 'pods répondent' : 'pod répond'),
  answers: (answers: number) => `réponse${s(answers)}`,
  lost: (lost: number) => `perdue${s(lost)}`,
  watched: 'd’observation',
  newest: 'Les plus récentes à gauche',
  answeredBy: (letter: string, version: string) => `Pod ${letter}, version ${version}`,
  lostBecause: (reason: string) => `Perdue : ${reason}`,
  reason: (failure: Failure) =>
    failure === 'unreachable'
      ? 'aucune réponse (coupée, ou refusée par le proxy)'
      : failure === 'timeout'
        ? 'pas de réponse en 2 s'
        : `l’API a répondu ${failure}`,
  pods: 'Pods',
  noPod: 'Aucun pod n’a encore répondu.',
  pod: (letter: string) => `Pod ${letter}`,
  version: 'Version',
  title: 'Titre',
  database: 'Données',
  databases: databases.fr,
  startedAt: 'Démarré le',
  share: 'Part',
  shareOf: (percent: string, answers: number) => `${percent} (${decimal.fr.format(answers)})`,
  answersIn: 'Répond en',
  lastSeen: 'Vu il y a',
  gone: 'Disparu',
  lostRequests: 'Requêtes perdues',
  front: (pod: string, version: string) =>
    `Cette page vient ${pod ? `du pod ${pod} du front` : 'du front'}, version ${version}. Rechargez-la pour savoir si un autre la sert.`,
  log: 'Journal',
  copyLog: 'Copier le journal',
  copied: 'Copié.',
  notCopied: 'Le navigateur refuse de copier : sélectionnez le texte.',
  noEvent: 'Rien n’a changé pour l’instant.',
  logHeader: (url: string, answers: number, lost: number) =>
    `${url} : ${answers} réponse${s(answers)}, ${lost} perdue${s(lost)}`,
  tries: 'À essayer sur un cluster',
  triesIntro:
    'Gardez cette page sous les yeux, tapez les commandes dans un terminal, à la racine du dépôt, et regardez ce qui change.',
  faults: 'Pannes sur demande',
  faultsIntro: 'Commencez par les autoriser, et terminez en les interdisant.',
  copy: 'Copier',
  copyCommands: (title: string, step: number) => `Copier les commandes : ${title}, étape ${step}`,
  watch: 'À regarder',
  shows: 'À conclure',
  events: {
    found: ({ pod, name, version }) => `Pod ${letterOf(pod)} répond : ${name}, version ${version}`,
    appeared: ({ pod, name, version }) => `Nouveau pod ${letterOf(pod)} : ${name}, version ${version}`,
    back: ({ pod, name }) => `Pod ${letterOf(pod)} de retour : ${name}`,
    restarted: ({ pod, name }) => `Pod ${letterOf(pod)} redémarré : ${name}, même pod, nouveau conteneur`,
    gone: ({ pod, name }) => `Pod ${letterOf(pod)} disparu : ${name} ne répond plus`,
    version: ({ from, to, pods, of }) => `Version ${from} → ${to}, ${pods} pod${s(pods)} sur ${of}`,
    title: ({ from, to, pods, of }) => `Titre changé : ${from} → ${to}, ${pods} pod${s(pods)} sur ${of}`,
    database: ({ from, to, pods, of }) =>
      `Base de données changée : ${databaseName('fr', from)} → ${databaseName('fr', to)}, ${pods} pod${s(pods)} sur ${of}` +
      (of > 1 && (pods < of || to === 'ephemeral') ? ' : les listes diffèrent' : ''),
    lost: ({ at, until, reasons }) => {
      const count = sum(reasons);
      const why = reasons.map(([reason, times]) =>
        reason === 'unreachable'
          ? `${times} sans réponse`
          : reason === 'timeout'
            ? `${times} trop lente${s(times)}`
            : `${times} en erreur ${reason}`,
      );
      const duration = count > 1 ? ` en ${decimal.fr.format((until - at) / 1000)} s` : '';
      return `${count} requête${s(count)} perdue${s(count)}${duration} : ${why.join(', ')}`;
    },
  } satisfies Tell,
};

export type Words = typeof fr;

const en: Words = {
  intro:
    'Each square is an answer of the API. Its colour and its letter say which pod answered, its form which version. Red with a cross: the request is lost.',
  local:
    'Here a single process answers. On a cluster you would see each pod with its colour, the requests shared among them, and what happens when one is deleted or the API is updated.',
  faultsOn: 'Faults on demand are allowed (DEMO_FAULTS): this API can be broken on purpose.',
  listsDiffer: 'Each pod has a database of its own: the list of users depends on the pod that answers.',
  waiting: 'The first answer is on its way…',
  paused: 'Paused: no request is sent.',
  pause: 'Pause',
  resume: 'Resume',
  reset: 'Reset',
  speed: 'Speed',
  perSecond: (requests) => `${requests} a second`,
  counters: 'Counters',
  podsNow: (pods) => (pods === 1 ? 'pod answers' : 'pods answer'),
  answers: (answers) => (answers === 1 ? 'answer' : 'answers'),
  lost: () => 'lost',
  watched: 'of watching',
  newest: 'Newest on the left',
  answeredBy: (letter, version) => `Pod ${letter}, version ${version}`,
  lostBecause: (reason) => `Lost: ${reason}`,
  reason: (failure) =>
    failure === 'unreachable'
      ? 'no answer (cut, or refused by the proxy)'
      : failure === 'timeout'
        ? 'no answer within 2 s'
        : `the API answered ${failure}`,
  pods: 'Pods',
  noPod: 'No pod has answered yet.',
  pod: (letter) => `Pod ${letter}`,
  version: 'Version',
  title: 'Title',
  database: 'Data',
  databases: databases.en,
  startedAt: 'Started on',
  share: 'Share',
  shareOf: (percent, answers) => `${percent} (${decimal.en.format(answers)})`,
  answersIn: 'Answers in',
  lastSeen: 'Seen ago',
  gone: 'Gone',
  lostRequests: 'Lost requests',
  front: (pod, version) =>
    `This page comes from ${pod ? `the pod ${pod} of the front` : 'the front'}, version ${version}. Reload it to see whether another one serves it.`,
  log: 'Log',
  copyLog: 'Copy the log',
  copied: 'Copied.',
  notCopied: 'The browser does not let the page copy: select the text.',
  noEvent: 'Nothing has changed so far.',
  logHeader: (url, answers, lost) => `${url}: ${answers} answers, ${lost} lost`,
  tries: 'To try on a cluster',
  triesIntro:
    'Keep this page in sight, type the commands in a terminal, at the root of the repository, and see what changes.',
  faults: 'Faults on demand',
  faultsIntro: 'Begin by allowing them, and end by forbidding them.',
  copy: 'Copy',
  copyCommands: (title, step) => `Copy the commands: ${title}, step ${step}`,
  watch: 'What to watch',
  shows: 'What it shows',
  events: {
    found: ({ pod, name, version }) => `Pod ${letterOf(pod)} answers: ${name}, version ${version}`,
    appeared: ({ pod, name, version }) => `New pod ${letterOf(pod)}: ${name}, version ${version}`,
    back: ({ pod, name }) => `Pod ${letterOf(pod)} is back: ${name}`,
    restarted: ({ pod, name }) => `Pod ${letterOf(pod)} restarted: ${name}, same pod, new container`,
    gone: ({ pod, name }) => `Pod ${letterOf(pod)} gone: ${name} does not answer any more`,
    version: ({ from, to, pods, of }) => `Version ${from} → ${to}, ${pods} of ${of} pod${s(of)}`,
    title: ({ from, to, pods, of }) => `Title changed: ${from} → ${to}, ${pods} of ${of} pod${s(of)}`,
    database: ({ from, to, pods, of }) =>
      `Database changed: ${databaseName('en', from)} → ${databaseName('en', to)}, ${pods} of ${of} pod${s(of)}` +
      (of > 1 && (pods < of || to === 'ephemeral') ? ': the lists differ' : ''),
    lost: ({ at, until, reasons }) => {
      const count = sum(reasons);
      const why = reasons.map(([reason, times]) =>
        reason === 'unreachable'
          ? `${times} without an answer`
          : reason === 'timeout'
            ? `${times} too slow`
            : `${times} with error ${reason}`,
      );
      const duration = count > 1 ? ` in ${decimal.en.format((until - at) / 1000)} s` : '';
      return `${count} request${s(count)} lost${duration}: ${why.join(', ')}`;
    },
  },
};

export const words: Record<Language, Words> = { fr, en };

/** An event in words. */
export function tell({ events }: Words, event: WatchEvent): string {
  return (events[event.kind] as (event: WatchEvent) => string)(event);
}

const s = (count: number) => (count > 1 ? 's' : '');

const sum = (reasons: [Failure, number][]) => reasons.reduce((total, [, times]) => total + times, 0);

const databaseName = (language: Language, kind: string) => databases[language][kind as DatabaseKind];
