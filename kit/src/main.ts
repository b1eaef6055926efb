import { check } from './check/command.ts';
import { setup } from './setup.ts';

const HELP = `kit setup   écrit dans k8s/ le nom, l'adresse et les images de votre application
kit check   cherche ce qui n'ira pas dans un projet, avant que cela ne casse

kit COMMANDE --help dit le reste.`;

const commands: Record<string, (args: string[]) => Promise<number>> = { setup, check };

const [name = '', ...args] = process.argv.slice(2);
const command = commands[name];
if (command) {
  try {
    process.exitCode = await command(args);
  } catch (error) {
    // The stack of a fault in the kit helps who mends it, and nobody else.
    console.error(
      `kit ${name} : une faute du kit lui-même l'arrête (${error instanceof Error ? error.message : String(error)}). Merci de la signaler.`,
    );
    if (process.env.KIT_DEBUG) console.error(error);
    process.exitCode = 2;
  }
} else {
  console.log(
    name === '' || name === '--help' || name === '-h' ? HELP : `« ${name} » n'est pas une commande du kit.\n\n${HELP}`,
  );
  process.exitCode = name === '' || name.startsWith('-') ? 0 : 2;
}
