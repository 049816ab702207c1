import { runService } from '@toolmesh/shared/kit/service/run-service';
import { hub } from './service.ts';

await runService(hub);
