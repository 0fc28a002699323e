import { recordReleases } from "./releases";
import type { Scenario } from "./scenario";

/** What is run of each host script, by its file's name. */
export const scenarios: Record<string, Scenario[]> = {
    "record-releases.sh": recordReleases,
};
