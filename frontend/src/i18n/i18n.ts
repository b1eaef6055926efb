import { createContext, use } from 'react';
import type { Dictionary } from './fr.ts';

export type Language = 'fr' | 'en';

interface I18n {
  language: Language;
  setLanguage: (language: Language) => void;
  /** Every text of the page, in its language. */
  t: Dictionary;
}

export const I18nContext = createContext<I18n | null>(null);

export function useI18n(): I18n {
  const i18n = use(I18nContext);
  if (!i18n) throw new Error('useI18n() outside of <I18nProvider>');
  return i18n;
}
