import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { runRules, type Language } from './findings.ts';
import { buildModel } from './model.ts';
import { openProject } from './read/project.ts';
import { exitCode, githubReport, jsonReport, textReport, type Report } from './report.ts';
import { rules } from './rules.ts';

const HELP = `kit check [dossier]      cherche ce qui n'ira pas, avant que cela ne casse
kit check --live         ce qui ne va pas maintenant, sur le cluster du contexte courant (ne change rien)
kit check --explain RÈGLE  ce qu'une règle cherche, et pourquoi (sans nom : la liste)

  --format text|json|github   la forme du rapport (text)
  --lang fr|en                la langue (fr)
  -n, --namespace NOM         avec --live : l'espace de noms (celui du contexte)

Code de sortie : 0 rien de grave, 1 des erreurs, 2 impossible de regarder, ou pas avec toutes les règles.`;

/** Runs \`kit check\`; returns the exit code. */
export async function check(args: string[]): Promise<number> {
  let options;
  try {
    options = parseArgs({
      args,
      allowPositionals: true,
      options: {
        format: { type: 'string', default: 'text' },
        lang: { type: 'string', default: 'fr' },
        live: { type: 'boolean', default: false },
        explain: { type: 'boolean', default: false },
        namespace: { type: 'string', short: 'n' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    return refuse(`${(error as Error).message}\n\n${HELP}`);
  }
  const { values, positionals } = options;
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const language = values.lang;
  if (language !== 'fr' && language !== 'en') return refuse(`--lang : « ${language} » n'est pas connue ; fr ou en.`);
  if (!['text', 'json', 'github'].includes(values.format)) {
    return refuse(`--format : « ${values.format} » n'est pas connu ; text, json ou github.`);
  }
  if (values.explain) return explain(positionals[0], language);
  if (values.live) {
    const { live } = await import('./live/command.ts');
    return live({ language, namespace: values.namespace, format: values.format });
  }
  // pnpm runs scripts at the root of the workspace and tells where it was called.
  const root = path.resolve(process.env.INIT_CWD ?? process.cwd(), positionals[0] ?? '.');
  if (!existsSync(root) || !statSync(root).isDirectory()) {
    return refuse(
      language === 'fr'
        ? `« ${root} » n'est pas un dossier. Donnez celui du projet : kit check ../mon-projet`
        : `"${root}" is not a folder. Give the project's: kit check ../my-project`,
    );
  }
  let report: Report;
  try {
    report = examine(root);
  } catch (error) {
    const words = (error as Error).message;
    return refuse(
      language === 'fr'
        ? `Le docteur n'a pas pu lire ce projet, et c'est son défaut : ${words}`
        : `The doctor could not read this project, and the fault is its own: ${words}`,
    );
  }
  const shapes = { text: textReport, json: jsonReport, github: githubReport };
  console.log(shapes[values.format as keyof typeof shapes](report, language));
  return exitCode(report);
}

/** Reads a project and runs all rules on it. */
export function examine(root: string): Report {
  const project = openProject(root);
  const failed: string[] = [];
  const findings = runRules(buildModel(project), rules, failed);
  return { findings, lookedAt: [...project.lookedAt].sort(), unread: project.unread, failed };
}

/** Tells what a rule looks for, with the examples of the rules' page. */
function explain(id: string | undefined, language: Language): number {
  const rule = rules.find((candidate) => candidate.id === id);
  if (!rule) {
    const list = rules.map((each) => `  ${each.id.padEnd(22)} ${each.title[language]}`).join('\n');
    if (id === undefined) {
      console.log(list);
      return 0;
    }
    return refuse(
      language === 'fr'
        ? `Il n'y a pas de règle « ${id} ». Les règles :\n${list}`
        : `There is no rule "${id}". The rules:\n${list}`,
    );
  }
  const page = readFileSync(path.join(import.meta.dirname, '../../REGLES.md'), 'utf8');
  const section = page.split(/^## /m).find((part) => part.startsWith(`\`${rule.id}\``)) ?? '';
  const examples = section.slice(section.indexOf('\n### ') + 1).trim();
  console.log(`${rule.id}: ${rule.title[language]}\n\n${rule.why[language]}\n\n${examples}`);
  return 0;
}

function refuse(message: string): number {
  console.error(message);
  return 2;
}
