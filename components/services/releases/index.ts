export { ReleaseLedger } from "./releaseLedger";
export type { ReleaseLedgerArgs, ReleaseText } from "./releaseLedger";
export { activeRollbacks, isReleaseOf, rollbackSchema, versionOf } from "./rollback";
export type { Rollbacks } from "./rollback";
