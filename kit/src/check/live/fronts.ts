import { tell, type LiveFinding } from './finding.ts';
import { browserAddresses, isInternal, keyOf, nameOf, ofKind, ownerOf, pathsOf, type LiveState } from './state.ts';

/** Addresses that fronts give to browsers, and that do not answer. */
export function frontFindings(state: LiveState): LiveFinding[] {
  const seen = new Set<string>();
  const fromVariables = browserAddresses(state.objects).flatMap(({ pod, name, value, map }): LiveFinding[] => {
    const owner = ownerOf(state.objects, pod);
    const host = /^https?:\/\/([^/:?#]+)/.exec(value)?.[1] ?? '';
    const isLocal = /^(localhost|127\.|0\.0\.0\.0)/.test(host);
    const reply = state.addresses[value];
    const isOwn = ofKind(state.objects, 'Ingress').some((ingress) =>
      pathsOf(ingress).some((path) => path.host === host),
    );
    // From here other addresses answer: that this one does not is its own fault.
    const isReachable = Object.entries(state.addresses).some(
      ([url, each]) => url !== value && each.status !== undefined,
    );
    // What a server of the front's own asks for its pages, or hands on, is no matter of the browser's.
    if (/PROXY|INTERNAL|SSR|SERVER/.test(name)) return [];
    const isSure = isLocal && /^(VITE|REACT_APP|VUE_APP|NG_APP|GATSBY)_/.test(name);
    const isDead =
      reply !== undefined &&
      !isOwn &&
      ((reply.status !== undefined && reply.status >= 502 && reply.status <= 504) ||
        (reply.status === undefined && isReachable && /ENOTFOUND|ECONNREFUSED/.test(reply.failure ?? '')));
    const key = `${keyOf(owner)} ${value}`;
    if ((!isInternal(value) && !isDead) || seen.has(key)) return [];
    seen.add(key);
    const why = isInternal(value)
      ? isLocal
        ? 'net::ERR_CONNECTION_REFUSED'
        : 'net::ERR_NAME_NOT_RESOLVED'
      : (reply?.failure ?? `HTTP ${String(reply?.status ?? '')}`);
    return [
      tell(
        'front-address',
        `${owner.kind.toLowerCase()}/${owner.name}`,
        [
          `Le front donne au navigateur ${name}=${value}, ${isLocal ? 'c’est-à-dire la machine du visiteur' : isInternal(value) ? 'un nom que seul le cluster connaît' : 'qui ne répond pas'}.`,
          `La page s’affiche sans données ; la console du navigateur montre « ${why} ».`,
          `Mettez l’adresse de l’Ingress de l’API${map === undefined ? '' : ` dans le ConfigMap « ${map} »`}, puis relancez le front (ou reconstruisez-le, si elle est écrite à la construction).`,
        ],
        [
          `The front gives the browser ${name}=${value}, ${isLocal ? 'that is the visitor’s own machine' : isInternal(value) ? 'a name that only the cluster knows' : 'which does not answer'}.`,
          `The page shows without data; the browser’s console shows "${why}".`,
          `Put the address of the API’s Ingress${map === undefined ? '' : ` in the ConfigMap "${map}"`}, then restart the front (or build it again, if it is written in at build time).`,
        ],
        'kubectl get ingress',
        { severity: isSure || !isInternal(value) ? 'error' : 'warning' },
      ),
    ];
  });
  const fromScripts = Object.entries(state.services).flatMap(([name, reply]): LiveFinding[] => {
    const known = ofKind(state.objects, 'Service').map(nameOf);
    const call = reply.calls?.find(
      (each) =>
        isInternal(each) &&
        (/^https?:\/\/(localhost|127\.)/.test(each) || known.includes(/^https?:\/\/([^/:]+)/.exec(each)?.[1] ?? '')),
    );
    if (call === undefined || [...seen].some((each) => each.endsWith(call))) return [];
    seen.add(call);
    const isLocal = /localhost|127\./.test(call);
    return [
      tell(
        'front-address',
        `service/${name}`,
        [
          `Le front « ${name} » a été construit avec l’adresse ${call}, ${isLocal ? 'c’est-à-dire la machine du visiteur' : 'un nom que seul le cluster connaît'}.`,
          `Elle est écrite dans ses fichiers JavaScript ; la console du navigateur montre « ${isLocal ? 'net::ERR_CONNECTION_REFUSED' : 'net::ERR_NAME_NOT_RESOLVED'} ».`,
          'Reconstruisez l’image avec l’adresse de l’Ingress de l’API (docker build --build-arg VITE_…=https://…), puis changez d’étiquette.',
        ],
        [
          `The front "${name}" was built with the address ${call}, ${isLocal ? 'that is the visitor’s own machine' : 'a name that only the cluster knows'}.`,
          `It is written in its JavaScript files; the browser’s console shows "${isLocal ? 'net::ERR_CONNECTION_REFUSED' : 'net::ERR_NAME_NOT_RESOLVED'}".`,
          'Build the image again with the address of the API’s Ingress (docker build --build-arg VITE_…=https://…), then change the tag.',
        ],
        'kubectl get ingress',
        { severity: 'warning' },
      ),
    ];
  });
  return [...fromVariables, ...fromScripts];
}
