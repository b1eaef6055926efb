/**
 * Imported before everything else: process 1 of a container ignores every signal that it does not listen to
 * (https://man7.org/linux/man-pages/man2/kill.2.html), and until the program is loaded there is nothing to finish.
 */
const signals = ['SIGTERM', 'SIGINT'] as const;

function stop(): never {
  process.exit(0);
}
for (const signal of signals) process.on(signal, stop);

/** From here on somebody else listens, who stops in order. */
export function leaveSignals(): void {
  for (const signal of signals) process.off(signal, stop);
}
