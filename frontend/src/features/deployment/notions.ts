/*
 * What one can try on a cluster while looking at the page. The page shows these as cards, and `scripts/guide-notions.ts`
 * writes them into the guide: this is their one source. The commands run as they stand, from the root of the repository,
 * in the order given, in a namespace where `kubectl apply -f k8s/` was done; each notion leaves the application working.
 */

type Text = Record<'fr' | 'en', string>;

export interface Notion {
  /** In the address of its picture, too. */
  id: string;
  title: Text;
  steps: { text: Text; commands: string[] }[];
  watch: Text;
  shows: Text;
  /** Whether the guide has a picture of the page in this moment: `docs/images/deploiement-<id>.png`. */
  hasPicture: boolean;
  /** Whether it needs the routes of `DEMO_FAULTS`. */
  isFault: boolean;
}

const api = `API=https://$(kubectl get ingress backend -o jsonpath='{.spec.rules[0].host}')`;
const status = 'kubectl rollout status deployment/backend --timeout=3m';
const image = 'ragatzino/backend-demo-conception-logicielle';

export const notions: Notion[] = [
  {
    id: 'configuration',
    title: { fr: 'Configuration lue au démarrage', en: 'Configuration read at start' },
    steps: [
      {
        text: {
          fr: 'Changez le titre dans la ConfigMap, et appliquez-la : rien ne bouge.',
          en: 'Change the title in the ConfigMap, and apply it: nothing moves.',
        },
        commands: [
          `sed -i 's/APP_TITLE: .*/APP_TITLE: "Mon API"/' k8s/backend-configmap.yaml`,
          'kubectl apply -f k8s/backend-configmap.yaml',
        ],
      },
      {
        text: { fr: 'Redémarrez l’API.', en: 'Restart the API.' },
        commands: ['kubectl rollout restart deployment/backend', status],
      },
    ],
    watch: {
      fr: 'Le titre de chaque pod et l’heure de son démarrage.',
      en: 'The title of each pod and when it started.',
    },
    shows: {
      fr: 'Un programme lit ses variables d’environnement une fois, quand il démarre. Une ConfigMap modifiée ne change donc rien aux pods qui tournent : seuls ceux qui démarrent ensuite la lisent.',
      en: 'A program reads its environment variables once, when it starts. So a changed ConfigMap changes nothing for the pods that run: only those that start afterwards read it.',
    },
    hasPicture: true,
    isFault: false,
  },
  {
    id: 'auto-reparation',
    title: { fr: 'Auto-réparation', en: 'Self-repair' },
    steps: [
      {
        text: { fr: 'Supprimez un pod de l’API, ici le plus récent.', en: 'Delete a pod of the API, here the newest.' },
        commands: [
          'kubectl delete "$(kubectl get pods -l app=backend --sort-by=.metadata.creationTimestamp -o name | tail -n 1)"',
          status,
          'kubectl get pods -l app=backend',
        ],
      },
    ],
    watch: {
      fr: 'Une couleur disparaît, une autre arrive. Le compteur des requêtes perdues reste à zéro.',
      en: 'One colour goes, another comes. The count of lost requests stays at zero.',
    },
    shows: {
      fr: 'Le Deployment décrit un état désiré : deux pods. Kubernetes compare sans cesse cet état à la réalité et recrée ce qui manque. L’autre pod a servi pendant ce temps, et celui qui part finit d’abord ce qu’il a commencé.',
      en: 'The Deployment describes a desired state: two pods. Kubernetes never stops comparing it with what is there, and makes again what is missing. Meanwhile the other pod has served, and the one that goes first finishes what it has begun.',
    },
    hasPicture: true,
    isFault: false,
  },
  {
    id: 'passage-a-l-echelle',
    title: { fr: 'Passage à l’échelle et répartition de charge', en: 'Scaling and load balancing' },
    steps: [
      {
        text: { fr: 'Demandez trois pods.', en: 'Ask for three pods.' },
        commands: ['kubectl scale deployment/backend --replicas=3', status],
      },
      {
        text: { fr: 'Puis revenez à deux.', en: 'Then go back to two.' },
        commands: ['kubectl scale deployment/backend --replicas=2', status],
      },
    ],
    watch: {
      fr: 'Trois couleurs se partagent les carrés, puis deux. La part de chaque pod.',
      en: 'Three colours share the squares, then two. The share of each pod.',
    },
    shows: {
      fr: 'L’adresse de l’API n’a pas changé : l’Ingress et le Service répartissent les requêtes entre les pods qui sont prêts. Passer à l’échelle, c’est changer un nombre.',
      en: 'The address of the API has not changed: the Ingress and the Service share the requests among the pods that are ready. To scale is to change a number.',
    },
    hasPicture: true,
    isFault: false,
  },
  {
    id: 'mise-a-jour',
    title: { fr: 'Mise à jour progressive, sans coupure', en: 'Rolling update, without interruption' },
    steps: [
      {
        text: { fr: 'Partez d’une première version.', en: 'Start from a first version.' },
        commands: [`kubectl set image deployment/backend backend=${image}:demo-v1`, status],
      },
      {
        text: { fr: 'Passez à la suivante.', en: 'Go to the next one.' },
        commands: [`kubectl set image deployment/backend backend=${image}:demo-v2`, status],
      },
      {
        text: {
          fr: 'Revenez à ce que disent vos fichiers.',
          en: 'Go back to what your files say.',
        },
        commands: ['kubectl apply -f k8s/backend-deployment.yaml', status],
      },
    ],
    watch: {
      fr: 'Deux versions côte à côte, chacune avec sa forme, et aucun carré rouge.',
      en: 'Two versions side by side, each with its form, and no red square.',
    },
    shows: {
      fr: 'Les pods sont remplacés un par un : un ancien ne part que lorsqu’un nouveau est prêt (maxUnavailable: 0 et la sonde readinessProbe). Pendant un moment, les deux versions répondent : elles doivent s’entendre, sur la base de données surtout.',
      en: 'Pods are replaced one by one: an old one goes only when a new one is ready (maxUnavailable: 0 and the readinessProbe). For a moment both versions answer: they have to get along, above all on the database.',
    },
    hasPicture: true,
    isFault: false,
  },
  {
    id: 'retour-arriere',
    title: { fr: 'Retour arrière', en: 'Rollback' },
    steps: [
      {
        text: { fr: 'Demandez une image qui n’existe pas.', en: 'Ask for an image that does not exist.' },
        commands: [
          `kubectl set image deployment/backend backend=${image}:n-existe-pas`,
          'kubectl rollout status deployment/backend --timeout=20s || true',
          'kubectl get pods -l app=backend',
        ],
      },
      {
        text: { fr: 'Revenez en arrière.', en: 'Go back.' },
        commands: ['kubectl rollout undo deployment/backend', status],
      },
    ],
    watch: {
      fr: 'Rien ne change : les mêmes pods, la même version, aucun carré rouge. Le pod en ErrImagePull ou ImagePullBackOff ne se voit que dans kubectl get pods.',
      en: 'Nothing changes: the same pods, the same version, no red square. The pod in ErrImagePull or ImagePullBackOff shows in kubectl get pods alone.',
    },
    shows: {
      fr: 'Une mise à jour qui échoue n’interrompt rien : les anciens pods servent tant que les nouveaux ne sont pas prêts. rollout undo remet la révision précédente ; si l’image fautive vient d’un fichier, corrigez-le aussi, ou le prochain kubectl apply la remettra.',
      en: 'An update that fails interrupts nothing: the old pods serve for as long as the new ones are not ready. rollout undo puts the previous revision back; if the faulty image comes from a file, correct that too, or the next kubectl apply puts it back.',
    },
    hasPicture: true,
    isFault: false,
  },
  {
    id: 'donnees',
    title: { fr: 'Processus sans état : où sont les données ?', en: 'Stateless processes: where are the data?' },
    steps: [
      {
        text: {
          fr: 'Donnez à chaque pod une base de données à lui, dans sa mémoire. Les pods d’avant finissent de servir pendant quelques secondes.',
          en: 'Give each pod a database of its own, in its memory. The pods of before go on serving for a few seconds.',
        },
        commands: ['kubectl set env deployment/backend SQLITE_PATH=/dev/shm/archi.db', status, 'sleep 10'],
      },
      {
        text: {
          fr: 'Ajoutez un utilisateur, et lisez la liste plusieurs fois.',
          en: 'Add a user, and read the list several times.',
        },
        commands: [
          api,
          `curl -fsS -X POST "$API/users/" -H 'Content-Type: application/json' -d '{"username": "chez-un-seul-pod"}'; echo`,
          'for i in $(seq 12); do curl -fsS "$API/users/?q=chez-un-seul-pod"; echo; done',
        ],
      },
      {
        text: {
          fr: 'Revenez au volume, que tous les pods partagent.',
          en: 'Go back to the volume, which all pods share.',
        },
        commands: ['kubectl set env deployment/backend SQLITE_PATH-', status],
      },
    ],
    watch: {
      fr: 'La base de données de chaque pod. L’utilisateur ajouté apparaît une fois sur deux, puis disparaît avec son pod.',
      en: 'The database of each pod. The user that was added shows every other time, then goes with its pod.',
    },
    shows: {
      fr: 'Un pod qu’on peut remplacer à tout moment ne doit rien garder : ses données vivent ailleurs, sur un volume ou, mieux, dans une base de données comme PostgreSQL, que des pods sur plusieurs nœuds peuvent partager.',
      en: 'A pod that can be replaced at any time must keep nothing: its data live elsewhere, on a volume or, better, in a database such as PostgreSQL, which pods on several nodes can share.',
    },
    hasPicture: true,
    isFault: false,
  },
  {
    id: 'pannes',
    title: { fr: 'Autoriser les pannes sur demande', en: 'Allow faults on demand' },
    steps: [
      {
        text: {
          fr: 'Par défaut, ces routes n’existent pas. Si l’API a une clé, ajoutez à chaque curl qui suit : -H "Authorization: Bearer $API_KEY".',
          en: 'By default these routes do not exist. If the API has a key, add to each curl below: -H "Authorization: Bearer $API_KEY".',
        },
        commands: ['kubectl set env deployment/backend DEMO_FAULTS=true', status],
      },
    ],
    watch: {
      fr: 'La page dit que les pannes sont permises.',
      en: 'The page says that faults are allowed.',
    },
    shows: {
      fr: 'Chaque panne touche le pod qui reçoit la requête, pas les autres : c’est l’Ingress qui choisit.',
      en: 'Each fault hits the pod that gets the request, not the others: the Ingress chooses.',
    },
    hasPicture: false,
    isFault: true,
  },
  {
    id: 'arret-brutal',
    title: { fr: 'Un pod s’arrête d’un coup', en: 'A pod stops at once' },
    steps: [
      {
        text: { fr: 'Arrêtez le programme d’un pod.', en: 'End the program of a pod.' },
        commands: [api, 'curl -fsS -X POST "$API/faults/crash"', 'sleep 10', 'kubectl get pods -l app=backend'],
      },
    ],
    watch: {
      fr: 'Quelques carrés rouges, puis le même pod revient : « redémarré ». La colonne RESTARTS.',
      en: 'A few red squares, then the same pod is back: "restarted". The column RESTARTS.',
    },
    shows: {
      fr: 'Le conteneur est relancé dans le même pod. Contrairement à une suppression, personne n’a prévenu : des requêtes en cours sont perdues.',
      en: 'The container is started again in the same pod. Unlike a deletion it came without a warning: requests under way are lost.',
    },
    hasPicture: true,
    isFault: true,
  },
  {
    id: 'pas-prete',
    title: { fr: 'Un pod n’est plus prêt', en: 'A pod is not ready any more' },
    steps: [
      {
        text: { fr: 'Faites échouer sa sonde readinessProbe.', en: 'Let its readinessProbe fail.' },
        commands: [
          api,
          'curl -fsS -X POST "$API/faults/unready?seconds=40"',
          'sleep 20',
          'kubectl get pods -l app=backend',
        ],
      },
    ],
    watch: {
      fr: 'Sa couleur disparaît, sans carré rouge, puis revient toute seule. READY passe à 0/1, RESTARTS ne bouge pas.',
      en: 'Its colour goes, without a red square, then comes back by itself. READY turns to 0/1, RESTARTS stays.',
    },
    shows: {
      fr: 'Un pod qui n’est pas prêt ne reçoit plus de requêtes, mais on ne le redémarre pas : il attend peut-être sa base de données.',
      en: 'A pod that is not ready gets no requests any more, but it is not restarted: it may be waiting for its database.',
    },
    hasPicture: false,
    isFault: true,
  },
  {
    id: 'bloquee',
    title: { fr: 'Un pod ne vit plus', en: 'A pod is not alive any more' },
    steps: [
      {
        text: { fr: 'Faites échouer sa sonde livenessProbe.', en: 'Let its livenessProbe fail.' },
        commands: [
          api,
          'curl -fsS -X POST "$API/faults/unhealthy?seconds=120"',
          'sleep 60',
          'kubectl get pods -l app=backend',
        ],
      },
    ],
    watch: {
      fr: 'Au bout de quelques échecs, le pod est redémarré, et il va bien de nouveau.',
      en: 'After some failures the pod is restarted, and well again.',
    },
    shows: {
      fr: 'La sonde livenessProbe répare ce qu’un redémarrage peut réparer. Elle ne doit donc rien demander d’autre que « es-tu vivant ? » : si elle interrogeait la base de données, une base en panne redémarrerait tous les pods.',
      en: 'The livenessProbe repairs what a restart can repair. So it must ask nothing but "are you alive?": if it asked the database, a database that is down would restart all pods.',
    },
    hasPicture: false,
    isFault: true,
  },
  {
    id: 'lente',
    title: { fr: 'Un pod est lent', en: 'A pod is slow' },
    steps: [
      {
        text: { fr: 'Retardez ses réponses d’une seconde.', en: 'Delay its answers by a second.' },
        commands: [api, 'curl -fsS -X POST "$API/faults/slow?seconds=20&ms=1000"', 'sleep 22'],
      },
    ],
    watch: {
      fr: 'Le temps de réponse de ce pod, et de lui seul. Il reste prêt.',
      en: 'The time that this pod takes to answer, and no other. It stays ready.',
    },
    shows: {
      fr: 'Kubernetes ne voit pas qu’un pod est lent : ses sondes répondent. Il faut mesurer, c’est le rôle des métriques.',
      en: 'Kubernetes does not see that a pod is slow: its probes answer. One has to measure, which is what metrics are for.',
    },
    hasPicture: false,
    isFault: true,
  },
  {
    id: 'en-erreur',
    title: { fr: 'Un pod répond parfois par une erreur', en: 'A pod answers with errors now and then' },
    steps: [
      {
        text: { fr: 'Faites échouer la moitié de ses réponses.', en: 'Let half of its answers fail.' },
        commands: [api, 'curl -fsS -X POST "$API/faults/failing?seconds=20&percent=50"', 'sleep 22'],
      },
    ],
    watch: {
      fr: 'Des carrés rouges, avec l’erreur 500. Personne ne redémarre rien.',
      en: 'Red squares, with the error 500. Nobody restarts anything.',
    },
    shows: {
      fr: 'Une erreur du programme n’est pas une panne du pod : Kubernetes garde en vie ce qui tourne, il ne corrige pas ce qui est faux.',
      en: 'A fault of the program is no failure of the pod: Kubernetes keeps alive what runs, it does not correct what is wrong.',
    },
    hasPicture: false,
    isFault: true,
  },
  {
    id: 'memoire',
    title: { fr: 'Limites de ressources', en: 'Resource limits' },
    steps: [
      {
        text: {
          fr: 'Demandez à un pod de prendre 512 Mo, quand sa limite est de 200 Mo.',
          en: 'Ask a pod to take 512 MB, when its limit is 200 MB.',
        },
        commands: [
          api,
          'curl -fsS -X POST "$API/faults/memory?megabytes=512&seconds=60"',
          'sleep 10',
          `kubectl get pods -l app=backend -o custom-columns='POD:.metadata.name,RESTARTS:.status.containerStatuses[0].restartCount,REASON:.status.containerStatuses[0].lastState.terminated.reason'`,
        ],
      },
    ],
    watch: {
      fr: 'Quelques carrés rouges, puis le pod redémarre. La raison : OOMKilled.',
      en: 'A few red squares, then the pod restarts. The reason: OOMKilled.',
    },
    shows: {
      fr: 'La limite de mémoire protège les voisins : le noyau tue le conteneur qui la dépasse, et Kubernetes le relance. Monter la limite au hasard ne répare pas une fuite : on mesure d’abord.',
      en: 'The memory limit protects the neighbours: the kernel kills the container that goes beyond it, and Kubernetes starts it again. Raising the limit at random repairs no leak: measure first.',
    },
    hasPicture: true,
    isFault: true,
  },
  {
    id: 'fin-des-pannes',
    title: { fr: 'Interdire de nouveau les pannes', en: 'Forbid faults again' },
    steps: [
      {
        text: { fr: 'Retirez la variable.', en: 'Take the variable away.' },
        commands: ['kubectl set env deployment/backend DEMO_FAULTS-', status],
      },
    ],
    watch: {
      fr: 'De nouveaux pods, et la page ne parle plus de pannes.',
      en: 'New pods, and the page does not speak of faults any more.',
    },
    shows: {
      fr: 'Une variable de moins est une configuration comme une autre : elle arrive par une mise à jour progressive.',
      en: 'One variable less is a configuration like another: it comes by a rolling update.',
    },
    hasPicture: false,
    isFault: true,
  },
];
