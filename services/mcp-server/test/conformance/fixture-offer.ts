import { ResourceNotFoundError } from '@modelcontextprotocol/server';
import { type FixtureCall, form, type Result } from './fixture-tool.ts';
import { embedded, IMAGE, image } from './fixture-tools.ts';

export const RESOURCES = [
  { uri: 'test://static-text', name: 'static-text', description: 'Text', mimeType: 'text/plain' },
  { uri: 'test://static-binary', name: 'static-binary', description: 'An image', mimeType: 'image/png' },
  { uri: 'test://watched-resource', name: 'watched', description: 'Changes', mimeType: 'text/plain' },
];

export const TEMPLATES = [
  {
    uriTemplate: 'test://template/{id}/data',
    name: 'template',
    description: 'Data of an id',
    mimeType: 'application/json',
  },
];

/** @throws ResourceNotFoundError */
export function readResource(uri: string): Result {
  const id = /^test:\/\/template\/([^/]+)\/data$/.exec(uri)?.[1];
  if (id !== undefined) {
    const body = JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` });
    return { contents: [{ uri, mimeType: 'application/json', text: body }] };
  }
  if (uri === 'test://static-binary') return { contents: [{ uri, mimeType: 'image/png', blob: IMAGE }] };
  if (!RESOURCES.some((resource) => resource.uri === uri)) throw new ResourceNotFoundError(uri);
  return { contents: [{ uri, mimeType: 'text/plain', text: 'This is the content of the static text resource.' }] };
}

const argument = (name: string) => ({ name, description: name, required: true });

export const PROMPTS = [
  { name: 'test_simple_prompt', description: 'Says one thing' },
  { name: 'test_prompt_with_arguments', description: 'Says two', arguments: [argument('arg1'), argument('arg2')] },
  { name: 'test_prompt_with_embedded_resource', description: 'Has a resource', arguments: [argument('resourceUri')] },
  { name: 'test_prompt_with_image', description: 'Has an image' },
  { name: 'test_input_required_result_prompt', description: 'Asks first' },
];

const say = (...contents: unknown[]): Result => ({
  messages: contents.map((content) => ({
    role: 'user',
    content: typeof content === 'string' ? { type: 'text', text: content } : content,
  })),
});

export async function getPrompt(name: string, args: Record<string, unknown>, { ask }: FixtureCall): Promise<Result> {
  switch (name) {
    case 'test_simple_prompt':
      return say('This is a simple prompt for testing.');
    case 'test_prompt_with_arguments':
      return say(`Prompt with arguments: arg1='${String(args['arg1'])}', arg2='${String(args['arg2'])}'`);
    case 'test_prompt_with_embedded_resource':
      return say(
        embedded(String(args['resourceUri']), 'text/plain', 'Embedded resource content for testing.'),
        'Please process the embedded resource above.',
      );
    case 'test_prompt_with_image':
      return say(image, 'Please analyze the image above.');
    default: {
      const question = form('What context should the prompt use?', { context: { type: 'string' } }, ['context']);
      const { user_context: answer } = await ask({ user_context: question });
      return say(`In the context of ${String(Object(answer?.['content']).context)}`);
    }
  }
}

/** Returns completions of `value`, for any argument. */
export const complete = (value: string): Result => {
  const values = ['paris', 'park', 'party'].filter((word) => word.startsWith(value));
  return { completion: { values, total: values.length, hasMore: false } };
};
