import { type ReactNode, useState } from 'react';
import { en } from './en.ts';
import { type Dictionary, fr } from './fr.ts';
import { I18nContext, type Language } from './i18n.ts';

const dictionaries: Record<Language, Dictionary> = { fr, en };

/** Gives the language that `index.html` has found: the one that was chosen, the browser's, or French. */
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
