/** What a run of GitHub Actions publishes, and what it tells those who read its summary. */

/** The parts of a run that decide, as GitHub's variables give them. */
export interface Run {
  /** On Docker Hub; empty when the repository's variable is not set. */
  account: string;
  hasToken: boolean;
  /** Whether it was started by hand, which publishes the tags for lessons. */
  isDemo: boolean;
  /** `refs/heads/…` or `refs/tags/…`. */
  ref: string;
  sha: string;
  /** Address of the repository. */
  source: string;
}

export interface Published {
  /** Name and tag. */
  image: string;
  /** `sha256:…` of what lies under that tag now. */
  digest: string;
}

/** The images' tags, the one that names nothing but this commit first. */
export function tagsOf({ ref, sha }: Run): string[] {
  const release = releaseOf(ref);
  if (release === undefined) return [`sha-${sha.slice(0, 7)}`, 'latest'];
  const minor = /^(\d+\.\d+)\.\d+$/.exec(release)?.[1];
  return [release, minor].filter((tag) => tag !== undefined);
}

/** What the API and the front say that they are: the release, or the last one and the commit. */
export function versionOf({ ref, sha }: Run, packageVersion: string): string {
  return releaseOf(ref) ?? `${packageVersion}+${sha.slice(0, 7)}`;
}

function releaseOf(ref: string): string | undefined {
  // A tag of git may hold what one of Docker may not.
  return /^refs\/tags\/v(.+)$/.exec(ref)?.[1]?.replace(/[^\w.-]/g, '-');
}

/** What a run that has published tells, in Markdown: the images, and the commands that put exactly them on a cluster. */
export function publishedSummary(run: Run, published: Published[]): string {
  const rows = published.map(({ image, digest }) => `| \`${image}\` | \`${digest}\` |`);
  const commands = published.map(({ image, digest }) => {
    const side = image.includes('/frontend-') ? 'frontend' : 'backend';
    return `kubectl set image deployment/${side} ${side}=${image}@${digest}`;
  });
  return [
    run.isDemo ? '## Images de démonstration publiées' : '## Images publiées',
    '',
    '| Image | Empreinte |',
    '| --- | --- |',
    ...rows,
    '',
    run.isDemo
      ? 'Une commande à la fois, et le cluster passe à cette image :'
      : 'Pour que le cluster passe à exactement ces images :',
    '',
    '```sh',
    ...commands,
    '```',
    '',
    run.isDemo
      ? '`demo-v2` est une autre version de `demo-v1`. `demo-cassee` vit sans jamais être prête : la mise à jour attend, les anciens pods servent toujours, et `kubectl rollout undo deployment/backend` y met fin.'
      : 'Pour suivre la mise à jour : `kubectl rollout status deployment/backend`. Pour revenir en arrière : `kubectl rollout undo deployment/backend`.',
    '',
  ].join('\n');
}

/** What a run that could not publish tells, in Markdown: what is missing in this repository, and where it is set. */
export function missingAccountSummary({ account, hasToken, source }: Run): string {
  const settings = (page: string) => `${source}/settings/${page}/actions`;
  return [
    '## Images construites, mais pas publiées',
    '',
    'Tout est en ordre : les deux images se construisent. Pour que chaque push les publie aussi, il manque à ce dépôt de quoi se connecter à Docker Hub :',
    '',
    account === ''
      ? `- [ ] la **variable** \`DOCKERHUB_USERNAME\`, votre nom de compte sur [Docker Hub](https://hub.docker.com) : [Settings > Secrets and variables > Actions > Variables](${settings('variables')}) > New repository variable`
      : `- [x] la **variable** \`DOCKERHUB_USERNAME\` : \`${account}\``,
    hasToken
      ? '- [x] le **secret** `DOCKERHUB_TOKEN`'
      : `- [ ] le **secret** \`DOCKERHUB_TOKEN\`, un jeton « Read & Write » créé sur [Docker Hub > Personal access tokens](https://app.docker.com/settings/personal-access-tokens) : [Settings > Secrets and variables > Actions > Secrets](${settings('secrets')}) > New repository secret`,
    '',
    "Ensuite, relancez : **Re-run all jobs**, en haut à droite de la dernière exécution de `main` (onglet **Actions**). Une exécution plus ancienne publierait, sous `latest`, le code d'alors.",
    '',
  ].join('\n');
}
