// The service, in the working directory that HOSTILE_RUN_IN names.
const { HOSTILE_RUN_IN } = process.env;
if (HOSTILE_RUN_IN !== undefined) process.chdir(HOSTILE_RUN_IN);
await import('../../src/main.ts');
