export { isReachable, portCollisions, portPath } from "./portCollisions";
export type { ReservedPort } from "./portCollisions";
export type * from "./project";
export { readProject } from "./readProject";
export type { PlacedProject, ProjectSource, ReadContext, ReadProject } from "./readProject";
export { joinedService, joinedServices } from "./joined";
export { own } from "./own";
