import { startFixture } from './fixture.ts';

const { url } = await startFixture({ port: Number(process.env['PORT'] ?? 0) });
process.stdout.write(`${url}\n`);
