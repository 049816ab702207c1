import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { post, request } from '@toolmesh/shared/test-kit/requests';
import { type ServiceProcess, startServiceProcess } from '@toolmesh/shared/test-kit/service-process';
import { example } from './mesh.ts';

let service: ServiceProcess;
beforeAll(async () => {
  service = await startServiceProcess(pathToFileURL(example('first-tool/service.ts')));
});
afterAll(() => service.stop());

test('the first tool converts, validates and documents itself', async () => {
  const convert = (args: object) => post(`${service.url}/tools/convert_length`, { arguments: args });
  const { body } = await convert({ value: 26.2, from: 'mi', to: 'km' });
  expect(body.structured_content).toEqual({ value: expect.closeTo(42.165, 3), unit: 'km' });
  expect((await convert({ value: 1, from: 'inch', to: 'km' })).status).toBe(422);
  expect((await request(`${service.url}/openapi.json`)).body.paths).toHaveProperty(['/tools/convert_length']);
});
