export { checkPlan } from "./checkPlan";
export { isReachable, own, portCollisions, portPath, readProject } from "./compose";
export type { ComposeProject, FileMount, PortMapping, ServiceSpec } from "./compose";
export { HostFiles, hostFolder, readLocalContent, sharedContent } from "./files";
export { registriesSchema, registryAuth } from "./image";
export type { Registries } from "./image";
export type { ServiceSummary } from "./service";
export { ServiceGroup } from "./serviceGroup";
export type { ServiceGroupArgs } from "./serviceGroup";
