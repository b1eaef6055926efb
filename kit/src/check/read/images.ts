/** An image's name, taken apart. */
export interface ImageName {
  /** Without tag or digest; `docker.io/` and `library/` left out. */
  repository: string;
  tag: string | undefined;
  digest: string | undefined;
  /** Docker Hub account or registry, undefined for official images. */
  account: string | undefined;
  tail: string;
}

/** Takes `registry/account/name:tag@digest` apart. */
export function parseImage(text: string): ImageName {
  const [withoutDigest = '', digest] = text.trim().split('@');
  const colon = withoutDigest.lastIndexOf(':');
  const hasTag = colon > withoutDigest.lastIndexOf('/');
  const repository = (hasTag ? withoutDigest.slice(0, colon) : withoutDigest)
    .replace(/^(docker\.io|index\.docker\.io|registry-1\.docker\.io|registry\.hub\.docker\.com)\//, '')
    .replace(/^library\//, '');
  const slash = repository.lastIndexOf('/');
  return {
    repository,
    tag: hasTag ? withoutDigest.slice(colon + 1) : undefined,
    digest,
    account: slash < 0 ? undefined : repository.slice(0, slash),
    tail: repository.slice(slash + 1),
  };
}

/** Docker's official images that a web application may use; a name without account must be one of Docker's. */
export const OFFICIAL = new Set(
  `adminer aerospike almalinux alpine amazoncorretto amazonlinux api-firewall arangodb archlinux backdrop bash buildpack-deps
  busybox caddy cassandra chronograf cirros clearlinux clickhouse clojure composer consul convertigo couchbase couchdb crate
  dart debian docker drupal eclipse-mosquitto eclipse-temurin eggdrop elasticsearch elixir emqx erlang fedora flink fluentd
  friendica gazebo gcc geonetwork ghost golang gradle groovy haproxy haskell haxe hello-world hitch httpd hylang ibm-semeru-runtimes
  ibmjava influxdb irssi jetty jobber joomla jruby julia kapacitor kibana kong krakend lightstreamer liquibase logstash mageia
  mariadb matomo maven mediawiki memcached mongo mongo-express monica mono mysql nats nats-streaming neo4j neurodebian nextcloud
  nginx node notary odoo open-liberty openjdk openresty opensuse oraclelinux orientdb percona perl photon php php-zendserver
  phpmyadmin plone postfixadmin postgres pypy python r-base rabbitmq rakudo-star rapidoid redis redmine registry rethinkdb
  rocket.chat rockylinux ros ruby rust sapmachine satosa scratch sl solr sonarqube spark spiped storm swift swipl teamspeak
  telegraf thrift tomcat tomee traefik ubuntu unit valkey varnish vault websphere-liberty wordpress xwiki yourls znc zookeeper`
    .split(/\s+/)
    .filter(Boolean),
);

/** Ports on which well-known images listen when nothing tells them otherwise. */
const KNOWN_PORTS: [RegExp, number[]][] = [
  [/(^|\/)(postgres|postgresql|postgis|pgvector|timescaledb)$/, [5432]],
  [/(^|\/)(mysql|mariadb|mysql-server)$/, [3306]],
  [/(^|\/)(redis|valkey|redis-stack-server)$/, [6379]],
  [/(^|\/)(mongo|mongodb)$/, [27017]],
  [/(^|\/)nginx-unprivileged$/, [8080]],
  [/^(nginx|httpd|phpmyadmin|wordpress)$/, [80]],
  [/(^|\/)pgadmin4?$/, [80, 443]],
  [/^adminer$/, [8080]],
  [/^mongo-express$/, [8081]],
  [/^rabbitmq$/, [5672, 15672, 15692, 25672, 4369]],
  [/^grafana\/grafana$/, [3000]],
  [/^prom\/prometheus$/, [9090]],
  [/^minio\/minio$/, [9000, 9001]],
  [/^elasticsearch$/, [9200, 9300]],
  [/^memcached$/, [11211]],
  [/(^|\/)mailhog$/, [1025, 8025]],
  [/^ragatzino\/backend-demo-conception-logicielle$/, [8000, 9090]],
  [/^ragatzino\/frontend-demo-conception-logicielle$/, [5173]],
];

/** Where a well-known image listens by default, undefined for all others. */
export function knownPorts(repository: string): number[] | undefined {
  return KNOWN_PORTS.find(([pattern]) => pattern.test(repository))?.[1];
}

/** What an image is for: a part of a three-tier application, when its name says so. */
export function roleOf(name: string): 'front' | 'back' | 'data' | undefined {
  const words = name.toLowerCase().split(/[^a-z0-9]+/);
  if (words.some((word) => /^(front(end)?|web|webapp|ui|client|interface|ihm|site|streamlit)$|front/.test(word)))
    return 'front';
  if (words.some((word) => /^(back(end)?|api|server|serveur|fastapi|flask|django)$|back/.test(word))) return 'back';
  if (words.some((word) => /^(db|database|postgres|postgresql|mysql|mongo|mongodb|redis|bdd)$/.test(word)))
    return 'data';
  return undefined;
}

export type Engine = 'postgres' | 'mysql' | 'mariadb' | 'mongo' | 'redis';

/** The database that an image runs, for images whose variables are known. */
export function engineOf(image: string): Engine | undefined {
  const { repository } = parseImage(image);
  if (/^(postgres|postgis\/postgis|pgvector\/pgvector|timescale\/timescaledb|ankane\/pgvector)$/.test(repository))
    return 'postgres';
  if (/^(mysql|mysql\/mysql-server)$/.test(repository)) return 'mysql';
  if (repository === 'mariadb') return 'mariadb';
  if (repository === 'mongo') return 'mongo';
  if (/^(redis|redis\/redis-stack-server|valkey\/valkey)$/.test(repository)) return 'redis';
  return undefined;
}
