/**
 * Renews `kit/data/python-packages.json`: which modules a distribution of PyPI brings, and which others it requires.
 * Run it with `pnpm exec node scripts/renew-packages.ts` in `kit/`, then run the tests. Needs Python with `pip`, ten minutes and 5 GB.
 *
 * The distributions are installed for good and their own metadata is read, so nothing here is remembered or guessed, save
 * the few that are only built from source or too large, which are named as such.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const UV = '0.13.9';
const PYTHON = '3.13';

/** What small web applications and data projects are made of, in groups that can be installed together. */
const GROUPS = [
  `fastapi[all] uvicorn[standard] gunicorn hypercorn starlette[full] flask[async] quart waitress gevent aiohttp tornado bottle
  flask-cors flask-sqlalchemy flask-login flask-migrate flask-wtf flask-jwt-extended flask-restful flask-restx flask-smorest
  flask-bcrypt flask-mail flask-socketio flask-marshmallow marshmallow-sqlalchemy flask-caching flask-limiter flask-session
  flask-admin flask-httpauth flask-pymongo flask-talisman flask-babel flask-debugtoolbar connexion[flask,uvicorn,swagger-ui]
  fastapi-users[sqlalchemy] sqladmin slowapi prometheus-fastapi-instrumentator fastapi-mail fastapi-pagination fastapi-cache2
  litestar[standard] websockets`,
  `django djangorestframework django-cors-headers django-environ dj-database-url django-filter django-ninja
  djangorestframework-simplejwt drf-spectacular drf-yasg whitenoise channels[daphne] channels-redis django-storages
  django-allauth django-redis django-crispy-forms crispy-bootstrap5 django-debug-toolbar django-extensions django-celery-beat
  django-celery-results django-import-export django-widget-tweaks djoser django-htmx`,
  `sqlalchemy[asyncio] sqlmodel alembic psycopg2-binary psycopg[binary,pool] asyncpg aiosqlite pymysql mysql-connector-python
  aiomysql pymongo motor beanie mongoengine redis peewee tortoise-orm databases duckdb duckdb-engine pyodbc oracledb neo4j
  elasticsearch sqlalchemy-utils passlib[bcrypt] bcrypt python-jose[cryptography] pyjwt[crypto] argon2-cffi
  pwdlib[argon2,bcrypt] authlib pycryptodome python-dotenv dotenv pydantic-settings email-validator pyyaml toml pytz loguru rich
  typer tqdm tenacity celery[redis] flower rq apscheduler pika paho-mqtt kafka-python confluent-kafka python-socketio markdown
  structlog python-json-logger colorlog tabulate unidecode python-slugify faker cachetools environs python-decouple dynaconf
  inquirerpy simplejson ujson orjson jsonschema prometheus-client sentry-sdk requests httpx aiofiles strawberry-graphql graphene
  schedule watchdog psutil geopy grpcio grpcio-tools protobuf xmltodict bleach opentelemetry-sdk kubernetes hvac stripe pytest
  pytest-cov pytest-asyncio pytest-django coverage black ruff flake8 pylint mypy isort pre-commit`,
  `streamlit streamlit-authenticator streamlit-option-menu streamlit-folium streamlit-aggrid streamlit-extras dash
  dash-bootstrap-components plotly gradio nicegui panel bokeh altair shiny pydeck folium pandas polars scikit-learn matplotlib
  seaborn statsmodels lightgbm joblib pyarrow fastparquet openpyxl xlrd xlsxwriter s3fs boto3 minio geopandas networkx nltk
  wordcloud imageio pillow opencv-python-headless beautifulsoup4 lxml html5lib selenium feedparser yfinance reportlab fpdf2
  qrcode python-docx pypdf pdfplumber openai anthropic mistralai tiktoken mlflow optuna shap imbalanced-learn rapidfuzz sympy
  dask xarray ipykernel jupyter`,
  `langchain langchain-openai langchain-community langgraph chromadb faiss-cpu transformers datasets google-generativeai
  google-genai google-cloud-storage google-cloud-bigquery azure-storage-blob groq ollama mcp fastmcp discord.py
  python-telegram-bot scrapy playwright poetry pipenv pdm uv pip-tools build hatch`,
  // What earlier versions of the others required, and the newest do not.
  `databricks-cli dataclasses-json posthog opentelemetry-instrumentation-fastapi ruamel-yaml coreapi semver validators pympler
  rfc3986 chardet tomli appdirs async-timeout ffmpy fiona querystring-parser`,
];

/** Versions that projects still pin and that required more, or other things, than the newest does. */
const EARLIER = `fastapi==0.88.0 fastapi==0.110.0 starlette==0.27.0 uvicorn==0.20.0 gunicorn==20.1.0 flask==1.1.4 flask==2.2.5
  werkzeug==2.2.3 jinja2==3.0.3 flask-sqlalchemy==2.5.1 flask-migrate==3.1.0 flask-wtf==1.0.1 flask-jwt-extended==4.4.4
  flask-restx==0.5.1 flask-socketio==5.3.6 flask-marshmallow==0.14.0 flask-caching==1.10.1 flask-limiter==2.9.2
  flask-session==0.4.0 flask-admin==1.6.1 flask-login==0.5.0 connexion==2.14.2 quart==0.18.4 django==3.2.25 django==4.2.16
  djangorestframework==3.14.0 djangorestframework-simplejwt==5.2.2 drf-spectacular==0.26.2 drf-yasg==1.21.5 channels==4.0.0
  dj-database-url==0.5.0 django-storages==1.13.2 whitenoise==6.4.0 sqlalchemy==1.4.46 sqlalchemy==2.0.25 sqlmodel==0.0.8
  sqlmodel==0.0.16 alembic==1.7.7 alembic==1.10.4 pydantic==1.10.13 pydantic==2.5.3 python-jose==3.3.0 pyjwt==2.6.0
  databases==0.7.0 redis==4.6.0 celery==5.2.7 rq==1.12.0 apscheduler==3.10.1 motor==3.1.1 beanie==1.20.0 mongoengine==0.24.2
  httpx==0.23.3 requests==2.25.1 environs==9.5.0 dynaconf==3.1.12 python-slugify==8.0.1 beautifulsoup4==4.12.2
  streamlit==1.12.0 streamlit==1.22.0 streamlit==1.32.0 streamlit==1.40.0 dash==2.9.3 dash==2.18.2
  dash-bootstrap-components==1.4.1 plotly==5.14.1 gradio==3.50.2 gradio==4.44.1 nicegui==1.4.37 panel==0.14.4 bokeh==2.4.3
  altair==4.2.2 altair==5.3.0 shiny==0.6.1 folium==0.14.0 pandas==1.5.3 pandas==2.2.3 scikit-learn==1.2.2 matplotlib==3.7.1
  seaborn==0.12.2 statsmodels==0.13.5 geopandas==0.13.2 nltk==3.8.1 mlflow==2.3.2 mlflow==2.17.2 optuna==3.2.0 shap==0.42.1
  yfinance==0.2.28 s3fs==2023.6.0 openpyxl==3.1.2 xarray==2023.6.0 dask==2023.6.1 selenium==4.9.1 pdfplumber==0.9.0
  openai==0.28.1 openai==1.40.0 anthropic==0.30.0 mistralai==0.1.8 mistralai==1.2.3 langchain==0.0.340 langchain==0.2.16
  langchain==0.3.9 langchain-community==0.2.16 langchain-core==0.2.39 langchain-openai==0.1.23 transformers==4.30.2
  transformers==4.45.2 datasets==2.14.6 chromadb==0.4.24 tokenizers==0.20.3 huggingface-hub==0.24.7 google-generativeai==0.3.2
  google-cloud-storage==2.10.0 discord.py==2.3.2 python-telegram-bot==20.3 scrapy==2.9.0 jupyter==1.0.0 notebook==6.5.4
  typer==0.9.0 rich==13.3.5 prometheus-fastapi-instrumentator==6.0.0 slowapi==0.1.8 strawberry-graphql==0.190.0
  graphene==3.2.2 boto3==1.26.0 minio==7.1.14 kubernetes==26.1.0 opentelemetry-sdk==1.17.0 duckdb-engine==0.7.0
  litestar==2.3.2 fastapi-users==12.0.0 sqladmin==0.10.3 fastapi-mail==1.2.6 tortoise-orm==0.19.3`;

/** Gigabytes each: only what they require is asked, today and as of these days. Their module has their own name. */
const HEAVY =
  'torch torchvision tensorflow keras sentence-transformers spacy xgboost catboost prophet ultralytics accelerate';
const HEAVY_DAYS = ['2024-03-01', undefined];

/** Only built from source, or other builds of the same: the modules as their own documentation gives them. */
const BY_HAND: Record<string, { modules: string[]; requires: string[] }> = {
  psycopg2: { modules: ['psycopg2'], requires: [] },
  mysqlclient: { modules: ['MySQLdb'], requires: [] },
  mariadb: { modules: ['mariadb'], requires: ['packaging'] },
  uwsgi: { modules: ['uwsgidecorators'], requires: [] },
  'opencv-python': { modules: ['cv2'], requires: ['numpy'] },
  'opencv-contrib-python': { modules: ['cv2'], requires: ['numpy'] },
  'opencv-contrib-python-headless': { modules: ['cv2'], requires: ['numpy'] },
  pycryptodomex: { modules: ['Cryptodome'], requires: [] },
  pypdf2: { modules: ['PyPDF2'], requires: ['typing-extensions'] },
  fpdf: { modules: ['fpdf'], requires: [] },
  'dash-core-components': { modules: ['dash_core_components'], requires: [] },
  'dash-html-components': { modules: ['dash_html_components'], requires: [] },
  'dash-table': { modules: ['dash_table'], requires: [] },
};

/** Modules of the standard library that came after, or went before, the Python which runs this. */
const OF_OTHER_VERSIONS = ['annotationlib', 'compression', 'binhex', 'formatter', 'parser', 'symbol'];

interface Distribution {
  modules: Set<string>;
  requires: Set<string>;
  extras: Map<string, Set<string>>;
}

const distributions = new Map<string, Distribution>();
const work = mkdtempSync(path.join(tmpdir(), 'renew-packages-'));

try {
  const python = path.join(work, 'tools', 'bin', 'python');
  execFileSync('python3', ['-m', 'venv', path.join(work, 'tools')]);
  execFileSync(python, ['-m', 'pip', 'install', '--quiet', `uv==${UV}`]);
  const uv = (...args: string[]) =>
    execFileSync(python, ['-m', 'uv', ...args, '--only-binary', ':all:', '--python-platform', 'linux'], {
      encoding: 'utf8',
      env: { ...process.env, UV_PYTHON_DOWNLOADS: 'never' },
      maxBuffer: 100_000_000,
    });
  const install = (version: string, ...args: string[]) => {
    const folder = mkdtempSync(path.join(work, 'site-'));
    uv('pip', 'install', '--quiet', '--target', folder, '--python-version', version, ...args);
    readFolder(folder);
    rmSync(folder, { recursive: true });
  };
  for (const group of GROUPS) install(PYTHON, ...group.split(/\s+/));
  for (const earlier of EARLIER.split(/\s+/)) install('3.11', '--no-deps', earlier);
  for (const day of HEAVY_DAYS) {
    writeFileSync(path.join(work, 'heavy.in'), HEAVY.replaceAll(' ', '\n'));
    const lines = uv(
      ...['pip', 'compile', '--quiet', '--no-header', '--annotation-style', 'line', '--python-version', '3.12'],
      ...(day === undefined ? [] : ['--exclude-newer', day]),
      path.join(work, 'heavy.in'),
    );
    for (const line of lines.split('\n')) {
      const [, name, via = ''] = /^([\w.-]+)==\S+(?:\s+# via (.*))?$/.exec(line) ?? [];
      if (name === undefined) continue;
      if (heldOf(name).modules.size === 0) heldOf(name).modules.add(normal(name).replaceAll('-', '_'));
      for (const by of via.split(', ')) if (/^[\w.-]+$/.test(by)) heldOf(by).requires.add(normal(name));
    }
  }
  const standard = execFileSync(
    'python3',
    ['-c', 'import sys; print(*sorted(n for n in sys.stdlib_module_names if n[0] != "_"), "__future__", "_thread")'],
    {
      encoding: 'utf8',
    },
  );
  for (const [name, { modules, requires }] of Object.entries(BY_HAND)) {
    for (const module of modules) heldOf(name).modules.add(module);
    for (const other of requires) heldOf(name).requires.add(other);
  }
  write([...standard.trim().split(' '), ...OF_OTHER_VERSIONS]);
} finally {
  rmSync(work, { recursive: true, force: true });
}

function normal(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, '-');
}

function heldOf(name: string): Distribution {
  const held = distributions.get(normal(name)) ?? { modules: new Set(), requires: new Set(), extras: new Map() };
  distributions.set(normal(name), held);
  return held;
}

/** Reads the metadata and the list of files of everything that was installed in a folder. */
function readFolder(folder: string): void {
  for (const entry of readdirSync(folder).filter((name) => name.endsWith('.dist-info'))) {
    const metadata = readFileSync(path.join(folder, entry, 'METADATA'), 'utf8').split(/\r?\n\r?\n/)[0] ?? '';
    const held = heldOf(/^Name: (.*)$/m.exec(metadata)?.[1] ?? '');
    for (const line of readFileSync(path.join(folder, entry, 'RECORD'), 'utf8').split('\n')) {
      const file = line.replace(/^"|",.*$|,.*$/g, '');
      const [top = '', ...rest] = file.split('/');
      const module = rest.length > 0 ? top : /^([A-Za-z]\w*)(?:\.[\w-]+)*\.(?:py|so|pyd)$/.exec(top)?.[1];
      // Only what can be imported: no data, no metadata, no stubs.
      if (module !== undefined && /^[A-Za-z]\w*$/.test(module) && /\.(py|so)$/.test(file)) held.modules.add(module);
    }
    for (const [, requirement = ''] of metadata.matchAll(/^Requires-Dist: (.*)$/gm)) readRequirement(held, requirement);
  }
}

/** `starlette[full]>=0.40; python_version < "3.14"`: by whom it is required, on Linux, whatever the version of Python. */
function readRequirement(held: Distribution, requirement: string): void {
  const [, name, extras, marker = ''] = /^([\w.-]+)\s*(?:\[([^\]]*)\])?[^;]*(?:;(.*))?$/.exec(requirement) ?? [];
  if (name === undefined) return;
  const isElsewhere =
    /sys_platform\s*==\s*["'](win32|darwin|emscripten|cygwin)|platform_system\s*==\s*["'](Windows|Darwin|Emscripten)|os_name\s*==\s*["']nt|implementation(_name)?\s*==\s*["'](pypy|PyPy)/.test(
      marker,
    ) && !/\bor\b/.test(marker);
  if (isElsewhere) return;
  const names = [
    normal(name),
    ...(extras ?? '')
      .split(',')
      .map((extra) => extra.trim())
      .filter(Boolean)
      .map((extra) => `${normal(name)}[${normal(extra)}]`),
  ];
  const owners = [...marker.matchAll(/extra\s*==\s*["']([^"']+)["']/g)].map((match) => normal(match[1] ?? ''));
  if (owners.length === 0) for (const each of names) held.requires.add(each);
  for (const owner of owners) {
    const list = held.extras.get(owner) ?? new Set();
    for (const each of names) list.add(each);
    held.extras.set(owner, list);
  }
}

/** Writes one distribution a line, so that a renewal can be read as a difference. */
function write(standard: string[]): void {
  // What is for those who work on the package itself is never asked for by an application.
  const ofAuthors =
    /^(dev|develop|development|tests?|testing|docs?|documentation|lint|typing|types?|mypy|check|cover|ci|release|style|benchmark|bench|quality|build|doctest|enabler|.*[-_](tests?|dev|docs?))$/;
  const lines = [...distributions]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { modules, requires, extras }]) => {
      const own = name.replaceAll('-', '_');
      const list = [...modules].sort();
      const value: Record<string, unknown> = {};
      if (list.length !== 1 || list[0] !== own) value.modules = list.join(' ');
      if (requires.size > 0) value.requires = [...requires].sort().join(' ');
      const kept = [...extras].filter(([extra]) => !ofAuthors.test(extra)).sort(([a], [b]) => (a < b ? -1 : 1));
      if (kept.length > 0)
        value.extras = Object.fromEntries(kept.map(([extra, set]) => [extra, [...set].sort().join(' ')]));
      return `${JSON.stringify(name)}:${JSON.stringify(value)}`;
    });
  writeFileSync(
    path.join(import.meta.dirname, '..', 'data', 'python-packages.json'),
    `{"standard":${JSON.stringify(standard.join(' '))},\n"distributions":{\n${lines.join(',\n')}\n}}\n`,
  );
}
