import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { Ajv as AjvClass, ErrorObject, ValidateFunction } from 'ajv';
import { isObject, type JsonObject, written } from './yaml.ts';

// Ajv takes a tenth of a second to load: only projects with manifests or compose files pay for it.
let ajv: AjvClass | undefined;
function loadAjv(): AjvClass {
  if (ajv) return ajv;
  const { Ajv } = createRequire(import.meta.url)('ajv') as { Ajv: typeof AjvClass };
  ajv = new Ajv({ allErrors: true, strict: false, validateFormats: false, logger: false, verbose: true });
  return ajv;
}

const readData = (name: string): JsonObject =>
  JSON.parse(readFileSync(path.join(import.meta.dirname, '../../../data', name), 'utf8')) as JsonObject;

let definitions: JsonObject | undefined;
const kinds = new Map<string, string>();
function loadDefinitions(): JsonObject {
  if (definitions) return definitions;
  const data = readData('kubernetes-definitions.json');
  definitions = isObject(data.$defs) ? data.$defs : {};
  for (const [name, schema] of Object.entries(definitions)) {
    const versions = isObject(schema) ? schema['x-kubernetes-group-version-kind'] : undefined;
    // Options of calls (DeleteOptions…) are listed under every group; no manifest holds one.
    for (const version of Array.isArray(versions) && versions.length === 1 ? versions : []) {
      if (!isObject(version)) continue;
      const group = written(version.group);
      kinds.set(`${group === '' ? '' : `${group}/`}${written(version.version)} ${written(version.kind)}`, name);
    }
  }
  loadAjv().addSchema({ $id: 'kubernetes', ...data });
  return definitions;
}

/** `apiVersion kind` of every kind that Kubernetes knows by itself. */
export function knownKinds(): string[] {
  loadDefinitions();
  return [...kinds.keys()];
}

const validators = new Map<string, ValidateFunction>();

/** What Kubernetes' strict schema says against a manifest; undefined when it does not know the kind. */
export function schemaFaults(apiVersion: string, kind: string, object: JsonObject): ErrorObject[] | undefined {
  loadDefinitions();
  const name = kinds.get(`${apiVersion} ${kind}`);
  if (name === undefined) return undefined;
  return faultsOf(`kubernetes#/$defs/${name}`, object);
}

/** The properties that a definition of Kubernetes allows. */
export function propertiesOf(schema: unknown): string[] {
  return isObject(schema) && isObject(schema.properties) ? Object.keys(schema.properties) : [];
}

/** What the compose specification says against a compose file. */
export function composeFaults(object: JsonObject): ErrorObject[] {
  const loaded = loadAjv();
  if (!loaded.getSchema('compose_spec.json')) loaded.addSchema(readData('compose-schema.json'));
  return faultsOf('compose_spec.json', object);
}

function faultsOf(reference: string, object: JsonObject): ErrorObject[] {
  let validate = validators.get(reference);
  if (!validate) {
    validate = loadAjv().compile({ $ref: reference });
    validators.set(reference, validate);
  }
  return validate(object) ? [] : (validate.errors ?? []);
}
