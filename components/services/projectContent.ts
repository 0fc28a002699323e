import type * as pulumi from "@pulumi/pulumi";
import type { DockerEngine } from "../engine";
import type { BindSource } from "./compose";
import { type HostContent, type LocalContent, type Place, placeOf, readLocalContent, sharedContent } from "./files";

type ProjectSource = BindSource & { at: "project" };

/** A file or folder of this computer, and where it is on the host. */
export interface PlacedContent {
    local: LocalContent;
    place: HostContent;
}

/** Brings what bind mounts show of this computer to the host, once, however many services show it. */
export class ProjectContent {
    private readonly read = new Map<string, LocalContent>();
    private readonly toHost: ReturnType<typeof sharedContent>;

    constructor(
        private readonly args: { engine: DockerEngine; prefix: string; scope: string },
        opts: pulumi.ComponentResourceOptions,
    ) {
        this.toHost = sharedContent(args, opts);
    }

    /**
     * @param readOnly whether the container cannot write there: then each version has a place of its own; else there is
     * one place, in which what the container writes stays
     */
    place(source: ProjectSource, readOnly: boolean): PlacedContent {
        const local = this.local(source);
        return { local, place: this.toHost(local, placeFor(source, readOnly)) };
    }

    /** Where it is on the host: an absolute path. */
    pathOf(source: ProjectSource, readOnly: boolean): string {
        return placeOf(this.args.prefix, this.local(source), placeFor(source, readOnly));
    }

    private local({ path }: ProjectSource): LocalContent {
        const local = this.read.get(path) ?? readLocalContent(path);
        this.read.set(path, local);
        return local;
    }
}

function placeFor({ name }: ProjectSource, readOnly: boolean): Place {
    return readOnly ? "pinned" : { kept: name };
}
