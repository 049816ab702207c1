/** Returns a result of `execute_code` as the contract has it, with `fields` set. */
export const executed = (fields: object, isError = false) => ({
  tool: 'execute_code',
  is_error: isError,
  content: [{ type: 'text', text: 'for readers without a schema' }],
  structured_content: {
    status: isError ? 'error' : 'success',
    stdout: '',
    stderr: '',
    exit_code: isError ? 1 : 0,
    signal: null,
    result: null,
    error: null,
    artifacts: [],
    display_data: [],
    truncated: { stdout: false, stderr: false, artifacts: false, display_data: false },
    duration_ms: 18.2,
    cpu_ms: 12,
    peak_memory_bytes: 48 * 1_024 ** 2,
    runtime: { language: 'python', version: '3.11.2', isolation: 'namespaces', jailed: true },
    packages: [],
    ...fields,
  },
  duration_ms: 19.5,
});

/** The events of a call that is about to run. */
export const called = (toolCallId: string, toolName: string, input: object) => [
  { type: 'tool-input-start', toolCallId, toolName, dynamic: true },
  { type: 'tool-input-available', toolCallId, toolName, input, dynamic: true },
];
