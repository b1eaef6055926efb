import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    root: import.meta.dirname,
    // One application at a time: what it can do is measured.
    fileParallelism: false,
    // Each file tells a story: after a step that failed, the next ones would only say so again.
    bail: 1,
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
});
