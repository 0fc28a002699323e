export { commandConnection, sshCommand, sshOptions } from "./host";
export type { Host, SshConnection } from "./host";
export { LocalHost } from "./localHost";
export type { LocalHostArgs } from "./localHost";
export { checkLocalEngine, localMissingCapabilities } from "./localEngine";
