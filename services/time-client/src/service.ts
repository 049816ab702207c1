import { defineToolService } from '@toolmesh/shared/kit/service/tool-service';
import { TimeConfig } from './config.ts';
import { convertTime } from './convert-time.ts';
import { currentTime } from './current-time.ts';
import { listTimezones } from './list-timezones.ts';

export const timeClient = defineToolService({
  name: 'time-client',
  config: TimeConfig,
  build: () => ({ tools: [currentTime(), convertTime(), listTimezones()] }),
});
