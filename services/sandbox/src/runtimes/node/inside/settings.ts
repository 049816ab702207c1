/** The parts of a worker that differ, as the service passes them on its command line. */
export interface Settings {
  /** Path of the transformer of TypeScript and JSX. */
  readonly esbuild: string;
}
