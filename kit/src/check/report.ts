import { styleText } from 'node:util';
import type { Finding, Language, Severity } from './findings.ts';
import type { Unread } from './read/project.ts';

export interface Report {
  findings: Finding[];
  lookedAt: string[];
  unread: Unread[];
  /** Rules that a fault of the doctor's own kept from looking. */
  failed: string[];
}

const SEVERITY: Record<Language, Record<Severity, string>> = {
  fr: { error: 'ERREUR', warning: 'ATTENTION', advice: 'CONSEIL' },
  en: { error: 'ERROR', warning: 'WARNING', advice: 'ADVICE' },
};
const COLOUR = { error: 'red', warning: 'yellow', advice: 'cyan' } as const;

const UNREAD: Record<Language, Record<Unread['why'], string>> = {
  fr: {
    'too-large': 'plus d’un mégaoctet, pas lu',
    binary: 'ce n’est pas du texte, pas lu',
    template: 'un gabarit à remplir (Helm, Jinja…), pas lu',
    'too-many': 'plus de 20 000 fichiers : la suite n’a pas été regardée',
    'broken-link': 'un lien qui ne mène nulle part, ou illisible',
    denied: 'pas le droit de le lire',
  },
  en: {
    'too-large': 'more than a megabyte, not read',
    binary: 'not a text, not read',
    template: 'a template to be filled in (Helm, Jinja…), not read',
    'too-many': 'more than 20,000 files: the rest was not looked at',
    'broken-link': 'a link that leads nowhere, or cannot be read',
    denied: 'no right to read it',
  },
};

/** The report for a terminal: what is wrong, what it will look like, how to mend it, why. */
export function textReport(report: Report, language: Language): string {
  const isFrench = language === 'fr';
  const lines: string[] = [];
  for (const { severity, place, rule, ...texts } of report.findings) {
    const [message, consequence, fix] = texts[language];
    lines.push(
      `${styleText([COLOUR[severity], 'bold'], SEVERITY[language][severity])}  ${styleText('bold', `${place.file}:${place.line}`)}  ${styleText('dim', rule.id)}`,
      `  ${message}`,
      `  ${styleText('dim', isFrench ? 'Ce que vous verrez :' : 'What you will see:')} ${consequence}`,
      `  ${styleText('green', isFrench ? 'À faire :' : 'To do:')} ${fix.split('\n').join('\n      ')}`,
      `  ${styleText('dim', `${isFrench ? 'Pourquoi :' : 'Why:'} ${rule.why[language]}`)}`,
      '',
    );
  }
  for (const { path, why } of report.unread.slice(0, 8)) {
    lines.push(styleText('dim', `${path} : ${UNREAD[language][why]}`));
  }
  lines.push(...failure(report, language));
  lines.push(summary(report, language));
  return lines.join('\n');
}

/** What is said of rules that failed: nothing, when none did. */
function failure({ failed }: Report, language: Language): string[] {
  if (failed.length === 0) return [];
  return [
    language === 'fr'
      ? `Le docteur n’a pas pu appliquer ${failed.join(', ')} : c’est son défaut, pas le vôtre.`
      : `The doctor could not apply ${failed.join(', ')}: its fault, not yours.`,
  ];
}

function summary(report: Report, language: Language): string {
  const count = (severity: Severity) => report.findings.filter((finding) => finding.severity === severity).length;
  const [errors, warnings, advice] = [count('error'), count('warning'), count('advice')];
  const files = report.lookedAt.length;
  if (language === 'fr') {
    if (report.findings.length === 0)
      return `Rien à redire (${files} fichier${files > 1 ? 's' : ''} lu${files > 1 ? 's' : ''}).`;
    return `${errors} erreur${errors > 1 ? 's' : ''}, ${warnings} avertissement${warnings > 1 ? 's' : ''}, ${advice} conseil${advice > 1 ? 's' : ''} (${files} fichiers lus). Pour en savoir plus : npx -y pnpm@12 kit check --explain RÈGLE`;
  }
  if (report.findings.length === 0) return `Nothing to say against it (${files} file${files > 1 ? 's' : ''} read).`;
  return `${errors} error${errors === 1 ? '' : 's'}, ${warnings} warning${warnings === 1 ? '' : 's'}, ${advice} piece${advice === 1 ? '' : 's'} of advice (${files} files read). To know more: npx -y pnpm@12 kit check --explain RULE`;
}

/** 0 when nothing is grave, 1 when there are errors, 2 when silence is no proof: not all rules could look. */
export function exitCode({ findings, failed }: Report): number {
  if (findings.some(({ severity }) => severity === 'error')) return 1;
  return failed.length > 0 ? 2 : 0;
}

/** The report as one JSON document. */
export function jsonReport(report: Report, language: Language): string {
  return JSON.stringify(
    {
      findings: report.findings.map(({ rule, severity, place, ...texts }) => {
        const [message, consequence, fix] = texts[language];
        return { rule: rule.id, severity, file: place.file, line: place.line, message, consequence, fix };
      }),
      looked_at: report.lookedAt,
      ...(report.failed.length > 0 ? { failed: report.failed } : {}),
    },
    null,
    2,
  );
}

/** The report as annotations of GitHub Actions. */
export function githubReport(report: Report, language: Language): string {
  const command: Record<Severity, string> = { error: 'error', warning: 'warning', advice: 'notice' };
  const escape = (text: string) => text.replace(/%/g, '%25').replace(/\r/g, '%0D').replace(/\n/g, '%0A');
  const property = (text: string) => escape(text).replace(/:/g, '%3A').replace(/,/g, '%2C');
  return [
    ...report.findings.map(({ rule, severity, place, ...texts }) => {
      const [message, consequence, fix] = texts[language];
      return `::${command[severity]} file=${property(place.file)},line=${place.line},title=${property(rule.id)}::${escape(`${message}\n${consequence}\n${fix}`)}`;
    }),
    ...failure(report, language).map((text) => `::warning title=kit check::${escape(text)}`),
    summary(report, language),
  ].join('\n');
}
