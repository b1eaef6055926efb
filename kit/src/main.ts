console.error('usage: pnpm kit <command>');
process.exitCode = 2;
