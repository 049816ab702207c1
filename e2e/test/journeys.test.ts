import { afterAll, beforeAll } from '@jest/globals';
import { describeJourneys } from '../journeys.ts';
import { type Mesh, startMesh } from '../mesh.ts';

let mesh: Mesh;
beforeAll(async () => {
  mesh = await startMesh();
}, 90_000);
afterAll(() => mesh.stop());

describeJourneys(() => mesh);
