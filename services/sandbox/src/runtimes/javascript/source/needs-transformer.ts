const needs = (syntax: string): string =>
  `${syntax} not JavaScript itself, and the isolate has nothing that would turn them into it. They work in the namespaces ` +
  'jail, in which JavaScript is real Node: install bubblewrap where the sandbox runs (see its README)';

/** The words for syntax that only a transformer knows. */
export const NEEDS_TRANSFORMER = { JSX: needs('JSX tags are'), decorators: needs('Decorators are') } as const;
