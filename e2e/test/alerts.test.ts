import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { hasProgram, testWith } from '../parts.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const withPromtool = testWith('promtool', hasProgram('promtool'));
const text = (path: string): string => readFileSync(`${root}${path}`, 'utf8');

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: Record<string, string>;
}
interface Case {
  readonly input_series: readonly { readonly series: string }[];
  readonly alert_rule_test: readonly { readonly alertname: string; readonly exp_alerts: readonly unknown[] }[];
}

const groups: readonly { readonly rules: readonly Rule[] }[] = parse(text('monitoring/toolmesh.rules.yml')).groups;
const rules = groups.flatMap((group) => group.rules);
const cases: readonly Case[] = parse(text('monitoring/toolmesh.test.yml')).tests;
const runbooks = text('monitoring/README.md').split(/^### /m);

describe.each(rules.map((rule) => [rule.alert, rule] as const))('the alert %s', (alert, rule) => {
  test('says how bad it is, what it is, and where to read on', () => {
    expect(['critical', 'warning']).toContain(rule.labels.severity);
    expect(rule.annotations).toEqual({
      summary: expect.stringMatching(/\w/),
      description: expect.stringMatching(/\.$/),
      runbook: `monitoring/README.md#${alert.toLowerCase()}`,
    });
  });

  test('has a runbook that says where to look and which code decides', () => {
    const runbook = runbooks.find((section) => section.startsWith(`${alert}\n`));
    expect(runbook).toMatch(/^- Look: .*^- Code: /ms);
    for (const [, path] of (runbook ?? '').matchAll(/`((?:shared|services|monitoring)\/[\w./-]+)`/g)) {
      expect(() => readFileSync(`${root}${path}`)).not.toThrow(/ENOENT/);
    }
  });

  test('is tested with series that make it fire and others that do not', () => {
    const own = cases.filter(({ alert_rule_test }) => alert_rule_test.some(({ alertname }) => alertname === alert));
    const fired = own.flatMap(({ alert_rule_test }) => alert_rule_test.flatMap(({ exp_alerts }) => exp_alerts));
    const series = own.flatMap(({ input_series }) => input_series);
    expect(fired.length).toBeGreaterThan(0);
    expect(series.length).toBeGreaterThan(fired.length);
  });
});

describe('Prometheus', () => {
  withPromtool('accepts its configuration and the rules', async () => {
    promtool('check', 'config', 'prometheus.yml');
  });

  withPromtool('fires each alert when it should, and not else', async () => {
    promtool('test', 'rules', 'monitoring/toolmesh.test.yml');
  });

  function promtool(...args: readonly string[]): void {
    const { status, stdout, stderr } = spawnSync('promtool', args, { cwd: root, encoding: 'utf8' });
    expect([status, stdout + stderr]).toEqual([0, expect.stringContaining('SUCCESS')]);
  }
});
