import { runService } from '@toolmesh/shared/kit/service/run-service';
import { hub } from './service.ts';
import { startOverStdio } from './start-over-stdio.ts';

await runService(hub, startOverStdio);
