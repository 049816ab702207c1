import { runService } from '@toolmesh/shared/kit/service/run-service';
import { timeClient } from './service.ts';

await runService(timeClient);
