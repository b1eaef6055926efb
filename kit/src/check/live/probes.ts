import { objectAt, textAt, type JsonObject } from '../read/yaml.ts';
import { heardPort } from './crash.ts';
import { clock, short, tell, type LiveFinding } from './finding.ts';
import { type Patient, RECENT, isAbout, causeIn } from './patient.ts';
import { ageOf, condition, containersOf, isReady, type Container } from './state.ts';

/** How a probe fails, and what that says of it. */
export function probeWords(message: string): { fr: string; en: string } {
  if (/connection refused|connect: refused/.test(message))
    return {
      fr: 'Personne n’écoute sur le port de la sonde : mettez celui du serveur (ses journaux le disent), et qu’il écoute sur 0.0.0.0.',
      en: 'Nobody listens on the probe’s port: put the server’s (its logs tell it), and let it listen on 0.0.0.0.',
    };
  if (/statuscode: 404/.test(message))
    return {
      fr: 'Le chemin de la sonde n’existe pas dans l’application : mettez-en un qui existe (httpGet.path).',
      en: 'The path of the probe does not exist in the application: put one that does (httpGet.path).',
    };
  if (/statuscode: (401|403)/.test(message))
    return {
      fr: 'Le chemin de la sonde demande une connexion : mettez-en un qui est ouvert à tous.',
      en: 'The path of the probe asks for a login: put one that is open to all.',
    };
  if (/statuscode: 400/.test(message))
    return {
      fr: 'L’application refuse l’hôte de la sonde : ajoutez-le (Django : ALLOWED_HOSTS), ou donnez l’en-tête Host dans httpGet.httpHeaders.',
      en: 'The application refuses the probe’s host: add it (Django: ALLOWED_HOSTS), or give the header Host in httpGet.httpHeaders.',
    };
  if (/statuscode: 5\d\d/.test(message))
    return {
      fr: 'L’application répond par une erreur à la sonde : ses journaux disent laquelle (souvent la base de données).',
      en: 'The application answers the probe with an error: its logs tell which (often the database).',
    };
  if (/deadline exceeded|timed? ?out|Client\.Timeout/i.test(message))
    return {
      fr: 'La réponse n’arrive pas à temps : montez timeoutSeconds, ou donnez plus de processeur.',
      en: 'The answer does not come in time: raise timeoutSeconds, or give more processor.',
    };
  if (/HTTP response to HTTPS|malformed HTTP|first record does not look like/.test(message))
    return {
      fr: 'La sonde et le serveur ne parlent pas le même protocole : vérifiez httpGet.scheme.',
      en: 'The probe and the server do not speak the same protocol: check httpGet.scheme.',
    };
  if (/not found|no such file/.test(message))
    return {
      fr: 'La commande de la sonde n’est pas dans l’image : prenez httpGet ou tcpSocket.',
      en: 'The command of the probe is not in the image: take httpGet or tcpSocket.',
    };
  return {
    fr: 'Vérifiez le port et le chemin de la sonde, et ce dont l’application a besoin pour répondre.',
    en: 'Check the port and path of the probe, and what the application needs to answer.',
  };
}

/** A pod that runs and is not sent anything. */
export function notReadyFinding(patient: Patient): LiveFinding | undefined {
  const { state, pod, name, owner, events } = patient;
  if (textAt(pod, 'status', 'phase') !== 'Running' || isReady(pod)) return undefined;
  const container = containersOf(pod).find(
    ({ status, isInit, isSidecar }) =>
      (!isInit || isSidecar) && status.ready === false && objectAt(status, 'state').running !== undefined,
  );
  const probe = events.findLast(
    (event) =>
      /^(Readiness|Startup) probe (failed|errored)/.test(event.message) && (!container || isAbout(event, container)),
  );
  const started = textAt(container?.status, 'state', 'running', 'startedAt');
  // It may have been ready for long before.
  const age = Math.min(
    ageOf(state, started),
    ageOf(state, textAt(condition(pod, 'Ready'), 'lastTransitionTime') ?? started),
  );
  const patience = container ? patienceOf(container) : 60;
  // Without a clock (a recorded state), what is there is taken as lasting.
  const heard = container && heardPort(state.logs[`${name}/${container.name}`] ?? '');
  const asked = /:(\d+)[/:]/.exec(probe?.message.replace(/^.*?"\w+:\/\//, '') ?? '')?.[1];
  const isElsewhere = heard !== undefined && asked !== undefined && heard.port !== asked;
  // A server that has not said where it listens may still be on its way.
  const isSlow = /refused|deadline|timeout/i.test(probe?.message ?? '') && !isElsewhere;
  if (state.now !== undefined && age < Math.max(patience, isSlow ? 60 : 0)) return undefined;
  if (probe === undefined && (state.now === undefined || age < 300)) return undefined;
  if (probe !== undefined && state.now !== undefined && ageOf(state, probe.time) > RECENT && age < RECENT * 2)
    return undefined;
  const words = probeWords(probe?.message ?? '');
  const cause = container && causeIn(patient, container);
  const isWorthIt =
    cause !== undefined &&
    /^(name-unknown|connection|database|variable|permission|read-only|disk|network-policy)/.test(cause.id);
  if (cause && isWorthIt && !/refused|404/.test(probe?.message ?? ''))
    return tell(
      'not-ready',
      `pod/${name}`,
      [
        cause.fr[0],
        `« ${owner.name} » tourne, mais n’est pas prêt ; son journal : « ${short(cause.line, 160)} »`,
        cause.fr[1],
      ],
      [cause.en[0], `"${owner.name}" runs, but is not ready; its log: "${short(cause.line, 160)}"`, cause.en[1]],
      `kubectl logs ${name} --tail=20`,
      cause.waitsFor === undefined ? {} : { waitsFor: cause.waitsFor },
    );
  if (isElsewhere && /refused/.test(probe?.message ?? '')) {
    words.fr = `La sonde demande le port ${asked}, et le serveur est sur ${heard.port} : mettez ${heard.port} dans la sonde (et dans targetPort).`;
    words.en = `The probe asks port ${asked}, and the server is on ${heard.port}: put ${heard.port} in the probe (and in targetPort).`;
  }
  const which = probe?.message.startsWith('Startup') ? 'startupProbe' : 'readinessProbe';
  const target = targetOf(objectAt(container?.spec, which));
  return tell(
    'not-ready',
    `pod/${name}`,
    [
      `« ${owner.name} » tourne, mais sa sonde ${which}${target} échoue : il ne reçoit aucune requête.`,
      probe === undefined
        ? `Il n’est pas prêt (READY 0/1) depuis ${clock(started ?? '')}.`
        : `« ${short(probe.message)} ».`,
      words.fr,
    ],
    [
      `"${owner.name}" runs, but its ${which}${target} fails: it receives no request.`,
      probe === undefined
        ? `It has not been ready (READY 0/1) since ${clock(started ?? '')}.`
        : `"${short(probe.message)}".`,
      words.en,
    ],
    `kubectl describe pod ${name}`,
  );
}

/** What a probe asks, in brackets; nothing for a command. */
function targetOf(probe: JsonObject): string {
  const get = objectAt(probe, 'httpGet');
  const port = textAt(get, 'port') ?? textAt(probe, 'tcpSocket', 'port') ?? textAt(probe, 'grpc', 'port');
  if (port === undefined) return '';
  return ` (${'httpGet' in probe ? `GET ${textAt(get, 'path') ?? '/'}, ` : ''}port ${port})`;
}

/** How long a container may take to be ready before its probes give up on it. */
function patienceOf({ spec, status }: Container): number {
  const time = (probe: JsonObject, failures: number) =>
    Object.keys(probe).length === 0
      ? 0
      : Number(probe.initialDelaySeconds ?? 0) +
        Number(probe.periodSeconds ?? 10) * Number(probe.failureThreshold ?? failures);
  const startup = status.started === true ? 0 : time(objectAt(spec, 'startupProbe'), 3);
  return 5 + Math.max(time(objectAt(spec, 'readinessProbe'), 3), 10) + startup;
}
