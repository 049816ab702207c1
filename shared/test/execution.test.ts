import { describe, expect, test } from '@jest/globals';
import { EXECUTE_CODE_TOOL, type ExecutionResult } from '../contracts/execution.ts';

const EXECUTION: ExecutionResult = {
  status: 'success',
  stdout: 'hello\n',
  stderr: '',
  exit_code: 0,
  signal: null,
  result: '42',
  error: null,
  artifacts: [
    { path: 'plot.png', mime_type: 'image/png', size_bytes: 3, data: 'AQID' },
    { path: 'out.csv', mime_type: 'text/csv', size_bytes: 3, data: 'MSwy' },
  ],
  display_data: [],
  truncated: { stdout: false, stderr: false, artifacts: false, display_data: false },
  duration_ms: 1,
  cpu_ms: 1,
  peak_memory_bytes: 1,
  runtime: { language: 'python', version: '3.14.2', isolation: 'wasm', jailed: true },
  packages: [],
};
const { isError, render } = EXECUTE_CODE_TOOL;

describe('the result of execute_code', () => {
  test('tells a model what happened, and shows it the images', () => {
    expect(isError(EXECUTION)).toBe(false);
    expect(render(EXECUTION)).toEqual([
      {
        type: 'text',
        text: 'stdout:\nhello\nresult: 42\nfiles: plot.png (image/png, 3 bytes), out.csv (text/csv, 3 bytes)',
      },
      { type: 'image', data: 'AQID', mimeType: 'image/png' },
    ]);
  });

  test('tells a model of a program that failed', () => {
    const error = { type: 'Timeout', message: 'The program was stopped after 100 ms', traceback: '' };
    const failed = { ...EXECUTION, status: 'timeout', exit_code: null, result: null, error, artifacts: [] } as const;
    expect(isError({ ...failed, artifacts: [] })).toBe(true);
    expect(render({ ...failed, artifacts: [] })).toEqual([
      { type: 'text', text: 'status: timeout\nstdout:\nhello\nerror: Timeout: The program was stopped after 100 ms' },
    ]);
  });
});
