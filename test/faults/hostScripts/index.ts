import { authorizedKey } from "./access";
import { anonymousVolumes } from "./anonymousVolumes";
import { healthGate, startOrder } from "./boot";
import { placeContent, placeFiles } from "./content";
import { installDocker, mountDataDisk, removeDocker } from "./engine";
import { hostKey } from "./hostKey";
import { buildImage, pruneImages } from "./images";
import { renewCertificates, switchSites } from "./proxy";
import { recordReleases } from "./releases";
import type { Scenario } from "./scenario";
import { checkPorts, surveyHost, surveyLeftovers, surveyVolumes } from "./surveys";
import { volumeData } from "./volumes";

/** What is run of each host script, by its file's name. */
export const scenarios: Record<string, Scenario[]> = {
    "anonymous-volumes.sh": anonymousVolumes,
    "authorized-key.sh": authorizedKey,
    "build-image.sh": buildImage,
    "check-ports.sh": checkPorts,
    "health-gate.sh": healthGate,
    "host-key.sh": hostKey,
    "install-docker.sh": installDocker,
    "mount-data-disk.sh": mountDataDisk,
    "place-content.sh": placeContent,
    "place-files.sh": placeFiles,
    "prune-images.sh": pruneImages,
    "record-releases.sh": recordReleases,
    "remove-docker.sh": removeDocker,
    "renew-certificates.sh": renewCertificates,
    "start-order.sh": startOrder,
    "survey-host.sh": surveyHost,
    "survey-leftovers.sh": surveyLeftovers,
    "survey-volumes.sh": surveyVolumes,
    "switch-sites.sh": switchSites,
    "volume-data.sh": volumeData,
};
