import { createContext, type ReactNode, use, useState } from 'react';
import { en } from './en.ts';
import { type Dictionary, fr } from './fr.ts';

export type Language = 'fr' | 'en';

interface I18n {
  language: Language;
  setLanguage: (language: Language) => void;
  /** Every text of the page, in its language. */
  t: Dictionary;
}

const dictionaries: Record<Language, Dictionary> = { fr, en };
const I18nContext = createContext<I18n | null>(null);

/** Gives the language that `public/boot.js` has found: the one that was chosen, the browser's, or French. */
export function I18nProvider({ children }: { children: ReactNode }) {
  const [language, setLanguage] = useState<Language>(document.documentElement.lang === 'en' ? 'en' : 'fr');

  function choose(chosen: Language) {
    document.documentElement.lang = chosen;
    try {
      localStorage.setItem('language', chosen);
    } catch {
      // Cookies are blocked: the choice lasts as long as the page.
    }
    setLanguage(chosen);
  }

  return <I18nContext value={{ language, setLanguage: choose, t: dictionaries[language] }}>{children}</I18nContext>;
}

export function useI18n(): I18n {
  const i18n = use(I18nContext);
  if (!i18n) throw new Error('useI18n() outside of <I18nProvider>');
  return i18n;
}
