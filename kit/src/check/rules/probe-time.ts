import { instancesOf } from '../chains.ts';
import type { Rule } from '../findings.ts';
import type { Instance } from '../model.ts';
import { objectAt, placeOf } from '../read/yaml.ts';

export const probeTime: Rule = {
  id: 'probe-time',
  title: {
    fr: 'Une sonde tue le conteneur avant qu’il ait démarré',
    en: 'A probe kills the container before it has started',
  },
  why: {
    fr: 'livenessProbe redémarre le conteneur après failureThreshold échecs, un toutes les periodSeconds, à partir de initialDelaySeconds. Un programme qui n’écoute pas encore échoue aussi.',
    en: 'livenessProbe restarts the container after failureThreshold failures, one every periodSeconds, from initialDelaySeconds on. A program that does not listen yet fails as well.',
  },
  *check(model) {
    for (const cluster of model.clusters) {
      for (const workload of cluster.workloads) {
        for (const instance of instancesOf(model, workload)) {
          const container = instance.container?.object ?? {};
          const probe = objectAt(container, 'livenessProbe');
          const needed = startTime(instance);
          if (!('livenessProbe' in container) || 'startupProbe' in container || needed === undefined) continue;
          const number = (key: string, otherwise: number) => {
            const value = probe[key];
            return typeof value === 'number' ? value : otherwise;
          };
          const delay = number('initialDelaySeconds', 0);
          const period = number('periodSeconds', 10);
          const given = delay + period * (number('failureThreshold', 3) - 1);
          if (given >= needed.seconds) continue;
          yield {
            severity: 'warning',
            place: placeOf(container, 'livenessProbe'),
            about: `probe time ${workload.resource.name} ${instance.name}`,
            fr: [
              `livenessProbe laisse ${given} s à « ${instance.name} » pour démarrer, et ${needed.what} en prend plus (environ ${needed.seconds} s, davantage quand le processeur est limité).`,
              'Le pod redémarre sans cesse (CrashLoopBackOff) ; « kubectl describe pod » montre « Liveness probe failed: … connect: connection refused ».',
              `Ajoutez une startupProbe (la même vérification, failureThreshold: 30, periodSeconds: 2), ou initialDelaySeconds: ${needed.seconds * 2}`,
            ],
            en: [
              `livenessProbe leaves "${instance.name}" ${given} s to start, and ${needed.whatEn} takes more (about ${needed.seconds} s, longer when the processor is limited).`,
              'The pod restarts again and again (CrashLoopBackOff); "kubectl describe pod" shows "Liveness probe failed: … connect: connection refused".',
              `Add a startupProbe (the same check, failureThreshold: 30, periodSeconds: 2), or initialDelaySeconds: ${needed.seconds * 2}`,
            ],
          };
        }
      }
    }
  },
};

/** The seconds that a program surely needs before it answers. */
function startTime(instance: Instance): { seconds: number; what: string; whatEn: string } | undefined {
  const path = objectAt(instance.container?.object, 'livenessProbe', 'httpGet').path;
  const base = instance.image?.base ?? '';
  if (
    /temurin|openjdk|corretto|jre|jdk|tomcat/.test(base) ||
    (typeof path === 'string' && path.startsWith('/actuator'))
  )
    return { seconds: 8, what: 'une application Java', whatEn: 'a Java application' };
  if (
    instance.listens.some(({ server }) =>
      /^(uvicorn|gunicorn|hypercorn|daphne|fastapi|flask|django|streamlit|gradio|dash)$/.test(server),
    )
  )
    return { seconds: 3, what: 'une application Python', whatEn: 'a Python application' };
  return undefined;
}
