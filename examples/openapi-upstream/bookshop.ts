// A REST service that knows nothing of tools. The hub reads its OpenAPI document, and every operation becomes a tool.
//   npx node examples/openapi-upstream/bookshop.ts
// Then copy the entry of mesh.json beside this file into the mesh.json of the project, while the mesh runs or before.
import { createServer } from 'node:http';

const BOOKS = [
  { id: 1, title: 'Middlemarch', author: 'George Eliot' },
  { id: 2, title: 'Silas Marner', author: 'George Eliot' },
  { id: 3, title: 'Emma', author: 'Jane Austen' },
];

const Book = {
  type: 'object',
  properties: { id: { type: 'integer' }, title: { type: 'string' }, author: { type: 'string' } },
  required: ['id', 'title', 'author'],
};
const DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'Bookshop', version: '1.0.0' },
  paths: {
    '/books': {
      get: {
        operationId: 'find_books',
        summary: 'Finds books by their author.',
        parameters: [{ name: 'author', in: 'query', required: true, schema: { type: 'string' } }],
        responses: {
          200: {
            description: 'The books that match',
            content: {
              'application/json': {
                schema: { type: 'object', properties: { books: { type: 'array', items: Book } }, required: ['books'] },
              },
            },
          },
        },
      },
    },
  },
};

const server = createServer((req, res) => {
  const { pathname, searchParams } = new URL(req.url ?? '/', 'http://localhost');
  const author = searchParams.get('author')?.toLowerCase() ?? '';
  const answers: Record<string, object> = {
    '/openapi.json': DOCUMENT,
    '/books': { books: BOOKS.filter((book) => book.author.toLowerCase().includes(author)) },
  };
  const answer = answers[pathname];
  res.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' });
  res.end(JSON.stringify(answer ?? { message: 'not found' }));
});

server.listen(Number(process.env['PORT'] ?? 9000), '127.0.0.1', () => console.log('listening', server.address()));
