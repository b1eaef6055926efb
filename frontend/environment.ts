import { join } from 'node:path';
import dotenv from 'dotenv';

/**
 * Adds `frontend/.env`, where there is one, to the environment, which goes first.
 *
 * @param apiUrl where the API is when nothing is said.
 */
export function loadEnvironment(apiUrl = 'http://localhost:8000'): void {
  const { error } = dotenv.config({ path: join(import.meta.dirname, '.env'), quiet: true });
  if (error && error.code !== 'ENOENT') throw new Error(`frontend/.env cannot be read: ${error.message}`);
  process.env.VITE_API_URL ??= apiUrl;
}
