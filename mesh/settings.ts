/** A setting of a service: a variable of its environment. */
export interface SettingRow {
  /** The service that reads it; `*` stands for all. */
  readonly service: string;
  readonly name: string;
  /** True for a secret, and for what may hold one. */
  readonly isSecret?: true;
}

/**
 * The settings of every schema, for whoever starts services and must not load them: `npm run docs:settings` writes this
 * table.
 */
export const SETTINGS: readonly SettingRow[] = [
  // generated: settings-table
  { service: '*', name: 'HOST' },
  { service: '*', name: 'PORT' },
  { service: '*', name: 'LOG_LEVEL' },
  { service: '*', name: 'MAX_BODY_BYTES' },
  { service: '*', name: 'MAX_CONNECTIONS' },
  { service: '*', name: 'PUBLIC_URL' },
  { service: '*', name: 'SHUTDOWN_GRACE_MS' },
  { service: '*', name: 'CORS_ORIGINS' },
  { service: '*', name: 'ALLOWED_HOSTS' },
  { service: '*', name: 'API_KEY', isSecret: true },
  { service: '*', name: 'AUTH' },
  { service: '*', name: 'OTEL_EXPORTER_OTLP_ENDPOINT', isSecret: true },
  { service: 'sandbox', name: 'MAX_BODY_BYTES' },
  { service: 'sandbox', name: 'SANDBOX_ISOLATION' },
  { service: 'sandbox', name: 'SANDBOX_LIMITS' },
  { service: 'sandbox', name: 'MIN_WORKERS' },
  { service: 'sandbox', name: 'MAX_WORKERS' },
  { service: 'sandbox', name: 'SANDBOX_MEMORY_MB' },
  { service: 'sandbox', name: 'SANDBOX_BWRAP' },
  { service: 'sandbox', name: 'SANDBOX_PYTHON' },
  { service: 'sandbox', name: 'SANDBOX_BASE_LAYER' },
  { service: 'sandbox', name: 'SANDBOX_MAX_SESSIONS' },
  { service: 'sandbox', name: 'SANDBOX_SESSION_IDLE_MS' },
  { service: 'sandbox', name: 'SANDBOX_WORKSPACE_MAX_MB' },
  { service: 'sandbox', name: 'SANDBOX_WORKSPACES_MAX_MB' },
  { service: 'sandbox', name: 'SANDBOX_WORKSPACES_MAX_IDLE_HOURS' },
  { service: 'sandbox', name: 'PIP_INDEX_URL', isSecret: true },
  { service: 'sandbox', name: 'SANDBOX_PYODIDE_PACKAGES_URL' },
  { service: 'sandbox', name: 'NPM_CONFIG_REGISTRY', isSecret: true },
  { service: 'sandbox', name: 'HTTP_PROXY', isSecret: true },
  { service: 'sandbox', name: 'HTTPS_PROXY', isSecret: true },
  { service: 'sandbox', name: 'NO_PROXY' },
  { service: 'sandbox', name: 'SANDBOX_ADMIN_KEY', isSecret: true },
  { service: 'sandbox', name: 'SANDBOX_PACKAGE_POLICY' },
  { service: 'sandbox', name: 'SANDBOX_LAYERS_MAX_MB' },
  { service: 'sandbox', name: 'SANDBOX_LAYERS_MAX_IDLE_DAYS' },
  { service: 'sandbox', name: 'SANDBOX_MALICIOUS_LIST' },
  { service: 'sandbox', name: 'SANDBOX_PACKAGE_MIN_AGE_DAYS' },
  { service: 'sandbox', name: 'SANDBOX_FILES_MAX_MB' },
  { service: 'sandbox', name: 'SANDBOX_FILE_MAX_MB' },
  { service: 'sandbox', name: 'SANDBOX_FILES_MAX_AGE_HOURS' },
  { service: 'sandbox', name: 'SANDBOX_DATA_DIR' },
  { service: 'sandbox', name: 'SANDBOX_CACHE_DIR' },
  { service: 'code-executor', name: 'MAX_BODY_BYTES' },
  { service: 'code-executor', name: 'SANDBOX_URL' },
  { service: 'code-executor', name: 'SANDBOX_API_KEY', isSecret: true },
  { service: 'mcp-server', name: 'MAX_BODY_BYTES' },
  { service: 'mcp-server', name: 'MESH_CONFIG' },
  { service: 'mcp-server', name: 'MESH_ENV_FILE' },
  { service: 'mcp-server', name: 'MESH_CACHE_DIR' },
  { service: 'mcp-server', name: 'MESH_PRIVATE_FOLDERS' },
  { service: 'mcp-server', name: 'MESH_TOOL_LISTING' },
  { service: 'mcp-server', name: 'CODE_EXECUTOR_URL' },
  { service: 'mcp-server', name: 'MCP_REQUEST_TIMEOUT' },
  { service: 'mcp-server', name: 'MIN_WORKERS' },
  { service: 'mcp-server', name: 'MAX_WORKERS' },
  { service: 'mcp-server', name: 'MAX_SESSION_WORKERS' },
  { service: 'mcp-server', name: 'SESSION_WORKER_IDLE_MS' },
  { service: 'middleware', name: 'MAX_BODY_BYTES' },
  { service: 'middleware', name: 'MCP_SERVER_URL' },
  { service: 'middleware', name: 'MCP_SERVER_API_KEY', isSecret: true },
  { service: 'middleware', name: 'MCP_REQUEST_TIMEOUT' },
  { service: 'middleware', name: 'LLM_PROVIDER' },
  { service: 'middleware', name: 'LLM_TIMEOUT_MS' },
  { service: 'middleware', name: 'LLM_CONNECT_TIMEOUT_MS' },
  { service: 'middleware', name: 'LLM_IDLE_TIMEOUT_MS' },
  { service: 'middleware', name: 'LLM_RETRIES' },
  { service: 'middleware', name: 'LLM_FALLBACK' },
  { service: 'middleware', name: 'OPENAI_API_KEY', isSecret: true },
  { service: 'middleware', name: 'OPENAI_BASE_URL', isSecret: true },
  { service: 'middleware', name: 'OPENAI_MODEL' },
  { service: 'middleware', name: 'OPENAI_CONTEXT_TOKENS' },
  { service: 'middleware', name: 'OLLAMA_HOST' },
  { service: 'middleware', name: 'OLLAMA_MODEL' },
  { service: 'middleware', name: 'OLLAMA_NUM_CTX' },
  { service: 'middleware', name: 'CHAT_TIMEOUT_MS' },
  { service: 'middleware', name: 'CHAT_MAX_RUNS' },
  { service: 'middleware', name: 'CHAT_MAX_TOOL_CALLS' },
  { service: 'middleware', name: 'CHAT_MAX_TOOLS' },
  { service: 'middleware', name: 'CHAT_MAX_TOKENS' },
  { service: 'middleware', name: 'CHAT_SESSIONS' },
  { service: 'middleware', name: 'SANDBOX_URL' },
  { service: 'middleware', name: 'CHAT_DATA_DIR' },
  { service: 'middleware', name: 'CHAT_MAX_SESSIONS' },
  { service: 'middleware', name: 'CHAT_SESSION_MESSAGES' },
  { service: 'middleware', name: 'CHAT_SESSION_DAYS' },
  { service: 'middleware', name: 'TOOL_POLICY' },
  { service: 'middleware', name: 'TOOL_POLICY_DEFAULT' },
  // end
];

/** Lists the settings that a service reads, those of every service included. */
export const settingsFor = (service: string): readonly SettingRow[] =>
  SETTINGS.filter((row) => row.service === '*' || row.service === service);
