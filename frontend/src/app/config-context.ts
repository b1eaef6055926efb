import { createContext, use } from 'react';
import type { Config } from '../config.ts';

export const ConfigContext = createContext<Config | null>(null);

/** What the container that serves this page was told. */
export function useConfig(): Config {
  const config = use(ConfigContext);
  if (!config) throw new Error('useConfig() outside of <ConfigContext>');
  return config;
}
