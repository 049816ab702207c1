import { afterAll, beforeAll } from '@jest/globals';
import { describeClients } from '../clients.ts';
import { describeJourneys } from '../journeys.ts';
import { type Mesh, startMesh } from '../mesh.ts';
import { describeNewcomer } from '../newcomer.ts';

/** One mesh as `npm start` runs it without a setting, for all that is to be true of it. */
let mesh: Mesh;
beforeAll(async () => {
  mesh = await startMesh();
}, 90_000);
afterAll(() => mesh.stop());

describeJourneys(() => mesh);
describeClients(() => mesh);
describeNewcomer(() => mesh);
