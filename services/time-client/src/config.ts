import { serviceConfig } from '@toolmesh/shared/kit/service/config';

/** The settings of the time service: those that every service has. */
export const TimeConfig = serviceConfig(8003, {});
