import { runService } from '@toolmesh/shared/kit/service/run-service';
import { sandbox } from './service.ts';

await runService(sandbox);
