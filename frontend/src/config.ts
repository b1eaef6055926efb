import { version as builtVersion } from '../package.json';
import './boot.ts';

/** What the container that serves this page was told when it started. */
export interface Config {
  /** Where the browser finds the API, without a slash at the end. */
  apiUrl: string;
  /** The name of the environment, such as `local` or `production`. */
  environment: string;
  /** Of this front. */
  version: string;
  /** Which replica of the front has answered. */
  pod: string;
}

/**
 * Reads `/config.json`.
 *
 * @throws an Error whose message says what is wrong with it, for the page to show.
 */
export async function loadConfig(): Promise<Config> {
  const given: unknown = await (window.boot?.config ??
    fetch('/config.json').then((response) => response.json() as Promise<unknown>));
  if (typeof given !== 'object' || given === null) throw new Error(`/config.json: ${JSON.stringify(given)}`);
  const { error, apiUrl, environment, version, pod } = given as Record<string, unknown>;
  if (typeof error === 'string') throw new Error(error);
  if (typeof apiUrl !== 'string' || !/^https?:\/\/[^/]+/.test(apiUrl) || !URL.canParse(apiUrl)) {
    throw new Error(`/config.json: apiUrl ${JSON.stringify(apiUrl)}`);
  }
  return {
    apiUrl: apiUrl.replace(/\/+$/, ''),
    environment: typeof environment === 'string' ? environment : '',
    version: typeof version === 'string' && version !== '' ? version : builtVersion,
    pod: typeof pod === 'string' ? pod : '',
  };
}
