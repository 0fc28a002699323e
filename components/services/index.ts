export { checkPlan } from "./checkPlan";
export { isReachable, portCollisions, portPath, readProject } from "./compose";
export type { ComposeProject, PortMapping, ServiceSpec } from "./compose";
export { registriesSchema, registryAuth } from "./image";
export type { Registries } from "./image";
export type { ServiceSummary } from "./service";
export { ServiceGroup } from "./serviceGroup";
export type { ServiceGroupArgs } from "./serviceGroup";
