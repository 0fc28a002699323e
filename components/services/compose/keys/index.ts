export { isExtension, isSupported } from "./keyTable";
export type { KeyTable, RefusedKey, SupportedKey } from "./keyTable";
export { serviceKeys } from "./service";
export { configKeys, fileKeys, networkKeys, secretKeys, volumeKeys } from "./topLevel";
