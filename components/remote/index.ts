export { hostCommand } from "./hostCommand";
export type { HostCommandArgs } from "./hostCommand";
export { commandWithin, printableCommand } from "./printableCommand";
