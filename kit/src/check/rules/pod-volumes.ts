import path from 'node:path';
import { instancesOf } from '../chains.ts';
import type { Remark } from '../findings.ts';
import { entryFiles, frontOf, type Instance, type Model } from '../model.ts';
import { findInImage, type Found } from '../read/image.ts';
import { findResource, dataOf, type Cluster } from '../read/kubernetes.ts';
import { objectAt, objectsAt, placeOf, textAt, type JsonObject, type Place } from '../read/yaml.ts';

/** Volumes of pods that hide what the image holds, or lay a folder where a file belongs. */
export function* hiddenInPods(model: Model): Generator<Remark> {
  for (const cluster of model.clusters) {
    for (const workload of cluster.workloads) {
      const volumes = new Map(
        objectsAt(workload.pod, 'volumes').map((volume) => [textAt(volume, 'name') ?? '', volume]),
      );
      for (const claim of objectsAt(workload.resource.object, 'spec', 'volumeClaimTemplates'))
        volumes.set(textAt(claim, 'metadata', 'name') ?? '', { persistentVolumeClaim: {} });
      const filled = new Set(
        workload.containers
          .filter((container) => container.isInit)
          .flatMap((container) => objectsAt(container.object, 'volumeMounts').map((mount) => textAt(mount, 'name'))),
      );
      for (const instance of instancesOf(model, workload)) {
        for (const mount of objectsAt(instance.container?.object, 'volumeMounts')) {
          const volume = volumes.get(textAt(mount, 'name') ?? '');
          const target = (textAt(mount, 'mountPath') ?? '').replace(/(.)\/+$/, '$1');
          if (!volume || target === '' || 'subPath' in mount || 'subPathExpr' in mount) continue;
          const remark =
            folderOnFile(cluster, volume, target, mount) ??
            (filled.has(textAt(mount, 'name'))
              ? undefined
              : hiddenProgram(model, instance, cluster, volume, target, mount));
          if (remark) yield remark;
        }
      }
    }
  }
}

/** A ConfigMap or Secret is mounted as a folder: on a path that names a file, it needs `subPath`. */
function folderOnFile(cluster: Cluster, volume: JsonObject, target: string, mount: JsonObject): Remark | undefined {
  const holder = holderOf(cluster, volume);
  if (!holder || !/[^/]\.(conf|json|ya?ml|js|html|ini|toml|py|sql|properties|env|xml|cfg|txt|pem|crt)$/.test(target))
    return undefined;
  const name = path.posix.basename(target);
  if (!holder.keys.includes(name) && holder.keys.length !== 1) return undefined;
  const key = holder.keys.includes(name) ? name : (holder.keys[0] ?? name);
  const place = placeOf(mount, 'mountPath');
  return {
    severity: 'error',
    place,
    about: `mount ${place.file}:${place.line}`,
    fr: [
      `« ${target} » est le nom d’un fichier, et un ${holder.kind} se monte comme un dossier : sans subPath, c’est un dossier « ${name} » qui vient là.`,
      `Le pod ne démarre pas (« not a directory: Are you trying to mount a directory onto a file »), ou le programme lit un dossier à la place du fichier.`,
      `Ajoutez sous mountPath : subPath: ${key}`,
    ],
    en: [
      `"${target}" is the name of a file, and a ${holder.kind} is mounted as a folder: without subPath, a folder "${name}" comes there.`,
      `The pod does not start ("not a directory: Are you trying to mount a directory onto a file"), or the program reads a folder instead of the file.`,
      `Add below mountPath: subPath: ${key}`,
    ],
  };
}

function holderOf(cluster: Cluster, volume: JsonObject): { kind: 'ConfigMap' | 'Secret'; keys: string[] } | undefined {
  const kind = 'configMap' in volume ? 'ConfigMap' : 'secret' in volume ? 'Secret' : undefined;
  if (!kind) return undefined;
  const source = kind === 'ConfigMap' ? objectAt(volume, 'configMap') : objectAt(volume, 'secret');
  const items = objectsAt(source, 'items').flatMap((item) => textAt(item, 'path') ?? []);
  const held = findResource(cluster, kind, textAt(source, kind === 'ConfigMap' ? 'name' : 'secretName') ?? '');
  return items.length > 0 ? { kind, keys: items } : held ? { kind, keys: Object.keys(dataOf(held)) } : undefined;
}

/** A volume over the folder of the program, or over the pages that the image brought. */
function hiddenProgram(
  model: Model,
  instance: Instance,
  cluster: Cluster,
  volume: JsonObject,
  target: string,
  mount: JsonObject,
): Remark | undefined {
  const { image } = instance;
  const isEmpty = 'emptyDir' in volume || 'persistentVolumeClaim' in volume;
  const keys = isEmpty ? [] : holderOf(cluster, volume)?.keys;
  if (!image || !keys) return undefined;
  const place = placeOf(mount, 'mountPath');
  const isUnder = (file: string) => file === target || file.startsWith(`${target === '/' ? '' : target}/`);
  if (/(^|\/)(nginx|httpd|caddy)/.test(image.base) && frontOf(model, image)) {
    const copy = image.copies.find((each) => isUnder(each.destination.replace(/(.)\/$/, '$1')));
    if (!copy || keys.includes('index.html') || copy.destination.startsWith('/etc/')) return undefined;
    return hiddenRemark(place, target, isEmpty, keys, {
      fr: 'La page répond « 403 Forbidden » : les fichiers construits ne sont plus là.',
      en: 'The page answers "403 Forbidden": the built files are no longer there.',
    });
  }
  const [run] = instance.start.runs;
  if (!run || instance.start.runs.length > 1 || !instance.start.isKnown) return undefined;
  // The model sees nothing below a mount: the image alone tells what was there.
  const places = new Map<string, string>();
  const find = (file: string): Found => {
    const found = findInImage(model.project, image, file);
    if (found.source !== undefined) places.set(found.source, file);
    return found;
  };
  const [entry] = entryFiles(run.program, run.args, run.cwd, { ...instance, around: { ...instance.around, find } });
  const below = places.get(entry ?? '');
  if (below === undefined || !isUnder(below) || keys.includes(path.posix.basename(below))) return undefined;
  return hiddenRemark(place, target, isEmpty, keys, {
    fr: `Le conteneur s’arrête : il ne trouve plus son programme (${below}).`,
    en: `The container stops: it no longer finds its program (${below}).`,
  });
}

function hiddenRemark(
  place: Place,
  target: string,
  isEmpty: boolean,
  keys: string[],
  consequence: { fr: string; en: string },
): Remark {
  const [key = 'fichier'] = keys;
  return {
    severity: 'error',
    place,
    about: `mount ${place.file}:${place.line}`,
    fr: [
      `Le volume monté sur ${target} cache ce que l’image y avait mis.`,
      consequence.fr,
      isEmpty
        ? `Montez-le sur un dossier à lui, par exemple mountPath: ${target === '/' ? '' : target}/data`
        : `Montez le seul fichier : mountPath: ${target}/${key} et subPath: ${key}`,
    ],
    en: [
      `The volume mounted on ${target} hides what the image had put there.`,
      consequence.en,
      isEmpty
        ? `Mount it on a folder of its own, for instance mountPath: ${target === '/' ? '' : target}/data`
        : `Mount the file alone: mountPath: ${target}/${key} and subPath: ${key}`,
    ],
  };
}
