import { createHmac } from 'node:crypto';
import { MissingRequiredClientCapabilityError, ProtocolError } from '@modelcontextprotocol/server';
import { type FixtureTools, form, type Question, type Result, ROOTS, sampling, text } from './fixture-tool.ts';

const INVALID_PARAMS = -32_602;
const NAME = { name: { type: 'string' } };
const askName = form('What is your name?', NAME, ['name']);
const three = ['option1', 'option2', 'option3'];
const titled = ['First', 'Second', 'Third'].map((title, index) => ({ const: `value${index + 1}`, title }));

/** The value of an accepted answer; what is none leads to the same question again. */
const accepted = (answer: Result | undefined): Record<string, unknown> => Object(answer?.['content']);
const said = (answer: Result | undefined): string => String(Object(answer?.['content']).text);
const told = (answer: Result | undefined): string =>
  `action=${String(answer?.['action'])}, content=${JSON.stringify(accepted(answer))}`;

const sign = (state: string): string =>
  `${state}.${createHmac('sha256', 'of the fixture alone').update(state).digest('hex')}`;

/** @throws ProtocolError for a state that `sign` did not make. */
function checkState(state: string | undefined): string | undefined {
  if (state === undefined) return undefined;
  const [payload = ''] = state.split('.');
  if (sign(payload) !== state) throw new ProtocolError(INVALID_PARAMS, 'requestState was tampered with');
  return payload;
}

/** Tools that put questions to whoever calls, as the suite names them. */
export const ASKING_TOOLS: FixtureTools = {
  test_sampling: {
    description: 'Asks for a completion',
    inputSchema: { type: 'object', properties: { prompt: { type: 'string' } }, required: ['prompt'] },
    async run({ args, ask }) {
      const { answer } = await ask({ answer: sampling(String(args['prompt']), 100) });
      return text(`LLM response: ${said(answer)}`);
    },
  },
  test_elicitation: {
    description: 'Asks the user',
    inputSchema: { type: 'object', properties: { message: { type: 'string' } }, required: ['message'] },
    async run({ args, ask }) {
      const fields = { username: { type: 'string' }, email: { type: 'string' } };
      const { user } = await ask({ user: form(String(args['message']), fields, ['username', 'email']) });
      return text(`User response: ${told(user)}`);
    },
  },
  test_elicitation_sep1034_defaults: {
    description: 'Asks with defaults',
    async run({ ask }) {
      const fields = {
        name: { type: 'string', default: 'John Doe' },
        age: { type: 'integer', default: 30 },
        score: { type: 'number', default: 95.5 },
        status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
        verified: { type: 'boolean', default: true },
      };
      const { form: answer } = await ask({ form: form('Please review the defaults', fields, []) });
      return text(`Elicitation completed: ${told(answer)}`);
    },
  },
  test_elicitation_sep1330_enums: {
    description: 'Asks to choose',
    async run({ ask }) {
      const fields = {
        untitledSingle: { type: 'string', enum: three },
        titledSingle: { type: 'string', oneOf: titled },
        legacyEnum: { type: 'string', enum: ['opt1', 'opt2', 'opt3'], enumNames: ['One', 'Two', 'Three'] },
        untitledMulti: { type: 'array', items: { type: 'string', enum: three } },
        titledMulti: { type: 'array', items: { anyOf: titled } },
      };
      const { form: answer } = await ask({ form: form('Please choose', fields, []) });
      return text(`Elicitation completed: ${told(answer)}`);
    },
  },
  test_streaming_elicitation: {
    description: 'Asks the user in the middle of a stream',
    async run({ ask, context: { mcpReq } }) {
      await mcpReq.log('info', 'about to ask');
      const { user_name: answer } = await ask({ user_name: askName });
      return text(`Hello, ${String(accepted(answer)['name'])}!`);
    },
  },
  test_missing_capability: {
    description: 'Needs a caller that can sample',
    run({ capabilities }) {
      if ('sampling' in capabilities) return text('sampling is there');
      throw new MissingRequiredClientCapabilityError({ requiredCapabilities: { sampling: {} } });
    },
  },
  test_input_required_result_elicitation: {
    description: 'Asks for a name',
    async run({ ask }) {
      const { user_name: answer } = await ask({ user_name: askName });
      return text(`Hello, ${String(accepted(answer)['name'])}!`);
    },
  },
  test_input_required_result_sampling: {
    description: 'Asks for a completion',
    async run({ ask }) {
      const { capital_question: answer } = await ask({
        capital_question: sampling('What is the capital of France?', 100),
      });
      return text(said(answer));
    },
  },
  test_input_required_result_list_roots: {
    description: 'Asks for the roots',
    async run({ ask }) {
      const { client_roots: answer } = await ask({ client_roots: ROOTS });
      return text(JSON.stringify(answer?.['roots']));
    },
  },
  test_input_required_result_request_state: {
    description: 'Asks, and wants its state back',
    async run({ ask, state }) {
      const known = checkState(state);
      await ask({ confirm: form('Please confirm', { ok: { type: 'boolean' } }, ['ok']) }, sign('confirming'));
      return text(known === 'confirming' ? 'state-ok' : 'state-lost');
    },
  },
  test_input_required_result_tampered_state: {
    description: 'Asks, and trusts no state but its own',
    async run({ ask, state }) {
      checkState(state);
      await ask({ confirm: form('Please confirm', { ok: { type: 'boolean' } }, ['ok']) }, sign('tamper-proof'));
      return text('untampered');
    },
  },
  test_input_required_result_multiple_inputs: {
    description: 'Asks three things at once',
    async run({ ask }) {
      const questions = { user_name: askName, greeting: sampling('Generate a greeting', 50), client_roots: ROOTS };
      const { user_name: name, greeting, client_roots: roots } = await ask(questions, sign('three'));
      return text(`${said(greeting)} ${String(accepted(name)['name'])} ${JSON.stringify(roots?.['roots'])}`);
    },
  },
  test_input_required_result_multi_round: {
    description: 'Asks one thing after the other',
    async run({ ask, state }) {
      const [step = 'first', name = ''] = (checkState(state) ?? '').split(':').filter((part) => part !== '');
      if (step === 'second') {
        const { step2 } = await ask({ step2: COLOUR }, state);
        return text(`${Buffer.from(name, 'hex').toString()} likes ${String(accepted(step2)['color'])}`);
      }
      const { step1 } = await ask({ step1: form('Step 1: What is your name?', NAME, ['name']) }, sign('first'));
      const given = String(accepted(step1)['name']);
      const { step2 } = await ask({ step2: COLOUR }, sign(`second:${Buffer.from(given).toString('hex')}`));
      return text(`${given} likes ${String(accepted(step2)['color'])}`);
    },
  },
  test_input_required_result_capabilities: {
    description: 'Asks only what the caller can answer',
    async run({ ask, capabilities }) {
      const questions: [string, string, Question][] = [
        ['elicitation', 'user_name', askName],
        ['sampling', 'greeting', sampling('Generate a greeting', 50)],
        ['roots', 'client_roots', ROOTS],
      ];
      const fitting = questions.filter(([capability]) => capability in capabilities);
      await ask(Object.fromEntries(fitting.map(([, key, question]) => [key, question])));
      return text('asked');
    },
  },
};

const COLOUR = form('Step 2: What is your favorite color?', { color: { type: 'string' } }, ['color']);
