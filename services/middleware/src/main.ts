import { runService } from '@toolmesh/shared/kit/service/run-service';
import { middleware } from './service.ts';

await runService(middleware);
