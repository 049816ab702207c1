import { askJson } from '../ask-json.ts';
import { type Finding, note, ok, wrong } from './finding.ts';
import type { ServiceState } from './services.ts';

const DEFAULT_OPENAI = 'https://api.openai.com/v1';
const DEFAULT_OLLAMA = 'http://localhost:11434';
const DEMO = 'the demo answers: it knows the time, arithmetic and how to run code, and is no language model';

/** Checks that the model that chats would use can be reached. */
export async function checkProvider(services: readonly ServiceState[], env: NodeJS.ProcessEnv): Promise<Finding> {
  const wanted = env['LLM_PROVIDER'] || 'auto';
  const running = runningProvider(services);
  const hasKey = (env['OPENAI_API_KEY'] || env['OPENAI_API_KEY_FILE'] || '') !== '';
  const provider = running ?? (wanted !== 'auto' ? wanted : hasKey ? 'openai' : 'ollama');
  if (provider === 'demo') return note('Model', DEMO, 'set OPENAI_API_KEY, or start Ollama, for a model');
  if (provider === 'openai') return checkOpenAi(env);
  return checkOllama(env, wanted === 'auto' && running === undefined);
}

function runningProvider(services: readonly ServiceState[]): string | undefined {
  const middleware = services.find(({ name }) => name === 'middleware');
  const { llm }: { llm?: unknown } = Object(middleware?.health['services']);
  const { provider }: { provider?: unknown } = Object(llm);
  return typeof provider === 'string' ? provider : undefined;
}

async function checkOpenAi(env: NodeJS.ProcessEnv): Promise<Finding> {
  const base = env['OPENAI_BASE_URL'] || DEFAULT_OPENAI;
  const key = env['OPENAI_API_KEY'] || '';
  if (key === '' && base === DEFAULT_OPENAI) {
    return wrong('Model', 'LLM_PROVIDER is openai, and there is no key', 'set OPENAI_API_KEY, or LLM_PROVIDER=auto');
  }
  const answer = await askJson(`${base.replace(/\/$/, '')}/models`, { authorization: `Bearer ${key || 'none'}` });
  const where = new URL(base).host;
  if ('failure' in answer) {
    return wrong('Model', `nothing answers at ${where} (${answer.failure})`, 'check OPENAI_BASE_URL and the network');
  }
  if (answer.status === 401 || answer.status === 403) {
    return wrong('Model', `${where} refuses the key (${answer.status})`, 'check OPENAI_API_KEY');
  }
  if (answer.status === 429)
    return wrong('Model', `${where} reports that its rate limit is reached`, 'wait, or raise the limit there');
  if (answer.status >= 400) return wrong('Model', `${where} answers ${answer.status}`, 'check OPENAI_BASE_URL');
  return ok('Model', `${where} answers`);
}

async function checkOllama(env: NodeJS.ProcessEnv, isGuess: boolean): Promise<Finding> {
  const host = env['OLLAMA_HOST'] || DEFAULT_OLLAMA;
  const answer = await askJson(`${host.replace(/\/$/, '')}/api/tags`);
  const names = 'failure' in answer ? [] : namesOf(answer.body['models']);
  const missing = 'failure' in answer ? `no Ollama answers at ${host}` : `the Ollama at ${host} has no model`;
  if (isGuess && names.length === 0) {
    return note('Model', `${missing}, and there is no OPENAI_API_KEY: ${DEMO}`, 'set one, or start Ollama');
  }
  if ('failure' in answer)
    return wrong('Model', `${missing} (${answer.failure})`, 'ollama serve; or check OLLAMA_HOST');
  if (names.length === 0) return wrong('Model', missing, 'ollama pull qwen3');
  const model = env['OLLAMA_MODEL'] || names[0];
  if (model !== undefined && !names.some((name) => name === model || name === `${model}:latest`)) {
    return wrong('Model', `the Ollama at ${host} does not have ${model}`, `ollama pull ${model}`);
  }
  return ok('Model', `the Ollama at ${host} answers with ${model}`);
}

const namesOf = (models: unknown): readonly string[] =>
  Array.isArray(models) ? models.map((model: unknown) => String(Object(model)['name'])) : [];
