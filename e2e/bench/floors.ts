// The floors that the bench measures beside the mesh: an echo in bare Express, a proxy hop with bare undici.
// Arguments: `echo`, or `proxy` and the origin behind it. Prints the port that it listens on.
import { createServer, type RequestListener } from 'node:http';
import { portOf } from '@toolmesh/shared/listen';
import express from 'express';
import { Pool } from 'undici';

const [kind, origin = ''] = process.argv.slice(2);
const server = createServer(kind === 'echo' ? echo() : proxy(new Pool(origin)));
server.listen(0, '127.0.0.1', () => process.stdout.write(`${portOf(server)}\n`));

function echo(): RequestListener {
  const app = express();
  app.use(express.json());
  app.post('/{*path}', (req, res) => {
    res.json(req.body);
  });
  return app;
}

function proxy(pool: Pool): RequestListener {
  return (req, res) => {
    const headers = { 'content-type': req.headers['content-type'], 'content-length': req.headers['content-length'] };
    const answer = pool.stream(
      { method: 'POST', path: req.url ?? '/', headers, body: req },
      ({ statusCode, headers: sent }) => res.writeHead(statusCode, { 'content-type': String(sent['content-type']) }),
    );
    // The load generator hangs up at the end of its round.
    answer.catch(() => res.destroy());
  };
}
