import type { Project } from './project.ts';
import { isObject, readYaml, type JsonObject } from './yaml.ts';

const held = new WeakMap<Project, Map<string, JsonObject | undefined>>();

/** The object that a file of the project holds (`package.json`, `nodemon.json`), parsed once; undefined when it holds none. */
export function objectIn(project: Project, file: string): JsonObject | undefined {
  const files = held.get(project) ?? new Map<string, JsonObject | undefined>();
  held.set(project, files);
  if (!files.has(file)) {
    const value = readYaml(project.read(file) ?? '', file).documents[0]?.value;
    files.set(file, isObject(value) ? value : undefined);
  }
  return files.get(file);
}
