export { DockerEngine } from "./dockerEngine";
export type { DockerEngineArgs, EngineVersions } from "./dockerEngine";
export type { AptRepository, EngineSpec } from "./installCommand";
