import { createInterface } from 'node:readline/promises';

/** All that a command has around it. */
export interface Surroundings {
  /** The path of mesh.json. */
  readonly path: string;
  /** The environment, with what .env adds. */
  readonly env: NodeJS.ProcessEnv;
  readonly home: string;
  /** The folder in which the command was called. */
  readonly folder: string;
  readonly print: (line: string) => void;
  /** Asks the user; undefined where nobody can be asked. */
  readonly ask: ((question: string) => Promise<string>) | undefined;
}

/** Asks on the terminal. */
export async function askOnTerminal(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return (await terminal.question(question)).trim();
  } finally {
    terminal.close();
  }
}
