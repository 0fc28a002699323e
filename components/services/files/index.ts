export { HostContent, placeOf, sharedContent } from "./hostContent";
export type { HostContentArgs, Place } from "./hostContent";
export { HostFiles } from "./hostFiles";
export type { HostFilesArgs } from "./hostFiles";
export { hostFolder, keptPath, plainName } from "./hostFolder";
export { CONTENT_LIMIT, contentOf, readEntries, readLocalContent, textEntry } from "./localContent";
export type { ContentEntry, ContentOptions, LocalContent } from "./localContent";
export { Upload } from "./upload";
