import { hostKey } from "./hostKey";
import { buildImage, pruneImages } from "./images";
import { recordReleases } from "./releases";
import type { Scenario } from "./scenario";

/** What is run of each host script, by its file's name. */
export const scenarios: Record<string, Scenario[]> = {
    "build-image.sh": buildImage,
    "host-key.sh": hostKey,
    "prune-images.sh": pruneImages,
    "record-releases.sh": recordReleases,
};
