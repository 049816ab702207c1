import { runService } from '@toolmesh/shared/kit/service/run-service';
import { codeExecutor } from './service.ts';

await runService(codeExecutor);
