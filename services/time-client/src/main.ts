import { serviceConfig } from '@toolmesh/shared/kit/service/config';
import { runToolService } from '@toolmesh/shared/kit/service/tool-service';
import { convertTime } from './convert-time.ts';
import { currentTime } from './current-time.ts';
import { listTimezones } from './list-timezones.ts';

await runToolService({
  name: 'time-client',
  config: serviceConfig(8003, {}),
  build: () => ({ tools: [currentTime(), convertTime(), listTimezones()] }),
});
