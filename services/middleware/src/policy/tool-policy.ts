import type { Tool } from '@toolmesh/shared/contracts/tool';
import { namePattern } from '@toolmesh/shared/kit/text/name-pattern';
import { z } from 'zod';
import { Permission } from './permission.ts';

interface Rule {
  readonly pattern: string;
  readonly permission: Permission;
}

/** A list such as `install_package=ask,dangerous_*=deny`; `*` stands for any characters. */
export const PolicyRules = z.string().transform((text, context): readonly Rule[] =>
  text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
    .flatMap((entry) => {
      const [pattern = '', word, ...rest] = entry.split('=').map((part) => part.trim());
      const permission = Permission.safeParse(word);
      if (pattern !== '' && permission.success && rest.length === 0) return [{ pattern, permission: permission.data }];
      context.addIssue({ code: 'custom', message: `"${entry}" is not name=auto, name=ask or name=deny` });
      return [];
    }),
);

const STRICTNESS: Readonly<Record<Permission, number>> = { auto: 0, ask: 1, deny: 2 };

/**
 * Says what each tool may do. The rule that names the tool wins, then the longest pattern that matches, the strictest
 * of equally long ones; then `fallback`; and without one the tool's own annotations: a tool that says aloud that it
 * destroys is asked about, any other runs. (MCP's default for a missing hint is "destructive". Taking it at its word
 * would ask about nearly every tool there is, and who is asked all the time says yes without reading.)
 */
export function createToolPolicy(rules: readonly Rule[], fallback?: Permission): (tool: Tool) => Permission {
  const ordered = rules.toSorted(
    (a, b) =>
      Number(a.pattern.includes('*')) - Number(b.pattern.includes('*')) ||
      b.pattern.length - a.pattern.length ||
      STRICTNESS[b.permission] - STRICTNESS[a.permission],
  );
  const matchers = ordered.map(({ pattern, permission }) => ({ matches: namePattern(pattern), permission }));
  return ({ name, annotations }) =>
    matchers.find(({ matches }) => matches(name))?.permission ??
    fallback ??
    (annotations.destructiveHint === true ? 'ask' : 'auto');
}
