/** The number of letters to change, add or drop to make one word of another. */
export function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(change, (previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}

/** The word of a list that was most likely meant; undefined when none is near. */
export function nearest(word: string, candidates: Iterable<string>, most = 2): string | undefined {
  let best: string | undefined;
  let bestDistance = most + 1;
  for (const candidate of candidates) {
    const distance =
      candidate.toLowerCase() === word.toLowerCase() ? 0 : editDistance(word.toLowerCase(), candidate.toLowerCase());
    // Short words differ by two letters without being the same word misspelt.
    if (distance < bestDistance && distance <= Math.max(1, Math.floor(Math.min(word.length, candidate.length) / 3))) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Whether two names of variables or objects say the same thing in other words (`DB_PASSWORD`, `DATABASE_PASSWORD`). */
export function meansTheSame(a: string, b: string): boolean {
  return a !== b && meaning(a) === meaning(b) && meaning(a) !== '';
}

const SAME: Record<string, string> = {
  db: 'database',
  bdd: 'database',
  pg: 'database',
  postgres: 'database',
  postgresql: 'database',
  mysql: 'database',
  mariadb: 'database',
  mongo: 'database',
  mongodb: 'database',
  sql: 'database',
  sqlalchemy: 'database',
  pass: 'password',
  pwd: 'password',
  passwd: 'password',
  mdp: 'password',
  username: 'user',
  usr: 'user',
  login: 'user',
  uri: 'url',
  dsn: 'url',
  hostname: 'host',
  server: 'host',
  addr: 'host',
  address: 'host',
  name: 'database',
  dbname: 'database',
  dbhost: 'database host',
  dbuser: 'database user',
  dbpassword: 'database password',
  dbport: 'database port',
  pghost: 'database host',
  pguser: 'database user',
  pgpassword: 'database password',
  pgport: 'database port',
  pgdatabase: 'database',
  apikey: 'api key',
  token: 'key',
  env: 'environment',
  environnement: 'environment',
};

function meaning(name: string): string {
  const words = name
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .flatMap((word) => (SAME[word] ?? word).split(' '));
  return [...new Set(words)].sort().join(' ');
}

/** A text as a part of a regular expression that matches just it. */
export function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
