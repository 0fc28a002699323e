export { configuredProxy, proxyKeys, wantsProxy } from "./configuredProxy";
export type { ConfiguredProxy } from "./configuredProxy";
export { NginxProxy } from "./nginxProxy";
export type { NginxProxyArgs } from "./nginxProxy";
export { PROXY } from "./proxyService";
