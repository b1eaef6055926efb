import { useI18n } from '../../i18n/i18n.ts';
import { type Words, words } from './words.ts';

/** The words of this page, in its language. */
export function useWords(): Words {
  return words[useI18n().language];
}
