import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { ConfigError, loadConfig, serviceConfig } from '../kit/service/config.ts';

const Config = serviceConfig(8003, { SIZE: z.coerce.number().int().optional(), SECRET: z.string().optional() });

const problemsOf = (env: Record<string, string>): string => {
  try {
    loadConfig(Config, env);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return '';
};

describe('loadConfig', () => {
  test('has defaults for everything, and listens on loopback only', () => {
    expect(loadConfig(Config, {})).toEqual({
      HOST: '127.0.0.1',
      PORT: 8003,
      LOG_LEVEL: 'info',
      MAX_BODY_BYTES: 1_048_576,
      SHUTDOWN_GRACE_MS: 10_000,
      CORS_ORIGINS: [],
      ALLOWED_HOSTS: [],
    });
  });

  test('lists every problem at once, naming the variable', () => {
    const problems = problemsOf({ PORT: 'http', LOG_LEVEL: 'loud', SIZE: '1.5', HOST: '0.0.0.0' }).split('\n');
    expect(problems).toEqual([
      expect.stringMatching(/^PORT: /),
      expect.stringMatching(/^LOG_LEVEL: /),
      expect.stringMatching(/^SIZE: /),
      expect.stringMatching(/^API_KEY: .*AUTH=none/),
    ]);
  });

  test('takes an empty variable for one that is not set', () => {
    expect(loadConfig(Config, { PORT: '', SECRET: '' })).toMatchObject({ PORT: 8003 });
  });

  test('takes log levels in capitals', () => {
    expect(loadConfig(Config, { LOG_LEVEL: 'WARN' }).LOG_LEVEL).toBe('warn');
  });

  test('reads a value from the file that NAME_FILE names', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'config-')), 'secret');
    writeFileSync(file, 'hush\n');
    expect(loadConfig(Config, { SECRET_FILE: file }).SECRET).toBe('hush');
    expect(problemsOf({ SECRET_FILE: `${file}-missing` })).toBe('SECRET_FILE: the file cannot be read');
    writeFileSync(file, '\n');
    expect(problemsOf({ SECRET_FILE: file })).toBe('SECRET_FILE: the file is empty');
    expect(loadConfig(Config, { SECRET_FILE: '/dev/null' })).not.toHaveProperty('SECRET');
  });

  test('wants the names that it is called by where it listens beyond loopback without a key', () => {
    for (const ALLOWED_HOSTS of ['', ' , ']) {
      expect(problemsOf({ HOST: '0.0.0.0', AUTH: 'none', ALLOWED_HOSTS })).toMatch(/^ALLOWED_HOSTS: .*or set API_KEY$/);
    }
  });

  test('refuses * as a web origin', () => {
    expect(problemsOf({ CORS_ORIGINS: 'http://localhost:5173,*' })).toMatch(/^CORS_ORIGINS: /);
  });

  test.each([{ API_KEY: 'k' }, { AUTH: 'none', ALLOWED_HOSTS: 'tools.example.com' }])(
    'listens beyond loopback with %p',
    (env) => {
      expect(loadConfig(Config, { HOST: '0.0.0.0', ...env }).HOST).toBe('0.0.0.0');
    },
  );
});
