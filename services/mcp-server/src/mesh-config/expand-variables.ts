/** Substitutes variables in every string of `value`. One that is not set and has no fallback is a problem. */
export function expandVariables(value: unknown, env: NodeJS.ProcessEnv, problems: string[]): unknown {
  if (typeof value === 'string') {
    return value.replaceAll(/\$\{(\w+)(?::-([^}]*))?\}/g, (_text, name: string, fallback: string | undefined) => {
      const found = env[name] || fallback;
      if (found === undefined) problems.push(`\${${name}}: this variable is not set`);
      return found ?? '';
    });
  }
  if (Array.isArray(value)) return value.map((item) => expandVariables(item, env, problems));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, expandVariables(item, env, problems)]));
}
