export { portCollisions } from "./portCollisions";
export { isReachable } from "./portMapping";
export type { PortMapping } from "./portMapping";
export { ServiceGroup } from "./serviceGroup";
export type { ServiceGroupArgs, ServiceSummary } from "./serviceGroup";
export { servicesSchema } from "./serviceSchema";
export type { ServiceSpec, ServiceSpecs } from "./serviceSchema";
