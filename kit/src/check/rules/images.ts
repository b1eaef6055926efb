import path from 'node:path';
import { instancesOf, isCustom } from '../chains.ts';
import type { Remark, Rule } from '../findings.ts';
import { COURSE_IMAGES, sameRepository, type Model } from '../model.ts';
import type { Service, Stack } from '../read/compose.ts';
import { imageOf, readImage, type Build } from '../read/image.ts';
import { OFFICIAL, parseImage, type ImageName } from '../read/images.ts';
import { ingressPaths, isFilledInLater, type Cluster, type Container, type Workload } from '../read/kubernetes.ts';
import { objectAt, objectsAt, placeOf, textAt, type Place } from '../read/yaml.ts';
import { nearest } from '../words.ts';
import { isLayer } from './compose.ts';
import { isSubstituted, loadsImages } from '../read/scripts.ts';
import { amount, isReplaced } from './manifests.ts';

/** Whether the manifests are for a cluster on the developer's own machine. */
function isForLocalCluster(model: Model, cluster: Cluster): boolean {
  const known = local.get(cluster);
  if (known !== undefined) return known;
  const answer = looksLocal(model, cluster);
  local.set(cluster, answer);
  return answer;
}

const local = new WeakMap<Cluster, boolean>();

function looksLocal(model: Model, cluster: Cluster): boolean {
  if (/(^|[-_/])(minikube|kind|k3d|k3s|microk8s|local|dev)([-_/]|$)/.test(cluster.id)) return true;
  if (ingressPaths(cluster).some((entry) => /\.sspcloud\.fr$/.test(entry.host ?? ''))) return false;
  return model.project.files.some(
    ({ path: file }) =>
      /(\.md|\.sh|\.mk|\.ya?ml|\.ps1|\.bat)$|makefile$|skaffold|Tiltfile$/i.test(file) &&
      /\bminikube\b|\bkind (load|create)|\bk3d\b|docker[- ]desktop|microk8s|\borbstack\b|rancher desktop|\bskaffold\b|\btilt\b/i.test(
        model.project.read(file) ?? '',
      ),
  );
}

export const imagePull: Rule = {
  id: 'image-pull',
  title: {
    fr: 'Le cluster ne va jamais chercher l’image, ou jamais la nouvelle',
    en: 'The cluster never fetches the image, or never the new one',
  },
  why: {
    fr: 'imagePullPolicy dit quand le nœud va chercher l’image : Always à chaque démarrage, IfNotPresent s’il n’en a pas déjà une de ce nom, Never jamais. Sans la ligne : Always pour :latest, IfNotPresent sinon.',
    en: 'imagePullPolicy tells when the node fetches the image: Always at each start, IfNotPresent if it has none of that name yet, Never never. Without the line: Always for :latest, IfNotPresent otherwise.',
  },
  *check(model) {
    for (const cluster of model.clusters) {
      for (const workload of cluster.workloads) {
        for (const container of workload.containers) {
          const policy = textAt(container.object, 'imagePullPolicy');
          const image = parseImage(container.image);
          const place = placeOf(container.object, 'imagePullPolicy');
          if (policy === 'Never') {
            const isMine = isOwn(model, workload, container);
            const isLocal = isMine && isForLocalCluster(model, cluster);
            if (isLocal && loadsImages(model.project)) continue;
            yield {
              severity: isLocal ? 'advice' : 'error',
              place,
              about: `pull ${place.file}:${place.line}`,
              fr: [
                `« imagePullPolicy: Never » interdit au cluster d’aller chercher « ${container.image} ».`,
                `Le pod reste en « ErrImageNeverPull » : ${isMine ? 'l’image est sur votre ordinateur, pas sur les nœuds du cluster' : 'un nœud neuf n’a pas cette image'}.`,
                isMine ? 'Poussez l’image sur Docker Hub et écrivez : imagePullPolicy: Always' : 'Enlevez cette ligne.',
              ],
              en: [
                `"imagePullPolicy: Never" forbids the cluster to fetch "${container.image}".`,
                `The pod stays in "ErrImageNeverPull": ${isMine ? 'the image is on your computer, not on the nodes of the cluster' : 'a new node does not have this image'}.`,
                isMine ? 'Push the image to Docker Hub and write: imagePullPolicy: Always' : 'Remove this line.',
              ],
            };
          } else if (
            policy === 'IfNotPresent' &&
            (image.tag === undefined ||
              /^(latest|main|master|dev|develop|prod|production|staging|edge|nightly)$/.test(image.tag)) &&
            image.digest === undefined &&
            image.account !== undefined &&
            isOwn(model, workload, container) &&
            !isForLocalCluster(model, cluster)
          ) {
            yield {
              severity: 'warning',
              place,
              about: `pull ${place.file}:${place.line}`,
              fr: [
                `« ${container.image} » garde le même nom à chaque construction, et IfNotPresent dit de ne pas retourner la chercher.`,
                'Après un nouveau push, les pods relancés montrent toujours l’ancienne version.',
                'Écrivez : imagePullPolicy: Always (ou donnez à chaque version son étiquette, par exemple :1.2.0).',
              ],
              en: [
                `"${container.image}" keeps the same name at each build, and IfNotPresent says not to fetch it again.`,
                'After a new push, restarted pods still show the old version.',
                'Write: imagePullPolicy: Always (or give each version its own tag, for instance :1.2.0).',
              ],
            };
          } else if (
            policy !== 'Always' &&
            image.tag !== undefined &&
            image.tag !== 'latest' &&
            image.digest === undefined &&
            !isForLocalCluster(model, cluster)
          ) {
            const build = model.builds.find(
              (each) =>
                each.by === 'workflow' &&
                each.isPushed &&
                each.images.some((name) => !name.includes('$') && name === container.image),
            );
            if (!build || isReleaseOnly(model, build)) continue;
            yield {
              severity: 'warning',
              place: placeOf(container.object, 'image'),
              about: `pull ${place.file}:${place.line}`,
              fr: [
                `Le workflow (${build.place.file}) pousse toujours la même étiquette « ${image.tag} », et le nœud qui l’a déjà ne la redemande pas.`,
                'Après un nouveau push, les pods relancés montrent toujours l’ancienne version.',
                'Ajoutez sous image : imagePullPolicy: Always (ou une étiquette par version).',
              ],
              en: [
                `The workflow (${build.place.file}) always pushes the same tag "${image.tag}", and a node that has it does not ask again.`,
                'After a new push, restarted pods still show the old version.',
                'Add below image: imagePullPolicy: Always (or one tag a version).',
              ],
            };
          }
        }
      }
    }
  },
};

function isOwn(model: Model, workload: Workload, container: Container): boolean {
  const instance = instancesOf(model, workload).find((each) => each.container === container);
  return instance !== undefined && isCustom(instance);
}

/** A workflow that runs on tags pushes a version once. */
function isReleaseOnly(model: Model, build: Build): boolean {
  const workflow = model.workflows.find((each) => each.path === build.place.file);
  const on = objectAt(workflow?.object, 'on');
  const push = objectAt(on, 'push');
  return (
    'release' in on ||
    ('tags' in push && !('branches' in push)) ||
    !('push' in on || typeof workflow?.object?.on === 'string' || Array.isArray(workflow?.object?.on))
  );
}

export const imageUnknown: Rule = {
  id: 'image-unknown',
  title: {
    fr: 'Le manifeste ou compose demande une image que personne ne pousse',
    en: 'The manifest or compose asks for an image that nobody pushes',
  },
  why: {
    fr: 'Le nom complet de l’image (compte, nom, étiquette) doit être le même là où on la pousse et là où on la demande. Sans compte, Docker Hub cherche parmi ses images officielles.',
    en: 'The full name of the image (account, name, tag) must be the same where it is pushed and where it is asked for. Without an account, Docker Hub looks among its official images.',
  },
  *check(model) {
    const pushed = model.builds.filter((build) => build.by === 'workflow' && build.isPushed);
    for (const build of model.builds) {
      const capital = build.images.find((name) => /[A-Z]/.test(parseImage(withoutExpressions(name, '')).repository));
      if (capital !== undefined && (build.by === 'workflow' || build.by === 'compose'))
        yield capitalRemark(build, capital);
    }
    yield* builtOnly(model);
    for (const cluster of model.clusters) {
      for (const workload of cluster.workloads) {
        for (const container of workload.containers) {
          if (container.image === '') continue;
          const blank = blankImage(model, container);
          if (blank) yield blank;
          if (isFilledInLater(container.image)) continue;
          // `sed s/IMAGE_NAME/…/` in a workflow.
          const words = container.image.match(/[A-Z][A-Z_]{2,}/g) ?? [];
          if (words.some((word) => isSubstituted(model.project, word))) continue;
          if (isForLocalCluster(model, cluster)) {
            const unloaded = alwaysPulled(model, container);
            if (unloaded) yield unloaded;
            continue;
          }
          const remark =
            placeholderImage(container) ??
            localName(model, container) ??
            notPushed(model, cluster, workload, container, pushed);
          if (remark) yield remark;
        }
      }
    }
    for (const stack of model.stacks) {
      for (const service of stack.services) {
        const remark = service.image === undefined ? undefined : unbuiltImage(model, stack, service);
        if (remark) yield remark;
      }
    }
  },
};

/** A local name that the node of a local cluster fetches all the same: `latest` means Always. */
function alwaysPulled(model: Model, container: Container): Remark | undefined {
  const image = parseImage(container.image);
  const policy = textAt(container.object, 'imagePullPolicy');
  const isLatest = image.tag === undefined || image.tag === 'latest';
  if (image.account !== undefined || OFFICIAL.has(image.tail) || image.digest !== undefined) return undefined;
  if (!(policy === 'Always' || (policy === undefined && isLatest)) || isRewritten(model, container)) return undefined;
  const place = placeOf(container.object, policy === undefined ? 'image' : 'imagePullPolicy');
  const pushedAs = pushedName(model, image);
  const [fr, en] = pullWords(`docker.io/library/${image.repository}:${image.tag ?? 'latest'}`);
  return {
    severity: 'error',
    place,
    about: `image ${place.file}:${place.line}`,
    fr: [
      policy === undefined
        ? `« ${container.image} » n’a pas de compte, et l’étiquette latest veut dire imagePullPolicy: Always : même un cluster local va la chercher sur Docker Hub, où elle n’est pas.`
        : `« imagePullPolicy: Always » fait chercher « ${container.image} » sur Docker Hub, où elle n’est pas.`,
      fr,
      pushedAs === undefined
        ? 'Écrivez : imagePullPolicy: IfNotPresent (et chargez l’image dans le cluster).'
        : `Écrivez : image: ${legible(pushedAs)}`,
    ],
    en: [
      policy === undefined
        ? `"${container.image}" has no account, and the tag latest means imagePullPolicy: Always: even a local cluster fetches it from Docker Hub, where it is not.`
        : `"imagePullPolicy: Always" makes the node fetch "${container.image}" from Docker Hub, where it is not.`,
      en,
      pushedAs === undefined
        ? 'Write: imagePullPolicy: IfNotPresent (and load the image into the cluster).'
        : `Write: image: ${legible(pushedAs).replace('votre-compte', 'your-account')}`,
    ],
  };
}

/** Whether a tool or a command of the project gives the container another image when it is deployed. */
function isRewritten(model: Model, container: Container): boolean {
  const { repository } = parseImage(container.image);
  return (
    model.kustomizations.some((built) => objectsAt(built.object, 'images').some((each) => each.name === repository)) ||
    model.project.files.some(
      ({ path: file }) =>
        /skaffold\.ya?ml$|Tiltfile$|werf|garden/.test(file) ||
        (/\.(sh|bash|ya?ml|mk|ps1)$|makefile$/i.test(file) &&
          /kubectl set image|kustomize edit set image|\bsed -i|\byq /.test(model.project.read(file) ?? '')),
    )
  );
}

/** A service of compose that runs an image nobody builds, under a name that no registry has. */
function unbuiltImage(model: Model, stack: Stack, service: Service): Remark | undefined {
  const written = service.image ?? '';
  const image = parseImage(written);
  if (
    'build' in service.object ||
    image.account !== undefined ||
    OFFICIAL.has(image.tail) ||
    image.digest !== undefined ||
    /[$<{]/.test(written) ||
    stack.isOpen ||
    isLayer(model, stack) ||
    textAt(service.object, 'pull_policy') !== undefined ||
    model.builds.some((build) => build.images.some((name) => sameRepository(name, image.repository)))
  )
    return undefined;
  const dockerfiles = model.dockerfiles.filter((file) => path.posix.basename(file) === 'Dockerfile');
  const folder = dockerfiles.length === 1 ? path.posix.dirname(dockerfiles[0] ?? '') : undefined;
  const build =
    folder === undefined ? 'build: ./…' : `build: ./${path.posix.relative(stack.folder, folder)}`.replace(/\/$/, '');
  const place = placeOf(service.object, 'image');
  return {
    severity: 'warning',
    place,
    about: `image ${place.file}:${place.line}`,
    fr: [
      `« ${service.name} » lance « ${written} », une image que rien ne construit ici et que Docker Hub n’a pas.`,
      `« docker compose up » s’arrête : « pull access denied for ${image.repository}, repository does not exist or may require 'docker login' ».`,
      `Faites-la construire par compose, à côté de image: : ${build}`,
    ],
    en: [
      `"${service.name}" runs "${written}", an image that nothing builds here and that Docker Hub does not have.`,
      `"docker compose up" stops: "pull access denied for ${image.repository}, repository does not exist or may require 'docker login'".`,
      `Let compose build it, beside image:: ${build}`,
    ],
  };
}

/** What a workflow or compose fills in later, replaced. */
function withoutExpressions(name: string, by: string): string {
  return name.replace(/\$\{\{[^}]*\}\}|\$\{?\w+\}?/g, by);
}

/** The name of an image for a sentence: the account and the tag that a workflow fills in are named, not shown. */
function legible(name: string): string {
  const { repository, tag } = parseImage(withoutExpressions(name, '§'));
  const shown = repository.replace(/§(?=\/)/g, 'votre-compte').replace(/§/g, '…');
  return tag === undefined ? shown : `${shown}:${tag.replace(/§/g, '…')}`;
}

function capitalRemark(build: Build, name: string): Remark {
  const right = legible(name).replace(/^[^:]*/, (repository) => repository.toLowerCase());
  return {
    severity: 'error',
    place: build.place,
    about: `capital ${build.place.file} ${name}`,
    fr: [
      `« ${legible(name)} » a une majuscule : un nom d’image n’a que des minuscules.`,
      `La construction s’arrête : « invalid reference format: repository name (…) must be lowercase ».`,
      `Écrivez : ${right}`,
    ],
    en: [
      `"${legible(name)}" has a capital: the name of an image is in lower case.`,
      'The build stops: "invalid reference format: repository name (…) must be lowercase".',
      `Write: ${right}`,
    ],
  };
}

function pullWords(image: string): [string, string] {
  return [
    `Le pod reste en « ErrImagePull » puis « ImagePullBackOff » : « failed to pull image "${image}": … pull access denied, repository does not exist ».`,
    `The pod stays in "ErrImagePull", then "ImagePullBackOff": "failed to pull image "${image}": … pull access denied, repository does not exist".`,
  ];
}

/** A name with words in angle brackets, or variables that kubectl does not replace, and that nothing else replaces either. */
function blankImage(model: Model, container: Container): Remark | undefined {
  const { image } = container;
  const place = placeOf(container.object, 'image');
  const blank = /<[^<>\s]+>/.exec(image)?.[0];
  const variable = /\$\{\w+\}|\$[A-Z_]{2,}/.exec(image)?.[0];
  if (blank !== undefined ? isReplaced(model, image, place.file) : variable === undefined || hasSubstitution(model))
    return undefined;
  const whole =
    blank !== undefined && !/<[^<>]*$|^<[^<>]*>(:|$)|\/<[^/]*$/.test(image)
      ? image.replace(/<[^<>\s]+>/g, 'votre-compte')
      : 'votre-compte/votre-image:1.0';
  return {
    severity: blank === undefined ? 'warning' : 'error',
    place,
    about: `image ${place.file}:${place.line}`,
    fr: [
      blank === undefined
        ? `kubectl ne remplace pas ${variable ?? ''} : c’est compose qui le fait, dans ses propres fichiers.`
        : `« ${image} » est resté à remplir.`,
      "Le pod reste en « InvalidImageName » : « couldn't parse image name … invalid reference format ».",
      `Écrivez le nom entier, par exemple : image: ${whole}`,
    ],
    en: [
      blank === undefined
        ? `kubectl does not replace ${variable ?? ''}: compose does, in its own files.`
        : `"${image}" is still to be filled in.`,
      'The pod stays in "InvalidImageName": "couldn\'t parse image name … invalid reference format".',
      `Write the whole name, for instance: image: ${whole.replace(/votre-compte/g, 'your-account').replace('votre-image', 'your-image')}`,
    ],
  };
}

/** Whether something in the project replaces variables in manifests before they are applied. */
function hasSubstitution(model: Model): boolean {
  return model.project.files.some(
    ({ path: file }) =>
      /skaffold\.ya?ml$|Tiltfile$|(^|\/)(\.gitlab-ci|cloudbuild|azure-pipelines|werf|helmfile)\.ya?ml$|jenkinsfile$/i.test(
        file,
      ) ||
      (/\.(md|sh|bash|ya?ml|mk|ps1|bat|py|[cm]?[jt]s)$|(^|\/)(makefile|justfile)$/i.test(file) &&
        /envsubst|\bsed\b|\byq\b|kustomize|\bhelm\b|gomplate|\bperl\b|set image|replace-tokens|postBuild|werf/.test(
          model.project.read(file) ?? '',
        )),
  );
}

function placeholderImage(container: Container): Remark | undefined {
  const { image } = container;
  const place = placeOf(container.object, 'image');
  const example = exampleName(image, place);
  if (example) return example;
  if (
    /[A-Z]/.test(parseImage(image).repository.replace(/^[^/]*[.:][^/]*\//, '')) ||
    /\s/.test(image) ||
    /^https?:\/\//.test(image) ||
    /:$/.test(image)
  ) {
    const clean = image
      .replace(/^https?:\/\/(hub\.docker\.com\/r\/)?/, '')
      .replace(/\s+/g, '')
      .replace(/:$/, '');
    const { repository, tag } = parseImage(clean);
    const name = repository.toLowerCase();
    return {
      severity: 'error',
      place,
      about: `image ${place.file}:${place.line}`,
      fr: [
        `« ${image} » n’est pas un nom d’image : minuscules seulement, sans https:// ni espace.`,
        "Le pod reste en « InvalidImageName » : « couldn't parse image name … invalid reference format ».",
        `Écrivez : image: ${name}${tag === undefined ? '' : `:${tag}`}`,
      ],
      en: [
        `"${image}" is no image name: lower case only, without https:// or spaces.`,
        'The pod stays in "InvalidImageName": "couldn\'t parse image name … invalid reference format".',
        `Write: image: ${name}${tag === undefined ? '' : `:${tag}`}`,
      ],
    };
  }
  return undefined;
}

/** The name of an example, with somebody's account to be put into it. */
function exampleName(image: string, place: Place): Remark | undefined {
  if (/(^|\/)(your|votre|my|mon)[-_]?proje(c?)t([-_]?(id|name))?\//i.test(image)) {
    const [fr, en] = pullWords(image);
    return {
      severity: 'warning',
      place,
      about: `image ${place.file}:${place.line}`,
      fr: [
        `« ${image} » semble être un nom d’exemple, à remplacer par le vôtre.`,
        fr,
        'Mettez l’identifiant de votre projet.',
      ],
      en: [
        `"${image}" looks like an example’s name, to be replaced by your own.`,
        en,
        'Put the identifier of your project.',
      ],
    };
  }
  if (
    /^(votre|your|mon|my)[-_]?(compte|account|user(name)?|dockerhub|pseudo|login|registry)|^(compte|username|user|docker(hub)?[-_]?user(name)?|pseudo|identifiant)\/|^(image|mon-image|your-image|votre-image|mon_image)(:|$)|change[-_]?me|(^|[/:_-])xxx+([/:_-]|$)/i.test(
      image,
    )
  ) {
    const [fr, en] = pullWords(image);
    return {
      severity: 'error',
      place,
      about: `image ${place.file}:${place.line}`,
      fr: [
        `« ${image} » est un nom d’exemple, à remplacer par le vôtre.`,
        fr,
        'Écrivez : image: votre-compte-dockerhub/votre-image:latest',
      ],
      en: [
        `"${image}" is an example’s name, to be replaced by your own.`,
        en,
        'Write: image: your-dockerhub-account/your-image:latest',
      ],
    };
  }
  return undefined;
}

/** A name without account that is not among Docker's own images. */
function localName(model: Model, container: Container): Remark | undefined {
  const image = parseImage(container.image);
  if (image.account !== undefined || OFFICIAL.has(image.tail) || image.digest !== undefined) return undefined;
  if (
    model.project.files.some(({ path: file }) =>
      /skaffold\.ya?ml$|Tiltfile$|(^|\/)\.gitlab-ci\.ya?ml$|werf|garden/.test(file),
    )
  )
    return undefined;
  const policy = textAt(container.object, 'imagePullPolicy');
  // Never is told by a rule of its own; a kustomization may give the name its account.
  if (
    policy === 'Never' ||
    model.kustomizations.some((built) =>
      objectsAt(built.object, 'images').some((each) => each.name === image.repository),
    )
  )
    return undefined;
  const place = placeOf(container.object, 'image');
  const pushedAs = pushedName(model, image);
  const [fr, en] = pullWords(`docker.io/library/${image.repository}:${image.tag ?? 'latest'}`);
  return {
    severity: policy === 'IfNotPresent' && !model.builds.some((each) => each.isPushed) ? 'warning' : 'error',
    place,
    about: `image ${place.file}:${place.line}`,
    fr: [
      `« ${container.image} » n’a pas de compte devant : le cluster la cherche parmi les images officielles de Docker Hub, où elle n’est pas.`,
      fr,
      pushedAs === undefined
        ? `Poussez-la sous votre compte et écrivez : image: votre-compte/${image.tail}:${image.tag ?? 'latest'}`
        : `Écrivez : image: ${legible(pushedAs)}`,
    ],
    en: [
      `"${container.image}" has no account before it: the cluster looks for it among Docker Hub’s official images, where it is not.`,
      en,
      pushedAs === undefined
        ? `Push it under your account and write: image: your-account/${image.tail}:${image.tag ?? 'latest'}`
        : `Write: image: ${legible(pushedAs).replace('votre-compte', 'your-account')}`,
    ],
  };
}

/** The name under which the project pushes an image that is asked for without account. */
function pushedName(model: Model, image: ImageName): string | undefined {
  const build = model.builds.find((each) =>
    each.images.some(
      (name) =>
        sameRepository(name, image.repository) || parseImage(name.replace(/\$\{\{[^}]*\}\}/g, '')).tail === image.tail,
    ),
  );
  return build?.images.find((name) => parseImage(name).account !== undefined);
}

/** The project pushes an image of the same name under another account or tag, and the manifest asks for one that is not pushed. */
/** A workflow makes the image that the manifests ask for, and nothing of the project ever pushes it. */
function* builtOnly(model: Model): Generator<Remark> {
  const asked = model.clusters.flatMap((cluster) =>
    cluster.workloads.flatMap((workload) =>
      workload.containers.map((container) => parseImage(container.image).repository),
    ),
  );
  const pushes =
    /\b(docker|podman|compose|buildx|nerdctl|image)\b[^\n]*\bpush\b|--push\b|push: *['"]?(true|\$)|type=registry|bake-action|kaniko|skaffold|kind load|minikube image|k3d image|docker save/;
  const isPushed = model.project.files.some(
    ({ path: file }) =>
      /\.(md|sh|bash|ya?ml|mk|ps1|bat|json|toml)$|(^|\/)(makefile|justfile|jenkinsfile)$/i.test(file) &&
      pushes.test((model.project.read(file) ?? '').replaceAll('build-push-action', '')),
  );
  if (isPushed) return;
  for (const build of model.builds) {
    const name = build.images.find((each) =>
      asked.some((repository) => repository.includes('/') && sameRepository(each, repository)),
    );
    if (build.by !== 'workflow' || build.isPushed || name === undefined) continue;
    const shown = legible(name);
    yield {
      severity: 'error',
      place: build.place,
      about: `image ${build.place.file}:${build.place.line}`,
      fr: [
        `Le workflow construit « ${shown} », que les manifestes demandent, et ne la pousse pas.`,
        `L’image disparaît avec la machine de GitHub ; le pod reste en « ImagePullBackOff », ou garde l’ancienne image.`,
        `Ajoutez push: true à docker/build-push-action (ou une étape : docker push ${shown}).`,
      ],
      en: [
        `The workflow builds "${shown}", which the manifests ask for, and does not push it.`,
        'The image vanishes with GitHub’s machine; the pod stays in "ImagePullBackOff", or keeps the old image.',
        `Add push: true to docker/build-push-action (or a step: docker push ${shown}).`,
      ],
    };
  }
}

function notPushed(
  model: Model,
  cluster: Cluster,
  workload: Workload,
  container: Container,
  pushed: Build[],
): Remark | undefined {
  const image = parseImage(container.image);
  const place = placeOf(container.object, 'image');
  if (pushed.length === 0 || OFFICIAL.has(image.repository) || image.digest !== undefined) return undefined;
  // A script, compose or a README makes it under this very name.
  if (
    model.builds.some(
      (build) => !pushed.includes(build) && build.images.some((name) => sameRepository(name, image.repository)),
    ) &&
    !pushed.some((build) => build.images.some((name) => sameRepository(name, image.repository)))
  )
    return undefined;
  const same = pushed.filter((build) => build.images.some((name) => sameRepository(name, image.repository)));
  if (same.length > 0) {
    const tags = same.flatMap((build) =>
      build.images
        .filter((name) => sameRepository(name, image.repository))
        .map((name) => parseImage(withoutExpressions(name, '§')).tag ?? 'latest'),
    );
    const wanted = image.tag ?? 'latest';
    if (tags.some((tag) => tag === wanted || tag.includes('§') || tag === '') || tags.length === 0) return undefined;
    const isSed = model.project.files.some(
      ({ path: file }) =>
        /\.(ya?ml|sh)$|makefile$/i.test(file) &&
        /kubectl set image|kustomize edit set image|envsubst|sed -i|yq |newTag/.test(model.project.read(file) ?? ''),
    );
    // A version is often pushed by hand, or by another run of the same workflow; not when the workflow names one itself.
    const isVersion = /^v?\d+\.\d+/.test(wanted);
    if (isSed || (isVersion && !tags.every((tag) => /^v?\d+\.\d+/.test(tag)))) return undefined;
    return {
      severity: isVersion ? 'warning' : 'error',
      place,
      about: `image ${place.file}:${place.line}`,
      fr: [
        `Le manifeste demande l’étiquette « ${wanted} », mais le workflow (${same[0]?.place.file ?? ''}) ne pousse que « ${[...new Set(tags)].join(', ')} ».`,
        `Le pod reste en « ImagePullBackOff » : « ${container.image}: not found ».`,
        `Écrivez : image: ${image.repository}:${tags[0] ?? 'latest'}`,
      ],
      en: [
        `The manifest asks for the tag "${wanted}", but the workflow (${same[0]?.place.file ?? ''}) pushes only "${[...new Set(tags)].join(', ')}".`,
        `The pod stays in "ImagePullBackOff": "${container.image}: not found".`,
        `Write: image: ${image.repository}:${tags[0] ?? 'latest'}`,
      ],
    };
  }
  const mine = pushed
    .flatMap((build) =>
      build.images.map((written) => ({ build, written, name: parseImage(withoutExpressions(written, '§')) })),
    )
    .filter(({ name }) => !name.tail.includes('§'));
  const asked = cluster.workloads.flatMap((each) => each.containers.map((other) => other.image));
  const isAsked = (written: string) => asked.some((other) => sameRepository(written, parseImage(other).repository));
  // The account pushes an image that nothing asks for, and this one, of nearly the same name, is not pushed.
  const neighbour = mine.find(
    ({ name, written }) =>
      name.account === image.account &&
      image.account !== undefined &&
      !isAsked(written) &&
      (name.tail.startsWith(image.tail) ||
        image.tail.startsWith(name.tail) ||
        nearest(image.tail, [name.tail], 3) !== undefined),
  );
  const twin =
    neighbour ??
    mine.find(
      ({ name }) => name.tail === image.tail && name.account !== image.account && !name.repository.includes('§'),
    ) ??
    // The same words, written otherwise, and nothing else asks for what is pushed.
    mine.find(
      ({ name, written }) =>
        name.tail.replace(/[-_.]/g, '') === image.tail.replace(/[-_.]/g, '') &&
        name.tail !== image.tail &&
        !isAsked(written),
    );
  const isCourse = COURSE_IMAGES.test(image.repository);
  const courseTwin = isCourse ? pushedForRole(pushed, image.tail) : undefined;
  const found = twin?.build ?? courseTwin;
  // Every Dockerfile of the project is pushed, by this very account, and none of them under that name.
  if (
    !found &&
    mine.some(({ name }) => name.account !== undefined && name.account === image.account) &&
    model.dockerfiles.every((file) => pushed.some((build) => build.dockerfile === file))
  )
    return {
      severity: 'warning',
      place,
      about: `image ${place.file}:${place.line}`,
      fr: [
        `Le manifeste demande « ${image.repository} », que le workflow ne pousse pas (il pousse : ${[...new Set(mine.map(({ name }) => name.repository))].join(', ')}), et qu’aucun Dockerfile du projet ne fait.`,
        `Si elle n’est pas poussée d’ailleurs : ${pullWords(container.image)[0]}`,
        'Corrigez le nom, ou ajoutez au workflow une étape qui construit et pousse cette image.',
      ],
      en: [
        `The manifest asks for "${image.repository}", which the workflow does not push (it pushes: ${[...new Set(mine.map(({ name }) => name.repository))].join(', ')}), and which no Dockerfile of the project makes.`,
        `If it is not pushed from elsewhere: ${pullWords(container.image)[1]}`,
        'Mend the name, or add to the workflow a step that builds and pushes that image.',
      ],
    };
  if (!found) return undefined;
  const right = legible(twin?.written ?? found.images[0] ?? '');
  const [here = '', there = ''] = [image.account, twin?.name.account];
  const isMirror = twin !== undefined && /\./.test(here) !== /\./.test(there);
  // The same account of another registry: the registry was left out, or is one too many.
  const isOtherRegistry = isMirror && here !== '' && (there.endsWith(`/${here}`) || here.endsWith(`/${there}`));
  if (isMirror && !isOtherRegistry) return undefined;
  const isMisspelt =
    twin?.name.account !== undefined &&
    image.account !== undefined &&
    twin.name.account !== image.account &&
    nearest(image.account, [twin.name.account], 2) !== undefined;
  return {
    severity: isCourse || twin === neighbour || isMisspelt || isOtherRegistry ? 'error' : 'warning',
    place,
    about: `image ${place.file}:${place.line}`,
    fr: [
      isCourse
        ? `Le manifeste lance encore l’image du cours (« ${container.image} »), alors que votre workflow pousse la vôtre (« ${right} »).`
        : `Le manifeste demande « ${container.image} », mais le workflow pousse « ${right} ».`,
      isCourse
        ? 'Le pod tourne, mais c’est l’application du cours : votre code n’y est pas.'
        : twin === neighbour
          ? pullWords(container.image)[0]
          : 'Le pod lance une autre image que la vôtre, ou reste en « ImagePullBackOff ».',
      `Écrivez : image: ${right}`,
    ],
    en: [
      isCourse
        ? `The manifest still runs the course’s image ("${container.image}"), while your workflow pushes your own ("${right}").`
        : `The manifest asks for "${container.image}", but the workflow pushes "${right}".`,
      isCourse
        ? 'The pod runs, but it is the course’s application: your code is not in it.'
        : twin === neighbour
          ? pullWords(container.image)[1]
          : 'The pod runs another image than yours, or stays in "ImagePullBackOff".',
      `Write: image: ${right.replace('votre-compte', 'your-account')}`,
    ],
  };
}

/** The build that makes one's own counterpart of a course image; none when the course's own name is pushed. */
function pushedForRole(pushed: Build[], tail: string): Build | undefined {
  if (
    pushed.some((build) =>
      build.images.some((name) => COURSE_IMAGES.test(parseImage(name).repository) || parseImage(name).tail === tail),
    )
  )
    return undefined;
  const role = tail.startsWith('front') ? /front/i : /back|api/i;
  return (
    pushed.find((build) => role.test(`${build.dockerfile} ${build.images.join(' ')}`) && build.images.length > 0) ??
    (pushed.length === 1 && pushed[0]?.images[0] !== undefined ? pushed[0] : undefined)
  );
}

export const imageArchitecture: Rule = {
  id: 'image-architecture',
  title: {
    fr: 'L’image est construite pour une autre sorte de processeur',
    en: 'The image is built for another kind of processor',
  },
  why: {
    fr: 'Un Mac récent a un processeur ARM, les nœuds du SSPCloud et de presque tous les clusters un amd64 (Intel, AMD). Un programme fait pour l’un ne tourne pas sur l’autre.',
    en: 'A recent Mac has an ARM processor; the nodes of the SSPCloud, and of nearly all clusters, have amd64 (Intel, AMD). A program made for one does not run on the other.',
  },
  *check(model) {
    if (wantsArm(model)) return;
    for (const build of model.builds) {
      if (build.platforms.length > 0 && build.platforms.every((platform) => /arm|aarch64/.test(platform))) {
        if (build.by === 'compose' && model.clusters.length === 0) continue;
        yield archRemark(
          build.place,
          build.platforms.join(', '),
          build.by === 'compose'
            ? 'platform: linux/amd64'
            : build.by === 'workflow'
              ? 'platforms: linux/amd64'
              : '--platform linux/amd64',
        );
        continue;
      }
      const job = model.workflows
        .find((workflow) => workflow.path === build.place.file)
        ?.jobs.filter((each) => each.place.line <= build.place.line)
        .at(-1);
      if (
        build.by === 'workflow' &&
        build.isPushed &&
        build.platforms.length === 0 &&
        /arm|macos/.test(job?.runsOn ?? '') &&
        job
      ) {
        yield archRemark(
          placeOf(job.object, 'runs-on'),
          job.runsOn,
          'runs-on: ubuntu-latest (ou, à l’étape de construction, platforms: linux/amd64)',
        );
      }
    }
    for (const workflow of model.workflows) {
      for (const holder of [
        workflow.object,
        ...workflow.jobs.flatMap((job) => [job.object, ...job.steps.map((step) => step.object)]),
      ]) {
        const platform = textAt(holder, 'env', 'DOCKER_DEFAULT_PLATFORM') ?? '';
        if (/arm/.test(platform))
          yield archRemark(
            placeOf(objectAt(holder, 'env'), 'DOCKER_DEFAULT_PLATFORM'),
            platform,
            'DOCKER_DEFAULT_PLATFORM: linux/amd64',
          );
      }
    }
    const seen = new Set<string>();
    for (const build of model.builds) {
      if (seen.has(build.dockerfile)) continue;
      seen.add(build.dockerfile);
      const image = readImage(model.project, build);
      if (
        !image ||
        (model.clusters.length === 0 &&
          !model.builds.some((each) => each.dockerfile === build.dockerfile && each.isPushed))
      )
        continue;
      const { stage } = image;
      const base = imageOf(image.dockerfile, stage, build, image.context).base;
      const root = image.dockerfile.stages.find((each) => each.from === base) ?? stage;
      const isArm =
        /arm64|aarch64|arm\/v/.test(root.platform ?? '') ||
        /^(arm64v8|arm32v7|aarch64)\//.test(base) ||
        /(^|-)(arm64|arm64v8|aarch64)($|-)/.test(parseImage(base).tag ?? '');
      if (isArm) {
        yield archRemark(
          { file: build.dockerfile, line: root.line },
          root.platform ?? base,
          `FROM ${base.replace(/^(arm64v8|arm32v7|aarch64)\//, '').replace(/-(arm64v8|arm64|aarch64)/, '')}`,
        );
      } else if (
        /\$\{?BUILDPLATFORM/.test(root.platform ?? '') &&
        build.platforms.length > 1 &&
        !/^scratch$/.test(base)
      ) {
        yield archRemark(
          { file: build.dockerfile, line: root.line },
          'la machine qui construit ($BUILDPLATFORM)',
          `FROM ${base} (sans --platform à la dernière étape)`,
        );
      }
      for (const run of image.runs) {
        const match = /GOARCH=arm64|\b(?:linux|manylinux\w*)[-_](arm64|aarch64)\b/.exec(run.instruction.raw);
        if (match && !/TARGETARCH|uname|dpkg --print/.test(run.instruction.raw) && build.platforms.length === 0) {
          yield archRemark(
            { file: build.dockerfile, line: run.instruction.line },
            match[0],
            match[0].replace(/arm64|aarch64/, match[0].includes('GOARCH') ? 'amd64' : 'x86_64'),
          );
        }
      }
    }
  },
};

/** Nodes chosen for their ARM processors are meant to have ARM images. */
function wantsArm(model: Model): boolean {
  return model.clusters.some((cluster) =>
    cluster.workloads.some((workload) => /kubernetes\.io\/arch":"arm64|"arm64"/.test(JSON.stringify(workload.pod))),
  );
}

function archRemark(place: Place, what: string, fix: string): Remark {
  return {
    severity: 'error',
    place,
    about: `arch ${place.file}:${place.line}`,
    fr: [
      `L’image est faite pour « ${what} », pas pour les processeurs amd64 du cluster.`,
      'Le pod redémarre sans cesse (CrashLoopBackOff) ; « kubectl logs » montre « exec format error », ou le tirage échoue : « no match for platform in manifest ».',
      `Écrivez : ${fix}`,
    ],
    en: [
      `The image is made for "${what.replace('la machine qui construit', 'the machine that builds')}", not for the amd64 processors of the cluster.`,
      'The pod restarts again and again (CrashLoopBackOff); "kubectl logs" shows "exec format error", or the pull fails: "no match for platform in manifest".',
      `Write: ${fix.replace('ou, à l’étape de construction,', 'or, in the build step,').replace('sans --platform à la dernière étape', 'without --platform in the last stage')}`,
    ],
  };
}

export const memoryLimit: Rule = {
  id: 'memory-limit',
  title: { fr: 'La limite de mémoire est au hasard', en: 'The memory limit is a guess' },
  why: {
    fr: 'Une limite se mesure (kubectl top pod), elle ne se devine pas : trop basse, le pod est tué (OOMKilled) ; trop haute, elle mange le quota de tous. La montrer sans cesse cache souvent un serveur de développement ou trop de processus.',
    en: 'A limit is measured (kubectl top pod), not guessed: too low, the pod is killed (OOMKilled); too high, it eats everybody’s quota. Raising it again and again often hides a development server or too many processes.',
  },
  *check(model) {
    for (const cluster of model.clusters) {
      for (const workload of cluster.workloads) {
        for (const instance of instancesOf(model, workload)) {
          const container = instance.container;
          if (!container) continue;
          const limits = objectAt(container.object, 'resources', 'limits');
          const text = textAt(limits, 'memory');
          const memory = amount(text);
          const cpu = amount(textAt(limits, 'cpu') ?? textAt(container.object, 'resources', 'requests', 'cpu'));
          if (text !== undefined && memory !== undefined && memory < 6 * 2 ** 20) {
            const number = /^([\d.]+)/.exec(text)?.[1] ?? '256';
            yield {
              severity: 'error',
              place: placeOf(limits, 'memory'),
              about: `memory ${container.place.file}:${container.place.line}`,
              fr: [
                `« memory: ${text} » veut dire ${memory < 1 ? 'moins d’un octet' : `${Math.round(memory)} octets`}${/^\d+$/.test(text) ? ' : il manque l’unité' : ''}.`,
                'Le pod reste en « CreateContainerError » : « container init was OOM-killed (memory limit too low?) ».',
                `Écrivez l’unité : memory: ${Number(number) >= 16 ? number : '256'}Mi`,
              ],
              en: [
                `"memory: ${text}" means ${memory < 1 ? 'less than a byte' : `${Math.round(memory)} bytes`}${/^\d+$/.test(text) ? ': the unit is missing' : ''}.`,
                'The pod stays in "CreateContainerError": "container init was OOM-killed (memory limit too low?)".',
                `Write the unit: memory: ${Number(number) >= 16 ? number : '256'}Mi`,
              ],
            };
          } else if (cpu !== undefined && cpu >= 50) {
            const holder =
              textAt(limits, 'cpu') === undefined ? objectAt(container.object, 'resources', 'requests') : limits;
            const shown = textAt(holder, 'cpu') ?? '';
            yield {
              severity: 'error',
              place: placeOf(holder, 'cpu'),
              about: `cpu ${container.place.file}:${container.place.line}`,
              fr: [
                `« cpu: ${shown} » demande ${Math.round(cpu)} processeurs entiers.`,
                'Le pod reste en « Pending » : « 0/… nodes are available: insufficient cpu » (ou le quota le refuse).',
                `Écrivez en millièmes : cpu: ${shown.replace(/\D.*$/, '')}m`,
              ],
              en: [
                `"cpu: ${shown}" asks for ${Math.round(cpu)} whole processors.`,
                'The pod stays in "Pending": "0/… nodes are available: insufficient cpu" (or the quota refuses it).',
                `Write in thousandths: cpu: ${shown.replace(/\D.*$/, '')}m`,
              ],
            };
          } else if (text !== undefined && memory !== undefined) {
            const remark = guessed(model, instance, text, memory, placeOf(limits, 'memory'));
            if (remark) yield remark;
          }
        }
      }
    }
  },
};

/** Libraries that do need gigabytes. */
const HEAVY =
  /torch|tensorflow|transformers|keras|spark|dask|spacy|sentence-transformers|llama|vllm|whisper|scikit-learn|xgboost|lightgbm|catboost|polars|duckdb|pandas|geopandas|prophet|numba|jax|onnx|faiss|chroma|langchain|opencv|rasterio|mlflow/i;

function guessed(
  model: Model,
  instance: ReturnType<typeof instancesOf>[number],
  text: string,
  memory: number,
  place: Place,
): Remark | undefined {
  const { image } = instance;
  const servers = instance.listens.map((listen) => listen.server);
  const isDevelopment = instance.listens.some(
    (listen) =>
      listen.development !== undefined && /vite|next dev|react-scripts|ng serve|nuxt/.test(listen.development),
  );
  const about = `memory ${place.file}:${place.line}`;
  if (memory >= 2 ** 31 && isCustom(instance)) {
    const folder = image?.context.folder ?? '.';
    const inside = folder === '.' ? '' : `${folder}/`;
    const needs = model.project.files.some(
      ({ path: file }) =>
        file.startsWith(inside) &&
        /(requirements[^/]*\.txt|pyproject\.toml|Pipfile|environment\.ya?ml|pom\.xml|build\.gradle(\.kts)?|\.ipynb)$/.test(
          file,
        ) &&
        (HEAVY.test(model.project.read(file) ?? '') || /\.(xml|gradle|kts)$/.test(file)),
    );
    if (!image && memory >= 3 * 2 ** 30) return guess(text, place, about, false);
    if (needs || !image || /java|jdk|jre|spark|cuda|pytorch|tensorflow|elasticsearch/.test(image.base))
      return undefined;
    return guess(text, place, about, isDevelopment);
  }
  const least = servers.some((server) => /^(vite|next dev|react-scripts|ng|nuxt)$/.test(server))
    ? 160
    : servers.some((server) => /^(streamlit|next)$/.test(server))
      ? 100
      : servers.some((server) => /^(uvicorn|fastapi|gunicorn|flask|django|node|fastify)$/.test(server))
        ? 40
        : /java|jdk|temurin/.test(image?.base ?? '')
          ? 128
          : 0;
  if (memory >= least * 2 ** 20 || least === 0) return undefined;
  return {
    severity: 'warning',
    place,
    about,
    fr: [
      `La limite de mémoire (${text}) est sous ce que ${servers[0] ?? 'ce serveur'} prend au repos (environ ${least}Mi).`,
      'Le pod redémarre sans cesse ; « kubectl describe pod » montre « Reason: OOMKilled, Exit Code: 137 ».',
      `Écrivez : memory: ${least * 2}Mi`,
    ],
    en: [
      `The memory limit (${text}) is below what ${servers[0] ?? 'this server'} takes at rest (about ${least}Mi).`,
      'The pod restarts again and again; "kubectl describe pod" shows "Reason: OOMKilled, Exit Code: 137".',
      `Write: memory: ${least * 2}Mi`,
    ],
  };
}

function guess(text: string, place: Place, about: string, isDevelopment: boolean): Remark {
  return {
    severity: isDevelopment ? 'warning' : 'advice',
    place,
    about,
    fr: [
      `La limite de mémoire est de ${text}, pour une application qui ne charge rien de lourd${isDevelopment ? ' mais qui lance un serveur de développement' : ''}.`,
      'Le quota est vite épuisé : « exceeded quota: … requested: limits.memory », et les pods suivants ne démarrent pas.',
      isDevelopment
        ? 'Servez les fichiers construits (npm run build, puis nginx) : 64Mi suffisent.'
        : 'Mesurez (kubectl top pod), puis mettez environ le double : 256Mi à 512Mi pour une API.',
    ],
    en: [
      `The memory limit is ${text}, for an application that loads nothing heavy${isDevelopment ? ' but runs a development server' : ''}.`,
      'The quota is soon used up: "exceeded quota: … requested: limits.memory", and further pods do not start.',
      isDevelopment
        ? 'Serve the built files (npm run build, then nginx): 64Mi will do.'
        : 'Measure (kubectl top pod), then set about twice that: 256Mi to 512Mi for an API.',
    ],
  };
}
